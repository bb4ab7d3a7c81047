"""Every way of changing history is found: edit, delete, insert, reorder, truncation; deleting a text is not one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Event, FreeText, Seal, Ticket
from app.models.ids import drawn_before, new_id
from app.services import chain, replies, seals
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket


@pytest.fixture
def number(cast: Cast, db_session) -> str:
    """A ticket with a history, sealed."""
    made = push(cast, "W1")
    push(cast, "W2")
    replies.claim(actor=cast["site"], post=post(made), now=NOON)
    replies.note(actor=cast["site"], post=post(made), text="电话核实", now=NOON)
    seals.run(NOON, behind=0)
    return made


def faults(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    return [(one.what, one.where) for one in chain.verify(session).faults]


def entries(session: Session, number: str) -> list[Event]:
    rows = select(Event).join(Ticket, Ticket.id == Event.ticket_id).where(Ticket.number == number)
    return list(session.scalars(rows.order_by(Event.seq)))


def test_what_nobody_touched_is_whole(cast: Cast, db_session, number: str, app) -> None:
    report = chain.verify(db_session)
    assert report.whole and (report.tickets, report.seals, report.unsealed) == (2, 1, 0)
    assert report.events == len(list(db_session.scalars(select(Event.id))))
    db_session.rollback()
    told = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert told.exit_code == 0 and told.stdout.strip().endswith("0 not sealed yet: whole")


def _edit(session: Session, line: list[Event]) -> None:
    session.execute(update(Event).where(Event.id == line[2].id).values(data={"kind": "resolve"}))


def _another_author(session: Session, line: list[Event]) -> None:
    session.execute(update(Event).where(Event.id == line[-1].id).values(actor_id=1))


def _delete(session: Session, line: list[Event]) -> None:
    session.execute(delete(Event).where(Event.id == line[2].id))


def _insert(session: Session, line: list[Event]) -> None:
    copy = {c.name: getattr(line[-1], c.name) for c in Event.__table__.columns}
    session.execute(insert(Event).values(**copy | {"id": new_id(), "seq": line[-1].seq + 1}))


def _reorder(session: Session, line: list[Event]) -> None:
    one, other = (line[2].id, line[2].seq), (line[3].id, line[3].seq)
    for event_id, seq in ((one[0], 10_000), (other[0], one[1]), (one[0], other[1])):
        session.execute(update(Event).where(Event.id == event_id).values(seq=seq))


def _truncate(session: Session, line: list[Event]) -> None:
    session.execute(delete(Event).where(Event.id == line[-1].id))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (_edit, "edited"), (_another_author, "edited"), (_delete, "missing"), (_insert, "edited"),
        (_reorder, "edited"), (_truncate, "truncated"),
    ],
)  # fmt: skip
def test_each_change_is_found(
    cast: Cast, db_session, number: str, app, change: Callable[[Session, list[Event]], None], what: str
) -> None:
    line = entries(db_session, number)
    with write() as session:
        change(session, line)
    assert (what, number) in faults(db_session)
    db_session.rollback()
    told = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert told.exit_code == 1 and f"{what}: ticket {number}" in told.stdout


def test_a_truncation_that_also_mends_the_ticket_is_found_by_the_seal(cast: Cast, db_session, number: str) -> None:
    last, before = entries(db_session, number)[-1], entries(db_session, number)[-2]
    with write() as session:
        session.execute(delete(Event).where(Event.id == last.id))
        mended = update(Ticket).where(Ticket.number == number)
        session.execute(mended.values(version=before.seq, last_hash=before.hash))
    assert faults(db_session) == [("seal", "1")]


def test_a_changed_text_is_found_and_a_deleted_one_keeps_the_log_whole(cast: Cast, db_session, number: str) -> None:
    note = entries(db_session, number)[-1]
    with write() as session:
        session.execute(update(FreeText).where(FreeText.id == note.text_id).values(body={"text": "没有这回事"}))
    assert faults(db_session) == [("text", number)]
    with write() as session:
        session.execute(delete(FreeText).where(FreeText.id == note.text_id))
    assert faults(db_session) == []


def test_seals_are_chained_to_each_other(cast: Cast, db_session, number: str) -> None:
    for code in ("W3", "W4"):
        push(cast, code)
        seals.run(NOON + timedelta(minutes=1), behind=0)
    assert chain.verify(db_session).seals == 3
    with write() as session:
        session.execute(delete(Seal).where(Seal.id == 2))
    assert ("seal", "3") in faults(db_session)


def test_a_minute_without_events_needs_no_seal_and_two_schedulers_make_one(cast: Cast, db_session, number: str) -> None:
    assert seals.run(NOON, behind=0) == 0
    push(cast, "W3")
    assert seals.run(NOON, behind=3600) == 0  # too young: a machine's clock may lag behind
    assert seals.run(NOON, behind=0) > 0 and seals.run(NOON, behind=0) == 0
    assert drawn_before(time.time() + 1) > new_id() > drawn_before(time.time() - 1)


@pytest.mark.postgresql_only
def test_an_event_of_a_transaction_that_is_still_open_is_not_passed_over(cast: Cast, db_session, number: str) -> None:
    with Session(db.engine) as slow:
        row = slow.scalars(select(Ticket).where(Ticket.number == number).with_for_update()).one()
        held = new_id()
        push(cast, "W3")  # ids drawn after `held`, committed before it
        assert seals.run(NOON, behind=0) == 0
        last = entries(db_session, number)[-1]
        copy = {c.name: getattr(last, c.name) for c in Event.__table__.columns}
        slow.execute(insert(Event).values(**copy | {"id": held, "ticket_id": row.id, "seq": last.seq + 1}))
        slow.commit()
    db_session.rollback()
    seals.run(NOON, behind=0)
    sealed = [row.events for row in db_session.scalars(select(Seal).order_by(Seal.id))]
    assert sum(sealed) == len(list(db_session.scalars(select(Event.id))))
    assert ("seal", "2") not in faults(db_session)
    assert ticket(db_session, number).version < last.seq + 1
