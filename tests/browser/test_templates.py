"""Templates in a browser: by a slash and by the menu with scripting, by the menu without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps


@pytest.fixture
def ticket(page: Page, platform: Simulator) -> Page:
    """A fresh ticket of the site's clerk."""
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    return page


@pytest.mark.usefixtures("size", "scripting")
def test_the_menu_puts_a_filled_template_into_the_text(ticket: Page) -> None:
    ticket.locator("#result-text").fill("已联系。")
    ticket.locator("#result-template").select_option(index=1)
    ticket.locator("#box-result [data-insert]").click()
    expect(ticket.locator("#result-text")).to_have_value(re.compile(r"^已联系。\s*[^{]{20,}$"))


@pytest.mark.usefixtures("size")
def test_a_slash_opens_the_list_and_the_keys_choose(ticket: Page) -> None:
    text = ticket.locator("#result-text")
    text.click()
    ticket.keyboard.type("1/2 ")  # no word begins with this one
    expect(ticket.locator(".slashlist")).to_have_count(0)
    ticket.keyboard.type("/")
    expect(ticket.locator(".slashlist [role=option][aria-selected=true]")).to_have_count(1)
    first = text.get_attribute("aria-activedescendant")
    ticket.keyboard.press("ArrowDown")
    assert text.get_attribute("aria-activedescendant") != first
    ticket.keyboard.press("Escape")
    expect(ticket.locator(".slashlist")).to_have_count(0)
    ticket.keyboard.press("Backspace")
    ticket.keyboard.type("/签收")
    ticket.keyboard.press("Enter")
    expect(text).to_have_value(re.compile(r"^1/2 [^{/]{20,}$"))
    expect(text).to_be_focused()


@pytest.mark.usefixtures("scripting")
def test_a_template_of_ones_own_is_kept_and_offered(page: Page, platform: Simulator, scripting: bool) -> None:
    title = f"自用话术{'一' if scripting else '二'}"
    steps.enter(page, "site")
    page.goto("/templates/new")
    page.locator("#template-title").fill(title)
    page.locator("#template-text").fill("{{客户}}您好，{{运单号}} 马上送到。")
    page.locator(".sheetform .btn.main").click()
    expect(page.locator(".card", has_text=title)).to_be_visible()
    steps.find(page, steps.push(platform))
    expect(page.locator("#result-template option", has_text=title)).to_have_count(1)
