"""Every route against every role, and every text of a ticket against everybody outside its scope (promise 15)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

import pytest
from flask import Flask

from app.domain import roles
from app.services import queue, scorecard_cases
from tests.cast import NOON, PEOPLE
from tests.conftest import DATABASE_URL
from tests.web.access_table import LINES, ROLES, TABLE, Line
from tests.web.stage import LOOKERS, MASKED, SEES, TICKETS, WAYBILLS, WRITTEN, Stage, leaks, mark, words_of

PERSON = {"anonymous": "anonymous", "site_clerk": "site", **{r: r.replace("_", "-") for r in ROLES[2:]}}
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
@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.method}-{line.endpoint}")
def test_each_role_gets_what_the_table_says(stage: Stage, line: Line) -> None:
    got = {role: ask(stage, PERSON[role], line) for role in askers(line)}
    assert got == {role: line.answer(role) for role in askers(line)}


def askers(line: Line) -> list[str]:
    """Every role. On the second engine one of each scope whom the address lets in: who is turned away at the door asks
    nothing of the database, and two roles of one scope ask the same."""
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
    turned_away = answer.status_code == 303 and answer.location.startswith("/login") and "login" in line.answers
    return "login" if turned_away and (line.endpoint != "auth.logout" or who == "anonymous") else answer.status_code


@pytest.mark.parametrize(
    "line", [line for line in LINES if line.answer("anonymous") == "login"], ids=lambda line: line.endpoint
)
def test_a_visitor_is_sent_to_the_sign_in_and_back_to_the_page(stage: Stage, line: Line) -> None:
    path = line.path.format(own=stage.numbers["own"], site="330106-01", sent=stage.sent["own"])
    answer = stage.app.test_client().open(path, method=line.method)
    back = f"?next={quote(path, safe='/?')}" if line.method == "GET" else ""
    assert (answer.status_code, unquote(answer.location)) == (303, unquote(f"/login{back}"))


# --- what lies outside the scope does not exist ---


@pytest.mark.parametrize("who", LOOKERS)
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


@pytest.mark.parametrize("who", [who for who in LOOKERS if "scorecard" in roles.CAPABILITIES[PEOPLE[who][0]]])
def test_a_scorecard_outside_the_scope_looks_like_one_that_never_was(stage: Stage, who: str) -> None:
    for site in (TICKETS[key] for key in stage.hidden_from(who) if TICKETS[key]):
        for page in ("", "/tickets", "/first_reply"):
            answer = stage.browsers[who].get(f"/scorecards/2026-11/{site}{page}")
            absent = stage.browsers[who].get(f"/scorecards/2026-11/999999-99{page}")
            assert (answer.status_code, still(answer.text, site)) == (404, still(absent.text, "999999-99"))
        assert site not in stage.browsers[who].get("/scorecards?month=2026-11").text


@pytest.mark.parametrize("who", [*LOOKERS, "anonymous"])
def test_no_page_tells_of_a_ticket_outside_the_scope(stage: Stage, who: str) -> None:
    seen = ""
    for path, headers in addresses(stage):
        answer = stage.browsers[who].get(path, headers=headers)
        assert answer.status_code in (200, 204, 303, 401, 403, 404), path
        said = f"{answer.headers} {words_of(answer)}"
        assert not leaks(stage, who, path, said), (who, path)
        seen += said
    for key in SEES.get(who, ()):  # the marks are found where they belong, or nothing would be proven
        written = WRITTEN if key in stage.callbacks else ("content",)
        missing = [kind for kind in (*written, "waybill", "order") if mark(key, kind) not in seen]
        assert not missing, (who, key)
    assert not [m for key in TICKETS for kind in MASKED if (m := mark(key, kind)) in seen]


def addresses(stage: Stage) -> Iterator[tuple[str, dict[str, str]]]:
    """Every page of the portal with every object and filter, as pages and as fragments."""
    for line in LINES:
        if line.method == "GET" and line.endpoint not in ("static", "health.healthz"):
            for key, site in list(TICKETS.items())[: None if "{" in line.path else 1]:
                yield line.path.format(own=stage.numbers[key], site=site or "HQ"), {}
    for key in TICKETS:
        yield f"/tickets/{stage.numbers[key]}", FRAGMENTS[1]
        for word in (mark(key, "order"), WAYBILLS[key], WAYBILLS[key][-4:], stage.numbers[key]):
            yield f"/tickets?q={quote(word)}", {}
    yield f"/waybills?numbers={'+'.join(WAYBILLS.values())}", {}
    for name in queue.QUEUES:
        yield f"/tickets?queue={name}&sort=activity", FRAGMENTS[2]
    yield f"/tickets?queue=all&category=FALSE_SIGN&after={quote(NOON.isoformat())}~1", {}
    yield f"/tickets/news?version=-1&since={quote(NOON.replace(year=2000).isoformat())}", {}
    for site in filter(None, TICKETS.values()):
        for measure, source in scorecard_cases.MEASURES.items():
            if source is not None:
                yield f"/scorecards/2026-11/{site}/{measure}", {}
    for state in ("failed", "sent"):
        yield f"/callbacks?state={state}", {}


@pytest.mark.parametrize("who", [who for who in LOOKERS if who != "admin"])
def test_a_search_finds_nothing_outside_the_scope_and_does_not_tell_that_it_is_there(stage: Stage, who: str) -> None:
    for key in stage.hidden_from(who):
        for word in (mark(key, "order"), WAYBILLS[key], WAYBILLS[key][-6:], stage.numbers[key]):
            absent = re.sub(r"\d", "9", word).replace("canary", "parrot")
            pages = [stage.browsers[who].get(f"/tickets?q={w}") for w in (word, absent)]
            assert [p.status_code for p in pages] == [200, 200]
            assert still(pages[0].text, word) == still(pages[1].text, absent), (who, word)


@pytest.mark.parametrize("who", [who for who in LOOKERS if who != "admin"])
def test_badges_count_the_own_scope_alone(stage: Stage, who: str) -> None:
    page = stage.browsers[who].get("/tickets/new").text
    badge = re.search(r'href="/tickets\?queue=all"[^>]*><span>[^<]*</span><span class="num">(\d*)</span>', page)
    assert badge is not None and int(badge[1] or 0) == len(SEES[who])
