"""Each kind of ticket beside the complaint from its opening to its closing: an expedite, a question inside the house, a
customer's praise, and a case of the regulator."""

from __future__ import annotations

import json
import re
import time

from playwright.sync_api import Page, expect

from app.integrations.platform.link import signature
from tests.browser import steps

SECRET = "demo-secret"


def ask(page: Page, waybill: str, key: str, **more: str) -> dict:
    """Let a channel ask about a parcel."""
    body = {"id": key, "type": "parcel_query", "waybill": waybill, "channel": "wechat", "site_code": steps.SITE, **more}
    raw = json.dumps(body).encode()
    digest = {"X-Data-Digest": signature(raw, SECRET), "Content-Type": "application/json"}
    answer = page.request.post("/intake/expedite/demo", data=raw, headers=digest)
    assert answer.ok, answer.text()
    return answer.json()


def number_for(name: str) -> str:
    return f"YT{time.time_ns() % 10**13:013d}" if name else ""


def test_an_expedite_is_asked_replied_asked_again_and_becomes_a_complaint(page: Page) -> None:
    waybill = number_for("expedite")
    asked = ask(page, waybill, f"{waybill}-1", text="快递到哪了", promised_by="2020-01-01 12:00:00")
    steps.enter(page, "site")
    page.goto("/expedites?promise=outside&state=at_work")
    row = page.locator(".kindrows li").filter(has_text=asked["number"])
    expect(row).to_contain_text("超时效")
    row.locator("a").click()
    form = steps.box(page, "settle")
    steps.submit(form)
    expect(page.locator("#box-settle .error").first).to_be_visible()
    steps.fill(steps.box(page, "settle"), "outcome", "out_today")
    steps.fill(page.locator("#box-settle"), "text", "今天下午派送")
    steps.submit(page.locator("#box-settle"))
    expect(steps.state(page)).to_have_text("完结")
    for n in (2, 3):
        assert ask(page, waybill, f"{waybill}-{n}")["number"] == asked["number"]
    page.goto(f"/tickets/{asked['number']}?sheet=to_complaint")
    expect(steps.state(page)).to_have_text(steps.IN_PROGRESS)
    sheet = page.locator("#sheet")
    sheet.locator("[name=category]").select_option("DELAYED")
    sheet.locator("[name=text]").fill("催了三次仍未送达")
    sheet.locator(".btn.main").click()
    expect(page.locator("#ticket .side")).to_contain_text(asked["number"])
    expect(page.locator("#ticket .side")).to_contain_text("今天下午派送")
    assert steps.number_of(page) != asked["number"]


def test_a_sites_question_is_answered_sent_back_accepted_and_becomes_an_article(page: Page) -> None:
    word = f"定责{time.time_ns() % 10**6}"
    steps.enter(page, "site")
    page.goto("/tickets/ask")
    page.locator("[name=text]").fill(f"破损件{word}怎么办？")
    page.locator("main .btn.main").click()
    number = steps.number_of(page)
    for text in ("按揽收照片", "按揽收照片，没有照片按到件照片"):
        answer(page, "lcs", number, text)
        steps.enter(page, "site")
        page.goto(f"/tickets/{number}")
        page.locator(".askbar a").nth(0 if "没有" in text else 1).click()
        if "没有" not in text:
            page.locator("#sheet [name=text]").fill("没有照片呢")
        page.locator("#sheet .btn.main").click()
        expect(steps.state(page)).to_have_text("完结" if "没有" in text else steps.IN_PROGRESS)
    steps.enter(page, "lcs")
    page.goto(f"/tickets/{number}")
    page.locator("form[action$='/to-article'] button").click()
    page.locator("form[action$='/publish'] button").click()
    steps.enter(page, "site")
    page.goto(f"/knowledge?q={word}")
    page.locator(".cards .title").click()
    page.locator("form[action$='/read'] button").click()
    expect(page.locator(".receipt .chip.good")).to_be_visible()


def answer(page: Page, who: str, number: str, text: str, *, outside: bool = False) -> None:
    steps.enter(page, who)
    page.goto(f"/tickets/{number}")
    if page.locator("#ticket form[action$='/claim']").count():
        steps.claim(page)
    form = steps.box(page, "result")
    steps.fill(form, "text", text)
    steps.submit(form)
    if outside:
        page.locator("button[name=stay]").click()
    expect(steps.state(page)).to_have_text(steps.REPLIED)


def by_hand(page: Page, kind: str, **fields: str) -> str:
    steps.enter(page, "ccs")
    page.goto(f"/tickets/new?kind={kind}")
    form = page.locator("form.sheetform")
    for name, value in fields.items():
        steps.fill(form, name, value)
    form.locator(".btn.main").click()
    return steps.number_of(page)


def test_praise_is_entered_answered_accepted_and_closed(page: Page) -> None:
    number = by_hand(page, "inquiry", category="PRAISE", channel="telephone", name="王小明", text="快递员冒雨送上楼")
    assign(page)
    answer(page, "site", number, "谢谢您的表扬", outside=True)
    accept_and_close(page, number)


def test_a_regulators_case_is_closed_by_headquarters(page: Page) -> None:
    number = by_hand(page, "complaint", category="LOST", channel="regulator", name="李先生", phone="13900001111",
                     text="12305 转来，包裹丢失")  # fmt: skip
    assign(page)
    steps.enter(page, "site")
    page.goto(f"/tickets/{number}")
    steps.claim(page)
    form = steps.box(page, "result")
    steps.fill(form, "contact_outcome", "reached_accepts")
    steps.fill(form, "action_taken", "compensated")
    steps.fill(form, "text", "已赔偿")
    steps.submit(form)
    page.locator("button[name=stay]").click()
    expect(steps.state(page)).to_have_text(steps.REPLIED)
    page.goto(f"/tickets/{number}?sheet=customer_accepts")
    page.locator("#sheet [name=text]").fill("同意")
    page.locator("#sheet .btn.main").click()
    expect(steps.posts(page).filter(has_text="同意")).to_be_visible()
    expect(page.locator(".openends")).to_contain_text("监管")
    assert page.locator("#box-close").count() == 0
    steps.enter(page, "ccs")
    close(page, number)


def assign(page: Page) -> None:
    """Hand the open ticket of the tray to our site."""
    form = steps.box(page, "assign")
    steps.fill(form, "site_code", steps.SITE)
    steps.submit(form)
    expect(page.locator("#ticket .facts")).not_to_contain_text("待分派")


def accept_and_close(page: Page, number: str) -> None:
    page.goto(f"/tickets/{number}?sheet=customer_accepts")
    page.locator("#sheet [name=text]").fill("客户满意")
    page.locator("#sheet .btn.main").click()
    expect(steps.posts(page).filter(has_text="客户满意")).to_be_visible()
    close(page, number)


def close(page: Page, number: str) -> None:
    page.goto(f"/tickets/{number}")
    form = steps.box(page, "close")
    if form.locator("[name=root_cause]").count():  # a complaint's alone
        steps.fill(form, "root_cause", "other")
        form.locator("[name=verified]").check()
    steps.submit(form)
    expect(steps.state(page)).to_have_text(re.compile("完结"))
