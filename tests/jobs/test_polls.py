"""A platform that is asked instead of pushing: whatever interrupts the reading, nothing is lost and nothing doubled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError

from app import clock
from app.failpoints import armed
from app.jobs import polls, schedule
from app.models import Clock, Connection, Inbox, Outbox, PlatformOrder, Ticket
from app.services import queue, replies, scans, ticket_view
from app.services.replies import ResultIn
from app.services.scans import ScanIn
from tests import cast as casting
from tests.cast import Cast, post
from tests.failing import Killed, deaths, dying
from tests.integrations.loopback import reply
from tests.jobs.polled import Polled, picture, polled, said

SMALL = 3  # rows a page
# On the way, in each page, at its first row and its last, and in the next window; each further place is died at by
# test_a_process_that_dies_at_every_single_step_gets_there_all_the_same.
PLACES = [("claimed", 1), ("claimed", 3), ("counted", 1), ("fetched", 1), ("fetched", 3), ("row", 1), ("row", 3), ("row", 4),
          ("row", 8), ("stored", 1), ("stored", 3), ("moved", 1)]  # fmt: skip


@pytest.fixture
def company(app: Any, database: Any) -> Cast:
    return casting.begin()


@pytest.fixture
def there(company: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Polled]:
    with polled(company, page_size=SMALL) as running:
        monkeypatch.setattr(clock, "now", lambda: running.now)
        yield running


def eventful(there: Polled, many: int = 8) -> None:
    """So many tickets, one a minute, with urges, answers that came back, one done and one that ended unanswered."""
    for n in range(1, many + 1):
        there.tickets.open(n, waybill_no=f"YT{n:013d}")
        there.pass_time(20)
    there.tickets.change(2, urgent_type=1)
    there.tickets.change(4, retreat_count=2, status=1, description="消费者仍未收到")
    there.tickets.change(5, status=3, handle_result="已送达")
    there.tickets.change(6, status=3)
    there.pass_time(5)


def test_what_the_platform_has_is_here_once_however_often_it_is_read(there: Polled, db_session) -> None:
    eventful(there)
    there.catch_up()
    first = picture(db_session)
    assert [row[0] for row in first[:8]] == [str(n) for n in range(1, 9)]
    assert said(db_session, "received", "urge", "sent_back", "satisfied", "cancelled") == {
        "received": 8, "urge": 1, "sent_back": 1, "satisfied": 1, "cancelled": 1,
    }  # fmt: skip
    there.pass_time(60)
    there.catch_up()  # the windows overlap: all of it is read again
    assert there.row().rows >= 16
    assert picture(db_session) == first


def test_a_waybill_that_is_filled_in_later_comes_to_the_ticket_once_and_brings_it_to_its_site(
    there: Polled, db_session
) -> None:
    there.tickets.open(1, waybill_no="", site_code="")
    there.catch_up()
    ticket = db_session.scalars(select(Ticket)).one()
    assert (ticket.waybill, ticket.queue, ticket.handling_site_id) == ("", "tray", None)
    seen = [ScanIn("YT1000000000077", "DELIVER", there.now, "330106-01")]
    scans.store_scans(scans=seen, now=there.now)
    there.pass_time(60)
    there.tickets.change(1, waybill_no="yt1000000000077")
    there.pass_time(60)
    there.catch_up()
    there.pass_time(60)
    there.catch_up()
    db_session.refresh(ticket)
    assert (ticket.waybill, ticket.handling_site_id) == ("YT1000000000077", there.company.places["330106-01"])
    assert said(db_session, "received", "waybill_told", "routed", "in_tray", "repeat") == {
        "received": 1, "waybill_told": 1, "routed": 1, "in_tray": 1,
    }  # fmt: skip
    assert queue.page(db_session, there.company["site"], queue.Filters(queue="to_accept"), there.now)
    there.tickets.change(1, waybill_no="YT1000000000099")
    there.pass_time(60)
    there.catch_up()
    db_session.refresh(ticket)
    assert ticket.waybill == "YT1000000000077"


def test_the_queue_tells_which_round_it_is(there: Polled, db_session) -> None:
    there.tickets.open(1, site_code="330106-01")
    there.tickets.open(2, site_code="330106-01")
    there.pass_time(60)
    there.tickets.change(1, retreat_count=1, status=1, description="凭证不清楚")
    there.catch_up()
    rows = queue.page(db_session, there.company["site"], queue.Filters(queue="all"), there.now).rows
    assert sorted(row.retreats for row in rows) == [0, 1]


def test_pages_are_read_from_the_last_to_the_first(there: Polled) -> None:
    for n in range(1, 8):
        there.tickets.open(n)
    asked: list[int] = []
    there.pass_time(1)
    there.tickets.before_page = asked.append
    there.catch_up()
    with_rows = asked[-4:]
    assert with_rows == [1, 3, 2, 1]  # the first time only to count


@pytest.mark.thorough
@pytest.mark.parametrize(("step", "nth"), PLACES)
def test_a_crash_at_any_step_loses_nothing_and_doubles_nothing(
    company: Cast, monkeypatch: pytest.MonkeyPatch, db_session, step: str, nth: int
) -> None:
    with polled(company, page_size=SMALL) as there:
        monkeypatch.setattr(clock, "now", lambda: there.now)
        eventful(there)
        with suppress(Killed), dying(f"poll.{step}", nth=nth):
            for _turn in range(6):
                there.read()
        there.pass_time(polls.polls.LEASE.total_seconds() + 1)
        there.catch_up()
        found = picture(db_session)
        assert [row[:2] for row in found[:8]] == [(str(n), 2 if n == 4 else 0) for n in range(1, 9)]
        assert said(db_session, "received", "urge", "sent_back", "satisfied", "cancelled") == {
            "received": 8, "urge": 1, "sent_back": 1, "satisfied": 1, "cancelled": 1,
        }  # fmt: skip


@pytest.mark.thorough
def test_a_process_that_dies_at_every_single_step_gets_there_all_the_same(there: Polled, db_session) -> None:
    eventful(there)

    def read_on() -> None:
        while there.read() == "done":
            pass

    crashes = 0
    for crashes, _reached in enumerate(deaths(read_on), 1):  # noqa: B007 - counted
        there.pass_time(polls.polls.LEASE.total_seconds() + 1)
    assert crashes >= 20
    there.catch_up()
    assert [row[0] for row in picture(db_session)[:8]] == [str(n) for n in range(1, 9)]
    assert said(db_session, "received", "urge", "sent_back", "satisfied", "cancelled") == {
        "received": 8, "urge": 1, "sent_back": 1, "satisfied": 1, "cancelled": 1,
    }  # fmt: skip


def test_the_cursor_moves_only_with_the_last_page_of_its_window(there: Polled) -> None:
    eventful(there)
    begun = there.now - timedelta(hours=1)

    def crash(at: str) -> None:
        if at == "poll.stored" and there.row().page == 1 and there.row().total:
            raise Killed(at)

    with pytest.raises(Killed), armed(crash):
        for _turn in range(9):
            before = there.row().cursor_at if _turn else begun
            there.read()
    assert there.row().cursor_at == before
    assert there.row().page == 1


def test_a_ticket_that_moves_between_the_pages_takes_no_other_with_it(there: Polled, db_session) -> None:
    """Every page that is asked for makes one ticket change: it leaves the window, and the rows behind it move up."""
    for n in range(1, 13):
        there.tickets.open(n)
    there.pass_time(30)
    moving = iter(range(1, 13))

    def change(_page: int) -> None:
        n = next(moving, None)
        if n is not None:
            there.pass_time(1)
            there.tickets.change(n, description=f"{n}")

    there.tickets.before_page = change
    there.catch_up()
    there.pass_time(60)
    there.catch_up()
    assert sorted(int(row[0]) for row in picture(db_session)[:12]) == list(range(1, 13))
    assert said(db_session, "received") == {"received": 12}


def test_a_row_that_shows_up_late_is_in_the_next_window(there: Polled, db_session) -> None:
    there.catch_up()
    there.pass_time(60)
    there.tickets.open(1)
    there.tickets.tickets[1].row["updated_at"] -= 90  # before the cursor
    there.catch_up()
    assert said(db_session, "received") == {"received": 1}


def test_a_window_that_grows_while_it_is_read_is_read_from_its_new_end(there: Polled, db_session) -> None:
    for n in range(1, 8):
        there.tickets.open(n)
    there.pass_time(30)
    at = int(there.now.timestamp()) - 30

    def appear(page: int) -> None:
        if page == 2 and 99 not in there.tickets.tickets:
            for n in range(96, 100):  # they push those of the first page behind what was read already
                there.tickets.open(n, updated_at=at - 1)

    there.tickets.before_page = appear
    there.catch_up()
    assert said(db_session, "received") == {"received": 11}


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (reply(503, b"busy"), "server_error"),
        (reply(200, b"<html>"), "html_page"),
        (reply(200, b"{"), "bad_answer"),
        (reply(429, b"", Retry_After="30"), "rate_limited"),
        (
            reply(200, {"error_response": {"error_code": 20004, "sub_msg": "签名sign校验失败"}}),
            "unauthorised: 20004 签名sign校验失败",
        ),
    ],
)
def test_a_fault_in_the_middle_is_kept_in_words_and_gone_over(there: Polled, db_session, fault, code: str) -> None:
    eventful(there)
    good, asked = there.server.answer, []

    def answer(handler: Any) -> None:
        asked.append(1)
        (fault if len(asked) in (2, 4, 5, 8) else good)(handler)

    there.server.answer = answer
    while there.read() == "done":
        pass
    row = there.row()
    assert (row.error, row.attempts, row.lease_until) == (code, 1, None)
    assert row.next_try_at > there.now
    there.catch_up()
    assert said(db_session, "received") == {"received": 8}
    assert there.row().error == ""


def test_a_platform_that_hangs_is_asked_again_from_the_same_page(
    there: Polled, db_session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.integrations.platform.http.post_form.__kwdefaults__", {"charset": "utf-8", "timeout": (1, 0.2), "limit": 2**22})  # fmt: skip
    eventful(there)
    good, asked = there.server.answer, []

    def answer(handler: Any) -> None:
        asked.append(1)
        if len(asked) == 5:
            there.server.released.wait(5)
        good(handler)

    there.server.answer = answer
    outcomes = [there.read() for _turn in range(4)]
    assert "failed" in outcomes and there.row().error == "timeout"
    there.catch_up()
    assert said(db_session, "received") == {"received": 8}


def test_half_a_page_is_no_page(there: Polled, db_session) -> None:
    for n in range(1, 8):
        there.tickets.open(n)
    there.pass_time(1)
    spoiled: list[int] = []

    def spoil(answer: dict[str, Any]) -> dict[str, Any]:
        if len(answer["logistics_ticket_list"]) == SMALL and len(spoiled) < 2:
            spoiled.append(1)
            return {**answer, "logistics_ticket_list": answer["logistics_ticket_list"][:1]}
        return answer

    there.tickets.spoil = spoil
    there.catch_up()
    assert spoiled and said(db_session, "received") == {"received": 7}


@pytest.mark.parametrize("total", [-1, 2**31, 2**63, 10**30, 1_000_001])
def test_a_count_that_is_none_is_no_page(there: Polled, total: int) -> None:
    there.tickets.open(1)
    there.tickets.spoil = lambda answer: {**answer, "total_count": total}
    assert there.read() == "failed" and there.row().error == "bad_answer"


def test_a_page_of_more_rows_than_were_asked_for_is_not_taken(there: Polled, db_session) -> None:
    there.tickets.spoil = lambda answer: {**answer, "logistics_ticket_list": [{}] * 5000}
    assert there.read() == "failed" and there.row().error == "bad_answer"
    assert db_session.scalars(select(Inbox)).first() is None


def test_a_platform_that_always_has_more_is_left_at_its_next_page_when_time_is_up(there: Polled, db_session) -> None:
    for n in range(5):
        there.tickets.open(n)
    there.pass_time(1)
    more = iter(range(10, 10_000))
    there.tickets.spoil = lambda said: (
        {**said, "total_count": next(more)} if said.get("logistics_ticket_list") else said
    )
    said_of = {polls.read_one(there.id, until=0.0) for _turn in range(60)}
    assert "paused" in said_of and "lost" not in said_of
    there.tickets.spoil = None
    there.catch_up()
    assert said(db_session, "received") == {"received": 5}


@pytest.mark.parametrize("words", ["a\0b", "a\ud800b", "a\r\nb", "a\x1b[31mb"])
def test_the_platforms_own_words_are_one_line_that_can_be_kept(there: Polled, words: str) -> None:
    there.server.answer = reply(200, {"error_response": {"error_code": 20004, "sub_msg": words}})
    assert there.read() == "failed"
    assert there.row().error.endswith("b") and there.row().error.isprintable()


def test_a_row_that_cannot_be_read_is_kept_aside_once_and_holds_up_no_other(there: Polled, db_session) -> None:
    there.tickets.open(1)
    there.tickets.open(2, created_at="next week")
    there.tickets.open(3)
    there.pass_time(1)
    there.catch_up()
    there.pass_time(60)
    there.catch_up()
    db_session.rollback()
    kept = db_session.scalars(select(Inbox).where(Inbox.state == "quarantined")).all()
    assert [(row.msg_type, row.error) for row in kept] == [("TICKET", "bad_field:created_at")]
    assert said(db_session, "received") == {"received": 2}


def test_of_two_at_once_one_reads_and_whoever_lost_the_lease_moves_nothing(there: Polled, db_session) -> None:
    eventful(there)
    other: list[str] = []

    def meanwhile(at: str) -> None:
        if at == "poll.fetched" and len(other) == 0:
            other.append(there.read())  # while the lease holds
            there.pass_time(polls.polls.LEASE.total_seconds() + 1)
            other.append(there.read())  # and when it is over

    with armed(meanwhile):
        while (outcome := there.read()) == "done":
            pass
    assert other[0] == "busy" and other[1] == "done"
    assert outcome == "lost"
    there.catch_up()
    assert said(db_session, "received") == {"received": 8}


def test_a_connection_that_is_off_is_not_asked(there: Polled, db_session) -> None:
    db_session.scalars(select(Connection).where(Connection.id == there.id)).one().active = False
    db_session.commit()
    assert polls.read_due() == 0 and there.tickets.asked == 0
    assert "polls" in {job.name for job in schedule.schedule(2)}


# --- the life of a ticket: answered, sent back, answered again ---


def test_an_answer_that_comes_back_is_round_two_with_fresh_clocks(there: Polled, db_session) -> None:
    there.tickets.open(7, waybill_no="YT0000000000007", site_code="330106-01")
    there.pass_time(1)
    there.catch_up()
    number = db_session.scalars(select(Ticket.number)).one()
    answer(there, number, "已重新派送", "HANDLED", duty="快递公司责任", sign_state="未签收")
    there.deliver()
    assert there.tickets.tickets[7].results == [{
        "handle_result": "已重新派送", "duty": "3", "sign_state": "1", "compensate_state": "1", "compensate_amount": "0",
        "express_dealer": "组织 330106-01",
    }]  # fmt: skip
    assert there.tickets.tickets[7].calls[0]["call_result"] == 3
    there.pass_time(3600)
    there.tickets.retreat(7, "消费者反馈仍未收到")
    there.pass_time(1)
    there.catch_up()
    ticket, order = db_session.scalars(select(Ticket)).one(), db_session.scalars(select(PlatformOrder)).one()
    db_session.refresh(ticket)
    db_session.refresh(order)
    assert (ticket.state, ticket.queue, ticket.repeat_count) == ("in_progress", "returned", 0)
    assert (order.retreats, order.answered_at) == (1, None)
    assert order.expires_at == there.now - timedelta(seconds=1) + timedelta(hours=24)
    runs = {(c.kind, c.run): c for c in db_session.scalars(select(Clock).where(Clock.stopped_at.is_(None)))}
    assert runs["resolve", 2].due_at == runs["resolve", 2].started_at + timedelta(hours=12)
    assert next(c.due_at for (kind, _run), c in runs.items() if kind == "platform") == order.expires_at
    view = ticket_view.view(db_session, there.company["site"], number)
    back = [entry for entry in view.entries if entry.type == "sent_back"]
    assert [(entry.data["round"], entry.text["text"]) for entry in back] == [(2, "消费者反馈仍未收到")]
    answer(
        there,
        number,
        "已赔付并致歉",
        "COMPENSATED",
        duty="快递公司责任",
        sign_state="未签收",
        compensate_amount="12.50",
    )
    there.deliver()
    last = there.tickets.tickets[7].results[-1]
    assert (last["compensate_state"], last["compensate_amount"]) == ("2", "1250")
    there.tickets.retreat(7)
    there.pass_time(1)
    there.catch_up()
    db_session.rollback()
    assert [e.data["round"] for e in ticket_view.view(db_session, there.company["site"], number).entries if e.type == "sent_back"] == [2, 3]  # fmt: skip


def answer(there: Polled, number: str, text: str, chosen: str, **fields: str) -> None:
    site = there.company["site"]
    for _try in range(3):
        replies.follow_up(
            actor=site, post=post(number), text="再联系", contact_outcome="no_answer",
            next_update_at=there.now + timedelta(hours=3), now=there.now,
        )  # fmt: skip
        there.pass_time(3 * 3600)
    replies.result(
        actor=site, post=post(number), now=there.now,
        answer=ResultIn(text, "reached_accepts", "本人", action_taken="redelivered", answer=chosen, supplements=fields),
    )  # fmt: skip


def test_a_call_leaves_once_although_the_answer_is_written_twice(there: Polled, db_session) -> None:
    there.tickets.open(8, waybill_no="YT0000000000008", site_code="330106-01")
    there.pass_time(1)
    there.catch_up()
    number = db_session.scalars(select(Ticket.number)).one()
    for _round in range(2):
        answer(there, number, "已处理", "HANDLED", duty="其他", sign_state="已签收")
        there.deliver()
        there.tickets.retreat(8)
        there.pass_time(1)
        there.catch_up()
    calls = there.tickets.tickets[8].calls
    assert len(calls) == 6 and len({call["call_timestamp"] for call in calls}) == 6
    db_session.rollback()
    kept = db_session.scalars(select(Outbox).where(Outbox.kind == "callback")).all()
    assert {row.state for row in kept} == {"sent"} and len(kept) == 8


def test_what_the_platform_says_to_a_bad_answer_is_told_in_its_words(there: Polled, db_session) -> None:
    there.tickets.open(9, waybill_no="YT0000000000009", site_code="330106-01")
    there.pass_time(1)
    there.catch_up()
    number = db_session.scalars(select(Ticket.number)).one()
    there.tickets.change(9, status=3)
    answer(there, number, "已处理", "HANDLED", duty="其他", sign_state="已签收")
    there.deliver()
    db_session.rollback()
    row = db_session.scalars(select(Outbox).where(Outbox.kind == "callback").order_by(Outbox.id.desc())).first()
    assert row is not None and (row.state, row.error) == ("failed", "50000: 工单已完结，不能回复")
    assert db_session.scalars(select(Ticket.state)).one() == "in_progress"


@pytest.mark.parametrize("odd", [OverflowError("odd"), DataError("odd", None, ValueError("odd"))])
def test_a_row_that_raises_whatever_it_is_holds_up_no_other(
    there: Polled, db_session, monkeypatch: pytest.MonkeyPatch, odd: Exception
) -> None:
    for n in (1, 2, 3):
        there.tickets.open(n)
    there.pass_time(60)
    real = polls.arrivals.take_or_keep

    def take(door: Any, arrival: Any) -> bool:
        if b'"ticket_id": 2' in arrival.body or b'"ticket_id": "2"' in arrival.body:
            raise odd
        return real(door, arrival)

    monkeypatch.setattr(polls.arrivals, "take_or_keep", take)
    there.catch_up()
    assert [row[0] for row in picture(db_session)[:2]] == ["1", "3"]
    kept = db_session.scalars(select(Inbox).where(Inbox.state == "quarantined")).one()
    assert kept.error == f"not_taken:{type(odd).__name__}"
