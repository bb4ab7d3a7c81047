"""The complainant's link: made where no platform asks, secret, answered once, with the platform's own effects."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app import clock
from app.domain.errors import Invalid, NotFound
from app.jobs import gateways
from app.models import Appeal, Clock, CustomerLink, Event, Outbox, Person, Ticket
from app.services import appeals, customer_link, intake, journal, outbox, replies, sweep
from app.services.intake import ComplaintIn
from app.services.outbox import Result
from app.services.replies import Answered, ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket
from tests.failing import Killed, dying

HOUR = timedelta(hours=1)
OVER = NOON + timedelta(hours=48, days=7)  # the objection window and a week
ANSWER = ResultIn("已重新派送到您手中", "reached_accepts")


def by_hand(cast: Cast, phone: str = "13812345678", site: str = "330106-01") -> str:
    """A telephone complaint that no platform knows, routed to the site."""
    complaint = ComplaintIn(
        text="快递放驿站没有通知", category="LOCKER", waybill="YT1000000000011", channel="telephone", name="王小明",
        phone=phone, address="杭州市文三路 1 号", site_code=site,
    )  # fmt: skip
    return intake.manual(actor=cast["site"], complaint=complaint, key="", now=NOON)


def answered(cast: Cast, number: str, now: Any = NOON) -> str:
    """The token of a result given now."""
    done = replies.result(actor=cast["site"], post=post(number), answer=ANSWER, now=now)
    assert isinstance(done, Answered) and done.link
    return done.link


def press(token: str, verdict: str = "solved", comment: str = "", now: Any = NOON + HOUR) -> customer_link.Asked:
    return customer_link.answer(token=token, verdict=verdict, comment=comment, now=now)


def count(session: Any, table: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(table))


def everything(session: Any) -> str:
    """All that the database holds, as one text."""
    session.rollback()
    tables = customer_link.CustomerLink.metadata.sorted_tables
    return "".join(str(list(session.execute(text(f"SELECT * FROM {table.name}")))) for table in tables)


def test_a_result_without_a_platform_makes_a_link_and_one_with_a_platform_none(cast: Cast, db_session) -> None:
    answered(cast, by_hand(cast))
    done = replies.result(actor=cast["site"], post=post(push(cast)), answer=ANSWER, now=NOON)
    assert getattr(done, "link", "") == ""
    assert count(db_session, CustomerLink) == 1


def test_the_token_has_256_bits_and_stands_nowhere_but_as_its_digest(cast: Cast, db_session) -> None:
    token = answered(cast, by_hand(cast))
    assert len(token) == 43
    held = everything(db_session)
    assert token not in held and token[:22] not in held
    assert hashlib.sha256(token.encode()).hexdigest() in held


def test_the_page_shows_complaint_and_result_and_looking_writes_nothing(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    token = answered(cast, number)
    before = everything(db_session)
    for _ in range(3):
        seen = customer_link.show(db_session, token, NOON + HOUR)
    assert (seen.number, seen.complaint, seen.result) == (number, "快递放驿站没有通知", ANSWER.text)
    assert (seen.verdict, seen.answered_at) == ("", None)
    assert everything(db_session) == before


def test_the_link_ends_a_week_after_the_time_to_object(cast: Cast, db_session) -> None:
    token = answered(cast, by_hand(cast))
    customer_link.show(db_session, token, OVER - timedelta(seconds=1))
    for call in (lambda: customer_link.show(db_session, token, OVER), lambda: press(token, now=OVER)):
        with pytest.raises(NotFound):
            call()


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 44, "../" * 14 + "A", "é" * 43, "\0" * 43, "A" * 42 + "\n"])
def test_a_token_that_was_never_made_is_not_found(cast: Cast, db_session, token: str) -> None:
    answered(cast, by_hand(cast))
    with pytest.raises(NotFound):
        customer_link.show(db_session, token, NOON)


def test_solved_is_what_satisfied_is_to_a_platform(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    assert press(answered(cast, number), comment="谢谢").verdict == "solved"
    row = ticket(db_session, number)
    assert (row.state, row.customer_accepted, row.accepted_at) == ("replied", True, NOON + HOUR)
    clocks = {clock.kind: clock.state for clock in db_session.scalars(select(Clock).where(Clock.ticket_id == row.id))}
    assert (clocks["delivery"], clocks["close"]) == ("met", "running")
    replies.close(actor=cast["site"], post=post(number), root_cause="station", verified=True, now=NOON + 2 * HOUR)
    assert ticket(db_session, number).state == "closed"


def test_not_solved_is_an_appeal_that_headquarters_rules_on(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    press(answered(cast, number), "not_solved", "根本没有送来")
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.customer_accepted) == ("appealed", "appealed", False)
    runs = {clock.kind: clock for clock in db_session.scalars(select(Clock).where(Clock.ticket_id == row.id))}
    assert (runs["delivery"].state, runs["appeal"].due_at) == ("void", NOON + 25 * HOUR)
    assert count(db_session, Appeal) == 1
    appeals.rule(
        actor=cast["ccs"],
        post=post(number),
        ruling=appeals.RulingIn("upheld_return", "请重新派送"),
        now=NOON + 2 * HOUR,
    )
    assert ticket(db_session, number).state == "in_progress"
    assert journal.verify(db_session, row.id) is None


def test_a_second_press_changes_nothing_and_shows_the_first(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    token = answered(cast, number)
    press(token, "not_solved", "没有")
    before = (count(db_session, Event), ticket(db_session, number).state, count(db_session, Appeal))
    for verdict in ("solved", "not_solved"):
        again = press(token, verdict, now=NOON + 3 * HOUR)
        assert (again.verdict, again.answered_at) == ("not_solved", NOON + HOUR)
    assert (count(db_session, Event), ticket(db_session, number).state, count(db_session, Appeal)) == before


@pytest.mark.parametrize(
    ("verdict", "comment", "field"), [("", "", "verdict"), ("maybe", "", "verdict"), ("solved", "x" * 501, "comment")]
)
def test_an_answer_that_is_none_is_told_and_not_recorded(
    cast: Cast, db_session, verdict: str, comment: str, field: str
) -> None:
    token = answered(cast, by_hand(cast))
    with pytest.raises(Invalid) as error:
        press(token, verdict, comment)
    assert list(error.value.fields) == [field]
    assert customer_link.show(db_session, token, NOON).verdict == ""


def test_a_newer_result_ends_the_older_link(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    first = answered(cast, number)
    press(first, "not_solved")
    ruling = appeals.RulingIn("upheld_return", "重办")
    appeals.rule(actor=cast["ccs"], post=post(number), ruling=ruling, now=NOON + 2 * HOUR)
    second = answered(cast, number, NOON + 3 * HOUR)
    assert customer_link.show(db_session, first, NOON + 4 * HOUR).verdict == "not_solved"
    intake.manual(
        actor=cast["site"], key="again", now=NOON + 5 * HOUR,
        complaint=ComplaintIn(text="又来了", category="LOCKER", waybill="YT1000000000011", channel="telephone"),
    )  # fmt: skip
    third = answered(cast, number, NOON + 6 * HOUR)
    with pytest.raises(NotFound):
        customer_link.show(db_session, second, NOON + 7 * HOUR)
    assert press(third, now=NOON + 7 * HOUR).verdict == "solved"


def test_not_solved_after_the_closing_is_still_an_appeal(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    token = answered(cast, number)
    later = NOON + timedelta(hours=49)
    while sweep.run(db_session, later):
        pass
    replies.close(actor=cast["site"], post=post(number), root_cause="station", verified=True, now=later)
    press(token, "not_solved", now=later + HOUR)
    assert ticket(db_session, number).state == "appealed"


def test_the_same_form_sent_twice_tells_the_link_once(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    first = replies.result(actor=cast["site"], post=post(number, "k"), answer=ANSWER, now=NOON)
    second = replies.result(actor=cast["site"], post=post(number, "k"), answer=ANSWER, now=NOON)
    assert second.repeated and not getattr(second, "link", "") and getattr(first, "link", "")
    assert count(db_session, CustomerLink) == 1


# --- by SMS ---


def sms_rows(session: Any) -> list[Outbox]:
    session.rollback()
    return list(session.scalars(select(Outbox).where(Outbox.kind == "sms")))


def test_a_mobile_number_gets_an_sms_whose_row_holds_neither_number_nor_token(cast: Cast, db_session) -> None:
    token = answered(cast, by_hand(cast))
    (row,) = sms_rows(db_session)
    held = json.dumps(row.payload) + row.key + row.lane
    assert "13812345678" not in held and token not in held and "王小明" not in held
    assert (row.payload["template"], row.next_try_at, row.state) == ("result_link", NOON, "pending")


@pytest.mark.parametrize("phone", ["", "0571-88880000", "13812345678-1234"])
def test_without_a_mobile_number_there_is_no_sms_but_a_link_all_the_same(cast: Cast, db_session, phone: str) -> None:
    assert answered(cast, by_hand(cast, phone))
    assert sms_rows(db_session) == []


def test_an_sms_waits_for_the_morning(cast: Cast, db_session) -> None:
    answered(cast, by_hand(cast), NOON + 12 * HOUR)  # midnight in Shanghai
    assert sms_rows(db_session)[0].next_try_at == NOON + 20 * HOUR


def message(session: Any, now: Any = NOON) -> Any:
    with write() as inside:
        return customer_link.message(inside, inside.scalars(select(Outbox).where(Outbox.kind == "sms")).one(), now)


def test_number_and_token_are_put_in_at_the_moment_of_sending_and_each_token_works(cast: Cast, db_session) -> None:
    shown = answered(cast, by_hand(cast))
    said = [message(db_session), message(db_session)]
    assert {m["phone"] for m in said} == {"13812345678"}
    tokens = [m["variables"]["token_head"] + m["variables"]["token_tail"] for m in said]
    assert len({shown, *tokens}) == 3
    assert all(len(part) <= 35 for m in said for part in m["variables"].values())
    press(tokens[0], "not_solved")
    for token in (shown, *tokens):
        assert customer_link.show(db_session, token, NOON + HOUR).verdict == "not_solved"
    assert press(shown, "solved").verdict == "not_solved"


@pytest.mark.parametrize("by_sms", [True, False])
def test_the_entry_tells_whether_the_clerk_has_seen_the_link_that_was_pressed(
    cast: Cast, db_session, by_sms: bool
) -> None:
    """Who answered could press it too: only a link out of an SMS is the complainant's alone."""
    shown = answered(cast, by_hand(cast))
    sent = message(db_session)["variables"]
    press(sent["token_head"] + sent["token_tail"] if by_sms else shown)
    said = db_session.scalars(select(Event).where(Event.type == "satisfied")).one()
    assert said.data["handed_over"] is not by_sms


