"""Customer accounts and contacts by role through the browser and the platform's push."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.integrations.platform import messages
from app.jobs.arrivals import _people
from app.models import CustomerAccount, Reveal, Ticket
from tests import cast
from tests.web.stage import Stage

ACCOUNT = {
    "code": "SHOP", "name": "某某旗舰店", "tier": "vip", "prefixes": "YT88", "requirements": "先电话联系，不放驿站",
    "active": "1", "limit-first_reply": "20",
}  # fmt: skip


def post(stage: Stage, who: str, path: str, **data: Any) -> Any:
    return stage.browsers[who].post(path, data={**data, "csrf_token": stage.csrf})


def test_an_account_is_kept_and_stands_on_the_tickets_that_come_after(stage: Stage) -> None:
    assert post(stage, "admin", "/admin/customers", **{**ACCOUNT, "phones": "1"}).status_code == 422
    assert post(stage, "admin", "/admin/customers", **ACCOUNT).status_code == 303
    edit = stage.browsers["admin"].get("/admin/customers/SHOP").text
    assert "先电话联系" in edit and 'value="20"' in edit
    form = {
        "text": "没收到", "category": "LOST", "channel": "telephone", "complainant_kind": "consignee",
        "waybill": "YT8812312312312", "sender_name": "张三丰", "sender_phone": "13911112222", "submission_key": "s1",
    }  # fmt: skip
    assert post(stage, "ccs", "/tickets/new", **form).status_code == 303
    with stage.session() as session:
        number = session.scalars(select(Ticket.number).order_by(Ticket.id.desc()).limit(1)).one()
    page = stage.browsers["ccs"].get(f"/tickets/{number}").text
    assert "vip" in page and "不放驿站" in page
    assert "139******22" in page and "13911112222" not in page and "张三丰" not in page
    shown = post(stage, "ccs", f"/tickets/{number}/reveal", role="sender").text
    assert "13911112222" in shown and "张三丰" in shown
    assert "13911112222" not in post(stage, "ccs", f"/tickets/{number}/reveal").text
    assert post(stage, "ccs", f"/tickets/{number}/reveal", role="merchant").status_code == 404
    with stage.session() as session:
        assert sorted(session.scalars(select(Reveal.what).order_by(Reveal.id.desc()).limit(2))) == ["contact", "sender"]


def test_an_import_is_tried_out_first(stage: Stage) -> None:
    text = "code,name\nIMP-1,甲\nIMP-1,乙\n"
    assert post(stage, "admin", "/admin/customers-import", text=text).status_code == 422
    good = post(stage, "admin", "/admin/customers-import", text="code,name\nIMP-1,甲\n")
    assert good.status_code == 200 and 'name="confirmed" value="1"' in good.text
    with stage.session() as session:
        assert not session.scalar(select(CustomerAccount.id).where(CustomerAccount.code == "IMP-1"))
    done = post(stage, "admin", "/admin/customers-import", text="code,name\nIMP-1,甲\n", confirmed="1")
    assert done.status_code == 303


def test_a_push_keeps_the_receiver_apart_where_somebody_else_complains() -> None:
    body = {
        "work_order_code": "C1", "customer_type": "sender", "customer_name": "寄件人",
        "extension": {"receiver_name": "收件人", "receiver_phone": "13812345678", "customer_phone": "13900000009"},
    }  # fmt: skip
    said = _people(messages.issue(body))
    assert (said["complainant_kind"], said["name"], said["phone"]) == ("sender", "寄件人", "13900000009")
    assert [(one.role, one.name) for one in said["contacts"] if one] == [("consignee", "收件人")]
    plain = _people(messages.issue({**body, "customer_type": "buyer"}))
    assert (plain["name"], plain["phone"], [one for one in plain["contacts"] if one]) == ("收件人", "13812345678", [])


def test_the_legal_note_stands_on_the_two_biggest_categories(stage: Stage) -> None:
    with stage.app.app_context():
        number = cast.push(stage.cast, "LAW", waybill="YT6666555544443", category="LOCKER")
    page = stage.browsers["ccs"].get(f"/tickets/{number}").text
    assert "12305" in page and "54" in page
