"""Promises: reminded once an hour before, kept with a proof or by a scan, broken back to work, agreed anew (3.7)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Clock, Event, Organisation, Outbox, Promise, Reminder, WorkItem
from app.services import journal, promises, queue, reminders, replies, scans, sweep
from app.services.promises import PromiseIn
from app.services.queue import Filters
from app.services.replies import ResultIn
from app.services.scans import ScanIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.test_contacts import call

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
DUE = NOON + 5 * HOUR
WAYBILL = "YT5555666677778"


def promised(cast: Cast, code: str = "W1", *, due=DUE, what: str = "redelivery", waybill: str = WAYBILL, **more) -> str:
    """A ticket that was answered at noon with a promise."""
    number = push(cast, code, waybill=waybill)
    promise = PromiseIn(what, due, **more)
    answer = ResultIn("今天给您送到", "reached_accepts", promises=[promise])
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    return number


def only(session) -> Promise:
    session.rollback()
    return session.scalars(select(Promise)).one()


def keep(cast: Cast, number: str, promise_id: int, proof: str, at, who: str = "site") -> None:
    promises.keep(actor=cast[who], post=post(number), promise_id=promise_id, proof=proof, now=at)


def scan(kind: str, at) -> ScanIn:
    return ScanIn(WAYBILL, kind, at, "330106-01")


def told(session, phone: str) -> list[Outbox]:
    session.rollback()
    return list(session.scalars(select(Outbox).where(Outbox.lane == f"phone:{phone}").order_by(Outbox.id)))


def test_a_promise_has_a_clock_of_its_own_booked_to_the_site(cast: Cast, db_session) -> None:
    promised(cast, who="李师傅", text="下午五点前送到家门口")
    row = only(db_session)
    clock = db_session.get(Clock, row.clock_id)
    assert (clock.kind, clock.due_at, clock.organisation_id) == ("promise", DUE, cast.places["330106-01"])
    assert clock.next_stage_at == DUE - HOUR
    made = db_session.scalars(select(Event).where(Event.type == "promise_made")).one()
    assert made.text_id == row.text_id and "李师傅" not in str(made.data)


def test_no_promise_keeps_a_ticket_open_for_years(cast: Cast, db_session) -> None:
    """While one is open no time to close runs and no superior intervenes."""
    far = NOON + promises.LONGEST
    number = promised(cast, due=far)
    for way in (
        lambda: promised(cast, "W2", due=far + MIN, waybill="YT5555666677779"),
        lambda: promises.make(actor=cast["site"], post=post(number), promise=PromiseIn("redelivery", far + MIN), now=NOON),
        lambda: promises.renegotiate(
            actor=cast["site"], post=post(number), promise_id=only(db_session).id, due_at=far + MIN, text="", now=NOON
        ),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            way()
        assert refused.value.fields == {"promise_due_at": "promise_too_far"}


def test_the_site_is_reminded_an_hour_before_exactly_once(cast: Cast, db_session) -> None:
    promised(cast)
    phone = db_session.get(Organisation, cast.places["330106-01"]).duty_phone
    db_session.rollback()
    for minutes in (0, 1, 1, 15, 30):
        sweep.run(db_session, DUE - HOUR + minutes * MIN)
        reminders.bundle(db_session, DUE - HOUR + minutes * MIN)
    rows = told(db_session, phone)
    assert [(row.payload["variables"]["clock"], row.created_at) for row in rows] == [("promise", DUE - HOUR)]
    stages = select(Reminder.stage).join(Clock, Clock.id == Reminder.clock_id).where(Clock.kind == "promise")
    assert db_session.scalars(stages).all() == ["hour"]


def test_a_promise_within_the_hour_is_not_reminded(cast: Cast, db_session) -> None:
    promised(cast, due=NOON + 40 * MIN)
    assert db_session.get(Clock, only(db_session).clock_id).next_stage_at == NOON + 40 * MIN


def test_the_courier_is_told_once_by_sms_when_a_number_was_given(cast: Cast, db_session) -> None:
    promised(cast, courier_phone="13911112222")
    promised(cast, "W2", waybill="")
    for _ in range(2):
        sweep.run(db_session, DUE - HOUR)
    rows = told(db_session, "13911112222")
    assert [(row.payload["template"], row.payload["variables"]["promise"]) for row in rows] == [
        ("courier_promise", "redelivery")
    ]
    event = db_session.scalars(select(Event).where(Event.type == "courier_sms")).one()
    assert event.data["to"] == "139******22" and event.data["outbox_id"] == rows[0].id


def test_a_broken_promise_comes_back_on_top_with_twelve_hours_and_rings_the_province(cast: Cast, db_session) -> None:
    number = promised(cast)
    other = push(cast, "W2", now=NOON + 4 * HOUR)
    late = DUE + 10 * MIN
    for _ in range(3):
        sweep.run(db_session, late)
        reminders.bundle(db_session, late)
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.open_promises, row.level) == ("in_progress", "returned", 0, 1)
    assert (row.next_clock, row.next_due_at) == ("resolve", late + 12 * HOUR)
    for filters in (Filters(), Filters(queue="all"), Filters(queue="returned")):
        assert queue.page(db_session, cast["site"], filters, late).rows[0].number == number
    assert other in [r.number for r in queue.page(db_session, cast["site"], Filters(), late).rows]
    fact = db_session.scalars(select(Event).where(Event.type == "promise_broken")).one()
    assert fact.data["site_id"] == cast.places["330106-01"] and fact.data["due_at"] == DUE.isoformat()
    assert db_session.get(Clock, only(db_session).clock_id).state == "breached"
    province = db_session.get(Organisation, cast.places["33"])
    ring = select(Reminder).where(Reminder.stage == "breach", Reminder.clock_id == only(db_session).clock_id)
    rung = db_session.scalars(ring).one()
    assert rung.phone == province.duty_phone and rung.outbox_id is not None
    assert journal.verify(db_session, row.id) is None


def test_the_next_result_takes_it_from_the_top(cast: Cast, db_session) -> None:
    number = promised(cast)
    sweep.run(db_session, DUE)
    call(cast, number, "reached_accepts", DUE + MIN)
    replies.result(actor=cast["site"], post=post(number), answer=ResultIn("已送达", ""), now=DUE + 5 * MIN)
    item = db_session.scalars(select(WorkItem).where(WorkItem.scope == cast.places["330106-01"])).one()
    row = ticket(db_session, number)
    assert item.due_at > DUE and "promise_broken" not in row.flags and row.level == 0


def test_a_delivery_scan_after_the_promise_keeps_it_by_itself(cast: Cast, db_session) -> None:
    number = promised(cast)
    scans.store_scans(scans=[scan("SIGN", NOON - HOUR), scan("ARRIVE", NOON + HOUR)], now=NOON + HOUR)
    assert only(db_session).state == "open"
    for _ in range(2):
        scans.store_scans(scans=[scan("DELIVER", NOON + 2 * HOUR)], now=NOON + 3 * HOUR)
    row = only(db_session)
    assert (row.state, row.proof, row.settled_at) == ("kept", "scan", NOON + 2 * HOUR)
    assert ticket(db_session, number).open_promises == 0
    assert db_session.get(Clock, row.clock_id).state == "met"
    assert db_session.scalar(select(func.count()).where(Event.type == "promise_settled")) == 1


def test_a_scan_keeps_no_promise_of_another_kind_and_none_that_is_late(cast: Cast, db_session) -> None:
    promised(cast, what="call_back")
    scans.store_scans(scans=[scan("SIGN", NOON + HOUR)], now=NOON + HOUR)
    assert only(db_session).state == "open"


def test_a_scan_before_the_due_that_was_stored_without_its_promise_is_found_at_the_due(cast: Cast, db_session) -> None:
    from app.models import Scan
    from app.models.ids import new_id

    promised(cast)
    db_session.rollback()
    db_session.add(Scan(id=new_id(), waybill=WAYBILL, scan_type="SIGN", scanned_at=NOON + HOUR, site_code="x"))
    db_session.commit()
    sweep.run(db_session, DUE + MIN)
    assert only(db_session).state == "kept"


@pytest.mark.parametrize("proof", ["scan", "photo", "call"])
def test_kept_needs_a_proof_younger_than_the_promise(cast: Cast, db_session, proof: str) -> None:
    number = promised(cast, what="compensation")
    known = only(db_session).id
    for wrong in ("", "word", proof):
        with pytest.raises(Invalid) as error:
            keep(cast, number, known, wrong, NOON + HOUR)
        assert list(error.value.fields) == ["proof"]
    prove(cast, db_session, number, proof)
    keep(cast, number, known, proof, NOON + 2 * HOUR)
    assert (only(db_session).state, only(db_session).proof) == ("kept", proof)
    with pytest.raises(NotAllowed):
        keep(cast, number, known, proof, NOON + 2 * HOUR)


def prove(cast: Cast, session, number: str, proof: str) -> None:
    if proof == "scan":
        scans.store_scans(scans=[scan("SIGN", NOON + HOUR)], now=NOON + HOUR)
    elif proof == "call":
        call(cast, number, "reached_accepts", NOON + HOUR)
    else:
        from app.models import Attachment
        from app.models.ids import new_id

        row = ticket(session, number)
        event_id = session.scalars(select(Event.id).where(Event.ticket_id == row.id).limit(1)).one()
        session.add(Attachment(
            id=new_id(), ticket_id=row.id, event_id=event_id, box="note", store_name="a", file_name="a.jpg",
            media_type="image/jpeg", size=1, width=1, height=1, sha256="", origin="upload", state="kept",
            source_address="", error="", attempts=0, created_at=NOON + HOUR,
        ))  # fmt: skip
        session.commit()


def test_no_close_while_a_promise_is_open_and_the_close_clock_starts_when_the_last_is_kept(
    cast: Cast, db_session
) -> None:
    number = promised(cast)
    tell(cast, "SATISFIED", at=NOON + MIN, now=NOON + MIN)
    closing = {"actor": cast["site"], "post": post(number), "root_cause": "courier", "verified": True}
    with pytest.raises(NotAllowed):
        replies.close(now=NOON + 2 * MIN, **closing)
    assert ticket(db_session, number).next_clock == "promise"
    scans.store_scans(scans=[scan("SIGN", NOON + HOUR)], now=NOON + HOUR)
    assert ticket(db_session, number).next_clock == "close"
    replies.close(now=NOON + 2 * HOUR, **closing)
    assert ticket(db_session, number).state == "closed"


def test_a_promise_made_beside_a_settled_result_stops_the_close_clock(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.result(actor=cast["site"], post=post(number), answer=ResultIn("好", "reached_accepts"), now=NOON)
    tell(cast, "SATISFIED", at=NOON + MIN, now=NOON + MIN)
    assert ticket(db_session, number).next_clock == "close"
    promises.make(actor=cast["site"], post=post(number), promise=PromiseIn("call_back", DUE), now=NOON + HOUR)
    row = ticket(db_session, number)
    assert (row.open_promises, row.next_clock) == (1, "promise")


def test_a_new_time_needs_a_call_of_today_in_which_the_customer_was_reached(cast: Cast, db_session) -> None:
    number = promised(cast, due=NOON + 30 * HOUR, who="李师傅")
    known, tomorrow = only(db_session).id, NOON + 24 * HOUR
    call(cast, number, "reached_accepts", NOON + HOUR)
    move = {"actor": cast["site"], "post": post(number), "promise_id": known, "text": "改到后天"}
    with pytest.raises(NotAllowed) as error:
        promises.renegotiate(due_at=tomorrow + 9 * HOUR, now=tomorrow, **move)
    assert error.value.code == "no_contact_today"
    call(cast, number, "busy", tomorrow)
    with pytest.raises(NotAllowed):
        promises.renegotiate(due_at=tomorrow + 9 * HOUR, now=tomorrow + HOUR, **move)
    call(cast, number, "reached_accepts", tomorrow + HOUR)
    promises.renegotiate(due_at=tomorrow + 9 * HOUR, now=tomorrow + 2 * HOUR, **move)
    db_session.rollback()
    old, new = db_session.scalars(select(Promise).order_by(Promise.id)).all()
    assert (old.state, new.state, new.due_at, new.what) == ("renegotiated", "open", tomorrow + 9 * HOUR, "redelivery")
    assert db_session.get(Clock, old.clock_id).state == "void" and ticket(db_session, number).open_promises == 1
    sweep.run(db_session, tomorrow + 8 * HOUR + MIN)
    db_session.rollback()
    assert db_session.scalars(select(Promise.state).order_by(Promise.id)).all() == ["renegotiated", "open"]
    event = db_session.scalars(select(Event).where(Event.type == "promise_renegotiated")).one()
    assert event.data["new_id"] == new.id


def test_wrong_fields_of_a_promise_are_named(cast: Cast) -> None:
    number = push(cast)
    bad = PromiseIn("moon", NOON - MIN, text="x" * 301, who="y" * 41, courier_phone="12")
    with pytest.raises(Invalid) as error:
        promises.make(actor=cast["site"], post=post(number), promise=bad, now=NOON)
    assert error.value.fields == {
        "promise_what": "required", "promise_due_at": "in_the_past", "promise_text": "too_long",
        "promise_who": "too_long", "promise_courier": "not_a_mobile",
    }  # fmt: skip


def test_a_withdrawn_complaint_breaks_no_promise(cast: Cast, db_session) -> None:
    number = promised(cast)
    tell(cast, "CANCEL", at=NOON + HOUR, now=NOON + HOUR)
    sweep.run(db_session, DUE + HOUR)
    assert only(db_session).state == "dropped" and ticket(db_session, number).open_promises == 0
    assert not db_session.scalars(select(Event).where(Event.type == "promise_broken")).all()


MAY_PROMISE = {
    "site": True, "site-manager": True, "site-2": None, "site-3": None, "lcs": False, "lcs-manager": False,
    "lcs-2": None, "ccs": False, "ccs-manager": False, "admin": None,
}  # fmt: skip


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", MAY_PROMISE)
def test_who_may_promise(cast: Cast, db_session, who: str) -> None:
    number = promised(cast)
    known = only(db_session).id
    steps = (
        lambda: promises.make(actor=cast[who], post=post(number), promise=PromiseIn("call_back", DUE), now=NOON + HOUR),
        lambda: keep(cast, number, known, "call", NOON + 2 * HOUR, who),
        lambda: promises.renegotiate(
            actor=cast[who], post=post(number), promise_id=known, due_at=DUE + HOUR, text="", now=NOON + 2 * HOUR
        ),
    )
    if MAY_PROMISE[who]:
        steps[0]()
        call(cast, number, "reached_accepts", NOON + HOUR)
        steps[1]()
        return
    for step in steps:
        with pytest.raises(NotFound if MAY_PROMISE[who] is None else NotAllowed):
            step()
