"""An SMS to the courier about a ticket: an approved text with its values, one outbox row and one event (rulebook 3.7).

The gateways take approved texts only, so nothing is typed but what fills them. The number stands in the outbox row and
masked in the event; what was said and to whom lies apart as free text.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import customer_links, sms_templates
from app.domain.calendars import SHANGHAI, day_bounds
from app.domain.errors import Invalid
from app.domain.masking import mask_phone
from app.domain.reminders import DAILY_CAP, send_after
from app.domain.roles import SYSTEM, Actor
from app.models import Courier, Event, Outbox, Promise, SmsReceipt, Ticket
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.services import acting, desk, gateways, journal, scope, sms_receipts
from app.services.desk import Outcome, Post
from app.services.transaction import write

DELIVERY, PROMISE = sms_templates.COURIER
NAME_LENGTH = 60


@dataclass(frozen=True)
class CourierIn:
    """What the clerk chose: somebody of the site's list, or name and mobile number; which text, and its values."""

    template: str
    courier_id: int | None = None
    name: str = ""
    phone: str = ""
    request: str = ""
    due_at: datetime | None = None


def tell(*, actor: Actor, post: Post, message: CourierIn, now: datetime) -> Outcome:
    """Write the SMS and the entry in one transaction; the ticket's state stays. At night it waits until the morning.

    Raises Invalid (`template`, `courier_id`, `name`, `phone`, `request`, `due_at`), NotFound, NotAllowed, Stale.
    """
    _require(_errors(message, now))
    with write() as session:
        name, phone, external = _recipient(session, scope.load(session, actor, post.number), message)
        lock_key(session, f"phone:{phone}")  # before the ticket, as reminders do
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "courier_sms", actor)
        _require({"phone": "daily_cap"} if _told_today(session, phone, now) >= DAILY_CAP else {})
        variables = _variables(session, ticket, message)
        row = _row(ticket, phone, message.template, variables, now)
        session.add(row)
        said = {"text": _text(session, message.template, variables), "name": name}
        data = {"outbox_id": row.id, "to": mask_phone(phone), "template": message.template, "external": external}
        data |= acting.said(session, ticket, actor)
        event = journal.append(session, ticket, "courier_sms", actor=actor, now=now, data=data, text=said)
        return desk.finish(session, ticket, event, now, post)


def remind(session: Session, ticket: Ticket, promise: Promise, phone: str, now: datetime) -> Event | None:
    """Tell the courier of a promise that is due soon (rulebook 3.7), inside the caller's transaction.

    None where the number is none or has had its SMS of the day. The caller holds the ticket, so the phone is not
    locked: two promises at once may go one over the cap, which costs an SMS and no promise.
    """
    mobile = customer_links.mobile(phone)
    if not mobile or _told_today(session, mobile, now) >= DAILY_CAP:
        return None
    tail = ticket.waybill[-4:] if ticket.waybill else ""
    variables = {"waybill_tail": tail, "promise": promise.what, **_when(promise.due_at)}
    row = _row(ticket, mobile, PROMISE, variables, now, f"courier_promise:{promise.id}")
    session.add(row)
    said = {"text": _text(session, PROMISE, variables), "name": ""}
    data = {"outbox_id": row.id, "to": mask_phone(mobile), "template": PROMISE, "external": False}
    return journal.append(session, ticket, "courier_sms", actor=SYSTEM, now=now, data=data, text=said)


def messages(session: Session, ids: list[int]) -> dict[int, tuple[Outbox, SmsReceipt | None]]:
    """The SMS of a ticket's entries with what the carrier reported, by the outbox row's id."""
    if not ids:
        return {}
    receipts = sms_receipts.of_rows(session, ids)
    return {row.id: (row, receipts.get(row.id)) for row in session.scalars(select(Outbox).where(Outbox.id.in_(ids)))}


def _require(wrong: dict[str, str]) -> None:
    if wrong:
        raise Invalid(wrong)


def _errors(message: CourierIn, now: datetime) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if message.template not in sms_templates.COURIER:
        wrong["template"] = "required"
    if message.courier_id is None:
        if not message.name.strip():
            wrong["name"] = "required"
        elif len(message.name.strip()) > NAME_LENGTH:
            wrong["name"] = "too_long"
        if not customer_links.mobile(message.phone):
            wrong["phone"] = "bad_phone" if message.phone.strip() else "required"
    if message.template == DELIVERY:
        if message.request not in sms_templates.REQUESTS:
            wrong["request"] = "required"
        if message.due_at is None or message.due_at <= now:
            wrong["due_at"] = "in_the_past" if message.due_at else "bad_time"
    return wrong


def _recipient(session: Session, ticket: Ticket, message: CourierIn) -> tuple[str, str, bool]:
    """Name, mobile number and whether it is a party without a login; a listed one only of the handling site."""
    if message.courier_id is None:
        return message.name.strip(), customer_links.mobile(message.phone), False
    listed = select(Courier).where(Courier.id == message.courier_id, Courier.active)
    row = session.scalars(listed.where(Courier.organisation_id == ticket.handling_site_id)).one_or_none()
    if row is None:
        raise Invalid({"courier_id": "unknown_courier"})
    return row.name, row.phone, row.kind == "station"


def _told_today(session: Session, phone: str, now: datetime) -> int:
    begin, end = day_bounds(now)
    today = select(func.count()).select_from(Outbox).where(Outbox.lane == f"phone:{phone}", Outbox.kind == "sms")
    return int(session.scalar(today.where(Outbox.created_at >= begin, Outbox.created_at < end)) or 0)


def _variables(session: Session, ticket: Ticket, message: CourierIn) -> dict[str, str]:
    """The values of the text; those of a promise come from the ticket's next open one."""
    tail = ticket.waybill[-4:] if ticket.waybill else ""
    if message.template == DELIVERY and message.due_at is not None:
        return {"waybill_tail": tail, "request": message.request, **_when(message.due_at)}
    statement = select(Promise).where(Promise.ticket_id == ticket.id, Promise.state == "open")
    promise = session.scalars(statement.order_by(Promise.due_at).limit(1)).one_or_none()
    if promise is None:
        raise Invalid({"template": "no_open_promise"})
    return {"waybill_tail": tail, "promise": promise.what, **_when(promise.due_at)}


def _when(at: datetime) -> dict[str, str]:
    wall = at.astimezone(SHANGHAI)
    return {"day": f"{wall.month}月{wall.day}日", "due_time": wall.strftime("%H:%M")}


def _text(session: Session, template: str, variables: dict[str, str]) -> str:
    """The words as the phone shows them: the text approved at the gateway that sends, else our own."""
    stored = gateways.templates(session, gateways.active(session)).get(template)
    text = stored.text if stored and stored.state == "approved" else sms_templates.PURPOSES[template].proposal
    return sms_templates.filled(text, sms_templates.values_of(template, variables))


def _row(ticket: Ticket, phone: str, template: str, variables: dict[str, str], now: datetime, key: str = "") -> Outbox:
    payload: dict[str, Any] = {
        "phone": phone, "template": template, "variables": variables, "capped": True, "tickets": [ticket.number],
    }  # fmt: skip
    row_id = new_id()
    return Outbox(
        id=row_id, kind="sms", key=key or f"courier_sms:{row_id}", lane=f"phone:{phone}", ticket_id=ticket.id,
        organisation_id=ticket.handling_site_id, province_id=ticket.province_id, payload=payload, state="pending",
        attempts=0, token=0, next_try_at=send_after(now), created_at=now,
    )  # fmt: skip
