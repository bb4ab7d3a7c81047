"""What a complaint teaches: a rectification form there and back, and the analysis down to its tickets, at both sizes."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.steps import SITE


def test_a_province_asks_for_a_form_the_site_fills_it_in_and_it_is_accepted(page: Page, size: str) -> None:
    steps.enter(page, "lcs")
    page.goto("/rectifications")
    page.locator(".opener summary").click()
    page.locator("#organisation").fill(SITE)
    page.locator("#kind").select_option("other")
    page.locator("#reason").fill("连续两周同类投诉")
    page.locator(".opener .btn.main").click()
    expect(page).to_have_url(re.compile("done=asked"))
    form = page.url.split("?")[0]
    steps.enter(page, "site-manager")
    page.goto(form)
    page.locator("#cause").fill("没有提前联系客户")
    page.locator("#fill .btn.main").click()
    expect(page.locator("#measures-error")).to_be_visible()
    expect(page.locator("#cause")).to_have_value("没有提前联系客户")
    page.locator("#measures").fill("每天抽查")
    page.locator("#responsible").fill("张站长")
    page.locator("#responsible").press("Enter")
    expect(page).to_have_url(re.compile("done=filled"))
    steps.enter(page, "lcs")
    page.goto(form)
    page.locator("#decide .btn.main").click()
    expect(page.locator(".rectsheet .grade")).to_contain_text("已验收")


def test_a_number_of_the_analysis_leads_to_its_tickets(page: Page, size: str) -> None:
    steps.enter(page, "lcs")
    page.goto("/analysis")
    # the scheduler has counted the days right after the start of the portal, long before anybody gets here
    first = page.locator(".pareto a").first
    wanted = int(first.inner_text())
    first.click()
    expect(page).to_have_url(re.compile("/analysis/tickets"))
    expect(page.locator("tbody a.mono").nth(min(wanted, 50) - 1)).to_be_visible()  # more have come in since the count
