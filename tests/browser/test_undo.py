"""The seconds in which an answer can be taken back: on the ticket, and for a batch; nothing reaches the platform."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.browser.conftest import beside, running
from tests.browser.test_clerks_day import fill_answer

TEXT = "已联系客户，今天下午送到门口。"


@pytest.fixture(scope="module")
def portal(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal that holds answers longer than a test takes."""
    with running(tmp_path_factory.mktemp("holding"), UNDO_SECONDS="90") as address:
        yield address


@pytest.fixture(scope="module")
def platform(portal: str) -> Iterator[Simulator]:
    """Its platform."""
    with beside(portal) as simulator:
        yield simulator


@pytest.mark.usefixtures("size", "scripting")
def test_an_answer_is_taken_back_and_its_words_are_there_again(
    page: Page, platform: Simulator, scripting: bool
) -> None:
    code = steps.push(platform)
    steps.sign_in(page, "site")
    steps.find(page, code)
    steps.write_result(page, TEXT)
    steps.send(page)
    if scripting:
        expect(page.locator(".undobar [data-seconds]")).to_contain_text("s")
    page.locator(".undobar button").click()
    expect(steps.state(page)).not_to_have_text(steps.REPLIED)
    expect(page.locator("#result-text")).to_have_value(TEXT)
    expect(page.locator("#ticket .thread")).to_contain_text("发出前已撤回")
    assert not platform.ledger.orders[code].results


@pytest.mark.usefixtures("size", "scripting")
def test_a_batch_is_taken_back_whole(page: Page, platform: Simulator) -> None:
    for _n in range(3):
        steps.push(platform, category="DELAYED")
    steps.sign_in(page, "site")
    page.goto("/tickets?queue=to_accept&category=DELAYED")
    for box in page.locator(".rows .pick input").all()[:3]:
        box.check()
    page.locator("#batch button.main").click()
    fill_answer(page)
    page.locator("form.batch .btn.main").click()
    page.locator("form.batch .btn.main").click()
    expect(page.locator("td .chip.good")).to_have_count(3)
    page.locator("#undo-all button").click()
    expect(page.locator("td .chip.good", has_text="已撤回")).to_have_count(3)
