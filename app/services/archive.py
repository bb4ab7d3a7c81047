"""Moves tickets that ended long ago into the archive: one transaction a ticket writes its document and deletes its
working rows, so that whoever stops it, wherever, leaves a ticket whole in the one place or in the other.

What stays where it is: the ticket's row with its number, waybill and state, its parties (who may see it), its platform
orders and the keys that make a message harmless when it is repeated, what money and marks refer to, pictures, and the
words that lists of those show. What moves is what only the ticket itself is told by, and nearly all of the room.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import delete, select, tuple_, union_all
from sqlalchemy.orm import Session

from app import failpoints
from app.domain import archive as rule
from app.domain.archive import Packed
from app.domain.errors import NotAllowed, NotFound
from app.extensions import db
from app.models import (
    Appeal,
    ArchivedTicket,
    ArchiveHold,
    Audit,
    Clock,
    ExemptedClock,
    Exemption,
    FreeText,
    PenaltyContest,
    Reminder,
    Survey,
    SurveyCall,
    Ticket,
)
from app.models.dialect import changed, for_update
from app.models.ids import new_id
from app.services import archive_back, archive_rules, journal, search_index
from app.services.archive_back import MOVING, TEXTS, table_of
from app.services.transaction import write

log = logging.getLogger(__name__)
BATCH = 200  # tickets that are looked up at once
SHOWN_ELSEWHERE = (  # words that lists beside the ticket show: they stay with what shows them
    Audit.text_id, Survey.text_id, SurveyCall.text_id, PenaltyContest.text_id, PenaltyContest.decision_text_id,
    Appeal.text_id, Exemption.text_id, Ticket.headline_id,
)  # fmt: skip


@dataclass
class Done:
    """What a run did: tickets moved, those that somebody needed meanwhile, and those whose chain is not whole."""

    moved: int = 0
    kept: int = 0
    broken: int = 0


def due(session: Session, months: int, now: datetime, most: int = 100_000) -> int:
    """How many tickets would be moved, at most `most`. Raises ValueError for fewer months than the rule allows."""
    before = archive_rules.boundary(session, months, now)
    if before is None:
        return 0
    return len(session.execute(archive_rules.candidates(before).limit(most)).all())


def run(*, months: int, now: datetime, most: int = 100_000, going: Callable[[], bool] = lambda: True) -> Done:
    """Move what is due, the oldest first, a transaction a ticket, while `going()`; stopped half-way it goes on next
    time. A ticket that raises is left and reported; it stops nobody.

    Raises ValueError for fewer months than the rule allows.
    """
    done, after = Done(), (datetime.min.replace(tzinfo=now.tzinfo), 0)
    before = archive_rules.boundary(db.session(), months, now)
    while before is not None and done.moved < most and going():
        some = archive_rules.candidates(before).where(tuple_(Ticket.activity_at, Ticket.id) > after)
        found = [(row.id, row.activity_at) for row in db.session().execute(some.limit(BATCH))]
        db.session().rollback()
        for ticket_id, at in found:
            if done.moved >= most or not going():
                return done
            after = (at, ticket_id)
            _one(ticket_id, before, now, done)
        if not found:
            return done
    return done


def _one(ticket_id: int, before: datetime, now: datetime, done: Done) -> None:
    try:
        said = move(ticket_id=ticket_id, before=before, now=now)
    except Exception:
        log.exception("archive: ticket %s stays", ticket_id)
        said = "broken"
    setattr(done, said, getattr(done, said) + 1)


def move(*, ticket_id: int, before: datetime, now: datetime) -> str:
    """Move one ticket, unless something has come to keep it: `moved`, `kept`, or `broken` where its chain is not whole
    and the rows are evidence."""
    with write() as session:
        own = archive_rules.candidates(before).where(Ticket.id == ticket_id).with_only_columns(Ticket)
        locked = for_update(own, skip_locked=True).execution_options(populate_existing=True)
        ticket = session.scalars(locked).one_or_none()
        if ticket is None:
            return "kept"
        failpoints.reach("archive.locked")
        tables = _rows(session, ticket.id)
        if journal.broken_at(ticket, [SimpleNamespace(**row) for row in tables["event"]]) is not None:
            log.error("archive: the chain of ticket %s is not whole: it stays", ticket.number)
            return "broken"
        _keep(session, ticket, tables)
        failpoints.reach("archive.written")
        _delete(session, tables)
        failpoints.reach("archive.deleted")
        ticket.archived_at = now
        search_index.renew(session, [ticket.id])
        return "moved"


def _rows(session: Session, ticket_id: int) -> dict[str, list[dict[str, Any]]]:
    """The rows that move, by table, each as its columns are."""
    runs = select(Clock.id).where(Clock.ticket_id == ticket_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for model in MOVING:
        table = table_of(model)
        own = table.c.clock_id.in_(runs) if model in (Reminder, ExemptedClock) else table.c.ticket_id == ticket_id
        statement = select(table).where(own).order_by(*table.primary_key.columns)
        if model is FreeText:
            statement = statement.where(table.c.id.not_in(_shown_elsewhere(ticket_id)))
        found[table.name] = [dict(row) for row in session.execute(statement).mappings()]
    found["event"].sort(key=lambda row: row["seq"])
    return found


def _shown_elsewhere(ticket_id: int) -> Any:
    """The ids of words that stay; one that is empty would let nothing go."""
    parts = []
    for column in SHOWN_ELSEWHERE:
        model = column.class_
        part = select(column.label("id")).where(column.is_not(None))
        if model is Ticket:
            part = part.where(Ticket.id == ticket_id)
        elif model is SurveyCall:
            part = part.where(SurveyCall.survey_id == Survey.id, Survey.ticket_id == ticket_id)
        elif model is Exemption:
            part = part.where(ExemptedClock.exemption_id == Exemption.id, ExemptedClock.ticket_id == ticket_id)
        else:
            part = part.where(model.ticket_id == ticket_id)
        parts.append(part)
    return select(union_all(*parts).subquery().c.id)


def _keep(session: Session, ticket: Ticket, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Write the two documents, and read them again before anything is deleted."""
    texts = rule.pack(tables[TEXTS])
    rows = {name: some for name, some in tables.items() if name != TEXTS and some}
    document = rule.pack({"format": 1, "ticket": ticket.number, "texts": texts.digest, "tables": rows})
    _same(document, texts, tables)
    ids = [row["id"] for row in tables["event"]]
    session.add(ArchivedTicket(
        ticket_id=ticket.id, entry=archive_back.note(session, ticket.id, rule.MOVED, document.digest),
        events=len(ids), first_event_id=min(ids), last_event_id=max(ids), document=document.body,
        digest=document.digest, texts=texts.body if tables[TEXTS] else None, texts_digest=texts.digest,
    ))  # fmt: skip
    session.flush()


