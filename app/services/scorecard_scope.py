"""Whose cards there are and who may see them (rulebook 1, 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.domain.errors import NotAllowed, NotFound
from app.domain.roles import Actor
from app.domain.scorecards import ABOVE, ASSESSED
from app.models import Organisation
from app.services.scorecard_facts import Span

FIRST_MONTH = "2000-01"  # nothing can lie before it


@dataclass(frozen=True)
class Site:
    """The organisation of a card with its province, both labels each."""

    id: int
    code: str
    kind: str
    name: str
    name_en: str
    province: str
    province_en: str
    province_id: int | None = None


def span_of(month: str, now: datetime) -> Span:
    """The month as instants. Raises NotFound for one that is malformed or lies in the future."""
    try:
        span = Span.of(month, now)
    except (ValueError, OverflowError):
        raise NotFound("month_not_found") from None
    if span.start > now or month < FIRST_MONTH:
        raise NotFound("month_not_found")
    return span


def assessed_by(actor: Actor) -> ColumnElement[bool]:
    """The condition on `organisation`: whose cards the actor sees (rulebook 1). Raises NotAllowed for other roles."""
    if actor.role == "system":
        return true()
    if not actor.can("scorecard"):
        raise NotAllowed("not_allowed")
    if actor.desk == "site" and actor.organisation_id is not None:
        return Organisation.id == actor.organisation_id
    if actor.desk == "lcs" and actor.province_id is not None:
        return or_(Organisation.province_id == actor.province_id, Organisation.id == actor.province_id)
    return true() if actor.desk == "ccs" else false()


def load_site(session: Session, actor: Actor, code: str) -> Site:
    """The organisation with that code inside the scope, if it has cards. Raises NotFound, NotAllowed."""
    found = sites(session, assessed_by(actor) & (Organisation.code == code), (*ASSESSED, *ABOVE))
    if not found:
        raise NotFound("organisation_not_found")
    return found[0]


def sites(session: Session, condition: ColumnElement[bool], kinds: tuple[str, ...] = ASSESSED) -> list[Site]:
    """Organisations of these kinds by code."""
    above, own = aliased(Organisation), Organisation
    statement = (
        select(own.id, own.code, own.kind, own.name, own.name_en, above.name, above.name_en, own.province_id)
        .outerjoin(above, above.id == own.province_id)
        .where(own.kind.in_(kinds), condition)
        .order_by(own.code)
    )
    rows = session.execute(statement)
    return [Site(*row[:5], province=row[5] or "", province_en=row[6] or "", province_id=row[7]) for row in rows]


def own_code(session: Session, actor: Actor) -> str:
    """The code of the card above the actor's list: the province's, headquarters'; empty for others."""
    wanted = Organisation.kind == "headquarters" if actor.desk == "ccs" else Organisation.id == actor.province_id
    if actor.desk not in ("ccs", "lcs"):
        return ""
    return session.scalar(select(Organisation.code).where(wanted).order_by(Organisation.id).limit(1)) or ""
