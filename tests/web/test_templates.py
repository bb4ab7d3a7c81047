"""Templates over HTTP: put into a text without scripting and with it, kept on a page of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.services import sessions, templates
from app.services.sessions import Limits
from app.services.templates import TemplateIn
from tests import cast
from tests.cast import NOON, Cast

NOW = NOON + timedelta(minutes=20)
Portal = Callable[[str], Any]


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """The smallest company; every request happens at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    yield cast.begin()


@pytest.fixture
def portal(app: Any, company: Cast) -> Portal:
    """Signs a person in without the cost of a password."""

    def browser(who: str) -> Any:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=company[who].user_id or 0, epoch=0, data={}, now=NOW, limits=limits)
        client = app.test_client()
        client.set_cookie("session", token)
        return client

    return browser


def kept(
    company: Cast, who: str = "site", scope: str = "own", title: str = "致歉", text: str = "{{单号}}：向您致歉"
) -> int:
    return templates.create(actor=company[who], scope=scope, made=TemplateIn(title, text), now=NOW)


def token(page: Any) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def boxed(page: Any, key: str) -> str:
    """The form of a reply box as the page shows it."""
    found = re.search(rf'<form class="box" id="box-{key}".*?</form>', page.text, re.S)
    assert found is not None
    return found[0]


def test_without_scripting_the_text_stands_below_what_was_typed_and_all_fields_stay(company, portal) -> None:
    number, template = cast.push(company, "T1"), kept(company)
    client = portal("site")
    page = client.get(f"/tickets/{number}")
    posted = {
        "csrf_token": token(page), "draft": "result", "template": template, "text": "已联系。",
        "contact_outcome": "no_answer", "finding_courier": "周师傅",
    }  # fmt: skip
    answer = client.post(f"/tickets/{number}/template", data=posted)
    box = boxed(answer, "result")
    assert answer.status_code == 200
    assert f"已联系。\n{number}：向您致歉</textarea>" in box
    assert 'value="周师傅"' in box and re.search(r'<option selected value="no_answer">', box)


def test_with_scripting_the_filled_text_comes_alone(company, portal) -> None:
    number, template = cast.push(company, "T1"), kept(company)
    client = portal("site")
    posted = {"csrf_token": token(client.get(f"/tickets/{number}")), "draft": "follow_up", "template": template}
    answer = client.post(f"/tickets/{number}/template", data=posted, headers={"Accept": "application/json"})
    assert answer.json == {"text": f"{number}：向您致歉", "error": ""}


def test_a_batch_keeps_the_placeholders_for_each_of_its_tickets(company, portal) -> None:
    numbers, template = [cast.push(company, f"T{n}") for n in range(2)], kept(company)
    client = portal("site")
    first = client.post(
        "/batch/result", data={"csrf_token": token(client.get("/tickets")), "open": "1", "ticket": numbers}
    )
    posted = {"csrf_token": token(first), "draft": "result", "template": template, "ticket": numbers, "text": "一"}
    answer = client.post("/batch/template", data=posted)
    assert answer.status_code == 200 and "一\n{{单号}}：向您致歉</textarea>" in answer.text


@pytest.mark.parametrize("asked", ["", "x", "7", "9" * 30])
def test_a_template_that_is_none_is_refused_and_the_text_stays(company, portal, asked: str) -> None:
    number, client = cast.push(company, "T1"), portal("site")
    page = client.get(f"/tickets/{number}")
    posted = {"csrf_token": token(page), "draft": "result", "template": asked, "text": "留着"}
    answer = client.post(f"/tickets/{number}/template", data=posted)
    assert answer.status_code == 422 and "留着</textarea>" in boxed(answer, "result")


def test_a_ticket_of_another_site_takes_no_template(company, portal) -> None:
    number, client = cast.push(company, "T1", site="330108-01"), portal("site")
    posted = {"csrf_token": token(client.get("/tickets")), "draft": "result", "template": kept(company)}
    assert client.post(f"/tickets/{number}/template", data=posted).status_code == 404


def test_a_template_is_made_changed_and_deleted_and_the_slower_of_two_sees_the_newer_one(company, portal) -> None:
    client = portal("site")
    form = client.get("/templates/new")
    made = {"csrf_token": token(form), "scope": "own", "title": "致歉", "text": "{{客户}}您好"}
    assert client.post("/templates", data={**made, "text": "{{电话}}"}).status_code == 422
    assert client.post("/templates", data={**made, "scope": "team"}).status_code == 403
    assert client.post("/templates", data=made).status_code == 303
    href = re.search(r'href="(/templates/\d+)"', client.get("/templates?q=您好").text)
    assert href is not None
    changed = {"csrf_token": token(form), "version": 1, "title": "致歉二", "text": "第二版"}
    assert client.post(href[1], data=changed).status_code == 303
    late = client.post(href[1], data={**changed, "text": "第三版"})
    assert late.status_code == 409 and "第三版</textarea>" in late.text and "第二版" in late.text
    assert client.post(f"{href[1]}/delete", data={**changed, "version": 1}).status_code == 409
    assert client.post(f"{href[1]}/delete", data={**changed, "version": 2}).status_code == 303
    assert client.get(href[1]).status_code == 404


def test_a_clerk_reads_the_companys_texts_and_has_no_form_for_them(company, portal) -> None:
    template = kept(company, "ccs-manager", "company", "公司话术")
    page = portal("site").get(f"/templates/{template}")
    assert "向您致歉" in page.text and 'name="title"' not in page.text
    posted = {"csrf_token": token(page), "version": 1, "title": "改", "text": "改"}
    assert portal("site").post(f"/templates/{template}", data=posted).status_code in (403, 422)
