"""The control room: what cannot be read is kept, mended and read once more; who looks is logged; risks are told."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.jobs import replays, sends
from app.models import Category, Connection, Inbox, MessageReveal, Outbox, PlatformOrder, Ticket, UnmappedCode
from app.services import exchange, replies
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, begin, post
from tests.integrations.loopback import platform, reply
from tests.web.pushing import Door, envelope, issue, later, signature
from tests.web.stage import Stage

PHONE = "13812345678"
PATHS = {"category_map": "", "message_map": "", "field_map": "", "charset": "utf-8", "risk_minutes": "120"}


@pytest.fixture
def door(app, database, monkeypatch) -> Door:
    entry = Door(app, begin(), [NOON])
    monkeypatch.setattr(clock, "now", lambda: entry.now[0])
    return entry


@pytest.fixture
def browsers(app, door: Door, monkeypatch) -> Any:
    """Browsers by name; `form` posts with the token."""
    stage = Stage(app, door.company)
    monkeypatch.setattr("tests.web.stage.NOW", NOON)
    clients = {who: stage.browser(who) for who in ("admin", "site", "lcs", "lcs-2")}

    def form(path: str, **data: str) -> Any:
        return clients["admin"].post(path, data={"csrf_token": stage.csrf, **data})

    clients["admin"].form = form
    return clients


def kept(session: Any) -> list[Inbox]:
    session.rollback()
    return list(session.scalars(select(Inbox).order_by(Inbox.id)))


def strange(code: str) -> bytes:
    """An order in which the number stands elsewhere, and one time cannot be read."""
    body = json.loads(issue(code))
    body["order"] = {"id": body.pop("work_order_code")}
    body["work_order_task"]["task_expire_time"] = "next week"
    return json.dumps(body, ensure_ascii=False).encode()


def test_a_message_that_no_map_fits_is_mended_and_read_once_more(door: Door, browsers, db_session) -> None:
    assert door.push(strange("W1")).status_code == 400
    assert door.push(strange("W1")).status_code == 400
    (held,) = kept(db_session)
    admin, path = browsers["admin"], f"/admin/messages/{held.id}"
    assert "缺少工单号" in admin.get(path).text
    assert admin.form(f"{path}/replay").status_code == 422
    saved = admin.form(
        "/admin/connections/demo", **{**PATHS, "field_map": "work_order_code = order.id\nwork_order_task.task_expire_time ="}
    )  # fmt: skip
    assert saved.status_code == 303
    assert admin.form(f"{path}/replay").status_code == 303
    taken, issued = kept(db_session)
    assert (taken.state, taken.settled_at, issued.state, issued.order_code) == ("replayed", NOON, "applied", "W1")
    ticket = db_session.scalars(select(Ticket)).one()
    assert ticket.number in admin.get("/admin/messages").text
    assert admin.form(f"{path}/replay").status_code == 409
    assert len(kept(db_session)) == 2 and len(db_session.scalars(select(Ticket)).all()) == 1


def test_a_channels_question_that_no_map_fits_is_mended_and_read_once_more_too(
    door: Door, browsers, db_session
) -> None:
    with write() as session:
        session.add(Category(code="PARCEL_QUERY", name="催查件", name_en="Parcel query", kind="expedite", position=0))
    raw = json.dumps(
        {"id": "m-1", "type": "催派", "mail_no": "YT1234567890123", "channel": "wechat", "site_code": "330106-01"}
    ).encode()
    send = {"data": raw, "headers": {"X-Data-Digest": signature(raw, "demo-secret")}}
    assert door.app.test_client().post("/intake/expedite/demo", **send).status_code == 400
    (held,) = kept(db_session)
    admin, path = browsers["admin"], f"/admin/messages/{held.id}"
    assert admin.form(f"{path}/replay").status_code == 422
    maps = {"category_map": "催派 = PARCEL_QUERY", "field_map": "waybill = mail_no"}
    assert admin.form("/admin/connections/demo", **{**PATHS, **maps}).status_code == 303
    assert admin.form(f"{path}/replay").status_code == 303
    ticket = db_session.scalars(select(Ticket)).one()
    assert (ticket.kind, ticket.category, ticket.waybill) == ("expedite", "PARCEL_QUERY", "YT1234567890123")
    again = door.app.test_client().post("/intake/expedite/demo", **send)
    assert (again.status_code, again.json["number"], again.json["times"]) == (200, ticket.number, 1)


def test_what_was_pushed_again_meanwhile_is_not_doubled_by_the_replay(door: Door, browsers, db_session) -> None:
    door.push(later("W1"), "WORK_ORDER_REMIND")
    (held,) = kept(db_session)
    door.push(issue("W1"))
    browsers["admin"].form("/admin/connections/demo", **{**PATHS, "message_map": "WORK_ORDER_REMIND = WORK_ORDER_URGE"})
    assert door.push(later("W1"), "WORK_ORDER_REMIND").status_code == 200
    assert browsers["admin"].form(f"/admin/messages/{held.id}/replay").status_code == 303
    db_session.rollback()
    assert db_session.scalars(select(Ticket.urge_count)).all() == [1]


def test_messages_that_stay_in_quarantine_stand_before_no_other(door: Door, browsers, db_session, monkeypatch) -> None:
    monkeypatch.setattr(exchange, "AT_ONCE", 2)
    for code in ("BAD-1", "BAD-2", "BAD-3", "W1"):
        door.push(strange(code))
    door.push(later("W1"), "WORK_ORDER_REMIND")  # the map that is missing is stored for this one alone
    browsers["admin"].form("/admin/connections/demo", **{**PATHS, "message_map": "WORK_ORDER_REMIND = WORK_ORDER_URGE"})
    assert browsers["admin"].form("/admin/connections/demo/replay").location.endswith("taken=1&stay=4")


def test_a_message_that_raises_whatever_it_is_stays_and_the_next_is_read(
    door: Door, browsers, db_session, monkeypatch
) -> None:
    for code in ("W1", "W2"):
        door.push(strange(code))
    browsers["admin"].form(
        "/admin/connections/demo", **{**PATHS, "field_map": "work_order_code = order.id\nwork_order_task.task_expire_time ="}
    )  # fmt: skip
    real, seen = replays.arrivals.take, []

    def odd(*given: Any) -> None:
        seen.append(1)
        if len(seen) == 1:
            raise OverflowError("odd")
        real(*given)

    monkeypatch.setattr(replays.arrivals, "take", odd)
    assert browsers["admin"].form("/admin/connections/demo/replay").location.endswith("taken=1&stay=1")


@pytest.mark.both_engines  # what a process that is killed leaves behind is the engine's to take back
def test_a_replay_that_dies_before_it_is_written_down_doubles_nothing(
    door: Door, browsers, db_session, monkeypatch
) -> None:
    door.push(strange("W1"))
    (held,) = kept(db_session)
    browsers["admin"].form(
        "/admin/connections/demo", **{**PATHS, "field_map": "work_order_code = order.id\nwork_order_task.task_expire_time ="}
    )  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(exchange, "settle", lambda **_given: None)
        browsers["admin"].form(f"/admin/messages/{held.id}/replay")
    assert kept(db_session)[0].state == "quarantined"
    assert browsers["admin"].form("/admin/connections/demo/replay").location.endswith("taken=1&stay=0")
    assert len(db_session.scalars(select(Ticket)).all()) == 1


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("category_map", "101 = NOWHERE", "101"), ("category_map", "101 LOCKER", "101 LOCKER"),
        ("message_map", "X = WORK_ORDER_PRAISE", "X"), ("field_map", "a b = c", "a b"),
        ("field_map", "description = a..b", "description"), ("risk_minutes", "soon", "soon"), ("charset", "latin", ""),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_right_is_refused_beside_its_field_and_kept_typed(
    door: Door, browsers, db_session, field: str, typed: str, said: str
) -> None:
    answer = browsers["admin"].form("/admin/connections/demo", **{**PATHS, field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text and said in answer.text
    db_session.rollback()
    row = db_session.scalars(select(Connection)).one()
    assert (row.category_map, row.message_map, row.field_map, row.risk_minutes) == ({}, {}, {}, 120)


def test_a_raw_message_is_masked_until_a_look_is_logged(door: Door, browsers, db_session) -> None:
    door.push(issue("W1", description=f"没收到，请打 {PHONE}"))
    (row,) = kept(db_session)
    admin, path = browsers["admin"], f"/admin/messages/{row.id}"
    page = admin.get(path).text
    assert "W1" in page and "王**" in page
    assert not re.search(f"{PHONE}|王小明|文三路 1 号|没收到", page)
    db_session.rollback()
    assert db_session.scalars(select(MessageReveal)).all() == []
    assert PHONE in admin.form(f"{path}/full").text
    db_session.rollback()
    assert db_session.scalars(select(MessageReveal.user_id)).all() == [door.company["admin"].user_id]
    assert PHONE not in admin.get(path).text
    assert browsers["site"].get(path).status_code == 403


@pytest.mark.both_engines  # a list whose filters each engine answers by itself
def test_the_list_tells_state_copies_and_ticket_and_the_filter_holds(door: Door, browsers, db_session) -> None:
    for _time in range(3):
        door.push(issue("W1"))
    door.push(issue("W1", description="anders"))
    door.push(later("W9"), "WORK_ORDER_URGE")
    page = browsers["admin"].get("/admin/messages").text
    assert re.search(r'data-label="重复次数">2<', page)
    assert "与先前消息冲突" in page and "等待所属工单" in page
    only = browsers["admin"].get("/admin/messages?state=waiting&connection=demo").text
    assert re.search(r">\s*W9\b", only) and not re.search(r">\s*W1\b", only)  # a token may hold the same two letters
    assert browsers["admin"].get("/admin/messages?state=nonsense&connection=nowhere&before=9999999999999999999999").status_code == 200  # fmt: skip


def test_a_code_without_a_map_is_counted_until_it_has_one(door: Door, browsers, db_session) -> None:
    for code in ("W1", "W2"):
        door.push(issue(code, category_code="C-77"))
    door.push(issue("W3"))
    db_session.rollback()
    assert [(row.code, row.n) for row in db_session.scalars(select(UnmappedCode))] == [("C-77", 2)]
    assert "C-77" in browsers["admin"].get("/admin").text
    browsers["admin"].form("/admin/connections/demo", **{**PATHS, "category_map": "C-77 = LOCKER"})
    assert "C-77" not in browsers["admin"].get("/admin").text


@pytest.mark.parametrize(
    ("text", "digest", "said"),
    [
        ("hello", signature(b"hello", "demo-secret"), "签名正确"),
        ("hello", signature(b"hello", "old"), "另一个"),
        ("hello", signature(b"hello", "other"), "签不出"),
        ("hello", signature(b"hello\n", "demo-secret"), "行尾"),
        ("投诉", signature("投诉".encode("gbk"), "demo-secret"), "字符集"),
        ('{"a": 1}', signature(b'{"a":1}', "demo-secret"), "重新排版"),
    ],
)
def test_the_signature_tester_names_the_slip_and_never_the_signature(
    door: Door, browsers, db_session, text: str, digest: str, said: str
) -> None:
    row = db_session.scalars(select(Connection)).one()
    row.secrets = ["demo-secret", "old"]
    db_session.commit()
    page = browsers["admin"].form("/admin/signature", connection="demo", text=text, digest=digest).text
    assert said in page
    assert "demo-secret" not in page and (
        digest == (right := signature(text.encode(), "demo-secret")) or right not in page
    )


def test_a_connection_that_nobody_speaks_is_shown_and_tests_no_signature(door: Door, browsers) -> None:
    door.connect("old", driver="import")
    assert browsers["admin"].get("/admin/connections/old").status_code == 200
    answer = browsers["admin"].form("/admin/signature", connection="old", text="x", digest="x")
    assert answer.status_code == 422 and 'id="connection-error"' in answer.text
    door.connect("asked", driver="pdd")
    assert door.push(issue("W1"), connection="asked").status_code == 404


def test_nothing_typed_is_told_beside_the_fields(browsers) -> None:
    answer = browsers["admin"].form("/admin/signature", connection="demo", text="", digest="")
    assert answer.status_code == 422 and 'id="text-error"' in answer.text and 'id="digest-error"' in answer.text


# --- an answer at risk ---


def answered(door: Door, db_session: Any, url: str, hours: float) -> str:
    """A ticket whose answer waits to leave, and whose platform's deadline is so many hours away."""
    row = db_session.scalars(select(Connection)).one()
    row.callback_url = url
    db_session.commit()
    until = f"{(NOON + timedelta(hours=8 + hours)):%Y-%m-%d %H:%M:%S}"
    door.push(issue("W1", work_order_task={"task_id": "T1", "task_expire_time": until}))
    number = db_session.scalars(select(Ticket.number)).one()
    replies.result(
        actor=door.company["site"], post=post(number), answer=ResultIn("已处理", "reached_accepts"), now=NOON
    )  # fmt: skip
    return str(number)


