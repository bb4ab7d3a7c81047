"""The handling site names, urges and removes responsible parties; they answer in their own time (rulebook 3.10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Organisation, Outbox, Reminder, WorkItem
from app.services import parties, presumption, queue, reminders, replies, scorecards, sweep
from app.services.queue import Filters
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.party_steps import (
    DAY,
    ELSEWHERE,
    HERE,
    HOUR,
    MIN,
    SIBLING,
    T0,
    add,
    answer,
    case,
    dispute,
    place,
    replied,
    runs,
    said,
    urge,
)

FINE = ResultIn(text="已重新派送", contact_outcome="reached_accepts")
BREACH = T0 + DAY  # 12 service hours from 12:05 are 12:05 of the next day


def listed(session, cast: Cast, who: str, name: str) -> list[str]:
    session.rollback()
    return [row.number for row in queue.page(session, cast[who], Filters(queue=name), NOON).rows]


def test_before_the_first_reply_nobody_is_added(cast: Cast, db_session) -> None:
    number = push(cast)
    with pytest.raises(NotAllowed):
        add(cast, number)


def test_a_party_gets_a_clock_of_its_own_and_finds_the_ticket_in_its_queue(cast: Cast, db_session) -> None:
    number = replied(cast)
    with pytest.raises(NotFound):
        answer(cast, number)
    add(cast, number)
    (run,) = runs(db_session, number, "party_reply")
    assert (run.organisation_id, run.due_at) == (cast.places[SIBLING], BREACH)
    assert listed(db_session, cast, "site-2", "to_answer") == [number]
    assert listed(db_session, cast, "site", "working") == [number]
    row = ticket(db_session, number)
    assert row.next_clock == "resolve" and row.next_due_at == NOON + DAY  # not the party's
    mine = db_session.scalars(select(WorkItem).where(WorkItem.scope == cast.places[SIBLING])).one()
    assert (mine.due_at, mine.turn) == (BREACH, True)


def test_the_list_of_a_party_counts_down_its_own_clock(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    (row,) = queue.page(db_session, cast["site-2"], Filters(queue="to_answer"), NOON).rows
    assert (row.number, row.due_at, row.asked) == (number, BREACH, "to_answer")
    (row,) = queue.page(db_session, cast["site"], Filters(queue="working"), NOON).rows
    assert (row.due_at, row.next_clock, row.asked) == (NOON + DAY, "resolve", "")


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(
    ("code", "error"),
    [
        (HERE, "own_organisation"), ("33", "not_a_party"), ("HQ", "not_a_party"), ("nowhere", "unknown_organisation"),
        ("", "required"), ("33-Z01", "organisation_closed"),
    ],
)  # fmt: skip
def test_who_cannot_be_a_party_is_refused_by_its_code(cast: Cast, db_session, code: str, error: str) -> None:
    place(cast, "33-Z01", "site", "33", closed_from=NOON.date())
    number = replied(cast)
    with pytest.raises(Invalid) as refused:
        add(cast, number, code)
    assert refused.value.fields == {"code": error}


def test_a_duplicate_and_a_third_party_are_refused_and_the_number_is_a_setting(cast: Cast, db_session) -> None:
    place(cast, "33-H01", "hub", "33")
    number = replied(cast)
    add(cast, number)
    with pytest.raises(Invalid) as twice:
        add(cast, number)
    add(cast, number, ELSEWHERE)
    with pytest.raises(Invalid) as third:
        add(cast, number, "33-H01")
    assert (twice.value.fields["code"], third.value.fields["code"]) == ("party_already", "too_many_parties")
    add(cast, number, "33-H01", most=3)


def test_an_answer_stops_the_partys_clock_and_no_other(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    add(cast, number, ELSEWHERE)
    answer(cast, number)
    states = {run.organisation_id: run.state for run in runs(db_session, number, "party_reply")}
    assert states == {cast.places[SIBLING]: "met", cast.places[ELSEWHERE]: "running"}
    assert case(db_session, number).state == "answered"
    assert listed(db_session, cast, "site-2", "to_answer") == []
    assert runs(db_session, number, "resolve")[0].state == "running"
    with pytest.raises(NotAllowed):
        answer(cast, number)


def test_nothing_that_a_party_says_leaves_the_house(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    dispute(cast, number)
    assert db_session.scalar(select(func.count()).where(Outbox.kind == "callback")) == 0


def test_a_removed_party_has_nothing_to_do_and_its_time_counts_for_nobody(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    add(cast, number, ELSEWHERE)
    parties.remove(actor=cast["site"], post=post(number), party=SIBLING, text="误加", now=T0 + HOUR)
    assert [run.state for run in runs(db_session, number, "party_reply")] == ["void", "running"]
    assert listed(db_session, cast, "site-2", "all") == []
    with pytest.raises(NotAllowed):
        answer(cast, number)
    add(cast, number, now=T0 + 2 * HOUR)
    assert [run.run for run in runs(db_session, number, "party_reply")] == [1, 2, 3]
    assert case(db_session, number).state == "asked"


def test_what_is_disputed_is_decided_and_not_taken_away(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    dispute(cast, number)
    with pytest.raises(Invalid):
        parties.remove(actor=cast["site"], post=post(number), party=SIBLING, text="算了", now=T0 + 2 * HOUR)


def test_a_party_is_urged_once_in_half_an_hour_and_its_phone_is_told_once(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    urge(cast, number)
    with pytest.raises(NotAllowed) as refused:
        urge(cast, number, now=T0 + HOUR + 29 * MIN)
    assert (refused.value.code, refused.value.detail["at"]) == ("urged_recently", T0 + HOUR + 30 * MIN)
    for _ in range(2):
        reminders.bundle(db_session, T0 + HOUR + MIN)
    phone = db_session.scalar(select(Organisation.duty_phone).where(Organisation.code == SIBLING))
    rows = list(db_session.scalars(select(Outbox).where(Outbox.kind == "sms")))
    assert [(row.payload["phone"], row.payload["variables"]["clock"]) for row in rows] == [(phone, "party_reply")]
    urge(cast, number, now=T0 + HOUR + 30 * MIN)
    assert (case(db_session, number).urge_count, len(said(db_session, number, "party_urged"))) == (2, 2)
    assert db_session.scalars(select(Reminder.stage).order_by(Reminder.stage)).all() == ["urge_1", "urge_2"]


def test_whoever_answered_is_not_urged(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    add(cast, number, ELSEWHERE)
    answer(cast, number)
    with pytest.raises(Invalid):
        urge(cast, number)


def test_silence_is_presumed_responsibility_and_the_answer_is_still_owed(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    for _ in range(2):
        sweep.run(db_session, BREACH + MIN)
    row = case(db_session, number)
    assert (row.state, row.contest_until) == ("presumed", BREACH + DAY)  # Thursday to Friday
    assert len(said(db_session, number, "party_presumed")) == 1
    breached = [data for data in said(db_session, number, "clock_breached") if data["kind"] == "party_reply"]
    assert [data["organisation_id"] for data in breached] == [cast.places[SIBLING]]
    answer(cast, number, now=BREACH + HOUR)
    row = case(db_session, number)
    assert (row.state, runs(db_session, number, "party_reply")[0].state) == ("presumed", "breached")
    assert listed(db_session, cast, "site-2", "to_answer") == []


def test_a_presumption_is_contested_within_a_working_day_and_final_after_it(cast: Cast, db_session) -> None:
    number, other = replied(cast), replied(cast, "W2")
    for one in (number, other):
        add(cast, one)
    sweep.run(db_session, BREACH + MIN)
    dispute(cast, number, now=BREACH + DAY)
    assert case(db_session, number).state == "disputed"
    with pytest.raises(NotAllowed) as refused:
        dispute(cast, other, now=BREACH + DAY + MIN)
    assert refused.value.code == "contest_over"
    presumption.finalise(db_session, BREACH + DAY + MIN, 10)
    assert (case(db_session, other).state, case(db_session, other).contest_until) == ("presumed", None)
    assert len(said(db_session, other, "presumption_final")) == 1
    with pytest.raises(NotAllowed):
        dispute(cast, other, now=BREACH + DAY + HOUR)
    answer(cast, other, now=BREACH + DAY + HOUR)


def test_a_party_that_speaks_late_before_the_sweep_came_by_is_presumed_all_the_same(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    answer(cast, number, now=BREACH + MIN)
    assert case(db_session, number).state == "presumed"
    assert said(db_session, number, "party_answered")[0]["late"] is True


def late_party(cast: Cast, urged: bool = True) -> str:
    """A high complaint whose result is due after an urged party's answer is."""
    number = replied(cast)
    add(cast, number, now=T0)
    if urged:
        urge(cast, number)
    return number


