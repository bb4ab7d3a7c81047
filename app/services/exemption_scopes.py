"""Keeps who sees which exemption, so that its lists are read from an index, in the change's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select, union, update
from sqlalchemy.orm import Session

from app.domain import exemptions as rule
from app.domain.roles import Actor
from app.models import Exemption, ExemptionScope, Organisation
from app.models.dialect import insert_ignoring


def admit(session: Session, row: Exemption, organisation_ids: Iterable[int | None]) -> None:
    """Let organisations, their provinces and the area that it is about see an exemption. The caller commits."""
    named = {one for one in organisation_ids if one is not None}
    places = select(Organisation.province_id).where(Organisation.id.in_(named), Organisation.province_id.is_not(None))
    scopes = named | {one for one in session.scalars(places.distinct()) if one is not None}
    if row.area_id is not None:
        scopes.add(row.area_id)
    known = set(session.scalars(select(ExemptionScope.scope).where(ExemptionScope.exemption_id == row.id)))
    fresh = [{"exemption_id": row.id, "scope": scope, "state": row.state} for scope in sorted(scopes - known)]
    if fresh:
        session.flush()
        session.execute(insert_ignoring(session, ExemptionScope), fresh)


def moved(session: Session, row: Exemption) -> None:
    """Say in its rows that an exemption is in another state. The caller commits."""
    session.execute(update(ExemptionScope).where(ExemptionScope.exemption_id == row.id).values(state=row.state))


def scopes_of(actor: Actor) -> tuple[int | None, ...]:
    """The scopes in which somebody of a site or a province sees exemptions."""
    return (actor.province_id, rule.NETWORK) if actor.desk == "lcs" else (actor.organisation_id,)


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """The condition on `exemption` that a site or a province sees it."""
    return exists().where(ExemptionScope.exemption_id == Exemption.id, ExemptionScope.scope.in_(scopes_of(actor)))


def newest(actor: Actor, state: str, below: int | None, most: int) -> Select[Any]:
    """The ids of the newest exemptions (in one state; empty: all) that a site or a province sees, at least `most`."""
    parts = []
    for scope in scopes_of(actor):
        part = select(ExemptionScope.exemption_id).where(ExemptionScope.scope == scope)
        part = part.where(ExemptionScope.state == state) if state else part
        part = part.where(ExemptionScope.exemption_id < below) if below is not None else part
        some = part.order_by(ExemptionScope.exemption_id.desc()).limit(most).subquery()
        parts.append(select(some.c.exemption_id))
    found = union(*parts).subquery()
    return select(found.c.exemption_id)
