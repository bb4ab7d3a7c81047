"""What everybody has on every page: keys that do what the overlay says, copies, saved views, the bell and its sound."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from simulator.server import Simulator
from tests.browser import steps

FOCUSED = "document.activeElement"
LISTED = "[...document.querySelectorAll('#keys [data-keys]')].filter(e => !e.hidden).map(e => e.dataset.keys)"


def overlay(page: Page) -> list[str]:
    """The keys that the overlay of this page names."""
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    keys: list[str] = page.evaluate(LISTED)
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    return keys


def blur(page: Page) -> None:
    """Nothing has the focus."""
    page.evaluate(f"{FOCUSED}.blur()")


def at(page: Page) -> int:
    """Which line of the page has the focus, -1 for none."""
    lines = "[...document.querySelectorAll('.rows a.row, .batch .tick input, .notices .say')]"
    return int(page.evaluate(f"{lines}.indexOf({FOCUSED})"))


def on_row(page: Page) -> None:
    """j goes a line down, k goes back."""
    blur(page)
    page.keyboard.press("j")
    first = at(page)
    assert first >= 0
    page.keyboard.press("j")
    assert at(page) == first + 1
    page.keyboard.press("k")
    assert at(page) == first


def opens(page: Page) -> None:
    """Enter opens the line that has the focus."""
    href = page.evaluate(f"{FOCUSED}.getAttribute('href')")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(href) + "$"))


def opens_next(page: Page) -> None:
    """n opens the next line of the list."""
    blur(page)
    before = page.url
    page.keyboard.press("n")
    expect(page).not_to_have_url(before)
    expect(page.locator("#ticket > header h1")).to_contain_text("KF")


def ticks(page: Page) -> None:
    """x ticks and unticks the line that has the focus."""
    blur(page)
    page.keyboard.press("j")
    boxes = page.locator(".pick input:checked, .batch .tick input:checked")
    before = boxes.count()
    page.keyboard.press("x")
    assert boxes.count() != before
    page.keyboard.press("x")
    assert boxes.count() == before


def replies(page: Page) -> None:
    """r goes to the reply box."""
    blur(page)
    page.keyboard.press("r")
    expect(page.locator(".reply :focus")).to_have_count(1)
    blur(page)


def copies(page: Page) -> None:
    """y copies the waybill, and says so."""
    blur(page)
    page.keyboard.press("y")
    expect(page.locator("#said")).to_contain_text("已复制")
    assert re.fullmatch(r"[A-Z0-9-]{8,24}", page.evaluate("navigator.clipboard.readText()"))


def searches(page: Page) -> None:
    """/ goes to the search field."""
    blur(page)
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    blur(page)


def shows_views(page: Page) -> None:
    """v opens the saved views and goes into them; Escape closes them."""
    blur(page)
    page.keyboard.press("v")
    assert page.evaluate(f"{FOCUSED}.closest('details.views[open]') !== null")
    page.keyboard.press("Escape")
    expect(page.locator("details.views[open]")).to_have_count(0)
    assert page.evaluate(f"{FOCUSED}.matches('details.views summary')")


def closes(page: Page) -> None:
    """Escape closes what is open."""
    menu = page.locator("details:is(.more, .views, .export, .explain) > summary:visible").first
    menu.click()
    page.keyboard.press("Escape")
    expect(page.locator("details:is(.more, .views, .export, .explain)[open]")).to_have_count(0)


def sends(page: Page) -> None:
    """Ctrl+Enter presses the main button of the form that one is in: here an empty one, which is refused."""
    button = page.locator("form .btn.main:visible").last
    field = button.locator("xpath=ancestor::form").locator("textarea:visible, input:visible, .btn.main").first
    field.focus()
    page.evaluate(
        "document.addEventListener('click', e => { if (e.target.closest('.btn.main')) "
        "{ window.pressed = true; e.preventDefault(); e.stopPropagation(); } }, true)"
    )
    page.keyboard.press("Control+Enter")
    assert page.evaluate("window.pressed === true")


DO: dict[str, Callable[[Page], None]] = {
    "j k": on_row, "Enter": opens, "n": opens_next, "x": ticks, "r": replies, "y": copies, "/": searches,
    "v": shows_views, "Esc": closes, "Ctrl+Enter": sends,
}  # fmt: skip


def queue(page: Page) -> None:
    page.goto("/tickets")
    expect(page.locator(".rows a.row").nth(3)).to_be_visible()


def ticket(page: Page) -> None:
    queue(page)
    page.locator(".rows a.row").first.click()
    steps.number_of(page)


def batch(page: Page) -> None:
    page.goto("/tickets?queue=to_accept")
    for n in range(2):
        page.locator(".rows .pick input").nth(n).check()
    page.locator("#batch button[formaction*=follow]").click()
    expect(page.locator("form.batch .tick input").nth(1)).to_be_visible()


def notices(page: Page) -> None:
    page.goto("/notices")
    expect(page.locator(".notices .say").nth(1)).to_be_visible()


def exports(page: Page) -> None:
    page.goto("/exports")


PAGES = {
    "queue": ("site", queue, ["j k", "Enter", "n", "x", "y", "/", "v", "Esc", "Ctrl+Enter", "?"]),
    "ticket": ("site", ticket, ["j k", "Enter", "n", "x", "r", "y", "/", "v", "Esc", "Ctrl+Enter", "?"]),
    "batch": ("site", batch, ["j k", "x", "Esc", "Ctrl+Enter", "?"]),
    "notices": ("site", notices, ["j k", "Enter", "?"]),
    "exports": ("lcs", exports, ["?"]),
}


@pytest.fixture
def clipboard(page: Page) -> None:
    """The test may read what a page has copied."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])


