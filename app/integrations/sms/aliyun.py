"""Aliyun's SMS gateway over its signature ACS3-HMAC-SHA256 (dysmsapi 2017-05-25); its SDK would bring 29 packages.

It is not idempotent, but it lists every message that a phone was sent on a day, with our id. So a message in doubt is
looked for there. A complete list without it, fetched `settle` after the message was handed over, shows that it never
arrived; then it may be sent again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import requests

from app.domain import outside_json
from app.integrations import peers
from app.integrations.sms import Found, Pending, Receipt, Sent, SmsError, Verdict, aliyun_codes, wire

ENDPOINT = "dysmsapi.aliyuncs.com"
VERSION = "2017-05-25"
ANSWER = {"code": 0, "msg": "接收成功"}  # what Aliyun wants to hear about receipts it pushed
SETTLE = timedelta(minutes=10)
PAGE, PAGES = 50, 4  # rows of a list, and how many lists are read for one phone and day
EMPTY = hashlib.sha256(b"").hexdigest()
FAILED, DELIVERED = 2, 3  # 1: the carrier has not reported yet

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AliyunSms:
    """One signature of an account; `timeout` in seconds. `settle`: see above; zero means never sent again.

    `clock` gives the time to compare with when a message was handed over; requests are stamped with the real one.
    """

    key_id: str = field(repr=False)
    key_secret: str = field(repr=False)
    sign_name: str
    endpoint: str = ENDPOINT
    settle: timedelta = SETTLE
    timeout: tuple[float, float] = wire.TIMEOUT
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send(self, phone: str, template: str, variables: Mapping[str, str], out_id: str) -> Sent:
        """Hand over one message. Raises SmsError."""
        values = json.dumps(dict(variables), ensure_ascii=False, separators=(",", ":"))
        answer = self._call(
            "SendSms", PhoneNumbers=wire.bare(phone), SignName=self.sign_name, TemplateCode=template,
            TemplateParam=values, OutId=out_id,
        )  # fmt: skip
        return Sent(outside_json.line(answer.get("BizId"), 80))

    def query(self, out_id: str, phone: str = "", at: datetime | None = None, ours: Collection[str] = ()) -> Found:
        """Look for our id among what Aliyun lists for the phone on the day(s) since `at`."""
        if not phone or at is None:
            return Found("unknown")
        now, complete = self.clock(), True
        for day in _days(at, now):
            try:
                rows, whole = self._listed(phone, day)
            except SmsError:
                return Found("unknown")
            if any(row.get("OutId") == out_id for row in rows):
                return Found("sent")
            complete = complete and whole
        settled = bool(self.settle) and now - at >= self.settle
        return Found("not_found") if complete and settled else Found("unknown")

    def receipts(self, awaited: Sequence[Pending]) -> list[Receipt]:
        """What became of the `awaited` messages, asked phone by phone. Raises SmsError before the first only."""
        asked: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for message in awaited:
            for where in ((message.phone, day) for day in _days(message.at, message.at)):
                try:
                    if where not in asked:
                        asked[where] = self._listed(*where)[0]
                except SmsError:
                    if not asked:
                        raise
                    return _reported(asked, awaited)
        return _reported(asked, awaited)

    def _listed(self, phone: str, day: str) -> tuple[list[dict[str, Any]], bool]:
        """The messages of a phone on a day (yyyyMMdd), and whether the list is complete. Raises SmsError."""
        rows: list[dict[str, Any]] = []
        for page in range(1, PAGES + 1):
            answer = self._call(
                "QuerySendDetails",
                PhoneNumber=wire.bare(phone),
                SendDate=day,
                PageSize=str(PAGE),
                CurrentPage=str(page),
            )
            listed, total = _list_in(answer)
            rows += [row for row in listed if isinstance(row, dict)]
            if len(rows) >= total or not listed:
                return rows, len(rows) >= total
        return rows, False

    def _call(self, action: str, **query: str) -> dict[str, Any]:
        """One signed request; its answer where the gateway says OK. Raises SmsError."""
        where = wire.endpoint(self.endpoint or ENDPOINT)
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        headers = {
            "host": where.host, "x-acs-action": action, "x-acs-version": VERSION, "x-acs-date": stamp,
            "x-acs-signature-nonce": uuid4().hex, "x-acs-content-sha256": EMPTY,
        }  # fmt: skip
        headers["Authorization"] = authorization(self.key_id, self.key_secret, headers, query)
        url = f"{where.scheme}://{where.host}/?{canonical_query(query)}"
        try:
            response = peers.post(url, timeout=self.timeout, limit=wire.MAX_BODY, headers=headers)
        except (requests.RequestException, ValueError) as error:
            raise wire.broken(error) from None
        return _judged(response.content, response.status_code)


def _list_in(answer: Mapping[str, Any]) -> tuple[list[Any], int]:
    """The messages of an answer, and how many there are in all. Raises SmsError where it has no such list."""
    kept, total = answer.get("SmsSendDetailDTOs"), outside_json.line(answer.get("TotalCount"), 80)
    listed = kept.get("SmsSendDetailDTO") if isinstance(kept, dict) else None
    if not isinstance(listed, list) or not total.isdecimal():
        raise SmsError("bad_answer", verdict=Verdict("unknown", "gateway_error"))
    return listed, int(total)


def _judged(body: bytes, status: int) -> dict[str, Any]:
    try:
        answer = outside_json.read(body)
    except ValueError:
        answer = None
    code = answer.get("Code") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(code, str):
        raise SmsError(f"http_{status}", verdict=Verdict("unknown", "gateway_error"))
    if code == "OK":
        return answer
    code = aliyun_codes.exact(code, str(answer.get("Message") or ""))[:80]
    named = outside_json.line(code, 80), outside_json.line(answer.get("RequestId"), 64)
    log.warning("sms refused: driver=aliyun code=%s request=%s", *named)
    raise SmsError(code, verdict=aliyun_codes.verdict(code))


def canonical_query(query: Mapping[str, str]) -> str:
    """The query in the order and escaping that is signed (RFC 3986)."""
    return "&".join(f"{_escaped(name)}={_escaped(query[name])}" for name in sorted(query))


def authorization(key_id: str, key_secret: str, headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """The Authorization header of an empty POST to `/` (Aliyun "V3 request structure and signature").

    headers: all that are signed, with lower-case names.
    """
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = f"POST\n/\n{canonical_query(query)}\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key_secret.encode(), f"ACS3-HMAC-SHA256\n{digest}".encode(), hashlib.sha256).hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~")


def parse_receipts(body: bytes) -> list[Receipt]:
    """The receipts of one push of Aliyun's ("SmsReport"). Raises SmsError("bad_receipt")."""
    return [_pushed(row) for row in wire.receipts_of(body)]


