"""Many rows at once arrive as each would alone, whatever their values are."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Table, select

from app.models import Event, FreeText, Ticket
from app.models.dialect_many import insert_rows
from app.models.ids import new_id
from app.services.transaction import write
from tests.cast import NOON
from tests.services.test_pending import ticket

ODD = (
    "",
    "\\N",
    "\\.",
    "\\",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\\t",
    "NULL",
    "'",
    '"',
    "\x01\x7f",
    "　",
    "\u2028",
    "😀",
    "{}",
)


def table(model: Any) -> Table:
    found: Table = model.__table__
    return found


@pytest.fixture
def home(cast: Any, db_session: Any) -> int:
    """A ticket whose texts and events the rows are."""
    with write() as session:
        made = ticket()
        session.add(made)
    return int(made.id)


def text_of(home: int, body: Any) -> dict[str, Any]:
    return {"id": new_id(), "ticket_id": home, "salt": str(body)[:32].replace("\0", ""), "body": body}


def test_texts_with_whatever_separates_rows_and_cells_come_back(home: int, db_session: Any) -> None:
    chance = random.Random(3)
    made = ["".join(chance.choices([*ODD, "中", "x", "0"], k=6))[:32] for _ in range(1000)]
    rows = [{"id": new_id(), "ticket_id": home, "salt": one, "body": {"text": one}} for one in [*ODD, *made]]
    with write() as session:
        insert_rows(session, table(FreeText), rows)
    found = db_session.execute(select(FreeText.salt, FreeText.body).order_by(FreeText.id)).all()
    assert [(salt, body["text"]) for salt, body in found] == [(row["salt"], row["salt"]) for row in rows]


def test_json_comes_as_values_or_as_text_that_is_json_already(home: int, db_session: Any) -> None:
    bodies: list[Any] = [{"a": [1, None, "\\n\n"]}, [], None, True, 1.5, '{"b": "\\\\"}']
    with write() as session:
        insert_rows(session, table(FreeText), [{**text_of(home, one), "salt": "s"} for one in bodies])
    found = db_session.scalars(select(FreeText.body).order_by(FreeText.id)).all()
    assert found == [*bodies[:-1], {"b": "\\"}]


def test_instants_null_and_what_is_left_out_are_what_a_flush_would_store(home: int, db_session: Any) -> None:
    there = timezone(timedelta(hours=8))
    ats = [NOON, datetime(2026, 11, 1, 23, 59, 59, 999999, there), datetime(2026, 2, 28, 0, 0, 0, 1, UTC)]
    rows = [
        {"id": new_id(), "ticket_id": home, "seq": n + 2, "type": "note", "at": at, "actor_id": None,
         "actor_role": "system", "organisation_id": None, "data": {}, "text_id": None, "hash": "0" * 64}
        for n, at in enumerate(ats)
    ]  # fmt: skip
    with write() as session:
        insert_rows(session, table(Event), rows)
    found = db_session.scalars(select(Event).where(Event.ticket_id == home).order_by(Event.seq)).all()
    assert [one.at for one in found] == ats
    assert {(one.actor_id, one.text_digest) for one in found} == {(None, "")}


def test_a_naive_instant_is_refused_and_nothing_is_stored(home: int, db_session: Any) -> None:
    row = {"id": new_id(), "ticket_id": home, "seq": 2, "type": "note", "at": datetime(2026, 1, 1), "actor_id": None,
           "actor_role": "system", "organisation_id": None, "data": {}, "text_id": None, "hash": "0" * 64}  # fmt: skip
    with pytest.raises(ValueError, match="naive"), write() as session:
        insert_rows(session, table(Event), [row])
    assert db_session.scalar(select(Ticket.version).where(Ticket.id == home)) == 0
    assert db_session.scalars(select(Event)).all() == []
