"""What no browser sends is refused with a reason, on both engines alike, and never ends in an error page of the inside."""

from __future__ import annotations

import pytest
from flask import Flask

from app.services import connections
from tests.web.stage import NOW, Stage

# NUL and numbers beyond any row: PostgreSQL refuses what SQLite takes.
pytestmark = pytest.mark.both_engines

HUGE = "9" * 30
EARLY, LATE = "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"


@pytest.mark.parametrize(
    "path",
    ["/tickets?q=%00", "/tickets?q=YT%001", "/tickets/%00", "/tickets?queue=all&category=%00",
     "/scorecards/2026-11/%00", "/scorecards?month=%00", "/callbacks?state=%00"],
)  # fmt: skip
def test_a_nul_in_an_address_is_400(stage: Stage, path: str) -> None:
    assert stage.browsers["ccs"].get(path).status_code == 400


@pytest.mark.parametrize("path", ["/admin/users?after=%00", "/admin/organisations?after=%00"])
def test_a_nul_in_an_administrators_address_is_400(stage: Stage, path: str) -> None:
    assert stage.browsers["admin"].get(path).status_code == 400


@pytest.mark.parametrize("field", ["text", "submission_key", "name", "category", "waybill", "phone", "address"])
def test_a_nul_in_a_form_is_400_and_nothing_is_stored(stage: Stage, field: str) -> None:
    typed = {"text": "typed", "category": "LOST", "csrf_token": stage.csrf}
    for path in ("/tickets/new", f"/tickets/{stage.numbers['own']}/note"):
        answer = stage.browsers["ccs"].post(path, data={**typed, field: "a\0b"})
        assert answer.status_code == 400, path


@pytest.mark.parametrize(
    "path",
    [f"/sms-outbox?before={HUGE}", f"/sms-outbox?before=-{HUGE}", f"/callbacks?before={HUGE}", f"/scorecards?page={HUGE}",
     f"/tickets?after={EARLY}~1", f"/tickets?after={LATE}~{HUGE}", f"/tickets?after={LATE}~1",
     f"/tickets/news?version={HUGE}&since={EARLY}", f"/tickets/news?version=1&since={LATE}",
     f"/audits?before={HUGE}"],
)  # fmt: skip
def test_numbers_and_instants_beyond_any_row_find_the_first_page_or_none(stage: Stage, path: str) -> None:
    assert stage.browsers["ccs"].get(path).status_code in (200, 204)


@pytest.mark.parametrize("path", ["/admin/log", "/admin/messages", "/sms-outbox", "/callbacks", "/switches"])
def test_numbers_beyond_any_row_find_the_first_page_of_an_administrator_too(stage: Stage, path: str) -> None:
    assert stage.browsers["admin"].get(f"{path}?before={HUGE}").status_code == 200


@pytest.mark.parametrize("path", ["/analysis", "/analysis/tickets", "/analysis/changes"])
def test_the_first_day_of_all_is_none_of_an_analysis(stage: Stage, path: str) -> None:
    assert stage.browsers["ccs"].get(f"{path}?from=0001-01-01&to=0001-01-01").status_code in (200, 422)
    assert stage.browsers["ccs"].get(f"{path}?to=0001-01-01").status_code in (200, 422)


def test_numbers_beyond_any_row_name_nothing(stage: Stage) -> None:
    own = f"/tickets/{stage.numbers['own']}"
    browser, token = stage.browsers["ccs"], {"csrf_token": stage.csrf}
    assert browser.post(f"/callbacks/{HUGE}/resend", data=token).status_code == 404
    assert browser.post(f"{own}/promises/{HUGE}/kept", data=token).status_code == 404
    typed = {**token, "text": "typed", "version": f"-{HUGE}", "contact_outcome": "busy"}
    old = stage.browsers["ccs"].post(f"{own}/follow-up", data={**typed, "next_update_at": "2026-11-25T10:00"})
    assert old.status_code == 409


def test_a_complainant_who_is_none_of_the_list_is_422(stage: Stage) -> None:
    typed = {"text": "typed", "category": "LOST", "csrf_token": stage.csrf, "complainant_kind": "x" * 100}
    assert stage.browsers["site"].post("/tickets/new", data=typed).status_code == 422


def test_the_administrator_reads_why_pushes_were_refused_and_how_often(stage: Stage, app: Flask) -> None:
    with app.app_context():
        for reason in ("BAD_SIGNATURE", "BAD_SIGNATURE", "sms-odd"):
            connections.count_refusal(connection="demo", reason=reason, now=NOW)
    page = stage.browsers["admin"].get("/admin").text
    assert '<td>签名不符 (BAD_SIGNATURE)</td><td class="n">2</td>' in page
    assert '<td>sms-odd</td><td class="n">1</td>' in page
