"""Typical cases over HTTP: from the ticket to a case that is out, read, and counted site by site."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import update

from app import clock
from app.models import Category
from app.services import sessions
from app.services.sessions import Limits
from app.services.transaction import write
from tests import cast as company
from tests.cast import Cast
from tests.services.test_typical_cases import LATER, WAYBILL, closed


@pytest.fixture
def cast(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company; every request happens three hours after noon."""
    monkeypatch.setattr(clock, "now", lambda: LATER)
    return company.begin()


@pytest.fixture
def portal(app: Any, cast: Cast) -> Any:
    """Signs a person in without the cost of a password."""

    def sign_in(who: str) -> Any:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=cast[who].user_id or 0, epoch=0, data={}, now=LATER, limits=limits)
        client = app.test_client()
        client.set_cookie("session", token)
        return client

    return sign_in


def post(client: Any, page: str, path: str, **data: str) -> Any:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    return client.post(path, data={"csrf_token": token[1] if token else "", **data})


def test_a_closed_ticket_becomes_a_case_that_a_site_reads_on_record(portal: Any, cast: Cast) -> None:
    number, lcs, site = closed(cast), portal("lcs"), portal("site")
    assert f"/cases/new?ticket={number}" in lcs.get(f"/tickets/{number}").text
    form = lcs.get(f"/cases/new?ticket={number}").text
    assert "没收到" in form and "王小明" not in form and "13812345678" not in form
    wrong = post(lcs, "/cases/new", "/cases", ticket=number, title="", body="经过", lesson="", month="2026-11")
    assert wrong.status_code == 422 and "经过</textarea>" in wrong.text
    words = {"title": "先联系", "body": "王小明没收到", "lesson": "先打电话", "month": "2026-11"}
    made = post(lcs, "/cases/new", "/cases", ticket=number, **words)
    assert made.status_code == 303
    page = made.location.split("?")[0]
    assert site.get(page).status_code == 404 and "先联系" not in site.get("/cases").text
    assert post(lcs, "/cases", "/cases/publish", month="2026-11").status_code == 303
    listed, said = site.get("/cases").text, site.get(page).text
    assert "先联系" in listed and re.search(r'href="/cases"[^>]*><span>[^<]+</span><span class="num">1</span>', listed)
    assert "王**没收到" in said and WAYBILL not in said and number in said  # the ticket is the site's own
    assert number not in portal("admin").get(page).text
    version = re.search(r'name="version" value="(\d+)"', said)
    assert version and post(site, page, f"{page}/read", version=version[1]).status_code == 303
    assert f"{page}/read" not in site.get(page).text
    readers = lcs.get(f"{page}/readers").text
    assert re.search(r"330106-01</span></td><td[^>]*>2</td><td[^>]*>1</td>", readers)
    assert "330106-01" not in lcs.get(f"{page}/readers?unread=1").text.split("<main", 1)[1]


def test_a_ticket_outside_the_area_or_still_open_is_told_at_the_field(portal: Any, cast: Cast) -> None:
    open_one, lcs = company.push(cast, "W9", waybill="YT9000000000011"), portal("lcs")
    away = company.push(cast, "W8", waybill="YT8000000000011", site="440305-01")
    assert "已完结的工单才能" in lcs.get(f"/cases/new?ticket={open_one}").text
    other, none = (lcs.get(f"/cases/new?ticket={one}").text for one in (away, "KF991231-999999"))
    assert 'id="case-ticket-error"' in other and other.count("没有") == none.count("没有")


def test_what_is_typed_stays_where_somebody_was_faster(portal: Any, cast: Cast) -> None:
    number, lcs = closed(cast), portal("lcs")
    words = {"title": "先联系", "body": "经过", "lesson": "先打电话", "month": "2026-11"}
    page = post(lcs, "/cases/new", "/cases", ticket=number, **words).location.split("?")[0]
    stale = post(lcs, f"{page}/edit", page, revision="7", **{**words, "body": "我的新文字"})
    assert stale.status_code == 409 and "我的新文字" in stale.text and ">经过<" in stale.text
    assert post(lcs, page, f"{page}/publish", revision="7").status_code == 409
    assert post(lcs, page, f"{page}/withdraw", revision="1").status_code == 303
    assert portal("site").get(page).status_code == 404


def test_what_the_system_wrote_into_a_case_is_read_in_the_readers_language(portal: Any, cast: Cast) -> None:
    with write() as session:
        session.execute(update(Category).values(name="虚假签收", name_en="False sign-off"))
    number, lcs, site = closed(cast), portal("lcs"), portal("site")
    assert post(lcs, "/cases", "/language", lang="en").status_code == 303
    form = lcs.get(f"/cases/new?ticket={number}").text
    body = unescape(re.search(r'<textarea[^>]*name="body"[^>]*>\s*(.*?)</textarea>', form, re.S)[1])  # type: ignore[index]
    title = unescape(re.search(r'name="title"[^>]*value="([^"]*)"', form)[1])  # type: ignore[index]
    assert body.startswith("Complaint: ") and title == "False sign-off"
    words = {
        "title": title,
        "body": f"{body}\nComplaint of a neighbour: 楼道",
        "lesson": "先打电话",
        "month": "2026-11",
    }
    page = post(lcs, "/cases/new", "/cases", ticket=number, **words).location.split("?")[0]
    assert post(lcs, "/cases", "/cases/publish", month="2026-11").status_code == 303
    said = site.get(page).text
    assert "投诉：" in said and "Complaint: " not in said and title not in said
    assert "Complaint of a neighbour: 楼道" in said  # the author's own words
    assert title not in site.get("/cases").text and "Complaint: " in lcs.get(page).text
