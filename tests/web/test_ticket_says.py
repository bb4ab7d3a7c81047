"""What a page says of a ticket by itself: what is still missing, what happened, who decided, and what is first."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.services import outbox, replies, scans, sweep, transfers, verdicts
from app.services.outbox import Result
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.scans import ScanIn
from app.services.transfers import ReturnIn, RulingIn
from tests.cast import NOON, begin, post, push, ticket
from tests.services.ending_steps import answer, by_hand, change
from tests.services.test_outbox import call_back
from tests.web.test_closing import Desk

HOUR = timedelta(hours=1)
WAYBILL = "YT1000000000011"


@pytest.fixture
def desk(app: Any, database: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The smallest company; its clock stands at NOON until moved."""
    moment = [NOON]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return Desk(app, begin(), moment)


def promised(desk: Desk) -> str:
    number = by_hand(desk.cast)
    said = ResultIn("今天送到", "reached_accepts", promises=[PromiseIn("redelivery", NOON + 2 * HOUR)])
    answer(desk.cast, number, said=said)
    return number


def ends(page: str) -> str:
    found = re.search(r'class="small openends">([^<]*)<', page)
    return found[1] if found else ""


def new(desk: Desk, who: str = "site", **typed: str) -> Any:
    return desk.browser(who).post("/tickets/new", data={"csrf_token": desk.csrf, **typed})


def test_an_answered_ticket_says_what_its_closing_waits_for_until_nothing_is_missing(desk: Desk, db_session) -> None:
    number = promised(desk)
    both = ends(desk.show(number))
    assert both and not ends(desk.show(number, "lcs")), "it is the site's duty, not the province's"
    verdicts.customer_accepts(actor=desk.cast["site"], post=post(number), text="可以", now=NOON)
    one = ends(desk.show(number))
    assert one and len(one) < len(both) and 'id="tab-close"' not in desk.show(number)
    scans.store_scans(scans=[ScanIn(WAYBILL, "SIGN", NOON + HOUR, "330106-01")], now=NOON + HOUR)
    assert not ends(desk.show(number)) and 'id="tab-close"' in desk.show(number)


def test_a_broken_promise_says_why_it_stands_on_top(desk: Desk, db_session) -> None:
    number, other = promised(desk), push(desk.cast, "W9")
    row = r'<span class="chip late">([^<]+)</span>'
    assert not re.findall(row, desk.browser("site").get("/tickets").text)
    desk.later(NOON + 3 * HOUR)
    sweep.run(db_session, NOON + 2 * HOUR + timedelta(seconds=1))
    page = desk.browser("site").get("/tickets").text
    assert page.index(number) < page.index(other)
    first = page.split('<a class="row"')[1]
    marks = re.findall(row, first)
    assert len(marks) == 1 and marks[0] in desk.show(number).split("</h1>")[0]


def test_a_ticket_to_close_shows_the_time_left_for_it_in_the_list(desk: Desk, db_session) -> None:
    number = by_hand(desk.cast)
    answer(desk.cast, number)
    assert "data-due" not in desk.browser("site").get("/tickets?queue=replied").text.split('<a class="row"')[1]
    verdicts.customer_accepts(actor=desk.cast["site"], post=post(number), text="可以", now=NOON)
    assert "data-due" in desk.browser("site").get("/tickets").text.split('<a class="row"')[1]


def test_a_closing_names_its_root_cause_in_the_history(desk: Desk, db_session) -> None:
    number = by_hand(desk.cast)
    answer(desk.cast, number)
    verdicts.customer_accepts(actor=desk.cast["site"], post=post(number), text="可以", now=NOON)
    replies.close(actor=desk.cast["site"], post=post(number), root_cause="station", verified=True, now=NOON)
    last = desk.show(number).split('<article class="post')[-1]
    assert last.startswith(" site") and "驿站" in last


def test_a_complaint_by_telephone_is_the_customers_and_names_who_took_it_down(desk: Desk) -> None:
    first = desk.show(by_hand(desk.cast)).split("<article")[1]
    assert first.startswith(' class="post platform') and "<b>消费者</b>" in first and "site" in first


