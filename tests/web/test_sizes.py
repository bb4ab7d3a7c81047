"""Counts, not seconds: what a page sends and what its statements look through stays what it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.services import recounts, replies, sessions
from app.services.sessions import Limits
from app.services.transaction import write
from tests import cast
from tests.cast import NOON, Cast, post
from tests.tools import bulk, lists
from tests.web import pushing

# Rows that an engine looks through for a page are counted: each plans in its own way.
pytestmark = pytest.mark.both_engines

NOW = NOON + timedelta(minutes=20)
FEW, MANY = 60, 180
# bytes of a page of 50 rows, and of a ticket with 50 entries beside it
BYTES = {"/tickets?queue=all": 80_000, "ticket": 135_000}
STATEMENTS = {"sqlite": 18, "postgresql": 9}  # of a push, locks included
RESULT = 19  # statements of a result, without those of its page
ANSWER = replies.ResultIn("已处理", "reached_accepts")
GROWTH = 1.5  # of the work, where there are three times as many tickets: an index is a step deeper
COUNTED = 400  # and the counts above a list go on from 60 to their end at 100, each row with what it is looked up in


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company; every request happens at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return cast.begin()


@pytest.fixture
def client(app: Any, company: Cast) -> Any:
    """The site's clerk."""
    limits = Limits(timedelta(minutes=30), timedelta(hours=12))
    token = sessions.create(user_id=company["site"].user_id or 0, epoch=0, data={}, now=NOW, limits=limits)
    browser = app.test_client()
    browser.set_cookie("session", token)
    return browser


def fill(company: Cast, start: int, end: int) -> list[str]:
    numbers = [cast.push(company, f"W{n}", text=f"投诉 {n}", waybill=f"YT{n:09d}0000") for n in range(start, end)]
    with write() as session:
        recounts.recount(session, sites=True)
    bulk.settle(session)
    return numbers


def looked_through(database: Any, client: Any, path: str) -> int:
    """The work of all statements of a page."""
    client.get(path)
    with lists.overheard(database.engine) as said:
        assert client.get(path).status_code == 200
    session = database.session()
    found = sum(lists.work_of(session, one) for one in said)
    session.rollback()
    return found


def test_the_pages_look_through_no_more_where_there_are_three_times_as_many_tickets(database, company, client):
    number = fill(company, 0, FEW)[0]
    paths = ("/tickets?queue=all", "/tickets", f"/tickets/{number}")
    few = {path: looked_through(database, client, path) for path in paths}
    fill(company, FEW, MANY)
    many = {path: looked_through(database, client, path) for path in paths}
    assert not {path: (few[path], n) for path, n in many.items() if n > GROWTH * few[path] + COUNTED}


def test_the_pages_send_no_more_than_they_did(company, client):
    number = fill(company, 0, FEW)[0]
    for n in range(50):
        at = NOW + timedelta(seconds=n)
        replies.note(actor=company["site"], post=post(number), text=f"第 {n} 次记录，等待快递员回复", now=at)
    sent = {path: len(client.get(path.replace("ticket", f"/tickets/{number}", 1) if path == "ticket" else path).data)
            for path in BYTES}  # fmt: skip
    assert not {path: n for path, n in sent.items() if n > BYTES[path]}
    assert all(n > BYTES[path] // 2 for path, n in sent.items()), "the limit is far above what is sent: lower it"


def test_a_push_costs_so_many_statements_however_many_came_before(database, app, company):
    browser, cost = app.test_client(), []
    for n in (1, 2, 40):
        fill(company, n * 100, n * 100 + n)
        body = pushing.envelope(pushing.issue(f"P{n:05d}"))
        with lists.overheard(database.engine) as said:
            answer = browser.post("/platform/link/demo", data=body, content_type="application/x-www-form-urlencoded")
        assert answer.json["success"] is True
        cost.append(len(said))
    assert cost[1] == cost[2], cost  # the first reads policies and calendars into the process
    assert cost[2] <= STATEMENTS[database.engine.dialect.name], cost


def test_a_result_costs_so_many_statements_however_long_its_ticket_is(database, company):
    cost = []
    for n, number in enumerate(fill(company, 0, 3)):
        for entry in range(n * 20):
            at = NOW + timedelta(seconds=entry)
            replies.note(actor=company["site"], post=post(number), text=f"第 {entry} 次记录", now=at)
        with lists.overheard(database.engine) as said:
            replies.result(actor=company["site"], post=post(number), answer=ANSWER, now=NOW + timedelta(minutes=5))
        cost.append(len(said))
    assert cost[1] == cost[2], cost  # the first reads policies and calendars into the process
    assert cost[2] <= RESULT, cost
