"""The platform's door over HTTP: what is believed, what is kept, and that copies and order change nothing."""

from __future__ import annotations

import io
import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.config import Config
from app.models import Event, FreeText, Inbox, Organisation, PlatformOrder, PushKey, PushRefusal, Ticket
from app.services.transaction import write
from tests.cast import NOON, begin
from tests.web.pushing import (
    Door,
    envelope,
    issue,
    later,
    together,
)

# Copies at once meet in the engine's own locks, and a body is kept as its columns take it.
pytestmark = pytest.mark.both_engines

TAKEN = {"success": True, "errorCode": "", "errorMsg": ""}


@pytest.fixture
def door(app, database, monkeypatch) -> Door:
    """The demo connection of a small company at noon; `door.now` moves the clock."""
    company = begin()
    entry = Door(app, company, [NOON])
    monkeypatch.setattr(clock, "now", lambda: entry.now[0])
    return entry


def rows(session: Any, table: Any, *conditions: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(table).where(*conditions))


def stored(session: Any) -> list[int]:
    """How much there is of everything that a message could leave behind, refusal counters aside."""
    return [rows(session, table) for table in (Inbox, PushKey, Ticket, Event, FreeText, PlatformOrder)]


def refusals(session: Any) -> dict[str, int]:
    session.rollback()
    return {row.reason: row.n for row in session.scalars(select(PushRefusal))}


def only_ticket(session: Any) -> Ticket:
    session.rollback()
    return session.scalars(select(Ticket)).one()


# --- copies ---


def test_a_hundred_copies_at_once_make_one_ticket_and_get_a_hundred_equal_answers(door, db_session):
    raw = envelope(issue("W1"))
    answers = together([raw] * 100, door)
    assert [a.json for a in answers] == [TAKEN] * 100
    assert {a.status_code for a in answers} == {200}
    assert [rows(db_session, table) for table in (Ticket, PlatformOrder, PushKey, Inbox)] == [1, 1, 1, 1]
    assert only_ticket(db_session).repeat_count == 0
    many = db_session.scalars(select(Event.type).order_by(Event.id)).all()
    door.push(issue("W2"))
    db_session.rollback()
    assert db_session.scalars(select(Event.type).order_by(Event.id)).all() == many * 2


def test_of_two_bodies_for_one_order_sent_at_once_one_wins_for_all_its_copies(door, db_session):
    bodies = [issue("W1", description=text) for text in ("one", "two")]
    answers = together([envelope(body) for body in bodies * 15], door)
    taken = {body for body, answer in zip(bodies * 15, answers, strict=True) if answer.json["success"]}
    assert len(taken) == 1
    assert sorted(a.status_code for a in answers) == [200] * 15 + [409] * 15
    assert rows(db_session, Ticket) == 1


def test_an_urge_sent_thirty_times_at_once_is_counted_once(door, db_session):
    door.push(issue("W1"))
    answers = together([envelope(later("W1"), "WORK_ORDER_URGE")] * 30, door)
    assert {a.status_code for a in answers} == {200}
    assert only_ticket(db_session).urge_count == 1


def test_the_same_push_a_year_later_is_still_the_same(door, db_session):
    door.push(issue("W1"))
    before = stored(db_session)
    door.now[0] += timedelta(days=365)
    assert door.push(issue("W1")).json == TAKEN
    assert stored(db_session) == before


def test_the_same_order_with_other_content_is_refused_and_both_digests_are_kept(door, db_session):
    door.push(issue("W1"))
    for _ in range(3):
        answer = door.push(issue("W1", description="something else"))
        assert (answer.status_code, answer.json["success"], answer.json["errorCode"]) == (
            409,
            False,
            "SAME_KEY_OTHER_BODY",
        )
    key = db_session.scalars(select(PushKey)).one()
    conflict = db_session.scalars(select(Inbox).where(Inbox.state == "conflict")).one()
    assert key.sha256 in conflict.error and conflict.body == issue("W1", description="something else")
    assert rows(db_session, Ticket) == 1
    assert door.push(issue("W1")).json == TAKEN


@pytest.mark.engine_free  # a limit counts requests, and no database is asked for it
def test_three_hundred_pushes_in_a_row_are_all_taken_by_a_portal_with_its_limits_on(door, engine_url, data_dir):
    from app import create_app

    limited = create_app(Config(database_url=engine_url, secret_key="x" * 32, data_dir=data_dir))
    assert limited.config["RATELIMIT_ENABLED"]
    raw, client = envelope(issue("W1")), limited.test_client()
    assert [client.post("/platform/link/demo", data=raw).status_code for _ in range(300)] == [200] * 300


