"""Saved views: one's own, under one name each, twenty at most, one of them first."""

from __future__ import annotations

import pytest

from app.domain.errors import Invalid, NotFound
from app.services import saved_views, sessions
from app.services.sessions import Limits
from tests import cast
from tests.cast import NOON


@pytest.fixture
def company(db_session):
    return cast.begin()


def save(company, name: str, query: str = "queue=all", who: str = "site") -> None:
    saved_views.save(actor=company[who], name=name, query=query, now=NOON)


def names(session, company, who: str = "site") -> list[tuple[str, str]]:
    session.rollback()
    return [(view.name, view.query) for view in saved_views.mine(session, company[who])]


def id_of(session, company, name: str) -> int:
    return next(view.id for view in saved_views.mine(session, company["site"]) if view.name == name)


def test_a_name_is_trimmed_and_the_same_name_takes_the_new_filters(db_session, company):
    save(company, "  今天   要办 ")
    save(company, "今天 要办", "category=LOST")
    assert names(db_session, company) == [("今天 要办", "category=LOST")]


@pytest.mark.parametrize(("name", "code"), [("", "required"), ("  ", "required"), ("长" * 31, "too_long")])
def test_a_name_that_is_none_is_refused(db_session, company, name, code):
    with pytest.raises(Invalid) as refused:
        save(company, name)
    assert refused.value.fields == {"name": code}


def test_the_twenty_first_is_refused_and_a_known_name_is_not(db_session, company):
    for n in range(saved_views.MOST):
        save(company, f"v{n:02}")
    with pytest.raises(Invalid) as refused:
        save(company, "v99")
    assert refused.value.fields == {"name": "too_many"}
    save(company, "v03", "sort=activity")
    assert len(names(db_session, company)) == saved_views.MOST


def test_nobody_sees_or_changes_the_views_of_another(db_session, company):
    save(company, "mine")
    view_id = id_of(db_session, company, "mine")
    for verb in (
        lambda: saved_views.rename(actor=company["site-manager"], view_id=view_id, name="x"),
        lambda: saved_views.delete(actor=company["site-manager"], view_id=view_id),
        lambda: saved_views.set_default(actor=company["site-manager"], view_id=view_id, on=True),
    ):
        with pytest.raises(NotFound):
            verb()
    assert names(db_session, company, "site-manager") == []
    assert names(db_session, company) == [("mine", "queue=all")]


def test_one_view_is_first_at_most_and_the_session_knows_it(db_session, company):
    save(company, "a", "queue=replied")
    save(company, "b", "category=LOST")
    limits = Limits(NOON - NOON.replace(hour=3), NOON - NOON.replace(hour=2))
    token = sessions.create(user_id=company["site"].user_id, epoch=0, data={}, now=NOON, limits=limits)

    def home() -> str:
        db_session.rollback()
        return sessions.find(db_session, token, now=NOON, limits=limits).person.home

    assert home() == ""
    for name, query in (("a", "queue=replied"), ("b", "category=LOST")):
        saved_views.set_default(actor=company["site"], view_id=id_of(db_session, company, name), on=True)
        assert home() == query
    saved_views.set_default(actor=company["site"], view_id=id_of(db_session, company, "b"), on=False)
    assert home() == ""
    saved_views.set_default(actor=company["site"], view_id=id_of(db_session, company, "a"), on=True)
    saved_views.delete(actor=company["site"], view_id=id_of(db_session, company, "a"))
    assert home() == ""


def test_two_names_never_become_one(db_session, company):
    save(company, "a")
    save(company, "b")
    with pytest.raises(Invalid) as refused:
        saved_views.rename(actor=company["site"], view_id=id_of(db_session, company, "b"), name="a")
    assert refused.value.fields == {"name": "taken"}
    saved_views.rename(actor=company["site"], view_id=id_of(db_session, company, "b"), name="c")
    assert [name for name, _query in names(db_session, company)] == ["a", "c"]
