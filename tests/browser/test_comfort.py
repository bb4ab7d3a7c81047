"""What scripting adds: keys, drafts, one pane at a time, news that wait, a lost connection that loses nothing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from simulator.server import Simulator
from tests.browser import steps

PAGE = 50  # rows of a list

TEXT = "已联系客户，今天下午送到。"


@pytest.fixture
def queue(page: Page, platform: Simulator) -> Page:
    """The queue of the site's clerk with something in it."""
    steps.push(platform)
    steps.enter(page, "site")
    page.goto("/tickets")
    return page


@pytest.fixture
def ticket(page: Page, platform: Simulator) -> Page:
    """A fresh ticket, open before the site's clerk."""
    code = steps.push(platform)
    steps.enter(page, "site")
    steps.find(page, code)
    return page


def rows(page: Page) -> Locator:
    """The lines of the list."""
    return page.locator(".rows a.row")


def netbar(page: Page) -> Locator:
    """The bar that says that nobody answers."""
    return page.locator("#netbar")


def same_document(page: Page) -> bool:
    """Whether the page is still the one that `mark_document` saw."""
    return bool(page.evaluate("window.seenBefore === true"))


def mark_document(page: Page) -> None:
    """Remember this page and its list."""
    page.evaluate("window.seenBefore = true; document.querySelector('#list').seenBefore = true")


# --- keys ---


def test_j_and_k_move_and_enter_opens(queue: Page) -> None:
    queue.keyboard.press("j")
    expect(rows(queue).nth(0)).to_be_focused()
    queue.keyboard.press("j")
    expect(rows(queue).nth(1)).to_be_focused()
    queue.keyboard.press("k")
    expect(rows(queue).nth(0)).to_be_focused()
    number = (rows(queue).nth(0).get_attribute("href") or "").rpartition("/")[2]
    queue.keyboard.press("Enter")
    expect(queue.locator("#ticket > header h1")).to_contain_text(number)
    expect(queue.locator(".rows li.selected a.row")).to_have_attribute("href", re.compile(number))


def test_j_goes_on_from_the_ticket_that_is_open(queue: Page) -> None:
    rows(queue).nth(1).click()
    steps.number_of(queue)
    queue.locator("#ticket > header").click(position={"x": 3, "y": 3})
    queue.keyboard.press("j")
    expect(rows(queue).nth(2)).to_be_focused()


def test_r_goes_to_the_reply_box_and_typing_there_moves_nothing(ticket: Page) -> None:
    ticket.keyboard.press("r")
    text = ticket.locator("#box-result textarea")
    expect(text).to_be_focused()
    ticket.keyboard.type("jkr/?")
    expect(text).to_have_value("jkr/?")
    expect(ticket.locator("#keys")).to_be_hidden()


def test_slash_goes_to_the_search_and_a_question_mark_shows_all_keys(queue: Page) -> None:
    queue.keyboard.press("?")
    expect(queue.locator("#keys")).to_be_visible()
    queue.keyboard.press("Escape")
    expect(queue.locator("#keys")).to_be_hidden()
    queue.keyboard.press("/")
    expect(queue.locator("#search")).to_be_focused()
    expect(queue.locator("#search")).to_have_value("")


def test_ctrl_enter_sends_what_is_typed(ticket: Page) -> None:
    form = steps.box(ticket, "note")
    steps.fill(form, "text", TEXT)
    form.locator("textarea").press("Control+Enter")
    expect(steps.posts(ticket).filter(has_text=TEXT)).to_be_visible()


def test_ctrl_enter_goes_from_the_form_to_the_preview_and_from_there_out(ticket: Page) -> None:
    steps.write_result(ticket, TEXT)
    expect(ticket.locator(".preview .btn.main")).to_be_focused()
    number = ticket.locator(".preview .chip").inner_text()
    ticket.keyboard.press("Control+Enter")
    expect(ticket.locator(".sentnote")).to_contain_text(number)
    ticket.locator(".sentnote a").click()
    expect(steps.state(ticket)).to_have_text(steps.REPLIED)


# --- drafts ---


def test_a_draft_survives_a_reload_and_goes_once_it_was_taken(ticket: Page) -> None:
    form = steps.box(ticket, "note")
    steps.fill(form, "text", TEXT)
    expect(form.locator("[data-draft-state]")).to_have_text(re.compile("."))
    ticket.reload()
    form = steps.box(ticket, "note")
    expect(form.locator("textarea")).to_have_value(TEXT)
    steps.submit(form)
    expect(steps.posts(ticket).filter(has_text=TEXT)).to_be_visible()
    expect(ticket.locator("#box-note textarea")).to_have_value("")
    ticket.reload()
    expect(ticket.locator("#box-note textarea")).to_have_value("")


def test_an_answer_that_was_sent_leaves_no_draft_behind(ticket: Page) -> None:
    steps.write_result(ticket, TEXT)
    steps.send(ticket)
    kept = ticket.evaluate("Object.keys(localStorage).filter(name => name.endsWith('-result'))")
    number = steps.number_of(ticket)
    assert not [name for name in kept if number in name]


# --- one pane at a time ---


@pytest.mark.usefixtures("size")
def test_a_click_swaps_the_ticket_alone_and_the_address_follows(queue: Page) -> None:
    mark_document(queue)
    href = rows(queue).nth(1).get_attribute("href") or "?"
    rows(queue).nth(1).click()
    expect(queue.locator("#ticket > header h1")).to_contain_text(href.rpartition("/")[2])
    expect(queue).to_have_url(re.compile(re.escape(href) + "$"))
    assert same_document(queue)
    assert queue.evaluate("document.querySelector('#list').seenBefore === true")


