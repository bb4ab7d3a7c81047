"""A list of tickets from Excel: every bad row is named, and nothing is stored before all are good, or twice."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from sqlalchemy import func, select

from app.domain.ticket_rows import COLUMNS
from app.integrations import sheets_in
from app.models import Ticket
from tests.web.stage import WAYBILLS, Stage

HEADS = [words[0] for words in COLUMNS.values()]
GOOD = ["投诉", "LOST", "电话", "YT9999888877776", "收件人", "赵六", "13712345678", "", "330106-01", "丢了"]


def sheet(*rows: list[object], heads: list[str] = HEADS) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    for row in (heads, *rows):
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(**cells: object) -> list[object]:
    row: list[object] = list(GOOD)
    for name, value in cells.items():
        row[list(COLUMNS).index(name)] = value
    return row


def post(stage: Stage, data: bytes | None, who: str = "ccs", **more: str):
    fields: dict[str, object] = {"csrf_token": stage.csrf, "submission_key": "sheet-1", **more}
    if data is not None:
        fields["file"] = (io.BytesIO(data), "list.xlsx")
    return stage.browsers[who].post("/tickets/import", data=fields, content_type="multipart/form-data")


def tickets(stage: Stage) -> int:
    from app.extensions import db

    with stage.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Ticket)) or 0


def carried(text: str) -> str:
    return re.search(r'name="carried" value="([^"]+)"', text)[1]


def test_a_good_sheet_is_tried_out_first_and_stored_once(stage: Stage) -> None:
    before = tickets(stage)
    tried = post(stage, sheet(GOOD, changed(waybill=123456789012, category="延误" if False else "DELAYED")))
    assert (tried.status_code == 200 and "尚未保存" in tried.text) or "2 行可导入" in tried.text
    assert tickets(stage) == before
    rows = carried(tried.text)
    done = post(stage, None, carried=rows, confirmed="1")
    assert done.status_code == 200 and len(re.findall(r"KF\d{6}-\d{6}", done.text)) >= 2
    assert tickets(stage) == before + 2
    again = post(stage, None, carried=rows, confirmed="1")
    assert again.status_code == 200 and tickets(stage) == before + 2


def key_on(text: str) -> str:
    return re.search(r'name="submission_key" value="([^"]+)"', text)[1]


def test_a_second_sheet_on_the_page_of_the_first_is_stored_too(stage: Stage) -> None:
    before, page = tickets(stage), stage.browsers["ccs"].get("/tickets/import").text
    for waybill in ("YT9999888877701", "YT9999888877702"):
        tried = post(stage, sheet(changed(waybill=waybill)), submission_key=key_on(page)).text
        page = post(stage, None, carried=carried(tried), confirmed="1", submission_key=key_on(tried)).text
    assert tickets(stage) == before + 2


@pytest.mark.parametrize("who", ["ccs", "lcs"])
def test_a_key_that_stored_a_sheet_answers_for_no_other_sheet_and_nobody_else(stage: Stage, who: str) -> None:
    rows = {n: carried(post(stage, sheet(changed(waybill=n))).text) for n in ("YT9999888877711", "YT9999888877712")}
    first, other = rows.values()
    done = post(stage, None, carried=first, confirmed="1", submission_key=f"used-{who}")
    number = re.search(r"KF\d{6}-\d{6}", done.text)[0]
    before, sent = tickets(stage), other if who == "ccs" else first
    again = post(stage, None, who, carried=sent, confirmed="1", submission_key=f"used-{who}")
    assert again.status_code == 409 and number not in again.text and tickets(stage) == before
    assert key_on(again.text) != f"used-{who}"


def test_a_row_for_a_parcel_whose_ticket_another_desk_has_names_no_ticket(stage: Stage) -> None:
    hidden = stage.numbers["other"]
    rows = carried(post(stage, sheet(changed(waybill=WAYBILLS["other"]), GOOD), "lcs").text)
    done = post(stage, None, "lcs", carried=rows, confirmed="1", submission_key="another-desks")
    assert done.status_code == 200 and hidden not in done.text and "第 2 行" in done.text
    assert len(set(re.findall(r"KF\d{6}-\d{6}", done.text))) == 1
    assert hidden in post(stage, None, carried=rows, confirmed="1", submission_key="ccs").text


def test_every_bad_row_is_named_and_nothing_is_stored(stage: Stage) -> None:
    before = tickets(stage)
    bad = sheet(GOOD, changed(text=""), changed(channel="鸽子"), changed(category="NOTHING"), changed(waybill="?!"),
                changed(site_code="999"), changed(kind="problem"))  # fmt: skip
    answer = post(stage, bad, confirmed="1")
    assert answer.status_code == 422
    named = re.findall(r'<td class="n"[^>]*>(\d+)</td><td>([^<]+)</td>', answer.text)
    assert {int(n) for n, _column in named} == {3, 4, 5, 6, 7, 8}
    assert tickets(stage) == before and 'name="carried"' not in answer.text


def test_headings_that_are_missing_are_named(stage: Stage) -> None:
    answer = post(stage, sheet(["x"], heads=["运单号"]))
    assert answer.status_code == 422 and len(re.findall(r'<td class="n"[^>]*>1</td>', answer.text)) == 3


@pytest.mark.parametrize("data", [b"", b"no excel", b"PK\x03\x04 broken"])
def test_what_is_no_sheet_is_said(stage: Stage, data: bytes) -> None:
    answer = post(stage, data)
    assert answer.status_code == 422 and 'id="import-file-error"' in answer.text


@pytest.mark.both_engines  # noise that each engine takes in its own way
@pytest.mark.parametrize("carried_", ["!!!", "eJwrLQ==", "A" * 400_001])
def test_what_the_second_post_carries_is_read_like_a_strangers(stage: Stage, carried_: str) -> None:
    assert post(stage, None, carried=carried_, confirmed="1").status_code == 422


def test_too_many_rows_are_refused(stage: Stage) -> None:
    with pytest.raises(sheets_in.BadSheet) as refused:
        sheets_in.rows_of(sheet(*[GOOD] * 12), most=10)
    assert refused.value.code == "too_many_rows"
