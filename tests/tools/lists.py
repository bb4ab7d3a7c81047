"""Every list of the portal as a call, and what its statements cost: read by the plan test and by the big trial."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.domain import search as words
from app.domain.roles import Actor
from app.services import (
    addresses,
    alarms,
    appeal_stream,
    closures,
    exemption_view,
    exports,
    handover,
    incident_view,
    notices,
    outbox_view,
    queue,
    saved_views,
    search,
    seen,
)
from app.services.queue import Filters

Call = Callable[[Session, Actor, datetime], object]
FRAME = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "SET")
RARE = "OTHER"  # a category of which there are few, the worst case of a filter


@dataclass(frozen=True)
class Said:
    """One statement as the driver got it."""

    text: str
    values: Any


def queue_filters(desk: str) -> Iterator[Filters]:
    """Every combination that the page of a desk offers."""
    from app.web.queue_page import OWNED_BY, RAIL

    for name, owner in itertools.product(RAIL[desk], OWNED_BY.get(desk, ("",))):
        for category, sort in itertools.product(("", RARE), queue.SORTS):
            asked = Filters(queue=name, category=category, owner=owner, sort=sort)
            yield queue.offered(desk, asked)


def _queue(filters: Filters) -> Call:
    def call(session: Session, actor: Actor, now: datetime) -> object:
        queue.by_band(session, actor, filters, now)
        return queue.page(session, actor, filters, now)

    return call


def _search(text: str) -> Call:
    return lambda session, actor, now: search.find(session, actor, words.parse(text), Filters(queue=""), now)


def of_desk(desk: str) -> dict[str, Call]:
    """The lists that a desk has (site, lcs, ccs), by a name that says the filters."""
    found: dict[str, Call] = {}
    for filters in queue_filters(desk):
        parts = (filters.queue, filters.category and "rare category", filters.owner, filters.sort)
        found[f"queue {' '.join(part for part in parts if part)}"] = _queue(filters)
    found["counters of the menu"] = lambda session, actor, now: queue.counts(session, actor, now)
    found["poll"] = lambda session, actor, now: queue.pulse(session, actor)
    found["notices"] = lambda session, actor, now: notices.page(session, actor, None)
    found["saved views"] = lambda session, actor, now: saved_views.mine(session, actor)
    found["hand-over"] = lambda session, actor, now: handover.listing(session, actor, now, every=True)
    found["exemptions"] = lambda session, actor, now: exemption_view.page(session, actor, "")
    manager = f"{desk}_manager"
    found["who saw what"] = lambda session, actor, now: seen.log(session, replace(actor, role=manager))
    found["exports"] = lambda session, actor, now: exports.mine(session, actor)
    for text in ("KF261101-000501", "YT0000000000501", "0501", "ORDER-501", "破损 玻璃", "玻璃"):
        found[f"search {text}"] = _search(text)
    return found | _above(desk)


def _above(desk: str) -> dict[str, Call]:
    if desk == "site":
        return {}
    found: dict[str, Call] = {
        "SMS outbox": lambda session, actor, now: outbox_view.sms(session, actor),
        "platform answers": lambda session, actor, now: outbox_view.callbacks(session, actor),
        "platform answers failed": lambda session, actor, now: outbox_view.callbacks(session, actor, "failed"),
        "incidents": lambda session, actor, now: incident_view.page(session, actor),
        "late clocks to exempt": lambda session, actor, now: exemption_view.late(session, actor, "", now),
    }
    if desk == "lcs":
        found["alarms"] = lambda session, actor, now: alarms.listed(session, actor)
        found["alarms unseen"] = lambda session, actor, now: session.scalar(select(alarms.unseen(actor)))
        found["closures"] = lambda session, actor, now: closures.listed(session, actor, now)
        found["learned addresses"] = lambda session, actor, now: addresses.listed(session, actor)
    if desk == "ccs":
        found["appeals"] = lambda session, actor, now: appeal_stream.lines(session, actor, now)
        found["appeals head"] = lambda session, actor, now: appeal_stream.head(session, actor, now)
        found["export log"] = lambda session, actor, now: exports.log(session)
    return found


@contextmanager
def overheard(engine: Any) -> Iterator[list[Said]]:
    """The statements that run meanwhile, without what opens a transaction."""
    said: list[Said] = []

    def note(_connection: Any, _cursor: Any, text: str, values: Any, *_rest: Any) -> None:
        if not text.lstrip().upper().startswith(FRAME):
            said.append(Said(text, values))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan_of(session: Session, said: Said) -> str:
    """How the engine would run it, as text."""
    lead = "EXPLAIN (FORMAT JSON) " if _postgresql(session) else "EXPLAIN QUERY PLAN "
    rows = session.connection().exec_driver_sql(lead + said.text, said.values).all()
    if not _postgresql(session):
        return "\n".join(str(row[-1]) for row in rows)
    return "\n".join(
        _nodes(rows[0][0][0]["Plan"] if isinstance(rows[0][0], list) else json.loads(rows[0][0])[0]["Plan"])
    )


def _nodes(node: dict[str, Any]) -> Iterator[str]:
    about = " ".join(str(node[key]) for key in ("Relation Name", "Index Name") if key in node)
    yield f"{node['Node Type']} {about}".strip()
    for part in node.get("Plans", ()):
        yield from _nodes(part)


def work_of(session: Session, said: Said) -> int:
    """Rows examined on PostgreSQL, steps of the virtual machine on SQLite (in hundreds, as it reports them)."""
    connection = session.connection()
    if _postgresql(session):
        found = connection.exec_driver_sql("EXPLAIN (ANALYZE, FORMAT JSON) " + said.text, said.values).scalar_one()
        return _examined((found if isinstance(found, list) else json.loads(found))[0]["Plan"])
    driver: Any = connection.connection.driver_connection
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    driver.set_progress_handler(count, 100)
    try:
        connection.exec_driver_sql(said.text, said.values).all()
    finally:
        driver.set_progress_handler(None, 0)
    return steps[0]


def _examined(node: dict[str, Any]) -> int:
    own = 0
    if "Relation Name" in node or node["Node Type"].startswith("Bitmap"):
        dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = (node["Actual Rows"] + dropped) * node["Actual Loops"]
    return int(own) + sum(_examined(part) for part in node.get("Plans", ()))


def _postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
