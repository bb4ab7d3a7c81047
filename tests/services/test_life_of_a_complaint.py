"""From the push to the ruling, through the real services."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.models import Appeal, Clock, Event, Outbox, Party, Submission, Ticket, WorkItem
from app.services import appeals, journal, queue, replies, scope
from app.services.queue import Filters
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, push, tell, ticket

MIN = timedelta(minutes=1)
FINE = ResultIn(text="已重新派送到您手中", contact_outcome="reached_accepts")


def clock(session, number: str, kind: str, run: int = 1) -> Clock:
    row = select(Clock).join(Ticket, Ticket.id == Clock.ticket_id)
    session.rollback()
    return session.scalars(row.where(Ticket.number == number, Clock.kind == kind, Clock.run == run)).one()


def test_a_push_lies_with_the_named_site_and_its_clocks_run(cast: Cast, db_session) -> None:
    number = push(cast)
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.handling_site_id) == ("open", "to_accept", cast.places["330106-01"])
    assert clock(db_session, number, "first_reply").due_at == NOON + 30 * MIN
    assert clock(db_session, number, "resolve").due_at == NOON + timedelta(hours=24)
    assert row.next_clock == "accept"


def test_an_unknown_site_goes_to_the_headquarters_tray_and_is_not_dropped(cast: Cast, db_session) -> None:
    row = ticket(db_session, push(cast, site="999999-99"))
    assert (row.queue, row.tray_reason, row.handling_site_id) == ("tray", "unknown_site", None)
    assert [item.scope for item in db_session.scalars(select(WorkItem))] == [0]


def test_the_queue_of_each_desk_shows_its_own_tickets_only(cast: Cast, db_session) -> None:
    number = push(cast)
    seen = {
        name: [row.number for row in queue.page(db_session, cast[name], Filters(queue="all"), NOON).rows]
        for name in ("site", "site-2", "site-3", "lcs", "lcs-2", "ccs")
    }
    assert seen == {"site": [number], "site-2": [], "site-3": [], "lcs": [number], "lcs-2": [], "ccs": [number]}


@pytest.mark.parametrize("name", ["site-2", "site-3", "lcs-2", "admin"])
def test_a_ticket_outside_the_scope_does_not_exist(cast: Cast, db_session, name: str) -> None:
    number = push(cast)
    with pytest.raises(NotFound):
        scope.load(db_session, cast[name], number)


def test_claiming_stops_the_accept_clock_and_names_the_owner(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.claim(actor=cast["site"], post=post(number), now=NOON + 5 * MIN)
    row = ticket(db_session, number)
    assert (row.state, row.owner_id) == ("in_progress", cast["site"].user_id)
    assert clock(db_session, number, "accept").state == "met"


def test_a_first_reply_at_its_due_is_in_time_and_a_second_later_late(cast: Cast, db_session) -> None:
    first, second = push(cast, "W1"), push(cast, "W2")
    for number, at in ((first, NOON + 30 * MIN), (second, NOON + 30 * MIN + timedelta(seconds=1))):
        replies.follow_up(
            actor=cast["site"], post=post(number), text="已联系客户", contact_outcome="no_answer",
            next_update_at=NOON + timedelta(hours=3), now=at,
        )  # fmt: skip
    assert clock(db_session, first, "first_reply").state == "met"
    assert clock(db_session, second, "first_reply").state == "breached"


def test_received_alone_is_no_first_reply(cast: Cast, db_session) -> None:
    number = push(cast)
    with pytest.raises(Invalid) as error:
        replies.follow_up(
            actor=cast["site"], post=post(number), text="收到", contact_outcome="", next_update_at=None, now=NOON
        )
    assert error.value.fields == {"contact_outcome": "required", "next_update_at": "required"}
    assert clock(db_session, number, "first_reply").stopped_at is None


def test_a_result_is_one_callback_an_order_in_the_same_commit(cast: Cast, db_session) -> None:
    number = push(cast, "W1", waybill="YT1000000000001")
    assert push(cast, "W2", waybill="YT1000000000001", now=NOON + MIN) == number
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON + 9 * MIN)
    rows = list(db_session.scalars(select(Outbox).order_by(Outbox.id)))
    assert len(rows) == 2
    assert {row.payload["operate_time"] for row in rows} == {"2026-11-18 12:09:00"}
    assert ticket(db_session, number).repeat_count == 1


def test_the_same_form_twice_stores_one_result(cast: Cast, db_session) -> None:
    number = push(cast)
    for _ in range(2):
        outcome = replies.result(actor=cast["site"], post=post(number, key="k1"), answer=FINE, now=NOON)
    assert outcome.repeated
    assert db_session.scalar(select(func.count()).where(Event.type == "result")) == 1
    assert db_session.scalar(select(func.count()).select_from(Submission)) == 1


def test_a_stale_page_is_refused_when_somebody_else_acted(cast: Cast, db_session) -> None:
    number = push(cast)
    version = ticket(db_session, number).version
    replies.note(actor=cast["lcs"], post=post(number), text="先看驿站出库记录", now=NOON)
    with pytest.raises(Stale):
        replies.claim(actor=cast["site"], post=post(number, version=version), now=NOON)


def test_only_the_handling_site_answers(cast: Cast) -> None:
    number = push(cast)
    for name in ("lcs", "ccs"):
        with pytest.raises(NotAllowed):
            replies.result(actor=cast[name], post=post(number), answer=FINE, now=NOON)


def test_a_rejected_result_is_an_appeal_that_ccs_returns_to_the_site(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON)
    tell(cast, "REJECT", now=NOON + 60 * MIN, at=NOON + 60 * MIN)
    assert ticket(db_session, number).state == "appealed"
    ruling = appeals.RulingIn("upheld_return", "门卫否认代签，请重新核实")
    appeals.rule(actor=cast["ccs"], post=post(number), ruling=ruling, now=NOON + 90 * MIN)
    row = ticket(db_session, number)
    assert (row.state, row.queue) == ("in_progress", "returned")
    assert clock(db_session, number, "resolve", 2).due_at == NOON + 90 * MIN + timedelta(hours=12)
    assert db_session.scalars(select(Appeal)).one().ruling == "upheld_return"
    assert db_session.scalar(select(func.count()).select_from(Outbox)) == 2


def test_a_satisfied_customer_lets_the_site_close(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON)
    with pytest.raises(NotAllowed):
        replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=NOON)
    tell(cast, "SATISFIED", at=NOON + MIN, now=NOON + MIN)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=NOON + 2 * MIN)
    assert ticket(db_session, number).state == "closed"
    assert not list(db_session.scalars(select(WorkItem)))
    assert not any(queue.counts(db_session, cast["site"], NOON).values())


def test_the_chain_of_a_whole_life_verifies_and_an_edit_is_found(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON)
    row = ticket(db_session, number)
    assert journal.verify(db_session, row.id) is None
    event = db_session.scalars(select(Event).where(Event.type == "result")).one()
    event.data = {**event.data, "action_taken": "compensated"}
    db_session.commit()
    assert journal.verify(db_session, row.id) == event.seq


def test_a_party_row_is_what_opens_a_ticket(cast: Cast, db_session) -> None:
    number = push(cast)
    db_session.execute(Party.__table__.delete())
    db_session.commit()
    with pytest.raises(NotFound):
        scope.load(db_session, cast["site"], number)
