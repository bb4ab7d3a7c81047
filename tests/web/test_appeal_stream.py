"""The appeal stream over HTTP: by plain forms alone, masked, and at the same cost however many appeals wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app import clock
from app.services import appeal_leases, replies
from tests import cast
from tests.cast import NOON, Cast, post
from tests.services.ending_steps import FINE
from tests.web.door import door

NOW = NOON + timedelta(hours=2)
FRAME = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")
MOST = 30
RULING = {"ruling": "rejected_close", "text": "轨迹与照片一致"}


@pytest.fixture
def company(app: Any, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company at NOW; forms need no token here."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    return cast.begin()


@pytest.fixture
def portal(app: Any, company: Cast) -> Any:
    """Signs a person in without the cost of a password."""
    return door(app, company, NOW)


@contextmanager
def counted(database: Any) -> Iterator[list[str]]:
    """The statements that run meanwhile, without what opens a transaction."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.upper().startswith(FRAME):
            said.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def appealed(company: Cast, start: int, end: int) -> list[str]:
    numbers = []
    for n in range(start, end):
        number = cast.push(company, f"W{n}", waybill=f"YT{n:09d}0000", text=f"没有收到，电话 1381234567{n % 10}")
        replies.result(actor=company["site"], post=post(number), answer=FINE, now=NOON)
        cast.tell(company, "REJECT", f"W{n}")
        numbers.append(number)
    return numbers


def test_take_rule_and_the_next_one_opens_by_plain_forms(company: Cast, portal: Any) -> None:
    first, second = appealed(company, 0, 2)
    client = portal("ccs")
    taken = client.post("/appeals/next")
    assert (taken.status_code, taken.location) == (303, f"/appeals/{first}")
    page = client.get(taken.location).text
    assert 'id="ruleform"' in page
    ruled = client.post(f"/appeals/{first}/ruling", data=RULING)
    assert (ruled.status_code, ruled.location.split("?")[0]) == (303, f"/appeals/{second}")
    assert first in client.get(ruled.location).text
    last = client.post(f"/appeals/{second}/ruling", data=RULING)
    assert last.location.split("?")[0] == "/appeals"


def test_the_page_shows_no_phone_in_full_before_a_logged_reveal(company: Cast, portal: Any) -> None:
    (number,) = appealed(company, 0, 1)
    client = portal("ccs")
    client.post("/appeals/next")
    for path in ("/appeals/head", f"/appeals/{number}"):
        assert "1381234567" not in client.get(path).text
    assert "13812345678" in client.post(f"/appeals/{number}/reveal").text


def test_a_colleague_sees_who_has_it_and_gets_no_form(company: Cast, portal: Any) -> None:
    (number,) = appealed(company, 0, 1)
    portal("ccs").post("/appeals/next")
    manager = portal("ccs-manager")
    page = manager.get(f"/appeals/{number}").text
    assert "ruleform" not in page
    assert f"/appeals/{number}/take" in page
    assert manager.post(f"/appeals/{number}/take").status_code == 303
    assert 'id="ruleform"' in manager.get(f"/appeals/{number}").text


def test_a_late_ruling_is_refused_with_its_text_kept_when_a_colleague_has_the_appeal(
    company: Cast, portal: Any
) -> None:
    (number,) = appealed(company, 0, 1)
    client = portal("ccs")
    client.post("/appeals/next")
    appeal_leases.take(actor=company["ccs-manager"], number=number, now=NOW)
    answer = client.post(f"/appeals/{number}/ruling", data=RULING)
    assert answer.status_code == 409
    assert RULING["text"] in answer.text


def test_a_ruling_without_reasons_is_asked_for_them_and_an_earlier_reason_will_do(company: Cast, portal: Any) -> None:
    first, second = appealed(company, 0, 2)
    client = portal("ccs")
    client.post("/appeals/next")
    assert client.post(f"/appeals/{first}/ruling", data={"ruling": "rejected_close"}).status_code == 422
    client.post(f"/appeals/{first}/ruling", data=RULING)
    page = client.get(f"/appeals/{second}").text
    reason = page.split(f'data-text="{RULING["text"]}"')[0].rsplit('value="', 1)[1].split('"')[0]
    answer = client.post(f"/appeals/{second}/ruling", data={"ruling": "rejected_close", "reason": reason})
    assert answer.status_code == 303


def test_later_opens_the_next_one(company: Cast, portal: Any) -> None:
    first, second = appealed(company, 0, 2)
    client = portal("ccs")
    client.post("/appeals/next")
    assert client.post(f"/appeals/{first}/later").location.split("?")[0] == f"/appeals/{second}"


def test_the_poll_is_silent_until_something_changes(company: Cast, portal: Any) -> None:
    appealed(company, 0, 1)
    client = portal("ccs")
    path = client.get("/appeals").text.split('hx-get="/appeals/head?')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(f"/appeals/head?{path}").status_code == 204
    portal("ccs-manager").post("/appeals/next")
    changed = client.get(f"/appeals/head?{path}")
    assert changed.status_code == 200
    assert "ccs-manager" in changed.text


@pytest.mark.both_engines  # counts statements
def test_the_stream_costs_the_same_for_four_and_for_twelve_appeals(database: Any, company: Cast, portal: Any) -> None:
    costs = []
    client = portal("ccs-manager")
    for start, end in ((0, 4), (4, 12)):
        number = appealed(company, start, end)[0]
        client.post("/appeals/back")
        client.post(f"/appeals/{number}/take")
        found = {}
        for name, path in (("one", f"/appeals/{number}"), ("head", "/appeals/head")):
            client.get(path)
            with counted(database) as said:
                assert client.get(path).status_code == 200
            found[name] = len(said)
        costs.append(found)
    assert costs[0] == costs[1]
    assert costs[0]["one"] <= MOST
    assert costs[0]["head"] <= 4