def _same(document: Packed, texts: Packed, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Raises Damaged where what was written does not read as what is about to be deleted."""
    again = {**rule.unpack(document.body, document.digest)["tables"], TEXTS: rule.unpack(texts.body, texts.digest)}
    for model in MOVING:
        table = table_of(model)
        read = [archive_back.readable(table, row) for row in again.get(table.name, [])]
        if read != tables[table.name]:
            raise rule.Damaged(f"{table.name} does not come back as it was")


def _delete(session: Session, tables: dict[str, list[dict[str, Any]]]) -> None:
    """Exactly the rows that the documents hold, children before parents."""
    for model in reversed(MOVING):
        table = table_of(model)
        key = list(table.primary_key.columns)
        rows = [[row[column.name] for column in key] for row in tables[table.name]]
        if not rows:
            continue
        those = key[0].in_([row[0] for row in rows]) if len(key) == 1 else tuple_(*key).in_([tuple(r) for r in rows])
        if changed(session, delete(table).where(those)) != len(rows):
            raise rule.Damaged(f"{table.name} changed meanwhile")


# --- by hand ---


def back(*, number: str) -> bool:
    """Bring a ticket back; False where it was not in the archive. Raises NotFound, Damaged."""
    with write() as session:
        ticket = _numbered(session, number)
        if ticket.archived_at is None:
            return False
        archive_back.bring_back(session, ticket)
        return True


def all_back(*, most: int = BATCH) -> int:
    """Bring some tickets back, the newest first; how many. 0 when the archive is empty."""
    newest = select(Ticket.number).join(ArchivedTicket, ArchivedTicket.ticket_id == Ticket.id)
    numbers = list(db.session().scalars(newest.order_by(ArchivedTicket.entry.desc()).limit(most)))
    return sum(back(number=number) for number in numbers)


def hold(*, number: str, reason: str, note: str, now: datetime) -> None:
    """Keep a ticket as it is, and its personal data, until `release`; it comes back where it was moved already.

    Raises NotFound, NotAllowed ("held" already, or a reason that is none of domain.archive.HOLDS).
    """
    if reason not in rule.HOLDS:
        raise NotAllowed("no_reason")
    with write() as session:
        ticket = archive_back.whole(session, _numbered(session, number))
        if _held(session, ticket.id) is not None:
            raise NotAllowed("held")
        session.add(ArchiveHold(id=new_id(), ticket_id=ticket.id, reason=reason, note=note[:80], set_at=now))


def release(*, number: str, now: datetime) -> None:
    """Let go of a ticket that was held. Raises NotFound, NotAllowed ("not_held")."""
    with write() as session:
        row = _held(session, _numbered(session, number).id)
        if row is None:
            raise NotAllowed("not_held")
        row.ended_at = now


def _held(session: Session, ticket_id: int) -> ArchiveHold | None:
    found = select(ArchiveHold).where(ArchiveHold.ticket_id == ticket_id, ArchiveHold.ended_at.is_(None))
    return session.scalars(found).one_or_none()


def _numbered(session: Session, number: str) -> Ticket:
    statement = for_update(select(Ticket).where(Ticket.number == number)).execution_options(populate_existing=True)
    ticket = session.scalars(statement).one_or_none()
    if ticket is None:
        raise NotFound("ticket_not_found")
    return ticket
