"""The province board over HTTP: what it costs, what it asks the database, what it says to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from app import clock
from app.models import Organisation, SiteHelper
from app.models.ids import new_id
from app.services import recounts, replies, sessions, silent_sites, sweep
from app.services.sessions import Limits
from app.services.transaction import write
from app.web import board_columns
from tests import cast
from tests.cast import NOON, Cast, post

NOW = NOON + timedelta(minutes=20)
STATEMENTS = 17  # of the whole page: session, rail, board
POLL = 3  # session, province, version
BIG = ("ticket", "event", "work_item", "counter", "inflow", "alarm", "site_helper", "organisation", "user_account")
FRAME = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")
LATER: list[timedelta] = []


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """The smallest company; every request happens at NOW, and as much later as a test says."""
    monkeypatch.setattr(clock, "now", lambda: NOW + sum(LATER, timedelta()))
    yield cast.begin()
    LATER.clear()


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


def sites(company: Cast, n: int) -> None:
    """So many more sites in the province."""
    with write() as session:
        for number in range(n):
            session.add(Organisation(
                id=new_id(), code=f"3309{number:02d}-09", kind="site", name=f"站 {number}", duty_phone="",
                province_id=company.places["33"], parent_id=company.places["33"], address_prefix="",
            ))  # fmt: skip


def fill(company: Cast, start: int, end: int, now: Any = NOON) -> list[str]:
    numbers = [cast.push(company, f"W{n}", waybill=f"YT{n:013d}", now=now) for n in range(start, end)]
    with write() as session:
        recounts.recount(session, sites=True)
    return numbers


def said_by(database: Any, client: Any, path: str) -> list[tuple[str, Any]]:
    """The statements of a request with their values, without what opens a transaction."""
    said: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if not statement.upper().startswith(FRAME):
            said.append((statement, values))

    assert client.get(path).status_code in (200, 204)  # makes the form token, which is kept with the session
    event.listen(database.engine, "before_cursor_execute", note)
    try:
        client.get(path)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return said


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def codes(page: str) -> list[str]:
    return re.findall(r'<tr data-site="([^"]+)"', page)


def ticked(page: str) -> list[str]:
    return re.findall(r'name="site" form="urge" value="([^"]+)"[^>]* checked', page)


# --- what it costs ---


@pytest.mark.both_engines  # counts statements and reads plans
def test_the_board_costs_the_same_for_three_sites_and_three_hundred_and_for_four_tickets_and_twelve(
    database: Any, company: Cast, portal: Any
) -> None:
    clients = {"lcs": portal("lcs"), "ccs-manager": portal("ccs-manager")}
    pages = ("/board?province=33", "/board?province=33&show=all&sort=gone", "/board?province=33&q=01")
    costs = []
    for more, (start, end) in ((0, (0, 4)), (297, (4, 12))):
        sites(company, more)
        fill(company, start, end)
        costs.append({(who, p): len(said_by(database, c, p)) for who, c in clients.items() for p in pages})
    print(costs[1])
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= STATEMENTS


@pytest.mark.both_engines  # counts statements and reads plans
def test_no_statement_of_the_board_reads_a_whole_table(database: Any, company: Cast, portal: Any) -> None:
    sites(company, 30)
    fill(company, 0, 20)
    for path in ("/board", "/board/poll", "/tickets?queue=all&site=330106-01", "/tickets?owner=helped&queue=all"):
        for statement, values in said_by(database, portal("lcs"), path):
            if any(re.search(rf"\b(FROM|JOIN) {table}\b", statement) for table in BIG):
                assert not scans(database, statement, values), statement


def scans(database: Any, statement: str, values: Any) -> list[str]:
    """The lines of the plan that walk through a whole table. PostgreSQL would read a small table at once; without that
    way it shows whether there is an index at all."""
    with database.engine.connect() as connection:
        if database.engine.dialect.name == "sqlite":
            rows = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
            return [row for row in rows if re.match(rf"SCAN ({'|'.join(BIG)})\b(?!.*USING)", row)]
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        rows = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)]
        return [row for row in rows if re.search(rf"Seq Scan on ({'|'.join(BIG)})\b", row)]


@pytest.mark.both_engines  # counts statements and reads plans
def test_the_plan_test_sees_a_scan_where_there_is_one(database: Any, company: Cast) -> None:
    assert scans(database, "SELECT * FROM ticket WHERE priority = 'high'", ())


@pytest.mark.both_engines  # counts statements and reads plans
def test_a_poll_within_the_minute_costs_three_statements(database: Any, company: Cast, portal: Any) -> None:
    fill(company, 0, 3)
    client = portal("lcs")
    path = poll_of(client.get("/board").text)
    assert client.get(path).status_code == 204
    assert len(said_by(database, client, path)) <= POLL


def poll_of(page: str) -> str:
    found = re.search(r'id="board-poll" hx-get="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


# --- the poll ---


def test_the_poll_says_nothing_until_something_changes(company: Cast, portal: Any, database: Any) -> None:
    numbers = fill(company, 0, 2)
    client = portal("lcs")
    first = client.get("/board").text
    assert client.get(poll_of(first)).status_code == 204
    replies.claim(actor=company["site"], post=post(numbers[0]), now=NOW)
    told = client.get(poll_of(first))
    assert told.status_code == 200 and 'id="board-live" hx-swap-oob="true"' in told.text
    LATER.append(timedelta(minutes=2))
    later = client.get(poll_of(told.text)).text
    assert 'id="board-poll"' in later and "board-live" not in later  # a minute on, and the numbers are the same


def test_time_alone_is_told_within_a_minute(company: Cast, portal: Any, database: Any) -> None:
    fill(company, 0, 1, now=NOW)  # to be accepted within ten minutes
    client = portal("lcs")
    first = client.get("/board").text
    LATER.append(timedelta(minutes=15))
    told = client.get(poll_of(first)).text
    assert 'id="board-live"' in told


# --- what it shows ---


@pytest.mark.both_engines  # each engine sorts by itself
def test_every_column_sorts_both_ways_and_anything_else_is_the_first_order(company: Cast, portal: Any) -> None:
    sites(company, 3)
    fill(company, 0, 2)
    client = portal("lcs")
    base = codes(client.get("/board?show=all").text)
    for key in board_columns.BY_KEY:
        up = codes(client.get(f"/board?show=all&sort={key}").text)
        down = codes(client.get(f"/board?show=all&sort=-{key}").text)
        assert sorted(up) == sorted(down) == sorted(base)
        assert up[0] == "330106-01" or key in ("overdue", "returned", "urged", "gone"), key
    names = codes(client.get("/board?show=all&sort=name").text)
    assert names == codes(client.get("/board?show=all&sort=-name").text)[::-1]
    for wrong in ("id", "1;DROP TABLE ticket", "--open", "heat"):
        assert codes(client.get("/board", query_string={"show": "all", "sort": wrong}).text) == base


def test_sites_with_nothing_to_do_are_left_out_until_they_are_asked_for(company: Cast, portal: Any) -> None:
    fill(company, 0, 1)
    client = portal("lcs")
    assert codes(client.get("/board").text) == ["330106-01"]
    assert codes(client.get("/board?show=all").text) == ["330106-01", "330108-01"]
    assert codes(client.get("/board?q=330108").text) == ["330108-01"]
    assert codes(client.get("/board?q=nothing").text) == []


def test_a_cell_says_its_number_and_leads_to_its_list(company: Cast, portal: Any) -> None:
    fill(company, 0, 3, now=NOW)
    client = portal("lcs")
    page = client.get("/board").text
    href = re.search(r'<td class="n num soon heat-2"><a href="([^"]+)">3</a>', page)
    assert href
    listed = client.get(href[1].replace("&amp;", "&")).text
    assert listed.count('<a class="row"') == 3 and "组织 330106-01" in listed


def test_alarms_rulings_and_help_lead_straight_to_the_ticket(company: Cast, portal: Any, db_session: Any) -> None:
    from app.services import helping, transfers
    from app.services.transfers import ReturnIn

    returned, helped = fill(company, 0, 2)
    asked = ReturnIn("outside_area", "不在派送范围")
    transfers.give_up(actor=company["site"], post=post(returned), asked=asked, now=NOON)
    helping.ask_help(actor=company["site"], post=post(helped), text="人手不够", now=NOON)
    silent_sites.watch(db_session, NOON + timedelta(hours=1))
    page = portal("lcs").get("/board").text
    assert f'href="/tickets/{returned}?sheet=transfer"' in page
    assert f'href="/tickets/{helped}"' in page
    assert 'href="/alarms"' in page
    assert re.search(r'href="/tickets\?queue=to_accept&amp;site=[0-9-]+">', portal("lcs").get("/alarms").text)
    assert 'href="/alarms"' not in main(portal("ccs").get("/board?province=33").text)  # CCS clerks have no such page


def main(page: str) -> str:
    return page.split('<main id="main"')[1].split("</main>")[0]


def test_headquarters_looks_at_any_province_and_a_province_at_its_own(company: Cast, portal: Any) -> None:
    fill(company, 0, 1)
    ccs, lcs = portal("ccs"), portal("lcs")
    assert codes(ccs.get("/board?province=33").text) == ["330106-01"]
    assert codes(ccs.get("/board?province=44&show=all").text) == ["440305-01"]
    assert lcs.get("/board?province=33").status_code == 200
    for client, path in (
        (lcs, "/board?province=44"),
        (lcs, "/board/poll?province=44"),
        (ccs, "/board?province=99"),
        (ccs, "/board?province=330106-01"),
        (lcs, "/tickets?site=440305-01"),
        (lcs, "/board/440305-01/act"),
        (lcs, "/board/440305-01/helper"),
    ):
        assert client.get(path).status_code == 404, path


# --- urging ---


def test_many_are_urged_by_one_press_and_what_failed_stays_ticked(company: Cast, portal: Any, db_session: Any) -> None:
    fill(company, 0, 2, now=NOON - timedelta(hours=1))
    sweep.run(db_session, NOW)
    client = portal("lcs")
    assert ticked(client.get("/board?show=all&tick=all").text) == ["330106-01", "330108-01"]
    form = {"csrf_token": token(client.get("/board").text), "submission_key": "k", "site": ["330106-01", "330108-01"]}
    for _ in range(2):  # the second one does nothing again
        answer = client.post("/board/urge?show=all", data=form)
        assert answer.status_code == 200
        assert ticked(answer.text) == ["330108-01"]
        assert "已催办 2 单" in answer.text and "没有超时或 30 分钟内到期的工单" in answer.text
    again = client.post("/board/urge", data=form | {"submission_key": "k2", "site": ["330106-01"]})
    assert ticked(again.text) == ["330106-01"] and "30 分钟内已催办过该站点" in again.text


def test_none_ticked_is_told_and_too_many_keep_their_ticks(company: Cast, portal: Any) -> None:
    fill(company, 0, 1)
    client = portal("lcs")
    form: dict[str, Any] = {"csrf_token": token(client.get("/board").text)}
    assert client.post("/board/urge", data=form).status_code == 422
    many = [f"S{n}" for n in range(100)]
    answer = client.post("/board/urge", data=form | {"site": ["330106-01", *many]})
    assert answer.status_code == 422 and ticked(answer.text) == ["330106-01"]
    assert client.post("/board/urge", data=form | {"site": ["330106-01", "440305-01"]}).status_code == 404


# --- acting and helping ---


def test_act_for_it_opens_the_most_pressing_ticket_with_the_sheet(company: Cast, portal: Any) -> None:
    number = fill(company, 0, 1)[0]
    client = portal("lcs")
    answer = client.get("/board/330106-01/act")
    assert answer.status_code == 303 and answer.location.startswith(f"/tickets/{number}?sheet=act_for")
    assert f'action="/tickets/{number}/act-for"' in client.get(answer.location).text
    nothing = client.get("/board/330108-01/act")
    assert nothing.location == "/board?done=nothing"
    assert "没有可代处理的工单" in client.get(nothing.location).text


def test_a_helper_is_named_shown_and_ended(company: Cast, portal: Any, db_session: Any) -> None:
    number = fill(company, 0, 1)[0]
    manager, client = portal("lcs-manager"), portal("lcs")
    path = "/board/330106-01/helper"
    asked = manager.get(path).text
    assert 'value="2026-11-18T20:00"' in asked  # what is mostly meant
    form = {"csrf_token": token(asked), "colleague": str(company["lcs"].user_id)}
    wrong = manager.post(path, data=form | {"until": "2026-11-18T11:00"})
    assert wrong.status_code == 422 and f'value="{company["lcs"].user_id}" selected' in wrong.text.replace(
        f'selected value="{company["lcs"].user_id}"', f'value="{company["lcs"].user_id}" selected'
    )
    assert manager.post(path, data=form | {"until": "2026-11-18T18:00"}).status_code == 303
    assert "lcs协助至 18:00" in manager.get("/board").text
    assert "我协助至 18:00" in client.get("/board").text
    listed = client.get("/tickets?owner=helped&queue=all").text
    assert number in listed and number not in manager.get("/tickets?owner=helped&queue=all").text
    form = {"csrf_token": token(client.get("/board").text)}
    assert client.post(f"{path}/end", data=form).status_code == 303
    assert db_session.scalars(select(SiteHelper.ended_at)).all() == [NOW]
    assert "协助至" not in client.get("/board").text
