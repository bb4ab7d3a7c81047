"""When the time to object begins, and what the complainant says on the telephone."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed
from app.models import Appeal, CustomerLink, Outbox, PartyCase, SmsHandover, Ticket
from app.models.ids import new_id
from app.services import (
    appeals,
    callbacks,
    clocks,
    customer_link,
    queue,
    replies,
    settling,
    sms_receipts,
    sms_sends,
    sweep,
    verdicts,
)
from app.services.queue import Filters
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import EVERYBODY, FINE, answer, by_hand, events, runs, tries

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def sms_of(session, number: str) -> Outbox:
    return session.scalars(
        select(Outbox).where(Outbox.kind == "sms", Outbox.ticket_id == ticket(session, number).id)
    ).one()


def deliver(session, number: str, at: datetime | None, now: datetime) -> None:
    """The carrier reports the SMS with the link as delivered."""
    row_id = sms_of(session, number).id
    with write() as inner:
        customer_link.delivered(inner, inner.get_one(Outbox, row_id), at, now)


def told(cast: Cast, number: str, who: str = "site", now=NOON + HOUR, outcome: str = "told") -> None:
    verdicts.told(actor=cast[who], post=post(number), outcome=outcome, text="已告知处理结果", now=now)


def rejects(cast: Cast, number: str, who: str = "site", now=NOON + 2 * HOUR) -> None:
    verdicts.customer_rejects(actor=cast[who], post=post(number), text="客户不认可", now=now)


def accepts(cast: Cast, number: str, who: str = "site", now=NOON + 2 * HOUR) -> None:
    verdicts.customer_accepts(actor=cast[who], post=post(number), text="客户认可", now=now)


# --- the window counts from the delivery ---


def test_the_window_does_not_begin_with_the_sending(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    assert not runs(db_session, number, "objection")
    assert runs(db_session, number, "delivery")[0].due_at == NOON + DAY


@pytest.mark.parametrize("reported", [NOON + 2 * HOUR, None, NOON + 9 * HOUR, NOON - HOUR])
def test_the_window_begins_when_the_sms_was_delivered(cast: Cast, db_session, reported: datetime | None) -> None:
    number = by_hand(cast)
    answer(cast, number)
    deliver(db_session, number, reported, NOON + 3 * HOUR)
    begins = {NOON + 2 * HOUR: NOON + 2 * HOUR, NOON - HOUR: NOON}.get(reported, NOON + 3 * HOUR)
    window = runs(db_session, number, "objection")[0]
    assert (window.started_at, window.due_at) == (begins, begins + 2 * DAY)
    assert runs(db_session, number, "delivery")[0].state == "met"
    assert db_session.scalars(select(CustomerLink.expires_at)).one() == begins + 9 * DAY


def test_the_delivery_of_an_older_link_starts_nothing(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    row_id = sms_of(db_session, number).id
    rejects(cast, number)
    ruling = appeals.RulingIn("upheld_return", "重新核实")
    appeals.rule(actor=cast["ccs"], post=post(number), ruling=ruling, now=NOON + 3 * HOUR)
    answer(cast, number, now=NOON + 4 * HOUR)
    with write() as session:
        customer_link.delivered(session, session.get_one(Outbox, row_id), NOON + HOUR, NOON + 5 * HOUR)
    assert not runs(db_session, number, "objection")


def test_the_window_of_a_platforms_ticket_begins_when_the_answer_was_taken(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    with write() as session:
        callbacks.accepted(session, session.scalars(select(Outbox)).one(), NOON + 5 * HOUR)
    assert runs(db_session, number, "objection")[0].due_at == NOON + 53 * HOUR


def test_an_older_answer_that_the_platform_takes_late_starts_nothing(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    first = db_session.scalars(select(Outbox.id)).one()
    with write() as session:
        callbacks.refused(session, session.get_one(Outbox, first), "E1", "缺少签收人", NOON + HOUR)
    answer(cast, number, now=NOON + 2 * HOUR)
    with write() as session:
        callbacks.accepted(session, session.get_one(Outbox, first), NOON + 3 * HOUR)
    assert not runs(db_session, number, "objection")


@pytest.mark.parametrize("arrived", [True, False])
def test_the_carriers_receipt_is_what_starts_the_window(cast: Cast, db_session, arrived: bool) -> None:
    number = by_hand(cast)
    answer(cast, number)
    row_id = sms_of(db_session, number).id
    with write() as session:
        row = session.get_one(Outbox, row_id)
        row.state, row.external_id = "sent", "S1"
        digest = sms_sends.digest("13812345678", "key")
        session.add(SmsHandover(outbox_id=row_id, driver="aliyun", phone_digest=digest, at=NOON + HOUR))
    report = SimpleNamespace(
        serial="S1", phone="13812345678", delivered=arrived, code="OK", at=NOON + 2 * HOUR, out_id=""
    )  # fmt: skip
    for _ in range(2):
        sms_receipts.take(driver="aliyun", reports=[report], key="key", now=NOON + 3 * HOUR)
    begun = [run.started_at for run in runs(db_session, number, "objection")]
    assert begun == ([NOON + 2 * HOUR] if arrived else [])
    assert len(events(db_session, number, "link_delivered")) == arrived


def test_without_any_word_the_window_counts_from_the_sending(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    sweep.run(db_session, NOON + DAY - timedelta(seconds=1))
    assert not runs(db_session, number, "objection")
    sweep.run(db_session, NOON + DAY)
    window = runs(db_session, number, "objection")[0]
    assert (window.started_at, window.due_at) == (NOON, NOON + 2 * DAY)
    assert events(db_session, number, "delivery_unconfirmed")[0].at == NOON + DAY
    deliver(db_session, number, None, NOON + DAY + HOUR)
    assert [run.due_at for run in runs(db_session, number, "objection")] == [NOON + 2 * DAY]


def test_after_a_rework_the_window_of_24_hours_is_over_at_that_same_moment(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    rejects(cast, number)
    appeals.rule(
        actor=cast["ccs"], post=post(number), ruling=appeals.RulingIn("upheld_return", "重办"), now=NOON + 3 * HOUR
    )
    answer(cast, number, now=NOON + 4 * HOUR)
    sweep.run(db_session, NOON + 28 * HOUR)
    row = ticket(db_session, number)
    assert row.objection_over and row.next_clock == "close"
    assert runs(db_session, number, "close")[0].started_at == NOON + 28 * HOUR


# --- told on a call ---


def test_a_logged_call_starts_the_window_once(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    told(cast, number)
    told(cast, number, now=NOON + 3 * HOUR)
    assert [run.due_at for run in runs(db_session, number, "objection")] == [NOON + 49 * HOUR]
    assert len(events(db_session, number, "told")) == 2


def test_a_call_that_reached_nobody_told_nothing(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    with pytest.raises(Invalid) as error:
        told(cast, number, outcome="no_answer")
    assert error.value.fields == {"contact_outcome": "required"}
    assert not runs(db_session, number, "objection")


# --- the verdict by telephone ---


def test_accepting_on_the_telephone_lets_the_site_close(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    accepts(cast, number)
    row = ticket(db_session, number)
    assert (row.state, row.customer_accepted, row.accepted_at) == ("replied", True, NOON + 2 * HOUR)
    assert runs(db_session, number, "close")[0].due_at == NOON + 26 * HOUR
    with pytest.raises(NotAllowed):
        told(cast, number, now=NOON + 3 * HOUR)


def test_rejecting_on_the_telephone_is_an_appeal_for_headquarters(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    rejects(cast, number)
    row = ticket(db_session, number)
    assert (row.state, row.queue) == ("appealed", "appealed")
    assert runs(db_session, number, "appeal")[0].due_at == NOON + 26 * HOUR
    assert events(db_session, number, "appeal_opened")[0].data["after_window"] is False


def closed(cast: Cast, number: str, now=NOON + 3 * HOUR) -> str:
    answer(cast, number)
    accepts(cast, number)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=now)
    return number


@pytest.mark.parametrize(
    ("after", "late"), [(7 * DAY, False), (7 * DAY + timedelta(seconds=1), True), (90 * DAY, True)]
)
def test_a_rejection_after_the_closing_is_never_refused_and_costs_the_site_no_clock(
    cast: Cast, db_session, after: timedelta, late: bool
) -> None:
    number = closed(cast, by_hand(cast))
    before = len(runs(db_session, number, "resolve")) + len(runs(db_session, number, "first_reply"))
    rejects(cast, number, "ccs", now=NOON + 3 * HOUR + after)
    assert ticket(db_session, number).state == "appealed"
    data = events(db_session, number, "appeal_opened")[0].data
    assert (data["after_window"], data["closed_at"]) == (late, (NOON + 3 * HOUR).isoformat())
    assert len(runs(db_session, number, "resolve")) + len(runs(db_session, number, "first_reply")) == before
    assert db_session.scalars(select(Appeal.opened_at)).one() == NOON + 3 * HOUR + after


MAY = {
    "told": {"site": True, "site-manager": True},
    "customer_accepts": {"site": True, "site-manager": True},
    "customer_rejects": {"site": True, "site-manager": True, "ccs": True, "ccs-manager": True},
}
VERBS = {"told": told, "customer_accepts": accepts, "customer_rejects": rejects}


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("action", MAY)
def test_who_logs_the_complainants_word(cast: Cast, action: str, who: str) -> None:
    number = by_hand(cast)
    answer(cast, number)
    assert tries(lambda: VERBS[action](cast, number, who)) == MAY[action].get(who, False)


@pytest.mark.parametrize("way", ["accepted", "unopposed"])
def test_a_settled_ticket_is_the_sites_to_do_until_it_is_closed(cast: Cast, db_session, way: str) -> None:
    def todo() -> list[str]:
        return [row.number for row in queue.page(db_session, cast["site"], Filters(), NOON).rows]

    number = by_hand(cast)
    answer(cast, number)
    assert todo() == []
    accepts(cast, number) if way == "accepted" else sweep.run(db_session, NOON + 2 * DAY)
    assert todo() == [number] and queue.counts(db_session, cast["site"], NOON)["todo"] == 1
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=NOON + 2 * DAY)
    assert todo() == []


# --- the close clock waits for the parties ---


def test_the_close_clock_waits_for_a_party_that_is_asked(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    with write() as session:
        row = session.scalars(select(Ticket)).one()
        place = cast.places["330108-01"]
        session.add(PartyCase(id=new_id(), ticket_id=row.id, organisation_id=place, state="asked", added_at=NOON))
        limit = clocks.limits(session, row)["party_reply"]
        clocks.start(session, row, "party_reply", limit, NOON, organisation_id=place)
    accepts(cast, number)
    assert not runs(db_session, number, "close")
    with write() as session:
        row = session.scalars(select(Ticket)).one()
        clocks.stop(session, row, ["party_reply"], NOON + 5 * HOUR)
        settling.start_close(session, row, NOON + 5 * HOUR)
    assert runs(db_session, number, "close")[0].due_at == NOON + 29 * HOUR


def test_a_refused_answer_ends_the_waiting_for_its_delivery(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    with write() as session:
        callbacks.refused(session, session.scalars(select(Outbox)).one(), "E1", "缺少签收人", NOON + HOUR)
    assert runs(db_session, number, "delivery")[0].state == "void"
    sweep.run(db_session, NOON + 2 * DAY)
    assert not runs(db_session, number, "objection")


def test_a_satisfied_customer_needs_no_delivery(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number, said=FINE)
    tell(cast, "SATISFIED", at=NOON + HOUR, now=NOON + HOUR)
    assert runs(db_session, number, "delivery")[0].state == "met"
    sweep.run(db_session, NOON + 2 * DAY)
    assert not runs(db_session, number, "objection")
