"""Deletes personal data and people's own words of tickets that ended long ago; the event chain stays whole, because an
event holds a salted digest of its text and never the text (promise 13)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, func, not_, select, tuple_, update
from sqlalchemy.orm import Session

from app.domain import retention as rule
from app.domain.calendars import local_date
from app.extensions import db
from app.models import (
    ArchivedTicket,
    ArchiveHold,
    Attachment,
    DayFact,
    Draft,
    FreeText,
    Inbox,
    Outbox,
    Person,
    PlatformOrder,
    ProblemRow,
    Scan,
    Ticket,
    TicketContact,
)
from app.models.dialect import changed, for_update
from app.services import search_index
from app.services.transaction import write

log = logging.getLogger(__name__)
SCANS = 5_000  # of which the courier's name goes in one transaction
MOST_STUCK = 200  # tickets whose pictures stay: with so many the store is away
BATCH = 50  # tickets a transaction: a portal at work does not wait for it
DELETED = "deleted"  # what stands in the place of a platform's message


@dataclass
class Done:
    """What went."""

    tickets: int = 0
    texts: int = 0
    messages: int = 0
    pictures: int = 0


def due(session: Session, days: int, now: datetime) -> int:
    """How many tickets would be cleared. Raises ValueError for fewer days than the rule allows."""
    return int(session.scalar(select(func.count()).where(*_due(days, now))) or 0)


def run(*, days: int, now: datetime, drop: Callable[[str], None], most: int = 100_000) -> Done:
    """Clear what is due, 50 tickets a transaction; stopped half-way it goes on next time.

    `drop` deletes a picture's bytes by its name in the store, before its row goes: bytes without a row nobody would
    find again. A ticket whose picture the store does not give up is reported and waits; the others are cleared. Raises
    ValueError for fewer days than the rule allows.
    """
    done, stuck = Done(), set[int]()
    _couriers(rule.cutoff(days, now), most)
    while done.tickets < most and len(stuck) < MOST_STUCK:
        first = select(Ticket.id).where(*_due(days, now), Ticket.id.not_in(stuck)).order_by(Ticket.activity_at)
        ids = list(db.session().scalars(first.limit(BATCH)))
        stuck |= _without_bytes(ids, drop)
        db.session().rollback()
        free = [one for one in ids if one not in stuck]
        if not ids or (free and not _clear(free, days, now, done)):
            return done
    return done


def _without_bytes(ids: list[int], drop: Callable[[str], None]) -> set[int]:
    """Delete the bytes of the tickets' pictures; of which tickets that did not work."""
    stuck = set()
    for ticket_id, name in _pictures(ids):
        try:
            drop(name)
        except Exception:
            log.exception("retention: a picture of ticket %s stays", ticket_id)
            stuck.add(ticket_id)
    return stuck


def _couriers(before: datetime, most: int) -> None:
    """Couriers' names of scans and of a site's daily figures; the tickets' own go with the tickets."""
    old = select(Scan.id).where(Scan.courier != "", Scan.scanned_at < before).limit(SCANS)
    for _turn in range(0, most, BATCH):
        with write() as session:
            if changed(session, update(Scan).where(Scan.id.in_(old)).values(courier="", note="")) < SCANS:
                named = delete(DayFact).where(DayFact.day < local_date(before), DayFact.kind == "courier")
                session.execute(named)
                return


def _due(days: int, now: datetime) -> tuple[ColumnElement[bool], ...]:
    ended = Ticket.state.in_(rule.ENDED), Ticket.cleared_at.is_(None)
    return (*ended, Ticket.activity_at < rule.cutoff(days, now), not_(held()))


def held() -> ColumnElement[bool]:
    """The condition on `ticket` that a court or the regulator needs it as it is."""
    return exists().where(ArchiveHold.ticket_id == Ticket.id, ArchiveHold.ended_at.is_(None)).correlate(Ticket)


def _pictures(ids: list[int]) -> list[tuple[int, str]]:
    mine = select(Attachment.ticket_id, Attachment.store_name).where(Attachment.ticket_id.in_(ids))
    return [(ticket_id, name) for ticket_id, name in db.session().execute(mine)]


def _clear(ids: list[int], days: int, now: datetime, done: Done) -> int:
    """One transaction; how many tickets. One that somebody opened again meanwhile is left alone."""
    with write() as session:
        locked = for_update(select(Ticket.id).where(Ticket.id.in_(ids), *_due(days, now)).order_by(Ticket.id))
        still = list(session.scalars(locked))
        _people(session, still)
        done.messages += _messages(session, still)
        done.texts += changed(session, delete(FreeText).where(FreeText.ticket_id.in_(still)))
        in_archive = update(ArchivedTicket).where(ArchivedTicket.ticket_id.in_(still))
        session.execute(in_archive.values(texts=None))
        done.pictures += changed(session, delete(Attachment).where(Attachment.ticket_id.in_(still)))
        session.execute(delete(Draft).where(Draft.ticket_id.in_(still)))
        session.execute(update(Ticket).where(Ticket.id.in_(still)).values(cleared_at=now))
        if still:
            search_index.renew(session, still)
        done.tickets += len(still)
        return len(still)


def _people(session: Session, ids: list[int]) -> None:
    blank = {"name": "", "phone": "", "address": "", "phone_last4": ""}
    session.execute(update(Person).where(Person.ticket_id.in_(ids)).values(**blank))
    session.execute(delete(TicketContact).where(TicketContact.ticket_id.in_(ids)))
    session.execute(update(ProblemRow).where(ProblemRow.ticket_id.in_(ids)).values(courier=""))


def _messages(session: Session, ids: list[int]) -> int:
    """The platform's messages as they came, and the answers' words on their way back; keys and digests stay."""
    orders = select(PlatformOrder.connection_id, PlatformOrder.code).where(PlatformOrder.ticket_id.in_(ids))
    theirs = tuple_(Inbox.connection_id, Inbox.order_code).in_(orders)
    failed = update(Outbox).where(Outbox.ticket_id.in_(ids), Outbox.next_try_at.is_not(None))
    session.execute(failed.values(state="failed", next_try_at=None, lease_until=None, error=DELETED))
    return changed(session, update(Inbox).where(theirs).values(body=b"", text="", error=DELETED))
