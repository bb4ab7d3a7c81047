"""What a drafted policy would change: due times of open tickets, and last month's figures. Select only.

Each run is replayed under its own version and under the draft (`policy_replay`); one that no policy counted stays as it
is and is counted apart. Looked at are the newest tickets up to a limit; the figures say how many that were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.domain.calendars import month_bounds, month_of
from app.domain.policy_draft import DraftLine, rules_of
from app.models import Clock, Organisation, Ticket
from app.services import policies
from app.services.policy_replay import Replay
from app.services.scorecard_facts import ENDED, Span, decided_in

OPEN_TICKETS, MONTH_TICKETS = 1000, 3000  # looked at in one request, the newest
MEASURES = ("first_reply", "resolve")


@dataclass(frozen=True)
class Moved:
    """A running clock that would have another due time."""

    number: str
    kind: str
    category: str
    due_at: datetime
    would_be: datetime


@dataclass
class Group:
    """Running clocks of a kind and category: how many, how many earlier and later, late now and late then."""

    runs: int = 0
    earlier: int = 0
    later: int = 0
    late_now: int = 0
    late_then: int = 0


@dataclass
class Rate:
    """Decided runs, and how many were in time and would have been."""

    due: int = 0
    now: int = 0
    then: int = 0


@dataclass
class Preview:
    """Everything the page shows. `tickets_open` and `tickets_month` are those looked at of so many there are."""

    month: str
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    moved: list[Moved] = field(default_factory=list)
    rates: dict[tuple[int | None, str], Rate] = field(default_factory=dict)  # by province (None: network) and clock
    provinces: list[Organisation] = field(default_factory=list)
    tickets_open: tuple[int, int] = (0, 0)
    tickets_month: tuple[int, int] = (0, 0)
    left_alone: int = 0

    @property
    def tickets_moved(self) -> int:
        """Open tickets with at least one other due time."""
        return len({one.number for one in self.moved})


def preview(
    session: Session, draft: Sequence[DraftLine], now: datetime, *, most_open: int = OPEN_TICKETS,
    most_month: int = MONTH_TICKETS,
) -> Preview:  # fmt: skip
    """What would be different if the draft had always held. The draft has no faults."""
    replay = Replay(session, rules_of(draft, policies.newest(session) + 1, now))
    found = Preview(month_of(month_bounds(month_of(now))[0] - timedelta(days=1)))
    _open(session, replay, found, now, most_open)
    _month(session, replay, found, now, most_month)
    return found


# --- what is open ---


def _open(session: Session, replay: Replay, found: Preview, now: datetime, most: int) -> None:
    still = Ticket.state.not_in(ENDED)
    total = session.scalar(select(func.count()).select_from(Ticket).where(still)) or 0
    ids = list(session.scalars(select(Ticket.id).where(still).order_by(Ticket.id.desc()).limit(most)))
    found.tickets_open = (len(ids), total)
    running = and_(Clock.stopped_at.is_(None), Clock.state != "void")
    for row, would_be in replay.of(ids, running):
        if would_be is None:
            found.left_alone += 1
            continue
        group = found.groups.setdefault((row.kind, row.category), Group())
        group.runs += 1
        group.earlier += would_be < row.due_at
        group.later += would_be > row.due_at
        group.late_now += row.due_at < now
        group.late_then += would_be < now
        if would_be != row.due_at:
            found.moved.append(Moved(row.number, row.kind, row.category, row.due_at, would_be))


# --- last month ---


def _month(session: Session, replay: Replay, found: Preview, now: datetime, most: int) -> None:
    span = Span.of(found.month, now)
    decided = or_(*(decided_in(span, kind) for kind in MEASURES))
    tickets = select(Ticket.id).where(
        Ticket.state != "withdrawn", exists().where(Clock.ticket_id == Ticket.id, decided)
    )
    total = session.scalar(select(func.count()).select_from(tickets.subquery())) or 0
    ids = list(session.scalars(tickets.order_by(Ticket.id.desc()).limit(most)))
    found.tickets_month = (len(ids), total)
    seen: set[int] = set()
    for row, would_be in replay.of(ids, decided):
        stopped, then = row.stopped_at, would_be or row.due_at
        for place in (None, row.province_id):
            rate = found.rates.setdefault((place, row.kind), Rate())
            rate.due += 1
            rate.now += stopped is not None and stopped <= row.due_at
            rate.then += then >= now if stopped is None else stopped <= then
        seen.add(row.province_id)
    places = select(Organisation).where(Organisation.id.in_(list(seen))).order_by(Organisation.code)
    found.provinces = list(session.scalars(places))