# --- what is not believed leaves a number only ---


@pytest.mark.parametrize(
    ("raw", "code", "status"),
    [
        (envelope(issue("W1"), secret="wrong"), "BAD_SIGNATURE", 401),
        (envelope(issue("W1"), secret=""), "BAD_SIGNATURE", 401),
        (envelope(issue("W1")).replace(b"data_digest", b"digest"), "BAD_SIGNATURE", 401),
        (envelope(issue("W1")).replace(b"W1", b"W2"), "BAD_SIGNATURE", 401),
        (b"", "MISSING_FIELD", 400),
        (issue("W1"), "MISSING_FIELD", 400),
        (envelope(issue("W1")) + b"&msg_type=WORK_ORDER_CANCEL", "DUPLICATE_FIELD", 400),
        (b"logistics_interface=" + b"x" * 2_000_000, "TOO_LARGE", 413),
        (envelope(issue("W1", description="x" * 1_000_000)), "TOO_LARGE", 413),
    ],
    ids=["wrong", "empty", "missing", "changed", "nothing", "bare", "twice", "2-mb", "signed-1-mb"],
)  # fmt: skip
def test_an_unbelieved_message_is_refused_and_only_counted(door, db_session, raw, code, status):
    for _ in range(2):
        answer = door.client.post("/platform/link/demo", data=raw)
        assert (answer.status_code, answer.json["success"], answer.json["errorCode"]) == (status, False, code)
    assert stored(db_session) == [0] * 6
    assert refusals(db_session) == {code: 2}


def test_a_body_without_a_length_is_read_no_further_than_the_limit(door, db_session):
    stream = io.BytesIO(b"logistics_interface=" + b"x" * 1_900_000)
    answer = door.client.post(
        "/platform/link/demo", input_stream=stream, environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )  # fmt: skip
    assert (answer.status_code, answer.json["errorCode"]) == (413, "TOO_LARGE")
    assert stream.tell() <= 1_100_000
    assert refusals(db_session) == {"TOO_LARGE": 1}


def test_a_packed_body_is_refused_unopened(door, db_session):
    answer = door.client.post("/platform/link/demo", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json["errorCode"]) == (400, "ENCODED_BODY")
    assert stored(db_session) == [0] * 6


@pytest.mark.parametrize("name", ["nobody", "%00", "demo%00", "%F0%9F%92%A9", "x" * 300])
def test_an_unknown_connection_is_refused_in_the_platforms_words(door, db_session, name):
    answer = door.client.post(f"/platform/link/{name}", data=envelope(issue("W1")))
    assert (answer.status_code, answer.json["success"], answer.json["errorCode"]) == (404, False, "UNKNOWN_CONNECTION")
    assert stored(db_session) == [0] * 6


# --- what is believed but cannot be read lies in quarantine ---


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"work_order_code": "W1"', "BAD_JSON"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "TOO_DEEP"),
        (b'{"work_order_code":"W1","work_order_code":"W2"}', "DUPLICATE_KEY"),
        (b'{"work_order_code":"W1","priority":NaN}', "BAD_NUMBER"),
        ('{"work_order_code":"W1","description":"签收"}'.encode("gbk"), "BAD_ENCODING"),
        (b'{"work_order_code":"W1","description":"\\u0000"}', "NUL"),
        (b'{"work_order_code":"W1","description":"\\ud800"}', "LONE_SURROGATE"),
        (b"<request><work_order_code>W1</work_order_code></request>", "XML_NOT_SUPPORTED"),
        (b'{"description":"no order"}', "MISSING_WORK_ORDER_CODE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_signed_message_that_cannot_be_read_is_refused_and_kept_once_however_often_it_comes(
    door, db_session, body, code
):
    for _ in range(3):
        answer = door.push(body)
        assert (answer.status_code, answer.json["success"], answer.json["errorCode"]) == (400, False, code)
    assert stored(db_session) == [1, 0, 0, 0, 0, 0]
    row = db_session.scalars(select(Inbox)).one()
    assert (row.state, row.error.split(":")[0], row.body) == ("quarantined", code.lower(), body)
    assert door.push(issue("W1")).json == TAKEN


def test_an_unknown_kind_of_message_is_refused_and_kept(door, db_session):
    assert door.push(issue("W1"), "WORK_ORDER_DANCE").json["errorCode"] == "UNKNOWN_MSG_TYPE"
    assert db_session.scalars(select(Inbox.state)).one() == "quarantined"


# --- what is taken ---


