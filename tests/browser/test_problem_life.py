"""A problem parcel from the look-up to its end: reported with a photo, answered, sent back, ruled on, accepted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps
from tests.browser.steps import REPLIED, box, finish, sheet, state, submit
from tests.pictures import photo

pytestmark = pytest.mark.usefixtures("size", "scripting")
OTHER = "330108-01"  # whose clerk is site-2

PHOTO = {"name": "破损.jpg", "mimeType": "image/jpeg", "buffer": photo(400, 300)}


def report(page: Page, waybill: str, site: str) -> str:
    """From the look-up to a report of damage; the ticket's number."""
    page.goto("/waybills")
    page.locator("#numbers").fill(f"单号：{waybill}。")
    page.locator("main form .btn.main").click()
    page.locator(".parcel .steps a", has_text="上报问题件").click()
    form = page.locator("#report")
    expect(form.locator("[name=waybill]")).to_have_value(waybill)
    for name, value in {
        "site": site, "courier": "张师傅", "field-packing": "内外均破损", "field-damage": "左上角压坏", "text": "到件时外箱压坏",
    }.items():  # fmt: skip
        steps.fill(form, name, value)
    form.locator("[name=file]").set_input_files(PHOTO)
    submit(form)
    return steps.number_of(page)


def reply(page: Page, number: str, text: str) -> None:
    """The handling site answers."""
    page.goto(f"/tickets/{number}")
    form = box(page, "result")
    steps.fill(form, "text", text)
    submit(form)
    expect(state(page)).to_have_text(REPLIED)


@pytest.mark.parametrize(("size", "scripting"), [("desktop", False), ("phone", True)])
def test_a_problem_parcel_is_reported_answered_sent_back_ruled_on_and_accepted(page: Page, platform: Simulator) -> None:
    steps.enter(page, "site")
    number = report(page, steps.parcel(platform), OTHER)
    expect(page.locator("#ticket .thread")).to_contain_text("左上角压坏")
    expect(page.locator("#ticket .thread img")).to_have_count(1)
    steps.enter(page, "site-2")
    page.goto("/problems?side=to_us&state=to_handle")
    expect(page.locator("tbody")).to_contain_text(number)
    reply(page, number, "中转时已加固，非我站造成。")
    steps.enter(page, "site")
    page.goto(f"/tickets/{number}")
    form = sheet(page, "退回答复")
    steps.fill(form, "text", "照片显示装车前已破损。")
    finish(page, form)
    form = sheet(page, "上报仲裁")
    steps.fill(form, "text", "请省区裁定。")
    finish(page, form)
    steps.enter(page, "lcs")
    page.goto(f"/tickets/{number}?sheet=rule_dispute")
    ruling = page.locator("#sheet")
    for share, percent in zip(ruling.locator("[name^=share-]").all(), ("100", "0"), strict=True):
        share.fill(percent)
    steps.fill(ruling, "text", "装车前已破损，处理网点负全责。")
    finish(page, ruling)
    steps.enter(page, "site-2")
    reply(page, number, "已赔付寄件人，包裹退回。")
    expect(state(page)).to_have_text(REPLIED)
    steps.enter(page, "site")
    page.goto(f"/tickets/{number}")
    finish(page, sheet(page, "认可答复"))
    expect(state(page)).to_have_text("完结")
