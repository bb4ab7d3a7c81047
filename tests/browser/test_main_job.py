"""The main job, from the push to the platform's receipt, with scripting and without, on a desk and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps

# Each of these runs on a desk without scripting and on a phone with it; the first test takes all four.
CORNERS = pytest.mark.parametrize(("size", "scripting"), [("desktop", False), ("phone", True)])
pytestmark = pytest.mark.usefixtures("size", "scripting")


def test_a_clerk_answers_the_most_urgent_ticket_and_the_platform_receives_it(page: Page, platform: Simulator) -> None:
    steps.push(platform)
    steps.sign_in(page, "site")
    page.goto("/tickets?queue=to_accept")
    page.locator(".rows a.row").first.click()
    number = steps.number_of(page)
    steps.claim(page)
    steps.follow_up(page, f"已联系客户，两小时内再回电。{number}")
    steps.write_result(page, f"已当面交给客户，客户验收无误。{number}")
    expect(page.locator(".preview .post")).to_contain_text(f"已当面交给客户，客户验收无误。{number}")
    steps.send(page)
    assert steps.number_of(page) == number
    steps.reload_until(page, page.locator(".post .sent .chip"), steps.DELIVERED)
    order = page.locator("#ticket .facts").get_by_text(re.compile(r"^(LP|DEMO-)\S+$")).first.inner_text()
    assert platform.ledger.orders[order].results, "the platform has no answer to this order"


@CORNERS
def test_the_preview_can_be_left_and_nothing_typed_is_lost(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    steps.write_result(page, "先看看再发。")
    page.locator(".preview .foot .btn[name=back]").click()
    form = page.locator("#box-result")
    expect(form.locator("[name=text]")).to_have_value("先看看再发。")
    expect(form.locator("[name=supplement-signer]")).to_have_value("客户本人")
    expect(form.locator("[name=answer]")).to_have_value("REDELIVER")
    assert not platform.ledger.orders[code].results


@CORNERS
def test_a_result_without_its_required_fields_says_so_beside_them_and_keeps_the_text(
    page: Page, platform: Simulator
) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    number = steps.find(page, code)
    form = steps.box(page, "result")
    steps.fill(form, "text", "客户已经收到包裹。")
    steps.submit(form)
    form = page.locator("#box-result")
    for name in ("contact_outcome", "answer"):
        field = form.locator(f"[name={name}]")
        expect(field).to_have_attribute("aria-invalid", "true")
        said = page.locator(f"#{field.get_attribute('aria-describedby')}")
        expect(said).to_have_text("请选择")
        expect(said).to_be_visible()
    expect(form.locator("[name=text]")).to_have_value("客户已经收到包裹。")
    expect(page.locator("#ticket [role=alert]")).to_be_visible()
    page.goto(f"/tickets/{number}")
    expect(steps.state(page)).to_have_text("待受理")


@CORNERS
def test_an_empty_follow_up_is_refused_beside_its_fields(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    steps.submit(steps.box(page, "follow_up"))
    expect(page.locator("#box-follow_up [aria-invalid=true]")).to_have_count(3)
    expect(page.locator("#box-follow_up .error").first).to_be_visible()


@CORNERS
def test_headquarters_rules_on_what_the_customer_rejected(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    steps.write_result(page, "核实为本人签收。")
    steps.send(page)
    steps.tell(platform, code, "REJECT", "我没有收到，请总部核查。")

    steps.enter(page, "ccs")
    number = steps.find(page, code)
    appeal = page.locator("#ticket .appeal")
    expect(appeal).to_contain_text("我没有收到，请总部核查。")
    expect(appeal).to_contain_text("核实为本人签收。")
    form = steps.box(page, "ruling")
    steps.fill(form, "ruling", "upheld_return")
    steps.fill(form, "text", "签收底单与事实不符，退回重办。")
    steps.submit(form)
    expect(steps.state(page)).to_have_text(steps.IN_PROGRESS)
    assert platform.ledger.wait(lambda: platform.ledger.orders[code].rulings, 20), "the platform heard of no ruling"

    steps.enter(page, "site")
    page.goto("/tickets?queue=returned")
    expect(page.locator(f".rows a.row[href*='{number}']")).to_be_visible()


@CORNERS
def test_the_province_hands_a_ticket_of_the_tray_to_a_site(page: Page, platform: Simulator) -> None:
    code = steps.push(platform, site=steps.NOWHERE)
    steps.enter(page, "lcs")
    number = steps.find(page, code)
    page.goto("/tickets?queue=tray")
    page.locator(f".rows a.row[href*='{number}']").click()
    form = steps.box(page, "assign")
    steps.fill(form, "site_code", steps.SITE)
    steps.submit(form)
    expect(page.locator("#ticket .facts")).to_contain_text("西湖文三站")
    expect(page.locator("#box-assign")).to_have_count(0)
    steps.enter(page, "site")
    page.goto(f"/tickets/{number}")
    expect(steps.state(page)).to_have_text("待受理")


@CORNERS
def test_the_province_sees_the_reminders_and_their_tickets(page: Page) -> None:
    steps.enter(page, "lcs")
    page.goto("/sms-outbox")
    row = page.locator("main tbody tr", has_text=re.compile(r"\d+ 单")).first
    for _page in range(10):  # at night only what is urgent is told, and other messages lie above it
        if row.count():
            break
        page.locator("main a.more").click()
    link = row.locator("a").first
    number = link.inner_text()
    link.click()
    assert steps.number_of(page) == number


@CORNERS
def test_a_site_manager_opens_the_months_scorecard_and_the_tickets_behind_a_number(page: Page) -> None:
    steps.enter(page, "site-manager")
    page.goto("/scorecards")
    page.locator(f"main a[href$='{steps.SITE}']").first.click()
    page.locator(f"a[href*='{steps.last_month()}']").first.click()
    sheet = page.locator(".sheet")
    expect(sheet).to_contain_text("西湖文三站")
    expect(sheet.locator(".grade b")).to_have_text(re.compile(r"^\d+\.\d$"))
    cases = sheet.locator("tbody .n a").nth(1)
    shown = int(cases.inner_text())
    cases.click()
    expect(page.locator("main tbody tr")).to_have_count(shown)


@CORNERS
def test_a_telephone_complaint_becomes_a_ticket(page: Page, platform: Simulator) -> None:
    waybill = steps.parcel(platform)
    steps.enter(page, "site")
    page.goto("/tickets/new")
    form = page.locator("main form")
    for name, value in {
        "waybill": waybill, "category": "LOCKER", "channel": "telephone", "complainant_kind": "consignee",
        "name": "张三", "phone": "13800001234", "address": "文三路478号", "text": "没打电话就放了快递柜。",
    }.items():  # fmt: skip
        steps.fill(form, name, value)
    steps.submit(form)
    steps.number_of(page)
    expect(page.locator("#ticket .facts")).to_contain_text(waybill)
    expect(steps.posts(page).first).to_contain_text("没打电话就放了快递柜。")


@CORNERS
def test_an_empty_new_complaint_is_refused_beside_its_fields(page: Page) -> None:
    steps.enter(page, "site")
    page.goto("/tickets/new")
    form = page.locator("main form")
    steps.fill(form, "waybill", "12")
    steps.submit(form)
    expect(form.locator("[name=waybill][aria-invalid=true]")).to_have_value("12")
    expect(form.locator("#waybill-error")).to_be_visible()
    expect(form.locator("#text-error")).to_be_visible()