@pytest.mark.parametrize(("hours", "risky"), [(1.5, True), (2.5, False)])
def test_a_failing_answer_near_the_platforms_deadline_says_so_on_the_ticket_and_in_the_list(
    door: Door, browsers, db_session, hours: float, risky: bool
) -> None:
    with platform() as there:
        there.answer = reply(503, b"")
        number = answered(door, db_session, there.url, hours)
        assert "有超时风险" not in browsers["site"].get(f"/tickets/{number}").text
        sends.deliver_due()
        assert ("有超时风险" in browsers["site"].get(f"/tickets/{number}").text) is risky
        for who, sees in (("admin", True), ("lcs", True), ("lcs-2", False)):
            assert (number in browsers[who].get("/callbacks?state=at_risk").text) is (risky and sees), who
        while door.now[0] < NOON + timedelta(hours=hours):
            door.now[0] += timedelta(minutes=15)
            browsers["lcs"].get("/callbacks")  # who works is not signed out
        assert number in browsers["lcs"].get("/callbacks?state=at_risk").text  # time alone brings it there
        there.answer = reply(200, {"success": True})
        sends.deliver_due()
        db_session.rollback()
        assert db_session.scalars(select(Outbox.risk_at).where(Outbox.kind == "callback")).all() == [None]
        assert number not in browsers["lcs"].get("/callbacks?state=at_risk").text


def test_a_refused_answer_is_at_risk_until_the_next_one_is_on_its_way(door: Door, browsers, db_session) -> None:
    with platform() as there:
        there.answer = reply(200, {"success": False, "error_code": "E7", "error_msg": "缺少签收人"})
        number = answered(door, db_session, there.url, 1)
        sends.deliver_due()
        page = browsers["lcs"].get("/callbacks?state=at_risk").text
        assert number in page and "缺少签收人" in page
        replies.result(
            actor=door.company["site"], post=post(number), answer=ResultIn("补充签收人", "reached_accepts"), now=NOON
        )  # fmt: skip
        assert number not in browsers["lcs"].get("/callbacks?state=at_risk").text


def test_a_cancelled_orders_answer_is_at_risk_no_more(door: Door, browsers, db_session) -> None:
    with platform() as there:
        there.answer = reply(503, b"")
        number = answered(door, db_session, there.url, 1)
        sends.deliver_due()
        door.push(later("W1"), "WORK_ORDER_CANCEL")
        assert number not in browsers["lcs"].get("/callbacks?state=at_risk").text
        db_session.rollback()
        assert db_session.scalars(select(PlatformOrder.verdict)).one() == "cancelled"
        assert envelope(b"x")
