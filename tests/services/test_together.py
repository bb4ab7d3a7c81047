"""Several questions in one statement give what each of them gives alone, of the same kind and in its order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, event, literal, select
from sqlalchemy.orm import aliased

from app.models import CalendarDay, Category, Clock, Event, FreeText, Organisation, Ticket, User, together
from app.models.among import among
from app.models.together import Question, ask, run
from app.services import replies
from tests import cast
from tests.cast import NOON, Cast, post

OF = bindparam("ticket_id")
WHO = aliased(User)
CLOCKS = Question(select(Clock).where(Clock.ticket_id == OF).order_by(Clock.due_at.desc(), Clock.id))
EVENTS = Question(
    select(Event, FreeText.body, WHO)
    .outerjoin(FreeText, FreeText.id == Event.text_id)
    .outerjoin(WHO, WHO.id == Event.actor_id)
    .where(Event.ticket_id == OF)
    .order_by(Event.seq.desc())
)
ROW = Question(select(Ticket.number, Ticket.overdue, Ticket.opened_at, Ticket.flags).where(Ticket.id == OF))
SOME = Question(select(Organisation.code).where(among(Organisation.code, "codes")))


@pytest.fixture
def company(db_session: Any) -> Cast:
    """The smallest company."""
    return cast.begin()


@pytest.fixture
def said(database: Any) -> Iterator[list[str]]:
    """The statements that ran."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield found
    event.remove(database.engine, "before_cursor_execute", note)


def lived(company: Cast, session: Any) -> int:
    number = cast.push(company, text='有引号 " 和 \\ 反斜杠')
    replies.note(actor=company["site"], post=post(number), text="记", now=NOON + timedelta(microseconds=120))
    session.rollback()
    return int(session.scalar(select(Ticket.id).where(Ticket.number == number)))


def same(record: Any, row: Any) -> bool:
    """Every attribute of the named tuple is what the entity has."""
    return all(getattr(record, name) == getattr(row, name) for name in record._fields)


def test_many_questions_give_what_each_gives_alone_and_cost_one_statement(db_session, company, said):
    ticket_id = lived(company, db_session)
    of = {"ticket_id": ticket_id}
    said.clear()
    clocks, events, rows, codes = ask(db_session, CLOCKS(**of), EVENTS(**of), ROW(**of), SOME(codes=["33", "44", "x"]))
    assert len(said) == 1
    alone = list(db_session.scalars(CLOCKS.statement, of))
    assert len(clocks) == len(alone) > 2 and all(same(a, b) for a, b in zip(clocks, alone, strict=True))
    for (mine, body, who), (row, text, person) in zip(events, db_session.execute(EVENTS.statement, of), strict=True):
        assert same(mine, row) and body == text and (who is None) == (person is None)
    assert [tuple(row) for row in rows] == [tuple(row) for row in db_session.execute(ROW.statement, of)]
    assert (rows[0].number, rows[0].overdue) == (alone and db_session.get(Ticket, ticket_id).number, False)
    assert sorted(codes) == ["33", "44"]


def test_a_question_without_rows_gives_an_empty_list_and_days_come_back_as_days(db_session, company):
    none, days = ask(db_session, CLOCKS(ticket_id=1), Question(select(CalendarDay).order_by(CalendarDay.day))())
    assert none == []
    alone = db_session.scalars(select(CalendarDay).order_by(CalendarDay.day))
    assert all(same(a, b) for a, b in zip(days, alone, strict=True))


def test_steps_ask_at_the_same_time_and_go_on_with_what_they_were_told(db_session, company, said):
    def first() -> together.Step[list[str]]:
        (found,) = yield (SOME(codes=["33"]),)
        (more,) = yield (Question(select(Organisation.code).where(Organisation.code == bindparam("code")))(code="44"),)
        return found + more

    def second() -> together.Step[int]:
        (found,) = yield (Question(select(Category.code))(),)
        return len(found)

    assert run(db_session, {"a": first(), "b": second(), "c": 7}) == {"a": ["33", "44"], "b": 6, "c": 7}
    assert len(said) == 2


def test_two_questions_never_get_each_others_value(db_session, company):
    with pytest.raises(ValueError, match="ticket_id"):
        ask(db_session, CLOCKS(ticket_id=1), ROW(ticket_id=2))


ODD = ("'", "''", "%", "%s", "%(ticket_id)s", "\\", "\\'", ":x", "$1", "驿站", "")


@pytest.mark.parametrize("odd", ODD)
def test_a_code_that_stands_in_a_question_is_the_text_that_it_is(company: Cast, db_session: Any, odd: str) -> None:
    asked = Question(
        select(literal(odd).label("code"), literal(-7).label("n"), literal(True).label("so"), bindparam("x"))
    )
    assert [tuple(line) for line in ask(db_session, asked(x=odd))[0]] == [(odd, -7, True, odd)]
    among_them = Question(select(Organisation.code).where(Organisation.code.in_([odd, "33"])))
    assert ask(db_session, among_them())[0] == ["33"]
