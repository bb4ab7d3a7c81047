"""`python -m chaos.facts --database ADDRESS --log FILE`: what the database holds, read with plain SQL."""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.lines import Lines

QUERIES = {
    "ticket": "SELECT id, number, state, overdue FROM ticket",
    "platform_order": "SELECT id, code, ticket_id, verdict FROM platform_order",
    "entries": "SELECT ticket_id, type, count(*) AS n FROM event WHERE type IN ('received', 'order_linked') "
    "GROUP BY ticket_id, type",
    "push_key": "SELECT msg_type, order_code, event_key, sha256, copies FROM push_key",
    "inbox": "SELECT msg_type, order_code, event_key, state, sha256 FROM inbox",
    "outbox": "SELECT id, kind, lane, ticket_id, state, attempts, next_try_at, error, payload FROM outbox",
    "reminder": "SELECT clock_id, stage, phone, outbox_id, dropped FROM reminder",
    "clock": "SELECT id, ticket_id, kind, run, state, due_at, stopped_at, breached_at, next_stage_at FROM clock",
    "breach": "SELECT at AS told_at, data FROM event WHERE type = 'clock_breached'",
    "penalty": "SELECT rule, ticket_id, organisation_id, person_id, occurrence, full_fen, amount_fen, absorbed_by, "
    "month, state FROM penalty",
    "penalty_due": "SELECT ticket_id FROM penalty_due",
    "text": "SELECT t.id, t.body, e.type, e.ticket_id FROM free_text t LEFT JOIN event e ON e.text_id = t.id",
    "submission": "SELECT key, ticket_id, event_id FROM submission",
    "event_key": "SELECT ticket_id, seq, count(*) AS n FROM event GROUP BY ticket_id, seq HAVING count(*) > 1",
    "export": "SELECT id, key, state, reason FROM export",
    "counter": "SELECT scope, queue, n FROM counter WHERE n <> 0",
    "work_item": "SELECT scope, queue, turn, overdue, urged, count(*) AS n FROM work_item "
    "GROUP BY scope, queue, turn, overdue, urged",
}
BEHIND = "SELECT next_stage_at FROM clock WHERE next_stage_at IS NOT NULL"  # what the sweep has still to look at
JSON = ("payload", "body", "data")


def rows(address: str, queries: dict[str, str]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Every row of every query with its name. Times are ISO, UTC."""
    if address.startswith("sqlite"):
        connection: Any = sqlite3.connect(address.partition("///")[2], timeout=30)
    else:
        import psycopg

        connection = psycopg.connect(address.replace("+psycopg", ""))
    with connection:
        for name, query in queries.items():
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                yield name, {key: plain(key, value) for key, value in zip(names, row, strict=True)}


def behind(address: str, now: datetime) -> int:
    """How many clocks have a stage that has come."""
    found = (row["next_stage_at"] for _name, row in rows(address, {"clock": BEHIND}))
    return sum(datetime.fromisoformat(at) <= now for at in found)


def plain(name: str, value: Any) -> Any:
    """A value as both engines would give it."""
    if name in JSON and isinstance(value, str):
        return json.loads(value)
    if name.endswith("_at") and value is not None:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        return (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
    return bool(value) if name in ("overdue", "turn", "urged") else value


def main() -> None:
    """Write everything down."""
    parser = argparse.ArgumentParser(prog="python -m chaos.facts", description=__doc__)
    parser.add_argument("--database", required=True)
    parser.add_argument("--log", required=True)
    wish = parser.parse_args()
    log = Lines(Path(wish.log))
    for name, row in rows(wish.database, QUERIES):
        log.write(name, **row)


if __name__ == "__main__":
    main()
