"""Drafts over HTTP: restored on any device, offered with what came since, two browsers lose nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.services import replies, sessions
from app.services.sessions import Limits
from tests import cast
from tests.cast import NOON, Cast, post

NOW = NOON + timedelta(minutes=20)
Portal = Callable[[str], Any]


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company; every request happens at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return cast.begin()


@pytest.fixture
def portal(app: Any, company: Cast) -> Portal:
    """Signs a person in without the cost of a password: each call is another browser."""

    def browser(who: str) -> Any:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=company[who].user_id or 0, epoch=0, data={}, now=NOW, limits=limits)
        client = app.test_client()
        client.set_cookie("session", token)
        return client

    return browser


def fields(client: Any, number: str, key: str = "result", **typed: str) -> dict[str, str]:
    """What the page's form would send: its hidden fields and what is typed."""
    page = client.get(f"/tickets/{number}").text
    box = re.search(rf'<form class="box" id="box-{key}".*?</form>', page, re.S)
    assert box is not None
    return dict(re.findall(r'type="hidden" name="([\w]+)" value="([^"]*)"', box[0])) | typed


def save(client: Any, number: str, typed: dict[str, str], script: bool = True) -> Any:
    return client.post(f"/tickets/{number}/draft", data=typed, headers={"X-Draft": "1"} if script else {})


def box(client: Any, number: str, key: str = "result") -> str:
    found = re.search(rf'<form class="box" id="box-{key}".*?</form>', client.get(f"/tickets/{number}").text, re.S)
    assert found is not None
    return found[0]


def test_a_draft_is_there_on_another_device_with_every_field(company: Cast, portal: Portal) -> None:
    number, first = cast.push(company, "D1"), portal("site")
    typed = fields(first, number, text="已联系", contact_outcome="no_answer", finding_courier="周师傅")
    answer = save(first, number, typed)
    assert (answer.status_code, answer.headers["X-Draft-Version"]) == (204, "1")
    other = box(portal("site"), number)
    assert "已联系</textarea>" in other and 'value="周师傅"' in other and 'class="draftbar' in other
    assert re.search(r'<option selected value="no_answer">', other) and 'name="draft_version" value="1"' in other
    assert "已联系" not in box(portal("site-manager"), number)


def test_the_button_saves_without_scripting(company: Cast, portal: Portal) -> None:
    number, client = cast.push(company, "D1"), portal("site")
    assert save(client, number, fields(client, number, "follow_up", text="再打"), script=False).status_code == 303
    assert "再打</textarea>" in box(client, number, "follow_up")


@pytest.mark.parametrize("script", [True, False])
def test_the_second_browser_is_told_what_the_first_one_saved(company: Cast, portal: Portal, script: bool) -> None:
    number, one, two = cast.push(company, "D1"), portal("site"), portal("site")
    seen = fields(two, number, text="乙的话")
    save(one, number, fields(one, number, text="甲的话"))
    answer = save(two, number, seen, script)
    assert answer.status_code == 409 and "甲的话" in answer.text and 'data-version="1"' in answer.text
    assert script or "乙的话</textarea>" in answer.text
    assert "甲的话</textarea>" in box(one, number)
    assert save(two, number, {**seen, "draft_version": "1"}).status_code == 204
    assert "乙的话</textarea>" in box(one, number)


def test_a_draft_from_before_newer_entries_says_so(company: Cast, portal: Portal) -> None:
    number, client = cast.push(company, "D1"), portal("site")
    save(client, number, fields(client, number, text="已联系"))
    assert "此后有新的记录" not in box(client, number)
    replies.note(actor=company["site"], post=post(number), text="自己的", now=NOW)
    assert "此后有新的记录" not in box(client, number)
    replies.note(actor=company["lcs"], post=post(number), text="请先看照片", now=NOW)
    assert "此后有新的记录" in box(client, number)


def test_sending_or_throwing_away_ends_it(company: Cast, portal: Portal) -> None:
    number, client = cast.push(company, "D1"), portal("site")
    for way in ("note", "draft/discard"):
        typed = fields(client, number, "note", text="记一笔")
        save(client, number, typed)
        assert client.post(f"/tickets/{number}/{way}", data=typed).status_code == 303
        assert 'class="draftbar' not in box(client, number, "note")


def test_signed_out_nothing_is_saved_and_the_way_to_the_sign_in_is_told(
    company: Cast, portal: Portal, app: Any
) -> None:
    number, client = cast.push(company, "D1"), portal("site")
    typed = fields(client, number, text="已联系")
    client.delete_cookie("session")
    assert save(client, number, typed).status_code in (303, 401)
    assert "已联系" not in box(portal("site"), number)