def test_a_gbk_connection_is_read_in_gbk(door, db_session):
    door.connect("gbk", charset="gbk")
    answer = door.push(issue("W1", "gbk", description="显示签收，没有收到"), connection="gbk")
    assert answer.json == TAKEN
    ticket = only_ticket(db_session)
    assert db_session.get(FreeText, ticket.headline_id).body["text"] == "显示签收，没有收到"
    assert ticket.handling_site_id == door.company.places["330106-01"]


@pytest.mark.parametrize(
    ("changed", "category", "reason"),
    [
        ({"category_code": "BRAND_NEW"}, "OTHER", ""),
        ({"extension": {"site_code": "999999-99"}}, "FALSE_SIGN", "unknown_site"),
        ({"category_code": "新类型" * 60, "extension": {"site_code": "不存在" * 20}}, "OTHER", "unknown_site"),
        ({"extension": {"mail_no": "not a waybill!" * 10, "site_code": "nowhere"}}, "FALSE_SIGN", "unknown_site"),
    ],
)
def test_what_we_do_not_know_is_taken_all_the_same(door, db_session, changed, category, reason):
    assert door.push(issue("W1", **changed)).json == TAKEN
    ticket = only_ticket(db_session)
    assert (ticket.category, ticket.tray_reason) == (category, reason)
    assert (ticket.handling_site_id is None) == (ticket.queue == "tray") == bool(reason)
    received = db_session.scalars(select(Event).where(Event.type == "received")).one()
    assert received.data["raw_category"] == changed.get("category_code", "FALSE_SIGN")[:200]


def test_a_closed_site_without_a_deputy_leaves_the_ticket_in_the_tray_of_its_province(door, db_session):
    with write() as session:
        site = session.get_one(Organisation, door.company.places["330106-01"])
        site.closed_from = NOON.date()
    assert door.push(issue("W1")).json == TAKEN
    ticket = only_ticket(db_session)
    assert (ticket.queue, ticket.province_id) == ("tray", door.company.places["33"])
    assert ticket.tray_reason


# --- order ---

LATER = ("URGE", "REPEAT", "REJECT", "SATISFIED")
ENTRIES = ("urge", "repeat", "reject", "satisfied")


def spelled(minutes: int) -> str:
    """An instant after noon as different platforms write it."""
    at = NOON + timedelta(minutes=minutes)
    shanghai = (at + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")
    return (shanghai, at.isoformat(), shanghai.replace(" ", "T") + "+08:00")[minutes % 3]


def messages(code: str) -> dict[str, bytes]:
    """Five messages of one order, by the end of their type."""
    found = {kind: later(code, event_time=spelled(n + 1), event_id=f"{kind}-1") for n, kind in enumerate(LATER)}
    return {"ISSUE": issue(code), **found}


def pictures(session: Any) -> set[tuple[Any, ...]]:
    """State, counts, verdict and entries of every ticket: one picture where all are alike."""
    session.rollback()
    found = set()
    for order in session.scalars(select(PlatformOrder)).all():
        ticket = session.get_one(Ticket, order.ticket_id)
        types = session.scalars(select(Event.type).where(Event.ticket_id == ticket.id, Event.type.in_(ENTRIES)))
        counts = (ticket.repeat_count, ticket.urge_count, order.rejects, order.verdict)
        found.add((ticket.state, ticket.queue, ticket.priority, *counts, tuple(sorted(types))))
    return found


END = ("replied", "replied", "urgent", 1, 1, 1, "satisfied", ("reject", "repeat", "satisfied", "urge"))


@pytest.mark.thorough
def test_each_message_at_each_place_of_the_line_ends_in_the_same_state(door, db_session):
    """All 120 orders run below HTTP, in test_platform_moves; here 24 in which every message stands everywhere."""
    door.now[0] = NOON + timedelta(hours=1)
    orders = list(itertools.permutations(("ISSUE", *LATER)))[::5]
    assert len({(place, kind) for order in orders for place, kind in enumerate(order)}) == 25
    for n, order in enumerate(orders):
        sent = messages(f"W{n}")
        assert all(door.push(sent[kind], f"WORK_ORDER_{kind}").json == TAKEN for kind in order)
    assert rows(db_session, Ticket) == len(orders)
    assert pictures(db_session) == {END}


def test_five_messages_of_ten_orders_all_at_once_end_in_the_same_state(door, db_session):
    door.now[0] = NOON + timedelta(hours=1)
    sent = [envelope(body, f"WORK_ORDER_{kind}") for n in range(10) for kind, body in messages(f"W{n}").items()]
    assert {a.status_code for a in together(sent, door)} == {200}
    assert rows(db_session, Ticket) == 10
    assert pictures(db_session) == {END}
