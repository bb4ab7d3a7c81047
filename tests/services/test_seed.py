"""A portal without demo data has the categories, the policy and the free days that its first ticket needs."""

from __future__ import annotations

from datetime import date

from sqlalchemy import delete, func, select

from app.domain.categories import CATEGORIES
from app.domain.policies import version_in_force
from app.models import CalendarDay, Category, Policy
from app.services import policies, seed
from tests.cast import NOON


def test_an_empty_portal_gets_everything_once(db_session):
    first, second = seed.run(), seed.run()
    assert first.categories == len(CATEGORIES) == db_session.scalar(select(func.count()).select_from(Category))
    assert (second.categories, second.policies, second.days) == (0, 0, 0)
    assert version_in_force(policies.rules(db_session), NOON) == 1
    assert db_session.get_one(CalendarDay, date(2026, 10, 1)).working is False
    legal = set(db_session.scalars(select(Category.code).where(Category.legal_note)))
    assert legal == {"FALSE_SIGN", "LOCKER", "PROXY"}


def test_what_was_changed_stays_changed(db_session):
    seed.run()
    db_session.get_one(Category, "OTHER").name = "其余"
    db_session.execute(delete(CalendarDay).where(CalendarDay.day == date(2026, 10, 1)))
    db_session.execute(delete(Category).where(Category.code == "LOST"))
    db_session.commit()
    again = seed.run()
    assert (again.categories, again.days) == (1, 0)
    assert db_session.get_one(Category, "OTHER").name == "其余"
    assert db_session.get(CalendarDay, date(2026, 10, 1)) is None


def test_the_command_tells_what_it_added(app, db_session):
    told = app.test_cli_runner().invoke(args=["seed"])
    assert told.exit_code == 0 and f"{len(CATEGORIES)} categories" in told.stdout
    assert "0 categories, 0 policy lines, 0 free days" in app.test_cli_runner().invoke(args=["seed"]).stdout
    assert db_session.scalar(select(func.count()).select_from(Policy)) > 0
