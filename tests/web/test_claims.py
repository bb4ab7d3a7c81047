"""Scans come in by the signed interface, and what a reply claims is held against them before it leaves the house."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.services import replies, scans, sessions
from app.services.scans import ScanIn
from app.services.sessions import Limits
from tests import cast
from tests.cast import NOON, Cast, post
from tests.integrations.loopback import platform, reply
from tests.web.pushing import SECRET, envelope

OWN = "YT1111222233334"


# --- scans pushed by the interface ---


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(minutes=30))
    return cast.begin()


def pushed(client: Any, secret: str = SECRET, **changed: object) -> Any:
    scan = {"mail_no": OWN, "scan_type": "SIGN", "scan_time": "2026-11-18 12:20:00", "site_code": "330106-01"}
    body = json.dumps({"scans": [scan | changed]}).encode()
    return client.post("/platform/link/demo", data=envelope(body, "PARCEL_SCANS", secret))


def test_scans_are_taken_by_the_signed_interface_once_and_by_no_other(client, company, db_session) -> None:
    assert pushed(client, "wrong").status_code == 401
    assert scans.trace(db_session, OWN) == []
    for _ in range(2):
        assert pushed(client).json["success"] is True
    db_session.rollback()
    assert len(scans.trace(db_session, OWN)) == 1
    assert pushed(client, scan_time="soon").status_code == 400


# --- what a reply claims ---


def browser(app: Any, company: Cast) -> Any:
    limits = Limits(timedelta(minutes=30), timedelta(hours=12))
    token = sessions.create(user_id=company["site"].user_id or 0, epoch=0, data={}, now=clock.now(), limits=limits)
    client = app.test_client()
    client.set_cookie("session", token)
    return client


def preview(app: Any, company: Cast, number: str) -> str:
    client = browser(app, company)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(f"/tickets/{number}").text)
    data = {"csrf_token": token[1] if token else "", "text": "已重新派送", "contact_outcome": "reached_accepts",
            "action_taken": "redelivered"}  # fmt: skip
    return str(client.post(f"/tickets/{number}/result", data=data).text)


def test_the_preview_warns_of_a_delivery_that_no_scan_shows_and_the_page_says_so_afterwards(app, company) -> None:
    number = cast.push(company, waybill=OWN)
    warning = "没有派件或签收扫描"
    assert warning in preview(app, company, number)
    scans.store_scans(scans=[ScanIn(OWN, "SIGN", NOON + timedelta(minutes=20), "330106-01")], now=NOON)
    assert warning not in preview(app, company, number)


@pytest.mark.both_engines  # counts statements
def test_the_preview_of_many_warns_beside_each_text_and_asks_no_more_often(app, company) -> None:
    numbers = [cast.push(company, f"W{n}", waybill=f"YT111122223333{n}") for n in range(6)]
    scans.store_scans(scans=[ScanIn("YT1111222233330", "SIGN", NOON + timedelta(minutes=20), "330106-01")], now=NOON)
    client = browser(app, company)
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/tickets").text)
    data = {"csrf_token": token[1] if token else "", "text": "已送", "contact_outcome": "reached_accepts"}
    said = client.post("/batch/result", data={**data, "ticket": numbers, "action_taken": "redelivered"}).text
    rows = {number: said.split(f'value="{number}" aria-label')[1].split("</tr>")[0] for number in numbers}
    assert ["没有派件或签收扫描" in rows[number] for number in numbers] == [False] + [True] * 5
    assert "5 条回复与轨迹不符" in said
    assert "没有派件或签收扫描" not in client.post("/batch/result", data={**data, "ticket": numbers}).text


def test_the_carrier_is_asked_before_the_clerk_is_warned(app, company, monkeypatch) -> None:
    number = cast.push(company, waybill=OWN)
    with platform() as carrier:
        config = app.extensions["kuaifu"]
        for name, value in (("trace_url", carrier.url), ("trace_secret", "s"), ("trace_timeout", 0.5)):
            monkeypatch.setitem(config.__dict__, name, value)
        scan = {"mail_no": OWN, "scan_type": "SIGN", "scan_time": "2026-11-18 12:20:00"}
        carrier.answer = reply(200, {"success": True, "scans": [scan]})
        assert "没有派件或签收扫描" not in preview(app, company, number)


def test_a_marked_ticket_shows_its_mark(app, company) -> None:
    number = cast.push(company, waybill=OWN)
    said = replies.ResultIn("已送", "reached_accepts", action_taken="redelivered")
    replies.result(actor=company["site"], post=post(number), answer=said, now=clock.now())
    assert "回复称已交付，无派送扫描" in browser(app, company).get(f"/tickets/{number}").text
