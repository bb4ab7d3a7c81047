"""Tencent's SMS gateway through its own SDK (SMS 2021-01-11).

It is not idempotent and cannot be asked for a message by our id: the context travels with the message but comes back
only in accounts where Tencent has opened that. So a message in doubt is looked for by phone and time among the
reports of the carriers. No report is no proof that nothing went out: such a message stays in doubt and is never sent
again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tencentcloud.common.credential import Credential  # type: ignore[import-untyped]
from tencentcloud.common.exception.tencent_cloud_sdk_exception import (  # type: ignore[import-untyped]
    TencentCloudSDKException,
)
from tencentcloud.common.profile.client_profile import ClientProfile  # type: ignore[import-untyped]
from tencentcloud.common.profile.http_profile import HttpProfile  # type: ignore[import-untyped]
from tencentcloud.sms.v20210111 import models  # type: ignore[import-untyped]
from tencentcloud.sms.v20210111.sms_client import SmsClient  # type: ignore[import-untyped]

from app.domain import outside_json
from app.integrations import peers
from app.integrations.sms import Found, Pending, Receipt, Sent, SmsError, Verdict, tencent_codes, wire

ENDPOINT = "sms.tencentcloudapi.com"
REGION = "ap-guangzhou"
ANSWER = {"result": 0, "errmsg": "OK"}  # what Tencent wants to hear about receipts it pushed
PULL_LIMIT = 100  # receipts a request
PULL_PAGES = 10  # requests in one go
SEARCH_DAYS = 7  # Tencent keeps reports this long
SKEW = 120  # seconds by which the carrier's clock may differ from ours

log = logging.getLogger(__name__)
logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)  # its debug log holds keys and phones


@dataclass(frozen=True)
class TencentSms:
    """One application (`app_id`, the SmsSdkAppId) and signature of an account; `timeout` in seconds."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    app_id: str
    sign_name: str
    endpoint: str = ENDPOINT
    region: str = REGION
    timeout: tuple[float, float] = wire.TIMEOUT
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send(self, phone: str, template: str, variables: Mapping[str, str], out_id: str) -> Sent:
        """Hand over one message; the values go in the order of `variables`. Raises SmsError."""
        request = models.SendSmsRequest()
        request.PhoneNumberSet = [_abroad(phone)]
        request.SmsSdkAppId, request.SignName, request.TemplateId = self.app_id, self.sign_name, template
        request.TemplateParamSet, request.SessionContext = list(variables.values()), out_id
        answer = self._call("SendSms", request)
        rows = answer.SendStatusSet or []
        if len(rows) != 1 or not rows[0].Code or not isinstance(rows[0].Code, str):
            raise SmsError("bad_answer", verdict=Verdict("unknown", "gateway_error"))
        if rows[0].Code != "Ok":
            raise self._refused(rows[0].Code, answer.RequestId)
        return Sent(outside_json.line(rows[0].SerialNo, 80))

    def query(self, out_id: str, phone: str = "", at: datetime | None = None, ours: Collection[str] = ()) -> Found:
        """Look for the message among the carriers' reports of this phone since `at`. Never "not_found".

        A report with our context decides. Where Tencent gives no context, one that came after `at` and belongs to no
        other message of ours does.
        """
        if not phone or at is None:
            return Found("unknown")
        request = models.PullSmsSendStatusByPhoneNumberRequest()
        now = self.clock().timestamp()
        begin = max(at.timestamp() - SKEW, now - SEARCH_DAYS * 86_400)
        request.BeginTime, request.EndTime = int(begin), int(max(now, begin + 1))
        request.Offset, request.Limit = 0, PULL_LIMIT
        request.PhoneNumber, request.SmsSdkAppId = _abroad(phone), self.app_id
        try:
            rows = self._call("PullSmsSendStatusByPhoneNumber", request).PullSmsSendStatusSet or []
        except SmsError:
            return Found("unknown")
        mine = [row for row in rows if row.SessionContext == out_id]
        mine = mine or [row for row in rows if self._may_be(row, at, ours)]
        return Found("sent", outside_json.line(mine[0].SerialNo, 80)) if mine else Found("unknown")

    @staticmethod
    def _may_be(row: Any, at: datetime, ours: Collection[str]) -> bool:
        came = wire.instant(row.UserReceiveTime)
        late_enough = came is not None and came.timestamp() >= at.timestamp() - SKEW
        return bool(row.SerialNo) and not row.SessionContext and row.SerialNo not in ours and late_enough

    def receipts(self, awaited: Sequence[Pending]) -> list[Receipt]:
        """All receipts that Tencent holds for us; it hands each out once. Raises SmsError before the first only."""
        found: list[Receipt] = []
        for page in range(PULL_PAGES):
            request = models.PullSmsSendStatusRequest()
            request.Limit, request.SmsSdkAppId = PULL_LIMIT, self.app_id
            try:
                rows = self._call("PullSmsSendStatus", request).PullSmsSendStatusSet or []
            except SmsError:
                if page == 0:
                    raise
                break
            found += [_pulled(row) for row in rows if row.SerialNo]
            if len(rows) < PULL_LIMIT:
                break
        return found

    def _call(self, action: str, request: Any) -> Any:
        """One signed request without any repetition of its own. Raises SmsError.

        The SDK's own session would follow redirects, with the phone numbers in its body, and take the environment's
        proxies; it knows no end of an answer. So it is given ours.
        """
        where = wire.endpoint(self.endpoint or ENDPOINT)
        http = HttpProfile(protocol=where.scheme, endpoint=where.host, reqTimeout=self.timeout)
        profile = ClientProfile(httpProfile=http, disable_region_breaker=True)
        client = SmsClient(Credential(self.secret_id, self.secret_key), self.region, profile)
        with peers.Session(self.timeout, wire.MAX_BODY) as session:
            client.request.conn._session = session
            try:
                return getattr(client, action)(request)
            except TencentCloudSDKException as error:
                raise self._failed(error) from None

    def _failed(self, error: TencentCloudSDKException) -> SmsError:
        """The SDK wraps what broke underneath; its own codes have no dot and no request id."""
        code = str(error.code or "")
        if error.requestId:
            return self._refused(code, error.requestId)
        if code == "ClientNetworkError":
            return wire.broken(error.__context__)
        if code == "ServerNetworkError":
            return SmsError("http_error", verdict=Verdict("unknown", "gateway_error"))
        return wire.broken(error.__context__)

    def _refused(self, code: str, request_id: str) -> SmsError:
        named = outside_json.line(code, 80), outside_json.line(request_id, 64)
        log.warning("sms refused: driver=tencent code=%s request=%s", *named)
        return SmsError(code[:80], verdict=tencent_codes.verdict(code))


