"""Clocks explained, policies and calendars over HTTP."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import select

from app.models import CalendarDay, CalendarHours, Clock, Policy, Ticket
from tests.web.stage import Stage

NAMES = ("kind", "category", "priority", "channel", "tier", "clock", "minutes", "calendar")


def clock_id(stage: Stage, key: str, kind: str = "first_reply") -> int:
    with stage.session() as session:
        statement = select(Clock.id).join(Ticket, Ticket.id == Clock.ticket_id).where(Clock.kind == kind)
        return session.scalars(statement.where(Ticket.number == stage.numbers[key])).first()


def test_the_ticket_links_each_clock_to_its_explanation(stage: Stage) -> None:
    number = stage.numbers["own"]
    page = stage.browsers["site"].get(f"/tickets/{number}").text
    links = set(re.findall(rf'href="(/tickets/{number}/clocks/\d+)"', page))
    assert f"/tickets/{number}/clocks/{clock_id(stage, 'own')}" in links and len(links) >= 4
    for href in links:
        answer = stage.browsers["site"].get(href)
        assert answer.status_code == 200 and 'class="chip late"' not in answer.text, href


def test_the_explanation_counts_to_the_stored_second_on_the_page_and_in_the_pane(stage: Stage) -> None:
    href = f"/tickets/{stage.numbers['own']}/clocks/{clock_id(stage, 'own')}"
    page = stage.browsers["site"].get(href).text
    assert "12:00–12:30" in page and "2026-11-18 12:30:00" in page and "data-print" in page
    pane = stage.browsers["site"].get(href, headers={"HX-Request": "true", "HX-Target": "ticket"}).text
    assert pane.lstrip().startswith('<section id="ticket"') and "<html" not in pane and "12:00–12:30" in pane


@pytest.mark.parametrize("who", ["site-2", "site-3", "lcs-2"])
def test_a_clock_outside_the_scope_is_not_found(stage: Stage, who: str) -> None:
    own = clock_id(stage, "own")
    for number in (stage.numbers["own"], stage.numbers["sibling" if who == "site-2" else "other"]):
        assert stage.browsers[who].get(f"/tickets/{number}/clocks/{own}").status_code == 404


@pytest.fixture
def office(stage: Stage) -> Any:
    """The administrator's browser with a way to send forms."""

    def post(path: str, data: dict[str, Any]) -> Any:
        body = {"csrf_token": stage.csrf, **data}
        return stage.browsers["admin"].post(
            path, data=body, content_type="multipart/form-data" if "file" in data else None
        )

    stage.browsers["admin"].send_form = post
    return stage.browsers["admin"]


# --- policies ---


def typed(page: str) -> dict[str, Any]:
    """The draft's form as a browser would send it."""
    form = page.split('id="draft"')[1].split("</form>")[0]
    found: dict[str, Any] = {name: [] for name in NAMES}
    selects, inputs = r'<select name="(\w+)"(.*?)</select>', r'<input [^>]*?name="(\w+)"([^>]*)>'
    pairs = [(name, re.search(r'value="([^"]*)" selected', rest)) for name, rest in re.findall(selects, form)]
    pairs += [(name, re.search(r'value="([^"]*)"', rest)) for name, rest in re.findall(inputs, form)]
    for name, chosen in pairs:
        value = chosen[1] if chosen else ""
        if name in NAMES:
            found[name].append(value)
        elif name != "csrf_token":
            found[name] = value
    return found


def test_a_draft_begins_as_a_copy_and_lines_are_added_and_removed(office: Any) -> None:
    draft = typed(office.get("/admin/policies/draft").text)
    n = len(draft["clock"])
    assert n == 22 and draft["minutes"][:2] == ["10", "240"] and all(len(draft[name]) == n for name in NAMES)
    more = typed(office.send_form("/admin/policies/draft", {**draft, "do": "add"}).text)
    assert len(more["clock"]) == n + 1 and more["clock"][-1] == ""
    fewer = typed(office.send_form("/admin/policies/draft", {**more, "remove": "0"}).text)
    assert len(fewer["clock"]) == n and fewer["clock"][0] == "first_reply"


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(office: Any, stage: Stage) -> None:
    draft = typed(office.get("/admin/policies/draft").text)
    draft["minutes"][1], draft["tier"][1] = "soon", "a b"
    answer = office.send_form("/admin/policies/draft", {**draft, "do": "preview"})
    assert answer.status_code == 422 and 'id="e-1-minutes"' in answer.text and 'id="e-1-tier"' in answer.text
    assert typed(answer.text)["minutes"][1] == "soon" and 'id="preview"' not in answer.text


