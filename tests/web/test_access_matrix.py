"""Every route against every role, and every text of a ticket against everybody outside its scope (promise 15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest
from flask import Flask

from app.domain import roles
from app.services import queue, scorecard_cases
from tests.cast import NOON, PEOPLE
from tests.conftest import DATABASE_URL
from tests.web.access_table import LINES, ROLES, TABLE, Line
from tests.web.stage import EVERYBODY, MASKED, SEES, TICKETS, WAYBILLS, WRITTEN, Stage, leaks, mark, words_of

pytestmark = pytest.mark.thorough

PERSON = {"anonymous": "anonymous", "site_clerk": "site", **{r: r.replace("_", "-") for r in ROLES[2:]}}
ROLE = {person: role for role, person in PERSON.items()}
# What the pages of test_no_page_tells_of_a_ticket_outside_the_scope are not: they are asked for by themselves.
APART = ("static", "health.healthz")
LANDING = "appeals.index"  # leads to what one has taken: the table has it as it is before anything is
SCOPES = (("site_manager", "site_clerk"), ("lcs_manager", "lcs"), ("ccs_manager", "ccs"), ("admin",))
FRAGMENTS = ({}, {"HX-Request": "true", "HX-Target": "ticket"}, {"HX-Request": "true", "HX-Target": "list"})
CHANGING = re.compile(r'(name="(?:csrf_token|submission_key)" value=")[^"]+|(X-CSRFToken": ")[^"]+|data-now="[^"]+"')


# --- every route × every role ---


def test_every_route_and_method_has_a_line_in_the_table(app: Flask) -> None:
    methods = {(r.endpoint, m) for r in app.url_map.iter_rules() for m in (r.methods or set()) - {"HEAD", "OPTIONS"}}
    assert methods == set(TABLE)
    assert len(LINES) == len(TABLE)
    assert set(ROLES[1:]) == set(roles.ROLES) and {PEOPLE[PERSON[r]][0] for r in ROLES[1:]} == set(roles.ROLES)


@pytest.mark.both_engines  # the net below the rule: each engine is asked for every page
@pytest.mark.parametrize("line", [
    line for line in LINES if DATABASE_URL or line.method != "GET" or line.endpoint in (*APART, LANDING)
], ids=lambda line: f"{line.method}-{line.endpoint}")  # fmt: skip
def test_each_role_gets_what_the_table_says(stage: Stage, line: Line) -> None:
    got = {role: ask(stage, PERSON[role], line) for role in askers(line)}
    assert got == {role: line.answer(role) for role in askers(line)}


def askers(line: Line) -> list[str]:
    """Every role; what they get to read is held against the table where it is searched for foreign tickets. On the
    second engine one of each scope whom the address lets in: who is turned away at the door asks nothing of the
    database, and two roles of one scope ask the same."""
    if not DATABASE_URL:
        return list(ROLES)
    let_in = [[role for role in scope if line.answer(role) not in (403, "login")] for scope in SCOPES]
    return [roles_of_one[0] for roles_of_one in let_in if roles_of_one]


def ask(stage: Stage, who: str, line: Line) -> int | str:
    path = line.path.format(own=stage.numbers["own"], site="330106-01", sent=stage.sent["own"])
    client = stage.browser(who) if line.endpoint == "auth.logout" else stage.browsers[who]
    tokenless = who == "anonymous" or line.endpoint in ("auth.login", "platform.push", "channels.expedite")
    data = {} if tokenless else {"csrf_token": stage.csrf, "theme": "pink", "new": "one", "repeat": "another"}
    answer = client.open(path, method=line.method, data=data if line.method == "POST" else None)
    return told(answer, who, line, path)


def told(answer: Any, who: str, line: Line, path: str) -> int | str:
    """The answer in the table's words. A visitor is sent to the sign-in, and from there back to the page."""
    away = answer.status_code == 303 and answer.location.startswith("/login") and "login" in line.answers
    if who == "anonymous" and away:
        back = f"?next={quote(path, safe='/?')}" if line.method == "GET" else ""
        return "login" if unquote(answer.location) == unquote(f"/login{back}") else answer.location
    return "login" if away and line.endpoint != "auth.logout" else answer.status_code


# --- what lies outside the scope does not exist ---


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_ticket_outside_the_scope_looks_like_one_that_never_was(stage: Stage, who: str) -> None:
    for key in stage.hidden_from(who):
        number = stage.numbers[key]
        for headers in FRAGMENTS:
            answer = stage.browsers[who].get(f"/tickets/{number}", headers=headers)
            absent = stage.browsers[who].get("/tickets/KF991231-999999", headers=headers)
            assert answer.status_code == (403 if who == "admin" else 404), (who, key)
            assert still(answer.text, number) == still(absent.text, "KF991231-999999"), (who, key)


def still(page: str, asked: str) -> str:
    return CHANGING.sub("", page).replace(asked, "ASKED")


