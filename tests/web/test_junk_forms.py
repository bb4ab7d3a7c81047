"""Junk in every field of every form that the pages hold: refused, taken or shown again, and never an error of the inside.

The order of the junk is fixed, so that a failure comes again. JUNK_ROUNDS=20 looks longer.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest

from tests import cast
from tests.web.access_table import LINES
from tests.web.stage import NOON, Stage

# Each engine refuses other texts, numbers and instants when they reach a column.
pytestmark = [pytest.mark.both_engines, pytest.mark.thorough]

ROUNDS = int(os.environ.get("JUNK_ROUNDS", "1"))
LATER = "2026-11-25T10:00"
JUNK = (
    "", " ", "长" * 3_000, "y" * 40_000, "\u202eabc\u200f", "<script>alert(1)</script>", "{{7*7}}", "=1+1", "%(n)s {0}",
    "0001-01-01", "9999-12-31", "2026-02-30", "0001-01-01T00:00", "9999-12-31T23:59", LATER, "24:00", "-1", "0", "101",
    "9" * 19, "9" * 30, "-" + "9" * 30, "1" * 4_400, "1e309", "NaN", "٣٣", "²", "１２３", "a'b\"c`", "'; --", "\r\nX: y",
    "\ufeff", "\U0001f4a9", "null", "\x01\x7f", "İß", "13812345678", "330106-01", "440305-01", "33", "HQ", "on", "all",
    b"\xed\xa0\x80", b"\xff\xfe",
)  # fmt: skip
FILES = (
    (b"", "a.png"),
    (b"x", "\u202e.jpg"),
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, 'a"b.jpg'),
    (b"\xff\xd8\xff", "../x"),
)
LEFT_ALONE = {"/logout", "/account/password", "/login"}  # they end the session, or wait longer with every failure


class Forms(HTMLParser):
    """The posting forms of a page: address and fields, each with its value and the options of a choice."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, list[str]]]] = []
        self.fields: dict[str, list[str]] | None = None
        self.choice: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A form begins, a field, or an option."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post":
            self.fields = {}
            self.found.append((given.get("action", ""), self.fields))
        elif self.fields is not None and given.get("name") and given.get("type") != "file":
            known = self.fields.setdefault(given["name"], [given["value"]] if "value" in given else [])
            self.choice = known if tag == "select" else self.choice
        elif tag == "option" and self.choice is not None:
            self.choice.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """A form or a choice ends."""
        self.fields = None if tag == "form" else self.fields
        self.choice = None if tag == "select" else self.choice


@pytest.fixture(scope="module")
def tickets(stage: Stage) -> list[str]:
    """One with a party, an order and an exemption asked for, one returned, one answered, one with a party at court."""
    with stage.app.app_context():
        made = [cast.push(stage.cast, f"JUNK{n}", now=NOON) for n in range(4)]
    steps: list[tuple[str, int, str, dict[str, str]]] = [
        ("site", n, "follow-up", {"text": "已联系", "contact_outcome": "reached_accepts", "next_update_at": LATER})
        for n in range(4)
    ]
    for n in (0, 3):
        steps.append(("site", n, "parties", {"code": "330108-01", "text": "请说明"}))
    steps += [
        ("lcs-manager", 0, "evidence", {"code": "330108-01", "text": "底单", "due_at": LATER}),
        ("site", 1, "return", {"reason": "outside_area", "text": "不在片区"}),
        ("site", 2, "result", {"text": "已处理", "confirmed": "1", "contact_outcome": "reached_accepts"}),
        ("site-2", 3, "parties/dispute", {"reason": "not_our_scan", "text": "未到站"}),
        ("site", 3, "parties/reject", {"party": "330108-01", "text": "有扫描"}),
        ("site", 3, "parties/arbitrate", {"party": "330108-01", "text": ""}),
    ]
    for who, n, verb, typed in steps:
        answer = stage.browsers[who].post(f"/tickets/{made[n]}/{verb}", data={"csrf_token": stage.csrf, **typed})
        assert answer.status_code == 303, (verb, answer.status_code)
    return made


def forms_of(stage: Stage, who: str, tickets: list[str]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Every form that this person finds, each kind once."""
    paths = [f"/tickets/{number}" for number in tickets if who != "admin"]
    paths += [line.path.format(own=tickets[0], site="330106-01") for line in LINES if line.method == "GET"]
    seen = set()
    for path in paths:  # which grows by the sheets that the tickets offer
        page = stage.browsers[who].get(path)
        assert page.status_code < 500, path
        if path.rsplit("/", 1)[-1] in tickets:
            paths += [f"{path}?sheet={sheet}" for sheet in dict.fromkeys(re.findall(r"[?;]sheet=(\w+)", page.text))]
        parser = Forms()
        parser.feed(page.text if "html" in page.content_type else "")
        for action, fields in parser.found:
            kind = (re.sub(r"\d{6,}", "N", action or path.split("?")[0]), tuple(sorted(fields)))
            if kind not in seen and action not in LEFT_ALONE:
                seen.add(kind)
                yield action or path, fields


def typed(luck: random.Random, fields: dict[str, list[str]], csrf: str) -> dict[str, Any]:
    """What one post holds: mostly junk, sometimes what the form offered, now and then nothing."""
    data: dict[str, Any] = {}
    for name, offered in fields.items():
        chance = luck.random()
        if name == "csrf_token":
            data[name] = csrf
        elif offered and chance < 0.45:
            data[name] = luck.choice(offered)
        elif chance < 0.95:
            data[name] = luck.choice(JUNK)
    if luck.random() < 0.2:
        raw, name = luck.choice(FILES)
        data["file"] = (BytesIO(raw), name)
    return data


@pytest.mark.parametrize("who", ["site-manager", "site-2", "lcs-manager", "ccs-manager", "admin"])
def test_no_junk_in_any_form_ends_in_an_error_of_the_inside(stage: Stage, tickets: list[str], who: str) -> None:
    luck, browser = random.Random(who), stage.browsers[who]
    found = list(forms_of(stage, who, tickets))
    assert len(found) > 5
    for action, fields in found * ROUNDS:
        data = typed(luck, fields, stage.csrf)
        headers = luck.choice(({}, {"HX-Request": "true"}))
        try:
            status = browser.post(action, data=data, headers=headers).status_code
        except Exception as error:
            pytest.fail(f"{action} {data!r:.2000}: {error!r:.500}")
        assert status < 500, (action, data)
