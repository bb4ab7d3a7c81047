"""The archive's part in the proof of the event log: chains and words out of the documents, the log of moving them, and
every event's hash, live or archived, in the order of their ids. Select only."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import archive as rule
from app.models import ArchivedTicket, ArchiveEntry, Event, FreeText, Ticket
from app.services.archive_reading import Document, documents

AT_ONCE = 2000  # rows held in memory
Note = Callable[[str, str, int], None]  # what is wrong, where, and from which entry on


def chains(session: Session, note: Note) -> Iterator[tuple[Document, list[Any], dict[int, Any]]]:
    """Every archived ticket with its events and its words by id; what cannot be read is noted as `archive`."""
    for held in documents(session):
        if not held.tables:
            note("archive", held.number, 1)
            continue
        stayed = session.execute(select(FreeText.id, FreeText.salt, FreeText.body).where(_of(held)))
        texts = {row.id: row for row in (*stayed, *held.rows(FreeText))}
        yield held, held.rows(Event), texts


def _of(held: Document) -> Any:
    return FreeText.ticket_id == held.ticket_id


def hashes(session: Session) -> Iterator[tuple[int, str]]:
    """Id and hash of every event there is, by id: a seal is of both, wherever they lie by now."""
    live = session.execute(select(Event.id, Event.hash).order_by(Event.id).execution_options(yield_per=AT_ONCE))
    return heapq.merge(((row.id, row.hash) for row in live), _archived(documents(session)))


def _archived(every: Iterable[Document]) -> Iterator[tuple[int, str]]:
    """The events of documents that come by their first event: as many are held as tickets lay open side by side."""
    waiting: list[tuple[int, str]] = []
    for held in every:
        while waiting and waiting[0][0] < held.first_event_id:
            yield heapq.heappop(waiting)
        for event in held.tables.get("event", ()):
            heapq.heappush(waiting, (event["id"], event["hash"]))
    while waiting:
        yield heapq.heappop(waiting)


def log(session: Session, note: Note) -> int:
    """Whether the archive's own log is whole, and every document the one that it tells of last; how many lines."""
    before, number = "", 0
    lines = select(ArchiveEntry).order_by(ArchiveEntry.n).execution_options(yield_per=AT_ONCE)
    for number, row in enumerate(session.scalars(lines), start=1):
        if row.n != number or row.hash != rule.link(before, row.n, row.ticket_id, row.what, row.digest):
            note("log", str(row.n), number)
            break
        before = row.hash
    _as_told(session, note)
    return number


def _as_told(session: Session, note: Note) -> None:
    newest = select(func.max(ArchiveEntry.n).label("n")).group_by(ArchiveEntry.ticket_id).subquery()
    told = (
        select(ArchiveEntry.ticket_id, ArchiveEntry.what, ArchiveEntry.digest, ArchivedTicket.digest.label("held"),
               ArchivedTicket.entry, ArchiveEntry.n, Ticket.number, Ticket.archived_at)
        .join(newest, newest.c.n == ArchiveEntry.n)
        .outerjoin(ArchivedTicket, ArchivedTicket.ticket_id == ArchiveEntry.ticket_id)
        .outerjoin(Ticket, Ticket.id == ArchiveEntry.ticket_id)
    )  # fmt: skip
    for row in session.execute(told.execution_options(yield_per=AT_ONCE)):
        there = (row.held, row.entry, row.archived_at is not None)
        wanted = (row.digest, row.n, True) if row.what == rule.MOVED else (None, None, False)
        if there != wanted:
            note("archive", row.number or str(row.ticket_id), 1)
    untold = select(Ticket.number).where(
        Ticket.archived_at.is_not(None),
        Ticket.id.not_in(select(ArchiveEntry.ticket_id)),
    )
    for number in session.scalars(untold):
        note("archive", number, 1)
