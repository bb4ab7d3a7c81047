"""Brings another system's tickets in with their history: read, fold ticket by ticket, write in batches.

Every batch is one transaction with the numbers it came under, so that an import that is interrupted at any point and
run again writes exactly what is missing. One import runs at a time. Nothing is sent, reminded or fined unless the
mapping says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.history import Past, Place, Row, World, fold
from app.domain.history_mapping import SourceMapping
from app.extensions import db
from app.models import ImportedFile, ImportedTicket, PlatformOrder
from app.models.dialect import call_off
from app.models.dialect_locks import hold
from app.services import calendars, history_target, recounts
from app.services.history_files import opened
from app.services.history_plan import Kept, Plan, kept, plan
from app.services.history_rows import TICKET, Batch, add
from app.services.history_stage import Stage
from app.services.history_target import Registered
from app.services.transaction import write

BATCH = 200  # tickets a transaction: long enough to be quick, short enough that a portal at work does not wait
KNOWN = "the portal has this number already, from another file or connection"
Told = Callable[[str, int, int], None]
Ticketed = tuple[int, str, list[Row]]  # place among the file's tickets, number, rows


class Busy(Exception):
    """Another import runs, or the portal stored the same thing at the same moment; the message is one plain line."""


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

    def refuse_all(self, ticket: str, rows: Iterable[Row], reason: str) -> None:
        """The same with every row of a ticket."""
        for row in rows:
            self.refuse(row.line, ticket, reason)


def import_file(*, source: Path, run: Import) -> Summary:
    """Import the file at `source`; the summary. Again: the same summary, and nothing new in the portal.

    A dry run reads, checks and counts the same, up to the first statement that would store something. Raises FileError
    for a file that cannot be read, MappingError for what cannot stand in this portal, Busy beside another import.
    """
    if run.mapping.columns.sla:
        run.summary.sla_true = 0
    with _alone(run), Stage(run.mapping, run.now) as stage:
        with opened(source, run.mapping.file) as lines:
            stage.load(lines, run.refuse, lambda done, size: run.told("read", done, size))
            digest = lines.digest()
        groups = stage.groups()
        run.summary.unmapped_groups = [group for group in groups if run.mapping.unit(group) is None]
        made = plan(run.mapping, groups, run.now)
        before = kept(run.mapping, digest)
        if stage.count() or before.file_id:
            run.summary.organisations = len(made.nodes)
            if run.dry_run:
                _try(stage, run, made, before)
            else:
                _bring_in(stage, run, digest, history_target.create(run.mapping, groups, made, run.now))
    return run.summary


@contextmanager
def _alone(run: Import) -> Iterator[None]:
    """One import at a time: two of them would make the same organisations and tickets."""
    if run.dry_run:
        yield
        return
    with hold(db.engine, "import") as free:
        if not free:
            raise Busy("another run is importing into this portal: start again when it has ended")
        try:
            yield
        except IntegrityError as error:
            raise Busy(f"the portal stored the same thing at this moment: start again ({error.orig})") from None


def _try(stage: Stage, run: Import, made: Plan, before: Kept) -> None:
    """Fold everything and write nothing."""
    world, whole, done = _world(run, made.places, before.imported_at or run.now), stage.count(), 0
    if before.file_id:
        _total(db.session(), before.file_id, run.summary)
    for some in _batches(stage):
        for past in _pasts(_new(some, run, before.file_id, before.connection_id), world, run):
            run.summary.count(past)
        done += len(some)
        run.told("fold", done, whole)


def _bring_in(stage: Stage, run: Import, digest: str, places: dict[str, Place]) -> None:
    whole, done = stage.count(), 0
    file = history_target.register(run.mapping, digest, whole, run.now)
    world = _world(run, places, file.imported_at)
    made = ((len(some), _folded(some, world, run, file)) for some in _batches(stage))
    for size, batch in _written(made):
        run.summary.added += len(batch.rows[TICKET])
        done += size
        run.told("write", done, whole)
    _finish(run, file.target.file_id)


def _batches(stage: Stage) -> Iterator[list[Ticketed]]:
    tickets = ((place, number, rows) for place, (number, rows) in enumerate(stage.tickets()))
    while some := list(islice(tickets, BATCH)):
        yield some


def _world(run: Import, places: dict[str, Place], now: datetime) -> World:
    return World(run.mapping, places, dict(calendars.calendars(db.session())), now)


def _folded(some: list[Ticketed], world: World, run: Import, file: Registered) -> Batch:
    """What is written of these tickets: those that are not there yet."""
    places = {number: place for place, number, _ in some}
    batch = Batch()
    for past in _pasts(_new(some, run, file.target.file_id, file.target.connection_id), world, run):
        add(batch, past, file.first_number + places[past.number], file.target)
    return batch


def _written(made: Iterable[tuple[int, Batch]]) -> Iterator[tuple[int, Batch]]:
    """Each batch when it is stored, one after the other, in a thread of its own: the next one is folded meanwhile."""
    under_way: list[tuple[Future[None], int, Batch]] = []
    at_work: list[Connection] = []
    with ThreadPoolExecutor(1, "import") as writer:
        try:
            for size, batch in made:
                yield from _stored(under_way)
                # with this run's application; from here on the session is the thread's
                under_way = [(writer.submit(copy_context().run, _store, batch, at_work), size, batch)]
            yield from _stored(under_way)
        except BaseException:
            for connection in list(at_work):  # it may wait for somebody's lock
                call_off(connection)
            raise


def _stored(under_way: list[tuple[Future[None], int, Batch]]) -> Iterator[tuple[int, Batch]]:
    for future, size, batch in under_way:
        future.result()
        yield size, batch


def _store(batch: Batch, at_work: list[Connection]) -> None:
    """One short transaction, whose connection stands in `at_work` as long as it lasts."""
    if not batch.rows[TICKET]:
        return
    with write() as session:
        at_work.append(session.connection())
        try:
            batch.write(session)
        finally:
            at_work.clear()


def _new(some: list[Ticketed], run: Import, file_id: int, connection_id: int) -> list[Ticketed]:
    """The tickets that are not there yet; rows of numbers that are somebody else's are refused."""
    numbers = [number for _, number, _ in some]
    own = select(ImportedTicket.number).where(ImportedTicket.file_id == file_id, ImportedTicket.number.in_(numbers))
    codes = select(PlatformOrder.code).where(
        PlatformOrder.connection_id == connection_id, PlatformOrder.code.in_(numbers)
    )
    with db.engine.connect() as connection:  # the session may be storing the tickets before these
        present = set(connection.scalars(own))
        taken = set(connection.scalars(codes)) - present
    for _, number, rows in some:
        if number in taken:
            run.refuse_all(number, rows, KNOWN)
    return [ticket for ticket in some if ticket[1] not in present | taken]


