"""A ticket of the platform that is asked, answered and sent back; and a message out of the quarantine."""

from __future__ import annotations

import json
import re
import time

import pytest
from playwright.sync_api import Page, expect

from simulator.protocol import URGE, encode
from simulator.server import Simulator
from tests.browser import steps

PATIENCE = 60  # seconds until the scheduler has asked the platform


def found(page: Page, words: str) -> bool:
    """Whether the search opens or lists something."""
    page.goto(f"/tickets?q={words}")
    return page.locator("#ticket > header h1").count() > 0


def wait_for(page: Page, words: str) -> str:
    """Search until the ticket is there; its number."""
    end = time.monotonic() + PATIENCE
    while not found(page, words):
        assert time.monotonic() < end, "the platform's ticket never came"
        time.sleep(1)
    return steps.number_of(page)


@pytest.mark.parametrize("size", ["desktop"])
@pytest.mark.usefixtures("size")
def test_an_answer_that_the_platform_sends_back_is_round_two(page: Page, platform: Simulator) -> None:
    ticket = platform.pdd.issue(site=steps.SITE, category="FALSE_SIGN")
    steps.enter(page, "ccs")
    number = wait_for(page, str(ticket))
    platform.pdd.tickets.retreat(ticket, "消费者反馈仍未收到，请重新核实")
    end = time.monotonic() + PATIENCE
    chip = page.get_by_text("平台第 2 轮")
    while not chip.count():
        assert time.monotonic() < end, "what the platform sent back never came"
        time.sleep(1)
        page.goto(f"/tickets/{number}")
    expect(page.locator(".post.red").filter(has_text="平台退回答复")).to_contain_text("消费者反馈仍未收到")


@pytest.mark.parametrize("size", ["desktop", "phone"], indirect=True)
def test_a_message_that_no_map_fits_is_mended_and_read_once_more(page: Page, platform: Simulator, size: str) -> None:
    code, kind = steps.push(platform), f"WORK_ORDER_NUDGE_{size.upper()}"
    body = json.loads(encode({"work_order_code": code, "event_id": "N1", "description": "请快一点"}))
    body["event_time"] = time.strftime("%Y-%m-%d %H:%M:%S")
    assert not platform.pusher.link.send(kind, encode(body)).success
    steps.enter(page, "admin")
    page.goto("/admin/messages?state=quarantined&connection=demo")
    page.locator("table td a").first.click()
    expect(page.locator(".askbar")).to_contain_text("消息类型不在映射中")
    path = page.url
    page.locator(".askbar a").click()
    page.locator("#message_map").fill(f"{kind} = {URGE}")
    page.locator("form.wiremaps button.main").click()
    expect(page.locator(".flash.ok")).to_be_visible()
    page.goto(path)
    page.locator(".askbar button").click()
    expect(page.locator("h2 .chip").first).to_have_text("已解除隔离")
    page.get_by_role("button", name=re.compile("完整")).click()
    expect(page.locator(".wireraw")).to_contain_text("请快一点")
