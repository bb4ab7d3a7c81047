"""Signed messages whose every field is hostile: read or refused, stored whole or not at all, and never an error inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.integrations.platform import link
from app.integrations.platform.driver import Wire
from app.integrations.platform.errors import MessageError
from app.integrations.platform.link import signature
from app.models import Category, Event, FreeText, Inbox, PlatformOrder, PushKey, Scan, Ticket
from app.services.transaction import write
from tests.cast import NOON, begin
from tests.web.door import door as signed_in
from tests.web.pushing import SECRET, Door, issue, later

# NUL, numbers out of range and times far away: PostgreSQL refuses what SQLite takes.
pytestmark = pytest.mark.both_engines

LONG = "长" * 2_000
TEXTS = (
    "", " ", "\x00", "\x01\x1b[31m", "\u202e\u200b\ufeff", "\ud800", "\U0010ffff", "\r\nX-Evil: 1", "=1+1", LONG, "'\";--",
    "-9223372036854775808", "9223372036854775807", "1" * 400, "²", "٣", "NaN", "null", "[]", '{"item": [1]}', "{", "[1,",
)  # fmt: skip
TIMES = (
    "0001-01-01 00:00:00", "9999-12-31 23:59:59", "9999-12-31 24:00:00", "2100-12-31 23:59:59", "2000-01-01 08:00:01",
    "2026-02-30 00:00:00", "9999999999", "9999999999999", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-11-18T00:00:00+99:99", "2026-W47-3", "24:00:00",
)  # fmt: skip
ODD = (None, True, False, 0, -1, 2**63 - 1, -(2**63) + 1, 2**63, 10**400, 1.5, 1e308, 5e-324, [], {}, [[]], [None],
       {"a": None}, [{"url": None}, 7, "x", ["y"]], {"item": "x"}, {"": ""}, [1] * 500)  # fmt: skip
RAW = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-0",
    "1" * 5000,
    "[" * 60 + "]" * 60,
    '"\\ud800"',
    '"\\u0000"',
    '{"a":1,"a":2}',
)
HOSTILE = (*TEXTS, *TIMES, *ODD)
KEPT = (Inbox, PushKey, Ticket, Event, FreeText, PlatformOrder, Scan)
MARK = "here-stands-the-hostile-value"


@pytest.fixture
def door(app: Any, database: Any, monkeypatch: pytest.MonkeyPatch) -> Door:
    company = begin()
    with write() as session:
        for code in ("PARCEL_QUERY", "ORDER"):
            session.add(Category(code=code, name=code, name_en=code, kind="expedite", position=0))
    monkeypatch.setattr(clock, "now", lambda: NOON)
    return Door(app, company, [NOON])


def spoilt(body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The body with each hostile value in the place of each of its fields, one at a time; inner ones included."""
    for path in paths(body):
        for value in HOSTILE:
            yield f"{path} {str(value)[:40]!r}", json.dumps(put(body, path, value)).encode()
        for raw in RAW:
            yield f"{path} {raw[:40]}", json.dumps(put(body, path, MARK)).replace(f'"{MARK}"', raw).encode()


def everywhere(body: Any, value: Any, keep: tuple[str, ...] = ()) -> Any:
    """The body with one hostile value in every field at once, but for those that are kept."""
    if isinstance(body, dict):
        return {name: old if name in keep else everywhere(old, value, keep) for name, old in body.items()}
    return [everywhere(item, value, keep) for item in body] if isinstance(body, list) else value


def paths(body: dict[str, Any]) -> Iterator[tuple[str | int, ...]]:
    for name, value in body.items():
        yield (name,)
        if isinstance(value, list):
            yield (name, 0)
        inner = value[0] if isinstance(value, list) else value
        start = (name, 0) if isinstance(value, list) else (name,)
        yield from ((*start, *rest) for rest in (paths(inner) if isinstance(inner, dict) else ()))


