"""The month's close, files of a card and the verification page, as each role meets them."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import select, update

from app.domain.exports import label
from app.integrations import pdf
from app.jobs import exports as jobs
from app.models import Clock, Event, Export, Ticket, User
from app.web import words
from tests.web.test_scorecards import CARD, Fields, month, sign_in, text_of

__all__ = ["month"]
OCTOBER = "/months/2026-10"


def post(client: FlaskClient, page: str, address: str, **form: str) -> Any:
    token = Fields(client.get(page).text).found["csrf_token"][1]
    return client.post(address, data={"csrf_token": token, **form})


def test_a_month_is_frozen_by_the_button_and_its_card_can_be_verified(client: FlaskClient, month: Any) -> None:
    head = sign_in(client, "ccs-manager")
    early = post(head, OCTOBER, "/months/2026-11/freeze")
    assert early.status_code == 409 and "2026-12-06" in text_of(early.text)
    assert post(head, OCTOBER, f"{OCTOBER}/freeze").status_code == 303
    card = text_of(head.get(CARD).text)
    code = re.search(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}", card)
    assert code is not None
    shown = head.get(f"/verify?code={code[0]}")
    assert shown.status_code == 200 and "330106-01" in text_of(shown.text) and "82.7" in text_of(shown.text)
    assert head.get("/verify?code=0000-0000-0000").status_code == 404
    assert post(head, OCTOBER, f"{OCTOBER}/freeze").status_code == 409


def test_the_analysis_has_the_figures_and_keeps_what_was_typed(client: FlaskClient, month: Any) -> None:
    head = sign_in(client, "lcs-manager")
    assert "82.7" in text_of(head.get(OCTOBER).text)
    refused = post(head, OCTOBER, f"{OCTOBER}/analysis", what="submit", causes="派件量翻倍")
    assert refused.status_code == 422 and "派件量翻倍" in refused.text and 'id="a-measures-error"' in refused.text
    done = post(head, OCTOBER, f"{OCTOBER}/analysis", what="submit", causes="派件量翻倍", measures="增派两人")
    assert done.status_code == 303
    assert "增派两人" in head.get(OCTOBER).text


def test_a_card_as_excel_has_numbers_and_a_sheet_a_section(client: FlaskClient, month: Any) -> None:
    answer = sign_in(client, "manager").get(f"{CARD}/card.xlsx")
    book = load_workbook(BytesIO(answer.data))
    assert len(book.sheetnames) == 6
    measures = book.worksheets[1]
    assert [cell.value for cell in measures[4]][1:4] == [19, 20, 0.95]


def test_a_card_as_pdf_is_one_page_in_chinese(client: FlaskClient, month: Any) -> None:
    answer = sign_in(client, "manager").get(f"{CARD}/card.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    reader = PdfReader(BytesIO(answer.data))
    assert len(reader.pages) == 1
    assert "330106-01" in reader.pages[0].extract_text()


def test_the_longest_card_of_a_province_is_one_page(client: FlaskClient, month: Any) -> None:
    tickets = list(month.scalars(select(Ticket).where(Ticket.state != "withdrawn")))
    causes = list(words.root_causes())
    for number, ticket in enumerate(tickets):
        ticket.category = f"CATEGORY_{number % 8}"
        ticket.root_cause = causes[number % len(causes)]
    month.commit()
    answer = sign_in(client, "lcs-manager").get("/scorecards/2026-10/33/card.pdf")
    pages = [page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages]
    assert len(pages) == 1 and "CATEGORY_0" in pages[0] and "根本原因" in pages[0]


def test_without_the_libraries_the_page_offers_the_browsers_print(
    client: FlaskClient, month: Any, monkeypatch: Any
) -> None:
    def missing(*_given: Any) -> int:
        raise pdf.PdfError("libraries_missing")

    monkeypatch.setattr(pdf, "render", missing)
    answer = sign_in(client, "manager").get(f"{CARD}/card.pdf")
    assert answer.status_code == 503 and f'href="{CARD}"' in answer.text


def test_a_new_version_of_the_scoring_keeps_wrong_numbers_beside_their_fields(client: FlaskClient, month: Any) -> None:
    admin = sign_in(client, "admin")
    fields = {name: value for name, (_kind, value) in Fields(admin.get("/admin/scoring").text).found.items()}
    refused = admin.post("/admin/scoring", data={**fields, "weight-audit": "20.5"})
    assert refused.status_code == 422 and 'id="weight-audit-error"' in refused.text and 'value="20.5"' in refused.text
    good = {**fields, "weight-audit": "15", "weight-result": "30", "from_month": "2026-12"}
    assert admin.post("/admin/scoring", data=good).status_code == 303
    assert "15" in text_of(admin.get("/admin/scoring").text)


@pytest.mark.thorough
@pytest.mark.both_engines  # the pages' own questions: see SQL_OF_ITS_OWN in tests/test_floors.py
def test_a_provinces_cards_become_one_pdf_in_the_background(client: FlaskClient, month: Any) -> None:
    lcs = sign_in(client, "lcs-manager")
    page = lcs.get("/scorecards/2026-10/33").text
    fields = Fields(page).found
    form = {name: fields[name][1] for name in ("csrf_token", "submission_key")}
    assert lcs.post("/scorecards/2026-10/44/bundle", data=form).status_code == 404
    assert lcs.post("/scorecards/2026-10/33/bundle", data=form).status_code == 303
    assert lcs.post("/scorecards/2026-10/33/bundle", data=form).status_code == 303  # a double click
    order = month.scalars(select(Export)).one()
    assert jobs.run_one(order.id) == "done"
    month.expire_all()
    assert (order.rows, order.about, order.state) == (3, 3, "done")
    again = Fields(lcs.get("/exports").text).found["csrf_token"][1]
    file = lcs.post(f"/exports/{order.id}/file", data={"csrf_token": again})
    assert file.mimetype == "application/pdf"
    pages = [one.extract_text() for one in PdfReader(BytesIO(file.data)).pages]
    assert len(pages) == 3 and "330106-01" in pages[1] and "330108-01" in pages[2]
    assert [f"{n} / 3" in text for n, text in enumerate(pages, 1)] == [True, True, True]
    assert [label(order.id) in text for text in pages] == [True, True, True]  # whose print it is


def test_the_people_of_a_site_have_a_sheet_on_screen_as_pdf_and_as_excel_and_its_code_is_known(
    client: FlaskClient, month: Any
) -> None:
    who = month.scalars(select(User.id).where(User.account == "manager")).one()
    month.execute(update(Event).values(actor_id=who))
    month.execute(update(Clock).values(stopped_by_id=who))
    month.commit()
    people = f"{CARD}/people"
    assert "尚未冻结" in text_of(sign_in(client, "manager").get(people).text)
    head = sign_in(client, "ccs-manager")
    assert post(head, OCTOBER, f"{OCTOBER}/freeze").status_code == 303
    seen = text_of(head.get(people).text)
    code = re.search(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}", seen)
    assert code is not None and "19 / 20" in seen
    assert "人员月度考核表" in text_of(head.get(f"/verify?code={code[0]}").text)
    book = load_workbook(BytesIO(post(head, people, f"{people}.xlsx").data))
    lines = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(min_row=4)]
    mine = next(line for line in lines if line[1] == "manager")
    assert mine[4:9] == [20, 19, 20, 19, 20] and book.worksheets[1]["B8"].value == code[0]
    answer = post(head, people, f"{people}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert code[0] in PdfReader(BytesIO(answer.data)).pages[0].extract_text()


def test_the_analysis_of_a_running_month_says_why_it_cannot_be_written_yet(client: FlaskClient, month: Any) -> None:
    page = sign_in(client, "lcs-manager").get("/months/2026-11").text
    assert "本月尚未结束：分析从次月 1 日起填写，截止 2026-12" in page and "readonly" in page
    assert "本月尚未结束" not in sign_in(client, "lcs-manager").get(OCTOBER).text