def parse_receipts(body: bytes) -> list[Receipt]:
    """The receipts of one push of Tencent's ("短信下发状态通知"). Raises SmsError("bad_receipt")."""
    return [_pushed(row) for row in wire.receipts_of(body)]


def _pushed(row: dict[str, Any]) -> Receipt:
    status = wire.text_of(row, "report_status", 16, needed=True)
    if status not in ("SUCCESS", "FAIL"):
        raise SmsError("bad_receipt", permanent=True)
    return Receipt(
        serial=wire.text_of(row, "sid", 80, needed=True), phone=wire.bare(wire.text_of(row, "mobile", 20, needed=True)),
        delivered=status == "SUCCESS", code=wire.text_of(row, "errmsg", 200)[:40],
        at=wire.moment(wire.text_of(row, "user_receive_time", 40)),
    )  # fmt: skip


def _pulled(row: Any) -> Receipt:
    phone = outside_json.line(row.SubscriberNumber or row.PhoneNumber, 80)
    return Receipt(
        serial=outside_json.line(row.SerialNo, 80), phone=wire.bare(phone),
        delivered=row.ReportStatus == "SUCCESS", code=outside_json.line(row.Description, 40),
        at=wire.instant(row.UserReceiveTime), out_id=outside_json.line(row.SessionContext, 256),
    )  # fmt: skip


def _abroad(phone: str) -> str:
    """A mainland mobile in E.164, as Tencent wants it."""
    return phone if phone.startswith("+") else f"+86{wire.bare(phone)}"
