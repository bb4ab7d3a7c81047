"""What people do in the portal, step by step; the tests put the steps together and look at what comes of them."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Locator, Page, expect

from simulator.protocol import ISSUE, SCANS, encode, stamp
from simulator.server import Simulator

SHANGHAI = ZoneInfo("Asia/Shanghai")
PASSWORD = "demo-portal"
SITE = "330106-01"
NOWHERE = "330106-99"  # no such site, but a county of the province: its tray takes it
# One answer that each category's platform task allows, with the fields that it demands.
ANSWERS = {
    "REDELIVER": {"signer": "客户本人"},
    "COMPENSATE": {"amount": "168", "pay_way": "微信"},
    "REFUND": {"amount": "12"},
}
_PASSES: dict[str, list[SetCookieParam]] = {}  # the cookies of those who have signed in
REPLIED, IN_PROGRESS, DELIVERED, SAVED = "已回复", "处理中", "已送达", "已保存"


def sign_in(page: Page, account: str) -> None:
    """Sign in on the page; whoever was signed in before is forgotten."""
    page.context.clear_cookies()
    page.goto("/login")
    page.locator("#account").fill(account)
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    expect(page).not_to_have_url(re.compile("/login"))


def enter(page: Page, account: str) -> None:
    """Come as somebody who has signed in before: quicker than to sign in anew for each test."""
    if account not in _PASSES:
        sign_in(page, account)
        _PASSES[account] = [
            {"name": one["name"], "value": one["value"], "url": page.url} for one in page.context.cookies()
        ]
    page.context.clear_cookies()
    page.context.add_cookies(_PASSES[account])


def push(platform: Simulator, **wish: object) -> str:
    """Let the platform push a complaint, to our site unless told otherwise, until the portal has it; its order code."""
    code = platform.issue({"site": SITE, "category": "FALSE_SIGN", "priority": 3, **wish}).code
    order = platform.ledger.orders[code]
    assert platform.ledger.wait(lambda: order.sent[ISSUE] > 0, 15), "the portal did not take the complaint"
    return code


def parcel(platform: Simulator, prefix: str = "YT") -> str:
    """Let the platform tell of a parcel that our site has on its van; its waybill."""
    waybill = f"{prefix}{time.time_ns() % 10**13:013d}"
    scanned = {
        "mail_no": waybill,
        "scan_type": "DELIVER",
        "site_code": SITE,
        "scan_time": stamp(datetime.now(SHANGHAI)),
    }
    answer = platform.pusher.link.send(SCANS, encode({"scans": [scanned]}))
    assert answer.success, answer
    return waybill


def tell(platform: Simulator, code: str, kind: str, text: str) -> None:
    """Let the platform send a later message of an order (REJECT, REPEAT, …) and wait until the portal has it."""
    order = platform.ledger.orders[code]
    platform.control({"send": {"order": code, "type": kind, "text": text}})
    assert platform.ledger.wait(lambda: order.sent[f"WORK_ORDER_{kind}"] > 0, 15), "the portal did not take it"


def find(page: Page, order_code: str) -> str:
    """Search for a platform's order; the only hit opens by itself. The ticket's number."""
    page.goto(f"/tickets?q={order_code}")
    return number_of(page)


def number_of(page: Page) -> str:
    """The number of the ticket that is open."""
    expect(page.locator("#ticket > header h1")).to_contain_text("KF")
    return (page.locator("#ticket > header h1").inner_text().split())[0]


def state(page: Page) -> Locator:
    """The chip that says in which state the open ticket is."""
    return page.locator("#ticket > header h1 .chip").first


def posts(page: Page) -> Locator:
    """The entries of the open ticket's history."""
    return page.locator("#ticket .thread .post")


def box(page: Page, key: str) -> Locator:
    """The form of a tab of the reply box, brought to the front."""
    page.locator(f".tabs label[for=tab-{key}]").click()
    form = page.locator(f"#box-{key}")
    expect(form).to_be_visible()
    return form


