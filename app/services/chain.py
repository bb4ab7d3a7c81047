"""The check of the whole event log: every ticket's chain, every text that is still there, every seal (promise 13).

It streams: two passes over the events in the order of an index each, whatever their number, while work goes on. Select
only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Event, FreeText, Seal, Ticket
from app.models.dialect_locks import one_picture
from app.services import archive_proof, journal, seals

AT_ONCE = 2000  # rows held in memory
FAULTS = 200  # that are told; a broken log would fill the screen
NO_TEXT = SimpleNamespace(salt=None, body=None)


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was written. `what`: edited, missing, inserted, text, truncated, seal; archive (a
    document that is not the one that was moved), log (of the archive).

    `where` is a ticket's number, a seal's or a line of the archive's log, `seq` the first entry concerned.
    """

    what: str
    where: str
    seq: int


@dataclass
class Report:
    """What was looked at, and what is wrong; `more` faults were found beyond those listed."""

    tickets: int = 0
    archived: int = 0  # of them in the archive
    events: int = 0
    seals: int = 0
    unsealed: int = 0
    faults: list[Fault] = field(default_factory=list)
    more: int = 0

    @property
    def whole(self) -> bool:
        """Nothing is wrong."""
        return not self.faults

    def of(self, what: str, where: str, seq: int) -> None:
        """Keep a fault that somebody else found."""
        self.note(Fault(what, where, seq))

    def note(self, fault: Fault) -> None:
        """Keep a fault, as long as the list is readable."""
        if len(self.faults) < FAULTS:
            self.faults.append(fault)
        else:
            self.more += 1


@dataclass
class _Ticket:
    """A ticket on its way through its chain."""

    number: str
    version: int
    last_hash: str
    before: str = ""
    seq: int = 0
    broken: bool = False


def verify(session: Session) -> Report:
    """Check everything; the first broken entry of each ticket, each changed text, each seal that does not fit, and
    what the archive holds of all that."""
    session.rollback()
    one_picture(session)
    report = Report()
    _chains(session, report)
    _archived(session, report)
    _seals(session, report)
    return report


def verify_archive(session: Session) -> Report:
    """Check the archive alone: its documents, their chains and words, and the log of moving them."""
    session.rollback()
    one_picture(session)
    report = Report()
    _archived(session, report)
    return report


def _chains(session: Session, report: Report) -> None:
    """Edited, missing and inserted entries, changed texts, and chains that end before their ticket says."""
    running: _Ticket | None = None
    for row in _stream(session, _entries()):
        if running is None or running.number != row.number:
            _end(report, running)
            running = _Ticket(row.number, row.version, row.last_hash)
            report.tickets += 1
        if row.seq is not None:  # a ticket without any entry has a row of its own here
            report.events += 1
            _entry(report, running, row, row)
    _end(report, running)


def _entries() -> Any:
    return (
        select(
            Ticket.number, Ticket.version, Ticket.last_hash, Event.seq, Event.type, Event.at, Event.actor_id,
            Event.actor_role, Event.organisation_id, Event.data, Event.text_digest, Event.hash, FreeText.salt,
            FreeText.body,
        )
        .select_from(Ticket)
        .outerjoin(Event, Event.ticket_id == Ticket.id)
        .outerjoin(FreeText, FreeText.id == Event.text_id)
        .where(Ticket.archived_at.is_(None))
        .order_by(Ticket.id, Event.seq)
    )  # fmt: skip


def _archived(session: Session, report: Report) -> None:
    """The same for tickets in the archive, out of their documents, of which each must be the one that was moved."""
    wrong = report.of
    for held, events, texts in archive_proof.chains(session, wrong):
        ticket = _Ticket(held.number, held.version, held.last_hash)
        report.tickets, report.archived = report.tickets + 1, report.archived + 1
        for event in events:
            report.events += 1
            _entry(report, ticket, event, texts.get(event.text_id, NO_TEXT))
        _end(report, ticket)
    archive_proof.log(session, wrong)


def _entry(report: Report, ticket: _Ticket, row: Any, text: Any) -> None:
    if text.salt is not None and journal.text_digest(text.salt, text.body) != row.text_digest:
        report.note(Fault("text", ticket.number, row.seq))
    if ticket.broken:
        return
    if row.seq != ticket.seq + 1:
        ticket.broken = True
        report.note(Fault("missing" if row.seq > ticket.seq + 1 else "inserted", ticket.number, ticket.seq + 1))
        return
    if journal.link_of(ticket.before, row) != row.hash:
        ticket.broken = True
        report.note(Fault("edited", ticket.number, row.seq))
    ticket.before, ticket.seq = row.hash, row.seq


def _end(report: Report, ticket: _Ticket | None) -> None:
    """The ticket's row knows how long its chain is and how it ends."""
    if ticket is None or ticket.broken:
        return
    if ticket.seq < ticket.version:
        report.note(Fault("truncated", ticket.number, ticket.seq + 1))
    elif ticket.seq > ticket.version or ticket.before != ticket.last_hash:
        report.note(Fault("inserted", ticket.number, ticket.seq))


def _seals(session: Session, report: Report) -> None:
    """Each seal anew from the events that it sealed: this finds what was taken away together with its ticket's row."""
    before, after = "", 0
    newest = session.scalar(select(func.max(Seal.id))) or 0  # asked first: what they seal is surely seen after that
    events = archive_proof.hashes(session)
    pending = next(events, None)
    for number, seal in enumerate(session.scalars(select(Seal).where(Seal.id <= newest).order_by(Seal.id)), start=1):
        report.seals += 1
        digest, n = seals.hashing(before, seal.id, seal.at), 0
        while pending is not None and pending[0] <= seal.last_event_id:
            digest.update(f"{pending[0]}:{pending[1]}\n".encode())
            n, pending = n + 1, next(events, None)
        if (digest.hexdigest(), n) != (seal.digest, seal.events) or seal.id != number or seal.last_event_id <= after:
            report.note(Fault("seal", str(seal.id), n))
        before, after = seal.digest, seal.last_event_id
    report.unsealed = 0 if pending is None else 1 + sum(1 for _row in events)


def _stream(session: Session, statement: Any) -> Iterator[Any]:
    return iter(session.execute(statement.execution_options(yield_per=AT_ONCE)))
