"""Answers on their way to the platform: one outbox row an order, in order per order, always with the same task and
operate time (promises 4 and 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.roles import SYSTEM
from app.models import Connection, Event, FreeText, Organisation, Outbox, PlatformOrder, Ticket
from app.models.ids import new_id
from app.services import clocks, deadlines, desk, journal, scope, settling
from app.services.transaction import read_ahead

CALLBACK_REFUSED = "callback_refused"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def orders_of(session: Session, ticket: Ticket) -> list[PlatformOrder]:
    """The platform orders that still want an answer: all but the cancelled ones."""
    statement = select(PlatformOrder).where(PlatformOrder.ticket_id == ticket.id, PlatformOrder.verdict != "cancelled")
    return list(session.scalars(statement.order_by(PlatformOrder.id)))


def enqueue(
    session: Session,
    ticket: Ticket,
    event: Event,
    orders: Sequence[PlatformOrder],
    *,
    operate_type: str,
    now: datetime,
    supplements: Mapping[str, str] | None = None,
    group: str = "",
    hold: timedelta = timedelta(0),
) -> None:
    """Write the callback intents of one outward text in the change's own transaction.

    `group` names the orders' part of the text where orders that allow different answers have one each. Nothing leaves
    before `hold` is over: it may be taken back until then.
    """
    at_risk = read_ahead(session, ("at risk", ticket.id))
    for order in orders:
        if at_risk is None or f"order:{order.id}" in at_risk:
            safe(session, f"order:{order.id}")
        payload = {
            "order_id": order.id, "task_id": order.task_id, "event_id": event.id, "text_id": event.text_id,
            "operate_time": now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"), "operate_type": operate_type,
            "supplements": sorted(supplements or {}), "group": group,
        }  # fmt: skip
        session.add(Outbox(
            id=new_id(), kind="callback", key=f"callback:{event.id}:{order.id}", lane=f"order:{order.id}",
            ticket_id=ticket.id, organisation_id=ticket.handling_site_id, province_id=ticket.province_id,
            payload=payload, next_try_at=now + hold, created_at=now,
        ))  # fmt: skip


def message(session: Session, row: Outbox) -> tuple[Connection, dict[str, Any]]:
    """The connection and the message of a callback row, texts put in at the last moment (they may be deleted)."""
    payload = row.payload
    order = session.get_one(PlatformOrder, payload["order_id"])
    text = session.get(FreeText, payload["text_id"]) if payload["text_id"] else None
    site = session.get(Organisation, row.organisation_id) if row.organisation_id else None
    body = text.body if text else {}
    group = payload.get("group", "")
    return session.get_one(Connection, order.connection_id), {
        "work_order_code": order.code,
        "work_order_type": order.order_type,
        "task_id": payload["task_id"],
        "operate_time": payload["operate_time"],
        "operate_type": payload["operate_type"],
        "operator_name": site.name if site else "",
        "description": body.get("text", ""),
        "extension": body.get("supplements_of", {}).get(group, {}) if group else body.get("supplements", {}),
        "attachments": [],
        "call": payload.get("call"),
    }


def accepted(session: Session, row: Outbox, now: datetime) -> None:
    """The platform took the answer: the complainant's time to object starts now (rulebook 3.9). An attempt to reach
    them that the platform took note of changes nothing."""
    if row.payload.get("call"):
        return
    safe(session, row.lane)
    ticket = _locked(session, row)
    data = {"outbox_id": row.id, "event_id": row.payload["event_id"]}
    event = journal.append(session, ticket, "callback_taken", actor=SYSTEM, now=now, data=data)
    order = session.get_one(PlatformOrder, row.payload["order_id"])
    order.answered_at = order.answered_at or now
    deadlines.follow(session, ticket, now)
    if _is_the_result(session, ticket, row.payload["event_id"]):
        settling.start_objection(session, ticket, now)
    desk.finish(session, ticket, event, now)


def _is_the_result(session: Session, ticket: Ticket, event_id: int) -> bool:
    """Whether it was the ticket's present result; an older one that arrives late tells the complainant nothing new."""
    said = session.get_one(Event, event_id)
    return ticket.result_at is not None and said.at >= ticket.result_at


def refused(session: Session, row: Outbox, code: str, text: str, now: datetime) -> None:
    """The platform refused the answer: back in the site's queue in plain words; the first reply stays in time. An
    older answer that is refused late changes nothing: a newer result is on its way. An attempt to reach the
    complainant that is refused stands among what failed, and the answer goes on without it."""
    if row.payload.get("call"):
        return
    ticket = _locked(session, row)
    data = {"outbox_id": row.id, "code": code[:60]}
    event = journal.append(session, ticket, CALLBACK_REFUSED, actor=SYSTEM, now=now, data=data, text={"text": text})
    ours = row.payload["operate_type"] not in ("UPHELD", "REJECTED")
    if ours and _is_the_result(session, ticket, row.payload["event_id"]) and desk.may(ticket, SYSTEM, CALLBACK_REFUSED):
        clocks.void(session, ticket, settling.UNTIL_THE_END, now)
        desk.move(ticket, CALLBACK_REFUSED, SYSTEM)
        clocks.start_rework(session, ticket, now)
    desk.finish(session, ticket, event, now)


def failing(session: Session, row: Outbox) -> None:
    """The platform did not take this answer: note from when on it is at risk, which is so long before the platform's
    deadline as its connection says. One that the platform has an answer of already is not."""
    order = session.get_one(PlatformOrder, row.payload["order_id"])
    if row.payload.get("call") or order.answered_at or order.expires_at is None or order.verdict == "cancelled":
        return
    margin = session.get_one(Connection, order.connection_id).risk_minutes
    row.risk_at = order.expires_at - timedelta(minutes=margin)


def safe(session: Session, lane: str) -> None:
    """Nothing of this order is at risk any more: its answer was taken, a new one is on its way, or none is wanted."""
    at_risk = update(Outbox).where(Outbox.lane == lane, Outbox.risk_at.is_not(None))
    session.execute(at_risk.values(risk_at=None))


def _locked(session: Session, row: Outbox) -> Ticket:
    return scope.locked_ticket(session, int(row.ticket_id or 0))
