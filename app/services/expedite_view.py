"""The expedite that a complaint was made of, for the complaint's page. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import Event, FreeText, Ticket
from app.services.scope import visible_to

SHOWN = 20  # the last entries of it
TELLING = ("received", "repeat", "follow_up", "result", "contact", "note", "turned")


@dataclass(frozen=True)
class Before:
    """The expedite's number, whether the reader may open it, and its entries: time, type, text."""

    number: str
    open: bool
    times: int
    entries: tuple[tuple[datetime, str, str], ...]


def of_ticket(session: Session, ticket: Ticket, actor: Actor) -> Before | None:
    """What the expedite before it tells; asks nothing of a ticket that follows none."""
    if ticket.kind != "complaint" or ticket.previous_id is None:
        return None
    seen = visible_to(actor).label("seen")
    before = (Ticket.id == ticket.previous_id, Ticket.kind == "expedite")
    row = session.execute(select(Ticket.number, Ticket.repeat_count, seen).where(*before)).one_or_none()
    if row is None:
        return None
    told = (
        select(Event.at, Event.type, FreeText.body)
        .outerjoin(FreeText, FreeText.id == Event.text_id)
        .where(Event.ticket_id == ticket.previous_id, Event.type.in_(TELLING))
        .order_by(Event.seq.desc())
        .limit(SHOWN)
    )
    entries = [(at, kind, str((body or {}).get("text", ""))) for at, kind, body in session.execute(told)]
    return Before(row[0], bool(row[2]), row[1] + 1, tuple(entries[::-1]))
