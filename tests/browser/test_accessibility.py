"""axe-core finds nothing to object to: every page, at both sizes, in both languages, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from tests.browser import steps

AXE = Axe()
ENGLISH = ("site-2", "lcs-manager", "ccs-manager")  # accounts that these tests turn to English

Way = Callable[[Page], None]


def to(path: str) -> Way:
    """The page at an address."""

    def go(page: Page) -> None:
        page.goto(path)

    return go


def person(page: Page) -> None:
    """The administrator's page of the first account."""
    page.goto("/admin/users")
    page.locator("main table a").first.click()


def first_of(queue: str) -> Way:
    """The first ticket of a queue."""

    def go(page: Page) -> None:
        page.goto(f"/tickets?queue={queue}")
        page.goto(page.locator(".rows a.row").first.get_attribute("href") or "")

    return go


def errors(page: Page) -> None:
    """A result that was refused: errors beside their fields."""
    first_of("to_accept")(page)
    steps.submit(steps.box(page, "result"))
    expect(page.locator("#box-result .error").first).to_be_visible()


def preview(page: Page) -> None:
    """What is about to leave the house."""
    first_of("to_accept")(page)
    steps.write_result(page, "已当面交给客户。")
    expect(page.locator(".preview")).to_be_visible()


def known_parcel(page: Page) -> None:
    """A new ticket on the parcel of the first ticket, whose trace and tickets it tells."""
    first_of("all")(page)
    waybill = page.locator("#ticket header .facts .mono").first.inner_text()
    page.goto(f"/tickets/new?waybill={waybill}")
    expect(page.locator(".parcelhint a").first).to_be_visible()


def batch(page: Page) -> None:
    """One answer for several tickets."""
    page.goto("/tickets?queue=to_accept")
    page.locator(".rows .pick input").first.check()
    page.locator("#batch button.main").click()
    expect(page.locator("form.batch")).to_be_visible()


def keys(page: Page) -> None:
    """The list of keys."""
    page.goto("/tickets")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def waybills(page: Page) -> None:
    """A look-up of a parcel with a ticket and one that nobody knows, and something that is no number."""
    first_of("to_accept")(page)
    known = page.locator("#ticket .facts .mono").first.inner_text()
    page.goto("/waybills")
    page.locator("#numbers").fill(f"{known} YT0000000000000 abc")
    page.locator("main form .btn.main").click()
    expect(page.locator(".parcel")).to_have_count(2)


def audit(page: Page) -> None:
    """A result beside its evidence, with the reasons of a mark open."""
    page.goto("/audit")
    if page.locator("[data-key=n]").count():
        page.locator("[data-key=n]").click()
    page.locator("input[value=untruthful]").check()


def view_menu(page: Page) -> None:
    """The menu of saved views."""
    page.goto("/tickets?queue=all")
    page.locator("details.views summary").click()
    expect(page.locator("details.views .menu")).to_be_visible()


def explained(page: Page) -> None:
    """A ticket with the help beside its box open."""
    first_of("to_accept")(page)
    page.locator("#box-result .explain summary").click()
    expect(page.locator("#box-result .explain p")).to_be_visible()


def sheet(queue: str, action: str) -> Way:
    """The sheet of an action on the first ticket of a queue."""

    def go(page: Page) -> None:
        first_of(queue)(page)
        page.goto(f"{page.url.split('?')[0]}?sheet={action}")
        expect(page.locator("#sheet")).to_be_visible()

    return go


def first_penalty(step: str) -> Way:
    """The newest entry that is to be charged, or a step of it."""

    def go(page: Page) -> None:
        page.goto("/penalties?state=proposed")
        if not page.locator(".ledger tbody a").count():  # on the first of a month
            page.goto(f"/penalties?state=proposed&month={steps.last_month()}")
        page.goto((page.locator(".ledger tbody a").first.get_attribute("href") or "") + step)

    return go


def first_message(page: Page) -> None:
    """The newest message of the platforms."""
    page.goto("/admin/messages")
    page.locator("table td a").first.click()
    expect(page.locator(".wireraw")).to_be_visible()