@pytest.mark.parametrize("swept", [True, False])
@pytest.mark.parametrize(("urged", "liable"), [(True, SIBLING), (False, HERE)])
def test_while_an_urged_party_is_late_a_late_result_is_the_partys(
    cast: Cast, db_session, swept: bool, urged: bool, liable: str
) -> None:
    number = late_party(cast, urged)
    (resolve,) = runs(db_session, number, "resolve")
    resolve.due_at = resolve.next_stage_at = BREACH + 2 * HOUR
    db_session.commit()
    if swept:
        sweep.run(db_session, BREACH + 3 * HOUR)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=BREACH + 4 * HOUR)
    (resolve,) = runs(db_session, number, "resolve")
    assert resolve.organisation_id == cast.places[liable]
    booked = said(db_session, number, "lateness_booked")
    assert [(d["from"], d["to"], d["run"]) for d in booked] == (
        [(cast.places[HERE], cast.places[SIBLING], 1)] if urged else []
    )


def test_a_booked_lateness_counts_on_the_partys_card_and_reminds_the_site(cast: Cast, db_session) -> None:
    number = late_party(cast)
    (resolve,) = runs(db_session, number, "resolve")
    resolve.due_at = resolve.next_stage_at = BREACH + 2 * HOUR
    db_session.commit()
    sweep.run(db_session, BREACH + 3 * HOUR)
    facts = {row["site"]: row for row in scorecards.all_facts(now=BREACH + 4 * HOUR)["sites"]}
    assert (facts[HERE]["resolve_due"], facts[SIBLING]["resolve_due"]) == (0, 1)
    assert (facts[SIBLING]["party_reply_due"], facts[SIBLING]["party_reply_in_time"]) == (1, 0)
    assert facts[HERE]["party_reply_due"] == 0
    told = select(Reminder.organisation_id).where(Reminder.clock_id == resolve.id)
    assert set(db_session.scalars(told)) == {cast.places[HERE]}


