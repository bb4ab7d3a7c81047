"""The mobile numbers of an organisation itself: a complaint from one of them is perhaps its own. Select only."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from app.domain.customer_links import mobile
from app.models import Courier, DutyShift, Organisation


def of(session: Session, places: Collection[int]) -> dict[int, set[str]]:
    """Of each organisation its duty phone, its manager's, those of its roster and its couriers, former ones too."""
    numbers: tuple[tuple[Any, Any], ...] = (
        (Organisation.id, Organisation.duty_phone), (Organisation.id, Organisation.manager_phone),
        (DutyShift.organisation_id, DutyShift.phone), (Courier.organisation_id, Courier.phone),
    )  # fmt: skip
    found: dict[int, set[str]] = {place: set() for place in places}
    for place, phone in session.execute(union(*(select(one, phone).where(one.in_(places)) for one, phone in numbers))):
        if number := mobile(phone):
            found[place].add(number)
    return found
