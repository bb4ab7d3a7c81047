"""Help and acting for a site: who may, what counts as the site's, what the superior can do without taking over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Clock, Counter, Event, Outbox, Ticket, WorkItem
from app.services import acting, helping, queue, recounts, replies, scorecard_facts, superior, work
from app.services.queue import Filters
from app.services.replies import ResultIn
from app.services.scorecard_facts import Span
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket

MIN = timedelta(minutes=1)
FINE = ResultIn(text="已重新派送到您手中", contact_outcome="reached_accepts")
ACTORS = ("site", "site-manager", "site-2", "site-3", "lcs", "lcs-manager", "lcs-2", "ccs", "ccs-manager", "admin")
WHO = {  # by hand, from the rulebook: the site asks, the own province answers and acts, LCS and CCS urge and raise
    "ask_help": ("site", "site-manager"),
    "recall_help": ("site", "site-manager"),
    "answer_help": ("lcs", "lcs-manager", "ccs", "ccs-manager"),
    "act_for": ("lcs", "lcs-manager"),
    "stop_acting": ("lcs", "lcs-manager"),
    "urge_site": ("lcs", "lcs-manager", "ccs", "ccs-manager"),
    "raise_priority": ("lcs", "lcs-manager", "ccs", "ccs-manager"),
}
DO: dict[str, Callable[..., Any]] = {
    "ask_help": lambda actor, number, now: helping.ask_help(actor=actor, post=post(number), text="人手不够", now=now),
    "recall_help": lambda actor, number, now: helping.recall_help(actor=actor, post=post(number), now=now),
    "answer_help": lambda actor, number, now: helping.answer_help(
        actor=actor, post=post(number), text="先联系驿站", now=now
    ),
    "act_for": lambda actor, number, now: acting.act_for(actor=actor, post=post(number), now=now),
    "stop_acting": lambda actor, number, now: acting.stop_acting(actor=actor, post=post(number), now=now),
    "urge_site": lambda actor, number, now: superior.urge_site(actor=actor, post=post(number), now=now),
    "raise_priority": lambda actor, number, now: superior.raise_priority(
        actor=actor, post=post(number), priority="urgent", text="客户多次来电", now=now
    ),
}
BEFORE = {"recall_help": ("site", "ask_help"), "answer_help": ("site", "ask_help"), "stop_acting": ("lcs", "act_for")}


def clock(session: Any, number: str, kind: str, run: int = 1) -> Clock:
    row = select(Clock).join(Ticket, Ticket.id == Clock.ticket_id)
    session.rollback()
    return session.scalars(row.where(Ticket.number == number, Clock.kind == kind, Clock.run == run)).one()


def event(session: Any, kind: str) -> Event:
    session.rollback()
    return session.scalars(select(Event).where(Event.type == kind).order_by(Event.id.desc()).limit(1)).one()


def in_queue(session: Any, actor: Any, name: str) -> list[str]:
    session.rollback()
    return [row.number for row in queue.page(session, actor, Filters(queue=name), NOON).rows]


def follow_up(cast: Cast, who: str, number: str, now: datetime) -> None:
    replies.follow_up(
        actor=cast[who], post=post(number), text="已联系客户", contact_outcome="no_answer",
        next_update_at=now + timedelta(hours=3), now=now,
    )  # fmt: skip


def facts(cast: Cast, session: Any, site: str = "330106-01", now: datetime = NOON + timedelta(days=2)) -> Any:
    session.rollback()
    span = Span.of("2026-11", now)
    return scorecard_facts.month_facts(session, span).get(cast.places[site], scorecard_facts.Facts())


# --- who may ---


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("action", WHO)
def test_the_action_is_open_to_exactly_these_people(cast: Cast, db_session: Any, action: str) -> None:
    allowed = []
    for n, name in enumerate(ACTORS):
        number = push(cast, f"W{n}", category="DELAYED")
        if action in BEFORE:
            who, first = BEFORE[action]
            DO[first](cast[who], number, NOON)
        try:
            DO[action](cast[name], number, NOON + MIN)
            allowed.append(name)
        except (NotAllowed, NotFound):
            pass
    assert tuple(allowed) == WHO[action]


# --- asking ---


def test_a_request_for_help_lies_in_the_provinces_queue_until_it_is_answered(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON)
    assert in_queue(db_session, cast["lcs"], "help") == [number] == in_queue(db_session, cast["lcs"], "todo")
    assert in_queue(db_session, cast["ccs"], "help") == []
    assert event(db_session, "help_asked").data["before_due"] == {"first_reply": True, "resolve": True}
    with write() as session:
        recounts.recount(session)
    assert db_session.get(Counter, (cast.places["33"], "help")).n == 1
    DO["answer_help"](cast["lcs"], number, NOON + MIN)
    assert in_queue(db_session, cast["lcs"], "help") == [] == in_queue(db_session, cast["lcs"], "todo")
    assert ticket(db_session, number).help_asked_at is None


def test_a_late_request_says_what_was_over(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON + 31 * MIN)
    assert event(db_session, "help_asked").data["before_due"] == {"first_reply": False, "resolve": True}


def test_help_is_asked_once_with_words_and_may_be_taken_back(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    with pytest.raises(Invalid) as error:
        helping.ask_help(actor=cast["site"], post=post(number), text=" ", now=NOON)
    assert error.value.fields == {"text": "required"}
    DO["ask_help"](cast["site"], number, NOON)
    with pytest.raises(NotAllowed):
        DO["ask_help"](cast["site-manager"], number, NOON)
    DO["recall_help"](cast["site"], number, NOON)
    assert in_queue(db_session, cast["lcs"], "help") == []


def test_a_request_cannot_be_taken_back_while_the_lcs_acts_on_it(cast: Cast) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON)
    DO["act_for"](cast["lcs"], number, NOON)
    with pytest.raises(NotAllowed):
        DO["recall_help"](cast["site"], number, NOON)


def test_a_finished_ticket_asks_nobody_for_help_any_more(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON)
    row = ticket(db_session, number)
    row.state = "closed"
    work.refresh(db_session, row)
    db_session.commit()
    assert not list(db_session.scalars(select(WorkItem)))


# --- acting, and what it is worth ---


def test_asked_for_before_the_deadline_it_counts_as_the_sites_reply(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON + 30 * MIN)  # the last moment in time
    DO["act_for"](cast["lcs"], number, NOON + 30 * MIN)
    follow_up(cast, "lcs", number, NOON + 30 * MIN)
    run, said = clock(db_session, number, "first_reply"), event(db_session, "follow_up")
    assert (run.state, run.credited, run.organisation_id) == ("met", True, cast.places["330106-01"])
    assert said.data["acting_for"] == cast.places["330106-01"] and said.data["counts"] is True
    assert (facts(cast, db_session).first_reply_due, facts(cast, db_session).first_reply_in_time) == (1, 1)


def test_unasked_the_complainant_is_served_and_the_site_is_not_in_time(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["act_for"](cast["lcs"], number, NOON + MIN)
    replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + 2 * MIN)
    assert ticket(db_session, number).state == "replied"
    for kind in ("accept", "first_reply", "resolve"):
        run = clock(db_session, number, kind)
        assert (run.state, run.credited) == ("breached", False), kind
    assert event(db_session, "result").data["counts"] is False
    assert event(db_session, "clock_stopped").data["credited"] is False
    found = facts(cast, db_session)
    assert (found.first_reply_due, found.first_reply_in_time, found.resolve_in_time, found.results) == (1, 0, 0, 0)


def test_each_clock_asks_for_itself_whether_help_came_in_time(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON + 31 * MIN)  # after the first reply was due, before the result is
    DO["act_for"](cast["lcs"], number, NOON + 32 * MIN)
    replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + 40 * MIN)
    assert (clock(db_session, number, "first_reply").state, clock(db_session, number, "resolve").state) == (
        "breached", "met",
    )  # fmt: skip
    assert not clock(db_session, number, "first_reply").credited and clock(db_session, number, "resolve").credited
    found = facts(cast, db_session)
    assert (found.first_reply_in_time, found.resolve_in_time, found.results) == (0, 1, 1)


def test_help_in_time_does_not_heal_a_run_that_the_lcs_lets_go_late(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON)
    DO["act_for"](cast["lcs"], number, NOON)
    follow_up(cast, "lcs", number, NOON + 45 * MIN)
    assert clock(db_session, number, "first_reply").state == "breached"


def test_what_the_site_does_itself_counts_while_the_lcs_acts(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["act_for"](cast["lcs"], number, NOON)
    follow_up(cast, "site", number, NOON + MIN)
    assert (clock(db_session, number, "first_reply").state, "acting_for" in event(db_session, "follow_up").data) == (
        "met", False,
    )  # fmt: skip


def test_a_site_that_asks_after_the_lcs_began_gets_the_credit_from_then_on(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["act_for"](cast["lcs"], number, NOON)
    DO["ask_help"](cast["site"], number, NOON + MIN)
    assert in_queue(db_session, cast["lcs"], "help") == []
    follow_up(cast, "lcs", number, NOON + 2 * MIN)
    assert clock(db_session, number, "first_reply").state == "met"


def test_the_owner_stays_when_somebody_acts_and_only_one_acts(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    DO["act_for"](cast["lcs"], number, NOON)
    assert ticket(db_session, number).owner_id == cast["site"].user_id
    with pytest.raises(NotAllowed):
        DO["act_for"](cast["lcs-manager"], number, NOON)
    follow_up(cast, "lcs", number, NOON + MIN)
    assert ticket(db_session, number).owner_id == cast["site"].user_id


def test_given_back_the_lcs_has_neither_turn_nor_the_sites_actions(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON)
    DO["act_for"](cast["lcs"], number, NOON)
    assert in_queue(db_session, cast["lcs"], "todo") == [number]
    DO["stop_acting"](cast["lcs"], number, NOON + MIN)
    row = ticket(db_session, number)
    assert (row.acting_id, row.acting_counts, row.help_asked_at) == (None, False, None)
    assert in_queue(db_session, cast["lcs"], "todo") == []
    with pytest.raises(NotAllowed):
        replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + 2 * MIN)


def test_whoever_acts_and_waits_for_the_customer_has_nothing_to_do(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["ask_help"](cast["site"], number, NOON)
    DO["act_for"](cast["lcs"], number, NOON)
    replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + MIN)
    assert in_queue(db_session, cast["lcs"], "todo") == []


# --- urging and raising ---


def test_urging_tells_the_duty_phone_once_in_half_an_hour(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["urge_site"](cast["lcs"], number, NOON)
    with pytest.raises(NotAllowed) as error:
        DO["urge_site"](cast["ccs"], number, NOON + 30 * MIN - timedelta(seconds=1))
    assert error.value.code == "urged_lately"
    DO["urge_site"](cast["ccs"], number, NOON + 30 * MIN)
    row = ticket(db_session, number)
    sms = list(db_session.scalars(select(Outbox).where(Outbox.kind == "sms").order_by(Outbox.id)))
    assert [one.key for one in sms] == [f"urge-site:{row.id}:1", f"urge-site:{row.id}:2"]
    assert row.urged_at == NOON + 30 * MIN
    assert sms[0].payload["phone"] == "13800000003" and sms[0].payload["template"] == "site_urged"
    assert "13800000003" not in str(event(db_session, "site_urged").data)


def test_urged_at_night_the_phone_rings_in_the_morning(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    DO["urge_site"](cast["lcs"], number, NOON + timedelta(hours=11))
    row = db_session.scalars(select(Outbox).where(Outbox.kind == "sms")).one()
    assert row.next_try_at == NOON + timedelta(hours=20)


def test_the_same_urge_form_twice_is_one_urge(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    for _ in range(2):
        superior.urge_site(actor=cast["lcs"], post=post(number, key="u1"), now=NOON)
    assert db_session.scalar(select(func.count()).where(Event.type == "site_urged")) == 1


def test_a_raised_priority_shortens_the_running_clocks_and_is_never_lowered(cast: Cast, db_session: Any) -> None:
    morning = NOON - timedelta(hours=4)
    number = push(cast, category="DELAYED", now=morning)
    before = clock(db_session, number, "resolve").due_at
    with pytest.raises(Invalid) as error:
        superior.raise_priority(actor=cast["lcs"], post=post(number), priority="high", text="急", now=morning)
    assert error.value.fields == {"priority": "not_higher"}
    DO["raise_priority"](cast["lcs"], number, morning)
    assert ticket(db_session, number).priority == "urgent"
    assert clock(db_session, number, "resolve").due_at < before
    assert event(db_session, "priority_raised").data == {"before": "high", "after": "urgent"}
    with pytest.raises(NotAllowed):
        DO["raise_priority"](cast["lcs"], number, NOON)
