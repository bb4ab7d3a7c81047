"""What the gateways push: well-formed receipts are read, anything else is refused whole."""

from datetime import UTC, datetime, timedelta

import pytest

from app.integrations.sms import SmsError, aliyun, tencent
from tests.integrations.fake_sms_gateway import FakeGateway

PHONE = "13812345678"


@pytest.mark.parametrize(("vendor", "module"), [("tencent", tencent), ("aliyun", aliyun)])
@pytest.mark.parametrize("delivered", [True, False])
def test_a_pushed_receipt_is_read(vendor, module, delivered):
    there = FakeGateway(now=lambda: datetime(2026, 11, 18, 4, tzinfo=UTC))
    there.accept(vendor, PHONE, "T-1", [], "41")
    there.report(delivered=delivered)
    (receipt,) = module.parse_receipts(there.push_body(vendor))
    assert (receipt.serial, receipt.phone, receipt.delivered) == (there.accepted[0].serial, PHONE, delivered)
    assert receipt.code in ("DELIVRD", "DELIVERED", "UNDELIV") and abs(receipt.at - there.now()) < timedelta(minutes=1)
    assert receipt.out_id == ("41" if vendor == "aliyun" else "")


BROKEN = [
    b"", b"{}", b"[]", b"[1]", b"null", b"[" * 100_000, b"\xff\xfe", b'[{"sid": "1", "biz_id": "1"}]',
    b'[{"sid": {"a": 1}, "mobile": "1", "report_status": "SUCCESS", "biz_id": [], "phone_number": "1", "success": true}]',
    b'[{"sid": "' + b"9" * 500 + b'", "mobile": "1", "report_status": "SUCCESS", "biz_id": "", "success": true}]',
    b'[{"sid": "1", "mobile": "1", "report_status": "MAYBE", "biz_id": "1", "phone_number": "1", "success": "true"}]',
    b'[{"sid": "a\\u0000b", "mobile": "1", "report_status": "FAIL", "biz_id": "a\\u0000", "phone_number": "1", "success": true}]',
]  # fmt: skip


@pytest.mark.parametrize("module", [tencent, aliyun])
@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_receipt_is_refused(module, body):
    with pytest.raises(SmsError) as caught:
        module.parse_receipts(body)
    assert caught.value.code == "bad_receipt"