@pytest.mark.parametrize("who", [who for who in EVERYBODY if "scorecard" in roles.CAPABILITIES[PEOPLE[who][0]]])
def test_a_scorecard_outside_the_scope_looks_like_one_that_never_was(stage: Stage, who: str) -> None:
    for site in (TICKETS[key] for key in stage.hidden_from(who) if TICKETS[key]):
        for page in ("", "/tickets", "/first_reply"):
            answer = stage.browsers[who].get(f"/scorecards/2026-11/{site}{page}")
            absent = stage.browsers[who].get(f"/scorecards/2026-11/999999-99{page}")
            assert (answer.status_code, still(answer.text, site)) == (404, still(absent.text, "999999-99"))
        assert site not in stage.browsers[who].get("/scorecards?month=2026-11").text


@pytest.mark.parametrize("who", [*EVERYBODY, "anonymous"])
def test_no_page_tells_of_a_ticket_outside_the_scope(stage: Stage, who: str) -> None:
    heard: list[str] = []
    wrong = []
    for path, headers, line in addresses(stage, who):
        answer = stage.browsers[who].get(path, headers=headers)
        assert answer.status_code in (200, 204, 303, 401, 403, 404), path
        if line is not None and who in ROLE and (got := told(answer, who, line, path)) != line.answer(ROLE[who]):
            wrong.append((path, got))
        said = f"{answer.headers} {words_of(answer)}"
        assert not leaks(stage, who, path, said), (who, path)
        heard.append(said)
    assert not wrong, (who, wrong)
    seen = "\n".join(heard)
    for key in SEES.get(who, ()):  # the marks are found where they belong, or nothing would be proven
        written = WRITTEN if key in stage.callbacks else ("content",)
        missing = [kind for kind in (*written, "waybill", "order") if mark(key, kind) not in seen]
        assert not missing, (who, key)
    assert not [m for key in TICKETS for kind in MASKED if (m := mark(key, kind)) in seen]


def addresses(stage: Stage, who: str) -> Iterator[tuple[str, dict[str, str], Line | None]]:
    """Every page of the portal with every object and filter, as pages and as fragments; and of a page of the table its
    line, where it is about the first ticket as there."""
    for line in LINES:
        if line.method == "GET" and line.endpoint not in APART:
            for key, site in list(TICKETS.items())[: None if "{" in line.path else 1]:
                path = line.path.format(own=stage.numbers[key], site=site or "HQ")
                yield path, {}, line if key == "own" and line.endpoint != LANDING else None
    yield from ((path, headers, None) for path, headers in more_addresses(stage, who))


def more_addresses(stage: Stage, who: str) -> Iterator[tuple[str, dict[str, str]]]:
    for key in TICKETS:
        yield f"/tickets/{stage.numbers[key]}", FRAGMENTS[1]
        for word in (mark(key, "order"), WAYBILLS[key], WAYBILLS[key][-4:], stage.numbers[key]):
            yield f"/tickets?q={quote(word)}", {}
    yield f"/waybills?numbers={'+'.join(WAYBILLS.values())}", {}
    for name in queue.QUEUES:
        yield f"/tickets?queue={name}&sort=activity", FRAGMENTS[2]
    yield f"/tickets?queue=all&category=FALSE_SIGN&after={quote(NOON.isoformat())}~1", {}
    yield f"/tickets/news?version=-1&since={quote(NOON.replace(year=2000).isoformat())}", {}
    hidden = stage.hidden_from(who)
    seen = [key for key in TICKETS if key not in hidden][:1]  # one card inside tells what all of them do
    for site in filter(None, (TICKETS[key] for key in (*seen, *hidden))):
        for measure, source in scorecard_cases.MEASURES.items():
            if source is not None:
                yield f"/scorecards/2026-11/{site}/{measure}", {}
    for state in ("failed", "sent"):
        yield f"/callbacks?state={state}", {}


@pytest.mark.parametrize("who", [who for who in EVERYBODY if who != "admin"])
def test_a_search_finds_nothing_outside_the_scope_and_does_not_tell_that_it_is_there(stage: Stage, who: str) -> None:
    for key in stage.hidden_from(who):
        for word in (mark(key, "order"), WAYBILLS[key], WAYBILLS[key][-6:], stage.numbers[key]):
            absent = re.sub(r"\d", "9", word).replace("canary", "parrot")
            pages = [stage.browsers[who].get(f"/tickets?q={w}") for w in (word, absent)]
            assert [p.status_code for p in pages] == [200, 200]
            assert still(pages[0].text, word) == still(pages[1].text, absent), (who, word)


@pytest.mark.parametrize("who", [who for who in EVERYBODY if who != "admin"])
def test_badges_count_the_own_scope_alone(stage: Stage, who: str) -> None:
    page = stage.browsers[who].get("/tickets/new").text
    badge = re.search(r'href="/tickets\?queue=all"[^>]*><span>[^<]*</span><span class="num">(\d*)</span>', page)
    assert badge is not None and int(badge[1] or 0) == len(SEES[who])
