"""Monthly partitions of the events, which PostgreSQL alone has; elsewhere, and in a table made without them, there are
none, and every function here says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

TABLE, REST = "event", "event_rest"  # the second takes what no month takes
NAME = re.compile(r"event_(before|rest|[0-9]{4}_[0-9]{2})")
_BOUND = re.compile(r"FROM \((?P<low>[^)]*)\) TO \((?P<high>[^)]*)\)")
_LISTED = text(
    "SELECT child.relname, pg_get_expr(child.relpartbound, child.oid), greatest(child.reltuples, 0)::bigint,"
    " pg_total_relation_size(child.oid)"
    " FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid WHERE inhparent = 'event'::regclass"
)


@dataclass(frozen=True)
class Part:
    """A partition: ids from `low` (None: any) to below `high` (None: any), about how many rows, bytes with indexes."""

    name: str
    low: int | None
    high: int | None
    rows: int
    size: int

    @property
    def rest(self) -> bool:
        """Whether it takes what no other takes."""
        return self.name == REST


def partitioned(session: Session) -> bool:
    """Whether the events lie in partitions at all."""
    if session.get_bind().dialect.name != "postgresql":
        return False
    kind = text("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass('event')")
    return bool(session.execute(kind).scalar())


def listed(session: Session) -> list[Part]:
    """All partitions, the oldest first and the rest at the end."""
    if not partitioned(session):
        return []
    found = [Part(name, *_bounds(bound), rows, size) for name, bound, rows, size in session.execute(_LISTED)]
    return sorted(found, key=lambda part: (part.rest, part.low or 0))


def _bounds(said: str) -> tuple[int | None, int | None]:
    match = _BOUND.search(said)
    if match is None:
        return None, None
    low, high = (match[name].strip("'") for name in ("low", "high"))
    return (None if low == "MINVALUE" else int(low)), (None if high == "MAXVALUE" else int(high))


def strays(session: Session, most: int) -> list[int]:
    """Ids of rows that no month took, at most so many, the oldest first."""
    if not partitioned(session):
        return []
    found = text(f"SELECT id FROM {REST} ORDER BY id LIMIT :most")  # noqa: S608 - our own name
    return [int(key) for key in session.execute(found, {"most": most}).scalars()]


def add(session: Session, name: str, low: int, high: int) -> int:
    """Make a month's partition with a guard of its own over (ticket, seq), and take in what lay in the rest; how many
    rows. Nobody is waited for longer than some seconds. The caller commits."""
    _known(name)
    session.execute(text("SET LOCAL lock_timeout = '5s'"))
    session.execute(text(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS)"))
    session.execute(text(f"CREATE UNIQUE INDEX {name}_ticket_seq ON {name} (ticket_id, seq)"))
    session.execute(text(f"LOCK TABLE {REST} IN ACCESS EXCLUSIVE MODE"))
    taken = text(
        f"WITH gone AS (DELETE FROM {REST} WHERE id >= :low AND id < :high RETURNING *)"  # noqa: S608 - our own names
        f" INSERT INTO {name} SELECT * FROM gone"
    )
    moved: int = session.execute(taken, {"low": low, "high": high}).rowcount  # type: ignore[attr-defined]
    session.execute(text(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ({low:d}) TO ({high:d})"))
    return moved


def empty(session: Session, name: str) -> bool:
    """Whether a partition holds no row, and gets none until the commit."""
    _known(name)
    session.execute(text("SET LOCAL lock_timeout = '5s'"))
    session.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
    return session.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).scalar() is None  # noqa: S608 - a known name


def detach(session: Session, name: str) -> None:
    """Take an empty partition off and away. The caller has asked `empty` in the same transaction, and commits."""
    _known(name)
    session.execute(text(f"ALTER TABLE {TABLE} DETACH PARTITION {name}"))
    session.execute(text(f"DROP TABLE {name}"))


def _known(name: str) -> None:
    """Raises ValueError for what is no partition of ours: names stand in statements as they are."""
    if NAME.fullmatch(name) is None:
        raise ValueError(f"no partition: {name!r}")
