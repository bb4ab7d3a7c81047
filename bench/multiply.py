"""PostgreSQL: makes many tickets out of a part of them, in its own language. Writing ten million with Python takes half
a day; here each ticket of the part stands for several that came at its instant, in the order of time as they would lie.

The other indexes are made afterwards, and references are not looked up: all that is written comes from rows that had
been. A ticket's number, waybill, order, telephone and words of the search are its own; its texts are its original's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, text

PART = 250_000  # tickets that Python writes
ROWS = 200_000  # tickets a transaction, about
_COUNT = "({}::bigint * :times + copy.k)"
_NUMBER = _COUNT.format("substr(ticket.number, 10)")
_WAYBILL = f"'YT' || lpad({_NUMBER}::text, 13, '0')"
_SERIAL = f"lpad({_NUMBER}::text, greatest(7, length({_NUMBER}::text)), '0')"
_PHONE = f"lpad(({_NUMBER} % 100000000)::text, 8, '0')"


def _id(name: str) -> str:
    """The id of a copy: before the youngest there is, as far as the original's, times over."""
    return f":top - (:top - {name} + 1) * :times + copy.k"


_OF_TICKET = {"ticket_id": _id("row.ticket_id")}
_OWN = {"id": _id("row.id"), **_OF_TICKET}
# Each table with what differs in a copy; the rest is the original's.
TABLES: dict[str, dict[str, str]] = {
    "ticket": {
        "id": _id("row.id"), "headline_id": _id("row.headline_id"), "number": f"left(row.number, 9) || {_SERIAL}",
        "waybill": _WAYBILL, "waybill_reversed": f"reverse({_WAYBILL})",
        "search_rank": f"(row.search_rank >> 22 << 22) | ({_NUMBER} % 4194304)",
    },
    "free_text": _OWN,
    "ticket_person": {**_OF_TICKET, "phone": f"'138' || {_PHONE}", "phone_last4": f"right({_PHONE}, 4)"},
    "ticket_party": _OF_TICKET,
    "event": {**_OWN, "text_id": _id("row.text_id")},
    "clock": _OWN,
    "platform_order": {**_OWN, "code": f"'B' || {_NUMBER}", "task_id": f"'T' || {_NUMBER}"},
    "work_item": _OF_TICKET,
    "search_document": {
        **_OF_TICKET, "rank": f"(row.rank >> 22 << 22) | ({_NUMBER} % 4194304)",
        "terms": "ts_delete(row.terms, ARRAY[substr(ticket.number, 10), lower(ticket.waybill)])"
        f" || array_to_tsvector(ARRAY[{_SERIAL}, lower({_WAYBILL})])",
    },
}  # fmt: skip
_TOP = """SELECT max(id) FROM (SELECT max(id) AS id FROM event UNION SELECT max(id) FROM platform_order
 UNION SELECT max(id) FROM clock) AS found"""
_INDEXES = """SELECT index.indexrelid::regclass::text AS name, -- partitions want theirs, too
 replace(pg_get_indexdef(index.indexrelid), ' ON ONLY ', ' ON ') AS made
 FROM pg_index AS index WHERE index.indrelid = ANY(CAST(:tables AS regclass[]))
 AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.indexrelid) ORDER BY 1"""


def part(size: int, engine: str) -> int:
    """How many of `size` tickets are written by Python: a part that goes into it without a rest, or all of them."""
    return PART if engine == "postgresql" and size > PART and size % PART == 0 else size


def multiply(engine: Engine, times: int) -> Iterator[str]:
    """Put `times` copies in the place of each ticket; yields a word about each step. Each step commits."""
    with engine.connect() as connection:
        _prepare(connection)
        top = connection.scalar(text(_TOP))
        _set_aside(connection)
        indexes = list(connection.execute(text(_INDEXES), {"tables": list(TABLES)}))
        for name, _made in indexes:
            connection.execute(text(f"DROP INDEX {name}"))
        connection.commit()
        statements = {name: text(_statement(connection, name)) for name in TABLES}
        for done, (first, last) in enumerate(_chunks(connection, max(1, ROWS // times)), 1):
            for said in statements.values():
                connection.execute(said, {"top": top, "times": times, "first": first, "last": last})
            connection.commit()
            yield f"part {done}"
        for name, made in indexes:
            connection.execute(text(made))
            connection.commit()
            yield name
        for name in TABLES:
            connection.execute(text(f"DROP TABLE part_{name}"))
        connection.commit()


def _prepare(connection: Any) -> None:
    if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        connection.execute(text("SET session_replication_role = replica"))  # no look-up of references
    connection.execute(text("SET synchronous_commit = off"))
    connection.execute(text("SET maintenance_work_mem = '1GB'"))
    connection.commit()


def _set_aside(connection: Any) -> None:
    for name, mark in _marks():
        connection.execute(text(f"CREATE UNLOGGED TABLE part_{name} AS SELECT * FROM {name}"))  # noqa: S608
        connection.execute(text(f"CREATE INDEX ON part_{name} ({mark})"))
        connection.execute(text(f"ANALYZE part_{name}"))
    connection.execute(text("TRUNCATE ticket CASCADE"))
    connection.commit()


def _marks() -> list[tuple[str, str]]:
    """Each table with the column that names the ticket."""
    return [(name, "ticket_id" if "ticket_id" in made else "id") for name, made in TABLES.items()]


def _statement(connection: Any, name: str) -> str:
    mark, made = dict(_marks())[name], TABLES[name]
    asked = text("SELECT attname FROM pg_attribute WHERE attrelid = CAST(:name AS regclass) AND attnum > 0"
                 " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum")  # fmt: skip
    columns = list(connection.scalars(asked, {"name": name}))
    listed = ", ".join(f'"{column}"' for column in columns)
    wanted = ", ".join(made.get(column) or f'row."{column}"' for column in columns)
    order = "row.id" if "id" in made else f"row.{mark}"
    return (
        f"INSERT INTO {name} ({listed}) SELECT {wanted} FROM part_{name} AS row"  # noqa: S608
        f" JOIN part_ticket AS ticket ON ticket.id = row.{mark} CROSS JOIN generate_series(0, :times - 1) AS copy(k)"
        f" WHERE row.{mark} BETWEEN :first AND :last ORDER BY {order}, copy.k"
    )


def _chunks(connection: Any, tickets: int) -> list[tuple[int, int]]:
    asked = text("SELECT min(id), max(id) FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / :n AS chunk"
                 " FROM part_ticket) AS numbered GROUP BY chunk ORDER BY chunk")  # fmt: skip
    return [(first, last) for first, last in connection.execute(asked, {"n": tickets})]