def _pushed(row: dict[str, Any]) -> Receipt:
    if not isinstance(row.get("success"), bool):
        raise SmsError("bad_receipt", permanent=True)
    return Receipt(
        serial=wire.text_of(row, "biz_id", 80, needed=True), delivered=row["success"],
        phone=wire.bare(wire.text_of(row, "phone_number", 20, needed=True)),
        code=wire.text_of(row, "err_code", 200)[:40], at=wire.moment(wire.text_of(row, "report_time", 40)),
        out_id=wire.text_of(row, "out_id", 256),
    )  # fmt: skip


def _reported(asked: Mapping[tuple[str, str], list[dict[str, Any]]], awaited: Sequence[Pending]) -> list[Receipt]:
    """The receipts in what was listed; a message that still waits for its carrier has none."""
    waiting = {(message.phone, message.out_id): message for message in awaited}
    return [
        _listed_receipt(row, waiting[(phone, str(row.get("OutId")))])
        for (phone, _day), rows in asked.items()
        for row in rows
        if (phone, str(row.get("OutId"))) in waiting and row.get("SendStatus") in (FAILED, DELIVERED)
    ]


def _listed_receipt(row: dict[str, Any], message: Pending) -> Receipt:
    return Receipt(
        serial=message.external_id or f"out-{message.out_id}", phone=wire.bare(message.phone), out_id=message.out_id,
        delivered=row["SendStatus"] == DELIVERED, code=re.sub(r"\W", "", str(row.get("ErrCode") or ""))[:40],
        at=wire.moment(str(row.get("ReceiveDate") or "")),
    )  # fmt: skip


def _days(first: datetime, last: datetime) -> list[str]:
    """The days in Shanghai that may hold a message of that time; its neighbours too, close to midnight."""
    begin, end = first - timedelta(minutes=5), max(first + timedelta(minutes=5), min(last, first + timedelta(hours=1)))
    days = {begin.astimezone(wire.SHANGHAI).strftime("%Y%m%d"), end.astimezone(wire.SHANGHAI).strftime("%Y%m%d")}
    return sorted(days)
