"""Two people at one PC: the second one hands over to the first with a PIN, with scripting and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps

PIN = "80415"


def sign_in_over(page: Page, account: str) -> None:
    """Sign in on the page without forgetting the browser."""
    page.goto("/login")
    page.locator("#account").fill(account)
    page.locator("#password").fill(steps.PASSWORD)
    page.locator("#password").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)


@pytest.mark.usefixtures("size", "scripting")
def test_a_pin_hands_the_browser_over_to_a_colleague(page: Page) -> None:
    sign_in_over(page, "site-manager")
    page.goto("/account")
    page.locator("#pin_password").fill(steps.PASSWORD)
    page.locator("#pin").fill(PIN)
    page.locator("#pin_repeat").fill(PIN)
    page.locator("#pin_repeat").press("Enter")
    expect(page.locator(".flash.ok")).to_be_visible()
    page.goto("/switch")
    page.locator("input[name=keep] ~ button").click()
    sign_in_over(page, "site")
    page.goto("/switch")
    page.locator("label", has_text="王建国").locator("input").check()
    page.locator("input[name=pin]").fill("91827")
    page.locator(".switch .btn.main").click()
    expect(page.locator("#pin-error")).to_contain_text("PIN")
    page.wait_for_timeout(1100)  # the wait after a wrong one
    page.locator("input[name=pin]").fill(PIN)
    page.locator(".switch .btn.main").click()
    page.goto("/account")
    expect(page.locator("main")).to_contain_text("site-manager")
