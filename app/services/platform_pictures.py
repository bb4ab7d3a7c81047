"""Pictures that a platform sends as addresses: rows at intake, bytes by a job before the address expires."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import pictures as rule
from app.domain.pictures import Picture
from app.domain.roles import SYSTEM
from app.models import Attachment, Event, Ticket
from app.models.dialect import changed
from app.models.ids import new_id
from app.services import attachments, journal, moves
from app.services.transaction import write

ADDRESS_LENGTH = 2000  # characters
LEASE = timedelta(minutes=2)  # longer than one fetch may take


@dataclass(frozen=True)
class Address:
    """Where a picture lies, what it is called, and when the address ends (UTC; None: not said)."""

    url: str
    name: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Wanted:
    """One fetch that was claimed."""

    id: int
    address: str
    store_name: str


def expect(session: Session, ticket: Ticket, event: Event, addresses: Sequence[Address], now: datetime) -> None:
    """Note the pictures of a message in its own transaction; at most nine, each address once."""
    unique = {address.url: address for address in addresses if address.url}
    for address in list(unique.values())[: rule.MAX_PER_ENTRY]:
        whole = len(address.url) <= ADDRESS_LENGTH
        session.add(Attachment(
            id=new_id(), ticket_id=ticket.id, event_id=event.id, origin="platform",
            store_name=secrets.token_hex(16), file_name=rule.clean_name(address.name),
            state="pending" if whole else "failed", error="" if whole else "bad_address",
            source_address=address.url if whole else "", created_at=now, next_try_at=now if whole else None,
            expires_at=address.expires_at or now + rule.ADDRESS_LIVES,
        ))  # fmt: skip


def due(session: Session, now: datetime, limit: int = 20) -> list[int]:
    """Ids of pictures whose next try has come."""
    statement = select(Attachment.id).where(Attachment.next_try_at <= now, Attachment.state == "pending")
    return list(session.scalars(statement.order_by(Attachment.next_try_at).limit(limit)))


def claim(*, attachment_id: int, now: datetime) -> Wanted | None:
    """Take one fetch for two minutes; None when another has it. A crash leaves it to the next after that time."""
    with write() as session:
        mine = update(Attachment).where(
            Attachment.id == attachment_id, Attachment.state == "pending", Attachment.next_try_at <= now
        )
        if changed(session, mine.values(next_try_at=now + LEASE, attempts=Attachment.attempts + 1)) != 1:
            return None
        row = session.get_one(Attachment, attachment_id, populate_existing=True)
        return Wanted(row.id, row.source_address, row.store_name)


def fetched(*, attachment_id: int, picture: Picture, now: datetime) -> None:
    """The bytes lie in the store: the entry shows the picture, and an event proves it."""
    with write() as session:
        row, ticket = _locked(session, attachment_id)
        if row.state != "pending":
            return
        attachments.fill(row, picture)
        row.source_address, row.next_try_at, row.error = "", None, ""
        data = {"attachments": [[row.id, row.sha256]], "event_id": row.event_id}
        journal.append(session, ticket, "picture_fetched", actor=SYSTEM, now=now, data=data)


def failed(*, attachment_id: int, code: str, permanent: bool, now: datetime) -> str:
    """The fetch did not work: again after a pause while the address lives, else failed for good; the row's state."""
    with write() as session:
        row, ticket = _locked(session, attachment_id)
        if row.state != "pending":
            return row.state
        again = None if permanent else rule.next_try(now, row.attempts, row.expires_at or now)
        row.error, row.next_try_at = code[:24], again
        if again is None:
            row.state, row.source_address = "failed", ""
            data = {"attachment_id": row.id, "code": row.error}
            journal.append(session, ticket, "picture_failed", actor=SYSTEM, now=now, data=data)
        return row.state


def _locked(session: Session, attachment_id: int) -> tuple[Attachment, Ticket]:
    row = session.get_one(Attachment, attachment_id)
    ticket = moves.locked_ticket(session, row.ticket_id)
    session.refresh(row)
    return row, ticket
