"""The look-up over HTTP: any paste, wrong numbers named, the carrier asked, the next step with the number filled in."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.integrations.loopback import platform, reply
from tests.web.stage import WAYBILLS, Stage

OWN, SIBLING = WAYBILLS["own"], WAYBILLS["sibling"]


def submit(stage: Stage, who: str, text: str, path: str = "/waybills", **headers: str) -> Any:
    data = {"csrf_token": stage.csrf, "numbers": text}
    return stage.browsers[who].post(path, data=data, headers=headers)


def shown(page: str) -> list[str]:
    return re.findall(r'<h2 class="mono">([^<]+)</h2>', page)


def test_a_paste_becomes_an_address_that_shows_the_numbers_in_their_order(stage: Stage) -> None:
    answer = submit(stage, "lcs", f"单号：{SIBLING}，{OWN.lower()}\r\n{SIBLING}")
    assert answer.status_code == 303
    page = stage.browsers["lcs"].get(answer.location).text
    assert shown(page) == [SIBLING, OWN]
    assert stage.numbers["own"] in page and stage.numbers["sibling"] in page


def test_wrong_numbers_are_named_beside_the_field_and_the_others_are_looked_up(stage: Stage) -> None:
    answer = submit(stage, "site", f"{OWN} YT12 哈哈 abc*def")
    assert answer.status_code == 422
    assert shown(answer.text) == [OWN]
    error = re.search(r'id="numbers-error">([^<]*)<', answer.text)
    assert error and "YT12" in error[1] and "abc*def" in error[1]
    assert "YT12 哈哈 abc*def" in unescape(answer.text), "what was typed is kept"


def test_more_than_twenty_numbers_are_cut_by_name(stage: Stage) -> None:
    many = [f"YT{n:013d}" for n in range(22)]
    answer = submit(stage, "site", "\n".join(many))
    assert answer.status_code == 422
    assert shown(answer.text) == many[:20]
    assert all(number in re.search(r'id="numbers-error">([^<]*)<', answer.text)[1] for number in many[20:])  # type: ignore[index]


def test_a_parcel_outside_the_scope_shows_its_way_but_no_ticket_and_no_note(stage: Stage) -> None:
    page = stage.browsers["site"].get(f"/waybills?numbers={SIBLING}").text
    assert "组织 330108-01" in page
    assert stage.numbers["sibling"] not in page and "scan-sibling-canary" not in page


def test_from_there_a_complaint_an_expedite_and_a_report_begin_with_the_number_filled_in(stage: Stage) -> None:
    page = stage.browsers["site"].get(f"/waybills?numbers={OWN}").text
    hrefs = [unescape(one) for one in re.findall(r'href="(/[^"]*waybill=[^"]*)"', page)]
    paths = ["/problems/new", "/tickets/new", "/tickets/new"]
    assert [urlsplit(one).path for one in hrefs] == paths and "kind=expedite" in hrefs[1]
    for href in hrefs[1:]:  # the types of problem parcels are not laid down here
        form = stage.browsers["site"].get(href).text
        assert re.search(rf'name="waybill"[^>]*value="{OWN}"', form)


def test_the_carrier_is_asked_for_what_is_not_known_and_only_once(stage: Stage, monkeypatch) -> None:
    number = "SF7777777777777"
    with platform() as carrier:
        config = stage.app.extensions["kuaifu"]
        for name, value in (("trace_url", carrier.url), ("trace_secret", "s"), ("trace_timeout", 0.5)):
            monkeypatch.setitem(config.__dict__, name, value)
        scan = {"mail_no": number, "scan_type": "SIGN", "scan_time": "2026-11-18 12:00:00", "site_code": "330106-01"}
        carrier.answer = reply(200, {"success": True, "scans": [scan]})
        before = stage.browsers["site"].get(f"/waybills?numbers={number}").text
        assert 'hx-post="/waybills/trace"' in before and carrier.requests == [], "a look alone asks nobody"
        after = submit(stage, "site", number, "/waybills/trace", **{"HX-Request": "true"})
        assert "组织 330106-01" in after.text and 'hx-post="/waybills/trace"' not in after.text
        assert submit(stage, "site", number, "/waybills/trace").status_code == 303
        assert len(carrier.requests) == 1


@pytest.mark.both_engines  # noise that each engine takes in its own way
def test_addresses_of_the_look_up_take_junk(stage: Stage) -> None:
    for asked in ("", "x" * 5000, "%F0%9F%98%80", "YT12"):
        answer = stage.browsers["site"].get(f"/waybills?numbers={asked}")
        assert answer.status_code == 200, asked
    assert urlsplit(submit(stage, "site", OWN).location).path == "/waybills"
    assert parse_qs(urlsplit(submit(stage, "site", OWN).location).query) == {"numbers": [OWN]}


def test_a_new_ticket_tells_of_the_parcel_that_is_typed_with_the_tickets_of_ones_own_scope_alone(stage: Stage) -> None:
    for who, sees in (("site", True), ("lcs", True), ("site-2", False)):
        for path in (f"/waybills/parcel?waybill={OWN}", f"/tickets/new?waybill={OWN}"):
            page = stage.browsers[who].get(path).text
            assert OWN in page and (stage.numbers["own"] in page) is sees, (who, path)
    assert "<b" not in stage.browsers["site"].get("/waybills/parcel?waybill=").text
    assert 'hx-get="/waybills/parcel"' in stage.browsers["site"].get("/tickets/new").text
