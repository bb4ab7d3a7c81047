"""The clerk's day counted in actions (`hands` says what one is) and in seconds."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.browser.hands import Hands
from tests.pictures import photo

TEXT = "已联系客户，今天下午送到门口。"
PHOTO = {"name": "门口.jpg", "mimeType": "image/jpeg", "buffer": photo(400, 300)}


@pytest.fixture
def page(page: Page, platform: Simulator) -> Page:
    """The queue of the site's clerk with two fresh tickets in it."""
    steps.push(platform)
    steps.push(platform)
    steps.enter(page, "site")
    page.goto("/tickets?queue=to_accept")
    return page


@pytest.mark.usefixtures("size", "scripting")
def test_a_ticket_is_answered_in_three_actions_and_the_next_one_is_open(page: Page, hands: Hands) -> None:
    hands.begin()
    page.locator(".rows a.row").first.click()
    number = steps.number_of(page)
    steps.fill_result(page.locator("#box-result"), TEXT)
    page.locator(".preview .btn.main").click()
    expect(page.locator(".sentnote")).to_contain_text(number)
    assert steps.number_of(page) != number
    hands.told("one ticket answered", actions=3, seconds=30)
    page.locator(".sentnote a").click()
    expect(steps.state(page)).to_have_text(steps.REPLIED)


def test_one_press_more_on_the_way_is_counted_whoever_does_it(page: Page, hands: Hands) -> None:
    hands.begin()
    page.locator(".rows a.row").first.click()
    steps.number_of(page)
    steps.write_result(page, TEXT)  # this helper presses the tab first, which nobody needs
    page.locator(".preview .btn.main").click()
    expect(page.locator(".sentnote")).to_be_visible()
    page.keyboard.press("Tab")  # moves, does nothing
    assert hands.n == 4
    with pytest.raises(AssertionError, match="4 actions"):
        hands.told("one ticket with a press more", actions=3, seconds=30)
    with pytest.raises(AssertionError, match="at most 0"):
        hands.told("one ticket at once", actions=4, seconds=0)


@pytest.mark.usefixtures("size", "scripting")
def test_the_second_button_stays(page: Page) -> None:
    page.locator(".rows a.row").first.click()
    number = steps.number_of(page)
    steps.write_result(page, TEXT)
    steps.send(page)
    assert steps.number_of(page) == number


@pytest.mark.usefixtures("size")
def test_the_heads_of_the_bands_stay_in_sight(page: Page) -> None:
    head = page.locator(".rows .band").first
    expect(head).to_contain_text(re.compile(r"\d"))
    assert head.evaluate("found => getComputedStyle(found).position") == "sticky"


def tick_thirty(page: Page) -> None:
    """Tick the band in which the thirty lie, whatever the time of day."""
    bands = ("late", "soon", "today", "later")
    fullest = max(bands, key=lambda band: page.locator(f".rows [data-band={band}]").count())
    page.locator(f"[data-tick={fullest}]").click()


def fill_answer(page: Page) -> None:
    """Fill in the one answer for all, with what its platforms demand."""
    form = page.locator("form.batch")
    form.wait_for()  # what is counted below is not waited for
    for select in form.locator("select[name^=answer]").all():
        offered = select.locator("option").evaluate_all("found => found.map(one => one.value)")
        answer = next(value for value in steps.ANSWERS if value in offered)
        select.select_option(answer)
        for name, value in steps.ANSWERS[answer].items():
            for demanded in form.locator(f"[name^=supplement-][name$=-{name}]").all():
                if demanded.evaluate("found => found.tagName") == "SELECT":
                    demanded.select_option(value)
                else:
                    demanded.fill(value)
    steps.fill(form, "contact_outcome", "reached_accepts")
    steps.fill(form, "action_taken", "explained")
    steps.fill(form, "text", "{{运单号}}：" + TEXT)


@pytest.mark.usefixtures("size", "scripting")
def test_thirty_tickets_are_answered_in_six_actions(page: Page, platform: Simulator, hands: Hands) -> None:
    for _n in range(30):
        steps.push(platform, category="DELAYED")
    page.goto("/tickets?queue=to_accept&category=DELAYED")
    hands.begin()
    tick_thirty(page)
    expect(page.locator("#batch")).to_be_visible()
    assert page.locator(".rows .pick input:checked").count() >= 30
    page.locator("#batch button.main").click()
    fill_answer(page)
    page.locator("form.batch .btn.main").click()
    expect(page.locator("td.leaves").first).to_contain_text(TEXT)
    assert page.locator("td.leaves", has_text=TEXT).count() >= 30
    assert page.locator("td.leaves", has_text="{{").count() == 0
    page.locator("form.batch .btn.main").click()
    expect(page.locator(".flash.ok")).to_contain_text(re.compile(r"\d+"))
    assert page.locator("td .chip.good").count() >= 30
    hands.told("thirty tickets answered", actions=6, seconds=120)


@pytest.mark.parametrize(("size", "scripting"), [("phone", True), ("phone", False)])
@pytest.mark.usefixtures("size")
def test_on_a_phone_a_clerk_answers_with_a_photo(page: Page, hands: Hands, scripting: bool) -> None:
    hands.begin()
    page.locator(".rows a.row").first.tap()
    form = page.locator("#box-result")
    form.locator("input[type=file]").set_input_files(PHOTO)
    if scripting:
        expect(form.locator(".count")).to_have_text("1/9")
    steps.fill_result(form, TEXT)
    expect(page.locator(".preview .pictures img")).to_have_count(1)
    page.locator(".preview .btn[name=stay]").tap()
    expect(steps.posts(page).filter(has_text=TEXT).locator(".pictures img")).to_have_count(1)
    hands.told("answered with a photo", actions=4, seconds=30)  # a camera is a press of its own, and another to take it