def fill(form: Locator, name: str, value: str) -> None:
    """Fill a field of a form by its name, whether one types or chooses."""
    field = form.locator(f"[name='{name}']")
    if form.locator(f"select[name='{name}']").count():
        field.select_option(value)
    else:
        field.fill(value)


def submit(form: Locator) -> None:
    """Press the form's main button."""
    form.locator(".btn.main").click()


def claim(page: Page) -> None:
    """Claim the open ticket."""
    page.locator("#ticket form[action$='/claim'] button").click()
    expect(state(page)).to_have_text(IN_PROGRESS)


def follow_up(page: Page, text: str) -> None:
    """Log that the customer was reached, and promise the next news in two hours."""
    form = box(page, "follow_up")
    fill(form, "contact_outcome", "reached_accepts")
    fill(form, "next_update_at", in_two_hours())
    fill(form, "text", text)
    submit(form)
    expect(posts(page).filter(has_text=text)).to_be_visible()


def write_result(page: Page, text: str) -> None:
    """Fill in the result with an answer that the platform allows and its required fields, and ask for the preview."""
    fill_result(box(page, "result"), text)


def fill_result(form: Locator, text: str) -> None:
    """The same where the result's box is the one on top: not a press more than a clerk needs."""
    offered = form.locator("select[name=answer] option").evaluate_all("found => found.map(one => one.value)")
    answer = next(value for value in ANSWERS if value in offered)
    fill(form, "answer", answer)
    fill(form, "contact_outcome", "reached_accepts")
    for name, value in ANSWERS[answer].items():
        fill(form, f"supplement-{name}", value)
    fill(form, "text", text)
    submit(form)


def send(page: Page) -> None:
    """Send what the preview shows, and stay on the ticket."""
    page.locator(".preview .btn[name=stay]").click()
    expect(state(page)).to_have_text(REPLIED)


def enter_by_hand(page: Page, waybill: str, text: str) -> str:
    """Enter a complaint by telephone; the number of the ticket that opens."""
    page.goto("/tickets/new")
    form = page.locator("main form")
    for name, value in {
        "waybill": waybill, "category": "LOCKER", "name": "张三", "phone": "13800001234", "address": "文三路478号",
        "text": text,
    }.items():  # fmt: skip
        fill(form, name, value)
    submit(form)
    return number_of(page)


def sheet(page: Page, label: str) -> Locator:
    """The sheet of an action, opened from the menu."""
    page.locator("details.more > summary").click()
    page.locator("details.more a", has_text=label).click()
    form = page.locator("#sheet")
    expect(form.locator("h2")).to_have_text(label)
    return form


def finish(page: Page, form: Locator) -> None:
    """Press the sheet's button and wait until it has gone."""
    form.locator(".foot button:not([formaction])").click()
    expect(page.locator("#sheet")).to_have_count(0)


def answer(page: Page, text: str, **more: str) -> None:
    """Answer a complaint that no platform pushed."""
    form = box(page, "result")
    for name, value in {"contact_outcome": "reached_accepts", **more, "text": text}.items():
        fill(form, name, value)
    submit(form)
    send(page)


def in_two_hours() -> str:
    """A time as a date-and-time field takes it."""
    return (datetime.now(SHANGHAI) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")


def last_month() -> str:
    """The month before this one as it stands in an address."""
    return (datetime.now(SHANGHAI).replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def this_month() -> str:
    """The running month as it stands in an address."""
    return datetime.now(SHANGHAI).strftime("%Y-%m")


def reload_until(page: Page, found: Locator, text: str, seconds: float = 20) -> None:
    """Load the page again and again until `found` says `text`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            expect(found).to_contain_text(text, timeout=400)
        except AssertionError:
            page.reload()
        else:
            return
    pytest.fail(f"after {seconds:.0f} s still {found.all_inner_texts()}, not {text!r}")
