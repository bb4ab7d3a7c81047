"""What somebody typed is never lost: a reload, a sign-out, another device, two browsers at once, a lost line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.browser.conftest import SIZES

ONE, TWO = "甲在电脑上写的话。", "乙在手机上写的话。"


@pytest.fixture
def other(browser: Browser, portal: str, scripting: bool) -> Iterator[BrowserContext]:
    """A second device of whoever uses it."""
    context = browser.new_context(base_url=portal, viewport=SIZES["phone"], java_script_enabled=scripting)  # type: ignore[arg-type]
    yield context
    context.close()


def typed(page: Page, text: str, scripting: bool) -> None:
    """Type into the result and wait until it is saved; without scripting the button saves."""
    page.locator("#result-text").fill(text)
    if not scripting:
        with page.expect_navigation():  # a page on its way would meet the reload that follows
            page.locator("#box-result button[formaction$='/draft']").click()
        return
    expect(page.locator("#box-result [data-draft-state]")).not_to_be_empty()


def test_a_draft_is_there_after_a_sign_out_and_on_another_device(
    page: Page, platform: Simulator, other: BrowserContext, scripting: bool
) -> None:
    code = steps.push(platform)
    steps.sign_in(page, "site")
    number = steps.find(page, code)
    typed(page, ONE, scripting)
    page.locator(".rail form[action='/logout'] button").click()
    second = other.new_page()
    steps.sign_in(second, "site")
    second.goto(f"/tickets/{number}")
    expect(second.locator("#result-text")).to_have_value(ONE)
    expect(second.locator("#box-result .draftbar")).to_be_visible()


def test_two_browsers_on_one_ticket_never_lose_a_word(
    page: Page, platform: Simulator, other: BrowserContext, scripting: bool
) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    number = steps.find(page, code)
    second = other.new_page()
    steps.enter(second, "site")
    second.goto(f"/tickets/{number}")
    typed(page, ONE, scripting)
    typed(second, TWO, scripting)
    bar = second.locator("[data-clash]")
    expect(bar).to_contain_text(ONE)
    expect(second.locator("#result-text")).to_have_value(TWO)
    if scripting:
        bar.locator("[data-take=both]").click()
        expect(second.locator("#result-text")).to_have_value(f"{ONE}\n{TWO}")
        expect(second.locator("#box-result [data-draft-state]")).to_have_text("草稿已存")
    else:
        typed(second, f"{ONE}\n{TWO}", scripting)
    page.reload()
    expect(page.locator("#result-text")).to_have_value(f"{ONE}\n{TWO}")


def test_a_lost_line_keeps_the_words_here_and_saves_them_when_it_is_back(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    page.context.set_offline(True)
    page.locator("#result-text").fill(ONE)
    expect(page.locator("#box-result [data-draft-state]")).to_contain_text("本机")
    page.context.set_offline(False)
    expect(page.locator("#box-result [data-draft-state]")).to_have_text("草稿已存", timeout=12_000)
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.locator("#result-text")).to_have_value(ONE)


def test_a_sheet_is_there_after_a_sign_out_on_another_device_and_gone_when_it_was_sent(
    page: Page, platform: Simulator, other: BrowserContext, scripting: bool
) -> None:
    code = steps.push(platform)
    steps.sign_in(page, "site")
    number = steps.find(page, code)
    page.goto(f"/tickets/{number}?sheet=return")
    page.locator("#sheet-text").fill(ONE)
    if scripting:
        expect(page.locator("#sheet [data-draft-state]")).to_have_text("草稿已存")
    else:
        page.locator("#sheet button[formaction$='/draft']").click()
    page.locator(".rail form[action='/logout'] button").click()
    second = other.new_page()
    steps.sign_in(second, "site")
    second.goto(f"/tickets/{number}")
    second.locator("details.more summary").click()
    expect(second.locator("details.more .chip.ask")).to_have_count(1)
    second.goto(f"/tickets/{number}?sheet=return")
    expect(second.locator("#sheet-text")).to_have_value(ONE)
    second.locator("#sheet-reason").select_option("outside_area")
    second.locator("#sheet .foot .btn.danger").click()
    expect(second.locator("#sheet")).to_have_count(0)
    second.goto(f"/tickets/{number}")
    expect(second.locator(".chip.ask", has_text="草稿")).to_have_count(0)


def test_a_lost_line_keeps_a_sheets_words_here_and_saves_them_when_it_is_back(page: Page, platform: Simulator) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    number = steps.find(page, code)
    page.goto(f"/tickets/{number}?sheet=ask_exemption")
    page.context.set_offline(True)
    page.locator("#sheet-text").fill(ONE)
    expect(page.locator("#sheet [data-draft-state]")).to_contain_text("本机")
    page.context.set_offline(False)
    expect(page.locator("#sheet [data-draft-state]")).to_have_text("草稿已存", timeout=12_000)
    page.evaluate("localStorage.clear()")
    page.reload()
    expect(page.locator("#sheet-text")).to_have_value(ONE)


def saved(page: Page, form: Locator, scripting: bool) -> None:
    """Wait until the form's draft is saved; without scripting its button saves."""
    if scripting:
        expect(form.locator("[data-draft-state]")).to_have_text("草稿已存")
    else:
        with page.expect_navigation():
            form.locator("button[formaction^='/drafts/']", has_text="存草稿").click()
        expect(page.locator(".draftbar")).to_be_visible()


