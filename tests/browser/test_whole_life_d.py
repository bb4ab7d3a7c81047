"""What headquarters does for many tickets at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps

CORNERS = pytest.mark.parametrize(("size", "scripting"), [("desktop", False), ("phone", True)])
pytestmark = pytest.mark.usefixtures("size", "scripting")
QUIET_PROVINCE = "44"  # no other test asks for exemptions there


@CORNERS
def test_headquarters_opens_an_incident_over_several_provinces(page: Page, platform: Simulator) -> None:
    codes = [steps.push(platform, category="DELAYED"), steps.push(platform, category="DELAYED", site="440305-01")]
    steps.enter(page, "ccs")
    numbers = [steps.find(page, code) for code in codes]
    page.goto("/incidents")
    opener = page.locator("details.opener")
    if opener.get_attribute("open") is None:
        opener.locator("summary").click()
    form = opener.locator("form")
    steps.submit(form)
    expect(form.locator(".error").first).to_be_visible()
    steps.fill(form, "title", f"台风 {numbers[0]}")
    steps.fill(form, "kind", "weather")
    steps.submit(form)
    adding = page.locator("form[action*='/add#']")
    steps.fill(adding, "words", " ".join(numbers))
    adding.locator("button").click()
    expect(page.locator("#tickets tbody tr")).to_have_count(2)
    for account in ("lcs", "lcs-2"):  # each province finds it, with its own tickets alone
        steps.enter(page, account)
        page.goto("/incidents")
        page.locator("main tbody tr", has_text=numbers[0]).locator("a").first.click()
        expect(page.locator("#tickets tbody tr")).to_have_count(1)


@CORNERS
def test_an_area_is_left_out_only_when_a_second_manager_of_headquarters_grants_it(page: Page, size: str) -> None:
    now = datetime.now(steps.SHANGHAI)
    facts = f"台风蓝色预警，{size}，全省停运"
    steps.enter(page, "ccs")
    page.goto("/exemptions/area")
    form = page.locator("form.sheetform")
    steps.fill(form, "area", QUIET_PROVINCE)
    steps.fill(form, "reason", "force_majeure")
    steps.fill(form, "from_at", (now - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"))
    steps.fill(form, "until_at", (now - timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"))
    steps.fill(form, "facts", facts)
    steps.submit(form)
    expect(form.locator(".error").first).to_be_visible()
    expect(form.locator("[name=facts]")).to_have_value(facts)
    steps.fill(form, "until_at", (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"))
    steps.submit(form)
    card = page.locator(".card", has_text=facts)
    expect(card).to_be_visible()
    expect(card.locator("button[value=grant]")).to_have_count(0)  # nobody grants what he asked for
    steps.enter(page, "ccs-manager")
    page.goto("/exemptions?state=asked")
    card.locator("button[value=grant]").click()
    expect(card).to_contain_text("已同意")
