"""Headquarters rules on appeal after appeal: by keyboard alone, and by plain forms where there is no scripting."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.browser.conftest import SIZES
from tests.browser.hands import Hands

APPEALS = 10
ACTIONS_EACH, SECONDS_EACH = 2, 5.0  # the ruling's key, its words with Ctrl+Enter; the machine's part, typing in one go
WHY = "轨迹与签收照片一致，站点处理无误"
AXE = Axe()


def appealed(page: Page, platform: Simulator, n: int) -> None:
    """So many results that customers reject."""
    for _ in range(n):
        code = steps.push(platform)
        steps.enter(page, "site")
        steps.find(page, code)
        steps.write_result(page, "已派送到本人手中")
        steps.send(page)
        steps.tell(platform, code, "REJECT", "没有收到，请核查")


def opened(page: Page) -> str:
    """The number of the appeal on the screen, with its form."""
    expect(page.locator("#ruleform")).to_be_visible()
    return page.locator(".appealhead h1 .nowrap").inner_text()


def reach(page: Page, selector: str) -> None:
    """Tab on until that stands in the focus; the pointer stays away."""
    for _ in range(120):
        if page.evaluate("found => document.activeElement.matches(found)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


def rule_by_tab(page: Page) -> None:
    """Reject without a key of our own: Tab, arrows and Enter, as a browser without scripting has them."""
    reach(page, "#ruleform input[name=ruling]")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    reach(page, "#rule-text")
    page.keyboard.insert_text(WHY)
    reach(page, "#ruleform .btn.main")
    page.keyboard.press("Enter")


def rule_by_key(page: Page) -> None:
    """Reject with the keys of the stream."""
    page.keyboard.press("4")
    page.keyboard.insert_text(WHY)
    page.keyboard.press("Control+Enter")


def test_ten_appeals_are_ruled_on_by_keyboard_alone(
    page: Page, platform: Simulator, hands: Hands, scripting: bool
) -> None:
    appealed(page, platform, APPEALS)
    steps.enter(page, "ccs")
    page.goto("/appeals")
    hands.begin()
    if page.locator("[data-key=n]").count():  # none lies open yet
        if not scripting:
            reach(page, "[data-key=n]")
        page.keyboard.press("n" if scripting else "Enter")
    ruled = []
    for _ in range(APPEALS):
        number = opened(page)
        (rule_by_key if scripting else rule_by_tab)(page)
        expect(page.locator(f"[data-ruled='{number}']")).to_be_visible()
        ruled.append(number)
    assert hands.pointed == 0
    hands.told(f"{APPEALS} appeals", actions=APPEALS * ACTIONS_EACH + 1, seconds=APPEALS * SECONDS_EACH)
    assert len(set(ruled)) == APPEALS
    page.goto(f"/tickets/{ruled[0]}")
    expect(steps.state(page)).to_have_text(re.compile("完结"))


def test_an_earlier_reason_is_taken_by_keyboard_and_keys_do_nothing_while_one_types(
    page: Page, platform: Simulator
) -> None:
    appealed(page, platform, 2)
    steps.enter(page, "ccs")
    page.goto("/appeals")
    if page.locator("[data-key=n]").count():
        page.keyboard.press("n")
    first = opened(page)
    page.keyboard.press("4")
    page.keyboard.type("1nb5 站点无误")
    expect(page.locator("[name=ruling]:checked")).to_have_value("rejected_close")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"[data-ruled='{first}']")).to_be_visible()
    second = opened(page)
    page.keyboard.press("4")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#rule-text")).to_have_value("1nb5 站点无误")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"[data-ruled='{second}']")).to_be_visible()


def test_leaving_the_stream_gives_the_appeal_back(page: Page, platform: Simulator) -> None:
    appealed(page, platform, 1)
    steps.enter(page, "ccs")
    page.goto("/appeals")
    if page.locator("[data-key=n]").count():
        page.keyboard.press("n")
    opened(page)
    page.locator(".rail a[href='/tickets']").click()
    page.wait_for_url("**/tickets")
    page.goto("/appeals")
    expect(page.locator("[data-key=n]")).to_be_visible()


def test_one_ruling_by_form_with_and_without_scripting(
    page: Page, platform: Simulator, size: str, scripting: bool
) -> None:
    appealed(page, platform, 1)
    steps.enter(page, "ccs")
    page.goto("/appeals")
    if page.locator("[data-key=n]").count():
        page.locator("[data-key=n]").click()
    number = opened(page)
    page.locator("[name=ruling][value=rejected_close]").check()
    page.locator("#rule-text").fill(WHY)
    bar = page.locator("#rulebar").bounding_box()
    assert bar is not None and bar["height"] < 0.35 * SIZES[size]["height"]  # what is ruled on stays in sight
    page.locator("#ruleform .btn.main").click()
    expect(page.locator(f"[data-ruled='{number}']")).to_be_visible()


def test_axe_objects_to_nothing(page: Page, platform: Simulator, size: str) -> None:
    appealed(page, platform, 1)
    steps.enter(page, "ccs")
    page.goto("/appeals")
    if page.locator("[data-key=n]").count():
        page.locator("[data-key=n]").click()
    opened(page)
    for leave in (False, True):
        if leave:
            page.locator("[data-key=b]").click()
            expect(page.locator("[data-key=n]")).to_be_visible()
        found = AXE.run(page).response["violations"]
        assert not found, [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
