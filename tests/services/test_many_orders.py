"""Two platforms on one parcel: one ticket, an answer for each that it allows, and the earliest deadline."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid
from app.models import Connection, Outbox, PlatformOrder
from app.models.ids import new_id
from app.services import callbacks, outward, replies, sweep
from app.services.outward import Choice
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, tell, ticket
from tests.services.ending_steps import by_hand, events, push_from, runs

HOUR = timedelta(hours=1)
WAYBILL = "YT1000000000011"


def reply(value: str, operate_type: str, *fields: str) -> dict:
    demanded = [{"field_name": name, "field_label": name, "require": "true"} for name in fields]
    return {"reply_value": value, "reply_label": value, "operate_type": operate_type, "reply_supplement": demanded}


DEMO_ANSWERS = [reply("REDELIVERED", "A1", "signer"), reply("EXPLAINED", "A2")]
OTHER_ANSWERS = [reply("OK", "B1", "signer", "courier")]
OTHER_SAID = Choice("OK", {"signer": "本人", "courier": "李师傅"})


@pytest.fixture
def second(cast: Cast) -> int:
    """Another platform's connection."""
    with write() as session:
        row = Connection(id=new_id(), code="pdd", name="PDD", secrets=["x"], category_map={}, charset="utf-8")
        session.add(row)
        return row.id


def both(cast: Cast, second: int, *, first_due: datetime | None = None, second_due: datetime | None = None) -> str:
    """One ticket with an order of each platform."""
    number = push_from(cast, cast.connection_id, "W1", WAYBILL, answers=DEMO_ANSWERS, expires_at=first_due)
    assert push_from(cast, second, "W1", WAYBILL, answers=OTHER_ANSWERS, expires_at=second_due) == number
    return number


def orders(session) -> list[PlatformOrder]:
    session.rollback()
    return list(session.scalars(select(PlatformOrder).order_by(PlatformOrder.id)))


def taken(session, index: int, now: datetime) -> None:
    """The platform of the order takes its latest callback."""
    order = orders(session)[index]
    with write() as inner:
        rows = inner.scalars(select(Outbox).where(Outbox.lane == f"order:{order.id}").order_by(Outbox.id)).all()
        callbacks.accepted(inner, rows[-1], now)


def test_each_order_gets_its_own_answer_and_its_own_fields(cast: Cast, db_session, second: int) -> None:
    number = both(cast, second)
    one, two = (str(order.id) for order in orders(db_session))
    choices = {one: Choice("REDELIVERED", {"signer": "本人"}), two: Choice("OK", {"signer": "邻居", "courier": "小李"})}
    said = ResultIn("已处理", "reached_accepts", choices=choices)
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)
    sent = [callbacks.message(db_session, row) for row in db_session.scalars(select(Outbox).order_by(Outbox.id))]
    assert [(connection.code, m["operate_type"], m["extension"]) for connection, m in sent] == [
        ("demo", "A1", {"signer": "本人"}), ("pdd", "B1", {"signer": "邻居", "courier": "小李"}),
    ]  # fmt: skip
    assert {m["description"] for _connection, m in sent} == {"已处理"}


def test_what_is_missing_is_said_beside_the_field_of_that_order(cast: Cast, db_session, second: int) -> None:
    number = both(cast, second)
    one, two = (str(order.id) for order in orders(db_session))
    said = ResultIn("已处理", "reached_accepts", choices={one: Choice("OK"), two: Choice("OK", {"signer": "邻居"})})
    with pytest.raises(Invalid) as error:
        replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)
    assert error.value.fields == {f"answer-{one}": "unknown_answer", f"supplement-{two}-courier": "required"}
    assert not db_session.scalars(select(Outbox)).all()