def test_a_version_is_stored_after_its_preview_and_not_before(office: Any, stage: Stage) -> None:
    draft = typed(office.get("/admin/policies/draft").text)
    draft["minutes"][draft["clock"].index("accept")] = "7"
    early = office.send_form("/admin/policies/draft", {**draft, "do": "store"})
    assert early.status_code == 422 and 'id="preview"' in early.text
    shown = typed(office.send_form("/admin/policies/draft", {**draft, "do": "preview"}).text)
    past = office.send_form("/admin/policies/draft", {**shown, "do": "store", "effective_from": "2020-01-01T00:00"})
    assert past.status_code == 422 and 'id="effective_from-error"' in past.text
    done = office.send_form(
        "/admin/policies/draft", {**shown, "do": "store", "effective_from": "2027-01-01T00:00", "note": "元旦起"}
    )
    assert (done.status_code, done.location) == (303, "/admin/policies?version=2&done=stored")
    page = office.get(done.location).text
    assert "元旦起" in page and "2027-01-01 00:00:00" in page
    stale = office.send_form("/admin/policies/draft", {**shown, "do": "store"})
    assert stale.status_code == 409 and typed(stale.text)["minutes"] == shown["minutes"]
    with stage.session() as session:
        assert sorted(set(session.scalars(select(Policy.version)))) == [1, 2]


def test_a_preview_names_no_ticket(office: Any, stage: Stage) -> None:
    draft = typed(office.get("/admin/policies/draft").text)
    draft["minutes"] = ["33"] * len(draft["minutes"])
    page = office.send_form("/admin/policies/draft", {**draft, "do": "preview"}).text
    assert 'id="preview"' in page and not any(number in page for number in stage.numbers.values())


# --- calendars ---


def test_hours_are_edited_and_added_and_the_old_ones_are_shown(office: Any, stage: Stage) -> None:
    form = {"label": "工作日", "label_en": "Working days", "spans": "08:00-12:00 13:30-18:00", "working_days_only": "y"}
    wrong = office.send_form("/admin/calendars/working", {**form, "spans": "18:00-08:00"})
    assert wrong.status_code == 422 and "18:00-08:00" in wrong.text and 'id="spans-error"' in wrong.text
    assert office.send_form("/admin/calendars/working", form).status_code == 303
    page = office.get("/admin/calendars/working").text
    assert "08:00-12:00 13:30-18:00" in page and "08:00-20:00" in page
    new = {"name": "peak", "label": "旺季", "label_en": "Peak", "spans": "07:00-23:00"}
    assert office.send_form("/admin/calendars", {**new, "name": "service"}).status_code == 422
    assert office.send_form("/admin/calendars", new).status_code == 303
    assert 'href="/admin/calendars/peak"' in office.get("/admin/calendars").text
    with stage.session() as session:
        names = list(session.scalars(select(CalendarHours.name)))
        assert names.count("working") == 2 and "peak" in names


def test_a_missing_year_is_told_on_the_admin_pages_until_it_is_there(office: Any, stage: Stage) -> None:
    for path in ("/admin", "/admin/users", "/admin/policies", "/admin/calendars", "/admin/sms"):
        assert 'href="/admin/calendars/days/2027"' in office.get(path).text.split('class="hint"', 1)[1], path
    rows = "2027-01-01,holiday,元旦\n2027-13-01,holiday,\n2027-02-06,perhaps,"
    bad = office.send_form("/admin/calendars/days/2027/import", {"text": rows, "do": "store"})
    assert bad.status_code == 422 and "2027-13-01,holiday," in bad.text and "2027-02-06,perhaps," in bad.text
    good = rows.splitlines()[0] + "\n2027-02-07,working,春节调休"
    dry = office.send_form("/admin/calendars/days/2027/import", {"text": good, "do": "check"})
    assert dry.status_code == 200 and 'value="store"' in dry.text
    with stage.session() as session:
        assert session.scalars(select(CalendarDay)).all() == []
    assert office.send_form("/admin/calendars/days/2027/import", {"text": good, "do": "store"}).status_code == 303
    assert "days/2027" not in office.get("/admin").text
    assert "春节调休" in office.get("/admin/calendars/days/2027").text


def test_a_spreadsheets_file_is_read_whatever_its_charset(office: Any) -> None:
    for charset in ("utf-8-sig", "gb18030"):
        file = (io.BytesIO("日期,类型,名称\n2028-01-01,放假,元旦\n".encode(charset)), "days.csv")
        dry = office.send_form("/admin/calendars/days/2028/import", {"text": "", "do": "check", "file": file})
        assert dry.status_code == 200 and "元旦" in dry.text, charset


def test_days_are_added_changed_and_removed_one_by_one(office: Any, stage: Stage) -> None:
    path = "/admin/calendars/days/2026"
    assert office.send_form(path, {"day": "2027-03-01", "working": "holiday"}).status_code == 422
    assert office.send_form(path, {"day": "", "working": "holiday"}).status_code == 422
    for kind in ("holiday", "working"):
        assert office.send_form(path, {"day": "2026-12-25", "working": kind, "name": "盘点"}).status_code == 303
    with stage.session() as session:
        rows = [
            (row.day.isoformat(), row.working, row.name)
            for row in session.scalars(select(CalendarDay))
            if row.day.year == 2026
        ]
        assert rows == [("2026-12-25", True, "盘点")]
    assert office.send_form(f"{path}/remove", {"day": "2026-12-25"}).status_code == 303
    assert office.send_form(f"{path}/remove", {"day": "2026-12-25"}).status_code == 303
    assert "2026-12-25" not in office.get(path).text
