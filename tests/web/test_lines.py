"""Kept lines of a list and entries of a thread show each reader what one drawn anew would show, and nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import render_template_string
from jinja2 import meta

from app import clock
from app.web import lines
from app.web.language import choose
from tests.cast import NOON
from tests.web.stage import Stage, build

NOW = NOON + timedelta(hours=2)
ROW = {
    "number": "KF1", "href": "/tickets/KF1", "due_text": "剩 5 分", "due_iso": "2026-11-18T06:00:00+00:00", "tone": "",
    "category": "虚假签收", "repeat": 0, "round": 0, "broken": False, "content": "<没有收到>", "waybill": "YT1234567890",
    "waybill_tail": "…3456 7890", "foot": "结果", "time_text": "12:00", "time_full": "2026-11-18 12:00:00",
    "selected": False, "owner": "", "site_name": "西湖站",
}  # fmt: skip
POST = {
    "kind": "site", "by": "王 <小> 明", "sub": "西湖站 · 跟进", "text": "<b>没有</b>收到", "red": False, "time_text": "12:00",
    "time_full": "2026-11-18 12:00:00", "undone": False, "findings": [], "callback": None, "pictures": [],
}  # fmt: skip
OTHERS = {
    "findings": [[{"label": "签收人", "value": "<门卫>"}], [{"label": "签收人", "value": "本人"}]],
    "callback": [{"label": "已送达", "tone": "good", "error": "", "resend_href": "/resend/1"}],
    "pictures": [[{"href": "/p/1", "thumb_href": "/t/1", "name": "a.jpg", "failed": False, "word": ""}]],
}
OTHERWISE = {str: "else", int: 3, bool: True}


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    lines._kept.clear()


def drawn(row: dict[str, Any], *given: Any) -> str:
    return render_template_string(
        '{% from "_line.html" import line %}{{ line(r, *given) }}', r=row, given=given
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(ROW))
def test_a_line_with_another_value_is_another_line(app, name):
    other = ROW | {name: OTHERWISE[type(ROW[name])]}
    with app.test_request_context():
        for row in (ROW, other, ROW, other):
            assert lines.lines([row], "late", True, False, True) == drawn(row, "late", True, False, True)


def drawn_post(entry: dict[str, Any]) -> str:
    return render_template_string('{% from "_post.html" import post %}{{ post(p) }}', p=entry)


@pytest.mark.parametrize("name", sorted(POST))
def test_an_entry_with_another_value_is_another_entry(app, name):
    others = [POST | {name: other} for other in OTHERS.get(name) or [OTHERWISE[type(POST[name])]]]
    with app.test_request_context():
        for language in ("zh", "en"):
            choose(language)
            for entry in (POST, *others, POST, *others):
                assert lines.posts([entry]) == drawn_post(entry)


def test_an_entry_that_can_be_sent_again_or_has_pictures_is_not_kept(app):
    with app.test_request_context():
        for name in ("callback", "pictures"):
            lines.posts([POST | {name: OTHERS[name][0]}])
    assert not lines._kept


def test_lines_and_entries_stand_below_each_other_in_their_order(app):
    with app.test_request_context():
        for _twice in range(2):
            some = [ROW, ROW | {"number": "KF2"}, ROW | {"hits": ()}]
            below = lines.lines(some, "late", True, False, True)
            assert below.split() == [word for row in some for word in drawn(row, "late", True, False, True).split()]
            some = [POST, POST | {"text": "2"}, POST | {"callback": OTHERS["callback"][0]}]
            assert lines.posts(some).split() == [word for entry in some for word in drawn_post(entry).split()]


def test_a_line_is_kept_apart_by_language_band_box_and_site(app):
    ways = [(band, pick, ticked, sited) for band in ("late", "soon") for pick in (True, False)
            for ticked in (True, False) for sited in (True, False)]  # fmt: skip
    with app.test_request_context():
        for _twice in range(2):
            for language in ("zh", "en"):
                choose(language)
                for way in ways:
                    assert lines.lines([ROW], *way) == drawn(ROW, *way)


def test_a_line_reads_nothing_but_what_it_is_given_and_words(app):
    for name, more in (("_line.html", set()), ("_copy.html", set()), ("_post.html", {"csrf_token"})):
        parsed = app.jinja_env.parse(app.jinja_env.loader.get_source(app.jinja_env, name)[0])
        assert meta.find_undeclared_variables(parsed) <= {"_"} | more, name
        assert set(meta.find_referenced_templates(parsed)) <= {"_copy.html", "_pictures.html"}, name


def test_everybody_sees_the_same_list_whoever_looked_before(app, db_session, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    stage: Stage = build(app)
    asked = [(who, f"/tickets?queue={queue}") for who in ("site", "site-2", "lcs", "lcs-2", "ccs")
             for queue in ("all", "todo")]  # fmt: skip

    def seen(who: str, path: str) -> str:
        text = stage.browser(who).get(path).text
        return text[text.index('<ul class="rows">') : text.index("</ul>", text.index('<ul class="rows">'))]

    warm = {one: seen(*one) for one in asked + asked[::-1]}
    for one in asked:
        lines._kept.clear()
        assert seen(*one) == warm[one], one


def test_everybody_sees_the_same_thread_whoever_looked_before(app, db_session, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    stage: Stage = build(app)

    def seen(who: str, number: str) -> list[str]:
        text = stage.browser(who).get(f"/tickets/{number}").text
        text = re.sub(r'(name="csrf_token" value=)"[^"]+"', r"\1", text)  # it says when it was made, to the second
        return re.findall('<article class="post.*?</article>', text, re.DOTALL)

    asked = [(who, number) for who in ("site", "lcs", "ccs", "lcs-manager") for number in stage.numbers.values()]
    warm = {one: seen(*one) for one in asked + asked[::-1]}
    assert sum(map(len, warm.values())) > len(stage.numbers)
    for one in asked:
        lines._kept.clear()
        assert seen(*one) == warm[one], one


def test_what_is_kept_is_bounded_and_forgotten_after_a_minute(app, monkeypatch):
    at = [1000.0]
    monkeypatch.setattr(lines.time, "monotonic", lambda: at[0])
    monkeypatch.setattr(lines, "MOST", 3)
    with app.test_request_context():
        for n in range(10):
            lines.lines([ROW | {"repeat": n}], "", False, False, False)
            assert len(lines._kept) <= 3
        at[0] += lines.SECONDS + 1
        lines.lines([ROW], "", False, False, False)
        assert len(lines._kept) == 1