def _pasts(tickets: Iterable[Ticketed], world: World, run: Import) -> Iterator[Past]:
    """The folded tickets that the mapping's cut leaves in. One that cannot be computed is refused, the others go on."""
    cut = world.mapping.cut
    shift = world.now - cut.until if cut.until and cut.move_to_now else timedelta(0)
    for _, number, rows in tickets:
        try:
            past = fold(number, [_moved(row, shift) for row in rows] if shift else rows, world)
        except (ValueError, OverflowError) as error:
            run.refuse_all(number, rows, f"cannot be computed: {error}")
            continue
        if cut.open_only and not past.open:
            run.summary.left_out += 1
        else:
            yield past


def _moved(row: Row, shift: timedelta) -> Row:
    later = {name: value + shift for name in ("at", "opened", "resolved") if (value := getattr(row, name))}
    return row._replace(**later)


def _finish(run: Import, file_id: int) -> None:
    """Refresh the counters of provinces and headquarters, and read the totals back from what is stored.

    A file that brought nothing in leaves no row of its own.
    """
    _total(db.session(), file_id, run.summary)
    with write() as session:
        recounts.recount(session)
        file = session.get_one(ImportedFile, file_id)
        file.finished_at = run.now
        if not run.summary.tickets:
            session.delete(file)


def _total(session: Session, file_id: int, summary: Summary) -> None:
    """Set the counts to those of the file's tickets in the portal."""
    one = ImportedTicket
    sums = [func.coalesce(func.sum(column), 0) for column in (one.rows, one.reassignments, one.reopenings)]
    counted = session.execute(select(func.count(), *sums).where(one.file_id == file_id)).one()
    summary.tickets, summary.events, summary.reassignments, summary.reopenings = (int(value) for value in counted)
    if summary.sla_true is not None:
        flagged = select(func.count()).where(one.file_id == file_id, one.sla.is_(True))
        summary.sla_true = session.scalar(flagged) or 0
    session.rollback()
