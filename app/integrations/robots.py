"""Posts a text to a group robot of DingTalk, WeCom or Feishu. Their webhooks are not idempotent and cannot be asked.

The address is made from vendor and token here; redirects are not followed, and nothing of the machine's proxies or
passwords is used.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
import urllib3

from app.domain import outside_json
from app.domain.robots import DINGTALK, FEISHU, WECOM, Webhook, path_of
from app.integrations import peers

TIMEOUT = (3.0, 8.0)  # seconds to connect and to wait for the answer; together well under the lease of a row
MAX_ANSWER = 64 * 1024  # bytes
Outcome = Literal["refused", "retry", "unknown"]
BUSY = {DINGTALK: ("130101", "410100"), WECOM: ("45009",), FEISHU: ("11232",)}
BUSY_PAUSE = 60  # seconds; the vendors allow 20 messages a minute


class RobotError(Exception):
    """The vendor did not take the message, or nobody knows (outcome "unknown"): then it is not sent again.

    Permanent: the same message will be refused again. `pause`: seconds before another try.
    """

    def __init__(self, code: str, outcome: Outcome, *, pause: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.outcome = outcome
        self.pause = pause
        self.permanent = outcome == "refused"


@dataclass(frozen=True)
class RobotClient:
    """Speaks to the vendors. `base` replaces their hosts by a fake one on this machine, in tests."""

    base: str = ""
    timeout: tuple[float, float] = TIMEOUT

    def send(self, vendor: str, token: str, text: str, *, now: datetime, secret: str = "") -> None:
        """Post one text, signed where the robot has a secret. Raises RobotError."""
        hook, stamp = Webhook(vendor, token), _stamp(vendor, secret, now) if secret else {}
        query, body = (stamp, {}) if vendor == DINGTALK else ({}, stamp if vendor == FEISHU else {})
        try:
            response = peers.post(
                self._address(hook), timeout=self.timeout, limit=MAX_ANSWER, params=query,
                json=_body(vendor, text) | body,
            )  # fmt: skip
        except (requests.RequestException, peers.PeerRefused) as error:
            raise _broken(error) from None
        _check_status(response.status_code)
        _check_answer(vendor, response.content)

    def _address(self, hook: Webhook) -> str:
        host, path = path_of(hook)
        if not self.base:
            return f"https://{host}{path}"
        parts = urlsplit(self.base)
        if parts.scheme != "http" or not ipaddress.ip_address(parts.hostname or "").is_loopback:
            raise RobotError("endpoint", "refused")
        return f"http://{parts.netloc}/{host}{path}"


def _body(vendor: str, text: str) -> dict[str, Any]:
    if vendor == FEISHU:
        return {"msg_type": "text", "content": {"text": text}}
    return {"msgtype": "text", "text": {"content": text}}


def _stamp(vendor: str, secret: str, now: datetime) -> dict[str, str]:
    """Time and signature (加签): DingTalk signs milliseconds and secret with the secret, in the address; Feishu signs
    nothing with seconds and secret as the key, in the body. Both take them for an hour."""
    seconds = now.timestamp()
    at = str(int(seconds * 1000) if vendor == DINGTALK else int(seconds))
    line = f"{at}\n{secret}".encode()
    made = hmac.digest(secret.encode(), line, "sha256") if vendor == DINGTALK else hmac.digest(line, b"", "sha256")
    return {"timestamp": at, "sign": base64.b64encode(made).decode()}


def _broken(error: Exception) -> RobotError:
    """Only a request that reached nobody may be sent again; any other may have arrived."""
    if isinstance(error, requests.exceptions.ConnectTimeout | peers.PeerRefused):
        return RobotError("unreachable", "retry", pause=30)
    if isinstance(error, peers.AnswerTooLarge):
        return RobotError("bad_answer", "unknown")
    if isinstance(error, requests.exceptions.SSLError):
        refused = "CERTIFICATE_VERIFY_FAILED" in str(error)
        return RobotError("tls", "retry", pause=300) if refused else RobotError("connection_lost", "unknown")
    if isinstance(error, requests.Timeout):
        return RobotError("timeout", "unknown")
    if isinstance(error, requests.ConnectionError):
        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.NameResolutionError):
            return RobotError("unreachable", "retry", pause=30)
    return RobotError("connection_lost", "unknown")


def _check_status(status: int) -> None:
    if status == 429:
        raise RobotError("rate_limited", "retry", pause=BUSY_PAUSE)
    if 300 <= status < 400:
        raise RobotError("redirect", "refused")
    if status == 400:
        return  # Feishu tells its own code with it
    if 400 < status < 500:
        raise RobotError(f"http_{status}", "refused")
    if status >= 500:
        raise RobotError(f"http_{status}", "unknown")


def _check_answer(vendor: str, answer: bytes) -> None:
    """Code 0 is taken; a limit can be tried again; every other code says that nothing was posted."""
    try:
        body = outside_json.read(answer)
        code = body["errcode"] if vendor != FEISHU else body.get("code", body.get("StatusCode"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RobotError("bad_answer", "unknown") from None
    if not isinstance(code, int):
        raise RobotError("bad_answer", "unknown")
    if str(code) in BUSY[vendor]:
        raise RobotError(str(code), "retry", pause=BUSY_PAUSE)
    if code != 0:
        raise RobotError(str(code), "refused")