CARD = f"/scorecards/{steps.last_month()}/{steps.SITE}"
PAGES: dict[str, tuple[str, Way]] = {
    "login": ("", to("/login")),
    "queue": ("site", to("/tickets")),
    "empty-search": ("site", to("/tickets?q=nothing-like-it")),
    "found": ("lcs", to("/tickets?q=客户")),
    "ticket": ("site", first_of("to_accept")),
    "replied": ("site", first_of("replied")),
    "errors": ("site", errors),
    "waybills": ("site", waybills),
    "problems": ("site", to("/problems")),
    "problem": ("site", to("/problems/new?type=PROBLEM_DAMAGED")),
    "preview": ("site", preview),
    "batch": ("site", batch),
    "keys": ("site", keys),
    "new": ("site", to("/tickets/new")),
    "new-expedite": ("site", to("/tickets/new?kind=expedite")),
    "ask": ("site", to("/tickets/ask")),
    "sheet-of-tickets": ("lcs", to("/tickets/import")),
    "expedites": ("site", to("/expedites")),
    "inquiries": ("lcs", to("/inquiries?state=at_work")),
    "knowledge": ("site", to("/knowledge")),
    "rules": ("ccs-manager", to("/knowledge?shelf=rule")),
    "article-new": ("lcs", to("/knowledge/new")),
    "hand-over": ("site-manager", sheet("working", "hand_over")),
    "return": ("site", sheet("to_accept", "return")),
    "team": ("site-manager", to("/team")),
    "address-rules": ("lcs", to("/address-rules")),
    "account": ("site", to("/account")),
    "switch": ("site", to("/switch")),
    "templates": ("site", to("/templates")),
    "template": ("site", to("/templates/new")),
    "not-found": ("site", to("/tickets/KF000000-000000")),
    "forbidden": ("site", to("/admin")),
    "tray": ("lcs", first_of("tray")),
    "board": ("lcs", to("/board?tick=all")),
    "board-everything": ("lcs", to("/board?show=all&sort=-name")),
    "board-of-headquarters": ("ccs", to("/board?province=44&show=all")),
    "helper": ("lcs", to("/board/330109-02/helper")),
    "work-of-a-site": ("lcs", to("/tickets?queue=all&site=330109-02")),
    "sms": ("lcs", to("/sms-outbox")),
    "callbacks": ("lcs", to("/callbacks")),
    "scorecards": ("lcs", to("/scorecards")),
    "exports": ("lcs", to("/exports")),
    "export-log": ("admin", to("/exports/log")),
    "who-saw-what": ("site-manager", to("/seen")),
    "switched-by-pin": ("lcs-manager", to("/switches")),
    "second-factor": ("ccs", to("/account/second-factor")),
    "second-factors": ("admin", to("/admin/second-factors")),
    "accounts": ("admin", to("/admin/users")),
    "account-of-somebody": ("admin", person),
    "customers-import": ("admin", to("/admin/customers-import")),
    "new-known-parcel": ("site", known_parcel),
    "accounts-import": ("admin", to("/admin/users-import")),
    "appeal": ("ccs", first_of("appealed")),
    "notices": ("site", to("/notices")),
    "help": ("site", to("/help")),
    "views": ("site", to("/views")),
    "view-menu": ("site", view_menu),
    "explained": ("site", explained),
    "typical-cases": ("site", to("/cases")),
    "typical-case-new": ("lcs", to("/cases/new")),
    "rectification": ("lcs", to("/rectifications")),
    "rectification-policy": ("ccs-manager", to("/rectifications/policy")),
    "analysis-of-a-province": ("lcs", to("/analysis")),
    "analysis-of-headquarters": ("ccs", to("/analysis?step=week")),
    "analysis-tickets": ("lcs", to("/analysis/tickets?weekday=2")),
    "analysis-cases": ("lcs", to("/analysis/cases/first_reply")),
    "analysis-changes": ("ccs", to("/analysis/changes")),
    "duty": ("site-manager", to("/duty")),
    "duty-province": ("lcs", to("/duty")),
    "scorecard": ("site-manager", to(CARD)),
    "cases": ("site-manager", to(f"{CARD}/first_reply")),
    "penalties": ("site-manager", to("/penalties")),
    "penalty": ("site-manager", first_penalty("")),
    "contest": ("site-manager", first_penalty("/contest")),
    "contests": ("lcs", to("/penalties/contests")),
    "contest-several": ("site-manager", to("/penalties/contest-several")),
    "penalty-by-hand": ("lcs", to("/penalties/enter")),
    "penalty-rules": ("admin", to("/admin/penalty-rules")),
    "penalty-rule": ("admin", to("/admin/penalty-rules/loss")),
    "audit": ("lcs", audit),
    "audits": ("site-manager", to("/audits")),
    "audit-coverage": ("lcs", to("/audit/agreement")),
    "audit-policy": ("admin", to("/audit/policy")),
    "call-backs": ("ccs", to("/call-backs")),
    "people": ("site-manager", to(f"{CARD}/people")),
    "months": ("ccs-manager", to("/months")),
    "month": ("ccs-manager", to(f"/months/{steps.last_month()}")),
    "analysis": ("lcs-manager", to(f"/months/{steps.last_month()}")),
    "volumes": ("ccs-manager", to("/months/volumes")),
    "network": ("ccs-manager", to("/network")),
    "verify": ("lcs", to("/verify?code=0000-0000-0000")),
    "scoring": ("admin", to("/admin/scoring")),
    "admin": ("admin", to("/admin")),
    "messages": ("admin", to("/admin/messages")),
    "message": ("admin", first_message),
    "connection": ("admin", to("/admin/connections/demo-pdd")),
    "signature": ("admin", to("/admin/signature")),
    "callbacks-at-risk": ("admin", to("/callbacks?state=at_risk")),
    "organisations": ("admin", to("/admin/organisations")),
    "organisation": ("admin", to("/admin/organisations/330106-01")),
    "organisations-import": ("admin", to("/admin/organisations-import")),
    "connection-new": ("admin", to("/admin/connections")),
    "admin-log": ("admin", to("/admin/log")),
    "problem-types": ("admin", to("/admin/problem-types")),
    "policies": ("admin", to("/admin/policies")),
}
# English and dark: the pages that differ most.
OTHER_LOOK: dict[tuple[str, str], tuple[str, Way]] = {
    ("phone", "login"): ("", to("/login?lang=en")),
    ("phone", "ticket"): ("site-2", first_of("to_accept")),
    ("phone", "errors"): ("site-2", errors),
    ("desktop", "keys"): ("site-2", keys),
    ("phone", "board"): ("lcs-manager", to("/board")),
    ("desktop", "board-everything"): ("lcs-manager", to("/board?show=all")),
    ("desktop", "callbacks"): ("lcs-manager", to("/callbacks")),
    ("desktop", "appeal"): ("ccs-manager", first_of("appealed")),
    ("phone", "scorecard"): ("ccs-manager", to(CARD)),
}
ASK_WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