def test_close_waits_for_the_last_partys_answer(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=T0 + MIN)
    tell(cast, "SATISFIED", at=T0 + 2 * MIN, now=T0 + 2 * MIN)
    assert runs(db_session, number, "close") == []
    answer(cast, number)
    assert [run.started_at for run in runs(db_session, number, "close")] == [T0 + HOUR]


def test_a_party_that_is_asked_late_stops_the_close_clock_until_it_is_heard(cast: Cast, db_session) -> None:
    number = replied(cast)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=T0 + MIN)
    tell(cast, "SATISFIED", at=T0 + 2 * MIN, now=T0 + 2 * MIN)
    add(cast, number, now=T0 + 3 * MIN)
    assert [run.state for run in runs(db_session, number, "close")] == ["void"]
    answer(cast, number)
    assert [run.state for run in runs(db_session, number, "close")] == ["void", "running"]


def test_a_withdrawn_ticket_drops_every_case_and_clock(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    add(cast, number, ELSEWHERE)
    dispute(cast, number)
    tell(cast, "CANCEL", at=T0 + 2 * HOUR, now=T0 + 2 * HOUR)
    row = ticket(db_session, number)
    assert (row.state, row.cases) == ("withdrawn", {})
    assert {case(db_session, number, code).state for code in (SIBLING, ELSEWHERE)} == {"dropped"}
    assert [run.state for run in runs(db_session, number, "ruling")] == ["void"]
    assert sorted(run.state for run in runs(db_session, number, "party_reply")) == ["met", "void"]
    assert db_session.scalars(select(WorkItem)).all() == []


def test_a_case_goes_on_after_the_ticket_is_closed(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=T0 + MIN)
    tell(cast, "SATISFIED", at=T0 + 2 * MIN, now=T0 + 2 * MIN)
    replies.close(actor=cast["site"], post=post(number), root_cause="hub", verified=True, now=T0 + 3 * MIN)
    assert listed(db_session, cast, "site-2", "to_answer") == [number]
    dispute(cast, number)
    assert listed(db_session, cast, "site-2", "to_answer") == []
    assert listed(db_session, cast, "site", "to_answer") == [number]  # the site has to agree or reject


def test_a_party_that_gets_the_ticket_itself_is_a_party_no_more(cast: Cast, db_session) -> None:
    from app.services import routing
    from app.services.transaction import write

    number = replied(cast)
    add(cast, number)
    with write() as session:
        routing.to_site(session, ticket(session, number), cast.places[SIBLING], "ruling", T0 + HOUR)
    assert ticket(db_session, number).cases == {}
    assert case(db_session, number).state == "removed"
    assert runs(db_session, number, "party_reply")[0].state == "void"


WHO_MAY = {
    "add": {"site": True, "site-manager": True, "site-2": False, "lcs": False, "lcs-2": False, "ccs": False},
    "urge": {"site": True, "site-manager": True, "site-2": False, "lcs": False, "lcs-2": False, "ccs": False},
    "remove": {"site": True, "site-manager": True, "site-2": False, "lcs": False, "lcs-2": False, "ccs": False},
    "answer": {"site": False, "site-manager": False, "site-2": True, "lcs": False, "lcs-2": False, "ccs": False},
    "dispute": {"site": False, "site-manager": False, "site-2": True, "lcs": False, "lcs-2": False, "ccs": False},
}  # fmt: skip
OUTSIDE = ("site-3", "lcs-2", "admin")


def take_step(cast: Cast, number: str, step: str, who: str) -> None:
    if step == "add":
        place(cast, f"33-H-{who}", "hub", "33")
        add(cast, number, f"33-H-{who}", who=who)
    elif step == "remove":
        parties.remove(actor=cast[who], post=post(number), party=SIBLING, text="误加", now=T0 + HOUR)
    else:
        {"urge": urge, "answer": answer, "dispute": dispute}[step](cast, number, who=who)


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize(("step", "who"), [(step, who) for step in WHO_MAY for who in WHO_MAY[step]])
def test_exactly_these_people_may_take_the_step(cast: Cast, db_session, step: str, who: str) -> None:
    number = replied(cast)
    add(cast, number)
    if WHO_MAY[step][who]:
        take_step(cast, number, step, who)
        return
    with pytest.raises(NotFound if who in OUTSIDE else NotAllowed):
        take_step(cast, number, step, who)


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("step", list(WHO_MAY))
def test_for_a_third_site_another_province_and_the_administrator_it_does_not_exist(
    cast: Cast, db_session, step: str, who: str
) -> None:
    number = replied(cast)
    add(cast, number)
    with pytest.raises(NotFound):
        take_step(cast, number, step, who)


def test_the_same_form_twice_adds_one_party(cast: Cast, db_session) -> None:
    number = replied(cast)
    for _ in range(2):
        parties.add(
            actor=cast["site"], post=post(number, "once"), code=SIBLING, text="请说明", most=2, now=T0
        )  # fmt: skip
    assert len(said(db_session, number, "party_added")) == 1


def test_reminders_of_a_party_go_to_the_party(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    sweep.run(db_session, T0 + timedelta(hours=6))
    (run,) = runs(db_session, number, "party_reply")
    told = select(Reminder.organisation_id).where(Reminder.clock_id == run.id)
    assert db_session.scalars(told).all() == [cast.places[SIBLING]]
