"""Brings another system's tickets in with their history: read, fold ticket by ticket, write in batches.

Every batch is one transaction with the numbers it came under, so that an import that is interrupted at any point and
run again writes exactly what is missing. Nothing is sent, reminded or fined unless the mapping says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.history import Past, Place, Row, World, fold
from app.domain.history_mapping import SourceMapping
from app.extensions import db
from app.models import ImportedFile, ImportedTicket, PlatformOrder
from app.models.dialect import lock_key
from app.services import calendars, history_target, work
from app.services.history_files import opened
from app.services.history_rows import TICKET, Batch, Target, add
from app.services.history_stage import Stage
from app.services.transaction import write

BATCH = 200  # tickets a transaction: long enough to be quick, short enough that a portal at work does not wait
KNOWN = "the portal has this number already, from another file or connection"
Told = Callable[[str, int, int], None]
Ticketed = tuple[int, str, list[Row]]  # place among the file's tickets, number, rows


@dataclass
class Summary:
    """What the file holds and what became of it. `events` are rows of the file; `added` tickets are new by this run.

    `sla_true` is None where the mapping names no such column.
    """

    tickets: int = 0
    events: int = 0
    reassignments: int = 0
    reopenings: int = 0
    sla_true: int | None = None
    rejected: int = 0
    added: int = 0
    left_out: int = 0
    organisations: int = 0
    unmapped_groups: list[str] = field(default_factory=list)

    def count(self, past: Past) -> None:
        """Add one folded ticket."""
        self.tickets += 1
        self.events += past.rows
        self.reassignments += past.reassignments
        self.reopenings += past.reopenings
        if self.sla_true is not None:
            self.sla_true += past.sla is True


@dataclass
class Import:
    """One run: what is told to whom while it goes on. `reject` takes line, ticket and reason of an unusable row."""

    mapping: SourceMapping
    now: datetime
    reject: Callable[[int, str, str], None]
    told: Told = lambda _what, _done, _whole: None
    dry_run: bool = False
    summary: Summary = field(default_factory=Summary)

    def refuse(self, line: int, ticket: str, reason: str) -> None:
        """Count and pass on a row that cannot be used."""
        self.summary.rejected += 1
        self.reject(line, ticket, reason)


def import_file(*, source: Path, run: Import) -> Summary:
    """Import the file at `source`; the summary. Again: the same summary, and nothing new in the portal.

    Raises FileError for a file that cannot be read, Invalid for organisations or categories that cannot stand.
    """
    if run.mapping.columns.sla:
        run.summary.sla_true = 0
    with Stage(run.mapping) as stage:
        with opened(source, run.mapping.file) as lines:
            stage.load(lines, run.refuse, lambda done, size: run.told("read", done, size))
            digest = lines.digest()
        groups = stage.groups()
        run.summary.unmapped_groups = [group for group in groups if run.mapping.unit(group) is None]
        if run.dry_run:
            _try(stage, run, history_target.imagined(run.mapping, groups))
        else:
            _bring_in(stage, run, digest, groups)
    return run.summary


def _try(stage: Stage, run: Import, places: dict[str, Place]) -> None:
    """Fold everything and write nothing."""
    world, whole = _world(run, places, run.now), stage.count()
    for past in _pasts(_numbered(stage), world, run):
        run.summary.count(past)
        run.told("fold", run.summary.tickets, whole)


def _bring_in(stage: Stage, run: Import, digest: str, groups: list[str]) -> None:
    before = history_target.count(db.session())
    places = history_target.create(run.mapping, groups)
    run.summary.organisations = history_target.count(db.session()) - before
    whole = stage.count()
    kept = history_target.register(run.mapping, digest, whole, run.now)
    world = _world(run, places, kept.imported_at)
    tickets, done = _numbered(stage), 0
    while some := list(islice(tickets, BATCH)):
        _batch(some, world, run, kept.target, kept.first_number)
        done += len(some)
        run.told("write", done, whole)
    _finish(run, kept.target.file_id)


def _numbered(stage: Stage) -> Iterator[Ticketed]:
    return ((place, number, rows) for place, (number, rows) in enumerate(stage.tickets()))


def _world(run: Import, places: dict[str, Place], now: datetime) -> World:
    return World(run.mapping, places, dict(calendars.calendars(db.session())), now)


def _batch(some: list[Ticketed], world: World, run: Import, target: Target, first_number: int) -> None:
    """Fold first, then write what is not there yet in one short transaction."""
    numbers = {number: place for place, number, _ in some}
    rows_of = {number: rows for _, number, rows in some}
    session = db.session()
    present, taken = _known(session, target, list(numbers))
    session.rollback()
    new = [ticket for ticket in some if ticket[1] not in present | taken]
    batch = Batch()
    for past in _pasts(new, world, run):
        add(batch, past, first_number + numbers[past.number], world, target)
    if batch.rows[TICKET]:
        _store(batch, target)
    run.summary.added += len(batch.rows[TICKET])
    for number in sorted(taken):
        for row in rows_of[number]:
            run.refuse(row.line, number, KNOWN)


def _store(batch: Batch, target: Target) -> None:
    """All or nothing. Two imports of one file at a time: the slower one breaks off here and can be run again."""
    with write() as session:
        lock_key(session, f"import:{target.file_id}")
        batch.write(session)


def _known(session: Session, target: Target, numbers: list[str]) -> tuple[set[str], set[str]]:
    """Which of the numbers this file has brought in already, and which are somebody else's."""
    own = select(ImportedTicket.number).where(
        ImportedTicket.file_id == target.file_id, ImportedTicket.number.in_(numbers)
    )
    codes = select(PlatformOrder.code).where(
        PlatformOrder.connection_id == target.connection_id, PlatformOrder.code.in_(numbers)
    )
    present = set(session.scalars(own))
    return present, set(session.scalars(codes)) - present


def _pasts(tickets: Iterable[Ticketed], world: World, run: Import) -> Iterator[Past]:
    """The folded tickets that the mapping's cut leaves in."""
    cut = world.mapping.cut
    shift = world.now - cut.until if cut.until and cut.move_to_now else timedelta(0)
    for _, number, rows in tickets:
        past = fold(number, [_moved(row, shift) for row in rows] if shift else rows, world)
        if cut.open_only and not past.open:
            run.summary.left_out += 1
        else:
            yield past


def _moved(row: Row, shift: timedelta) -> Row:
    later = {name: value + shift for name in ("at", "opened", "resolved") if (value := getattr(row, name))}
    return row._replace(**later)


def _finish(run: Import, file_id: int) -> None:
    """Refresh the counters of provinces and headquarters, and read the totals back from what is stored."""
    with write() as session:
        work.recount(session)
        session.get_one(ImportedFile, file_id).finished_at = run.now
    kept = ImportedTicket
    sums = [func.coalesce(func.sum(column), 0) for column in (kept.rows, kept.reassignments, kept.reopenings)]
    flagged = select(func.count()).where(kept.file_id == file_id, kept.sla.is_(True))
    session = db.session()
    done = run.summary
    counted = session.execute(select(func.count(), *sums).where(kept.file_id == file_id)).one()
    done.tickets, done.events, done.reassignments, done.reopenings = (int(value) for value in counted)
    if done.sla_true is not None:
        done.sla_true = session.scalar(flagged) or 0
