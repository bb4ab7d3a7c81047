"""A clerk looks for words and for a parcel, with the keyboard alone and without scripting, on a desk and on a phone."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps


def test_words_and_numbers_lead_to_the_ticket(page: Page, platform: Simulator, size: str, scripting: bool) -> None:
    tag = f"Q{time.time_ns() % 10**10}"
    code = steps.push(platform)
    steps.tell(platform, code, "URGE", f"外包装破损，{tag} 玻璃碎了一地")
    steps.enter(page, "site")
    page.goto("/tickets?queue=all")
    if scripting:
        page.keyboard.press("/")
        expect(page.locator("#search")).to_be_focused()
        page.keyboard.type(f"玻璃 {tag}")
    else:
        page.locator("#search").fill(f"玻璃 {tag}")
    page.locator("#search").press("Enter")
    expect(page).to_have_url(re.compile(r"queue=all.*q=|q=.*queue=all"))
    rows = page.locator(".rows a.row")
    expect(rows).to_have_count(1)
    expect(rows.locator("mark")).to_have_text([tag, "玻璃"])
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    rows.click()
    number = steps.number_of(page)
    assert steps.find(page, code) == number  # the platform's code opens it at once


def test_nothing_found_says_what_to_try(page: Page, size: str) -> None:
    steps.enter(page, "site")
    page.goto("/tickets?q=破&category=LOST")
    expect(page.locator(".nothing")).to_contain_text("至少输入两个字")
    page.goto("/tickets?q=绝无此词&category=LOST")
    expect(page.locator(".nothing")).to_contain_text("绝无此词")
    page.locator(".nothing a.btn").click()
    expect(page).not_to_have_url(re.compile("category"))
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
