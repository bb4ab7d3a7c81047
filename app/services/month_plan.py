"""How far a month is: its days, what blocks it, what its freeze would change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.calendars import local_date, month_bounds, month_of
from app.domain.month_dates import Dates, dates_of
from app.extensions import db
from app.models import (
    Audit,
    CalendarDay,
    Clock,
    Exemption,
    MonthAnalysis,
    MonthClose,
    Organisation,
    Penalty,
    Ticket,
    User,
)
from app.models.dialect import insert_ignoring, read_much
from app.services import month_amendments, month_books, months, penalty_totals, scoring_schemes
from app.services.month_amendments import Correction
from app.services.scorecard_facts import Span
from app.services.transaction import one_transaction, write

SHOWN = 12  # months in the list
SWEEP_BEHIND = timedelta(minutes=10)


@dataclass(frozen=True)
class Status:
    """A month in the list. `state`: running, drafted (over, not frozen), frozen."""

    month: str
    state: str
    dates: Dates
    frozen_at: datetime | None
    frozen_by: str
    digest: str


@dataclass(frozen=True)
class Point:
    """A line of the checklist: what it counts, how many, and whether it stops the freeze."""

    key: str
    number: int
    blocks: bool


@dataclass(frozen=True)
class Preview:
    """What the freeze would write: cards, grades, penalties that become charged, corrections of earlier months."""

    cards: int
    grades: tuple[tuple[str, int], ...]
    network_tenths: int | None
    charged: int
    charged_fen: int
    contested: int
    corrections: tuple[Correction, ...]


def dates(session: Session, month: str) -> Dates:
    """The days of a month's close by the present calendar. Raises ValueError for what is no month."""
    start = local_date(month_bounds(month)[1])
    near = select(CalendarDay.day, CalendarDay.working).where(
        CalendarDay.day >= start, CalendarDay.day < start + timedelta(days=31)
    )
    known: dict[date, bool] = {row.day: row.working for row in session.execute(near)}
    return dates_of(month, known)


def listed(session: Session, now: datetime) -> list[Status]:
    """The running month and those before it, as far back as there are tickets, the latest first."""
    first = session.scalar(select(func.min(Ticket.opened_at)))
    rows = {
        row.month: (row, name)
        for row, name in session.execute(
            select(MonthClose, User.name).outerjoin(User, User.id == MonthClose.frozen_by_id)
            .order_by(MonthClose.month.desc()).limit(SHOWN * 2)
        )
    }  # fmt: skip
    found: list[Status] = []
    month = month_of(now)
    while len(found) < SHOWN and month >= (month_of(first) if first else month_of(now)):
        row, name = rows.get(month, (None, ""))
        state = "frozen" if row and row.frozen_at else "running" if month == month_of(now) else "drafted"
        found.append(Status(
            month, state, dates(session, month), row.frozen_at if row else None, name or "", row.digest if row else "",
        ))  # fmt: skip
        month = months.before(month)
    return found


def status(session: Session, month: str, now: datetime) -> Status:
    """One month. Raises ValueError for what is none."""
    row = session.get(MonthClose, month)
    name = session.scalar(select(User.name).where(User.id == row.frozen_by_id)) if row and row.frozen_by_id else ""
    state = "frozen" if row and row.frozen_at else "running" if month >= month_of(now) else "drafted"
    frozen_at, digest = (row.frozen_at, row.digest) if row else (None, "")
    return Status(month, state, dates(session, month), frozen_at, name or "", digest)


def checklist(session: Session, month: str, now: datetime) -> list[Point]:
    """What is open before the freeze. What blocks it comes first; the rest is left as it is and told."""
    start, end = month_bounds(month)
    behind = select(func.count()).where(
        Clock.next_stage_at < min(now - SWEEP_BEHIND, end), Clock.next_stage_at >= start
    )
    earlier = select(func.count()).where(MonthClose.month < month, MonthClose.frozen_at.is_(None))
    asked = select(func.count()).where(Exemption.state == "asked", Exemption.asked_at < end)
    unmarked = select(func.count()).where(
        Audit.marked_at.is_(None), Audit.day >= local_date(start), Audit.day < local_date(end)
    )
    provinces = session.scalar(select(func.count()).where(Organisation.kind == "province")) or 0
    done = select(func.count()).where(MonthAnalysis.month == month, MonthAnalysis.submitted_at.is_not(None))
    counts = {
        "too_early": (_days_left(dates(session, month).freeze_from, now), True),
        "earlier_open": (_n(session, earlier), True),
        "sweep_behind": (_n(session, behind), False), "analyses": (provinces - _n(session, done), False),
        "contests": (penalty_totals.open_contests(session, month), False), "exemptions": (_n(session, asked), False),
        "audits": (_n(session, unmarked), False),
    }  # fmt: skip
    return [Point(key, number, blocks and number > 0) for key, (number, blocks) in counts.items()]


def _days_left(at: datetime, now: datetime) -> int:
    """Days until an instant, a begun one as a whole one; 0 once it has come."""
    return max(0, -((now - at) // timedelta(days=1)))


def _n(session: Session, statement: object) -> int:
    return session.scalar(statement) or 0  # type: ignore[call-overload]


def preview(session: Session, month: str, now: datetime) -> Preview:
    """What the freeze would write if it were now. Nothing is written."""
    one_transaction(session)
    read_much(session)
    scheme = scoring_schemes.of_month(session, month)
    _facts, scores, _ranks = month_books.scores(session, Span.of(month, now), scheme)
    house = session.scalar(select(Organisation.id).where(Organisation.kind == "headquarters").limit(1))
    grades = Counter(score.grade for score in scores.values() if score.grade)
    proposed = select(func.count(), func.coalesce(func.sum(Penalty.amount_fen), 0)).where(
        Penalty.month == month, Penalty.state == "proposed"
    )
    number, fen = session.execute(proposed).one()
    network = scores[house].total_tenths if house in scores else None
    return Preview(
        len(scores), tuple(sorted(grades.items())), network, number, int(fen),
        penalty_totals.open_contests(session, month), tuple(month_amendments.pending(session, month, now)),
    )  # fmt: skip


# --- drafts ---


def draft(now: datetime) -> str:
    """Note that the month before is over and its drafts can be read, from the 1st at 02:00 on; the month, once."""
    month = months.before(month_of(now))
    session = db.session()
    if now < dates(session, month).drafts or session.get(MonthClose, month) is not None:
        session.rollback()
        return ""
    with write() as writing:
        row = {"month": month, "drafted_at": now, "scheme_version": 0, "head": "", "digest": ""}
        writing.execute(insert_ignoring(writing, MonthClose).values(**row))
    return month


def corrections(session: Session, month: str) -> list[Correction]:
    """All numbered corrections that a frozen month carries."""
    codes = {row.id: row.code for row in session.execute(select(Organisation.id, Organisation.code))}
    return month_amendments.stored(session, month, codes)
