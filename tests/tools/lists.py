"""Every list of the portal as a call, and what its statements cost: read by the plan test and by the big trial."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from app.domain import search as words
from app.domain.analysis import Range
from app.domain.kinds import EXPEDITE
from app.domain.roles import Actor
from app.models import together
from app.services import (
    addresses,
    alarms,
    analysis,
    analysis_tickets,
    appeal_stream,
    closures,
    exchange_view,
    exemption_view,
    exports,
    handover,
    incident_view,
    kind_list,
    lookup,
    notices,
    outbox_view,
    problem_list,
    publication_view,
    pulse,
    queue,
    rectification_view,
    saved_views,
    search,
    seen,
    switch_log,
)
from app.services.queue import Filters
from tests.tools import lists_ledger

Call = Callable[[Session, Actor, datetime], object]
# Lines that a list reads at most, where it is not a page of 50; what stands beside a line and counts above it are read
# too. Of late clocks some of each place are read first, four pages in all; of an hour of the week a page of each of the
# thirteen days of that name.
SHOWN = {
    "analysis tickets of an hour": 663,
    "hand-over": 300,
    "late clocks to exempt": 200,
    "alarms": 100,
    "appeals": 100,
}
ROWS_A_LINE, STEPS_A_LINE, GROWN = 20, 250, 3.0
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
        for category, sort in itertools.product(("", RARE, "expedite"), queue.SORTS):
            asked = Filters(queue=name, category=category, owner=owner, sort=sort)
            yield queue.offered(desk, asked)


def _narrowed(category: str) -> str:
    return {"": "", RARE: "rare category"}.get(category, "of a kind")


def _queue(filters: Filters) -> Call:
    def call(session: Session, actor: Actor, now: datetime) -> object:
        queue.by_band(session, actor, filters, now)
        return queue.page(session, actor, filters, now)

    return call


KIND_FILTERS: dict[str, dict[str, str]] = {
    "": {}, "of a category": {"category": RARE}, "to be answered": {"state": "at_work"}, "late": {"clock": "late"},
}  # fmt: skip
OF_PARCELS = {"past its promise": {"promise": "outside"}}  # what an expedite alone has


def _kind(kind: str, given: dict[str, str]) -> Call:
    return lambda session, actor, now: kind_list.page(session, actor, kind_list.filters(kind, given, now), now)


PROBLEM_QUERIES = {
    "": problem_list.Asked(), "of a type": problem_list.Asked(type="PROBLEM_LOST"),
    "unfinished": problem_list.Asked(state=problem_list.UNFINISHED),
    "of a courier": problem_list.Asked(courier="张师傅"), "on their way back": problem_list.Asked(state="replied"),
    "between two sites": problem_list.Asked(reporter="330106-01", site="330108-01"),
    "of some parcels": problem_list.Asked(waybills=("YT0000000000501", "YT0000000000502")),
}  # fmt: skip


def _problems(asked: problem_list.Asked) -> Call:
    return lambda session, actor, now: problem_list.page(session, actor, asked)


def _search(text: str) -> Call:
    return lambda session, actor, now: search.find(session, actor, words.parse(text), Filters(queue=""), now)


def _switches(role: str, outcome: str) -> Call:
    asked = switch_log.Filters(outcome)
    return lambda session, actor, now: switch_log.page(session, replace(actor, role=role), asked)


def of_desk(desk: str) -> dict[str, Call]:
    """The lists that a desk has (site, lcs, ccs), by a name that says the filters."""
    found: dict[str, Call] = {}
    for filters in queue_filters(desk):
        parts = (filters.queue, _narrowed(filters.category), filters.owner, filters.sort)
        found[f"queue {' '.join(part for part in parts if part)}"] = _queue(filters)
    found["counters of the menu"] = lambda session, actor, now: queue.counts(session, actor, now)
    found["poll"] = lambda session, actor, now: together.told(session, pulse.pulsing(actor))
    found["notices"] = lambda session, actor, now: notices.page(session, actor, None)
    found["saved views"] = lambda session, actor, now: saved_views.mine(session, actor)
    found["hand-over"] = lambda session, actor, now: handover.listing(session, actor, now, every=True)
    found["exemptions"] = lambda session, actor, now: exemption_view.page(session, actor, "")
    for kind in kind_list.LISTED:
        for name, given in (KIND_FILTERS | (OF_PARCELS if kind == EXPEDITE else {})).items():
            found[f"{kind} {name}".strip()] = _kind(kind, given)
    manager = f"{desk}_manager"
    found["who saw what"] = lambda session, actor, now: seen.log(session, replace(actor, role=manager))
    for outcome in ("", *switch_log.OUTCOMES):
        found[f"switches {outcome}".strip()] = _switches(manager, outcome)
    found["exports"] = lambda session, actor, now: exports.mine(session, actor)
    for name, asked in PROBLEM_QUERIES.items():
        found[f"problem parcels {name}".strip()] = _problems(asked)
    found["typical cases"] = lambda session, actor, now: publication_view.listed(session, actor, "case")
    found["unread cases"] = lambda session, actor, now: session.scalar(select(publication_view.unread(actor, now)))
    many = [f"YT{n:013d}" for n in range(20)]
    found["look-up of 20 waybills"] = lambda session, actor, now: lookup.look_up(session, actor, many)
    for text in ("KF261101-000000", "YT0000000000000", "0000", "ORDER-0", "破损 玻璃", "玻璃", "破损 找不到"):
        found[f"search {text}"] = _search(text)
    return found | lists_ledger.of_desk(desk) | _above(desk)


def _above(desk: str) -> dict[str, Call]:
    if desk == "site":
        return {}
    found: dict[str, Call] = {
        "rectifications": lambda session, actor, now: rectification_view.listed(session, actor, "", now),
        "rectifications asked": lambda session, actor, now: rectification_view.listed(session, actor, "asked", now),
        "SMS outbox": lambda session, actor, now: outbox_view.sms(session, actor),
        "platform answers": lambda session, actor, now: outbox_view.callbacks(session, actor),
        "platform answers failed": lambda session, actor, now: outbox_view.callbacks(session, actor, "failed"),
        "platform answers at risk": lambda session, actor, now: outbox_view.at_risk(session, actor, now),
        "incidents": lambda session, actor, now: incident_view.page(session, actor),
        "late clocks to exempt": lambda session, actor, now: exemption_view.late(session, actor, "", now),
        "late clocks to exempt of a site": lambda session, actor, now: exemption_view.late(
            session, actor, "330106-01", now
        ),
    }
    found |= _analysis()
    if desk == "lcs":
        found["alarms"] = lambda session, actor, now: alarms.listed(session, actor)
        found["alarms unseen"] = lambda session, actor, now: session.scalar(select(alarms.unseen(actor)))
        found["closures"] = lambda session, actor, now: closures.listed(session, actor, now)
        found["learned addresses"] = lambda session, actor, now: addresses.listed(session, actor)
    if desk == "ccs":
        found["appeals"] = lambda session, actor, now: appeal_stream.lines(session, actor, now)
        found["appeals head"] = lambda session, actor, now: appeal_stream.head(session, actor, now)
        found["export log"] = lambda session, actor, now: exports.log(session)
        found["messages"] = lambda session, actor, now: exchange_view.messages(session)
        found["messages in quarantine"] = lambda session, actor, now: exchange_view.messages(session, "quarantined")
        found["messages of a connection"] = lambda session, actor, now: exchange_view.messages(session, "", "demo")
        found["connections"] = lambda session, actor, now: exchange_view.connections(session)
    return found


def _analysis() -> dict[str, Call]:
    def tickets(**asked: Any) -> Call:
        def call(session: Session, actor: Actor, now: datetime) -> object:
            days = Range(now.date() - timedelta(days=91), now.date())
            where = analysis.area(session, actor)
            return analysis_tickets.page(session, actor, where, analysis_tickets.Asked(days, **asked))

        return call

    def sums(session: Session, actor: Actor, now: datetime) -> object:
        days, where = Range(now.date() - timedelta(days=91), now.date()), analysis.area(session, actor)
        analysis.by_day(session, where, days, "measure")
        return analysis.sums(session, where, days, ("category", "hour", "site", "province", "courier"))

    return {
        "analysis": sums, "analysis tickets": tickets(), "analysis tickets rare category": tickets(category=RARE),
        "analysis tickets of an hour": tickets(weekday=2, hour=3),
        "analysis tickets of a site": tickets(site="330106-01"),
        "analysis tickets of a courier": tickets(site="330106-01", courier="张师傅"),
    }  # fmt: skip


def grew(name: str, before: int, after: int, *, steps: bool) -> bool:
    """Whether a list costs clearly more than over fewer tickets, and more than its lines account for: 20 rows a line on
    PostgreSQL, or 250 steps, of which SQLite reports hundreds."""
    lines = SHOWN.get(name, 50)
    most = lines * STEPS_A_LINE // 100 if steps else lines * ROWS_A_LINE
    return after > GROWN * before and after > most


def cost(session: Session, call: Call, actor: Actor, now: datetime) -> tuple[int, int]:
    """Statements of one list, and the work of all of them together."""
    if not _postgresql(session):
        with overheard(session.get_bind()) as said, steps_of(session) as steps:
            call(session, actor, now)
        return len(said), steps[0]
    with overheard(session.get_bind()) as said:
        call(session, actor, now)
    return len(said), sum(work_of(session, one) for one in said)


def asked(session: Session, call: Call, actor: Actor, now: datetime) -> tuple[int, int]:
    """The statements alone; as `cost` of a list that works next to nothing."""
    with overheard(session.get_bind()) as said:
        call(session, actor, now)
    return len(said), 0


def much(name: str, work: int, *, steps: bool) -> bool:
    """Whether it is more than the lines of a list account for, so that it matters from what it grew."""
    return grew(name, 0, work, steps=steps)


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
    """Rows examined on PostgreSQL, steps of the virtual machine on SQLite."""
    connection = session.connection()
    if _postgresql(session):
        found = connection.exec_driver_sql("EXPLAIN (ANALYZE, FORMAT JSON) " + said.text, said.values).scalar_one()
        return _examined((found if isinstance(found, list) else json.loads(found))[0]["Plan"])
    with steps_of(session) as steps:
        connection.exec_driver_sql(said.text, said.values).all()
    return steps[0]


@contextmanager
def steps_of(session: Session) -> Iterator[list[int]]:
    """Steps of SQLite's virtual machine meanwhile, in hundreds, as it reports them."""
    driver: Any = session.connection().connection.driver_connection
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    driver.set_progress_handler(count, 100)
    try:
        yield steps
    finally:
        driver.set_progress_handler(None, 0)


def _examined(node: dict[str, Any]) -> int:
    own = 0
    if "Relation Name" in node or node["Node Type"].startswith("Bitmap"):
        dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = (node["Actual Rows"] + dropped) * node["Actual Loops"]
    return int(own) + sum(_examined(part) for part in node.get("Plans", ()))


def _postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
