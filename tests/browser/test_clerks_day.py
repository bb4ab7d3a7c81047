"""The clerk's day counted in actions: a click, a key that does something, the filling of one form."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.pictures import photo

TEXT = "已联系客户，今天下午送到门口。"
PHOTO = {"name": "门口.jpg", "mimeType": "image/jpeg", "buffer": photo(400, 300)}


class Actions:
    """Counts what a clerk does, and the seconds; filling one form and asking for its preview is one action."""

    def __init__(self) -> None:
        self.n, self.began = 0, time.monotonic()

    def did(self) -> None:
        """One more."""
        self.n += 1

    def told(self, what: str, request: pytest.FixtureRequest, most: float) -> None:
        """Print what it took (`pytest -s` shows it); more than `most` seconds are too many."""
        seconds = time.monotonic() - self.began
        print(f"\n{what} [{request.node.callspec.id}]: {self.n} actions, {seconds:.1f} s")
        assert seconds <= most


@pytest.fixture
def page(page: Page, platform: Simulator) -> Page:
    """The queue of the site's clerk with two fresh tickets in it."""
    steps.push(platform)
    steps.push(platform)
    steps.enter(page, "site")
    page.goto("/tickets?queue=to_accept")
    return page


@pytest.mark.usefixtures("size", "scripting")
def test_a_ticket_is_answered_in_three_actions_and_the_next_one_is_open(
    page: Page, request: pytest.FixtureRequest
) -> None:  # fmt: skip
    done = Actions()
    page.locator(".rows a.row").first.click()
    done.did()
    number = steps.number_of(page)
    steps.write_result(page, TEXT)
    done.did()
    page.locator(".preview .btn.main").click()
    done.did()
    expect(page.locator(".sentnote")).to_contain_text(number)
    assert steps.number_of(page) != number
    assert done.n <= 3
    done.told("one ticket answered", request, 30)
    page.locator(".sentnote a").click()
    expect(steps.state(page)).to_have_text(steps.REPLIED)


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
def test_thirty_tickets_are_answered_in_six_actions(
    page: Page, platform: Simulator, request: pytest.FixtureRequest
) -> None:  # fmt: skip
    for _n in range(30):
        steps.push(platform, category="DELAYED")
    page.goto("/tickets?queue=to_accept&category=DELAYED")
    done = Actions()
    tick_thirty(page)
    done.did()
    expect(page.locator("#batch")).to_be_visible()
    assert page.locator(".rows .pick input:checked").count() >= 30
    page.locator("#batch button.main").click()
    done.did()
    fill_answer(page)
    page.locator("form.batch .btn.main").click()
    done.did()
    expect(page.locator("td.leaves").first).to_contain_text(TEXT)
    assert page.locator("td.leaves", has_text=TEXT).count() >= 30
    assert page.locator("td.leaves", has_text="{{").count() == 0
    page.locator("form.batch .btn.main").click()
    done.did()
    expect(page.locator(".flash.ok")).to_contain_text(re.compile(r"\d+"))
    assert page.locator("td .chip.good").count() >= 30
    assert done.n <= 6
    done.told("thirty tickets answered", request, 120)


@pytest.mark.parametrize(("size", "scripting"), [("phone", True), ("phone", False)])
@pytest.mark.usefixtures("size", "scripting")
def test_on_a_phone_a_clerk_answers_with_a_photo(page: Page, request: pytest.FixtureRequest) -> None:
    done = Actions()
    page.locator(".rows a.row").first.tap()
    done.did()
    form = page.locator("#box-result")
    form.locator("input[type=file]").set_input_files(PHOTO)
    if request.node.callspec.params["scripting"]:
        expect(form.locator(".count")).to_have_text("1/9")
    done.did()
    steps.write_result(page, TEXT)
    done.did()
    expect(page.locator(".preview .pictures img")).to_have_count(1)
    page.locator(".preview .btn[name=stay]").tap()
    done.did()
    expect(steps.posts(page).filter(has_text=TEXT).locator(".pictures img")).to_have_count(1)
    assert done.n <= 4
    done.told("answered with a photo", request, 30)