@pytest.mark.usefixtures("size")
def test_back_leads_from_the_ticket_to_the_list(queue: Page) -> None:
    rows(queue).nth(1).click()
    steps.number_of(queue)
    queue.go_back()
    expect(queue).to_have_url(re.compile("/tickets$"))
    expect(queue.locator("#ticket > header h1")).to_have_count(0)
    expect(rows(queue).nth(1)).to_be_visible()
    queue.go_forward()
    steps.number_of(queue)


def test_after_back_the_keys_and_the_banner_still_work(queue: Page) -> None:
    rows(queue).nth(1).click()
    steps.number_of(queue)
    queue.go_back()
    expect(queue.locator("#ticket > header h1")).to_have_count(0)
    queue.keyboard.press("j")
    expect(rows(queue).nth(0)).to_be_focused()
    queue.context.set_offline(True)
    expect(netbar(queue)).to_be_visible()
    queue.context.set_offline(False)
    expect(netbar(queue)).to_be_hidden()


def test_the_focus_is_not_lost_when_the_ticket_is_swapped(ticket: Page) -> None:
    ticket.locator("#ticket form[action$='/claim'] button").press("Enter")
    expect(steps.state(ticket)).to_have_text(steps.IN_PROGRESS)
    expect(ticket.locator("#ticket :focus, #ticket:focus")).to_have_count(1)


# --- news ---


@pytest.mark.usefixtures("size")
def test_new_tickets_announce_themselves_and_the_list_does_not_move(page: Page, platform: Simulator) -> None:
    page.clock.install()
    steps.enter(page, "site")
    page.goto("/tickets")
    before = rows(page).evaluate_all("found => found.map(row => row.getAttribute('href'))")
    place = rows(page).nth(2).bounding_box()
    code = steps.push(platform)
    page.clock.fast_forward(21_000)
    bar = page.locator("#news .fresh")
    expect(bar).to_contain_text(re.compile(r"\d"))
    assert rows(page).evaluate_all("found => found.map(row => row.getAttribute('href'))") == before
    assert rows(page).nth(2).bounding_box() == place, "the rows moved under the pointer"
    bar.click()
    expect(bar).to_have_count(0)
    after = rows(page).evaluate_all("found => found.map(row => row.getAttribute('href'))")
    number = steps.find(page, code)
    assert f"/tickets/{number}" in after or len(after) == PAGE  # which ends before what is due last


# --- the connection ---


@pytest.mark.usefixtures("size")
def test_a_lost_connection_is_said_and_the_text_is_kept(ticket: Page) -> None:
    form = steps.box(ticket, "note")
    steps.fill(form, "text", TEXT)
    ticket.context.set_offline(True)
    expect(netbar(ticket)).to_be_visible()
    steps.submit(form)
    expect(form.locator(".btn.main")).to_be_enabled()
    expect(netbar(ticket)).to_be_visible()
    expect(form.locator("textarea")).to_have_value(TEXT)
    ticket.context.set_offline(False)
    expect(netbar(ticket)).to_be_hidden()
    steps.submit(form)
    expect(steps.posts(ticket).filter(has_text=TEXT)).to_have_count(1)


def test_a_server_that_does_not_answer_is_said_and_the_text_is_kept(ticket: Page) -> None:
    form = steps.box(ticket, "note")
    steps.fill(form, "text", TEXT)
    ticket.route("**/note", lambda route: route.abort("connectionrefused"))
    steps.submit(form)
    expect(netbar(ticket)).to_be_visible()
    expect(form.locator("textarea")).to_have_value(TEXT)
    ticket.unroute("**/note")
    steps.submit(form)
    expect(steps.posts(ticket).filter(has_text=TEXT)).to_have_count(1)
    expect(netbar(ticket)).to_be_hidden()


def test_a_server_that_fails_is_said_on_the_ticket_and_the_text_is_kept(ticket: Page) -> None:
    form = steps.box(ticket, "note")
    steps.fill(form, "text", TEXT)
    ticket.route("**/note", lambda route: route.fulfill(status=500, body="oops"))
    steps.submit(form)
    expect(ticket.locator("#ticket [role=alert]")).to_be_visible()
    expect(form.locator("textarea")).to_have_value(TEXT)


def test_a_double_click_saves_once(ticket: Page) -> None:
    form = steps.box(ticket, "note")
    steps.fill(form, "text", TEXT)
    form.locator(".btn.main").dblclick()
    expect(steps.posts(ticket).filter(has_text=TEXT)).to_have_count(1)
    ticket.reload()
    expect(steps.posts(ticket).filter(has_text=TEXT)).to_have_count(1)


# --- the look ---


def test_dark_and_compact_are_remembered_over_a_new_sign_in(page: Page) -> None:
    steps.enter(page, "site-3")
    page.goto("/account")
    page.locator("#theme").select_option("dark")
    page.locator("#density").select_option("compact")
    page.locator("#theme").locator("xpath=ancestor::form").locator(".btn.main").click()
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark compact\b"))
    expect(page.locator("[role=status]", has_text=steps.SAVED)).to_be_visible()
    steps.sign_in(page, "site-3")
    page.goto("/tickets")
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark compact\b"))
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 22, 29)"
