"""The bench's data set: what is made out of a part of it is whole, and each ticket is found by what is its own."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.models import Event, Person, PlatformOrder, Ticket
from app.services import chain
from bench import multiply, tickets
from bench.company import Company
from tests.cast import CATEGORIES, NOON, Cast

WRITTEN, TIMES = 40, 5
INDEXES = "SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema()"


@pytest.fixture
def made(db_session: Any, cast: Cast) -> Any:
    sites = [(cast.places[code], code, cast.places[code[:2]]) for code in ("330106-01", "440305-01")]
    clerk = cast["site"].user_id or 0
    house = Company(sites, [1.0, 2.0], list(CATEGORIES), cast.connection_id, 1, {sites[0][0]: [clerk]})
    list(tickets.write(db_session, house, WRITTEN, NOON))
    return db_session


def test_a_part_is_written_where_it_goes_into_the_size_without_a_rest() -> None:
    assert multiply.part(10_000_000, "postgresql") == multiply.part(1_000_000, "postgresql") == multiply.PART
    assert multiply.part(300_001, "postgresql") == 300_001
    assert multiply.part(1_000_000, "sqlite") == 1_000_000


@pytest.mark.postgresql_only
def test_each_ticket_becomes_several_with_whole_logs_and_numbers_of_their_own(made: Any, database: Any) -> None:
    before = made.scalar(text(INDEXES)), made.scalar(select(func.count()).select_from(Event))
    made.rollback()
    assert len(list(multiply.multiply(database.engine, TIMES))) > 1
    assert (made.scalar(text(INDEXES)), made.scalar(select(func.count()).select_from(Event))) == (
        before[0], TIMES * before[1],
    )  # fmt: skip
    rows = list(made.scalars(select(Ticket).order_by(Ticket.id)))
    assert [int(row.number.rpartition("-")[2]) for row in rows] == list(range(WRITTEN * TIMES))
    assert all(row.waybill_reversed == row.waybill[::-1] for row in rows)
    for column in (Person.phone, PlatformOrder.code):
        assert len(set(made.scalars(select(column)))) == WRITTEN * TIMES
    for name in ("free_text", "event", "clock", "work_item", "ticket_party", "search_document"):
        lost = f"SELECT count(*) FROM {name} WHERE ticket_id NOT IN (SELECT id FROM ticket)"
        assert made.scalar(text(lost)) == 0, name
    made.rollback()
    assert chain.verify(made).whole


@pytest.mark.postgresql_only
def test_a_copy_is_found_by_its_own_number_and_by_its_originals_words(made: Any, database: Any) -> None:
    list(multiply.multiply(database.engine, TIMES))
    found = "SELECT count(*) FROM search_document WHERE terms @@ CAST(:asked AS tsquery)"
    assert [made.scalar(text(found), {"asked": word}) for word in ("'0000123'", "'yt0000000000123'")] == [1, 1]
    assert made.scalar(text(found), {"asked": "'签收'"}) == WRITTEN * TIMES // len(tickets.SAID)
