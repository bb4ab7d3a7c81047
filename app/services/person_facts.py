"""Who is on the sheet of an organisation's people, with the facts that are counted beside the organisation's own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.people import Person
from app.domain.scorecards import Facts
from app.models import Penalty, User
from app.services import scorecard_facts
from app.services.scorecard_facts import People, Span


def people(session: Session, month: str, span: Span, site_id: int | None = None) -> dict[int, list[Person]]:
    """Everybody with an account or a case in the month by organisation, or those of one organisation alone."""
    facts: People = {}
    scorecard_facts.month_facts(session, span, site_id, facts)
    return named(session, month, facts, site_id)


def named(session: Session, month: str, facts: People, site_id: int | None = None) -> dict[int, list[Person]]:
    """The same from facts that are counted already."""
    points = _points(session, month, site_id)
    own = {(site, person): (name, account) for site, person, name, account in _accounts(session, site_id)}
    strangers = {person for _site, person in (*facts, *points)} - {person for _site, person in own}
    names = {key[1]: said for key, said in own.items()} | _named(session, strangers)
    found: dict[int, list[Person]] = {}
    for site, person in sorted({*own, *facts, *points}):
        if person in names:
            one = Person(person, *names[person], facts.get((site, person), Facts()), points.get((site, person), 0))
            found.setdefault(site, []).append(one)
    return found


def _points(session: Session, month: str, site_id: int | None) -> dict[tuple[int, int], int]:
    booked = select(Penalty.organisation_id, Penalty.person_id, func.sum(Penalty.points)).where(
        Penalty.month == month, Penalty.person_id != 0, Penalty.state != "waived"
    )
    if site_id is not None:
        booked = booked.where(Penalty.organisation_id == site_id)
    rows = session.execute(booked.group_by(Penalty.organisation_id, Penalty.person_id))
    return {(row[0], row[1]): int(row[2]) for row in rows}


def _accounts(session: Session, site_id: int | None) -> list[Any]:
    """Everybody who could sign in."""
    statement = select(User.organisation_id, User.id, User.name, User.account).where(User.disabled_at.is_(None))
    return list(session.execute(statement if site_id is None else statement.where(User.organisation_id == site_id)))


def _named(session: Session, wanted: set[int]) -> dict[int, tuple[str, str]]:
    """Name and account of these people, wherever they sit now."""
    if not wanted:
        return {}
    rows = session.execute(select(User.id, User.name, User.account).where(User.id.in_(wanted)))
    return {row[0]: (row[1], row[2]) for row in rows}
