"""An SMS to the courier: approved text, one row and one entry together, the number nowhere but in its row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.sms_templates import PURPOSES
from app.models import Courier, Event, FreeText, Outbox, Ticket
from app.services import courier_sms, duty, gateways, journal, replies, ticket_view
from app.services.courier_sms import DELIVERY, PROMISE, CourierIn
from app.services.replies import PromiseIn, ResultIn
from app.web import words_duty
from tests.cast import NOON, Cast, post, push, ticket
from tests.services.sms_portal import VENDORS, portal_fixture, there_fixture  # noqa: F401

MIN = timedelta(minutes=1)
PHONE = "13911110007"
FINE = CourierIn(DELIVERY, name="李四", phone=PHONE, request="to_door", due_at=NOON + timedelta(hours=3))


def tell(cast: Cast, number: str, message: CourierIn = FINE, who: str = "site", key: str = "", now=NOON):
    return courier_sms.tell(actor=cast[who], post=post(number, key), message=message, now=now)


def rows(session) -> list[Outbox]:
    session.rollback()
    return list(session.scalars(select(Outbox).where(Outbox.key.startswith("courier_sms:")).order_by(Outbox.id)))


def entries(session, kind: str) -> list[Event]:
    session.rollback()
    return list(session.scalars(select(Event).where(Event.type == kind).order_by(Event.id)))


def test_row_and_entry_are_written_together_and_the_state_stays(cast: Cast, db_session) -> None:
    number = push(cast, waybill="YT1234567898821")
    tell(cast, number)
    (row,), (event,) = rows(db_session), entries(db_session, "courier_sms")
    assert (row.kind, row.state, row.ticket_id, row.payload["phone"]) == ("sms", "pending", event.ticket_id, PHONE)
    assert row.payload["variables"] == {
        "waybill_tail": "8821", "request": "to_door", "day": "11月18日", "due_time": "15:00",
    }  # fmt: skip
    assert event.data == {"outbox_id": row.id, "to": "139******07", "template": DELIVERY, "external": False}
    text = db_session.get(FreeText, event.text_id).body
    assert text == {
        "text": "您派送的快件尾号8821有投诉，请送货上门，于11月18日的15:00前办妥并回报站点。", "name": "李四",
    }  # fmt: skip
    assert ticket(db_session, number).state == "open"
    assert journal.verify(db_session, row.ticket_id) is None


def test_the_same_form_twice_is_one_message(cast: Cast, db_session) -> None:
    number = push(cast)
    first = tell(cast, number, key="once")
    assert tell(cast, number, key="once").repeated and not first.repeated
    assert len(rows(db_session)) == len(entries(db_session, "courier_sms")) == 1


def test_whoever_did_not_see_that_the_courier_was_told_is_shown_it_first(cast: Cast, db_session) -> None:
    number = push(cast)
    before = ticket(db_session, number).version
    tell(cast, number)
    with pytest.raises(Stale):
        courier_sms.tell(actor=cast["site-manager"], post=post(number, "", before), message=FINE, now=NOON)


@pytest.mark.parametrize("who", ["lcs", "lcs-manager", "ccs", "ccs-manager"])
def test_only_the_handling_site_tells_its_courier(cast: Cast, db_session, who: str) -> None:
    number = push(cast)
    with pytest.raises(NotAllowed):
        tell(cast, number, who=who)
    assert rows(db_session) == []


@pytest.mark.parametrize("who", ["site-2", "site-3", "lcs-2", "admin"])
def test_outside_the_scope_there_is_no_ticket_to_tell_of(cast: Cast, db_session, who: str) -> None:
    number = push(cast)
    with pytest.raises(NotFound):
        tell(cast, number, who=who)


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"template": "free"}, {"template": "required"}), ({"name": ""}, {"name": "required"}),
        ({"phone": "0571-87654321"}, {"phone": "bad_phone"}), ({"phone": ""}, {"phone": "required"}),
        ({"request": "快点送"}, {"request": "required"}), ({"due_at": None}, {"due_at": "bad_time"}),
        ({"due_at": NOON}, {"due_at": "in_the_past"}), ({"template": PROMISE}, {"template": "no_open_promise"}),
        ({"courier_id": 1}, {"courier_id": "unknown_courier"}),
    ],
)  # fmt: skip
def test_what_is_missing_or_no_approved_word_is_named(cast: Cast, db_session, change, fields) -> None:
    number = push(cast)
    with pytest.raises(Invalid) as caught:
        tell(cast, number, CourierIn(**{**FINE.__dict__, **change}))
    assert caught.value.fields == fields
    assert rows(db_session) == [] and entries(db_session, "courier_sms") == []


def test_a_promise_is_told_with_its_own_what_and_when(cast: Cast, db_session) -> None:
    number = push(cast)
    promised = [PromiseIn("redelivery", NOON + timedelta(hours=26))]
    answer = ResultIn(text="明天送到", contact_outcome="reached_accepts", promises=promised)
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON)
    tell(cast, number, CourierIn(PROMISE, name="李四", phone=PHONE))
    variables = rows(db_session)[0].payload["variables"]
    assert (variables["promise"], variables["day"], variables["due_time"]) == ("redelivery", "11月19日", "14:00")


def test_a_listed_station_is_told_without_its_number_being_typed(cast: Cast, db_session) -> None:
    number = push(cast)
    duty.add_courier(actor=cast["site-manager"], name="文三路驿站", phone="13911110008", kind="station")
    known = db_session.scalars(select(Courier.id)).one()
    tell(cast, number, CourierIn(DELIVERY, known, request="fetch_back", due_at=NOON + MIN))
    (row,), (event,) = rows(db_session), entries(db_session, "courier_sms")
    assert (row.payload["phone"], event.data["external"]) == ("13911110008", True)
    assert "13911110008" not in str(event.data)


def test_another_sites_courier_is_not_offered_and_not_told(cast: Cast, db_session) -> None:
    number = push(cast, site="330108-01")
    duty.add_courier(actor=cast["site-manager"], name="李四", phone=PHONE, kind="courier")
    known = db_session.scalars(select(Courier.id)).one()
    with pytest.raises(Invalid):
        tell(cast, number, CourierIn(DELIVERY, known, request="call", due_at=NOON + MIN), who="site-2")
    assert ticket_view.view(db_session, cast["site-2"], number).couriers == []


def test_at_night_the_courier_sleeps(cast: Cast, db_session) -> None:
    night = NOON + timedelta(hours=11)
    number = push(cast)
    tell(cast, number, CourierIn(**{**FINE.__dict__, "due_at": NOON + timedelta(hours=30)}), now=night)
    assert rows(db_session)[0].next_try_at == NOON + timedelta(hours=20)


def test_a_number_gets_ten_messages_a_day_and_no_more(cast: Cast, db_session) -> None:
    number = push(cast)
    for _ in range(10):
        tell(cast, number)
    with pytest.raises(Invalid) as caught:
        tell(cast, number)
    assert caught.value.fields == {"phone": "daily_cap"} and len(rows(db_session)) == 10
    tell(
        cast,
        number,
        CourierIn(**{**FINE.__dict__, "due_at": NOON + timedelta(hours=30)}),
        now=NOON + timedelta(hours=24),
    )


@pytest.mark.parametrize("state", ["appealed", "closed", "withdrawn"])
def test_where_nothing_is_to_be_done_nobody_is_told(cast: Cast, db_session, state: str) -> None:
    number = push(cast)
    db_session.query(Ticket).update({"state": state})
    db_session.commit()
    with pytest.raises(NotAllowed):
        tell(cast, number)


@pytest.mark.parametrize("vendor", VENDORS)
def test_it_leaves_through_the_gateway_and_its_receipt_stands_beside_the_entry(portal, there, app, vendor) -> None:
    portal.use(vendor)
    gateways.save_template(
        actor=portal.cast["admin"], driver=vendor, purpose=DELIVERY, code="T-courier", state="approved", now=NOON,
        text=PURPOSES[DELIVERY].proposal,
    )  # fmt: skip
    number = push(portal.cast, waybill="YT1234567898821")
    tell(portal.cast, number)
    row_id = rows(portal.session)[0].id

    def label() -> str:
        with app.test_request_context():
            view = ticket_view.view(portal.session, portal.cast["site"], number)
            return words_duty.sms_chip(*view.messages[row_id])["tone"]

    seen = [label()]
    assert portal.deliver(row_id) == "sent"
    seen.append(label())
    there.report(delivered=True)
    portal.push(vendor, there.push_body(vendor))
    seen.append(label())
    assert seen == ["soon", "info", "good"]
    (message,) = there.accepted
    assert (message.phone, message.values) == (PHONE, ["8821", "送货上门", "11月18日", "15:00"])
