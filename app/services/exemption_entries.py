"""What a request for an exemption writes on its tickets: fifty tickets a transaction, so that nobody waits for eight
hundred (rulebook 4 "Exemption").

The request itself names every run from its beginning, each in the state WANTED until its ticket has the entry. What
was left over when a worker died is found by that state and done once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from app.domain.errors import NotFound
from app.domain.roles import Actor
from app.models import Clock, Event, ExemptedClock, Exemption, FreeText, Organisation, Ticket, User
from app.services import attachments, desk, moves
from app.services.transaction import apart, write

log = logging.getLogger(__name__)
WANTED = "wanted"
BATCH = 50  # tickets a transaction


def run(now: datetime, limit: int = 200) -> int:
    """Write the entries that are missing anywhere, up to `limit` tickets of a request; the tickets done."""
    with write() as session:
        missing = exists().where(ExemptedClock.exemption_id == Exemption.id, ExemptedClock.state == WANTED)
        undone = select(Exemption.id).where(Exemption.done_at.is_(None), missing)
        ids = list(session.scalars(undone.order_by(Exemption.id)))
    return sum(
        apart(log, f"exemption {exemption_id}, its entries", go_on, exemption_id, now, limit) for exemption_id in ids
    )


def go_on(exemption_id: int, now: datetime, limit: int) -> int:
    """Go on with one request, a batch a transaction; the tickets done."""
    done = 0
    while done < limit:
        with write() as session:
            row = session.get_one(Exemption, exemption_id)
            text = session.get(FreeText, row.text_id) if row.text_id else None
            said = str(text.body.get("text", "")) if text else row.facts
            batch = some(session, row, asker(session, row), said, now, limit - done)
        done += batch
        if batch < BATCH:
            break
    return done


def some(session: Session, row: Exemption, actor: Actor, text: str, now: datetime, limit: int = BATCH) -> int:
    """The entries of the next tickets inside the caller's transaction; how many tickets it looked at."""
    found = select(ExemptedClock.ticket_id).where(
        ExemptedClock.exemption_id == row.id, ExemptedClock.state == WANTED
    )  # fmt: skip
    ids = list(session.scalars(found.distinct().order_by(ExemptedClock.ticket_id).limit(min(limit, BATCH))))
    left_out = sum(_enter(session, row, ticket_id, actor, text, now) for ticket_id in ids)
    if left_out:
        _count(session, row)
    return len(ids)


def on_ticket(
    session: Session, ticket: Ticket, row: Exemption, actor: Actor, text: str, clocks: Sequence[Clock], now: datetime,
    pictures: Sequence[int] = (),
) -> Event:  # fmt: skip
    """The entry of one ticket; the first one keeps the words of the request."""
    runs = [[clock.kind, clock.run] for clock in clocks]
    data: dict[str, Any] = {"exemption_id": row.id, "reason": row.reason, "runs": runs}
    event = attachments.entry(session, ticket, "exemption_asked", actor, now, data, {"text": text}, pictures)
    row.text_id = row.text_id or event.text_id
    return event


def asker(session: Session, row: Exemption) -> Actor:
    """Who asked, for the entries. Raises NotFound."""
    statement = select(User, Organisation.province_id).outerjoin(Organisation, Organisation.id == User.organisation_id)
    found = session.execute(statement.where(User.id == row.asked_by_id)).one_or_none()
    if found is None:
        raise NotFound("user_not_found")
    user, province_id = found
    return Actor(user.id, user.role, user.organisation_id, province_id, user.name)


def _enter(session: Session, row: Exemption, ticket_id: int, actor: Actor, text: str, now: datetime) -> int:
    """One ticket's entry; how many of its runs are left out, because it was withdrawn or another request has them."""
    ticket = moves.locked_ticket(session, ticket_id)
    statement = select(ExemptedClock, Clock).join(Clock, Clock.id == ExemptedClock.clock_id)
    mine = statement.where(ExemptedClock.exemption_id == row.id, ExemptedClock.ticket_id == ticket_id)
    pairs = session.execute(mine.where(ExemptedClock.state == WANTED).order_by(Clock.id)).all()
    taken = _taken(session, row, ticket_id) if desk.may(ticket, actor, "ask_exemption") else None
    kept = []
    for part, clock in pairs:
        free = taken is not None and clock.id not in taken and clock.state != "void"
        part.state = "asked" if free else "released"
        if free:
            kept.append(clock)
    if kept:
        event = on_ticket(session, ticket, row, actor, text, kept, now)
        desk.finish(session, ticket, event, now)
    return len(pairs) - len(kept)


def _taken(session: Session, row: Exemption, ticket_id: int) -> set[int]:
    """Runs of the ticket that an older request holds which was not refused."""
    other = aliased(Exemption)
    statement = select(ExemptedClock.clock_id).join(other, other.id == ExemptedClock.exemption_id)
    held = statement.where(ExemptedClock.ticket_id == ticket_id, ExemptedClock.state.not_in(("released", WANTED)))
    return set(session.scalars(held.where(other.id != row.id, other.state.in_(("asked", "granted")))))


def _count(session: Session, row: Exemption) -> None:
    session.flush()
    counts = select(func.count(), func.count(ExemptedClock.ticket_id.distinct())).where(
        ExemptedClock.exemption_id == row.id, ExemptedClock.state != "released"
    )
    row.clocks, row.tickets = session.execute(counts).one()
