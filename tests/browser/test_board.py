"""The province board in the browser: twenty sites urged in at most three actions, ticks that stay, one press to help."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from simulator import complaints
from simulator.server import Simulator
from tests.browser import steps
from tests.browser.hands import Hands

SITES = (
    "330102-02", "330105-02", "330108-02", "330109-02", "330110-02", "330206-02", "330212-02", "330281-02", "330302-02",
    "330382-02", "330483-02", "330603-02", "330782-02", "330784-02", "330109-01", "330110-01", "330203-01", "330205-01",
    "330303-01", "330402-01",
)  # fmt: skip
ACTIONS, SECONDS = 3, 20.0


@pytest.fixture
def pressing(platform: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh ticket at each of twenty sites whose platform waits no longer than 24 minutes, at any hour of the day."""
    monkeypatch.setattr(complaints, "TASK_HOURS", 0.4)
    for code in SITES:
        steps.push(platform, site=code)


@pytest.mark.usefixtures("size", "scripting", "pressing")
def test_twenty_sites_are_urged_in_three_actions(page: Page, hands: Hands) -> None:
    steps.enter(page, "lcs")
    page.goto("/board")
    hands.begin()
    page.locator("[data-tick-sites]").click()
    expect(page.locator("#board-live input[name=site]").last).to_be_checked()
    assert page.locator("#board-live input[name=site]:checked").count() >= len(SITES)
    page.locator("#urge .btn.main").click()
    expect(page.locator(".flash.ok")).to_contain_text(re.compile(r"已催办 \d+ 个站点"))
    hands.told("sites urged", actions=ACTIONS, seconds=SECONDS)
    urged = page.locator("tr[data-site]").filter(has=page.locator(".chip.good"))
    assert urged.count() >= len(SITES)
    assert urged.locator("input:checked").count() == 0
    left = page.locator("tr[data-site]").filter(has=page.locator(".outcome.late"))
    assert left.locator("input:checked").count() == left.count()
    wide, screen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= screen


def test_ticks_and_places_stay_when_the_numbers_are_renewed(page: Page, platform: Simulator) -> None:
    steps.enter(page, "lcs")
    page.goto("/board?sort=open&show=all")
    rows = page.locator("tr[data-site]")
    before = rows.evaluate_all("all => all.map(tr => tr.dataset.site)")
    last = rows.nth(len(before) - 1)
    last.locator("input").check()
    last.locator("input").focus()
    code = before[-1]
    steps.push(platform, site=code)
    steps.push(platform, site=code)
    page.evaluate("htmx.ajax('GET', document.querySelector('#board-poll').getAttribute('hx-get'), '#board-poll')")
    expect(page.locator(f"tr[data-site='{code}'] td.n").nth(4)).to_have_text("2")
    assert rows.evaluate_all("all => all.map(tr => tr.dataset.site)") == before  # nothing jumps
    expect(page.locator("input[name=site]:checked")).to_have_value(code)
    expect(page.locator(f"tr[data-site='{code}'] input")).to_be_focused()
    expect(page.locator(".ticked")).to_have_text("已勾选 1 个站点")
    page.locator(".resort").click()
    assert rows.evaluate_all("all => all.map(tr => tr.dataset.site)") != before


@pytest.mark.usefixtures("size", "scripting")
def test_a_cell_leads_to_its_list_and_one_press_to_the_ticket_to_act_in(page: Page, platform: Simulator) -> None:
    steps.push(platform, site="330402-01")
    steps.enter(page, "lcs")
    page.goto("/board?q=330402-01")
    cell = page.locator("tr[data-site='330402-01'] td.n").nth(4)
    n = int(cell.inner_text())
    cell.locator("a").click()
    expect(page.locator(".find .only")).to_contain_text("全部未结")
    assert page.locator(".rows a.row").count() == n
    page.goto("/board?q=330402-01")
    page.locator("tr[data-site='330402-01'] .acts a").first.click()
    expect(page.locator("#sheet")).to_be_visible()
    page.locator("#sheet .btn.main").click()
    expect(page.locator("#ticket")).to_contain_text("正在代站点处理")


def test_a_colleague_helps_a_site_and_finds_its_work(page: Page, platform: Simulator) -> None:
    steps.push(platform, site="330303-01")
    steps.enter(page, "lcs")
    page.goto("/board?q=330303-01")
    page.locator("tr[data-site='330303-01'] .acts a").last.click()
    page.locator("#helper-colleague").select_option(label="李梅")
    page.locator("#helper-until").fill((datetime.now(steps.SHANGHAI) + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"))
    page.locator("form[action$='/helper'] .btn.main").click()
    expect(page.locator("tr[data-site='330303-01'] .chip.info")).to_contain_text("我协助至")
    page.goto("/tickets?queue=all&owner=helped")
    expect(page.locator(".rows a.row").first).to_be_visible()
    page.goto("/board/330303-01/helper")
    page.locator("form[action$='/end'] .btn").click()
    expect(page.locator("tr[data-site='330303-01'] .chip.info")).to_have_count(0)


def test_what_the_desk_has_to_rule_on_and_who_asks_for_help_is_one_press_away(page: Page) -> None:
    steps.enter(page, "lcs")
    page.goto("/board")
    card = page.locator(".boardcard", has_text="误派退回")
    card.locator("li a").first.click()
    expect(page.locator("#sheet")).to_be_visible()
    page.goto("/board")
    page.locator(".boardcard", has_text="求助").locator("li a").first.click()
    expect(page.locator("#ticket")).to_contain_text("站点申请协助")
    page.goto("/board")
    page.locator(".boardcard", has_text="待分派").locator("h2 a").click()
    expect(page.locator(".rows a.row").first).to_be_visible()
