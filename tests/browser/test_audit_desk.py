"""The province's desk marks result after result by keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser import steps


def opened(page: Page) -> str:
    """The address of the audit on the screen, with its form."""
    expect(page.locator("#markform")).to_be_visible()
    return page.url.split("?")[0]


def test_results_are_marked_by_keyboard_and_the_next_one_opens(page: Page) -> None:
    steps.enter(page, "lcs")
    page.goto("/audit")
    if page.locator("[data-key=n]").count():
        page.keyboard.press("n")
    first = opened(page)
    page.keyboard.press("1")
    expect(page.locator(".flash.ok")).to_have_text(re.compile("属实"))
    second = opened(page)
    assert second != first
    page.keyboard.press("3")
    expect(page.locator("#reason-incomplete")).to_be_focused()
    page.keyboard.press("Enter")  # no reason was chosen: nothing is marked
    expect(page.locator(".flash.bad")).to_be_visible()
    expect(page.locator("#reason-incomplete")).to_be_visible()
    page.locator("#reason-incomplete").select_option("no_proof")
    page.locator("#reason-incomplete").press("Enter")
    expect(page.locator(".flash.ok")).to_have_text(re.compile("不完整"))
    assert opened(page) not in (first, second)
    page.goto("/audits?mark=incomplete")
    expect(page.locator("tbody tr").first).to_contain_text("缺少凭证")
