"""What the opening of a ticket looks up, read in one statement; each of its parts finds it where it would ask."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Category, together
from app.models.together import Asked, Question, Step
from app.services import calendars, customers, emergency_rules, policies, routing
from app.services.opening import ComplaintIn, senders
from app.services.transaction import keep

_CATEGORY = Question(select(Category.kind).where(Category.code == bindparam("category")))


def ahead(session: Session, complaint: ComplaintIn, parcel: list[str], now: datetime) -> None:
    """Read it for a complaint on a parcel (all its numbers, the complaint's own one first) whose lock is held."""
    waybill, address = parcel[0] if parcel else "", complaint.address
    phones, names = senders(complaint)
    found = together.run(session, {
        "routing": routing.reading(waybill, complaint.site_code, address, now), "policies": _rows(policies.STAMP()),
        "calendars": _rows(calendars.STAMP()), "category": _rows(_CATEGORY(category=complaint.category)),
        "sender": _rows(customers.matching(waybill, phones, names)),
        "emergencies": _rows(emergency_rules.IN_FORCE(opened_at=now, present=now)),
    })  # fmt: skip
    policies.know(session, found["policies"][0])
    calendars.know(session, found["calendars"][0])
    keep(session, ("category", complaint.category), next(iter(found["category"]), None))
    keep(session, ("sender", waybill, *phones, *names), found["sender"])
    keep(session, ("emergencies", now, now), found["emergencies"])
    keep(session, ("routing", waybill, complaint.site_code, address), found["routing"])
    keep(session, ("parcel", waybill), parcel)
    if len(parcel) == 1:
        keep(session, ("trace", waybill), found["routing"].line)


def _rows(asked: Asked) -> Step[list[Any]]:
    (rows,) = yield (asked,)
    return rows
