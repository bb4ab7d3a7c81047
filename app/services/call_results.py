"""Attempts to reach the complainant on their way to a platform that wants each of them (interfaces, section 1).

Connections say so in their settings (`call_results`). An attempt leaves once, before the answer that it belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import contacts as rule
from app.models import Connection, Contact, Event, Outbox, PlatformOrder, Ticket
from app.models.ids import new_id
from app.services import rounds
from app.services.transaction import read_ahead

SHANGHAI = ZoneInfo("Asia/Shanghai")
TOLD = tuple(outcome for outcome in rule.CONTACTS if outcome != "reached_accepts")  # what a platform has codes for


def enqueue(
    session: Session, ticket: Ticket, event: Event, orders: Sequence[PlatformOrder], now: datetime, hold: timedelta
) -> None:  # fmt: skip
    """Write the intents of this round's attempts in the result's own transaction, each once an order."""
    wanted = [order for order in orders if _settings(session, order).get("call_results")]
    if not wanted:
        return
    session.flush()  # the attempt that the form itself names
    since = rounds.of(session, ticket).since
    made = select(Contact).where(Contact.ticket_id == ticket.id, Contact.outcome.in_(TOLD), Contact.started_at >= since)
    attempts = list(session.scalars(made.order_by(Contact.started_at, Contact.id)))
    for order in wanted:
        told = _told(session, order)
        for one in attempts:
            if one.id not in told:
                session.add(_intent(ticket, event, order, one, now, hold))


def _settings(session: Session, order: PlatformOrder) -> dict[str, Any]:
    read: dict[str, Any] | None = read_ahead(session, ("settings", order.connection_id))
    return session.get_one(Connection, order.connection_id).settings if read is None else read


def _told(session: Session, order: PlatformOrder) -> set[int]:
    """The attempts that left for this order, or will; one that was taken back with its result is none."""
    lane = select(Outbox.payload).where(Outbox.lane == f"order:{order.id}", Outbox.state != "withdrawn")
    return {payload["call"]["contact_id"] for payload in session.scalars(lane) if payload.get("call")}


def _intent(
    ticket: Ticket, event: Event, order: PlatformOrder, attempt: Contact, now: datetime, hold: timedelta
) -> Outbox:  # fmt: skip
    at = attempt.ended_at or attempt.started_at
    call = {"contact_id": attempt.id, "outcome": attempt.outcome, "at_ms": int(at.timestamp() * 1000)}
    payload = {
        "order_id": order.id, "task_id": order.task_id, "event_id": event.id, "text_id": None, "call": call,
        "operate_time": at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"), "operate_type": "CALL",
    }  # fmt: skip
    return Outbox(
        id=new_id(), kind="callback", key=f"call:{attempt.id}:{event.id}:{order.id}", lane=f"order:{order.id}",
        ticket_id=ticket.id, organisation_id=ticket.handling_site_id, province_id=ticket.province_id, payload=payload,
        next_try_at=now + hold, created_at=now,
    )  # fmt: skip
