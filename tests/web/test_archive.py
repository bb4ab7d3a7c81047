"""Archived tickets on the pages: read like any other by those in them, and by nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import clock
from app.models import Clock, Event, Exemption, ExemptionScope, Penalty, Transfer, User
from app.services.transaction import write
from tests.cast import Cast, begin, ticket
from tests.services.archive_steps import HOUR, LATER, TEXT, held, long_ago, run
from tests.web.door import door

SEES = {
    "site": True, "site-manager": True, "lcs": True, "lcs-manager": True, "ccs": True, "ccs-manager": True,
    "site-2": False, "site-3": False, "lcs-2": False,
}  # fmt: skip
WAYBILL = "YT1000000000001"


@pytest.fixture
def cast(database: Any) -> Cast:
    return begin()


@pytest.fixture
def number(cast: Cast, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ticket whose first reply was late, long ago, that is in the archive."""
    monkeypatch.setattr(clock, "now", lambda: LATER)
    (made,) = long_ago(cast, wait=2 * HOUR)
    return made


@pytest.fixture
def browser(app: Flask, cast: Cast) -> Callable[[str], Any]:
    return door(app, cast, LATER)


def _page(client: Any, path: str) -> str:
    shown = client.get(path)
    assert shown.status_code == 200, (path, shown.status_code)
    return shown.get_data(as_text=True)


def _thread(page: str) -> str:
    found = re.search(r'<div class="thread".*?</aside>', page, re.DOTALL)
    assert found is not None
    return re.sub(r'(name="csrf_token" value|nonce)="[^"]*"', "", found[0])


def test_each_role_reads_as_before_and_strangers_find_nothing(
    cast: Cast, db_session: Any, number: str, browser: Any
) -> None:
    path = f"/tickets/{number}"
    before = {who: _thread(_page(browser(who), path)) for who, sees in SEES.items() if sees}
    assert run().moved == 1
    for who, sees in SEES.items():
        if sees:
            page = _page(browser(who), path)
            assert _thread(page) == before[who] and TEXT in page and "归档，仅供查阅" in page
            assert 'class="reply' not in page and "更多操作" not in page
        else:
            assert browser(who).get(path).status_code == 404, who
    assert browser("admin").get(path).status_code == 403
    assert held(db_session, number) is not None  # reading moves nothing


def test_in_english_it_says_so_too(db_session: Any, number: str, browser: Any) -> None:
    run()
    with write() as session:
        session.execute(update(User).where(User.account == "ccs").values(locale="en"))
    assert "In the archive since" in _page(browser("ccs"), f"/tickets/{number}")


def test_its_clocks_and_its_penalty_are_explained_as_before(db_session: Any, number: str, browser: Any) -> None:
    row = ticket(db_session, number)
    clocks = list(db_session.scalars(select(Clock.id).where(Clock.ticket_id == row.id).order_by(Clock.id)))
    paid = db_session.scalars(select(Penalty.id).where(Penalty.ticket_id == row.id)).first()
    paths = [f"/tickets/{number}/clocks/{one}" for one in clocks] + [f"/penalties/{paid}"]
    before = [_main(_page(browser("lcs"), path)) for path in paths]
    assert len(clocks) > 3 and run().moved == 1
    assert [_main(_page(browser("lcs"), path)) for path in paths] == before
    for path in paths:
        assert browser("lcs-2").get(path).status_code == 404


def _main(page: str) -> str:
    return re.sub(r'value="[A-Za-z0-9_.-]{20,}"', "", page[page.index("<main") : page.index("</main>")])


def test_search_and_look_up_find_it_for_those_in_it_alone(number: str, browser: Any) -> None:
    run()
    for who, sees in SEES.items():
        for words in (WAYBILL, "W1", number):
            shown = browser(who).get("/tickets", query_string={"q": words}, follow_redirects=True)
            assert (f"/tickets/{number}" in shown.get_data(as_text=True)) == sees, (who, words)
        looked = browser(who).get("/waybills", query_string={"numbers": WAYBILL}).get_data(as_text=True)
        assert (f"/tickets/{number}" in looked) == sees, who


def test_a_form_of_a_page_that_was_open_before_is_answered_as_ever(
    db_session: Any, number: str, browser: Any, app: Flask
) -> None:
    run()
    client = browser("site")
    token = re.search(r'name="csrf_token" value="([^"]+)"', _page(client, f"/tickets/{number}"))
    assert token is not None
    client.post(f"/tickets/{number}/reveal", data={"csrf_token": token[1]})
    assert held(db_session, number) is None and ticket(db_session, number).state == "closed"


def test_the_list_behind_a_frozen_number_says_that_some_lie_in_the_archive(number: str, browser: Any) -> None:
    path = "/scorecards/2026-11/330106-01/first_reply"
    said = "归档"
    assert said not in _main(_page(browser("site-manager"), path))
    run()
    assert said in _main(_page(browser("site-manager"), path))


def test_the_file_of_that_list_says_so_too(number: str, browser: Any) -> None:
    client = browser("site-manager")
    path = "/scorecards/2026-11/330106-01/first_reply"
    run()
    token = re.search(r'name="csrf_token" value="([^"]+)"', _page(client, path))
    assert token is not None
    asked = {"month": "2026-11", "code": "330106-01", "measure": "first_reply", "list": "cases", "format": "csv"}
    asked |= {"csrf_token": token[1], "submission_key": "k" * 24}
    assert client.post("/exports", data=asked).status_code == 303
    assert "不含已归档工单" in _page(client, "/exports")


def test_what_was_said_for_a_return_is_read_on(db_session: Any, number: str, browser: Any, cast: Cast) -> None:
    with write() as session:
        row = ticket(session, number)
        event = session.scalars(select(Event).where(Event.ticket_id == row.id, Event.type == "received")).one()
        row.cases = {"transfer": "refused"}
        session.add(Transfer(
            ticket_id=row.id, from_site_id=row.handling_site_id, reason="outside", state="refused", event_id=event.id,
            raised_by_id=cast["site"].user_id, raised_at=event.at, court_id=0,
        ))  # fmt: skip
    panel = re.compile(r'<section class="panel returns">.*?</section>', re.DOTALL)
    before = panel.search(_page(browser("lcs"), f"/tickets/{number}"))
    assert before is not None and TEXT in before[0] and run().moved == 1
    after = panel.search(_page(browser("lcs"), f"/tickets/{number}"))
    assert after is not None and TEXT in after[0]


def test_an_exemption_whose_tickets_went_says_where_they_are(number: str, browser: Any, cast: Cast) -> None:
    run()
    asked = {"asked_by_id": cast["lcs"].user_id, "asked_at": LATER, "from_at": LATER, "reason": "other"}
    with write() as session:
        row = Exemption(**asked, state="granted", tickets=1, clocks=1, decided_at=LATER, done_at=LATER)
        session.add(row)
        session.flush()
        place = cast["lcs"].organisation_id
        session.add(ExemptionScope(exemption_id=row.id, scope=place, state="granted"))
    said = "已归档，请按单号或运单号查找"
    assert said in _page(browser("lcs"), "/exemptions")
    assert said not in _page(browser("admin"), "/exemptions")  # who sees no ticket is told of none