def test_a_ticket_by_hand_is_there_after_a_sign_out_on_another_device_and_gone_when_it_was_opened(
    page: Page, platform: Simulator, other: BrowserContext, scripting: bool
) -> None:
    steps.sign_in(page, "site")
    page.goto("/tickets/new")
    form = page.locator("form.sheetform")
    form.locator("#text").fill(ONE)
    form.locator("#category").select_option("LOST")
    saved(page, form, scripting)
    page.locator(".rail form[action='/logout'] button").click()
    second = other.new_page()
    steps.sign_in(second, "site")
    second.goto("/tickets/new")
    expect(second.locator("#text")).to_have_value(ONE)
    second.locator("#name").fill("王芳")
    second.locator("#name").press("Enter")  # sends the form; it does not throw the draft away
    expect(second).not_to_have_url(re.compile("/new"))
    second.goto("/tickets/new")
    expect(second.locator("#text")).to_have_value("")
    expect(second.locator(".draftbar")).to_have_count(0)


def test_enter_in_a_line_of_a_restored_reply_sends_it_and_throws_nothing_away(
    page: Page, platform: Simulator, scripting: bool
) -> None:
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    typed(page, ONE, scripting)
    page.reload()
    expect(page.locator("#box-result .draftbar")).to_be_visible()
    page.locator("#box-result [name=finding_signed_by]").press("Enter")
    expect(page.locator("#box-result .error").first).to_be_visible()  # sent, and refused for what is not filled in
    expect(page.locator("#result-text")).to_have_value(ONE)


def test_two_browsers_on_one_question_never_lose_a_word_and_a_lost_line_neither(
    page: Page, platform: Simulator, other: BrowserContext, scripting: bool
) -> None:
    steps.enter(page, "site-manager")
    page.goto("/tickets/ask")
    second = other.new_page()
    steps.enter(second, "site-manager")
    second.goto("/tickets/ask")
    if not scripting:
        page.locator("#text").fill(ONE)
        saved(page, page.locator("form.sheetform"), scripting)
        second.locator("#text").fill(TWO)
        second.locator("button[formaction='/drafts/ask']").click()
        expect(second.locator("main .said")).to_have_text([ONE, TWO])
        second.get_by_role("button", name="用我这一份").click()
        expect(second.locator("#text")).to_have_value(TWO)
        return
    page.locator("#text").fill(ONE)
    saved(page, page.locator("form.sheetform"), scripting)
    second.locator("#text").fill(TWO)
    bar = second.locator("[data-clash]")
    expect(bar).to_contain_text(ONE)
    bar.locator("[data-take=both]").click()
    expect(second.locator("#text")).to_have_value(f"{ONE}\n{TWO}")
    saved(second, second.locator("form.sheetform"), scripting)
    other.set_offline(True)
    second.locator("#text").fill(TWO)
    expect(second.locator("[data-draft-state]")).to_contain_text("本机")
    other.set_offline(False)
    expect(second.locator("[data-draft-state]")).to_have_text("草稿已存", timeout=12_000)
    page.reload()
    expect(page.locator("#text")).to_have_value(TWO)
    page.locator(".draftbar button").click()
    expect(page.locator("#text")).to_have_value("")


def test_the_ticks_of_a_contest_of_several_stay_with_its_words(page: Page, scripting: bool) -> None:
    steps.enter(page, "site-manager")
    page.goto("/penalties/contest-several")
    boxes = page.locator("main input[name=penalty]")
    assert boxes.count() > 2
    if scripting:
        page.locator("[data-tick-all]").click()
        boxes.first.uncheck()
    else:
        expect(page.locator("[data-tick-all]")).to_be_hidden()
        for box in boxes.all()[1:]:
            box.check()
    page.locator("#text").fill(ONE)
    saved(page, page.locator("form.sheetform"), scripting)
    page.reload()
    expect(page.locator("#text")).to_have_value(ONE)
    assert [box.is_checked() for box in boxes.all()] == [False, *[True] * (boxes.count() - 1)]
    page.locator(".draftbar button").click()
    expect(page.locator("#text")).to_have_value("")
