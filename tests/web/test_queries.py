"""Pages cost the same number of statements however many tickets there are: no loop over rows asks the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app import clock
from app.services import recounts, replies, sessions
from app.services.replies import PromiseIn, ResultIn
from app.services.sessions import Limits
from app.services.transaction import write
from tests import cast
from tests.cast import NOON, Cast, post

# What the driver is asked is counted, and each engine writes its statements in its own way.
pytestmark = pytest.mark.both_engines

FEW, MANY = 4, 12
NOW = NOON + timedelta(minutes=20)
FRAME = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")
LIVED: list[str] = []
SINCE = "2026-01-01T00:00:00%2B00:00"

# what was measured and at most one more; the session of whoever asks is one of them, the bell another, and beside a
# list the saved views, beside a form its draft
QUEUE = {
    "/tickets": 2,
    "/tickets?queue=all": 1, "/tickets?queue=all&sort=activity&category=FALSE_SIGN": 1, "/tickets?q=YT0": 5,
    "/tickets?q=0000": 5, "/tickets?q=投诉": 5, f"/tickets/news?version=-1&since={SINCE}": 4, "/tickets/new": 4,
}  # fmt: skip
TICKET = {"": 2, "HX-Request": 2}
LISTS = {
    "/handover?all=1": 8,
    "/problems": 9,
    "/problems?type=PROBLEM_LOST&state=to_handle&courier=x": 9,
    "/waybills?numbers=" + "+".join(f"YT{n:09d}0000" for n in range(20)): 12,
    "/callbacks": 4,
    "/sms-outbox": 4,
    "/scorecards": 16,
    "/exports": 4,
    "/notices": 4,
    "/views": 5,
    "/help": 3,
    "/scorecards/2026-11/330106-01": 30,
}


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company; every request happens at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return cast.begin()


@pytest.fixture
def portal(app: Any, company: Cast) -> Any:
    """Signs a person in without the cost of a password."""

    def browser(who: str) -> Any:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=company[who].user_id or 0, epoch=0, data={}, now=NOW, limits=limits)
        client = app.test_client()
        client.set_cookie("session", token)
        return client

    return browser


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


def cost(database: Any, client: Any, path: str, head: str = "") -> int:
    """Statements of a request; one before it makes the form token, which is kept with the session."""
    headers = {head: "true"} if head else {}
    assert client.get(path, headers=headers).status_code in (200, 204)
    with counted(database) as said:
        client.get(path, headers=headers)
    return len(said)


def fill(company: Cast, start: int, end: int) -> list[str]:
    numbers = [cast.push(company, f"W{n}", text=f"投诉 {n}", waybill=f"YT{n:09d}0000") for n in range(start, end)]
    with write() as session:
        recounts.recount(session, sites=True)
    return numbers


def test_the_queue_costs_the_same_for_four_and_for_twelve_tickets(database, company, portal):
    clients = {who: portal(who) for who in ("site", "lcs", "ccs")}
    fill(company, 0, FEW)
    few = {(who, path): cost(database, client, path) for who, client in clients.items() for path in QUEUE}
    fill(company, FEW, MANY)
    many = {(who, path): cost(database, client, path) for who, client in clients.items() for path in QUEUE}
    assert many == few
    assert not {way: n for way, n in few.items() if n > QUEUE[way[1]]}


def test_a_ticket_costs_the_same_whatever_lies_around_it_and_however_long_it_is(database, company, portal):
    clients = {who: portal(who) for who in ("site", "lcs", "ccs")}
    number = fill(company, 0, FEW)[0]
    live(company, number, 1)
    ways = [(who, head) for who in clients for head in ("", "HX-Request")]
    few = {way: cost(database, clients[way[0]], f"/tickets/{number}", way[1]) for way in ways}
    fill(company, FEW, MANY)
    live(company, number, 6)
    many = {way: cost(database, clients[way[0]], f"/tickets/{number}", way[1]) for way in ways}
    assert many == few
    assert not {way: n for way, n in few.items() if n > TICKET[way[1]]}


def live(company: Cast, number: str, times: int) -> None:
    """Notes, urges, repeats and results with promises: entries, clocks, callbacks of every kind."""
    for _ in range(times):
        at = NOW + timedelta(seconds=len(LIVED))
        LIVED.append(number)
        replies.note(actor=company["site"], post=post(number), text="记一笔", now=NOW)
        cast.tell(company, "REPEAT", "W0", at=at, now=NOW)
        promise = PromiseIn("call_back", NOW + timedelta(hours=3))
        replies.result(
            actor=company["site"],
            post=post(number),
            answer=ResultIn("好", "reached_accepts", promises=[promise]),
            now=NOW,
        )


def test_lists_and_scorecards_cost_the_same_for_four_and_for_twelve_tickets(database, company, portal):
    client, costs = portal("ccs"), []
    answer = ResultIn("已处理", "reached_accepts")
    for start, end in ((0, FEW), (FEW, MANY)):
        for number in fill(company, start, end):
            replies.result(actor=company["site"], post=post(number), answer=answer, now=NOW)
        costs.append({path: cost(database, client, path) for path in LISTS})
    assert costs[0] == costs[1]
    assert not {path: n for path, n in costs[0].items() if n > LISTS[path]}
