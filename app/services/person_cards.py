"""The month of each person inside an organisation: what was booked to whoever did it (rulebook 1, 5).

A frozen month is served as it was frozen, any other one is counted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.domain import people as rule
from app.domain.people import Person
from app.domain.roles import Actor
from app.domain.scoring import Score
from app.extensions import db
from app.models import FrozenPeople, MonthClose
from app.services import person_facts, scoring_schemes
from app.services.scorecard_scope import Site, load_site, span_of


@dataclass(frozen=True)
class People:
    """A month of an organisation's people, the best first. `digest` and `frozen_at` are empty until it is frozen."""

    month: str
    site: Site
    lines: tuple[tuple[Person, Score], ...]
    scheme: int
    least_cases: int
    digest: str = ""
    frozen_at: datetime | None = None


def people(*, actor: Actor, month: str, organisation_code: str, now: datetime) -> People:
    """Everybody of the organisation with an account or a case in the month, best score first.

    Raises NotFound outside the scope, NotAllowed for a role without cards.
    """
    session = db.session()
    span, site = span_of(month, now), load_site(session, actor, organisation_code)
    scheme = scoring_schemes.of_month(session, month)
    kept = session.execute(
        select(FrozenPeople.body, FrozenPeople.digest, MonthClose.frozen_at)
        .join(MonthClose, MonthClose.month == FrozenPeople.month)
        .where(FrozenPeople.month == month, FrozenPeople.organisation_id == site.id)
    ).one_or_none()
    if kept is None:
        found = person_facts.people(session, month, span, site.id).get(site.id, [])
        return People(month, site, tuple(rule.best_first(found, scheme)), scheme.version, scheme.min_cases)
    found = rule.of_body(json.loads(kept[0]))
    lines = tuple(rule.best_first(found, scheme))
    return People(month, site, lines, scheme.version, scheme.min_cases, digest=kept[1], frozen_at=kept[2])
