"""The read side of the appeal stream: its head, its list, and what helps to rule alike. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from app.domain import appeals as rule
from app.domain.calendars import SHANGHAI
from app.domain.lifecycle import APPEALED
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.models import Appeal, AppealLease, Category, Counter, Event, FreeText, Organisation, Ticket, User, entries
from app.services import hands
from app.services.appeal_leases import in_order, open_appeals, waiting
from app.services.scope import visible_to, work_scope

LISTED = 100
MOST = 100  # what is due or overdue is counted no further
SIMILAR = 5
REASONS = 5
LOOKED_AT = 30  # of one's own rulings, for reasons that differ


@dataclass(frozen=True)
class Head:
    """How the stream stands: waiting, due within two hours and overdue (both up to MOST), ruled by the actor today."""

    waiting: int
    soon: int
    overdue: int
    mine_today: int


@dataclass(frozen=True)
class Line:
    """One appeal of the list, its words still unmasked. `holder` is empty while nobody has it; `had` tells that the
    actor took it last, even if the time is over."""

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
    had: bool
    until: datetime | None


@dataclass(frozen=True)
class Ruled:
    """A ruling on something similar, its reasons still unmasked."""

    number: str
    ruling: str
    ruled_at: datetime
    same_site: bool
    site_name: str
    site_name_en: str
    text: str


def head(session: Session, actor: Actor, now: datetime) -> Head:
    """The numbers on top of the stream, in one statement; beyond 100 what waits is the kept counter of headquarters,
    and what is due or overdue is counted no further."""
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    mine = select(func.count()).where(Appeal.ruled_by_id == actor.user_id, Appeal.ruled_at >= midnight)
    kept = select(Counter.n).where(Counter.scope == work_scope(actor), Counter.queue == APPEALED)
    due, some = Ticket.next_due_at, waiting().where(visible_to(actor)).order_by(Ticket.next_due_at)
    parts = (some, some.where(due > now, due <= now + rule.SOON), some.where(due <= now))
    counted = [select(func.count()).select_from(part.limit(MOST).subquery()).scalar_subquery() for part in parts]
    row = session.execute(select(*counted, mine.scalar_subquery(), kept.scalar_subquery())).one()
    there, soon, overdue, ruled = (int(n) for n in row[:4])
    return Head(there if there < MOST else max(there, row[4] or 0), soon, overdue, ruled)


def lines(session: Session, actor: Actor, now: datetime) -> list[Line]:
    """The appeals in the order in which they are taken, with who has each."""
    return [_line(row, actor, now) for row in in_order(session, _lines(actor), now, LISTED)]


def line_of(session: Session, number: str, actor: Actor, now: datetime) -> Line | None:
    """The line of one appeal that lies beyond the listed ones."""
    row = session.execute(_lines(actor).where(Ticket.number == number)).first()
    return _line(row, actor, now) if row else None


def below(session: Session, actor: Actor, appeal_id: int, now: datetime, limit: int) -> list[tuple[int, Line]]:
    """Appeals that wait, by falling id of the appeal; one more than `limit` where there are more."""
    statement = _lines(actor).add_columns(Appeal.id).where(Appeal.id < appeal_id).order_by(Appeal.id.desc())
    rows = session.execute(statement.limit(limit + 1))
    return [(row[-1], _line(tuple(row)[:-1], actor, now)) for row in rows]


def similar(session: Session, actor: Actor, ticket: Ticket) -> list[Ruled]:
    """The last rulings on the same category: the same site's first, then the same province's; five at most."""
    site = Appeal.site_id == ticket.handling_site_id
    others = (
        Ticket.province_id == ticket.province_id,
        Appeal.site_id.is_distinct_from(ticket.handling_site_id),
    )
    near, far = _ruled(actor, ticket, 1).where(site).subquery(), _ruled(actor, ticket, 0).where(*others).subquery()
    both = union_all(select(near), select(far)).subquery()
    rows = session.execute(select(both).order_by(both.c.near.desc(), both.c.ruled_at.desc()).limit(SIMILAR))
    return [
        Ruled(row.number, row.ruling, row.ruled_at, bool(row.near), row.name or "", row.name_en or "",
              str((row.body or {}).get("text", "")))
        for row in rows
    ]  # fmt: skip


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


def _lines(actor: Actor) -> Any:
    columns = (
        Ticket.number, Ticket.next_due_at, Appeal.opened_at, Category, Organisation, FreeText.body, User.name,
        AppealLease.holder_id, AppealLease.until, AppealLease.later_until, hands.own_appeal(actor),
    )  # fmt: skip
    return (
        open_appeals(actor, *columns)
        .outerjoin(Category, Category.code == Ticket.category)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .outerjoin(FreeText, FreeText.id == func.coalesce(Appeal.text_id, Ticket.headline_id))
        .outerjoin(User, User.id == AppealLease.holder_id)
    )


def _line(row: Any, actor: Actor, now: datetime) -> Line:
    number, due_at, opened_at, category, site, body, name, holder_id, until, later_until, own = row
    taken = rule.held(holder_id, until, now)
    return Line(
        number, due_at, opened_at, category, site, str((body or {}).get("text", "")), name if taken else "",
        taken and holder_id == actor.user_id, later_until is not None and later_until > now, bool(own),
        holder_id is not None and holder_id == actor.user_id, until,
    )  # fmt: skip


def _ruled(actor: Actor, ticket: Ticket, near: int) -> Any:
    columns: tuple[Any, ...] = (Ticket.number, Appeal.ruling, Appeal.ruled_at, FreeText.body)
    columns += (Organisation.name, Organisation.name_en, literal(near).label("near"))
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
    own = and_(entries.of_ticket(Appeal.ticket_id), Event.type == "ruling", Event.at == Appeal.ruled_at)
    words = FreeText.id == Event.text_id
    if needed:
        return statement.join(Event, own).join(FreeText, words)
    return statement.outerjoin(Event, own).outerjoin(FreeText, words)
