"""What the opening of a ticket looks up, read in one statement; each of its parts finds it where it would ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain.waybills import normalise
from app.models import Connection, Inbox, Ticket
from app.models.dialect import drawn
from app.models.together import Asked, Question, Step
from app.services import (
    calendars,
    category_kinds,
    customers,
    emergency_rules,
    linked,
    organisations,
    policies,
    routing,
)
from app.services.opening import NUMBER, ComplaintIn, senders
from app.services.transaction import keep

_STANDING = Question(
    select(Ticket.id)
    .where(Ticket.waybill == bindparam("waybill"), Ticket.kind == bindparam("kind"), Ticket.state != "withdrawn")
    .order_by(Ticket.id.desc())
    .limit(1)
)


def locked(
    session: Session, complaint: ComplaintIn, now: datetime, more: Callable[[], Mapping[str, Any]] = dict
) -> tuple[list[str], dict[str, Any]]:
    """Lock the complaint's parcel and read everything under the lock: all numbers of the parcel, the complaint's own
    one first, and what was found: `standing` tells whether some ticket stands on them, `more` steps of the caller."""
    waybill = normalise(complaint.waybill)
    parcel, found = linked.lock_reading(
        session, waybill, lambda: {**_steps(session, complaint, waybill, now), **more()}
    )
    _know(session, complaint, parcel, now, found)
    return parcel, {**found, "standing": bool(found["standing"]) or len(parcel) > 1}


def _steps(session: Session, complaint: ComplaintIn, waybill: str, now: datetime) -> dict[str, Any]:
    phones, names = senders(complaint)
    counts = bool(waybill) and complaint.kind in kinds.COUNTS_UP
    number = drawn(session)
    return {
        "standing": rows(_STANDING(waybill=waybill, kind=complaint.kind)) if counts else [],
        "routing": routing.reading(waybill, complaint.site_code, complaint.address, now),
        "policies": rows(policies.STAMP()), "calendars": rows(calendars.STAMP()),
        "category": category_kinds.asking(complaint.category),
        "sender": rows(customers.matching(waybill, phones, names)),
        "emergencies": rows(emergency_rules.IN_FORCE(opened_at=now, present=now)),
        "number": rows(number) if number is not None else [],
    }  # fmt: skip


def _know(session: Session, complaint: ComplaintIn, parcel: list[str], now: datetime, found: dict[str, Any]) -> None:
    waybill, (phones, names) = parcel[0] if parcel else "", senders(complaint)
    policies.know(session, found["policies"][0])
    calendars.know(session, found["calendars"][0])
    category_kinds.know(session, complaint.category, found["category"])
    keep(session, ("sender", waybill, *phones, *names), found["sender"])
    keep(session, ("emergencies", now, now), found["emergencies"])
    keep(session, ("routing", waybill, complaint.site_code, complaint.address), found["routing"])
    for place in found["routing"].known():
        organisations.know(session, place)
    keep(session, ("parcel", waybill), parcel)
    if len(parcel) == 1:
        keep(session, ("trace", waybill), found["routing"].line)
    if found["number"]:
        keep(session, NUMBER, found["number"][0])


_RULE = Question(select(Connection.routing_rule).where(Connection.id == bindparam("connection_id")))
_WAITING = Question(
    select(Inbox.id)
    .where(Inbox.connection_id == bindparam("connection_id"), Inbox.order_code == bindparam("order_code"),
           Inbox.state == "waiting", Inbox.event_key != "")
    .limit(1)
)  # fmt: skip


def of_order(connection_id: int, code: str) -> dict[str, Any]:
    """What else the taking of an order asks: how its connection routes, and whether messages wait for it."""
    waiting = _WAITING(connection_id=connection_id, order_code=code)
    return {"rule": rows(_RULE(connection_id=connection_id)), "waiting": rows(waiting)}


def rows(asked: Asked) -> Step[list[Any]]:
    """A step that gives a question's lines."""
    (found,) = yield (asked,)
    return found
