"""A complaint's life as its people live it: whose it is, not ours, the call, the promise, the end."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.browser.steps import answer, enter_by_hand, finish, sheet

# Each of these runs on a desk without scripting and on a phone with it.
CORNERS = pytest.mark.parametrize(("size", "scripting"), [("desktop", False), ("phone", True)])
pytestmark = pytest.mark.usefixtures("size", "scripting")
NEIGHBOUR, NEIGHBOUR_NAME = "330108-01", "滨江长河站"


def call(page: Page, outcome: str) -> None:
    """Call the customer and press how it ended."""
    page.locator("form[action$='/call'] button").first.click()
    page.locator(f"#call button[value={outcome}]").click()
    expect(page.locator("#call")).to_have_count(0)


@CORNERS
def test_a_ticket_goes_from_one_hand_to_the_next_and_back_to_the_team(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site-manager")
    page.goto("/tickets")  # who takes over has to be there
    steps.enter(page, "site")
    number = steps.find(page, code)
    steps.claim(page)
    form = sheet(page, "移交")
    expect(form.locator("option", has_text="陈晓燕")).to_have_count(0)  # nobody hands it to oneself
    form.locator(".foot button:not([formaction])").click()
    expect(page.locator("#sheet-colleague-error")).to_have_text("请选择")
    expect(page.locator("#sheet-text-error")).to_have_text("请填写")
    form = page.locator("#sheet")
    form.locator("select").select_option(label="王建国")
    steps.fill(form, "text", f"客户要求明早联系。{number}")
    finish(page, form)
    expect(steps.posts(page).filter(has_text=f"客户要求明早联系。{number}")).to_contain_text("移交给")
    steps.enter(page, "site-manager")
    page.goto("/tickets?owner=mine")
    page.locator(f".rows a.row[href*='{number}']").click()
    finish(page, sheet(page, "交回班组"))
    page.goto("/tickets?owner=unclaimed&sort=activity")
    expect(page.locator(f".rows a.row[href*='{number}']")).to_be_visible()


@CORNERS
def test_a_ticket_that_is_not_ours_is_ruled_over_to_its_site_with_fresh_clocks(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    number = steps.find(page, code)
    form = sheet(page, "非本站，退回")
    steps.fill(form, "site_code", NEIGHBOUR)
    form.locator(".foot button:not([formaction])").click()
    expect(page.locator("#sheet-reason-error")).to_have_text("请选择")
    form = page.locator("#sheet")
    expect(form.locator("[name=site_code]")).to_have_value(NEIGHBOUR)
    form.locator("[name=reason]").select_option("outside_area")
    steps.fill(form, "text", "地址属滨江区。")
    finish(page, form)
    expect(page.locator("details.more a", has_text="非本站，退回")).to_have_count(0)
    steps.enter(page, "lcs")
    page.goto(f"/tickets/{number}")
    page.locator(".askbar a.btn", has_text="裁定退回").click()
    form = page.locator("#sheet")
    expect(form.locator("[name=site_code]")).to_have_value(NEIGHBOUR)
    finish(page, form)
    expect(steps.posts(page).filter(has_text="李梅")).to_contain_text(f"转由 {NEIGHBOUR_NAME} 受理")
    steps.enter(page, "site-2")
    page.goto(f"/tickets/{number}")
    expect(page.locator("#ticket form[action$='/claim'] button")).to_be_visible()
    expect(page.locator(".clocks dt", has_text="#2")).to_have_count(3)  # accept, first reply, result


@CORNERS
def test_a_call_is_logged_by_one_press_and_what_it_brought_fills_the_result(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    call(page, "no_answer")
    form = steps.box(page, "result")
    steps.fill(form, "text", "客户电话无人接听。")
    steps.submit(form)
    expect(page.locator("#result-contact_outcome-error")).to_contain_text("还需联系 2 次")
    expect(page.locator("#box-result [name=text]")).to_have_value("客户电话无人接听。")
    page.locator("form[action$='/call'] button").first.click()
    card = page.locator("#call")
    expect(card.locator(".tel")).to_have_attribute("href", re.compile(r"^tel:1\d{10}"))
    if page.viewport_size and page.viewport_size["width"] < 500:
        box = card.bounding_box()
        assert box and box["height"] < 200, "the call leaves the thread in sight on a phone"
        card.locator("summary").click()
    card.locator("#answer-measure").select_option("redelivered")
    card.locator("button[value=reached_accepts]").click()
    expect(card).to_have_count(0)
    expect(page.locator("#box-result [name=action_taken]")).to_have_value("redelivered")
    expect(page.locator("#box-result [name=no_contact_code]")).to_have_count(0)


@CORNERS
def test_nothing_is_closed_while_a_promise_is_open_and_a_call_proves_it_kept(page: Page, platform: Simulator) -> None:
    waybill = steps.parcel(platform)
    steps.enter(page, "site")
    enter_by_hand(page, waybill, "说好今天送，一直没来。")
    answer(page, "两小时内重新派送。", promise_what="redelivery", promise_due_at=steps.in_two_hours())
    finish_words = page.locator("#ticket .openends")
    expect(finish_words).to_contain_text("未了结的承诺已兑现")
    form = sheet(page, "客户认可")
    steps.fill(form, "text", "客户同意今天再送一次。")
    finish(page, form)
    expect(finish_words).to_have_text("完结还需：未了结的承诺已兑现")
    expect(page.locator("#tab-close")).to_have_count(0)
    page.locator(".promises a", has_text="已兑现").click()
    page.locator("#sheet-proof").select_option("call")
    finish(page, page.locator("#sheet"))
    expect(finish_words).to_have_count(0)
    expect(page.locator("#tab-close")).to_have_count(1)


@CORNERS
def test_a_closed_ticket_says_why_and_another_call_brings_it_back(page: Page, platform: Simulator) -> None:
    waybill = steps.parcel(platform)
    steps.enter(page, "site")
    number = enter_by_hand(page, waybill, "没打电话就放了快递柜。")
    answer(page, "已取出送上门。")
    form = sheet(page, "客户认可")
    steps.fill(form, "text", "客户说可以了。")
    finish(page, form)
    steps.submit(steps.box(page, "close"))
    expect(page.locator("#close-root_cause-error")).to_have_text("请选择")
    expect(page.locator("#close-verified-error")).to_have_text("请勾选")
    form = page.locator("#box-close")
    steps.fill(form, "root_cause", "courier")
    form.locator("[name=verified]").check()
    steps.submit(form)
    expect(steps.state(page)).to_have_text("完结")
    expect(steps.posts(page).last).to_contain_text("根本原因：")
    assert enter_by_hand(page, waybill, "又放到快递柜去了！") == number
    expect(page.locator(".flash")).to_contain_text("记为重复投诉")
    expect(steps.state(page)).to_have_text(steps.IN_PROGRESS)


@pytest.mark.parametrize(("size", "scripting"), [("desktop", True)])
def test_the_keyboard_stands_in_an_opened_sheet_and_escape_leaves_it(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    menu = page.locator("details.more")
    menu.locator("summary").press("Enter")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(menu.locator("summary")).to_be_focused()
    form = sheet(page, "移交")
    expect(form.locator("select")).to_be_focused()
    steps.fill(form, "text", "只写了说明。")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#sheet-colleague-error")).to_be_visible()
    expect(page.locator("#sheet select")).to_be_focused()  # the field that is wrong
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_have_count(0)
