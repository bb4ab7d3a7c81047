"""A result is written by one statement on PostgreSQL, and nothing differs from one that is written table by table."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.models import Clock, Counter, Event, FreeText, Organisation, Outbox, Promise, Submission, Ticket, WorkItem
from app.services import cases, replies, search_index, work
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.transaction import write
from bench.statements import counted, written_down
from tests.cast import NOON, Cast, post, push, ticket

LATER = NOON + timedelta(minutes=9)
PROMISE = PromiseIn("redelivery", LATER + timedelta(hours=20), "")
LETTERS = str.maketrans("0123456789", "abcdefghij")  # digits would be masked
WAYBILLS = {"one": "YT1000000004321", "many": "YT2000000004321"}
ANSWERS = {
    "plain": ResultIn(text="已当面交给本人", contact_outcome="reached_accepts"),
    "with quotes": ResultIn(text='他说 "好" 100% \\ %(id)s', contact_outcome="reached_accepts"),
    "with a promise": ResultIn(text="明天再派", contact_outcome="reached_accepts", promises=[PROMISE]),
}


def before(cast: Cast, number: str, claimed: bool) -> None:
    if claimed:
        replies.claim(actor=cast["site"], post=post(number), now=NOON + timedelta(minutes=2))
    replies.note(actor=cast["site"], post=post(number), text="先记一笔", now=NOON + timedelta(minutes=3))


def picture(session: Any, number: str) -> dict[str, Any]:
    """All that was written of a ticket, but for ids, hashes and tokens."""
    own = ticket(session, number)

    def rows(table: Any, *names: str) -> Tally[Any]:
        found = session.execute(select(*(getattr(table, name) for name in names)).where(table.ticket_id == own.id))
        return Tally(tuple(str(one).replace(own.waybill, "its waybill") for one in row) for row in found)

    asked = {"ticket_id": own.id}
    document = session.execute(
        text("SELECT terms::text, rank FROM search_document WHERE ticket_id = :ticket_id"), asked
    )
    ((terms, rank),) = document
    found = {
        "ticket": [getattr(own, name) for name in (
            "state", "queue", "owner_id", "version", "activity_at", "first_reply_at", "result_at", "next_due_at",
            "next_clock", "open_promises", "overdue")],
        "clocks": rows(Clock, "kind", "run", "state", "stopped_at", "stopped_by_id", "due_at", "next_stage_at"),
        "events": rows(Event, "seq", "type", "at", "actor_id"), "texts": rows(FreeText, "body"),
        "work": rows(WorkItem, "scope", "queue", "due_at", "activity_at", "turn", "overdue", "state", "owner_id"),
        "promises": rows(Promise, "what", "due_at", "state"), "outgoing": rows(Outbox, "kind", "state", "next_try_at"),
        "sent": rows(Submission, "at", "form"), "words": terms.replace(number.split("-")[1].lower(), ""),
        "rank": (rank == own.search_rank, rank >> 22),
    }  # fmt: skip
    session.rollback()
    return found


def counters(session: Any) -> dict[Any, int]:
    found = {(row.scope, row.queue): row.n for row in session.scalars(select(Counter))}
    session.rollback()
    return found


def moved(first: dict[Any, int], then: dict[Any, int]) -> dict[Any, int]:
    return {
        key: then.get(key, 0) - first.get(key, 0)
        for key in first.keys() | then.keys()
        if then.get(key) != first.get(key)
    }


@pytest.mark.postgresql_only
@pytest.mark.parametrize("claimed", [False, True], ids=["unclaimed", "claimed"])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_what_one_statement_leaves_is_what_many_leave(cast: Cast, db_session, monkeypatch, answer, claimed) -> None:
    left, changed = {}, {}
    for way, as_read in (("one", work._as_read), ("many", lambda *_: False)):
        number = push(cast, way, waybill=WAYBILLS[way])
        before(cast, number, claimed)
        first = counters(db_session)
        monkeypatch.setattr(work, "_as_read", as_read)
        replies.result(actor=cast["site"], post=post(number, f"key-{way}"), answer=answer, now=LATER)
        left[way], changed[way] = picture(db_session, number), moved(first, counters(db_session))
    assert left["one"] == left["many"] and changed["one"] == changed["many"]
    assert all(left["one"][part] for part in ("clocks", "events", "texts", "work", "outgoing", "sent", "words"))
    assert bool(answer.promises) == bool(left["one"]["promises"])


@pytest.mark.postgresql_only
def test_a_result_takes_five_statements_at_most(cast: Cast, db_session, database) -> None:
    for n in range(2):  # the first one reads policies and calendars, too
        number = push(cast, f"W{n}")
        db_session.rollback()
        with written_down(database.engine) as said:
            replies.result(actor=cast["site"], post=post(number, f"k{n}"), answer=ANSWERS["plain"], now=LATER)
    assert counted(said) <= 5, [one[0][:60] for one in said]


def test_a_result_that_fails_at_its_end_leaves_nothing(cast: Cast, db_session, monkeypatch) -> None:
    number = push(cast)
    unchanged = ticket(db_session, number).version
    real = work._count
    monkeypatch.setattr(work, "_count", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        replies.result(actor=cast["site"], post=post(number, "k"), answer=ANSWERS["plain"], now=LATER)
    monkeypatch.setattr(work, "_count", real)
    assert ticket(db_session, number).version == unchanged
    replies.result(actor=cast["site"], post=post(number, "k"), answer=ANSWERS["plain"], now=LATER)
    db_session.rollback()
    assert db_session.scalar(select(Ticket.state).where(Ticket.number == number)) == "replied"
    kinds = db_session.scalars(select(Event.type).join(Ticket, Ticket.id == Event.ticket_id)).all()
    assert Tally(kinds)["result"] == 1


@pytest.mark.postgresql_only
def test_who_becomes_a_party_before_the_work_items_are_renewed_has_one(cast: Cast, db_session, monkeypatch) -> None:
    number, other = push(cast), cast.places["330108-01"]
    real = replies._record_result

    def admitting(session, ticket, *told):
        cases.admit(session, ticket, session.get_one(Organisation, other), "party", LATER)
        session.flush()
        return real(session, ticket, *told)

    monkeypatch.setattr(replies, "_record_result", admitting)
    replies.result(actor=cast["site"], post=post(number, "k"), answer=ANSWERS["plain"], now=LATER)
    own = ticket(db_session, number).id
    assert other in db_session.scalars(select(WorkItem.scope).where(WorkItem.ticket_id == own)).all()


def test_a_document_that_waits_for_the_end_grows_no_further_than_one_that_does_not(cast: Cast, db_session) -> None:
    """PostgreSQL refuses one of more than a megabyte, and with it the message that brought it."""
    number = push(cast)
    with write() as session:
        own = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        for n in range(60):
            words = " ".join(f"word{n}at{at}".translate(LETTERS).rjust(20, "x") for at in range(2000))
            search_index.note(session, own, "note", {"text": words}, LATER)
    db_session.rollback()
