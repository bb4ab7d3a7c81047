"""What a page looks at first comes with the session, for the person whose it was the last time: it counts for nobody
else, and changes no answer."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.models import Organisation, User, together
from app.services.transaction import write
from tests import cast
from tests.cast import NOON, Cast
from tests.tools import lists
from tests.web.door import door

NOW = NOON + timedelta(minutes=20)
SINCE = "2026-01-01T00:00:00%2B00:00"

pytestmark = pytest.mark.both_engines


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company; every request happens at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return cast.begin()


@pytest.fixture
def browser(app: Any, company: Cast) -> Any:
    """Whoever is named, signed in and known to the process."""
    enter = door(app, company, NOW)

    def signed_in(who: str) -> Any:
        client = enter(who)
        client.get("/tickets?queue=all")  # makes the form token, and is remembered
        return client

    return signed_in


def said_by(database: Any, act: Any) -> list[str]:
    with lists.overheard(database.engine) as said:
        act()
    return [one.text for one in said]


def poll_of(client: Any) -> str:
    """The address of the poll that a page without notices makes."""
    version = re.search(r"version=(\d+)", client.get("/tickets").text)
    return f"/tickets/news?version={version[1] if version else 0}&since={SINCE}&bell=0-0"


def move(account: str, code: str) -> None:
    with write() as session:
        other = session.scalars(select(Organisation.id).where(Organisation.code == code)).one()
        session.execute(update(User).where(User.account == account).values(organisation_id=other))


def test_whoever_was_here_before_gets_a_list_or_a_poll_by_one_statement_and_a_ticket_by_two(database, company, browser):
    number, client = cast.push(company, "W1"), browser("site")
    path = poll_of(client)
    for address, statements in (("/tickets?queue=all", 1), (path, 1), (f"/tickets/{number}", 2)):
        client.get(address)
        assert len(said_by(database, lambda at=address: client.get(at))) == statements, address


def test_a_poll_counts_for_whom_the_person_has_become_and_not_for_whom_they_were(company, browser):
    cast.push(company, "W1")
    client = browser("site")
    path = poll_of(client)
    assert client.get(path).status_code == 204
    move("site", "440305-01")  # a site without any work, whose list was never changed
    assert client.get(path).status_code == 200
    assert client.get(poll_of(client)).status_code == 204


def test_a_list_shows_what_the_person_may_see_now_and_not_what_they_saw(company, browser):
    number, client = cast.push(company, "W1"), browser("site")
    assert number in client.get("/tickets?queue=all").text
    move("site", "440305-01")
    assert number not in client.get("/tickets?queue=all").text


def test_a_ticket_is_gone_for_whoever_has_moved_on_however_often_they_had_it_open(company, browser):
    number, client = cast.push(company, "W1"), browser("site")
    for _ in range(3):
        assert client.get(f"/tickets/{number}").status_code == 200
    move("site", "440305-01")
    for headers in ({}, {"HX-Request": "true"}):
        assert client.get(f"/tickets/{number}", headers=headers).status_code == 404


def test_a_session_that_ended_opens_nothing_though_it_is_remembered(company, browser):
    number, client = cast.push(company, "W1"), browser("site")
    client.get(f"/tickets/{number}")
    with write() as session:
        session.execute(update(User).where(User.account == "site").values(epoch=7))
    for address in ("/tickets?queue=all", f"/tickets/{number}"):
        found = client.get(address)
        assert found.status_code == 303 and "login" in found.location and "queue-changed" not in found.text


def test_each_address_gets_its_own_filters(company, browser):
    number, client = cast.push(company, "W1"), browser("lcs")
    assert number in client.get("/tickets?queue=all").text
    assert number not in client.get("/tickets?queue=all&category=LOCKER").text
    assert number in client.get("/tickets?queue=all&category=FALSE_SIGN").text


@pytest.mark.parametrize("address", [
    "/tickets?queue=all&after=%00", "/tickets?queue=all&after=2026-01-01T00:00:00%2B00:00~" + "9" * 30,
    "/tickets?queue=all&after=x~y", "/tickets?queue=all&category=%00", "/tickets?queue=all&site=%ED%A0%80",
    "/tickets?queue=%00", "/tickets/NOTHING-1", "/tickets/-", "/tickets/KF%00", "/tickets/new", "/tickets?q=%00",
    "/tickets/news?version=x&since=y", "/tickets?queue=all&site=%00",
])  # fmt: skip
def test_a_hostile_address_is_answered_alike_whether_the_person_is_remembered_or_not(address, app, company, browser):
    from app.web import read_ahead

    known = browser("lcs")
    read_ahead._last.clear()
    unknown = known.get(address)
    known.get("/tickets?queue=all")
    remembered = known.get(address)
    assert remembered.status_code == unknown.status_code < 500
    assert known.get("/tickets?queue=all").status_code == 200


def test_a_post_is_read_for_nobody_ahead(database, company, browser):
    client = browser("site")
    assert not any("work_item" in said for said in said_by(database, lambda: client.post("/tickets")))


@pytest.mark.postgresql_only
def test_what_a_page_cannot_ask_leaves_the_person_signed_in(company, browser, monkeypatch):
    from app.web import read_ahead

    client, begin = browser("site"), read_ahead.begin
    broken = together.Question(select(func.no_such_function(1)))()
    monkeypatch.setattr(read_ahead, "begin", lambda *given: replace(begin(*given), asked=(broken,)))
    assert client.get("/tickets?queue=all").status_code == 200


@pytest.mark.postgresql_only
def test_a_page_gives_its_connection_back_before_it_draws(database, company, browser, monkeypatch):
    from app.web import queue_page

    client, held = browser("site"), []
    rail_from = queue_page.rail_from

    def look(*given: Any) -> Any:
        held.append(database.engine.pool.checkedout())
        return rail_from(*given)

    monkeypatch.setattr(queue_page, "rail_from", look)
    assert client.get("/tickets?queue=all").status_code == 200
    assert held == [0]
