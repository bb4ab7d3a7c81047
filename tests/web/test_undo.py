"""Taking back over HTTP: offered on the page that comes after the sending, for one answer and for a batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.services import sessions
from app.services.sessions import Limits
from tests import cast
from tests.cast import NOON, Cast

NOW = NOON + timedelta(minutes=20)
ANSWER = {"text": "已送到", "contact_outcome": "reached_accepts", "action_taken": "redelivered", "confirmed": "1"}
Portal = Callable[[str], Any]


@pytest.fixture
def company(app: Any, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """The smallest company in a portal that holds results for 30 seconds; every request happens at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    before = app.extensions["kuaifu"]
    app.extensions["kuaifu"] = replace(before, undo_seconds=30)
    yield cast.begin()
    app.extensions["kuaifu"] = before


@pytest.fixture
def portal(app: Any, company: Cast) -> Portal:
    """Signs a person in without the cost of a password."""

    def browser(who: str) -> Any:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=company[who].user_id or 0, epoch=0, data={}, now=NOW, limits=limits)
        client = app.test_client()
        client.set_cookie("session", token)
        return client

    return browser


def token(page: Any) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return {"csrf_token": found[1]}


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=seconds))


def test_after_the_sending_the_ticket_offers_to_take_it_back_and_then_has_the_words_again(company, portal) -> None:
    number, client = cast.push(company, "U1"), portal("site")
    form = token(client.get(f"/tickets/{number}"))
    assert client.post(f"/tickets/{number}/result", data={**form, **ANSWER}).status_code == 303
    page = client.get(f"/tickets/{number}").text
    assert f'action="/tickets/{number}/undo"' in page and "12:20:30" in page
    assert client.post(f"/tickets/{number}/undo", data=form).headers["Location"].endswith("?undone=1")
    page = client.get(f"/tickets/{number}?undone=1").text
    assert "已撤回" in page and "已送到</textarea>" in page and "发出前已撤回" in page


def test_the_bar_above_the_next_ticket_offers_it_too_and_to_nobody_else(company, portal) -> None:
    number, client = cast.push(company, "U1"), portal("site")
    cast.push(company, "U2")
    form = token(client.get(f"/tickets/{number}"))
    after = client.post(f"/tickets/{number}/result", data={**form, **ANSWER, "next": "1"})
    assert f'action="/tickets/{number}/undo"' in client.get(after.headers["Location"]).text
    assert '/undo"' not in portal("site-manager").get(f"/tickets/{number}").text


def test_when_the_time_is_over_nothing_is_offered_and_a_press_is_told_why(company, portal, monkeypatch) -> None:
    number, client = cast.push(company, "U1"), portal("site")
    form = token(client.get(f"/tickets/{number}"))
    client.post(f"/tickets/{number}/result", data={**form, **ANSWER})
    later(monkeypatch, 30)
    assert '/undo"' not in client.get(f"/tickets/{number}").text
    answer = client.post(f"/tickets/{number}/undo", data=form)
    assert answer.status_code == 409 and "已过可撤回的时间" in answer.text


def test_a_batch_is_taken_back_whole_or_row_by_row(company, portal) -> None:
    numbers, client = [cast.push(company, f"U{n}") for n in range(3)], portal("site")
    form = {**token(client.get("/tickets")), "ticket": numbers}
    typed = {name: value for name, value in ANSWER.items() if name != "confirmed"}
    seen = re.search(r'name="seen" value="([^"]+)"', client.post("/batch/result", data={**form, **typed}).text)
    assert seen is not None
    sent = client.post("/batch/result", data={**form, **typed, "seen": seen[1]}).text
    assert 'id="undo-all"' in sent and sent.count('form="undo-one"') == 3
    assert client.post("/batch/undo", data={**form, "ticket": numbers[:1]}).text.count("已撤回") >= 1
    back = client.post("/batch/undo", data=form)
    assert back.status_code == 200 and len(re.findall(r'chip good">已撤回', back.text)) == 3


def test_a_batch_with_a_foreign_number_takes_nothing_back(company, portal) -> None:
    mine, foreign = cast.push(company, "U1"), cast.push(company, "U2", site="330108-01")
    client = portal("site")
    form = token(client.get(f"/tickets/{mine}"))
    client.post(f"/tickets/{mine}/result", data={**form, **ANSWER})
    assert client.post("/batch/undo", data={**form, "ticket": [mine, foreign]}).status_code == 404
    assert f'action="/tickets/{mine}/undo"' in client.get(f"/tickets/{mine}").text
