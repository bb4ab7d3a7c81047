"""The web process is killed at every point between what comes in and its answer; whoever asked asks again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock, failpoints
from app.failpoints import POINTS
from app.models import Clock, Event, Inbox, Outbox, PlatformOrder, PushKey, SmsReceipt, Submission, Ticket
from tests.cast import NOON, Cast, assemble
from tests.cast import push as push_in
from tests.failing import die_everywhere
from tests.services.sms_portal import TOKEN, VENDORS, Portal, there_fixture  # noqa: F401
from tests.web.pushing import Door, issue, later
from tests.web.stage import Stage

# What a process that is killed leaves behind is the engine's to take back.
pytestmark = [pytest.mark.both_engines, pytest.mark.thorough]

ROOT = Path(__file__).resolve().parents[2]
WRITES = ("write.begin", "write.begun", "write.commit", "write.committed")


@pytest.fixture
def company(database: Any, monkeypatch: Any) -> Cast:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    monkeypatch.setattr("tests.web.stage.NOW", NOON)
    return assemble()


@pytest.fixture
def names() -> Iterator[str]:
    return (f"W{n}" for n in count(1))


def many(session: Any, table: Any, *conditions: Any) -> int:
    session.rollback()
    return int(session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)


def of_order(session: Any, code: str) -> list[int]:
    """What there is of one order: itself, its keys, its messages, the entries and waiting clocks of its ticket."""
    session.rollback()
    ticket = session.scalars(select(PlatformOrder.ticket_id).where(PlatformOrder.code == code)).one()
    return [
        many(session, PushKey, PushKey.order_code == code), many(session, Inbox, Inbox.order_code == code),
        many(session, Event, Event.ticket_id == ticket), many(session, Clock, Clock.ticket_id == ticket),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["ISSUE", "URGE", "REPEAT", "CANCEL"])
def test_a_push_that_died_anywhere_is_taken_once_when_the_platform_repeats_it(app, company, db_session, names, kind):
    door = Door(app, company, [NOON])

    def fresh() -> str:
        name = next(names)
        if kind != "ISSUE":
            door.push(issue(name))
        return name

    def push(name: str) -> None:
        body = issue(name) if kind == "ISSUE" else later(name)
        assert door.push(body, f"WORK_ORDER_{kind}").json["success"]

    spared = fresh()
    push(spared)
    wanted = of_order(db_session, spared)

    def check(name: str) -> None:
        assert of_order(db_session, name) == wanted

    assert die_everywhere(fresh, push, check) == {"push.believed", "push.taken", *WRITES}
    assert many(db_session, Ticket) == many(db_session, PlatformOrder)


def test_an_answer_that_died_anywhere_is_stored_once_when_the_browser_sends_it_again(app, company, db_session, names):
    stage = Stage(app, company)
    browser = stage.browser("site")

    def fresh() -> str:
        return push_in(company, next(names))

    def send(number: str) -> None:
        form = {
            "csrf_token": stage.csrf, "submission_key": f"key-{number}", "text": "已联系客户并送达", "confirmed": "1",
            "contact_outcome": "reached_accepts", "finding_signed_by": "本人", "finding_action_taken": "redelivered",
        }  # fmt: skip
        assert browser.post(f"/tickets/{number}/result", data=form).status_code == 303

    def check(number: str) -> None:
        row = db_session.scalars(select(Ticket).where(Ticket.number == number)).one()
        assert (
            row.state == "replied" and many(db_session, Event, Event.ticket_id == row.id, Event.type == "result") == 1
        )
        assert many(db_session, Outbox, Outbox.ticket_id == row.id, Outbox.kind == "callback") == 1
        assert many(db_session, Submission, Submission.key == f"key-{number}") == 1

    died = die_everywhere(fresh, send, check)
    assert {"post.begun", "post.stored", "post.rung", *WRITES} <= died


@pytest.mark.parametrize("vendor", VENDORS)
def test_receipts_that_died_anywhere_are_booked_once_when_the_gateway_repeats_them(
    app, company, db_session, there, vendor
):
    portal = Portal(app, company, there, db_session)
    there.now = lambda: NOON
    portal.use(vendor)
    turn = count(1)

    def fresh() -> bytes:
        row_id = portal.reminder(next(turn))
        assert portal.deliver(row_id) == "sent"
        there.report()
        return there.push_body(vendor)

    def send(body: bytes) -> None:
        assert app.test_client().post(f"/sms/receipts/{vendor}/{TOKEN}", data=body).status_code == 200

    def check(body: bytes) -> None:
        assert many(db_session, SmsReceipt) == len(there.accepted)

    assert die_everywhere(fresh, send, check) == {"receipt.believed", "receipt.taken", *WRITES}


# --- the list of points ---


def test_every_point_is_on_the_list_and_every_name_of_the_list_is_a_point():
    files = (file.read_text() for file in (ROOT / "app").rglob("*.py"))
    called = [name for text in files for name in re.findall(r'failpoints\.reach\("([a-z.]+)"\)', text)]  # fmt: skip
    assert sorted(called) == sorted(POINTS)


def test_nothing_of_the_portal_arms_a_point():
    ours = [ROOT / "wsgi.py", ROOT / "worker.py", *(ROOT / "app").rglob("*.py"), *(ROOT / "launcher").rglob("*.py")]
    assert [file.name for file in ours if "armed" in file.read_text() and file.name != "failpoints.py"] == []
    assert failpoints._hook is None