def test_orders_that_allow_the_same_are_asked_once(cast: Cast, db_session, second: int) -> None:
    for code in ("W1", "W2"):
        number = push_from(cast, cast.connection_id, code, WAYBILL, answers=DEMO_ANSWERS)
    push_from(cast, second, "free", WAYBILL)
    assert [(group.key, len(group.orders)) for group in outward.groups(orders(db_session))] == [("", 2)]
    said = ResultIn("已处理", "reached_accepts", answer="EXPLAINED")
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)
    assert [row.payload["operate_type"] for row in db_session.scalars(select(Outbox))] == ["A2"] * 3


def test_a_cancelled_order_is_asked_nothing(cast: Cast, db_session, second: int) -> None:
    both(cast, second)
    tell(cast, "CANCEL", at=NOON + HOUR, now=NOON + HOUR)
    assert [group.key for group in outward.groups(orders(db_session))] == [""]


# --- the earliest deadline ---


def platform_runs(session, number: str) -> list[tuple]:
    return [(run.state, run.due_at) for run in runs(session, number, "platform")]


@pytest.mark.parametrize(
    ("second_due", "due"), [(NOON + 5 * HOUR, NOON + 5 * HOUR), (NOON + 30 * HOUR, NOON + 20 * HOUR)]
)
def test_one_clock_runs_to_the_earliest_deadline(
    cast: Cast, db_session, second: int, second_due: datetime, due: datetime
) -> None:
    number = both(cast, second, first_due=NOON + 20 * HOUR, second_due=second_due)
    assert platform_runs(db_session, number) == [("running", due)]
    moved = [event.data["due_at"] for event in events(db_session, number, "clock_redated")]
    assert moved == ([due.isoformat()] if due == second_due else [])


def answer_both(cast: Cast, session, number: str) -> None:
    one, two = (str(order.id) for order in orders(session))
    fields = {"signer": "本人", "courier": "小李"}
    said = ResultIn("好", "reached_accepts", choices={one: Choice("EXPLAINED"), two: Choice("OK", fields)})
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)


def test_when_the_earliest_is_answered_the_clock_runs_to_the_next(cast: Cast, db_session, second: int) -> None:
    number = both(cast, second, first_due=NOON + 20 * HOUR, second_due=NOON + 5 * HOUR)
    answer_both(cast, db_session, number)
    taken(db_session, 1, NOON + 5 * HOUR)
    assert platform_runs(db_session, number) == [("running", NOON + 20 * HOUR)]
    taken(db_session, 0, NOON + 6 * HOUR)
    assert platform_runs(db_session, number) == [("met", NOON + 20 * HOUR)]


def test_a_deadline_that_was_missed_stays_missed_and_the_next_has_its_own_run(
    cast: Cast, db_session, second: int
) -> None:
    number = both(cast, second, first_due=NOON + 20 * HOUR, second_due=NOON + 5 * HOUR)
    answer_both(cast, db_session, number)
    late = NOON + 5 * HOUR + timedelta(seconds=1)
    sweep.run(db_session, late)
    taken(db_session, 1, late)
    assert platform_runs(db_session, number) == [("breached", NOON + 5 * HOUR), ("running", NOON + 20 * HOUR)]


def test_a_cancelled_order_takes_its_deadline_with_it(cast: Cast, db_session, second: int) -> None:
    number = both(cast, second, first_due=NOON + 5 * HOUR, second_due=NOON + 20 * HOUR)
    tell(cast, "CANCEL", at=NOON + HOUR, now=NOON + HOUR)
    assert platform_runs(db_session, number) == [("running", NOON + 20 * HOUR)]
    assert ticket(db_session, number).state == "open"


def test_a_telephone_repeat_joins_the_platforms_ticket(cast: Cast, db_session, second: int) -> None:
    number = both(cast, second)
    assert by_hand(cast, WAYBILL, now=NOON + HOUR) == number
    assert ticket(db_session, number).repeat_count == 2
    assert events(db_session, number, "repeat")[-1].data["channel"] == "telephone"