def check(page: Page) -> None:
    """Fail with what axe-core objects to, if anything."""
    found = AXE.run(page)
    if found.violations_count:
        pytest.fail("\n".join(_told(rule) for rule in found.response["violations"]))


def _told(rule: dict[str, Any]) -> str:
    """One objection with the first elements that it is about."""
    places = [f"    {place['html'][:160]}" for place in rule["nodes"][:3]]
    return "\n".join([f"{rule['id']}: {rule['help']} ({len(rule['nodes'])}x)", *places])


@pytest.fixture(scope="module")
def english(browser: Browser, portal: str) -> Iterator[None]:
    """Turn the accounts of the other look to English, and back when these tests are over."""
    speak(browser, portal, "en")
    yield
    speak(browser, portal, "zh")


def speak(browser: Browser, portal: str, language: str) -> None:
    for account in ENGLISH:
        page = browser.new_page(base_url=portal)
        steps.enter(page, account)
        page.goto("/account")
        page.locator("#locale").select_option(language)
        page.locator("form", has=page.locator("#locale")).locator(".btn.main").click()
        expect(page.locator("html")).to_have_attribute("lang", {"zh": "zh-CN"}.get(language, language))
        page.close()


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_chinese_and_light_and_no_page_is_wider_than_the_screen(page: Page, name: str) -> None:
    account, go = PAGES[name]
    if account:
        steps.enter(page, account)
    go(page)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    wide, screen = page.evaluate(ASK_WIDTHS)
    assert wide <= screen
    check(page)


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(("size", "name"), OTHER_LOOK)
def test_axe_finds_nothing_in_english_and_dark_either(page: Page, size: str, name: str) -> None:
    page.emulate_media(color_scheme="dark")
    account, go = OTHER_LOOK[size, name]
    if account:
        steps.enter(page, account)
    go(page)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    check(page)
