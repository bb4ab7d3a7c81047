"""The question's page and the call-backs over HTTP: no account, no cookie, nothing from a look, one rating from a press."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.domain import surveys as rule
from app.models import Event, Outbox, Reveal, Survey, Ticket
from app.services import surveys
from app.services.transaction import write
from tests import cast
from tests.cast import Cast
from tests.services.test_surveys import CLOSED, KEY, closed
from tests.web.door import door

NOW = CLOSED + timedelta(hours=1)


@pytest.fixture
def company(app: Any, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company after a closing; forms of signed-in people need no token here."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    return cast.begin()


@pytest.fixture
def portal(app: Any, company: Cast) -> Any:
    """Signs a person in without the cost of a password."""
    return door(app, company, NOW)


@pytest.fixture
def number(company: Cast) -> str:
    """A closed complaint."""
    return closed(company)


def path_of(session: Any, number: str) -> str:
    """The page's address as the SMS carries it."""
    session.rollback()
    survey = session.scalars(select(Survey).join(Ticket).where(Ticket.number == number)).one()
    token = rule.token(KEY, survey.id)
    with write() as inner:
        inner.get_one(Survey, survey.id).token_hash = surveys.digest(token)
    return f"/s/{token}"


def counts(session: Any) -> list[int]:
    session.rollback()
    return [session.scalar(select(func.count()).select_from(table)) for table in (Event, Outbox)]


def test_a_look_records_nothing_leaves_no_cookie_and_is_in_no_cache(app, company, number, db_session) -> None:
    path, visitor = path_of(db_session, number), app.test_client()
    before = counts(db_session)
    for _ in range(3):
        page = visitor.get(path)
    assert page.status_code == 200 and counts(db_session) == before
    assert page.text.count('name="score"') == 5 and "Set-Cookie" not in page.headers
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    assert "13812345678" not in page.text and "王小明" not in page.text and "<script" not in page.text


def test_a_press_records_and_the_second_one_shows_what_was_said(app, company, number, db_session) -> None:
    path, visitor = path_of(db_session, number), app.test_client()
    assert visitor.post(path, data={}).status_code == 422
    long = visitor.post(path, data={"score": "4", "comment": "长" * 301})
    assert long.status_code == 422 and "长" * 301 in long.text
    assert visitor.post(path, data={"score": "4", "comment": "请打 13912345678 谢我"}).status_code == 303
    assert visitor.post(path, data={"score": "1"}).status_code == 303
    page = visitor.get(path).text
    assert "4 / 5" in page and "13912345678" not in page and 'name="score"' not in page
    assert (
        "4 / 5" in visitor.get(f"{path}?lang=en").text
        and "Your rating is recorded" in visitor.get(f"{path}?lang=en").text
    )


def test_a_wrong_link_says_the_same_as_an_old_one(app, company, number, db_session) -> None:
    visitor = app.test_client()
    gone = visitor.get("/s/" + "A" * 22)
    assert gone.status_code == 404 and visitor.post("/s/x", data={"score": "5"}).status_code == 404
    assert visitor.get("/s/%00").status_code == 404


def test_the_rating_stands_on_the_ticket_for_everybody_in_scope(app, company, number, db_session, portal) -> None:
    assert "已邀请，尚未评价" in portal("site").get(f"/tickets/{number}").text
    app.test_client().post(path_of(db_session, number), data={"score": "2", "comment": "太慢了"})
    for who in ("site", "lcs", "ccs"):
        page = portal(who).get(f"/tickets/{number}").text
        assert "2 / 5 · 不满意" in page and "太慢了" in page


def test_headquarters_logs_call_backs_and_reveals_are_on_record(app, company, number, db_session, portal) -> None:
    app.test_client().post(path_of(db_session, number), data={"score": "1"})
    ccs = portal("ccs")
    page = ccs.get("/call-backs").text
    survey_id = db_session.scalars(select(Survey.id)).one()
    db_session.rollback()
    assert number in page and "13812345678" not in page and f'id="call-{survey_id}"' in page
    assert "13812345678" in ccs.post(f"/call-backs/{number}/reveal").text
    assert db_session.scalar(select(func.count()).select_from(Reveal)) == 1
    db_session.rollback()
    wrong = ccs.post(f"/call-backs/{survey_id}", data={"text": "没选结果"})
    assert wrong.status_code == 422 and "没选结果" in wrong.text
    assert ccs.post(f"/call-backs/{survey_id}", data={"outcome": "reached", "text": "已致歉"}).status_code == 303
    assert ccs.post(f"/call-backs/{survey_id}", data={"outcome": "reached"}).status_code == 409
    assert number not in ccs.get("/call-backs").text.split('class="cards"')[1]
    assert "已致歉" in portal("site").get(f"/tickets/{number}").text
    assert portal("lcs").get("/call-backs").status_code == 403


def test_the_alarm_over_a_sites_own_number_leads_to_its_ticket(company: Cast, portal: Any) -> None:
    number = closed(company, phone="13800000003")  # the first site's duty phone
    page = portal("lcs").get("/alarms").text
    assert f'href="/tickets/{number}"' in page and f"{number}：" in page
    assert number not in portal("lcs-2").get("/alarms").text
