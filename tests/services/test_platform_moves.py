"""Messages in any order end in the same state; duplicates change nothing."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.models import Appeal, Clock, Event, Inbox, PushKey, Ticket
from app.services import intake, replies, scorecard_facts
from app.services.intake import Arrival, Conflict
from app.services.replies import ResultIn
from app.services.scorecard_facts import Span
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.soak.crew import size

MESSAGES = ("ISSUE", "URGE", "REPEAT", "REJECT", "SATISFIED")
LATER = NOON + timedelta(hours=1)


def picture(session, number: str) -> tuple:
    """What a clerk sees and an assessor counts of a ticket."""
    row = ticket(session, number)
    types = session.scalars(select(Event.type).where(Event.ticket_id == row.id, Event.type.in_(
        ("urge", "repeat", "reject", "satisfied", "cancelled")
    )))  # fmt: skip
    runs = session.execute(select(Clock.kind, Clock.run, Clock.state).where(Clock.ticket_id == row.id))
    appeals = session.scalars(select(Appeal.ruling).where(Appeal.ticket_id == row.id))
    return (
        row.state, row.queue, row.priority, row.repeat_count, row.urge_count, row.customer_accepted,
        sorted(types), sorted(tuple(run) for run in runs if run[0] != "platform"), sorted(appeals),
    )  # fmt: skip


def play(cast: Cast, session, order: tuple[str, ...], code: str, times: dict[str, int]) -> tuple:
    number = ""
    for kind in order:
        at = NOON + timedelta(minutes=times[kind])
        if kind == "ISSUE":
            number = push(cast, code, now=LATER, waybill=f"YT{code[1:]:0>13}")
        else:
            tell(cast, kind, code, at=at, now=LATER)
    return picture(session, number)


@pytest.mark.thorough
@pytest.mark.engine_free  # what the order means is the rulebook's; both engines play the lines of four below
def test_every_permutation_of_five_messages_ends_in_the_same_state(cast: Cast, db_session) -> None:
    times = {kind: n for n, kind in enumerate(MESSAGES)}
    orders = itertools.permutations(MESSAGES)
    pictures = {play(cast, db_session, order, f"W{n}", times).__repr__() for n, order in enumerate(orders)}
    assert len(pictures) == 1
    assert "'replied'" in pictures.pop()


@pytest.mark.thorough
def test_every_permutation_of_six_messages_ends_in_the_same_state(cast: Cast, db_session) -> None:
    """All 720 with a cancellation by `make soak`; a share of them here, in which each stands at each place.

    A withdrawn ticket is out of every figure; its runs only tell how far it had come when the withdrawal arrived."""
    kinds = (*MESSAGES, "CANCEL")
    times = {kind: n for n, kind in enumerate(kinds)}
    orders = list(itertools.permutations(kinds))[:: size(29, 1)]
    assert len({(place, kind) for order in orders for place, kind in enumerate(order)}) == 36
    seen, runs = set(), set()
    for n, order in enumerate(orders):
        *shown, ran, appeals = play(cast, db_session, order, f"W{n}", times)
        seen.add(repr((shown, len(appeals))))
        runs |= {state for _kind, _run, state in ran}
    assert len(seen) == 1 and "'withdrawn'" in seen.pop()
    assert "running" not in runs
    assert scorecard_facts.month_facts(db_session, Span.of("2026-11", LATER + timedelta(days=30))) == {}


@pytest.mark.thorough
@pytest.mark.sample
def test_at_one_instant_the_rank_decides(cast: Cast, db_session) -> None:
    times = dict.fromkeys(("ISSUE", "REPEAT", "REJECT", "SATISFIED"), 1)
    orders = itertools.permutations(times)
    pictures = {play(cast, db_session, order, f"W{n}", times).__repr__() for n, order in enumerate(orders)}
    assert len(pictures) == 1


@pytest.mark.thorough
@pytest.mark.sample
def test_satisfied_then_reject_is_an_appeal_in_any_order(cast: Cast, db_session) -> None:
    times = {"ISSUE": 0, "SATISFIED": 1, "REJECT": 2, "URGE": 3}
    states = {play(cast, db_session, order, f"W{n}", times)[0] for n, order in enumerate(itertools.permutations(times))}
    assert states == {"appealed"}


@pytest.mark.thorough
@pytest.mark.sample
def test_cancel_withdraws_whatever_came_before_or_after(cast: Cast, db_session) -> None:
    times = {"ISSUE": 0, "REPEAT": 1, "REJECT": 2, "CANCEL": 3}
    pictures = [play(cast, db_session, order, f"W{n}", times) for n, order in enumerate(itertools.permutations(times))]
    assert {p[0] for p in pictures} == {"withdrawn"}


def test_a_message_before_its_issue_waits_and_then_counts(cast: Cast, db_session) -> None:
    tell(cast, "URGE")
    assert db_session.scalars(select(Inbox.state)).all() == ["waiting"]
    number = push(cast)
    assert ticket(db_session, number).urge_count == 1


def test_the_same_message_again_changes_nothing(cast: Cast, db_session) -> None:
    number = push(cast)
    for _ in range(3):
        tell(cast, "REPEAT")
        assert push(cast) == number
    assert ticket(db_session, number).repeat_count == 1
    assert db_session.scalar(select(func.count()).select_from(Ticket)) == 1


def test_the_same_key_with_another_body_is_a_conflict_and_both_digests_stay(cast: Cast, db_session) -> None:
    push(cast)
    with pytest.raises(Conflict):
        push(cast, text="另一段文字")
    kept = db_session.scalars(select(PushKey.sha256)).one()
    row = db_session.scalars(select(Inbox).where(Inbox.state == "conflict")).one()
    assert kept in row.error and row.sha256 != kept


def test_a_repeat_of_a_replied_ticket_brings_it_back_with_a_new_resolve_run(cast: Cast, db_session) -> None:
    number = push(cast)
    answer = ResultIn(text="已处理", contact_outcome="reached_accepts")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    tell(cast, "REPEAT", at=LATER, now=LATER)
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.priority) == ("in_progress", "returned", "urgent")
    assert row.next_due_at == LATER + timedelta(hours=12)


def test_a_quarantined_message_makes_no_ticket(cast: Cast, db_session) -> None:
    intake.quarantine(arrival=Arrival(cast.connection_id, "WORK_ORDER_ISSUE", b"{", NOON), error="bad_json")
    assert db_session.scalars(select(Inbox.state)).all() == ["quarantined"]
    assert db_session.scalar(select(func.count()).select_from(Ticket)) == 0


@pytest.mark.parametrize("minutes", [12, 60 * 24 * 365 * 73])
def test_a_message_dated_far_ahead_does_not_outrank_what_comes_after_it(cast: Cast, db_session, minutes: int) -> None:
    number = push(cast, now=NOON)
    tell(cast, "SATISFIED", at=NOON + timedelta(minutes=minutes), now=NOON + timedelta(minutes=1))
    tell(cast, "REJECT", at=NOON + timedelta(minutes=5), now=NOON + timedelta(minutes=5))
    assert ticket(db_session, number).state == "appealed"


def test_a_platform_whose_clock_is_a_little_ahead_is_taken_at_its_word(cast: Cast, db_session) -> None:
    number = push(cast, now=NOON)
    tell(cast, "SATISFIED", at=NOON + timedelta(minutes=8), now=NOON + timedelta(minutes=1))
    tell(cast, "REJECT", at=NOON + timedelta(minutes=5), now=NOON + timedelta(minutes=5))
    assert ticket(db_session, number).state == "replied"
