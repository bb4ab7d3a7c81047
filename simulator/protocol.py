"""The LINK envelope from the platform's side: signing, sending, and reading what comes back.

Written apart from the portal's own code on purpose: a mistake made there must not be made here too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

import requests

SHANGHAI = ZoneInfo("Asia/Shanghai")
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
ISSUE = "WORK_ORDER_ISSUE"
URGE = "WORK_ORDER_URGE"
REPEAT = "WORK_ORDER_REPEAT"
REJECT = "WORK_ORDER_REJECT"
SATISFIED = "WORK_ORDER_SATISFIED"
CANCEL = "WORK_ORDER_CANCEL"
SCANS = "PARCEL_SCANS"
COMPLAINT_PUSHED, COMPLAINT_ANSWERED = 2, 0  # the same word has another number in the answer


class ProtocolError(Exception):
    """A message that cannot be read or is not signed with our secret; `code` names the reason."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(text or code)
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What the portal said to a push. `success` is False for everything but a clear yes."""

    success: bool
    code: str
    text: str
    status: int


def digest(body: bytes, secret: str) -> str:
    """Base64 of the raw MD5 of the body followed by the secret: the platform's signature."""
    return base64.b64encode(hashlib.md5(body + secret.encode()).digest()).decode("ascii")  # noqa: S324 - their rule


def encode(message: Mapping[str, Any], charset: str = "utf-8") -> bytes:
    """The exact bytes of a message as they are signed and sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(charset)


def form(body: bytes, msg_type: str, secret: str, provider: str = "KUAIFU") -> bytes:
    """The form-urlencoded envelope around a signed body."""
    fields = {
        "logistics_interface": body,
        "data_digest": digest(body, secret),
        "msg_type": msg_type,
        "logistic_provider_id": provider,
    }
    return urlencode(fields).encode("ascii")


def open_envelope(raw: bytes, secret: str, charset: str = "utf-8") -> tuple[str, dict[str, Any]]:
    """The type and body of an envelope that came in. Raises ProtocolError for a bad signature or an unreadable body."""
    fields = parse_qs(raw.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    body = _one(fields, "logistics_interface").encode("latin-1")
    claimed = _one(fields, "data_digest").replace(" ", "+").encode("latin-1")
    if not body or not hmac.compare_digest(claimed, digest(body, secret).encode()):
        raise ProtocolError("BAD_SIGNATURE", "签名不正确")
    try:
        message = json.loads(body.decode(charset))
    except (ValueError, RecursionError) as error:
        raise ProtocolError("BAD_JSON", "报文无法解析") from error
    if not isinstance(message, dict):
        raise ProtocolError("BAD_JSON", "报文不是对象")
    return _one(fields, "msg_type"), message


def _one(fields: Mapping[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0]


def stamp(at: datetime) -> str:
    """An instant as the platform writes it: Shanghai wall time to the second."""
    return at.astimezone(SHANGHAI).strftime(TIME_FORMAT)


def read_stamp(text: object) -> datetime:
    """The instant of a platform time. Raises ProtocolError (BAD_TIME) for anything else than `YYYY-MM-DD HH:MM:SS`."""
    try:
        moment = datetime.strptime(str(text), TIME_FORMAT).replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise ProtocolError("BAD_TIME", "operate_time 格式应为 YYYY-MM-DD HH:MM:SS") from error
    if moment.strftime(TIME_FORMAT) != text:
        raise ProtocolError("BAD_TIME", "operate_time 格式应为 YYYY-MM-DD HH:MM:SS")
    return moment


class Link:
    """One connection to a portal: posts signed messages to `/platform/link/<connection>`."""

    def __init__(self, portal: str, connection: str, secret: str, *, timeout: float = 15.0) -> None:
        self.address = f"{portal.rstrip('/')}/platform/link/{connection}"
        self.secret, self.timeout = secret, timeout
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the machine never stands between

    def send(self, msg_type: str, body: bytes) -> Answer:
        """Post one message and read the answer. Raises requests.RequestException when nobody answers."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        data = form(body, msg_type, self.secret)
        response = self._session.post(self.address, data=data, headers=headers, timeout=self.timeout)
        return read_answer(response.status_code, response.content)


def read_answer(status: int, content: bytes) -> Answer:
    """The portal's small JSON answer; what is not JSON counts as no success."""
    try:
        said = json.loads(content)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return Answer(False, f"HTTP_{status}", content[:200].decode("utf-8", "replace"), status)
    success = said.get("success") is True and status == requests.codes.ok
    return Answer(success, str(said.get("errorCode") or ""), str(said.get("errorMsg") or ""), status)
