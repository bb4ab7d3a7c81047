"""What the imported tickets add up to, per organisation and per group, by month of opening. Select only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.extensions import db
from app.models import Clock, ImportedFile, ImportedTicket, Organisation, Ticket

COUNTS = ("tickets", "events", "reassignments", "reopenings", "sla_true", "met", "decided")
Key = tuple[str, ...]


def report(*, source: str = "", now: datetime) -> dict[str, Any]:
    """{"totals": counts, "organisations": rows, "groups": rows}, of one mapping's name or of all.

    A row has source, organisation (its code, "" for the tray), month "YYYY-MM" of the opening in the mapping's zone,
    the counts, and the share of tickets that met the mapping's limit: numerator, denominator (those whose clock is
    stopped or past its due; withdrawn ones are out) and their quotient, None without a case. Rows of groups name the
    group too, "" being the unknown one.
    """
    groups: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    zones: dict[str, ZoneInfo] = {}
    for name, zone, code, group, opened, counts in _tickets(db.session(), source, now):
        month = opened.astimezone(zones.setdefault(zone, ZoneInfo(zone)))
        kept = groups[name, code, group, f"{month:%Y-%m}"]
        for key, value in counts.items():
            kept[key] += value
    return {
        "totals": _sum(groups, lambda key: ())[()] if groups else dict.fromkeys(COUNTS, 0),
        "organisations": _rows(_sum(groups, lambda key: (key[0], key[1], key[3])), ("source", "organisation", "month")),
        "groups": _rows(groups, ("source", "organisation", "group", "month")),
    }  # fmt: skip


def _tickets(session: Session, source: str, now: datetime) -> Any:
    """(source, zone, organisation code, group, opening, counts) of every imported ticket."""
    kept = ImportedTicket
    statement = (
        select(ImportedFile.name, ImportedFile.zone, Organisation.code, kept.group, Ticket.opened_at, kept.rows,
               kept.reassignments, kept.reopenings, kept.sla, Clock.state, Clock.stopped_at, Clock.due_at)
        .join(ImportedFile, ImportedFile.id == kept.file_id)
        .join(Ticket, Ticket.id == kept.ticket_id)
        .join(Clock, (Clock.ticket_id == kept.ticket_id) & (Clock.kind == "resolve") & (Clock.run == 1))
        .outerjoin(Organisation, Organisation.id == kept.organisation_id)
    )  # fmt: skip
    if source:
        statement = statement.where(ImportedFile.name == source)
    for row in session.execute(statement.execution_options(yield_per=1000)):
        name, zone, code, group, opened, events, moves, again, sla, state, stopped, due = row
        decided = state != "void" and (stopped is not None or due < now)
        met = decided and stopped is not None and stopped <= due
        counts = (1, events, moves, again, int(sla is True), int(met), int(decided))
        yield name, zone, code or "", group, opened, dict(zip(COUNTS, counts, strict=True))


def _sum(groups: dict[Key, dict[str, int]], to: Callable[[Key], Key]) -> dict[Key, dict[str, int]]:
    found: dict[Key, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    for key, counts in groups.items():
        for name, value in counts.items():
            found[to(key)][name] += value
    return found


def _rows(found: dict[Key, dict[str, int]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [dict(zip(names, key, strict=True)) | _share(counts) for key, counts in sorted(found.items())]


def _share(counts: dict[str, int]) -> dict[str, Any]:
    met, decided = counts["met"], counts["decided"]
    plain = {name: counts[name] for name in COUNTS if name != "decided"}
    return plain | {"numerator": met, "denominator": decided, "share": round(met / decided, 6) if decided else None}
