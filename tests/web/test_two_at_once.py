"""Two people at one ticket: each sees that the other is there, and a stale form is refused with its text kept (3.17)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.web import presence
from tests import cast
from tests.web.stage import NOW, Stage

# Two at one ticket meet in the engine's own locks.
pytestmark = pytest.mark.both_engines


def fresh(stage: Stage, code: str) -> str:
    with stage.app.app_context():
        return cast.push(stage.cast, code)


def others(stage: Stage, who: str, number: str) -> str:
    """The names beside the facts of the ticket, as that person sees them."""
    page = stage.browsers[who].get(f"/tickets/{number}").text
    found = re.search(r'<span id="presence".*?</b><span>(.*?)</span>', page)
    return found[1] if found else ""


def test_the_page_names_whoever_else_has_the_ticket_open_until_a_minute_has_passed(
    stage: Stage, monkeypatch: Any
) -> None:
    number = fresh(stage, "BOTH")
    assert others(stage, "site", number) == ""
    assert others(stage, "lcs", number) == "site"
    assert others(stage, "site", number) == "lcs"
    assert sorted(re.split("[,、，] ?", others(stage, "site-manager", number))) == ["lcs", "site"]
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(seconds=61))
    assert others(stage, "site", number) == ""


def test_the_page_asks_by_itself_and_hears_only_of_changes(stage: Stage) -> None:
    number = fresh(stage, "POLLED")
    page = stage.browsers["site"].get(f"/tickets/{number}").text
    poll = re.search(r'id="presence"[^>]*hx-get="([^"]+)"', page)
    assert poll and "poll=1" in poll[1]
    address = poll[1].replace("&amp;", "&")
    assert stage.browsers["site"].get(address).status_code == 204
    stage.browsers["lcs"].get(f"/tickets/{number}")
    told = stage.browsers["site"].get(address)
    assert told.status_code == 200 and ">lcs</span>" in told.text and "<html" not in told.text


def test_a_ticket_outside_the_scope_tells_nobody_who_is_there(stage: Stage) -> None:
    number = fresh(stage, "HIDDEN")
    stage.browsers["site"].get(f"/tickets/{number}")
    for who in ("site-2", "site-3", "lcs-2"):
        assert stage.browsers[who].get(f"/tickets/{number}/presence").status_code == 404


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:9/0"])
def test_without_redis_the_page_is_as_ever(stage: Stage, url: str) -> None:
    number, known = fresh(stage, f"AWAY{len(url)}"), stage.app.extensions["kuaifu"]
    stage.app.extensions["kuaifu"] = replace(known, redis_url=url)
    try:
        for who in ("lcs", "site"):
            assert others(stage, who, number) == ""
    finally:
        stage.app.extensions["kuaifu"] = known
        presence._silent_until.clear()


def test_a_stale_form_is_refused_with_the_newer_entry_shown_and_the_typed_text_kept(stage: Stage) -> None:
    number = fresh(stage, "STALE")
    browser = {who: stage.browsers[who] for who in ("site", "site-manager")}
    page = browser["site"].get(f"/tickets/{number}").text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    note = {"csrf_token": stage.csrf, "text": "经理已经联系过客户"}
    assert browser["site-manager"].post(f"/tickets/{number}/note", data=note).status_code == 303
    typed = {
        "csrf_token": stage.csrf, "version": version[1], "text": "我也打算联系客户", "contact_outcome": "busy",
        "next_update_at": "2026-11-25T10:00",
    }  # fmt: skip
    refused = browser["site"].post(f"/tickets/{number}/follow-up", data=typed)
    assert refused.status_code == 409
    assert "经理已经联系过客户" in refused.text and "我也打算联系客户" in refused.text
    newer = re.search(r'name="version" value="(\d+)"', refused.text)
    assert newer and int(newer[1]) > int(version[1])
    again = browser["site"].post(f"/tickets/{number}/follow-up", data={**typed, "version": newer[1]})
    assert again.status_code == 303


def test_a_form_that_comes_again_with_other_words_is_told_so_and_not_that_they_are_stored(stage: Stage) -> None:
    number, other = fresh(stage, "WORDS"), fresh(stage, "ELSEWHERE")

    def note(who: str, text: str, at: str = number, **more: str) -> Any:
        typed = {"csrf_token": stage.csrf, "submission_key": "once", "text": text, **more}
        return stage.browsers[who].post(f"/tickets/{at}/note", data=typed)

    assert note("site", "先前\r\n的话").status_code == 303
    assert note("site", " 先前\n的话 ", draft_version="3", version="1").status_code == 303  # the same once more
    for who, text, at in (
        ("site", "改过的话", number), ("lcs", "先前\n的话", number), ("site", "先前\n的话", other),
    ):  # fmt: skip
        answer = note(who, text, at)
        assert answer.status_code == 409 and "已用不同的文字提交" in answer.text, (who, text, at)
        assert text.split()[0] in answer.text.split("<textarea", 1)[1]
        key = re.search(r'/note"[^>]*>.*?name="submission_key" value="([^"]+)"', answer.text, re.S)
        assert key and key[1] != "once"
    page = stage.browsers["site"].get(f"/tickets/{number}").text
    assert len(re.findall(r"先前\s+的话", page)) == 1 and "改过的话" not in page
    assert note("site", "改过的话", submission_key="anew").status_code == 303


def test_a_form_that_comes_again_with_part_of_its_words_or_another_choice_is_told_so(stage: Stage) -> None:
    number = fresh(stage, "PARTS")

    def send(path: str, **typed: str) -> int:
        fields = {"csrf_token": stage.csrf, "submission_key": f"once-{path}", **typed}
        return stage.browsers["site"].post(f"/tickets/{number}/{path}", data=fields).status_code

    whole, news = "客户周一不在家，周二再去", {"contact_outcome": "busy", "next_update_at": "2026-11-25T10:00"}
    assert [send("note", text=text) for text in (whole, whole, "客户周一不在家")] == [303, 303, 409]
    later = news | {"next_update_at": "2026-11-25T18:00"}
    assert [send("follow-up", text=whole, **one) for one in (news, news, later)] == [303, 303, 409]
    key = {"submission_key": "once-note"}
    assert send("follow-up", text=whole, **later, **key) == 409  # another form under the key of the first


COMPLAINT = {"text": "电话里说的话", "category": "LOST", "channel": "telephone", "waybill": "YT5550000000001"}
QUESTION = {"text": "请问怎么办", "to": "lcs"}


@pytest.mark.parametrize(
    ("who", "path", "typed", "changes"),
    [
        ("ccs", "/tickets/new", COMPLAINT, [
            {"text": "改过的话"}, {"waybill": "YT5550000000002"}, {"phone": "13900001111"},
        ]),
        ("site", "/tickets/ask", QUESTION, [{"text": "改过的话"}, {"to": "ccs"}, {"waybill": "YT5550000000003"}]),
    ],
)  # fmt: skip
def test_a_ticket_by_hand_under_a_used_key_is_shown_for_the_same_form_alone_and_else_the_words_are_kept(
    stage: Stage, who: str, path: str, typed: dict[str, str], changes: list[dict[str, str]]
) -> None:
    def send(whose: str, **changed: str) -> Any:
        fields = {"csrf_token": stage.csrf, "submission_key": f"once{path}", **typed, **changed}
        return stage.browsers[whose].post(path, data=fields)

    first = send(who)
    assert first.status_code == 303 and send(who).location.split("?")[0] == first.location
    number = first.location.rsplit("/", 1)[1]
    for whose, changed in [(who, one) for one in changes] + [("site-2", {}), ("site-manager", {})]:
        answer = send(whose, **changed)
        assert answer.status_code == 409 and "已用不同的文字提交" in answer.text, (whose, changed)
        assert whose == who or number not in answer.text
        assert {**typed, **changed}["text"] in answer.text.split("<textarea", 1)[1]
        key = re.search(r'name="submission_key" value="([^"]+)"', answer.text)
        assert key and not key[1].startswith("once")
    assert send(who, **changes[0], submission_key=f"anew{path}").status_code == 303


@pytest.mark.parametrize("path", ["/tickets/{}/draft", "/drafts/ask"])
def test_the_draft_of_other_words_under_a_used_key_is_kept_and_that_of_the_sent_ones_is_not(
    stage: Stage, path: str
) -> None:
    number, browser = fresh(stage, f"LATE{len(path)}"), stage.browsers["site"]
    fields = {
        "csrf_token": stage.csrf,
        "submission_key": f"sent{len(path)}",
        "text": "先前\n的话",
        "to": "lcs",
        "draft": "note",
    }
    sent = f"/tickets/{number}/note" if "{}" in path else "/tickets/ask"
    assert browser.post(sent, data=fields).status_code == 303
    for text, version in (("先前\r\n的", "0"), ("先前的话，又加了一句", "1")):
        late = browser.post(path.format(number), data={**fields, "text": text}, headers={"X-Draft": "1"})
        assert (late.status_code, late.headers["X-Draft-Version"]) == (204, version)
