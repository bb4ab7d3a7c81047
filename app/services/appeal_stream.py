"""The read side of the appeal stream: its head, its list, and what helps to rule alike. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from app.domain import appeals as rule
from app.domain.calendars import SHANGHAI
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.models import Appeal, AppealLease, Category, Event, FreeText, Organisation, Ticket, User
from app.services import hands
from app.services.appeal_leases import in_order, open_appeals
from app.services.scope import visible_to

LISTED = 100
SIMILAR = 5
REASONS = 5
LOOKED_AT = 30  # of one's own rulings, for reasons that differ


@dataclass(frozen=True)
class Head:
    """How the stream stands: waiting, due within two hours, overdue, and ruled by the actor today."""

    waiting: int
    soon: int
    overdue: int
    mine_today: int


@dataclass(frozen=True)
class Line:
    """One appeal of the list, its words still unmasked. `holder` is empty while nobody has it."""

    number: str
    due_at: datetime | None
    opened_at: datetime
    category: Category | None
    site: Organisation | None
    words: str
    holder: str
    mine: bool
    later: bool
    own_work: bool


@dataclass(frozen=True)
class Lease:
    """Who has this ticket's appeal: a name, whether it is the actor, until when."""

    holder: str
    mine: bool
    until: datetime | None


@dataclass(frozen=True)
class Ruled:
    """A ruling on something similar, its reasons still unmasked."""

    number: str
    ruling: str
    ruled_at: datetime
    same_site: bool
    site: Organisation | None
    text: str


def head(session: Session, actor: Actor, now: datetime) -> Head:
    """The numbers on top of the stream, in one statement."""
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = select(func.count()).where(Appeal.ruled_by_id == actor.user_id, Appeal.ruled_at >= midnight)
    due = Ticket.next_due_at
    late = func.coalesce(func.sum(case((due <= now, 1), else_=0)), 0)
    soon = func.coalesce(func.sum(case((and_(due > now, due <= now + rule.SOON), 1), else_=0)), 0)
    row = session.execute(open_appeals(actor, func.count(), soon, late, mine.scalar_subquery())).one()
    return Head(*(int(n) for n in row))


def lines(session: Session, actor: Actor, now: datetime) -> list[Line]:
    """The appeals in the order in which they are taken, with who has each."""
    columns = (
        Ticket.number, Ticket.next_due_at, Appeal.opened_at, Category, Organisation, FreeText.body, User.name,
        AppealLease.holder_id, AppealLease.until, AppealLease.later_until, hands.own_appeal(actor),
    )  # fmt: skip
    statement = (
        open_appeals(actor, *columns)
        .outerjoin(Category, Category.code == Ticket.category)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .outerjoin(FreeText, FreeText.id == func.coalesce(Appeal.text_id, Ticket.headline_id))
        .outerjoin(User, User.id == AppealLease.holder_id)
    )
    rows = session.execute(statement.order_by(*in_order(now)).limit(LISTED))
    return [_line(row, actor, now) for row in rows]


def lease(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> Lease | None:
    """Who has the appeal; the actor's own lease is also told when its time is over and nobody else came."""
    found = select(AppealLease, User.name).join(User, User.id == AppealLease.holder_id)
    row = session.execute(found.where(AppealLease.ticket_id == ticket.id)).one_or_none()
    if row is None:
        return None
    mine = row[0].holder_id == actor.user_id
    if not mine and not rule.held(row[0].holder_id, row[0].until, now):
        return None
    return Lease(row[1], mine, row[0].until)


def similar(session: Session, actor: Actor, ticket: Ticket) -> list[Ruled]:
    """The last rulings on the same category: the same site's first, then the same province's; five at most."""
    same_site = Appeal.site_id == ticket.handling_site_id
    near = list(session.execute(_ruled(actor, ticket).where(same_site)))
    there = Ticket.province_id == ticket.province_id
    others = Appeal.site_id.is_distinct_from(ticket.handling_site_id)
    far = list(session.execute(_ruled(actor, ticket).where(there, others)))
    rows = [(row, True) for row in near] + [(row, False) for row in far]
    return [
        Ruled(row[0], row[1], row[2], own, row[3], str((row[4] or {}).get("text", ""))) for row, own in rows[:SIMILAR]
    ]


def record(session: Session, ticket: Ticket, now: datetime) -> tuple[int, int]:
    """Of the site's appeals ruled in the last 90 days: how many were upheld, and how many there were."""
    if ticket.handling_site_id is None:
        return 0, 0
    upheld = func.coalesce(func.sum(case((Appeal.ruling.like("upheld%"), 1), else_=0)), 0)
    decided = (Appeal.site_id == ticket.handling_site_id, Appeal.ruled_at > now - rule.RECORD, Appeal.ruled_at <= now)
    row = session.execute(select(upheld, func.count()).where(*decided, Appeal.ruling != "withdrawn")).one()
    return int(row[0]), int(row[1])


def reasons(session: Session, actor: Actor) -> list[tuple[int, str]]:
    """The last five different reasons that the actor wrote, by the id of their text; none that names a person."""
    statement = (
        _with_text(select(FreeText.id, FreeText.body).select_from(Appeal))
        .where(Appeal.ruled_by_id == actor.user_id)
        .order_by(Appeal.ruled_at.desc())
        .limit(LOOKED_AT)
    )
    found: dict[str, int] = {}
    for text_id, body in session.execute(statement):
        text = str((body or {}).get("text", "")).strip()
        if text and mask_text(text) == text:
            found.setdefault(text, text_id)
    return [(text_id, text) for text, text_id in list(found.items())[:REASONS]]


def _line(row: Any, actor: Actor, now: datetime) -> Line:
    number, due_at, opened_at, category, site, body, name, holder_id, until, later_until, own = row
    taken = rule.held(holder_id, until, now)
    return Line(
        number, due_at, opened_at, category, site, str((body or {}).get("text", "")), name if taken else "",
        taken and holder_id == actor.user_id, later_until is not None and later_until > now, bool(own),
    )  # fmt: skip


def _ruled(actor: Actor, ticket: Ticket) -> Any:
    columns = (Ticket.number, Appeal.ruling, Appeal.ruled_at, Organisation, FreeText.body)
    found = select(*columns).select_from(Appeal).join(Ticket, Ticket.id == Appeal.ticket_id)
    return (
        _with_text(found, needed=False)
        .outerjoin(Organisation, Organisation.id == Appeal.site_id)
        .where(Ticket.category == ticket.category, Ticket.id != ticket.id, Appeal.ruled_at.is_not(None))
        .where(Appeal.ruled_by_id.is_not(None), visible_to(actor))
        .order_by(Appeal.ruled_at.desc(), Appeal.id.desc())
        .limit(SIMILAR)
    )


def _with_text(statement: Any, *, needed: bool = True) -> Any:
    """The ruling's own entry, and its words: both were written at one instant."""
    own = and_(Event.ticket_id == Appeal.ticket_id, Event.type == "ruling", Event.at == Appeal.ruled_at)
    words = FreeText.id == Event.text_id
    if needed:
        return statement.join(Event, own).join(FreeText, words)
    return statement.outerjoin(Event, own).outerjoin(FreeText, words)
