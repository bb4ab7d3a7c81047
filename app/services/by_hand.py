"""What is entered by hand: what is wrong with it, and the site that it is meant for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain.errors import Invalid
from app.domain.waybills import is_acceptable, normalise
from app.services import closures, desk, organisations, ticket_contacts
from app.services.opening import ComplaintIn

COMPLAINANTS = ticket_contacts.ROLES


def manual_errors(complaint: ComplaintIn) -> dict[str, str]:
    """What is wrong with a ticket that is entered by hand, by field."""
    lengths = {"text": desk.TEXT_LIMIT, "name": 80, "phone": 40, "address": 300}
    errors = {name: "too_long" for name, limit in lengths.items() if len(getattr(complaint, name)) > limit}
    if not complaint.text.strip():
        errors["text"] = "required"
    if not complaint.category:
        errors["category"] = "required"
    if complaint.kind not in kinds.BY_HAND:
        errors["kind"] = "bad_kind"
    if complaint.waybill.strip() and not is_acceptable(normalise(complaint.waybill)):
        errors["waybill"] = "bad_waybill"
    for one in complaint.contacts:
        parts = {"name": 80, "phone": 40, "address": 300}
        errors |= {f"{one.role}_{name}": "too_long" for name, n in parts.items() if len(getattr(one, name)) > n}
    if complaint.complainant_kind not in COMPLAINANTS:
        errors["complainant_kind"] = "required"
    return errors


def meant(session: Session, named: str, now: datetime) -> int:
    """The site that a person names by code or full name. Raises Invalid(site: no_such_site, closed_site)."""
    site = organisations.find(session, named)
    if site is None or site.kind not in closures.PLACES:
        raise Invalid({"site": "no_such_site"})
    if closures.is_closed_now(session, site, now):
        raise Invalid({"site": "closed_site"})
    return site.id