def said_to(session, index: int) -> dict:
    """The message that the latest callback of the order carries."""
    order = orders(session)[index]
    row = session.scalars(select(Outbox).where(Outbox.lane == f"order:{order.id}").order_by(Outbox.id.desc())).first()
    return callbacks.message(session, row)[1]


def test_a_field_that_was_typed_for_another_answer_stays_in_the_house(cast: Cast, db_session) -> None:
    number = push_from(cast, cast.connection_id, "W1", WAYBILL, answers=DEMO_ANSWERS)
    typed = {"signer": "王家人 13812345678", "smuggled": "内部"}
    said = ResultIn("已说明", "reached_accepts", answer="EXPLAINED", supplements=typed)
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)
    message = said_to(db_session, 0)
    assert (message["operate_type"], message["extension"]) == ("A2", {})


def test_a_platform_that_lists_no_answers_is_told_none(cast: Cast, db_session) -> None:
    number = push_from(cast, cast.connection_id, "W1", WAYBILL)
    said = ResultIn("已说明", "reached_accepts", answer="内部口径", supplements={"signer": "13812345678"})
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)
    message = said_to(db_session, 0)
    assert (message["operate_type"], message["extension"]) == ("REPLY", {})


def test_what_was_done_is_one_of_the_list_because_an_event_keeps_it_for_ever(cast: Cast, db_session) -> None:
    number = push_from(cast, cast.connection_id, "W1", WAYBILL)
    with pytest.raises(Invalid) as wrong:
        replies.result(
            actor=cast["site"], post=post(number), now=NOON,
            answer=ResultIn("已说明", "reached_accepts", action_taken="找王小明 13812345678"),
        )  # fmt: skip
    assert wrong.value.fields == {"action_taken": "required"}


def test_a_satisfied_order_ends_nothing_while_another_has_no_answer(cast: Cast, second: int, db_session) -> None:
    number = both(cast, second)
    tell(cast, "SATISFIED", at=NOON + HOUR, now=NOON + HOUR)
    row = ticket(db_session, number)
    assert (row.state, row.customer_accepted) == ("open", False)
    choices = {str(orders(db_session)[0].id): Choice("EXPLAINED"), str(orders(db_session)[1].id): OTHER_SAID}
    said = ResultIn("已核实", "reached_accepts", choices=choices)
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON + 2 * HOUR)
    tell(cast, "SATISFIED", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    row = ticket(db_session, number)
    assert (row.state, row.customer_accepted) == ("replied", True)


def test_one_complainant_is_satisfied_and_ccs_still_rules_on_what_the_other_rejected(cast: Cast, db_session) -> None:
    number = push_from(cast, cast.connection_id, "W1", WAYBILL)
    push_from(cast, cast.connection_id, "W2", WAYBILL)
    replies.result(actor=cast["site"], post=post(number), answer=ResultIn("已送", "reached_accepts"), now=NOON)
    tell(cast, "REJECT", "W2", at=NOON + HOUR, now=NOON + HOUR)
    tell(cast, "SATISFIED", "W1", at=NOON + 2 * HOUR, now=NOON + 2 * HOUR)
    assert ticket(db_session, number).state == "appealed"
    tell(cast, "SATISFIED", "W2", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    assert ticket(db_session, number).state == "replied"


def test_a_platforms_cancel_does_not_take_away_what_was_complained_of_by_telephone(cast: Cast, db_session) -> None:
    number = by_hand(cast, WAYBILL)
    assert push_from(cast, cast.connection_id, "W1", WAYBILL, now=NOON + HOUR) == number
    tell(cast, "CANCEL", at=NOON + 2 * HOUR, now=NOON + 2 * HOUR)
    assert ticket(db_session, number).state == "open"
    only_pushed = push_from(cast, cast.connection_id, "W2", "YT2000000000022")
    tell(cast, "CANCEL", "W2", at=NOON + 2 * HOUR, now=NOON + 2 * HOUR)
    assert ticket(db_session, only_pushed).state == "withdrawn"
