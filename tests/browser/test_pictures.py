"""Pictures in a browser: chosen, pasted and dropped with scripting, sent with the form without; the customer's link."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.pictures import photo

TEXT = "见照片，已与客户核对。"
FILE = {"name": "门口.jpg", "mimeType": "image/jpeg", "buffer": photo(400, 300)}
# a paste or a drop as the browser makes them: %s is the event, the file is the tray's first picture again
GIVE = """async (form) => {
  const blob = await (await fetch(form.querySelector(".tray img").src)).blob();
  const carried = new DataTransfer();
  carried.items.add(new File([blob], "x.jpg", { type: "image/jpeg" }));
  if (%(bad)s) carried.items.add(new File(["no picture"], "x.pdf", { type: "application/pdf" }));
  form.querySelector("textarea").dispatchEvent(%(event)s);
}"""
PASTE = 'new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true })'
DROP = 'new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true })'


def note(page: Page, platform: Simulator) -> Locator:
    """The form of an internal note on a new ticket."""
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    return steps.box(page, "note")


@pytest.mark.parametrize(("size", "scripting"), [("desktop", True), ("phone", True)])
@pytest.mark.usefixtures("size", "scripting")
def test_pictures_are_chosen_pasted_dropped_removed_and_posted(page: Page, platform: Simulator) -> None:
    form = note(page, platform)
    form.locator("input[type=file]").set_input_files([FILE, FILE])
    expect(form.locator(".count")).to_have_text("2/9")
    form.evaluate(GIVE % {"event": PASTE, "bad": "false"})
    expect(form.locator(".count")).to_have_text("3/9")
    form.evaluate(GIVE % {"event": DROP, "bad": "true"})
    expect(form.locator(".count")).to_have_text("4/9")
    expect(form.locator(".tray .error")).not_to_be_empty()
    form.locator(".remove").first.click()
    expect(form.locator(".count")).to_have_text("3/9")
    steps.fill(form, "text", TEXT)
    page.wait_for_timeout(500)  # the draft is written a moment after the typing
    page.reload()
    form = steps.box(page, "note")
    expect(form.locator(".count")).to_have_text("3/9")
    expect(form.locator("[name=text]")).to_have_value(TEXT)
    steps.submit(form)
    entry = steps.posts(page).filter(has_text=TEXT)
    expect(entry.locator(".pictures img")).to_have_count(3)
    expect(steps.box(page, "note").locator(".count")).to_have_text("0/9")
    entry.locator("[data-picture]").first.click()
    large = page.locator(".lightbox img")
    expect(large).to_be_visible()
    assert large.evaluate("image => image.decode().then(() => image.naturalWidth)") == 400
    page.keyboard.press("Escape")
    expect(large).to_have_count(0)


@pytest.mark.parametrize(("size", "scripting"), [("phone", False)])
@pytest.mark.usefixtures("size", "scripting")
def test_without_scripting_the_form_sends_its_pictures_and_a_tick_leaves_one_out(
    page: Page, platform: Simulator
) -> None:
    form = note(page, platform)
    form.locator("input[type=file]").set_input_files([FILE, FILE])
    steps.submit(form)  # without a text: refused, and the pictures are kept
    form = page.locator("#box-note")
    expect(form.locator("input[name=attachment]")).to_have_count(2)
    form.locator("input[name=attachment]").first.uncheck()
    steps.fill(form, "text", TEXT)
    steps.submit(form)
    expect(steps.posts(page).filter(has_text=TEXT).locator(".pictures img")).to_have_count(1)


@pytest.mark.parametrize(("size", "scripting"), [("desktop", True), ("phone", False)])
@pytest.mark.usefixtures("size", "scripting")
def test_a_telephone_complaint_is_answered_and_its_customer_says_not_solved(page: Page, platform: Simulator) -> None:
    steps.enter(page, "site")
    page.goto("/tickets/new")
    form = page.locator("form.sheetform")
    for name, value in {"waybill": steps.parcel(platform), "category": "LOCKER", "channel": "telephone",
                        "complainant_kind": "consignee", "text": "放在驿站没有通知"}.items():  # fmt: skip
        steps.fill(form, name, value)
    steps.submit(form)
    number, form = steps.number_of(page), steps.box(page, "result")
    steps.fill(form, "contact_outcome", "reached_accepts")
    steps.fill(form, "text", "已重新派送到门。")
    steps.submit(form)
    page.locator(".preview .btn[name=stay]").click()
    link = page.locator("#customerlink").input_value()
    assert re.fullmatch(r"http://[^/]+/r/[A-Za-z0-9_-]{43}", link)
    page.context.clear_cookies()
    page.goto(link)
    page.locator("#comment").fill("还是没有送来")
    page.locator("button[value=not_solved]").click()
    expect(page.locator("[role=status]")).to_be_visible()
    assert page.context.cookies() == []
    steps.enter(page, "site")
    page.goto(f"/tickets/{number}?{time.time_ns()}")
    expect(steps.posts(page).filter(has_text="还是没有送来")).to_be_visible()
    expect(steps.state(page)).to_have_text("客户申诉")
