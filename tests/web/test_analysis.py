"""Analysis over HTTP: each number leads to as many tickets as it says, and a wrong range is told at its field."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from app import clock
from app.domain.analysis import Range
from app.domain.policies import default_rules
from app.extensions import db
from app.integrations import stores
from app.jobs import exports as work
from app.models import Export, Organisation
from app.services import exports, policies, sessions
from app.services.exports import OrderIn
from app.services.sessions import Limits
from app.services.transaction import write
from app.web import analysis
from tests import cast as company
from tests.cast import NOON, Cast
from tests.services.test_analysis import LATE, count_all, lived

RANGE = "from=2026-11-12&to=2026-11-18"


@pytest.fixture
def cast(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company with two days of complaints, counted."""
    monkeypatch.setattr(clock, "now", lambda: LATE)
    made = company.begin()
    lived(made)
    count_all(db_session, LATE)
    return made


@pytest.fixture
def portal(app: Any, cast: Cast) -> Any:
    """Signs a person in without the cost of a password."""

    def sign_in(who: str) -> Any:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=cast[who].user_id or 0, epoch=0, data={}, now=LATE, limits=limits)
        client = app.test_client()
        client.set_cookie("session", token)
        return client

    return sign_in


def behind(client: Any, href: str) -> int:
    """How many tickets a link leads to."""
    page = client.get(unescape(href))
    assert page.status_code == 200, href
    return len(set(re.findall(r'href="/tickets/(KF[^"]+)"', page.text)))


@pytest.mark.parametrize(("who", "total"), [("lcs", 5), ("lcs-2", 1), ("ccs", 6)])
def test_every_number_of_the_page_leads_to_as_many_tickets(portal: Any, who: str, total: int) -> None:
    client = portal(who)
    page = client.get(f"/analysis?{RANGE}").text
    found = re.findall(r'href="(/analysis/tickets\?[^"]+)">(\d+)</a>', page)
    assert len(found) > 10 and max(int(n) for _href, n in found) == total
    wrong = [(href, n) for href, n in found if behind(client, href) != int(n)]
    assert not wrong, wrong


def test_headquarters_goes_down_to_a_province_and_a_province_no_further_than_itself(portal: Any) -> None:
    ccs = portal("ccs")
    link = re.search(r'href="(/analysis\?[^"]*province=44[^"]*)"', ccs.get(f"/analysis?{RANGE}").text)
    assert link
    page = ccs.get(unescape(link[1])).text
    assert "440305-01" in page and "330106-01" not in page.split("<main", 1)[1]
    assert portal("lcs").get("/analysis?province=44").status_code == 404
    assert "330106-01" not in portal("lcs-2").get(f"/analysis?{RANGE}").text
    assert portal("lcs-2").get(f"/analysis/tickets?{RANGE}&site=330106-01").text.count("/tickets/KF") == 0


def test_a_wrong_range_is_told_at_its_field_and_stays(portal: Any) -> None:
    page = portal("lcs").get("/analysis?from=2026-01-01&to=2026-11-18")
    assert page.status_code == 422 and 'value="2026-01-01"' in page.text and 'id="to-error"' in page.text
    for step in ("week", "month", "x"):
        assert portal("lcs").get(f"/analysis?{RANGE}&step={step}").status_code == 200


def test_the_cases_of_a_measure_are_listed(portal: Any) -> None:
    page = portal("lcs").get(f"/analysis/cases/first_reply?{RANGE}")
    assert page.status_code == 200 and page.text.count("/tickets/KF") == 5
    assert portal("lcs").get(f"/analysis/cases/nothing?{RANGE}").status_code == 404


def test_both_sides_of_a_change_stand_beside_each_other_with_their_counts(portal: Any, cast: Cast) -> None:
    assert "近 400 天没有规则变更" in portal("lcs").get("/analysis/changes").text
    with write() as session:
        policies.store_version(session, default_rules(NOON, 2))
    client = portal("lcs")
    page = client.get("/analysis/changes?change=policy-2&days=7").text
    found = re.findall(r'href="(/analysis/tickets\?[^"]+)">(\d+)</a>', page)
    assert [int(n) for _href, n in found] == [2, 3] and [behind(client, href) for href, _n in found] == [2, 3]
    assert "+50.0%" in page and "1 / 2" in page


def test_a_courier_is_asked_for_within_a_site_alone() -> None:
    days = Range(NOON.date(), NOON.date())
    assert analysis.asked_for({"courier": "钱二", "site": "330106-01"}, days).courier == "钱二"
    assert analysis.asked_for({"courier": "钱二"}, days).courier == ""


@pytest.mark.parametrize(("locale", "province"), [("en", "Zhejiang"), ("zh", "组织 33")])
def test_the_numbers_become_a_file_in_a_process_where_nobody_is_asking(
    app: Any, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locale: str, province: str
) -> None:
    config = app.extensions["kuaifu"]
    monkeypatch.setitem(app.extensions, "kuaifu", replace(config, data_dir=tmp_path, redis_url=""))
    asked = {"from": "2026-11-12", "to": "2026-11-18"}
    with write() as session:
        session.get_one(Organisation, cast.places["33"]).name_en = "Zhejiang"
    order = OrderIn("analysis", "analysis", asked, "", "csv", locale)
    made = exports.ask(actor=cast["ccs"], order=order, key="one", address="", now=LATE)
    with app.app_context():
        work.run_due()
        row = db.session.get_one(Export, made)
        assert (row.state, row.reason) == ("done", "")
        text = stores.exports(tmp_path, config.store).get(row.store_name).decode("utf-8-sig")
    assert province in text and row.rows > 10
