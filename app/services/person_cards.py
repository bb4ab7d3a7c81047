"""The month of each person inside an organisation: what was booked to whoever did it (rulebook 1, 5).

A person is measured on what the person answered: first replies and results by whoever stopped the clock, audits by who
wrote the result. What nobody answered in time is the organisation's alone. Nothing of it is frozen: it is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, literal, or_, select, text
from sqlalchemy.orm import Session

from app.domain import scorecards as cards
from app.domain.roles import Actor
from app.domain.scorecards import Facts
from app.domain.scoring import Score
from app.extensions import db
from app.models import Audit, Clock, Event, Penalty, Ticket, User
from app.services import scorecard_facts, scoring_schemes
from app.services.scorecard_facts import Span
from app.services.scorecard_scope import Site, load_site, span_of

ANSWERS = {"first_reply": ("result", "follow_up"), "resolve": ("result",)}


@dataclass(frozen=True)
class Person:
    """One person's month; points are those that the ledger booked to the person and did not waive."""

    name: str
    account: str
    facts: Facts
    score: Score
    points: int


def people(*, actor: Actor, month: str, organisation_code: str, now: datetime) -> tuple[Site, list[Person]]:
    """Everybody of the organisation with an account or a case in the month, best score first.

    Raises NotFound outside the scope, NotAllowed for a role without cards.
    """
    session = db.session()
    span, site = span_of(month, now), load_site(session, actor, organisation_code)
    facts: dict[int, Facts] = {}
    for names, statement in _statements(span, site.id):
        for person_id, label, *numbers in session.execute(statement.group_by(text("1"), text("2"))):
            own = facts.setdefault(person_id, Facts())
            for name, number in zip(names[label], numbers, strict=True):
                setattr(own, name, getattr(own, name) + int(number or 0))
    points = _points(session, month, site.id)
    scheme = scoring_schemes.of_month(session, month)
    found = [
        Person(user.name, user.account, own, cards.score_of(own, scheme), points.get(user.id, 0))
        for user in _users(session, site.id, {*facts, *points}) for own in [facts.get(user.id, Facts())]
    ]  # fmt: skip
    found.sort(key=lambda one: (-(one.score.total_tenths if one.score.total_tenths is not None else -1), one.account))
    return site, found


def _users(session: Session, site_id: int, counted: set[int]) -> list[User]:
    own = and_(User.organisation_id == site_id, User.disabled_at.is_(None))
    return list(session.scalars(select(User).where(or_(own, User.id.in_(counted)))))


def _statements(span: Span, site_id: int) -> Iterator[tuple[dict[str, tuple[str, ...]], Any]]:
    """Names of the facts by label, and the statement (person, label, numbers...) still without its grouping."""
    good = func.sum(case((and_(Clock.stopped_at <= Clock.due_at, Clock.credited), 1), else_=0))
    wrote = or_(*(and_(Clock.kind == kind, Event.type.in_(types)) for kind, types in ANSWERS.items()))
    runs = select(Event.actor_id, Clock.kind, func.count(), good).select_from(Clock).join(
        Event, and_(Event.ticket_id == Clock.ticket_id, Event.at == Clock.stopped_at, wrote)
    )  # fmt: skip
    runs = runs.join(Ticket, Ticket.id == Clock.ticket_id).where(
        scorecard_facts.decided_in(span, *ANSWERS), Clock.organisation_id == site_id, Event.actor_id.is_not(None),
        scorecard_facts.measured(),
    )  # fmt: skip
    yield {kind: (f"{kind}_due", f"{kind}_in_time") for kind in ANSWERS}, runs
    results = select(Event.actor_id, literal("all"), func.count()).join(Ticket, Ticket.id == Event.ticket_id)
    yield {"all": ("results",)}, results.where(
        scorecard_facts.results_in(span), scorecard_facts.result_site() == site_id, Event.actor_id.is_not(None),
        scorecard_facts.measured(),
    )  # fmt: skip
    true = func.sum(case((Audit.mark == "true", 1), else_=0))
    audits = select(Audit.author_id, literal("all"), func.count(), true).join(Ticket, Ticket.id == Audit.ticket_id)
    yield {"all": ("audited", "audited_true")}, audits.where(
        scorecard_facts.marked_in(span), Audit.site_id == site_id, Audit.author_id.is_not(None),
        scorecard_facts.measured(),
    )  # fmt: skip


def _points(session: Session, month: str, site_id: int) -> dict[int, int]:
    booked = select(Penalty.person_id, func.sum(Penalty.points)).where(
        Penalty.month == month, Penalty.organisation_id == site_id, Penalty.person_id != 0, Penalty.state != "waived"
    )
    return {row[0]: int(row[1]) for row in session.execute(booked.group_by(Penalty.person_id))}