@pytest.mark.usefixtures("clipboard")
@pytest.mark.parametrize("name", PAGES)
def test_the_overlay_names_what_works_here_and_each_key_does_it(page: Page, platform: Simulator, name: str) -> None:
    for _ in range(4):
        steps.push(platform)
    account, go, expected = PAGES[name]
    steps.enter(page, account)
    go(page)
    assert overlay(page) == expected
    for keys in [one for one in expected if one != "?"]:
        if keys == "Enter":
            on_row(page)
            if name == "notices":
                continue
        DO[keys](page)


@pytest.mark.usefixtures("clipboard")
def test_keys_do_nothing_while_one_types_and_in_a_dialog(page: Page) -> None:
    steps.enter(page, "site")
    ticket(page)
    address = page.url
    page.locator("#box-result textarea, #box-follow_up textarea").first.focus()
    page.keyboard.type("jknxry/v?")
    assert page.evaluate(f"{FOCUSED}.value").endswith("jknxry/v?")
    blur(page)
    page.keyboard.press("?")
    for key in "jknxry/v":
        page.keyboard.press(key)
    expect(page.locator("#keys")).to_be_visible()
    assert page.evaluate(f"{FOCUSED}.closest('dialog') !== null")
    assert page.url == address
    expect(page.locator("details.views[open], .pick input:checked")).to_have_count(0)


def test_the_focus_stays_on_the_line_and_in_the_menu_when_they_are_swapped(page: Page, platform: Simulator) -> None:
    page.clock.install()
    steps.enter(page, "site")
    queue(page)
    page.locator(".rail a[href*='queue=working']").focus()
    steps.push(platform)
    page.clock.fast_forward(21_000)
    expect(page.locator("#news .fresh")).to_be_visible()
    expect(page.locator(".rail a[href*='queue=working']")).to_be_focused()
    page.locator(".rows a.row").nth(1).focus()
    href = page.evaluate(f"{FOCUSED}.getAttribute('href')")
    page.evaluate("document.body.dispatchEvent(new CustomEvent('queue-changed'))")
    expect(page.locator("#news .fresh")).to_have_count(0)
    expect(page.locator(f".rows a.row[href='{href}']")).to_be_focused()


def test_without_a_clipboard_there_is_no_copy_button(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    steps.enter(page, "site")
    ticket(page)
    assert page.locator("[data-copy]").count() > 2
    expect(page.locator("[data-copy]:visible")).to_have_count(0)


def test_a_view_is_saved_opened_and_deleted(page: Page, size: str, scripting: bool) -> None:
    name = f"视图 {size} {scripting}"
    steps.enter(page, "site-3")
    page.goto("/tickets?queue=all&sort=activity")
    page.locator("details.views summary").click()
    page.locator("details.views input[name=name]").fill(name)
    page.locator("details.views .btn.main").click()
    expect(page.locator("details.views summary")).to_contain_text(name)
    page.goto("/tickets")
    page.locator("details.views summary").click()
    page.locator("details.views li a", has_text=name).click()
    expect(page).to_have_url(re.compile(r"queue=all&sort=activity$"))
    page.locator("details.views summary").click()
    page.locator("details.views a.manage").click()
    expect(page.locator("table.views")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("table.views tr", has=page.locator(f"input[value='{name}']")).locator(
        "button[aria-label^='删除']"
    ).click()
    expect(page.locator("table.views tr", has=page.locator(f"input[value='{name}']"))).to_have_count(0)


def test_help_opens_beside_its_box(page: Page, size: str, scripting: bool) -> None:
    steps.enter(page, "site")
    page.goto("/tickets?queue=to_accept")
    page.goto(page.locator(".rows a.row").first.get_attribute("href") or "")
    help_ = page.locator("#box-result .explain")
    help_.locator("summary").click()
    expect(help_.locator("p")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_notice_rings_once_for_those_who_want_it_and_never_before_they_touched_the_page(
    page: Page, platform: Simulator
) -> None:
    page.clock.install()
    page.add_init_script(
        "window.played = 0; HTMLMediaElement.prototype.play = function () { window.played += 1; return Promise.resolve(); }"
    )
    steps.enter(page, "site")
    page.goto("/account")
    page.locator("#sound").check()
    page.locator("form", has=page.locator("#sound")).locator(".btn.main").click()
    code = steps.push(platform)
    page.goto("/tickets")
    ring(page, platform, code, expected=0)
    page.locator("#main").click(position={"x": 900, "y": 500})
    ring(page, platform, code, expected=1)
    page.clock.fast_forward(41_000)
    steps.push(platform)
    page.clock.fast_forward(21_000)
    expect(page.locator("#news .fresh")).to_be_visible()
    assert page.evaluate("window.played") == 1
    page.reload()
    assert page.evaluate("window.played") == 0
    page.goto("/account")
    page.locator("#sound").uncheck()
    page.locator("form", has=page.locator("#sound")).locator(".btn.main").click()


def ring(page: Page, platform: Simulator, code: str, *, expected: int) -> None:
    """The customer complains again, and the next poll brings it."""
    newest = page.locator(".rail .bell").get_attribute("data-newest")
    steps.tell(platform, code, "REPEAT", "又没有送到")
    for _ in range(20):
        page.clock.fast_forward(21_000)
        page.wait_for_timeout(150)
        if page.locator(".rail .bell").get_attribute("data-newest") != newest:
            break
    assert page.evaluate("window.played") == expected
