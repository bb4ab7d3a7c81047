"""The search on the page: what opens at once, what is listed, what is said where nothing was found, and the limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from app import create_app
from app.extensions import limiter
from app.services import replies, search
from tests import cast
from tests.cast import NOON, post
from tests.web.stage import NOW, SEES, TICKETS, WRITTEN, Stage, build, freeze, mark

# Each engine has an index of words of its own, and an order of what is found.
pytestmark = pytest.mark.both_engines


@pytest.fixture
def stage(app: Flask, database: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    freeze(monkeypatch)
    yield build(app)


def ask(stage: Stage, who: str, asked: str, rest: str = "") -> Any:
    return stage.browsers[who].get(f"/tickets?q={quote(asked)}{rest}")


def listed(page: str) -> list[str]:
    """The tickets that a page links."""
    return re.findall(r'href="/tickets/(KF[\d-]+)["?]', page)


def test_a_whole_number_opens_its_ticket_whatever_the_filters(stage: Stage) -> None:
    for asked in (stage.numbers["own"], "YT1111222233334", "ORDER-own-canary"):
        for filters in ("", "&queue=overdue&category=LOST"):
            answer = ask(stage, "site", asked, filters)
            assert (answer.status_code, answer.location) == (303, f"/tickets/{stage.numbers['own']}")


def test_a_waybill_typed_in_groups_is_found_like_the_whole(stage: Stage) -> None:
    for asked in ("YT 1111 2222 33334", "１１１１ 2222 33334", "YT 1111222233334"):
        answer = ask(stage, "site", asked)
        found = [answer.location.rsplit("/", 1)[1]] if answer.status_code == 303 else listed(answer.text)
        assert found == [stage.numbers["own"]]
        assert listed(ask(stage, "site-3", asked).text) == []


def test_a_piece_of_a_number_lists_what_it_fits_and_links_nothing_else(stage: Stage) -> None:
    answer = ask(stage, "lcs", "3334")
    assert (answer.status_code, listed(answer.text)) == (200, [stage.numbers["own"]])
    assert "YT111122223<mark>3334</mark>" in answer.text


@pytest.mark.parametrize("who", ["site", "site-2", "site-3", "lcs", "lcs-2", "ccs"])
def test_everybody_finds_each_text_of_the_tickets_that_they_see_and_of_no_other(stage: Stage, who: str) -> None:
    for key in TICKETS:
        for kind in (kind for kind in WRITTEN if kind != "scan" and (key != "lost" or kind == "content")):
            page = ask(stage, who, mark(key, kind)).text
            assert listed(page) == ([stage.numbers[key]] if key in SEES[who] else []), (who, key, kind)
            shown = mark(key, kind) in stage.browsers[who].get(f"/tickets/{stage.numbers[key]}").text
            assert shown == (key in SEES[who])  # the search and the thread agree


@pytest.mark.parametrize("who", ["site", "lcs", "ccs"])
def test_a_search_tells_nothing_of_words_outside_the_scope(stage: Stage, who: str) -> None:
    for key in stage.hidden_from(who):
        page, absent = ask(stage, who, f"note-{key}-canary"), ask(stage, who, f"note-{key}-parrot")
        changing = re.compile(r'(name="(?:csrf_token|submission_key)" value=")[^"]+|(X-CSRFToken": ")[^"]+')
        said = [changing.sub("", one.text).replace("canary", "parrot") for one in (page, absent)]
        assert said[0] == said[1]


def test_an_administrator_searches_nothing(stage: Stage) -> None:
    assert ask(stage, "admin", "content").status_code == 403


def test_what_was_looked_for_is_marked_and_user_text_stays_text(stage: Stage) -> None:
    with stage.session():
        replies.note(
            actor=stage.cast["site"], post=post(stage.numbers["own"]), now=NOW,
            text='外包装破损<script>alert(1)</script>，电话 13912345678 "><img src=x>',
        )  # fmt: skip
    page = ask(stage, "site", "破损 script").text
    assert "外包装<mark>破损</mark>&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;" in page
    assert "139******78" in page and "13912345678" not in page and "<img src=x" not in page
    page = ask(stage, "site", '"><img src=x> 破损').text
    assert "<img src=x" not in page


def test_one_character_is_told_to_be_too_few_and_nothing_found_says_what_was_looked_for(stage: Stage) -> None:
    stage.browsers["site"].get("/tickets")
    page = ask(stage, "site", "没收到 破").text
    assert 'class="empty nothing"' in page and "“破”" in page and not listed(page)
    page = ask(stage, "site", "不存在 的词").text
    assert "不存在 + 的词" in page
    page = ask(stage, "site", "LOST").text  # the name of a category, too
    assert 'href="/tickets?queue=all&amp;category=LOST"' in page
    page = ask(stage, "site", "！！").text
    assert 'class="empty nothing"' in page and not listed(page)


def test_the_filters_stay_beside_the_search(stage: Stage) -> None:
    page = ask(stage, "site", "content", "&queue=appealed&category=FALSE_SIGN&owner=mine&sort=activity").text
    assert listed(page) == [stage.numbers["own"]]
    for kept in ("queue", "category", "owner", "sort"):
        assert f'<input type="hidden" name="{kept}"' in page or f'<select name="{kept}"' in page
    assert "q=content&amp;queue=appealed" in page  # whose tickets: the search stays
    page = ask(stage, "site", "content", "&queue=to_accept").text
    assert not listed(page) and 'href="/tickets?q=content"' in page  # the way out of the filters
    queue = stage.browsers["site"].get("/tickets?queue=overdue&owner=mine").text
    assert '<input type="hidden" name="queue" value="overdue"><input type="hidden" name="owner" value="mine">' in queue


def test_a_long_list_goes_on_and_counts_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE", 2)
    with stage.session():
        pushed = [cast.push(stage.cast, f"W{n}", text="外包装破损", now=NOON) for n in range(5)]
    seen, path, pages = [], f"/tickets?q={quote('破损')}&category=FALSE_SIGN", 0
    while path:
        page = stage.browsers["site"].get(path).text
        seen += listed(page)
        more = re.search(r'class="more" href="([^"]+)"', page)
        path, pages = (more[1].replace("&amp;", "&") if more else ""), pages + 1
        assert "category=FALSE_SIGN" in path or not path
    assert (seen, pages) == (pushed[::-1], 3)


@pytest.mark.engine_free  # a limit counts requests, and no database is asked for it
def test_searching_is_limited_and_going_to_a_number_is_not(stage: Stage) -> None:
    """On a portal as it runs outside of tests: there limits are on."""
    client = create_app(replace(stage.app.extensions["kuaifu"], environment="demo")).test_client()
    token = stage.browsers["site"].get_cookie("session")
    client.set_cookie("session", token.value if token else "")
    try:
        exact = [client.get(f"/tickets?q={stage.numbers['own']}").status_code for _ in range(61)]
        codes = [client.get("/tickets?q=content").status_code for _ in range(61)]
        last = client.get("/tickets?q=content")
        queue = client.get("/tickets").status_code
    finally:
        limiter.reset()
        limiter.enabled = False
    assert set(exact) == {303} and codes[:60] == [200] * 60
    assert (codes[60], last.status_code, queue) == (429, 429, 200)
    assert int(last.headers["Retry-After"]) > 0
