"""The facts of a month counted per person: one grouped statement a fact, for one organisation or all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, case, func, literal, select, text
from sqlalchemy.orm import Session

from app.domain.people import ANSWERS, Person
from app.domain.scorecards import Facts
from app.models import Audit, Clock, Event, Penalty, Ticket, User
from app.services import scorecard_facts
from app.services.scorecard_facts import Span

Key = tuple[int, int]  # organisation, person


def people(session: Session, month: str, span: Span, site_id: int | None = None) -> dict[int, list[Person]]:
    """Everybody with an account or a case in the month by organisation, or those of one organisation alone."""
    facts = _facts(session, span, site_id)
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


def _facts(session: Session, span: Span, site_id: int | None) -> dict[Key, Facts]:
    found: dict[Key, Facts] = {}
    for names, site, person, statement in _statements(span):
        mine = site.is_not(None) if site_id is None else site == site_id
        statement = statement.where(mine, person.is_not(None), scorecard_facts.onboarded(site))
        for place, who, label, *numbers in session.execute(statement.group_by(text("1"), text("2"), text("3"))):
            own = found.setdefault((place, who), Facts())
            for name, number in zip(names[label], numbers, strict=True):
                setattr(own, name, getattr(own, name) + int(number or 0))
    return found


def _statements(span: Span) -> Iterator[tuple[dict[str, tuple[str, ...]], Any, Any, Any]]:
    """Names of the facts by label, the columns of organisation and person, and the statement (organisation, person,
    label, numbers...) still without its grouping."""
    good = func.sum(case((and_(Clock.stopped_at <= Clock.due_at, Clock.credited), 1), else_=0))
    runs = select(Clock.organisation_id, Clock.stopped_by_id, Clock.kind, func.count(), good)
    runs = runs.join(Ticket, Ticket.id == Clock.ticket_id)
    answered = Clock.stopped_at.is_not(None)  # the name stays on a run that goes on
    runs = runs.where(scorecard_facts.decided_in(span, *ANSWERS), answered, scorecard_facts.measured())
    names: dict[str, tuple[str, ...]] = {kind: (f"{kind}_due", f"{kind}_in_time") for kind in ANSWERS}
    yield names, Clock.organisation_id, Clock.stopped_by_id, runs
    whose = scorecard_facts.result_site()
    results = select(whose, Event.actor_id, literal("all"), func.count()).join(Ticket, Ticket.id == Event.ticket_id)
    results = results.where(scorecard_facts.results_in(span), scorecard_facts.measured())
    yield {"all": ("results",)}, whose, Event.actor_id, results
    true = func.sum(case((Audit.mark == "true", 1), else_=0))
    audits = select(Audit.site_id, Audit.author_id, literal("all"), func.count(), true)
    audits = audits.join(Ticket, Ticket.id == Audit.ticket_id)
    audits = audits.where(scorecard_facts.marked_in(span), scorecard_facts.measured())
    yield {"all": ("audited", "audited_true")}, Audit.site_id, Audit.author_id, audits


def _points(session: Session, month: str, site_id: int | None) -> dict[Key, int]:
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
