"""The hand-over of a shift: whose tickets, in which order, and the note for the next shift."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import Invalid, NotFound
from app.services import handover, helping, replies, sweep
from app.services.replies import PromiseIn, ResultIn
from tests.cast import NOON, Cast, post, push

MIN = timedelta(minutes=1)


def numbers(session: Any, actor: Any, *, every: bool = True) -> list[str]:
    session.rollback()
    return [line.ticket.number for line in handover.listing(session, actor, NOON, every=every).lines]


def test_each_desk_hands_over_its_own_tickets_the_most_pressing_first(cast: Cast, db_session: Any) -> None:
    later, own = push(cast, "W2", now=NOON), push(cast, "W1", now=NOON - 5 * MIN)
    sibling, far = (
        push(cast, "W3", site="330108-01", now=NOON + MIN),
        push(cast, "W4", site="440305-01", now=NOON + 2 * MIN),
    )
    assert numbers(db_session, cast["site"]) == [own, later]
    assert numbers(db_session, cast["lcs"]) == [own, later, sibling]
    assert numbers(db_session, cast["lcs-2"]) == [far]
    assert numbers(db_session, cast["ccs"]) == [own, later, sibling, far]
    with pytest.raises(NotFound):
        numbers(db_session, cast["admin"])


def test_superiors_see_what_waits_for_them_unless_they_ask_for_all(cast: Cast, db_session: Any) -> None:
    push(cast, "W1")
    asked = push(cast, "W2")
    helping.ask_help(actor=cast["site"], post=post(asked), text="车坏了", now=NOON)
    assert numbers(db_session, cast["lcs"], every=False) == [asked]


def test_a_line_says_what_is_promised_who_owns_it_and_what_was_said_last(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    promises = [PromiseIn("redelivery", NOON + 90 * MIN), PromiseIn("call_back", NOON + 30 * MIN)]
    answer = ResultIn("今天重新派送", "reached_accepts", promises=promises)
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    replies.note(actor=cast["lcs"], post=post(number), text="客户电话 13812345678", now=NOON + MIN)
    (line,) = handover.listing(db_session, cast["site"], NOON + 2 * MIN, every=True).lines
    assert (line.owner, line.promise and line.promise.what, line.group) == ("site", "call_back", "waiting")
    assert (line.last_type, line.last_text, line.last_at) == ("note", "客户电话 13812345678", NOON + MIN)


def test_the_list_is_cut_and_says_so(cast: Cast, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "ROWS", 2)
    pushed = [push(cast, f"W{n}", now=NOON + n * MIN) for n in range(3)]
    found = handover.listing(db_session, cast["site"], NOON, every=True)
    assert ([line.ticket.number for line in found.lines], found.more) == (pushed[:2], True)
    monkeypatch.setattr(handover, "ROWS", 3)
    assert not handover.listing(db_session, cast["site"], NOON, every=True).more


def test_a_note_waits_for_a_colleague_at_the_same_desk_and_is_read_once(cast: Cast, db_session: Any) -> None:
    note_id = handover.leave_note(actor=cast["site"], text="驿站晚上 9 点关门", now=NOON)
    shown = {
        name: [note.id for note, _by in handover.unread(db_session, cast[name])]
        for name in ("site", "site-manager", "site-2", "lcs", "ccs")
    }
    assert shown == {"site": [], "site-manager": [note_id], "site-2": [], "lcs": [], "ccs": []}
    for name in ("site", "site-2", "lcs"):
        with pytest.raises(NotFound):
            handover.read_note(actor=cast[name], note_id=note_id, now=NOON)
    handover.read_note(actor=cast["site-manager"], note_id=note_id, now=NOON + MIN)
    assert handover.unread(db_session, cast["site-manager"]) == []
    day = timedelta(days=1)
    assert [note.read_at for note, _by in handover.latest(db_session, cast["site"], NOON + day - MIN)] == [NOON + MIN]
    assert handover.latest(db_session, cast["site"], NOON + day) == []


def test_an_empty_note_is_refused(cast: Cast) -> None:
    with pytest.raises(Invalid):
        handover.leave_note(actor=cast["site"], text="  ", now=NOON)


def test_a_broken_promise_is_marked_and_shows_the_time_that_is_really_left(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    answer = ResultIn("今天重新派送", "reached_accepts", promises=[PromiseIn("redelivery", NOON + 90 * MIN)])
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    sweep.run(db_session, NOON + 91 * MIN)
    (line,) = handover.listing(db_session, cast["site"], NOON + 92 * MIN, every=True).lines
    assert line.broken and line.due_at == NOON + 91 * MIN + timedelta(hours=12)
