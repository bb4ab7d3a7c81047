"""The expedite that a complaint was made of, for the complaint's page. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import bindparam, select

from app.domain.roles import Actor
from app.models import Event, FreeText, Ticket, entries
from app.models.together import Question, Step
from app.services import scope
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


@cache
def _before(pattern: Actor) -> Question:
    seen = visible_to(pattern).label("seen")
    before = (Ticket.id == bindparam("before_id"), Ticket.kind == "expedite")
    return Question(select(Ticket.number, Ticket.repeat_count, seen).where(*before))


_TOLD = Question(
    select(Event.at, Event.type, FreeText.body)
    .outerjoin(FreeText, FreeText.id == Event.text_id)
    .where(entries.of_ticket(bindparam("before_id")), Event.type.in_(TELLING))
    .order_by(Event.seq.desc())
    .limit(SHOWN)
)


def of_ticket(ticket: Ticket, actor: Actor) -> Step[Before | None]:
    """What the expedite before it tells; asks nothing of a ticket that follows none."""
    if ticket.kind != "complaint" or ticket.previous_id is None:
        return None
    of = {"before_id": ticket.previous_id}
    rows, told = yield _before(scope.pattern(actor))(**of, **scope.ids(actor)), _TOLD(**of)
    if not rows:
        return None
    entries = [(at, kind, str((body or {}).get("text", ""))) for at, kind, body in told]
    return Before(rows[0][0], bool(rows[0][2]), rows[0][1] + 1, tuple(entries[::-1]))
