"""Not ours: a return moves by itself, is ruled on by the LCS, or ends at the LCS; and nobody pays for what it lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.models import Clock, Event, Organisation, Outbox, Party, Ticket, Transfer, WorkItem
from app.services import (
    journal,
    queue,
    reminders,
    replies,
    reveals,
    routing,
    scans,
    sweep,
    ticket_view,
    transfers,
)
from app.services.queue import Filters
from app.services.replies import ResultIn
from app.services.scans import ScanIn
from app.services.transaction import write
from app.services.transfers import ReturnIn, RulingIn
from tests.cast import NOON, PEOPLE, Cast, post, push, tell, ticket

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
OURS, SIBLING, FAR = "330106-01", "330108-01", "440305-01"
CLERKS = {OURS: "site", SIBLING: "site-2", FAR: "site-3"}
PROOF = ReturnIn("outside_area", "收件地址在滨江区，不属本站派送范围")
FINE = ResultIn(text="已重新派送到您手中", contact_outcome="reached_accepts")


def give_up(cast: Cast, number: str, who: str = "site", now=NOON, asked: ReturnIn = PROOF, **more):
    return transfers.give_up(actor=cast[who], post=post(number, **more), asked=asked, now=now)


def decide(cast: Cast, number: str, decision: str, who: str = "lcs", now=NOON, site: str = "", learn: bool = False):
    ruling = RulingIn(decision, "按地址核实", site, learn)
    return transfers.rule(actor=cast[who], post=post(number), ruling=ruling, now=now)


def grant(cast: Cast, number: str, site: str = SIBLING, **more):
    return decide(cast, number, "grant", site=site, **more)


def runs(session, number: str, place: int) -> dict[str, str]:
    session.rollback()
    statement = select(Clock.kind, Clock.state).join(Ticket, Ticket.id == Clock.ticket_id)
    rows = session.execute(statement.where(Ticket.number == number, Clock.organisation_id == place).order_by(Clock.run))
    return dict(row for row in rows if row[0] in ("accept", "first_reply", "resolve", "ruling"))


def told(session, number: str, kind: str) -> list[Event]:
    session.rollback()
    statement = select(Event).join(Ticket, Ticket.id == Event.ticket_id).where(Ticket.number == number)
    return list(session.scalars(statement.where(Event.type == kind).order_by(Event.seq)))


def cases_of(session) -> list[Transfer]:
    session.rollback()
    return list(session.scalars(select(Transfer).order_by(Transfer.id)))


def listed(session, cast: Cast, who: str, which: str, now=NOON) -> list[str]:
    session.rollback()
    return [row.number for row in queue.page(session, cast[who], Filters(queue=which), now).rows]


def scan(number_waybill: str, place: str, at=NOON) -> None:
    scans.store_scans(scans=[ScanIn(number_waybill, "DELIVER", at, place, "courier")], now=at)


# --- whose step it is; the expectation is written by hand ---

MAY_RETURN = {"site", "site-manager"}
MAY_RULE = {"lcs", "lcs-manager", "ccs", "ccs-manager"}
OUTSIDE = {"site-2", "site-3", "lcs-2", "admin"}


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", PEOPLE)
def test_only_the_handling_site_returns(cast: Cast, who: str) -> None:
    number = push(cast)
    if who in MAY_RETURN:
        give_up(cast, number, who)
        return
    with pytest.raises(NotFound if who in OUTSIDE else NotAllowed):
        give_up(cast, number, who)


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("decision", ["grant", "refuse", "keep"])
@pytest.mark.parametrize("who", PEOPLE)
def test_only_the_court_and_headquarters_rule_on_a_return(cast: Cast, decision: str, who: str) -> None:
    number = push(cast)
    give_up(cast, number)
    if who in MAY_RULE:
        decide(cast, number, decision, who, site=SIBLING)
        return
    with pytest.raises(NotFound if who in OUTSIDE else NotAllowed):
        decide(cast, number, decision, who, site=SIBLING)


def test_a_return_needs_a_reason_and_its_proof(cast: Cast, db_session) -> None:
    number = push(cast)
    with pytest.raises(Invalid) as error:
        give_up(cast, number, asked=ReturnIn("", " "))
    assert error.value.fields == {"reason": "required", "text": "required"}
    for code, why in (("999999-99", "unknown_site"), (OURS, "same_site"), ("33", "unknown_site")):
        with pytest.raises(Invalid) as error:
            give_up(cast, number, asked=ReturnIn("outside_area", "不在范围", code))
        assert error.value.fields == {"site_code": why}
    assert cases_of(db_session) == []


# --- waiting for the ruling ---


def test_while_it_waits_the_sites_clocks_run_and_the_court_has_thirty_minutes(cast: Cast, db_session) -> None:
    number = push(cast)
    give_up(cast, number, now=NOON + 5 * MIN)
    here, court = cast.places[OURS], cast.places["33"]
    assert runs(db_session, number, here) == {"accept": "running", "first_reply": "running", "resolve": "running"}
    assert runs(db_session, number, court) == {"ruling": "running"}
    item = db_session.get(WorkItem, (court, ticket(db_session, number).id))
    assert (item.queue, item.turn, item.due_at) == ("to_rule", True, NOON + 35 * MIN)
    assert listed(db_session, cast, "lcs", "to_rule") == [number]
    with pytest.raises(NotAllowed):
        give_up(cast, number)


def test_the_thirty_minutes_are_service_minutes_over_the_evening(cast: Cast, db_session) -> None:
    at = NOON + timedelta(hours=7, minutes=50)  # 19:50 in Shanghai
    number = push(cast, now=at)
    give_up(cast, number, now=at)
    due = db_session.scalars(select(Clock.due_at).where(Clock.kind == "ruling")).one()
    assert due == NOON + timedelta(hours=20, minutes=20)  # 08:20 of the next day


def test_a_ruling_that_does_not_come_reminds_breaches_and_goes_up(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.follow_up(
        actor=cast["site"], post=post(number), text="已联系", contact_outcome="no_answer",
        next_update_at=NOON + 9 * HOUR, now=NOON,
    )  # fmt: skip
    give_up(cast, number)
    court = cast.places["33"]
    sweep.run(db_session, NOON + 16 * MIN)
    reminders.bundle(db_session, NOON + 16 * MIN)
    db_session.rollback()
    assert [row.organisation_id for row in db_session.scalars(select(Outbox))] == [court]
    assert listed(db_session, cast, "lcs", "overdue") == []
    sweep.run(db_session, NOON + 31 * MIN)
    assert runs(db_session, number, court) == {"ruling": "breached"}
    assert listed(db_session, cast, "lcs", "overdue") == [number]
    assert listed(db_session, cast, "site", "overdue") == [] and not ticket(db_session, number).overdue
    assert listed(db_session, cast, "ccs", "todo") == []
    sweep.run(db_session, NOON + 4 * HOUR + 31 * MIN)
    assert listed(db_session, cast, "ccs", "todo") == [number]
    decide(cast, number, "refuse", "ccs", now=NOON + 5 * HOUR)
    assert (listed(db_session, cast, "ccs", "todo"), listed(db_session, cast, "lcs", "overdue")) == ([], [])


# --- granted ---


def test_a_granted_return_voids_the_losing_sites_clocks_and_the_new_site_gets_fresh_ones(
    cast: Cast, db_session
) -> None:
    number = push(cast, expires=6 * HOUR)
    platform = db_session.scalars(select(Clock.due_at).where(Clock.kind == "platform")).one()
    sweep.run(db_session, NOON + 11 * MIN)  # nobody accepted
    replies.follow_up(
        actor=cast["site"], post=post(number), text="已联系", contact_outcome="no_answer",
        next_update_at=NOON + 3 * HOUR, now=NOON + 12 * MIN,
    )  # fmt: skip
    here, there = cast.places[OURS], cast.places[SIBLING]
    assert runs(db_session, number, here) == {"accept": "breached", "first_reply": "met", "resolve": "running"}
    give_up(cast, number, now=NOON + 13 * MIN)
    grant(cast, number, now=NOON + 20 * MIN)
    assert runs(db_session, number, here) == dict.fromkeys(("accept", "first_reply", "resolve"), "void")
    assert runs(db_session, number, there) == dict.fromkeys(("accept", "first_reply", "resolve"), "running")
    assert runs(db_session, number, cast.places["33"]) == {"ruling": "met"}
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.handling_site_id, row.hops, row.owner_id, row.level) == (
        "open", "to_accept", there, 1, None, 0,
    )  # fmt: skip
    assert row.first_reply_at is None and row.cases == {"transfer": False}
    assert db_session.scalars(select(Clock.due_at).where(Clock.kind == "platform")).one() == platform
    first = select(Clock.due_at).where(Clock.organisation_id == there, Clock.kind == "first_reply")
    assert db_session.scalars(first).one() == NOON + 50 * MIN
    assert (listed(db_session, cast, "site", "all"), listed(db_session, cast, "site-2", "all")) == ([], [number])
    was = {event.data["kind"]: event.data["was"] for event in told(db_session, number, "clock_void")}
    assert was == {"accept": "breached", "first_reply": "met", "resolve": "running"}
    assert journal.verify(db_session, row.id) is None


def test_a_late_site_that_was_not_the_right_one_is_charged_nothing(cast: Cast, db_session) -> None:
    number = push(cast)
    sweep.run(db_session, NOON + 5 * HOUR)
    assert ticket(db_session, number).level == 2
    give_up(cast, number, now=NOON + 5 * HOUR)
    grant(cast, number, now=NOON + 5 * HOUR + MIN)
    row = ticket(db_session, number)
    assert (row.level, row.overdue) == (0, False)
    assert set(runs(db_session, number, cast.places[OURS]).values()) == {"void"}


def test_a_site_elsewhere_is_named_by_its_code_and_the_old_province_has_nothing_to_do(cast: Cast, db_session) -> None:
    number = push(cast)
    give_up(cast, number)
    grant(cast, number, FAR)
    row = ticket(db_session, number)
    assert (row.handling_site_id, row.province_id) == (cast.places[FAR], cast.places["44"])
    assert listed(db_session, cast, "lcs", "all") == [] and listed(db_session, cast, "lcs-2", "all") == [number]
    roles = {party.organisation_id: party.role for party in db_session.scalars(select(Party))}
    assert roles == {cast.places[OURS]: "former", cast.places[FAR]: "handling"}


def test_who_returned_a_ticket_is_shown_nobody_in_full_any_more_and_whoever_has_it_is(cast: Cast, db_session) -> None:
    number = push(cast)
    assert reveals.reveal(actor=cast["site"], number=number, now=NOON).phone == "13812345678"
    give_up(cast, number)
    grant(cast, number, SIBLING)
    with pytest.raises(NotAllowed) as refused:
        reveals.reveal(actor=cast["site"], number=number, now=NOON)
    assert refused.value.code == "no_part_in_it"
    for who in ("site-2", "lcs", "ccs"):
        assert reveals.reveal(actor=cast[who], number=number, now=NOON).phone == "13812345678"
    with write() as session:
        shown = {who: ticket_view.view(session, cast[who], number).concerned for who in ("site", "site-2", "lcs")}
    assert shown == {"site": False, "site-2": True, "lcs": True}


def test_no_return_goes_to_a_closed_an_unknown_or_the_same_site(cast: Cast, db_session) -> None:
    number = push(cast)
    give_up(cast, number)
    with write() as session:
        closed = update(Organisation).where(Organisation.code == SIBLING)
        session.execute(closed.values(closed_from=NOON.date()))
    for code, why in ((SIBLING, "closed_site"), ("x", "unknown_site"), (OURS, "same_site"), ("", "required")):
        with pytest.raises(Invalid) as error:
            grant(cast, number, code)
        assert error.value.fields == {"site_code": why}
    for decision in ("refuse", "keep"):
        with pytest.raises(Invalid) as error:
            transfers.rule(actor=cast["lcs"], post=post(number), ruling=RulingIn(decision), now=NOON)
        assert error.value.fields == {"text": "required"}


def test_waiting_for_the_customer_ends_with_the_site_that_waited(cast: Cast, db_session) -> None:
    number = push(cast)
    give_up(cast, number)
    with write() as session:
        session.execute(update(Ticket).values(waiting_until=NOON + HOUR))
    grant(cast, number)
    assert ticket(db_session, number).waiting_until is None


def test_a_repeat_counts_against_the_new_sites_own_first_reply(cast: Cast, db_session) -> None:
    number = push(cast)
    give_up(cast, number, now=NOON + 20 * MIN)
    grant(cast, number, now=NOON + 25 * MIN)
    for minutes, late in ((35, False), (56, True)):
        tell(cast, "REPEAT", at=NOON + minutes * MIN, now=NOON + minutes * MIN)
        data = told(db_session, number, "repeat")[-1].data
        assert (data["after_first_reply_due"], data["site_id"]) == (late, cast.places[SIBLING])


# --- refused, kept ---


def test_a_refused_return_is_a_wrong_one_and_lies_in_the_sites_returned_queue(cast: Cast, db_session) -> None:
    number = push(cast)
    give_up(cast, number)
    decide(cast, number, "refuse", now=NOON + MIN)
    assert listed(db_session, cast, "site", "returned") == [number]
    row = cases_of(db_session)[0]
    assert (row.state, row.wrong, row.decided_by_id) == ("refused", True, cast["lcs"].user_id)
    fact = told(db_session, number, "return_refused")[0].data
    assert (fact["transfer_id"], fact["from_site_id"], fact["reason"]) == (row.id, cast.places[OURS], "outside_area")
    assert runs(db_session, number, cast.places[OURS])["first_reply"] == "running"
    replies.claim(actor=cast["site"], post=post(number), now=NOON + 2 * MIN)
    assert listed(db_session, cast, "site", "returned") == [number]
    give_up(cast, number, now=NOON + 3 * MIN)  # with better proof


def test_the_lcs_keeps_it_and_claims_answers_and_closes_it_itself(cast: Cast, db_session) -> None:
    number, court = push(cast), cast.places["33"]
    give_up(cast, number)
    decide(cast, number, "keep", now=NOON + MIN)
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.tray_reason, row.handling_site_id, row.acting_id) == (
        "open", "tray", "kept_by_lcs", None, court,
    )  # fmt: skip
    assert listed(db_session, cast, "lcs", "todo") == [number] and listed(db_session, cast, "site", "all") == []
    assert runs(db_session, number, court)["first_reply"] == "running"
    replies.claim(actor=cast["lcs"], post=post(number), now=NOON + 2 * MIN)
    replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + 3 * MIN)
    assert runs(db_session, number, court) == {
        "accept": "met", "first_reply": "met", "resolve": "met", "ruling": "met",
    }  # fmt: skip
    tell(cast, "SATISFIED", at=NOON + HOUR, now=NOON + HOUR)
    close = db_session.scalars(select(Clock.organisation_id).where(Clock.kind == "close")).one()
    assert close == court
    replies.close(actor=cast["lcs"], post=post(number), root_cause="address", verified=True, now=NOON + HOUR)
    assert ticket(db_session, number).state == "closed"


def test_what_the_lcs_keeps_it_may_still_hand_to_a_site(cast: Cast, db_session) -> None:
    number = push(cast)
    give_up(cast, number)
    decide(cast, number, "keep")
    routing.assign(actor=cast["lcs"], post=post(number), site_code=SIBLING, now=NOON + MIN)
    row = ticket(db_session, number)
    assert (row.handling_site_id, row.acting_id, row.queue) == (cast.places[SIBLING], None, "to_accept")
    assert set(runs(db_session, number, cast.places["33"]).values()) == {"met", "void"}
    assert set(runs(db_session, number, cast.places[SIBLING]).values()) == {"running"}


def test_the_third_return_goes_to_the_lcs_by_itself(cast: Cast, db_session) -> None:
    number, here = push(cast), OURS
    for there in (SIBLING, FAR):
        give_up(cast, number, CLERKS[here])
        grant(cast, number, there, who="ccs")
        here = there
    assert ticket(db_session, number).hops == 2
    give_up(cast, number, "site-3")
    row = ticket(db_session, number)
    assert (row.tray_reason, row.acting_id, row.hops) == ("hop_limit", cast.places["44"], 2)
    assert [case.state for case in cases_of(db_session)] == ["granted", "granted", "kept"]
    assert db_session.scalar(select(func.count()).where(Clock.kind == "ruling")) == 2


# --- by itself ---


def test_it_moves_by_itself_where_the_scan_names_another_open_site_than_the_platform(cast: Cast, db_session) -> None:
    number = push(cast, waybill="YT1000000000001")
    scan("YT1000000000001", SIBLING)
    give_up(cast, number, now=NOON + MIN)
    row = ticket(db_session, number)
    assert (row.handling_site_id, row.hops, row.state) == (cast.places[SIBLING], 1, "open")
    moved = cases_of(db_session)[0]
    assert (moved.state, moved.to_site_id, moved.decided_by_id) == ("moved", cast.places[SIBLING], None)
    assert told(db_session, number, "transferred")[0].actor_role == "system"
    assert set(runs(db_session, number, cast.places[OURS]).values()) == {"void"}


@pytest.mark.parametrize("case", ["same", "none", "closed", "hub", "ruled"])
def test_otherwise_it_waits_for_the_lcs(cast: Cast, db_session, case: str) -> None:
    number, waybill = push(cast, waybill="YT1000000000001"), "YT1000000000001"
    if case != "none":
        scan(waybill, OURS if case == "same" else SIBLING)
    if case in ("closed", "hub"):
        values = {"closed_from": NOON.date()} if case == "closed" else {"kind": "hub"}
        with write() as session:
            session.execute(update(Organisation).where(Organisation.code == SIBLING).values(**values))
    if case == "ruled":
        with write() as session:
            session.execute(update(Organisation).where(Organisation.code == SIBLING).values(closed_from=NOON.date()))
        give_up(cast, number)
        decide(cast, number, "refuse")
        with write() as session:
            session.execute(update(Organisation).values(closed_from=None))
    give_up(cast, number, now=NOON + MIN)
    assert cases_of(db_session)[-1].state == "open"
    assert ticket(db_session, number).handling_site_id == cast.places[OURS]


# --- ends without a ruling, two people, twice ---


@pytest.mark.parametrize("end", ["CANCEL", "SATISFIED", "result"])
def test_a_return_that_nobody_needs_to_rule_on_is_dropped(cast: Cast, db_session, end: str) -> None:
    number = push(cast)
    give_up(cast, number)
    if end == "result":
        replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON + MIN)
    else:
        tell(cast, end, at=NOON + MIN, now=NOON + MIN)
    assert cases_of(db_session)[0].state == "dropped"
    assert runs(db_session, number, cast.places["33"]) == {"ruling": "void"}
    assert listed(db_session, cast, "lcs", "to_rule") == []
    with pytest.raises(NotAllowed):
        decide(cast, number, "refuse", now=NOON + 2 * MIN)


def test_the_same_form_twice_is_one_return_and_one_ruling(cast: Cast, db_session) -> None:
    number = push(cast)
    assert [give_up(cast, number, key="k1").repeated for _ in range(2)] == [False, True]
    ruling = RulingIn("grant", "", SIBLING)
    done = [transfers.rule(actor=cast["lcs"], post=post(number, "k2"), ruling=ruling, now=NOON) for _ in range(2)]
    assert [one.repeated for one in done] == [False, True]
    assert (len(cases_of(db_session)), ticket(db_session, number).hops) == (1, 1)


def test_of_two_who_rule_the_second_is_told_what_the_first_decided(cast: Cast, db_session) -> None:
    number = push(cast)
    give_up(cast, number)
    seen = post(number, version=ticket(db_session, number).version)
    transfers.rule(actor=cast["lcs"], post=seen, ruling=RulingIn("refuse", "属本站"), now=NOON)
    with pytest.raises(Stale):
        transfers.rule(actor=cast["lcs-manager"], post=seen, ruling=RulingIn("grant", "", SIBLING), now=NOON)
    with pytest.raises(Stale):
        replies.result(actor=cast["site"], post=seen, answer=FINE, now=NOON)


@pytest.mark.parametrize("after", ["follow_up", "result"])
def test_a_return_is_possible_after_the_first_reply_and_not_after_the_result(cast: Cast, after: str) -> None:
    number = push(cast)
    if after == "follow_up":
        news = {"text": "不在我区", "contact_outcome": "no_answer", "next_update_at": NOON + 2 * HOUR}
        replies.follow_up(actor=cast["site"], post=post(number), **news, now=NOON + MIN)
        assert give_up(cast, number, now=NOON + 2 * MIN)
        return
    replies.result(actor=cast["site"], post=post(number), answer=ResultIn("好", "reached_accepts"), now=NOON + MIN)
    with pytest.raises(NotAllowed):
        give_up(cast, number, now=NOON + 2 * MIN)
