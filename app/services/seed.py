"""What every portal needs before its first ticket, a real one as the demo: categories, first policy, penalty rules,
free days, the company's reply templates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.calendars import at_local
from app.domain.categories import CATEGORIES
from app.domain.penalty_rules import defaults as penalty_defaults
from app.domain.policies import default_rules
from app.models import CalendarDay, Category
from app.models.dialect import lock_key
from app.services import calendars, penalty_rules, policies, problem_types, scoring_schemes, templates
from app.services.transaction import write

POLICY_FROM = date(2016, 1, 1)  # before the first ticket of any portal; the replayed log begins in that year


@dataclass(frozen=True)
class Seeded:
    """How many rows were added, and the years whose working days nobody has published yet."""

    categories: int
    policies: int
    days: int
    templates: int
    missing_years: tuple[int, ...]
    penalties: int = 0


def run() -> Seeded:
    """Add what is missing. What is there stays as it is: a label, a newer policy, an edited year."""
    with write() as session:
        lock_key(session, "seed")
        categories = _categories(session)
        problem_types.seed(session)
        rules = policies.store_version(session, default_rules(at_local(POLICY_FROM, time(0))))
        scoring_schemes.seed(session, at_local(POLICY_FROM, time(0)))
        days, missing = _days(session)
        prices = penalty_rules.store(session, penalty_defaults(at_local(POLICY_FROM, time(0))))
        return Seeded(categories, rules, days, _templates(session), tuple(missing), prices)


def _categories(session: Session) -> int:
    known = set(session.scalars(select(Category.code)))
    rows = [
        Category(**kind._asdict(), position=place) for place, kind in enumerate(CATEGORIES) if kind.code not in known
    ]
    session.add_all(rows)
    session.flush()
    return len(rows)


def _days(session: Session) -> tuple[int, list[int]]:
    """Whole years only: a day that an administrator took out of a year does not come back."""
    before = list(session.scalars(select(CalendarDay.day)))
    seeded = {day.year for day in before}
    missing = calendars.seed_days(session, [year for year in calendars.SEEDED_YEARS if year not in seeded])
    return len(list(session.scalars(select(CalendarDay.day)))) - len(before), missing


def _templates(session: Session) -> int:
    """Good texts for the main categories; one that was edited or deleted stays so."""
    texts = json.loads(Path(__file__).with_name("reply_templates.json").read_text("utf-8"))
    known = session.scalars(select(Category.code)).all()
    return templates.seed(session, texts, known, at_local(POLICY_FROM, time(0)))
