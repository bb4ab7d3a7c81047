"""Closed sites, sites not on board yet, and sites that change in mid-month: who works their tickets, whose facts they are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.calendars import at_local
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import Claim, Clock, Closure, Event, Organisation, Party, WorkItem
from app.models.ids import new_id
from app.services import acting, closure_work, closures, helping, queue, replies, scorecard_cases, scorecard_facts
from app.services.closures import ClosureIn
from app.services.queue import Filters
from app.services.replies import ResultIn
from app.services.scorecard_facts import Facts, Span
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket

MIN, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY = date(2026, 11, 18)
FINE = ResultIn(text="已重新派送到您手中", contact_outcome="reached_accepts")
HOME, SIBLING, FAR = "330106-01", "330108-01", "440305-01"


def announce(cast: Cast, who: str = "site-manager", *, site: str = HOME, start: date | None = TODAY, until: date | None = None,
             deputy: str = SIBLING, reason: str = "holiday", now: Any = NOON) -> int:  # fmt: skip
    closure = ClosureIn(site, start, until, deputy, reason)
    return closures.announce(actor=cast[who], closure=closure, now=now)


def refused(cast: Cast, **what: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        announce(cast, **what)
    return dict(error.value.fields)


def todo(session: Any, actor: Actor) -> list[str]:
    session.rollback()
    return [row.number for row in queue.page(session, actor, Filters(), NOON).rows]


def change(**columns: Any) -> Any:
    """Set columns of the first site."""
    with write() as session:
        site = session.scalars(select(Organisation).where(Organisation.code == HOME)).one()
        for name, value in columns.items():
            setattr(site, name, value)


def facts(session: Any, cast: Cast, site: str) -> Facts:
    session.rollback()
    span = Span.of("2026-11", NOON + 20 * DAY)
    return scorecard_facts.month_facts(session, span).get(cast.places[site], Facts())


# --- the calendar ---


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize(
    ("who", "may"),
    [("site", False), ("site-manager", True), ("lcs", True), ("lcs-manager", True), ("ccs", False),
     ("ccs-manager", False), ("admin", False)],
)  # fmt: skip
def test_managers_announce_for_their_site_and_lcs_for_their_province(cast: Cast, who: str, may: bool) -> None:
    if may:
        assert announce(cast, who)
    else:
        with pytest.raises(NotAllowed):
            announce(cast, who)


def test_a_manager_closes_the_own_site_whatever_the_form_says(cast: Cast, db_session: Any) -> None:
    announce(cast, site=FAR)
    assert db_session.scalars(select(Closure)).one().organisation_id == cast.places[HOME]


def test_an_lcs_closes_no_site_of_another_province(cast: Cast) -> None:
    assert refused(cast, who="lcs-2")["site_code"] == "unknown_site"
    closure_id = announce(cast)
    with pytest.raises(NotFound):
        closures.end(actor=cast["lcs-2"], closure_id=closure_id, now=NOON)


def test_a_closure_that_does_not_hold_together_is_refused(cast: Cast) -> None:
    assert refused(cast, start=TODAY - DAY) == {"from_day": "not_retroactive"}
    assert refused(cast, until=TODAY - DAY) == {"until_day": "ends_before_it_begins"}
    assert refused(cast, start=None, reason="nap") == {"from_day": "required", "reason": "required"}
    assert refused(cast, deputy=HOME) == {"deputy_code": "own_deputy"}
    assert refused(cast, deputy=FAR) == {"deputy_code": "unknown_site"}
    announce(cast, until=TODAY)
    assert refused(cast) == {"from_day": "closed_already"}
    assert refused(cast, who="lcs", site=SIBLING, deputy=HOME) == {"deputy_code": "deputy_closed"}


def test_the_list_shows_what_lasts_or_lies_ahead_in_the_own_scope(cast: Cast, db_session: Any) -> None:
    first = announce(cast, until=TODAY)
    second = announce(cast, "lcs", site=SIBLING, start=TODAY + 3 * DAY, deputy="")
    assert [line.closure.id for line in closures.listed(db_session, cast["lcs"], NOON)] == [first, second]
    assert [line.closure.id for line in closures.listed(db_session, cast["site-manager"], NOON)] == [first]
    assert closures.listed(db_session, cast["lcs-2"], NOON) == []
    closures.end(actor=cast["lcs"], closure_id=second, now=NOON)
    assert [line.closure.id for line in closures.listed(db_session, cast["lcs"], NOON + DAY)] == []


# --- routing ---


def test_a_ticket_for_a_site_closed_today_goes_to_the_deputy(cast: Cast, db_session: Any) -> None:
    announce(cast)
    row = ticket(db_session, push(cast))
    assert row.handling_site_id == cast.places[SIBLING]


def test_without_an_open_deputy_it_goes_to_the_lcs_tray(cast: Cast, db_session: Any) -> None:
    closure_id = announce(cast, "lcs", site=SIBLING, deputy="")
    row = ticket(db_session, push(cast, "W1", site=SIBLING))
    assert (row.queue, row.tray_reason, row.province_id) == ("tray", "site_closed", cast.places["33"])
    closures.end(actor=cast["lcs"], closure_id=closure_id, now=NOON)
    announce(cast)
    announce(cast, "lcs", site=SIBLING, deputy="", start=TODAY)  # now the deputy is closed too
    assert ticket(db_session, push(cast, "W2")).tray_reason == "site_closed"


def test_before_the_first_and_after_the_last_day_the_site_is_open(cast: Cast, db_session: Any) -> None:
    announce(cast, start=TODAY + DAY, until=TODAY + DAY)
    days = [ticket(db_session, push(cast, f"W{n}", now=NOON + n * DAY)).handling_site_id for n in range(3)]
    assert days == [cast.places[HOME], cast.places[SIBLING], cast.places[HOME]]


# --- open tickets when the closure begins ---


def test_the_deputy_acts_on_open_tickets_once_and_the_sites_clocks_run_on(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    assert todo(db_session, cast["site-2"]) == []
    announce(cast)
    assert [closure_work.run(db_session, NOON + n * MIN) for n in (1, 2)] == [1, 0]
    row = ticket(db_session, number)
    assert (row.acting_id, row.acting_counts, row.handling_site_id) == (cast.places[SIBLING], True, cast.places[HOME])
    assert todo(db_session, cast["site-2"]) == [number]
    assert db_session.get(Party, (row.id, cast.places[SIBLING])).role == "deputy"
    assert db_session.scalar(select(func.count()).where(Event.type == "deputy_acts")) == 1
    replies.result(actor=cast["site-2"], post=post(number), answer=FINE, now=NOON + 3 * MIN)
    runs = db_session.scalars(select(Clock).where(Clock.kind.in_(("accept", "first_reply", "resolve")))).all()
    assert {(run.state, run.credited, run.organisation_id) for run in runs} == {("met", True, cast.places[HOME])}
    assert (facts(db_session, cast, HOME).first_reply_in_time, facts(db_session, cast, HOME).results) == (1, 1)
    assert facts(db_session, cast, SIBLING) == Facts()


def test_a_job_that_died_half_way_goes_on_and_doubles_nothing(cast: Cast, db_session: Any, monkeypatch: Any) -> None:
    for n in range(3):
        push(cast, f"W{n}")
    announce(cast)
    known, said = closure_work.journal.append, []

    def dying(*arguments: Any, **named: Any) -> Any:
        said.append(1)
        if len(said) == 2:
            raise KeyboardInterrupt
        return known(*arguments, **named)

    monkeypatch.setattr(closure_work.journal, "append", dying)
    with pytest.raises(KeyboardInterrupt):
        closure_work.run(db_session, NOON)
    monkeypatch.setattr(closure_work.journal, "append", known)
    assert closure_work.run(db_session, NOON) == 2
    assert db_session.scalar(select(func.count()).where(Event.type == "deputy_acts")) == 3
    assert db_session.scalar(select(func.count()).select_from(Claim)) == 1


def test_without_a_deputy_the_province_acts_and_it_counts(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    announce(cast, deputy="")
    closure_work.run(db_session, NOON)
    assert ticket(db_session, number).acting_id == cast.places["33"]
    assert todo(db_session, cast["lcs"]) == [number]
    replies.claim(actor=cast["lcs"], post=post(number), now=NOON + MIN)
    assert db_session.scalars(select(Clock).where(Clock.kind == "accept")).one().state == "met"


def test_after_the_closure_the_site_has_its_tickets_back(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    announce(cast, until=TODAY)
    closure_work.run(db_session, NOON)
    assert closure_work.run(db_session, at_local(TODAY + DAY, NOON.time().replace(hour=0))) == 1
    row = ticket(db_session, number)
    assert (row.acting_id, row.acting_counts) == (None, False)
    assert todo(db_session, cast["site-2"]) == [] and todo(db_session, cast["site"]) == [number]
    assert cast.places[SIBLING] not in db_session.scalars(select(WorkItem.scope)).all()


def test_what_an_lcs_took_by_hand_is_not_given_back_by_the_calendar(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    acting.act_for(actor=cast["lcs"], post=post(number), now=NOON)
    closure_id = announce(cast)
    assert closure_work.run(db_session, NOON) == 0
    closures.end(actor=cast["lcs"], closure_id=closure_id, now=NOON + MIN)
    assert closure_work.run(db_session, NOON + 2 * MIN) == 0
    assert ticket(db_session, number).acting_id == cast.places["33"]


# --- not on board yet ---


def test_before_its_onboarding_a_sites_tickets_are_the_provinces_work_and_no_fact_of_its_own(
    cast: Cast, db_session: Any
) -> None:
    change(onboarded_from=TODAY + DAY)
    number = push(cast)
    row = ticket(db_session, number)
    assert (row.handling_site_id, row.acting_id) == (cast.places[HOME], cast.places["33"])
    assert set(db_session.scalars(select(Clock.organisation_id).where(Clock.kind != "legal"))) - {None} == {
        cast.places["33"]
    }
    assert todo(db_session, cast["lcs"]) == [number]
    replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + MIN)
    assert db_session.scalars(select(Clock).where(Clock.kind == "resolve")).one().state == "met"
    assert facts(db_session, cast, HOME) == Facts()


def test_a_clock_that_is_the_provinces_own_needs_no_request_for_help(cast: Cast, db_session: Any) -> None:
    change(onboarded_from=TODAY + DAY)
    number = push(cast)
    acting.stop_acting(actor=cast["lcs"], post=post(number), now=NOON)
    acting.act_for(actor=cast["lcs"], post=post(number), now=NOON + MIN)
    replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + 2 * MIN)
    run = db_session.scalars(select(Clock).where(Clock.kind == "resolve")).one()
    assert (run.state, run.credited) == ("met", True)


def test_from_the_first_day_on_board_at_midnight_in_shanghai_it_is_assessed(cast: Cast, db_session: Any) -> None:
    change(onboarded_from=TODAY)
    midnight = at_local(TODAY, NOON.time().replace(hour=0))
    before, after = push(cast, "W1", now=midnight - timedelta(seconds=1)), push(cast, "W2", now=midnight)
    assert ticket(db_session, before).acting_id == cast.places["33"]
    assert ticket(db_session, after).acting_id is None
    assert facts(db_session, cast, HOME).tickets == 1
    found = scorecard_cases.cases(
        actor=cast["ccs"], month="2026-11", organisation_code=HOME, measure="tickets", now=NOON + DAY
    )
    assert [row.number for row in found.rows] == [after]


# --- split in mid-month ---


def test_a_site_split_in_mid_month_leaves_each_part_its_own_facts(cast: Cast, db_session: Any) -> None:
    old = push(cast, "W1", now=NOON - 10 * DAY)
    replies.result(actor=cast["site"], post=post(old), answer=FINE, now=NOON - 10 * DAY + MIN)
    change(closed_from=TODAY, deputy_id=None)
    with write() as session:
        new = Organisation(
            id=new_id(), code="330106-02", kind="site", name="新站", province_id=cast.places["33"], onboarded_from=TODAY
        )
        session.add(new)
        cast.places["330106-02"] = new.id
    lost, fresh = push(cast, "W2"), push(cast, "W3", site="330106-02")
    clerk = Actor(cast["site-2"].user_id, "site_clerk", cast.places["330106-02"], cast.places["33"])
    replies.result(actor=clerk, post=post(fresh), answer=FINE, now=NOON + 45 * MIN)
    assert ticket(db_session, lost).tray_reason == "site_closed"
    first, second = facts(db_session, cast, HOME), facts(db_session, cast, "330106-02")
    assert (first.tickets, first.first_reply_due, first.first_reply_in_time, first.results) == (1, 1, 1, 1)
    assert (second.tickets, second.first_reply_due, second.first_reply_in_time, second.results) == (1, 1, 0, 1)


# --- another deputy ---


def replace(cast: Cast, closure_id: int, code: str, who: str = "lcs", now: Any = NOON) -> None:
    closures.set_deputy(actor=cast[who], closure_id=closure_id, deputy_code=code, now=now)


def third_site(cast: Cast) -> int:
    with write() as session:
        new = Organisation(id=new_id(), code="330110-01", kind="site", name="三站", province_id=cast.places["33"])
        session.add(new)
        return new.id


def test_the_lcs_of_the_province_replaces_the_deputy_and_nobody_else(cast: Cast, db_session: Any) -> None:
    closure_id = announce(cast, deputy="")
    for who in ("site", "site-manager", "ccs", "ccs-manager", "admin"):
        with pytest.raises(NotAllowed):
            replace(cast, closure_id, SIBLING, who)
    with pytest.raises(NotFound):
        replace(cast, closure_id, SIBLING, "lcs-2")
    for who, code, deputy in (("lcs", SIBLING, cast.places[SIBLING]), ("lcs-manager", "", None)):
        replace(cast, closure_id, code, who)
        db_session.rollback()
        assert db_session.get_one(Closure, closure_id).deputy_id == deputy


def test_a_deputy_that_cannot_stand_in_is_refused_and_a_closure_that_is_over_has_none(cast: Cast) -> None:
    closure_id = announce(cast, deputy="", until=TODAY + DAY)
    announce(cast, "lcs", site=SIBLING, deputy="", start=TODAY + DAY, until=TODAY + DAY)
    for code, why in ((FAR, "unknown_site"), (HOME, "own_deputy"), (SIBLING, "deputy_closed"), ("x", "unknown_site")):
        with pytest.raises(Invalid) as error:
            replace(cast, closure_id, code)
        assert error.value.fields == {"deputy_code": why}
    with pytest.raises(NotFound):
        replace(cast, closure_id, "", now=NOON + 2 * DAY)
    closures.end(actor=cast["lcs"], closure_id=closure_id, now=NOON)
    with pytest.raises(NotFound):
        replace(cast, closure_id, "")


def test_new_and_open_tickets_go_to_the_new_deputy_and_the_former_one_has_nothing_left(
    cast: Cast, db_session: Any
) -> None:
    third, number = third_site(cast), push(cast)
    closure_id = announce(cast)
    closure_work.run(db_session, NOON)
    replace(cast, closure_id, "330110-01", now=NOON + MIN)
    assert [closure_work.run(db_session, NOON + n * MIN) for n in (2, 3)] == [1, 0]
    row = ticket(db_session, number)
    assert (row.acting_id, row.acting_counts) == (third, True)
    assert db_session.get(Party, (row.id, cast.places[SIBLING])).role == "former"
    assert todo(db_session, cast["site-2"]) == []
    assert ticket(db_session, push(cast, "W2", now=NOON + 4 * MIN)).handling_site_id == third
    closures.end(actor=cast["lcs"], closure_id=closure_id, now=NOON + 5 * MIN)
    assert closure_work.run(db_session, NOON + 6 * MIN) == 1
    assert ticket(db_session, number).acting_id is None


def test_a_first_deputy_takes_over_from_the_province_and_a_request_for_help_stays(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    helping.ask_help(actor=cast["site"], post=post(number), text="没有人", now=NOON)
    closure_id = announce(cast, deputy="")
    closure_work.run(db_session, NOON)
    replace(cast, closure_id, SIBLING)
    assert closure_work.run(db_session, NOON + MIN) == 1
    row = ticket(db_session, number)
    assert (row.acting_id, row.help_asked_at) == (cast.places[SIBLING], NOON)


def test_what_an_lcs_took_by_hand_stays_with_it_when_the_deputy_changes(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    acting.act_for(actor=cast["lcs"], post=post(number), now=NOON)
    closure_id = announce(cast, deputy="")
    closure_work.run(db_session, NOON)
    replace(cast, closure_id, SIBLING)
    assert closure_work.run(db_session, NOON + MIN) == 0
    assert ticket(db_session, number).acting_id == cast.places["33"]