def test_who_rules_on_a_return_has_a_button_and_the_history_names_the_sites(desk: Desk, db_session) -> None:
    number = push(desk.cast, "R1")
    asked = ReturnIn("outside_area", "地址属滨江", "330108-01", [])
    transfers.give_up(actor=desk.cast["site"], post=post(number), asked=asked, now=NOON)
    button = rf'<a class="btn small main" href="/tickets/{number}\?sheet=transfer"'
    head = desk.show(number, "lcs").split("</header>")[0]
    assert re.search(button, head) and not re.search(button, desk.show(number).split("</header>")[0])
    ruling = RulingIn("grant", "", "330108-01", False)
    transfers.rule(actor=desk.cast["lcs"], post=post(number), ruling=ruling, now=NOON)
    thread = desk.show(number, "lcs").split('class="thread"')[1].split("<aside")[0]
    assert not re.search("(?<!组织 )330108-01", thread)  # the name, not the bare code
    assert re.search(r'<article class="post lcs">.*?<b>lcs</b>', thread, re.S)


def test_a_sheet_that_is_not_open_any_more_says_so(desk: Desk, db_session) -> None:
    number = by_hand(desk.cast)
    assert 'class="flash bad"' not in desk.show(number, sheet="return")
    change(db_session, number, state="closed")
    page = desk.show(number, sheet="return")
    assert 'class="flash bad"' in page and 'id="sheet"' not in page
    assert 'class="flash bad"' not in desk.show(number, sheet="nonsense")


def test_the_withdrawal_of_a_platforms_order_is_explained_and_has_no_button(desk: Desk) -> None:
    page = desk.show(push(desk.cast, "W1"), sheet="withdraw")
    form = page.split('id="sheet"')[1].split("</form>")[0]
    assert "<button" not in form and "<select" not in form and "平台" in form


def test_a_new_complaint_names_everything_missing_and_says_when_it_became_a_repeat(desk: Desk, db_session) -> None:
    page = new(desk, waybill=WAYBILL).text
    assert 'id="category-error"' in page and 'id="text-error"' in page
    number = by_hand(desk.cast)
    desk.later(NOON + HOUR)
    done = new(desk, waybill=WAYBILL, text="又来电话催", category="LOCKER")
    assert done.status_code == 303 and number in done.location
    assert 'class="flash ok"' in desk.browser("site").get(done.location).text
    assert ticket(db_session, number).repeat_count == 1
    fresh = new(desk, waybill="YT1000000000099", text="没有收到", category="LOCKER")
    assert "repeat" not in fresh.location


def test_what_is_shown_chosen_in_a_new_complaint_is_what_is_stored(desk: Desk) -> None:
    page = desk.browser("site").get("/tickets/new").text
    assert '<option selected value="telephone">' in page and '<option selected value="consignee">' in page


@pytest.mark.parametrize(
    ("said", "shown", "never"),
    [
        (Result("retry", code="timeout"), "平台没有及时应答；系统会自动重发", "timeout"),
        (Result("refused", code="bad_request"), "平台没有接收，也没有说明原因", "bad_request"),
        (Result("refused", code="S01", text="任务已关闭"), "任务已关闭 (S01)", "S01: "),
        (Result("refused", code="S02"), "平台退回了答复（S02）", "S02: "),
    ],
)
def test_what_became_of_an_answer_is_told_in_plain_words(
    desk: Desk, db_session, said: Result, shown: str, never: str
) -> None:
    number = push(desk.cast)
    answer(desk.cast, number)
    call_back(outbox.due(db_session, NOON)[0], said, NOON)
    page, list_of_answers = desk.show(number), desk.browser("lcs").get("/callbacks").text
    for text in (page, list_of_answers):
        assert shown in text and never not in text
    if said.state == "refused":  # the entry in the thread names the reason, too
        assert page.count(said.text or shown) == 2
