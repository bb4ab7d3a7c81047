"""Corners of a complaint's life that random play has found (`test_lifecycle_machine`), each told plainly."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.domain.errors import Invalid, NotAllowed
from app.models import Clock, Outbox, Ticket, WorkItem
from app.services import (
    acting,
    appeals,
    callbacks,
    categories,
    closure_work,
    closures,
    helping,
    parties,
    replies,
    routing,
    sweep,
    transfers,
)
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import FINE, answer, by_hand, runs

MIN, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def appealed(cast: Cast) -> str:
    number = push(cast)
    answer(cast, number)
    tell(cast, "REJECT", at=NOON + HOUR, now=NOON + HOUR)
    return number


def rule(cast: Cast, number: str, ruling: str, site: str = "") -> None:
    said = appeals.RulingIn(ruling, "经核实", site)
    appeals.rule(actor=cast["ccs"], post=post(number), ruling=said, now=NOON + 2 * HOUR)


def test_the_site_that_gets_an_appealed_ticket_has_its_own_first_reply_to_give(cast: Cast) -> None:
    number = appealed(cast)
    rule(cast, number, "upheld_other_site", "330108-01")
    replies.claim(actor=cast["site-2"], post=post(number), now=NOON + 2 * HOUR + MIN)
    with pytest.raises(NotAllowed):
        parties.add(
            actor=cast["site-2"], post=post(number), code="440305-01", text="请说明", most=2, now=NOON + 3 * HOUR
        )


def test_another_site_is_not_the_same_site(cast: Cast, db_session) -> None:
    number = appealed(cast)
    with pytest.raises(Invalid) as error:
        rule(cast, number, "upheld_other_site", "330106-01")
    assert error.value.fields == {"site_code": "same_site"}
    assert ticket(db_session, number).state == "appealed"


def test_a_late_ticket_comes_down_from_ccs_once_it_is_answered(cast: Cast, db_session) -> None:
    number = push(cast)
    for hours in (1, 5, 25, 29):
        sweep.run(db_session, NOON + hours * HOUR)
    assert ticket(db_session, number).level == 2
    answer(cast, number, now=NOON + 30 * HOUR)
    assert ticket(db_session, number).level == 0
    turns = {item.scope: item.turn for item in db_session.scalars(select(WorkItem))}
    assert turns[0] is False


def test_the_law_goes_up_to_ccs_even_if_nobody_looked_for_days(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    sweep.run(db_session, NOON + 8 * DAY)
    assert ticket(db_session, number).level == 2


def test_an_older_answer_that_is_refused_late_leaves_the_newer_one_alone(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    tell(cast, "REPEAT", at=NOON + HOUR, now=NOON + HOUR)
    answer(cast, number, now=NOON + 2 * HOUR)
    with write() as session:
        first = session.scalars(select(Outbox).where(Outbox.kind == "callback").order_by(Outbox.id)).first()
        callbacks.refused(session, first, "E1", "已过期", NOON + 3 * HOUR)
    assert ticket(db_session, number).state == "replied"
    assert len(runs(db_session, number, "resolve")) == 2


def in_tray(cast: Cast) -> str:
    """Nobody knows the site, and the customer is satisfied already."""
    number = push(cast, site="999999-99")
    tell(cast, "SATISFIED", at=NOON + HOUR, now=NOON + HOUR)
    return number


def test_headquarters_closes_what_no_site_ever_had(cast: Cast, db_session) -> None:
    number = in_tray(cast)
    assert [(item.scope, item.turn) for item in db_session.scalars(select(WorkItem))] == [(0, True)]
    replies.close(actor=cast["ccs"], post=post(number), root_cause="other", verified=True, now=NOON + 2 * HOUR)
    assert ticket(db_session, number).state == "closed"


@pytest.mark.parametrize("closed", [False, True])
def test_a_repeat_of_what_no_site_ever_had_lies_in_the_tray_again(cast: Cast, db_session, closed: bool) -> None:
    number = in_tray(cast)
    if closed:
        replies.close(actor=cast["ccs"], post=post(number), root_cause="other", verified=True, now=NOON + 2 * HOUR)
    tell(cast, "REPEAT", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    row = ticket(db_session, number)
    assert (row.state, row.queue) == ("open", "tray")
    assert [clock.state for clock in runs(db_session, number, "legal")] == ["running"]
    assert not runs(db_session, number, "resolve")
    routing.assign(actor=cast["ccs"], post=post(number), site_code="330106-01", now=NOON + 4 * HOUR)
    assert len(runs(db_session, number, "resolve")) == 1


def test_what_no_site_ever_had_is_not_returned_to_it(cast: Cast) -> None:
    number = in_tray(cast)
    tell(cast, "REJECT", at=NOON + 2 * HOUR, now=NOON + 2 * HOUR)
    with pytest.raises(NotAllowed):
        rule(cast, number, "upheld_return")


def test_a_service_desk_that_works_a_ticket_itself_cannot_drop_it(cast: Cast) -> None:
    number = push(cast)
    asked = transfers.ReturnIn("outside_area", "不在派送范围")
    transfers.give_up(actor=cast["site"], post=post(number), asked=asked, now=NOON + MIN)
    kept = transfers.RulingIn("keep", "我们处理")
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=kept, now=NOON + 2 * MIN)
    replies.claim(actor=cast["lcs"], post=post(number), now=NOON + 3 * MIN)
    with pytest.raises(NotAllowed):
        acting.stop_acting(actor=cast["lcs"], post=post(number), now=NOON + 4 * MIN)


@pytest.mark.parametrize("from_tray", [True, False])
def test_nobody_hands_a_ticket_to_a_site_that_is_closed_today(cast: Cast, db_session, from_tray: bool) -> None:
    closed = closures.ClosureIn("330108-01", date(2026, 11, 18), date(2026, 11, 20), "", "holiday")
    closures.announce(actor=cast["lcs"], closure=closed, now=NOON)
    number = push(cast, site="999999-99") if from_tray else appealed(cast)
    with pytest.raises(Invalid) as error:
        if from_tray:
            routing.assign(actor=cast["ccs"], post=post(number), site_code="330108-01", now=NOON + 4 * HOUR)
        else:
            rule(cast, number, "upheld_other_site", "330108-01")
    assert error.value.fields == {"site_code": "closed_site"}
    assert ticket(db_session, number).state == ("open" if from_tray else "appealed")


def test_a_platforms_repeat_after_the_window_is_the_platforms_ticket_whoever_began_the_old_one(
    cast: Cast, db_session
) -> None:
    number = by_hand(cast, "YT1000000000011")
    assert push(cast, waybill="YT1000000000011", now=NOON + MIN) == number
    answer(cast, number, now=NOON + HOUR)
    tell(cast, "SATISFIED", at=NOON + 2 * HOUR, now=NOON + 2 * HOUR)
    replies.close(actor=cast["site"], post=post(number), root_cause="other", verified=True, now=NOON + 3 * HOUR)
    tell(cast, "REPEAT", at=NOON + 9 * DAY, now=NOON + 9 * DAY)
    (new,) = db_session.scalars(select(Ticket).where(Ticket.number != number))
    assert (new.state, new.channel, new.previous_id) == ("open", "platform", ticket(db_session, number).id)


def window(session, number: str, at: datetime) -> timedelta:
    """The time to object that begins when the platform takes the latest answer."""
    with write() as inner:
        rows = select(Outbox).where(Outbox.kind == "callback").order_by(Outbox.id.desc())
        callbacks.accepted(inner, inner.scalars(rows).first(), at)
    return runs(session, number, "objection")[-1].due_at - at


def test_the_first_result_of_another_site_is_no_rework(cast: Cast, db_session) -> None:
    number = push(cast)
    asked = transfers.ReturnIn("outside_area", "不在派送范围")
    transfers.give_up(actor=cast["site"], post=post(number), asked=asked, now=NOON + MIN)
    granted = transfers.RulingIn("grant", "", "330108-01")
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=granted, now=NOON + 2 * MIN)
    replies.result(actor=cast["site-2"], post=post(number), answer=FINE, now=NOON + HOUR)
    assert window(db_session, number, NOON + 2 * HOUR) == 48 * HOUR
    tell(cast, "REPEAT", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    replies.result(actor=cast["site-2"], post=post(number), answer=FINE, now=NOON + 4 * HOUR)
    assert window(db_session, number, NOON + 5 * HOUR) == 24 * HOUR


def test_what_the_platform_refused_the_complainant_has_not_seen(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    with write() as session:
        callbacks.refused(session, session.scalars(select(Outbox)).one(), "E1", "缺少签收人", NOON + HOUR)
    answer(cast, number, now=NOON + 2 * HOUR)
    assert window(db_session, number, NOON + 3 * HOUR) == 48 * HOUR


def test_help_that_was_asked_for_before_the_closing_is_not_asked_for_after_it(cast: Cast, db_session) -> None:
    number = push(cast)
    helping.ask_help(actor=cast["site"], post=post(number), text="请协助", now=NOON)
    answer(cast, number)
    tell(cast, "SATISFIED", at=NOON + HOUR, now=NOON + HOUR)
    replies.close(actor=cast["site"], post=post(number), root_cause="other", verified=True, now=NOON + 2 * HOUR)
    tell(cast, "REPEAT", at=NOON + DAY, now=NOON + DAY)
    assert ticket(db_session, number).help_asked_at is None
    acting.act_for(actor=cast["lcs"], post=post(number), now=NOON + DAY + MIN)
    replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + DAY + 2 * MIN)
    assert runs(db_session, number, "first_reply")[-1].state == "breached", "nobody had asked for it"


@pytest.mark.parametrize("end", ["repeat", "ruling"])
def test_a_ticket_that_comes_back_to_a_site_closed_today_has_its_deputy(cast: Cast, db_session, end: str) -> None:
    number = appealed(cast)
    if end == "repeat":
        rule(cast, number, "rejected_close")
    closed = closures.ClosureIn("330106-01", date(2026, 11, 19), date(2026, 11, 25), "330108-01", "holiday")
    closures.announce(actor=cast["lcs"], closure=closed, now=NOON + 3 * HOUR)
    with write() as session:
        session.execute(update(Ticket).where(Ticket.state == "appealed").values(state="closed"))
    closure_work.run(db_session, NOON + DAY)
    assert ticket(db_session, number).acting_id is None, "closed: nobody has anything to do"
    if end == "repeat":
        tell(cast, "REPEAT", at=NOON + DAY + HOUR, now=NOON + DAY + HOUR)
    else:
        with write() as session:
            session.execute(update(Ticket).values(state="appealed"))
        said = appeals.RulingIn("upheld_return", "经核实")
        appeals.rule(actor=cast["ccs"], post=post(number), ruling=said, now=NOON + DAY + HOUR)
    closure_work.run(db_session, NOON + DAY + HOUR + MIN)
    assert ticket(db_session, number).acting_id == cast.places["330108-01"]


def test_what_ccs_has_before_it_runs_no_clock_of_the_site(cast: Cast, db_session) -> None:
    """Opened again by a repeat, and rejected before anybody could give the first reply anew."""
    number = push(cast)
    answer(cast, number)
    tell(cast, "SATISFIED", at=NOON + HOUR, now=NOON + HOUR)
    replies.close(actor=cast["site"], post=post(number), root_cause="other", verified=True, now=NOON + 2 * HOUR)
    tell(cast, "REPEAT", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    tell(cast, "REJECT", at=NOON + 3 * HOUR + MIN, now=NOON + 3 * HOUR + MIN)
    going = select(Clock.kind).where(Clock.stopped_at.is_(None))
    assert ticket(db_session, number).state == "appealed"
    assert set(db_session.scalars(going)) == {"appeal", "legal"}
    assert runs(db_session, number, "first_reply")[-1].state == "void"


def test_what_the_losing_site_wished_for_the_category_goes_with_it(cast: Cast, db_session) -> None:
    number = push(cast, category="LOST")
    categories.correct(actor=cast["site"], post=post(number), category="OTHER", reason="核实", now=NOON + MIN)
    asked = transfers.ReturnIn("outside_area", "不在派送范围")
    transfers.give_up(actor=cast["site"], post=post(number), asked=asked, now=NOON + 2 * MIN)
    granted = transfers.RulingIn("grant", "", "440305-01")
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=granted, now=NOON + 3 * MIN)
    assert ticket(db_session, number).category_wanted == ""
    assert [run.state for run in runs(db_session, number, "consent")] == ["void"]