def deliver(session: Any, now: Any) -> tuple[str, list[dict]]:
    """Deliver the SMS with a driver that only listens: the row's state, and what the driver got."""
    heard: list[dict] = []

    def driver(row: Outbox, _material: Any) -> Result:
        heard.append(dict(row.payload))
        return Result("sent")

    row_id = sms_rows(session)[0].id
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: now)
        state = outbox.deliver(
            row_id, send=driver, query=driver, prepare=gateways.prepare, settle=lambda *_: None, lease=60,
            clock=clock.now,
        )  # fmt: skip
    return state, heard


def test_the_driver_gets_number_and_token_and_the_row_keeps_neither(cast: Cast, db_session) -> None:
    answered(cast, by_hand(cast))
    state, (heard,) = deliver(db_session, NOON + HOUR)
    token = heard["variables"]["token_head"] + heard["variables"]["token_tail"]
    assert (state, heard["phone"]) == ("sent", "13812345678")
    assert customer_link.show(db_session, token, NOON + HOUR).verdict == ""
    (row,) = sms_rows(db_session)
    assert (row.state, row.payload["phone"], row.payload["variables"]) == ("sent", "", {})


def test_an_sms_of_an_answered_link_fails_visibly_and_reaches_no_driver(cast: Cast, db_session) -> None:
    press(answered(cast, by_hand(cast)))
    assert deliver(db_session, NOON + 2 * HOUR) == ("failed", [])
    assert sms_rows(db_session)[0].error == "no_longer_wanted"


def test_an_sms_that_may_be_out_already_is_asked_for_although_nobody_wants_it_any_more(cast: Cast, db_session) -> None:
    token = answered(cast, by_hand(cast))
    with pytest.raises(Killed), dying("outbox.sending"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOON)
        outbox.deliver(
            sms_rows(db_session)[0].id, send=lambda *_: Result("sent"), prepare=gateways.prepare,
            settle=lambda *_: None, lease=60, clock=clock.now,
        )  # fmt: skip
    press(token)
    state, heard = deliver(db_session, NOON + 2 * HOUR)
    assert (state, len(heard)) == ("sent", 1)


def test_an_sms_that_comes_too_late_is_not_sent(cast: Cast, db_session) -> None:
    token = answered(cast, by_hand(cast))
    assert message(db_session, OVER) is None
    press(token)
    assert message(db_session, NOON + HOUR) is None


def test_an_sms_to_a_person_who_was_deleted_is_not_sent(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answered(cast, number)
    with write() as session:
        session.delete(session.scalars(select(Person).join(Ticket).where(Ticket.number == number)).one())
    assert message(db_session) is None
