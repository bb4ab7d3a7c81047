"""Both SMS gateways on 127.0.0.1. Signatures are checked from the vendors' descriptions, not with the drivers' code.

Tencent: TC3-HMAC-SHA256 ("Signature v3" of the API 3.0). Aliyun: ACS3-HMAC-SHA256 ("V3 request structure and
signature"). A mode tells how the next requests end; what was accepted is kept whatever the answer was.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.integrations.sms_signatures import acs3, digest, tc3

KEY_ID, KEY_SECRET = "AKIDtest0000", "secret-of-the-test"
APP_ID, SIGN = "1400006666", "快复"
SHANGHAI = timezone(timedelta(hours=8))


@dataclass
class Message:
    """One accepted message; `delivered` is None until the carrier has reported."""

    vendor: str
    phone: str
    template: str
    values: list[str]
    out_id: str
    serial: str
    at: datetime
    delivered: bool | None = None


class Refused(Exception):
    """A request that the gateway does not believe."""


@dataclass
class FakeGateway:
    """What both gateways have accepted, and how they behave next.

    mode: ok · fail (with `code`, `text`) · hang · accept_and_lose (accepts, then drops the line) · lose (drops it
    unread) · limit (of the day, at both) · html · blind (takes messages and lists none). `context`: whether Tencent
    gives our id back. now: the time at which messages are accepted and reported.
    """

    url: str = ""
    mode: str = "ok"
    code: str = ""
    text: str = ""
    context: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    accepted: list[Message] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    forged: int = 0
    nonces: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)
    released: threading.Event = field(default_factory=threading.Event)

    def report(self, *, delivered: bool = True) -> None:
        """The carrier reports on all messages that it has not reported on."""
        for message in self.accepted:
            if message.delivered is None:
                message.delivered = delivered

    def push_body(self, vendor: str, *, copies: int = 1, serial: str = "", phone: str = "") -> bytes:
        """The body in which a gateway pushes its receipts: each `copies` times, or forged with that serial or phone."""
        rows = [
            _push_row(m, serial or m.serial, phone or m.phone, self.now())
            for m in self.accepted
            if m.vendor == vendor and m.delivered is not None
            for _ in range(copies)
        ]
        return json.dumps(rows, ensure_ascii=False).encode()

    # --- what a request asks ---

    def believed(self, headers: dict[str, str], query: str, body: bytes) -> str:
        """The vendor that was asked. Raises Refused with the vendor's code."""
        given = headers.get("authorization", "")
        kind, _, rest = given.partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if kind == "TC3-HMAC-SHA256":
            return self._tencent_signed(headers, body, parts)
        if kind == "ACS3-HMAC-SHA256":
            return self._aliyun_signed(headers, query, body, parts)
        raise Refused("AuthFailure.InvalidAuthorization")

    def _tencent_signed(self, headers: dict[str, str], body: bytes, parts: dict[str, str]) -> str:
        if abs(time.time() - int(headers["x-tc-timestamp"])) > 300:
            raise Refused("AuthFailure.SignatureExpire")
        if not parts["Credential"].startswith(f"{KEY_ID}/"):
            raise Refused("AuthFailure.SecretIdNotFound")
        if parts["SignedHeaders"] != "content-type;host" or parts["Signature"] != tc3(headers, body, KEY_SECRET):
            raise Refused("AuthFailure.SignatureFailure")
        if headers["x-tc-version"] != "2021-01-11":
            raise Refused("InvalidParameter")
        return "tencent"

    def _aliyun_signed(self, headers: dict[str, str], query: str, body: bytes, parts: dict[str, str]) -> str:
        at = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs((datetime.now(UTC) - at).total_seconds()) > 900:
            raise Refused("InvalidTimeStamp.Expired")
        signed = parts["SignedHeaders"].split(";")
        must = {"host"} | {name for name in headers if name.startswith("x-acs-")}
        if headers["x-acs-signature-nonce"] in self.nonces:
            raise Refused("SignatureNonceUsed")
        self.nonces.add(headers["x-acs-signature-nonce"])
        if parts["Credential"] != KEY_ID:
            raise Refused("InvalidAccessKeyId.NotFound")
        whole = signed == sorted(signed) and must <= set(signed) and headers["x-acs-content-sha256"] == digest(body)
        if not whole or parts["Signature"] != acs3(headers, query, body, KEY_SECRET, signed):
            raise Refused("SignatureDoesNotMatch")
        if headers["x-acs-version"] != "2017-05-25":
            raise Refused("InvalidVersion")
        return "aliyun"

    def accept(self, vendor: str, phone: str, template: str, values: list[str], out_id: str) -> Message:
        """Like the real ones it recognises no repetition: a second send is a second message."""
        serial = f"{'2019:' if vendor == 'tencent' else '9006^'}{len(self.accepted) + 1:012d}"
        message = Message(vendor, phone, template, values, out_id, serial, self.now())
        self.accepted.append(message)
        return message

    def tencent(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        """The inside of Tencent's answer."""
        if asked["SmsSdkAppId"] != APP_ID:
            return {"Error": {"Code": "UnauthorizedOperation.SmsSdkAppIdVerifyFail", "Message": ""}}
        if action == "SendSms":
            return {"SendStatusSet": [self._tencent_send(asked)]}
        rows = [m for m in self.accepted if m.vendor == "tencent" and m.delivered is not None]
        if action == "PullSmsSendStatusByPhoneNumber":
            begin, end = asked["BeginTime"], asked["EndTime"]
            rows = [m for m in rows if f"+86{m.phone}" == asked["PhoneNumber"] and begin <= m.at.timestamp() <= end + 1]
        else:
            rows = [m for m in rows if m.serial not in self.reported][: asked["Limit"]]
            self.reported |= {m.serial for m in rows}
        return {"PullSmsSendStatusSet": [] if self.mode == "blind" else [self._tencent_row(m) for m in rows]}

    def _tencent_send(self, asked: dict[str, Any]) -> dict[str, Any]:
        phone = asked["PhoneNumberSet"][0]
        status = {"PhoneNumber": phone, "Fee": 0, "SessionContext": asked["SessionContext"], "IsoCode": "CN"}
        code = (
            self.code if self.mode == "fail" else "LimitExceeded.PhoneNumberDailyLimit" if self.mode == "limit" else ""
        )
        code = code or ("" if asked["SignName"] == SIGN else "FailedOperation.SignatureIncorrectOrUnapproved")
        if code:
            return {**status, "SerialNo": "", "Code": code, "Message": self.text}
        message = self.accept(
            "tencent",
            phone.removeprefix("+86"),
            asked["TemplateId"],
            asked["TemplateParamSet"],
            asked["SessionContext"],
        )
        return {**status, "Fee": 1, "SerialNo": message.serial, "Code": "Ok", "Message": "send success"}

    def _tencent_row(self, m: Message) -> dict[str, Any]:
        return {
            "UserReceiveTime": int(m.at.timestamp()), "CountryCode": "86", "SubscriberNumber": m.phone,
            "PhoneNumber": f"+86{m.phone}", "SerialNo": m.serial, "ReportStatus": "SUCCESS" if m.delivered else "FAIL",
            "Description": "DELIVRD" if m.delivered else "UNDELIV", "SessionContext": m.out_id if self.context else "",
        }  # fmt: skip

    def aliyun(self, action: str, asked: dict[str, str]) -> dict[str, Any]:
        """Aliyun's answer."""
        if action == "SendSms":
            code = self.code if self.mode == "fail" else "isv.BUSINESS_LIMIT_CONTROL" if self.mode == "limit" else ""
            code = code or ("" if asked["SignName"] == SIGN else "isv.SMS_SIGNATURE_ILLEGAL")
            if code:
                return {"Code": code, "Message": self.text, "RequestId": "R-1"}
            values = json.loads(asked["TemplateParam"])
            message = self.accept(
                "aliyun", asked["PhoneNumbers"], asked["TemplateCode"], list(values.values()), asked["OutId"]
            )
            return {"Code": "OK", "Message": "OK", "RequestId": "R-1", "BizId": message.serial}
        rows = [
            m for m in self.accepted
            if m.vendor == "aliyun" and m.phone == asked["PhoneNumber"]
            and m.at.astimezone(SHANGHAI).strftime("%Y%m%d") == asked["SendDate"]
        ]  # fmt: skip
        size, page = int(asked["PageSize"]), int(asked["CurrentPage"])
        shown = [] if self.mode == "blind" else rows[(page - 1) * size : page * size]
        listed = {"SmsSendDetailDTO": [_aliyun_row(m) for m in shown]}
        return {"Code": "OK", "Message": "OK", "RequestId": "R-1", "TotalCount": len(rows), "SmsSendDetailDTOs": listed}


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def _aliyun_row(m: Message) -> dict[str, Any]:
    status = {None: 1, False: 2, True: 3}[m.delivered]
    return {
        "ErrCode": {1: "", 2: "UNDELIV", 3: "DELIVERED"}[status], "TemplateCode": m.template, "OutId": m.out_id,
        "SendDate": _local(m.at), "ReceiveDate": _local(m.at), "PhoneNum": m.phone, "Content": "", "SendStatus": status,
    }  # fmt: skip


def _push_row(m: Message, serial: str, phone: str, at: datetime) -> dict[str, Any]:
    if m.vendor == "tencent":
        return {
            "user_receive_time": _local(at), "nationcode": "86", "mobile": phone, "sid": serial,
            "report_status": "SUCCESS" if m.delivered else "FAIL", "errmsg": "DELIVRD" if m.delivered else "UNDELIV",
            "description": "用户短信送达成功" if m.delivered else "空号",
        }  # fmt: skip
    return {
        "phone_number": phone, "send_time": _local(m.at), "report_time": _local(at), "success": m.delivered,
        "err_code": "DELIVERED" if m.delivered else "UNDELIV", "err_msg": "", "sms_size": "1", "biz_id": serial,
        "out_id": m.out_id,
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    gateway: FakeGateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query, gateway = urlsplit(self.path).query, self.gateway
        if gateway.mode == "lose":
            self.close_connection = True
            return
        try:
            vendor = gateway.believed(headers, query, body)
        except Refused as reason:
            gateway.forged += 1
            self._say(*_refusal(str(reason), "x-acs-action" in headers))
            return
        action = headers["x-tc-action"] if vendor == "tencent" else headers["x-acs-action"]
        gateway.actions.append(action)
        if gateway.mode == "hang":
            gateway.released.wait(20)
            return
        if gateway.mode == "html":
            self._say(502, b"<html>Bad Gateway</html>", "text/html")
            return
        asked = json.loads(body) if vendor == "tencent" else dict(parse_qsl(query, keep_blank_values=True))
        answer = gateway.tencent(action, asked) if vendor == "tencent" else gateway.aliyun(action, asked)
        if gateway.mode == "accept_and_lose" and action == "SendSms":
            self.close_connection = True
            return
        wrapped = {"Response": {"RequestId": "R-1", **answer}} if vendor == "tencent" else answer
        self._say(200, json.dumps(wrapped).encode())

    def _say(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


def _refusal(code: str, aliyun: bool) -> tuple[int, bytes]:
    if aliyun:
        return 400, json.dumps({"Code": code, "Message": "", "RequestId": "R-0"}).encode()
    error = {"Response": {"Error": {"Code": code, "Message": ""}, "RequestId": "R-0"}}
    return 200, json.dumps(error).encode()


@contextmanager
def running() -> Iterator[FakeGateway]:
    """Both gateways at one address, stopped at the end whatever they were doing."""
    gateway = FakeGateway()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gateway": gateway}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield gateway
    finally:
        gateway.released.set()
        server.shutdown()
        server.server_close()
