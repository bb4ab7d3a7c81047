"""Lists and JSON come to PostgreSQL as what they are, whatever they hold, and back."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import psycopg
import pytest
from psycopg.types.json import Json

from app.models.several import side_by_side

pytestmark = pytest.mark.postgresql_only
ODD = ["", "NULL", "null", "{}", "a,b", 'say "no"', "back\\slash", "行1\n行2\t", "\x01", "😀", " ", '{"a": 1}']


@pytest.fixture
def wire(database):
    """A connection as the portal has it."""
    lent = database.engine.raw_connection()
    lent.driver_connection.autocommit = True
    yield lent.driver_connection
    lent.driver_connection.autocommit = False
    lent.close()


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("bigint", [1, -5, 2**62, None]),
        ("bigint", []),
        ("text", [*ODD, None]),
        ("boolean", [True, None, False]),
        ("bytea", [b"", b"\x00\xff\\", None]),
        ("date", [date(2026, 2, 28), None]),
        ("double precision", [1.5, -2.25e-7, None]),
        ("numeric", [Decimal("1.10"), None]),
        ("text", [["a", None], ["b,", '"']]),
    ],
)
def test_a_list_arrives_as_the_array_that_it_is(wire, kind, given):
    dimensions = "[][]" if given and isinstance(given[0], list) else "[]"
    assert wire.execute(f"SELECT %s::{kind}{dimensions}", (given,)).fetchone() == (given,)


def test_instants_arrive_to_the_microsecond_whatever_their_zone(wire):
    there = timezone(timedelta(hours=8))
    given = [datetime(2026, 1, 1, 0, 0, 0, 1, UTC), None, datetime(2026, 11, 28, 23, 59, 59, 999999, there)]
    assert wire.execute("SELECT %s::timestamptz[]", (given,)).fetchone() == (given,)


def test_json_in_a_list_arrives_as_it_would_alone(wire):
    given = [{"text": one, "n": [1, None, {"x": one}]} for one in ODD] + [[], {}, None, "x", 1.5, True]
    rows = [{"body": Json(one)} for one in given]
    (found,) = wire.execute("SELECT %(body)s::json[]", side_by_side(rows)).fetchone()
    assert found == given
    assert [wire.execute("SELECT %s::json", (Json(one),)).fetchone()[0] for one in given] == given


def test_half_of_a_pair_of_surrogates_is_kept_as_before(wire):
    given = {"text": "x\ud83d"}
    assert wire.execute("SELECT %s::json", (Json(given),)).fetchone() == (given,)
    assert wire.execute("SELECT %s::json[]", ([Json(given)],)).fetchone() == ([given],)


def test_a_nul_is_refused_in_a_list_as_it_is_alone(wire):
    for given in ("a\0", ["a\0"]):
        with pytest.raises(psycopg.DataError):
            wire.execute("SELECT %s", (given,))


def test_thousands_of_texts_of_any_characters_come_back(wire):
    chance = random.Random(11)
    alphabet = [chr(one) for one in range(1, 0x2FF)] + list("中文，。「」'\"\\{},")
    given = ["".join(chance.choices(alphabet, k=chance.randrange(12))) for _ in range(4000)]
    assert wire.execute("SELECT %s::text[]", (given,)).fetchone() == (given,)
