"""Responsibility, help, clocks, customers and duty as the people of each desk meet them in the browser."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from simulator.server import Simulator
from tests.browser import steps

ELSEWHERE, ITS_NAME = "440305-01", "南山科技园站"  # a site of another province: headquarters rules
TIER, PREFIX = "wlb", "QZ"
A4_HEIGHT = 842


def replied_once(page: Page, platform: Simulator) -> str:
    """A ticket of our site that has its first reply; its number."""
    steps.enter(page, "site")
    number = steps.find(page, steps.push(platform))
    steps.claim(page)
    steps.follow_up(page, "已联系客户，正在核实")
    return number


def sheet(page: Page, number: str, key: str) -> Locator:
    """A sheet of a ticket, open."""
    page.goto(f"/tickets/{number}?sheet={key}")
    return page.locator("#sheet")


def send(form: Locator, **typed: str) -> None:
    """Fill a sheet and send it."""
    expect(form).to_be_visible()
    for name, value in typed.items():
        steps.fill(form, name, value)
    form.locator(".foot button:not([formaction])").click()
    expect(form).to_have_count(0)


def bar(page: Page, account: str, number: str) -> Locator:
    """What is asked of a desk, on top of the ticket as that desk sees it."""
    steps.enter(page, account)
    page.goto(f"/tickets/{number}")
    return page.locator(".askbar")


def test_each_side_finds_what_is_asked_of_it_on_top_and_headquarters_divides_the_duty(
    page: Page, platform: Simulator, scripting: bool
) -> None:
    number = replied_once(page, platform)
    send(sheet(page, number, "add_party"), code=ITS_NAME, text="请说明揽收情况")
    expect(page.locator("#ticket header a.chip", has_text=ITS_NAME)).to_be_visible()  # the chip says whose time runs
    bar(page, "site-3", number).get_by_role("link", name="申诉无责").click()
    send(page.locator("#sheet"), reason="not_our_scan", text="本站没有派送")
    bar(page, "site", number).get_by_role("link", name="驳回").click()
    send(page.locator("#sheet"), text="见揽收底单")
    steps.enter(page, "site-3")
    send(sheet(page, number, "arbitrate"), text="请总部裁定")
    bar(page, "ccs", number).get_by_role("link", name="去裁定").click()
    expect(page.locator(".sidecard.party")).to_contain_text("本站没有派送")
    expect(page.locator(".sidecard.site")).to_contain_text("见揽收底单")
    ruling = page.locator("form.ruling")
    for name, value in ((f"share-{steps.SITE}", "70"), (f"share-{ELSEWHERE}", "20"), ("text", "派送站主责")):
        steps.fill(ruling, name, value)
    ruling.locator(".btn.main").click()
    expect(ruling).to_contain_text("100")  # refused beside the shares, the typed reasons kept
    expect(ruling.locator("[name=text]")).to_have_value("派送站主责")
    steps.fill(ruling, f"share-{ELSEWHERE}", "30")
    ruling.locator(".btn.main").click()
    expect(page.locator(".cases .share")).to_have_text(["30 %", "70 %"])


def test_who_acts_for_a_site_that_asks_for_help_is_named_and_the_reply_counts(
    page: Page, platform: Simulator, scripting: bool
) -> None:
    steps.enter(page, "site")
    number = steps.find(page, steps.push(platform))
    send(sheet(page, number, "ask_help"), text="车坏在路上，请协助")
    bar(page, "lcs", number).get_by_role("link", name="代站点处理").click()
    expect(
        page.locator("#sheet .chip.good").first
    ).to_be_visible()  # what it does to the site's clocks, before it is done
    send(page.locator("#sheet"))
    steps.follow_up(page, "省区已联系客户")
    entry = steps.posts(page).filter(has_text="省区已联系客户")
    expect(entry).to_contain_text("代站点")
    expect(entry).to_contain_text("按站点回复计")


def test_the_hand_over_prints_on_a4_with_places_to_sign(page: Page) -> None:
    steps.enter(page, "site")
    page.goto("/handover")
    paper = page.pdf(prefer_css_page_size=True)
    found = re.search(rb"/MediaBox\s*\[\s*0\s+0\s+[\d.]+\s+([\d.]+)\s*\]", paper)
    assert found is not None and round(float(found[1])) == A4_HEIGHT
    page.emulate_media(media="print")
    expect(page.locator(".handover footer div")).to_have_count(2)
    expect(page.locator("main form")).to_be_hidden()
    assert not re.search(
        r"超时 \d{3,} 天", page.locator(".handover").inner_text()
    )  # a broken promise has a time of its own


def add_account(page: Page) -> None:
    """A customer with a tier of its own, recognised by the beginning of its waybills."""
    steps.enter(page, "admin")
    page.goto("/admin/customers")
    page.locator("details.other summary").click() if page.locator("main form [name=code]").is_hidden() else None
    form = page.locator("main form").last
    for name, value in (("code", "WLB"), ("name", "旗舰店"), ("tier", TIER), ("prefixes", PREFIX)):
        form.locator(f"[name={name}]").fill(value)
    form.locator("[name=requirements]").fill("先电话联系再派送")
    form.locator(".btn.main").click()
    expect(page.locator(".flash.ok")).to_be_visible()


def publish_line(page: Page, minutes: str) -> None:
    """A new policy version: one more line, for that tier alone; what it says first, then stored."""
    page.goto("/admin/policies")
    page.locator("main a[href*='draft']").first.click()
    page.locator("button[value=add]").click()
    line = page.locator(".table.draft tbody tr").last
    line.locator("[name=tier]").fill(TIER)
    line.locator("[name=clock]").select_option("first_reply")
    line.locator("[name=calendar]").select_option("always")
    page.locator("#lines-end button[value=preview]").click()
    expect(line.locator("[name=minutes]")).to_be_focused()  # refused at the end of a long form, and seen at once
    line.locator("[name=minutes]").fill(minutes)
    page.locator("#lines-end button[value=preview]").click()
    expect(page.locator("#preview")).to_be_in_viewport()
    page.locator("button[value=store]").click()
    expect(page.locator(".flash.ok")).to_be_visible()


def test_a_published_policy_gives_the_next_ticket_of_its_tier_the_due_time_that_the_page_explains(page: Page) -> None:
    add_account(page)
    publish_line(page, "77")
    steps.enter(page, "site")
    page.goto("/tickets/new")
    waybill = f"{PREFIX}{datetime.now(steps.SHANGHAI):%d%H%M%S%f}"
    typed = {"waybill": waybill, "category": "FALSE_SIGN", "channel": "telephone", "complainant_kind": "consignee"}
    person = {"name": "王小明", "phone": "13812345678", "address": "浙江省杭州市西湖区文三路 1 号", "text": "没有收到"}
    for name, value in (typed | person).items():
        steps.fill(page.locator("main form"), name, value)
    page.locator("main form .btn.main").last.click()
    page.goto(f"/tickets?q={waybill}")
    expect(page.locator("#ticket")).to_contain_text("先电话联系再派送")
    expect(page.locator("#ticket .side")).to_contain_text("第五十四条")  # the legal note of the two biggest categories
    expect(page.locator("#ticket header .chip", has_text=TIER)).to_be_visible()
    page.locator("#ticket header a.chip", has_text="首次回复").click()
    explained = page.locator(".clockpage")
    expect(explained).to_contain_text("1 时 17 分")
    expect(explained).to_contain_text(TIER)
    expect(explained.locator(".chip.good")).to_be_visible()  # the arithmetic ends in the stored due


def test_an_emergency_stands_above_every_page_of_its_province_until_it_is_ended(page: Page) -> None:
    now = datetime.now(steps.SHANGHAI)
    steps.enter(page, "ccs-manager")
    page.goto("/emergencies/new")
    form = page.locator("main form")
    form.locator("[name=area]").select_option("44")
    until = (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    for name, value in (("name", "台风"), ("from_at", now.strftime("%Y-%m-%dT%H:%M")), ("until_at", until)):
        form.locator(f"[name={name}]").fill(value)
    form.locator("[name=checklist]").fill("核对备用车辆")
    form.locator(".btn.main").click()
    expect(page.locator("#impact")).to_be_in_viewport()
    form.locator(".btn.main").click()
    expect(page.locator(".flash.ok")).to_be_visible()
    for account, seen in (("site-3", 1), ("site", 0)):
        steps.enter(page, account)
        page.goto("/tickets")
        expect(page.locator(".alertbar")).to_have_count(seen)
    steps.enter(page, "ccs-manager")
    page.goto("/emergencies")
    page.locator("form[action$='/end'] button").click()  # by its form: this account reads English in other tests
    steps.enter(page, "site-3")
    page.goto("/tickets")
    expect(page.locator(".alertbar")).to_have_count(0)


@pytest.mark.parametrize("account", ["site", "lcs", "ccs", "admin"])
def test_every_page_of_the_menu_is_reached_on_a_phone_and_seen_without_scrolling_on_a_low_screen(
    page: Page, account: str
) -> None:
    steps.enter(page, account)
    page.goto("/")
    queues = page.locator(".rail > a:not(.brand)")
    assert all(box and box["y"] + box["height"] <= 768 for box in (one.bounding_box() for one in queues.all()))
    expect(page.locator(".rail .who")).to_be_in_viewport(ratio=1)
    wanted = set(page.locator(".rail > a:not(.brand), .rail .others a").evaluate_all("all => all.map(a => a.href)"))
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".rest summary").click()
    offered = page.locator(".bottom a").evaluate_all("all => all.map(a => a.href)")
    assert wanted <= set(offered)
    page.keyboard.press("Escape")
    expect(page.locator(".sheetmenu")).to_be_hidden()
    expect(page.locator(".rest summary")).to_be_focused()


def test_a_couriers_sms_tells_in_the_thread_whether_it_was_sent(page: Page, platform: Simulator) -> None:
    replied_once(page, platform)
    form = steps.box(page, "courier_sms")
    steps.submit(form)
    form = page.locator("#box-courier_sms")
    expect(form.locator(".error").first).to_be_visible()
    for name, value in (("name", "刘师傅"), ("phone", "13911112222"), ("due_at", steps.in_two_hours())):
        steps.fill(form, name, value)
    form.locator("[name=request]").select_option(index=1)
    steps.submit(form)
    entry = steps.posts(page).filter(has_text="139******22")
    expect(entry).to_be_visible()
    steps.reload_until(page, entry.locator(".sent"), "短信")
