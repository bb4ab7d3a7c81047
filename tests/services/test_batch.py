"""Many tickets at once: each its own text, callback and transaction; a foreign one stops all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.errors import Invalid, NotFound
from app.models import FreeText, Outbox, Ticket
from app.services import batch
from app.services.batch import Many
from app.services.outward import Choice
from app.services.replies import ResultIn
from app.services.transaction import write
from tests import cast as company
from tests.cast import NOON, Cast

NOW = NOON + timedelta(minutes=5)
TEXT = "{{客户}}您好，运单 {{运单号}}（工单 {{ 单号 }}）今天由{{站点}}送到。"
ANSWERS = [{"reply_value": "OK", "reply_label": "已处理"}]


@pytest.fixture
def cast(db_session: Any) -> Cast:
    """The smallest company."""
    return company.begin()


def pushed(cast: Cast, count: int) -> list[str]:
    return [company.push(cast, f"B{n}", waybill=f"YT{n:09d}0000") for n in range(count)]


def many(numbers: list[str], key: str = "k") -> Many:
    return Many(numbers, {}, key)


def answer(text: str = TEXT, **more: Any) -> ResultIn:
    return ResultIn(text, "reached_accepts", action_taken="redelivered", **more)


def texts(session: Any) -> list[str]:
    """What leaves the house, in order."""
    rows = session.scalars(select(Outbox).where(Outbox.kind == "callback").order_by(Outbox.id))
    return [session.get_one(FreeText, row.payload["text_id"]).body["text"] for row in rows]


def states(session: Any, numbers: list[str]) -> list[str]:
    return [session.scalars(select(Ticket.state).where(Ticket.number == number)).one() for number in numbers]


def test_each_ticket_gets_its_own_text_and_callback(cast: Cast, db_session: Any) -> None:
    numbers = pushed(cast, 3)
    done = batch.result(actor=cast["site"], many=many(numbers), answer=answer(), now=NOW)
    assert [(one.number, one.code) for one in done] == [(number, "") for number in numbers]
    said = texts(db_session)
    assert len(said) == 3
    for n, (number, text) in enumerate(zip(numbers, said, strict=True)):
        assert number in text
        assert f"YT{n:09d}0000" in text
        assert "{{" not in text


def test_one_ticket_of_a_foreign_scope_refuses_the_whole_batch(cast: Cast, db_session: Any) -> None:
    own = pushed(cast, 2)
    foreign = [company.push(cast, "F", waybill="YT9999999990000", site="440305-01")]
    for verb in (
        lambda numbers: batch.claim(actor=cast["site"], many=many(numbers), now=NOW),
        lambda numbers: batch.result(actor=cast["site"], many=many(numbers), answer=answer(), now=NOW),
        lambda numbers: batch.follow_up(
            actor=cast["site"], many=many(numbers), text="x", contact_outcome="no_answer",
            next_update_at=NOW + timedelta(hours=1), now=NOW,
        ),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            verb([*own, *foreign])
    assert states(db_session, [*own, *foreign]) == ["open"] * 3
    assert texts(db_session) == []


def test_a_ticket_that_fails_is_named_with_its_reason_and_the_others_go_through(cast: Cast, db_session: Any) -> None:
    numbers = pushed(cast, 3)
    batch.result(actor=cast["site"], many=many(numbers[1:2], "first"), answer=answer(), now=NOW)
    done = batch.result(actor=cast["site"], many=many(numbers), answer=answer(), now=NOW)
    assert [one.code for one in done] == ["", "not_allowed", ""]
    assert states(db_session, numbers) == ["replied"] * 3
    assert len(texts(db_session)) == 3


def test_the_same_form_sent_twice_answers_each_ticket_once(cast: Cast, db_session: Any) -> None:
    numbers = pushed(cast, 2)
    for _again in range(2):
        done = batch.result(actor=cast["site"], many=many(numbers), answer=answer(), now=NOW)
        assert [one.code for one in done] == ["", ""]
    assert len(texts(db_session)) == 2


def test_claim_takes_each_and_names_what_is_a_colleagues(cast: Cast, db_session: Any) -> None:
    numbers = pushed(cast, 2)
    batch.claim(actor=cast["site-manager"], many=many(numbers[:1], "other"), now=NOW)
    done = batch.claim(actor=cast["site"], many=many(numbers), now=NOW)
    assert done[0].code
    assert done[1].code == ""


def test_follow_up_fills_the_placeholders_too(cast: Cast, db_session: Any) -> None:
    numbers = pushed(cast, 2)
    done = batch.follow_up(
        actor=cast["site"], many=many(numbers), text="{{单号}} 在找", contact_outcome="no_answer",
        next_update_at=NOW + timedelta(hours=1), now=NOW,
    )  # fmt: skip
    assert [one.code for one in done] == ["", ""]
    bodies = [text.body.get("text", "") for text in db_session.scalars(select(FreeText))]
    assert {f"{number} 在找" for number in numbers} <= set(bodies)


def test_tickets_of_two_categories_take_no_common_answer(cast: Cast) -> None:
    numbers = pushed(cast, 2)
    with write() as session:
        session.execute(update(Ticket).where(Ticket.number == numbers[0]).values(category="LOST"))
    with pytest.raises(Invalid) as refused:
        batch.result(actor=cast["site"], many=many(numbers), answer=answer(), now=NOW)
    assert refused.value.fields == {"tickets": "mixed_categories"}


@pytest.mark.parametrize("text", ["{{地址}}", "{{ 7*7 }}", "{{config}}"])
def test_an_unknown_placeholder_is_refused(cast: Cast, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        batch.result(actor=cast["site"], many=many(pushed(cast, 1)), answer=answer(text), now=NOW)
    assert refused.value.fields == {"text": "unknown_placeholder"}


def test_at_most_fifty_and_at_least_one(cast: Cast) -> None:
    for numbers, code in (([], "required"), ([f"KF{n}" for n in range(51)], "too_many_in_batch")):
        with pytest.raises(Invalid) as refused:
            batch.claim(actor=cast["site"], many=many(numbers), now=NOW)
        assert refused.value.fields == {"tickets": code}


def test_each_set_of_allowed_answers_is_asked_once_and_goes_to_its_own_tickets(cast: Cast, db_session: Any) -> None:
    plain, asked = pushed(cast, 1), [company.push(cast, "C1", waybill="YT0000001110000", answers=ANSWERS)]
    found = batch.items(db_session, cast["site"], [*plain, *asked], NOW)
    (group,) = batch.groups(found)
    with pytest.raises(Invalid) as refused:
        batch.check(found, answer(), NOW)
    assert refused.value.fields == {group.field("answer"): "required"}
    said = answer(choices={group.key: Choice("OK")})
    assert batch.answer_of(found[0], said).answer == ""
    assert batch.answer_of(found[1], said).answer == "OK"
    assert batch.groups(found[1:])[0].key == group.key


def test_the_same_form_with_other_words_stores_none_of_them_and_says_so_at_each(cast: Cast, db_session: Any) -> None:
    numbers, until = pushed(cast, 2), NOW + timedelta(hours=1)

    def follow_up(text: str, who: str = "site") -> list[str]:
        done = batch.follow_up(
            actor=cast[who], many=many(numbers), text=text, contact_outcome="no_answer", next_update_at=until, now=NOW
        )
        return [one.code for one in done]

    assert follow_up("先前的话") == follow_up("先前的话") == ["", ""]
    assert follow_up("改过的话") == follow_up("先前的话", "site-manager") == ["sent_already", "sent_already"]
    said = [body["text"] for body in db_session.scalars(select(FreeText.body)) if "的话" in body.get("text", "")]
    assert said == ["先前的话", "先前的话"]
