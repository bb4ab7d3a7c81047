"""After the end: inside the window a repeat re-opens, after it a new ticket follows; months keep their own facts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.clocks import Limit
from app.domain.policies import PolicyRule
from app.models import PlatformOrder, Policy, Ticket
from app.services import journal, policies, replies, scorecard_facts, sweep, ticket_view, verdicts
from app.services.transaction import write
from tests.cast import EPOCH, NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import answer, by_hand, runs

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WAYBILL = "YT1000000000011"
CLOSED = NOON + 3 * HOUR


def closed(cast: Cast, number: str) -> str:
    answer(cast, number)
    verdicts.customer_accepts(actor=cast["site"], post=post(number), text="好", now=NOON + 2 * HOUR)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=CLOSED)
    return number


@pytest.mark.parametrize(("after", "same"), [(7 * DAY, True), (7 * DAY + timedelta(seconds=1), False)])
def test_a_repeat_by_telephone_reopens_within_seven_days_of_the_closing(
    cast: Cast, db_session, after: timedelta, same: bool
) -> None:
    number = closed(cast, by_hand(cast))
    again = by_hand(cast, now=CLOSED + after)
    assert (again == number) == same
    old, new = ticket(db_session, number), ticket(db_session, again)
    assert (old.state, old.repeat_count) == (("in_progress", 1) if same else ("closed", 0))
    assert new.previous_id == (None if same else old.id)


def test_the_window_is_data_of_the_tickets_policy(cast: Cast, db_session) -> None:
    with write() as session:
        for row in session.scalars(
            select(Policy).where(Policy.kind.is_(None), Policy.channel.is_(None), Policy.priority.is_(None))
        ):
            row.limits = {**row.limits, "reopen": {"minutes": 60, "calendar": "always"}}
    policies._cached.clear()
    number = closed(cast, by_hand(cast))
    assert by_hand(cast, now=CLOSED + HOUR + timedelta(seconds=1)) != number
    policies._cached.clear()


def test_a_policy_version_from_before_the_limit_means_seven_days(cast: Cast, db_session) -> None:
    old = {
        name: limit
        for name, limit in policies.rules(db_session)[0].limits.items()
        if name not in ("reopen", "delivery")
    }
    with write() as session:
        rule = PolicyRule(2, EPOCH + DAY, limits={**old, "first_reply": Limit(30, "service")})
        policies.store_version(session, [rule])
    number = by_hand(cast)
    assert ticket(db_session, number).policy_version == 2
    closed(cast, number)
    assert by_hand(cast, now=CLOSED + 7 * DAY) == number


def test_a_reopened_ticket_has_fresh_clocks_and_its_legal_clock_runs_on(cast: Cast, db_session) -> None:
    number = closed(cast, by_hand(cast))
    by_hand(cast, now=NOON + DAY)
    assert [run.due_at for run in runs(db_session, number, "first_reply")][1:] == [NOON + DAY + timedelta(minutes=30)]
    assert [run.due_at for run in runs(db_session, number, "resolve")][1:] == [NOON + 2 * DAY]  # noon
    assert len(runs(db_session, number, "accept")) == 1
    legal = runs(db_session, number, "legal")
    assert [(run.run, run.due_at, run.stopped_at) for run in legal] == [(1, NOON + 7 * DAY, None)]
    assert legal[0].next_stage_at == NOON + 5 * DAY


def test_a_legal_clock_that_was_met_does_not_begin_again(cast: Cast, db_session) -> None:
    number = closed(cast, by_hand(cast))
    by_hand(cast, now=NOON + 7 * DAY)
    assert [run.state for run in runs(db_session, number, "legal")] == ["met"]


def test_a_repeat_of_a_replied_ticket_is_one_resolve_run_and_no_new_first_reply(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    by_hand(cast, now=NOON + HOUR)
    assert [len(runs(db_session, number, kind)) for kind in ("first_reply", "resolve", "legal")] == [1, 2, 1]
    assert runs(db_session, number, "delivery")[0].state == "void"


def test_a_platforms_repeat_after_the_window_is_a_new_ticket_with_its_order(cast: Cast, db_session) -> None:
    number = closed(cast, push(cast, waybill=WAYBILL))
    late = CLOSED + 8 * DAY
    tell(cast, "REPEAT", at=late, now=late)
    old = ticket(db_session, number)
    new = db_session.scalars(select(Ticket).where(Ticket.previous_id == old.id)).one()
    assert (old.state, old.repeat_count, new.state, new.waybill) == ("closed", 0, "open", WAYBILL)
    assert new.handling_site_id == old.handling_site_id
    order = db_session.scalars(select(PlatformOrder)).one()
    assert (order.ticket_id, order.verdict) == (new.id, "")
    assert journal.verify(db_session, new.id) is None and journal.verify(db_session, old.id) is None
    tell(cast, "URGE", at=late + HOUR, now=late + HOUR)
    assert ticket(db_session, new.number).urge_count == 1


def test_a_platforms_late_repeat_joins_the_parcels_open_ticket(cast: Cast, db_session) -> None:
    closed(cast, push(cast, waybill=WAYBILL))
    late = CLOSED + 8 * DAY
    current = push(cast, "W2", waybill=WAYBILL, now=late)
    tell(cast, "REPEAT", at=late + HOUR, now=late + HOUR)
    assert ticket(db_session, current).repeat_count == 1
    assert {order.ticket_id for order in db_session.scalars(select(PlatformOrder))} == {ticket(db_session, current).id}


def test_an_overtaken_repeat_begins_nothing(cast: Cast, db_session) -> None:
    number = push(cast, waybill=WAYBILL)
    answer(cast, number)
    tell(cast, "SATISFIED", at=NOON + 2 * HOUR, now=NOON + 2 * HOUR)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=CLOSED)
    tell(cast, "REPEAT", at=NOON + HOUR, now=CLOSED + 8 * DAY)
    assert [row.number for row in db_session.scalars(select(Ticket))] == [number]
    assert ticket(db_session, number).state == "closed"


def test_both_tickets_show_each_other(cast: Cast, db_session) -> None:
    number = closed(cast, by_hand(cast))
    again = by_hand(cast, now=CLOSED + 8 * DAY)
    for one, other in ((number, again), (again, number)):
        seen = ticket_view.view(db_session, cast["site"], one)
        assert [row.number for row in seen.others] == [other]


@pytest.mark.parametrize("kind", ["REPEAT", "REJECT"])
def test_what_comes_for_a_ticket_of_an_old_month_takes_effect_in_the_open_one(
    cast: Cast, db_session, kind: str
) -> None:
    opened = NOON + 11 * DAY  # 29 November
    number = push(cast, waybill=WAYBILL, now=opened)
    answer(cast, number, now=opened + HOUR / 4)
    tell(cast, "SATISFIED", at=opened + HOUR, now=opened + HOUR)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=opened + 2 * HOUR)
    december = opened + 4 * DAY
    site = cast.places["330106-01"]
    before = month(db_session, "2026-11", december)[site]
    tell(cast, kind, at=december, now=december)
    sweep.run(db_session, december + 2 * DAY)
    assert month(db_session, "2026-11", december + 2 * DAY)[site] == before
    facts = month(db_session, "2026-12", december + 2 * DAY)[site]
    if kind == "REPEAT":
        assert (facts.repeats, facts.first_reply_due, facts.resolve_due, facts.tickets) == (1, 1, 1, 0)
    else:
        assert (facts.appeals, facts.resolve_due, facts.first_reply_due) == (1, 0, 0)


def month(session, name: str, now) -> dict:
    session.rollback()
    found = scorecard_facts.month_facts(session, scorecard_facts.Span.of(name, now))
    return {site: replace(facts, open=0) for site, facts in found.items()}  # how many of them are open is of today