def put(body: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    made = json.loads(json.dumps(body))
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return made


def counts(session: Any) -> dict[str, int]:
    session.rollback()
    return {table.__name__: session.scalar(select(func.count()).select_from(table)) for table in KEPT}


def whole(session: Any, before: dict[str, int], answer: Any, told: str) -> dict[str, int]:
    """Refused leaves at most the message itself aside; taken is taken."""
    assert answer.status_code in (200, 400, 409), (told, answer.status_code)
    after = counts(session)
    if answer.status_code != 200:
        grown = {name for name, n in after.items() if n != before[name]}
        assert grown <= {"Inbox"} and after["Inbox"] <= before["Inbox"] + 1, told
    return after


FULL = json.loads(issue("W1")) | {
    "category": "x", "scenario_code": "1", "priority": 1, "biz_order_code": "B", "customer_type": "sender",
    "customer_name": "王", "start_time": "2026-11-18 12:00:00", "expire_time": "2026-11-20 12:00:00", "status": "1",
    "attachments": [{"url": "https://x.example/1.jpg", "name": "1.jpg", "expire_time": "2026-11-20 12:00:00"}],
    "goods_infos": [{"name": "a"}],
}  # fmt: skip
FULL["work_order_task"] |= {
    "task_start_time": "2026-11-18 12:00:00", "task_expire_time": "2026-11-20 12:00:00", "task_status": "1",
    "description": "x", "structural_replys": [{"reply_value": "A", "reply_label": "甲", "operate_type": "A",
    "reply_supplement": [{"field_name": "f", "field_label": "F", "field_type": "select", "require": True,
                          "field_value": ["1"]}]}],
}  # fmt: skip
FULL["extension"] |= {"sender_name": "李", "sender_phone": "13900000000", "sender_address": "x", "customer_phone": "1"}
LATER = json.loads(later("W0", task_id="T", extension={"a": "b"}))
SCANS = {"scans": [{"mail_no": "YT1234567890123", "scan_type": "SIGN", "scan_time": "2026-11-18 11:00:00",
                    "site_code": "330106-01", "courier": "赵", "note": "门口"}]}  # fmt: skip
ASKED = {
    "id": "m-1", "type": "parcel_query", "waybill": "YT1234567890123", "order_code": "O1", "channel": "wechat",
    "name": "王小明", "phone": "13812345678", "address": "杭州", "site_code": "330106-01", "text": "到哪了",
    "promised_by": "2026-11-18 18:00:00", "ordered_at": "2026-11-17 18:00:00",
}  # fmt: skip


READ = [(link.ISSUE, FULL), ("WORK_ORDER_REJECT", LATER), (link.SCANS, SCANS)]


@pytest.mark.engine_free  # it is the reading alone, before anything is stored
@pytest.mark.parametrize(("kind", "body"), READ, ids=[kind for kind, _body in READ])
def test_each_hostile_field_is_read_or_refused_by_name(kind: str, body: dict[str, Any]) -> None:
    for _told, raw in spoilt(body):
        with suppress(MessageError):
            link.read(kind, raw, Wire())


@pytest.mark.parametrize("value", [*TEXTS, *TIMES], ids=lambda value: ascii(value)[:30])
def test_a_message_full_of_one_hostile_text_is_stored_whole_or_refused(door: Door, db_session: Any, value: str) -> None:
    assert door.push(issue("W0")).status_code == 200
    now = counts(db_session)
    for kind, body, keep in (
        (link.ISSUE, FULL, ("work_order_code", "start_time", "expire_time", "task_start_time", "task_expire_time")),
        ("WORK_ORDER_REJECT", LATER, ("work_order_code", "event_time")),
        ("WORK_ORDER_URGE", LATER, ("work_order_code", "event_time", "event_id")),
        (link.SCANS, SCANS, ("mail_no", "scan_time")), (link.SCANS, SCANS, ("mail_no",)),
        (link.SCANS, {"scans": [*SCANS["scans"], {**SCANS["scans"][0], "mail_no": value}]}, ("scan_time",)),
    ):  # fmt: skip
        now = whole(db_session, now, door.push(json.dumps(everywhere(body, value, keep)).encode(), kind), kind)
    for keep in (("id", "type", "channel", "waybill", "promised_by", "ordered_at"), ("id", "type", "channel")):
        raw = json.dumps(everywhere(ASKED, value, keep)).encode()[:65_536]
        answer = door.client.post("/intake/expedite/demo", data=raw, headers={"X-Data-Digest": signature(raw, SECRET)})
        now = whole(db_session, now, answer, "asked")
    browser = signed_in(door.app, door.company, NOON)("ccs")
    for number in db_session.scalars(select(Ticket.number)).all():
        assert browser.get(f"/tickets/{number}").status_code == 200, number


def test_ten_thousand_scans_are_refused_and_one_that_is_none_spoils_all(door: Door, db_session: Any) -> None:
    good = SCANS["scans"][0]
    many = [{**good, "mail_no": f"ZT{n:013d}"} for n in range(10_000)]
    assert door.push(json.dumps({"scans": many}).encode(), link.SCANS).status_code == 413
    bare = [{"mail_no": row["mail_no"], "scan_time": row["scan_time"]} for row in many[:1001]]
    assert door.push(json.dumps({"scans": bare}).encode(), link.SCANS).status_code == 400
    for odd in (None, {}, [], 7, {**good, "scan_time": "9999-12-31 23:59:59"}, {**good, "mail_no": "\u3000"}):
        assert door.push(json.dumps({"scans": [*bare[:500], odd]}).encode(), link.SCANS).status_code == 400
    assert counts(db_session)["Scan"] == 0
    assert door.push(json.dumps({"scans": bare[:1000]}).encode(), link.SCANS).status_code == 200
    assert counts(db_session)["Scan"] == 1000
