"""The read side of the province board: every site's kept numbers, what waits for the desk, the day's inflow.

Select only, and a fixed number of statements: kept counters, and counts on an index that stop at 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session, aliased

from app.domain.calendars import day_bounds, month_of
from app.domain.errors import NotFound
from app.domain.lifecycle import BEFORE_THE_END
from app.domain.ownership import gone_since
from app.domain.roles import Actor
from app.models import Alarm, Counter, Inflow, Organisation, Standing, Ticket, User, WorkItem
from app.services import calendars, months, site_helpers, versions
from app.services.queue import MOST, conditions
from app.services.silent_sites import SILENCE, SILENT_SITE
from app.services.site_helpers import Help

PLACES = ("site", "hub")
SITES = 600  # of a province; the rulebook knows 500
KEPT = ("all", "overdue", "returned", "urged", "to_accept")  # counters of a site that the board reads
RULINGS = ("dispute", "transfer", "consent")


@dataclass(frozen=True)
class Stand:
    """A site in the running month: audits with their marks, and the score in tenths with its grade. While the running
    month has too few cases the score is the last one's (`scored_in`); None without either."""

    month: str = ""
    scored_in: str = ""
    tenths: int | None = None
    grade: str = ""
    audited: int = 0
    audited_true: int = 0
    untruthful: int = 0


@dataclass(frozen=True)
class Site:
    """A line of the board. `counts` are the kept ones and `due_soon` (up to 100); `gone` tells that nobody was there
    for 20 minutes of service time, `seen_at` who was last; `silent` that an alarm about it is open."""

    id: int
    code: str
    name: str
    name_en: str
    counts: Mapping[str, int]
    seen_at: datetime | None
    gone: bool
    silent: bool
    helper: Help | None
    stand: Stand = Stand()


@dataclass(frozen=True)
class Waiting:
    """What waits for the desk: how many (at most 100), and the most pressing ones with the site that has them."""

    n: int
    first: tuple[Row[Any], ...] = ()


@dataclass(frozen=True)
class Board:
    """Everything that the page shows of a province."""

    sites: tuple[Site, ...]
    rulings: Mapping[str, Waiting]
    help: Waiting
    tray: Waiting
    alarms: Waiting
    hours: Mapping[int, int]  # hour of today in Shanghai -> new tickets
    version: int


def province(session: Session, actor: Actor, code: str) -> Organisation:
    """The province to look at: the own one of an LCS, any of CCS (where none is named, the one with most overdue).

    Raises NotFound outside of that.
    """
    late = select(Counter.n).where(Counter.scope == Organisation.id, Counter.queue == "overdue").scalar_subquery()
    worst = func.coalesce(late, 0).desc(), Organisation.code
    statement = select(Organisation).where(Organisation.kind == "province").order_by(*worst)
    if code:
        statement = statement.where(Organisation.code == code)
    if actor.desk == "lcs":
        statement = statement.where(Organisation.id == actor.province_id)
    found = session.scalars(statement.limit(1)).one_or_none()
    if found is None or not actor.can("board"):
        raise NotFound("organisation_not_found")
    return found


def provinces(session: Session) -> list[Organisation]:
    """Every province by its code, to choose from."""
    return list(
        session.scalars(select(Organisation).where(Organisation.kind == "province").order_by(Organisation.code))
    )


def version(session: Session, province_id: int) -> int:
    """The number that grows with each change in the province."""
    return int(session.scalar(select(versions.number(province_id))) or 0)


def of(session: Session, province_id: int, now: datetime) -> Board:
    """The whole board, in the same number of statements however many sites and tickets there are."""
    alarms = _alarms(session, province_id)
    return Board(
        sites=_sites(session, province_id, {row.organisation_id for row in alarms}, now),
        rulings=_rulings(session, province_id), help=_queue(session, province_id, "help"),
        tray=_queue(session, province_id, "tray"), alarms=Waiting(len(alarms), tuple(alarms)),
        hours=_hours(session, province_id, now), version=version(session, province_id),
    )  # fmt: skip


def most_pressing(session: Session, site_id: int) -> str:
    """The number of the site's most pressing ticket that somebody may act in; "" without one."""
    statement = (
        select(Ticket.number)
        .join(WorkItem, WorkItem.ticket_id == Ticket.id)
        .where(WorkItem.scope == site_id, WorkItem.turn, Ticket.handling_site_id == site_id)
        .where(Ticket.state.in_(BEFORE_THE_END), Ticket.acting_id.is_(None))
        .order_by(WorkItem.due_at, WorkItem.ticket_id)
    )
    return session.scalar(statement.limit(1)) or ""


# --- the sites ---


def _sites(session: Session, province_id: int, silent: set[int], now: datetime) -> tuple[Site, ...]:
    since = gone_since(calendars.calendars(session)["service"], now, SILENCE)
    counts, helpers = _counts(session, province_id), site_helpers.active(session, province_id, now)
    month = month_of(now)
    own, last = aliased(Standing), aliased(Standing)
    rows = session.execute(
        select(
            Organisation.id, Organisation.code, Organisation.name, Organisation.name_en, _soon(now), _seen(), own, last
        )
        .outerjoin(own, (own.month == month) & (own.organisation_id == Organisation.id))
        .outerjoin(last, (last.month == months.before(month)) & (last.organisation_id == Organisation.id))
        .where(*_places(province_id))
        .order_by(Organisation.code)
        .limit(SITES)
    )  # fmt: skip
    return tuple(
        Site(
            site_id, code, name, name_en, {**counts.get(site_id, {}), "due_soon": soon}, seen,
            seen is None or seen < since, site_id in silent, helpers.get(site_id), _stand(month, this, before),
        )
        for site_id, code, name, name_en, soon, seen, this, before in rows
    )  # fmt: skip


def _places(province_id: int) -> tuple[ColumnElement[bool], ...]:
    return Organisation.province_id == province_id, Organisation.kind.in_(PLACES)


def _stand(month: str, this: Standing | None, before: Standing | None) -> Stand:
    scored = next((one for one in (this, before) if one is not None and one.score is not None), None)
    score = (scored.month, scored.score, scored.grade) if scored else ("", None, "")
    return Stand(month, *score, *((this.audited, this.audited_true, this.untruthful) if this else (0, 0, 0)))


def _soon(now: datetime) -> Any:
    """How many of a site's tickets are due within 30 minutes, up to 100: what time alone changes."""
    lying = select(WorkItem.ticket_id).where(WorkItem.scope == Organisation.id, *conditions("due_soon", now))
    return select(func.count()).select_from(lying.limit(MOST).correlate(Organisation).subquery()).scalar_subquery()


def _seen() -> Any:
    people = (User.organisation_id == Organisation.id, User.disabled_at.is_(None))
    return select(func.max(User.last_seen_at)).where(*people).correlate(Organisation).scalar_subquery()


def _counts(session: Session, province_id: int) -> dict[int, dict[str, int]]:
    sites = select(Organisation.id).where(*_places(province_id))
    kept = select(Counter.scope, Counter.queue, Counter.n).where(Counter.scope.in_(sites), Counter.queue.in_(KEPT))
    found: dict[int, dict[str, int]] = {}
    for scope, queue, n in session.execute(kept):
        found.setdefault(scope, {})[queue] = max(0, n)
    return found


# --- what waits for the desk ---


def _pressing(province_id: int, queue: str) -> Any:
    return (
        select(
            Ticket.number, WorkItem.due_at, Ticket.cases, Ticket.category_wanted, Ticket.tray_reason,
            Ticket.province_id, Organisation.name, Organisation.name_en,
        )
        .select_from(WorkItem)
        .join(Ticket, Ticket.id == WorkItem.ticket_id)
        .outerjoin(Organisation, Organisation.id == Ticket.handling_site_id)
        .where(WorkItem.scope == province_id, WorkItem.queue == queue)
        .order_by(WorkItem.due_at, WorkItem.ticket_id)
        .limit(MOST)
    )  # fmt: skip


def _queue(session: Session, province_id: int, queue: str) -> Waiting:
    rows = session.execute(_pressing(province_id, queue)).all()
    return Waiting(len(rows), tuple(rows))


def _rulings(session: Session, province_id: int) -> dict[str, Waiting]:
    """What this court has to rule on, by kind; a ticket that asks for two rulings counts with each."""
    found: dict[str, list[Row[Any]]] = {kind: [] for kind in RULINGS}
    for row in session.execute(_pressing(province_id, "to_rule")):
        cases = row.cases or {}
        asks = {
            "dispute": province_id in cases.get("hearing", ()),
            "transfer": bool(cases.get("transfer")) and province_id in cases.get("courts", ()),
            "consent": row.category_wanted != "" and row.province_id == province_id,
        }  # fmt: skip
        for kind in RULINGS:
            if asks[kind]:
                found[kind].append(row)
    return {kind: Waiting(len(rows), tuple(rows)) for kind, rows in found.items()}


def _alarms(session: Session, province_id: int) -> list[Row[Any]]:
    statement = (
        select(Alarm.organisation_id, Alarm.at, Organisation.code, Organisation.name, Organisation.name_en)
        .join(Organisation, Organisation.id == Alarm.organisation_id)
        .where(Alarm.province_id == province_id, Alarm.kind == SILENT_SITE, Alarm.seen_at.is_(None))
    )
    return list(session.execute(statement.order_by(Alarm.at.desc()).limit(MOST)))


def _hours(session: Session, province_id: int, now: datetime) -> dict[int, int]:
    begin, end = day_bounds(now)
    here = select(Organisation.id).where((Organisation.province_id == province_id) | (Organisation.id == province_id))
    kept = select(Inflow.hour, func.sum(Inflow.n)).where(
        Inflow.scope.in_(here), Inflow.hour >= begin, Inflow.hour < end
    )
    rows = session.execute(kept.group_by(Inflow.hour))
    return {int((hour - begin).total_seconds()) // 3600: int(n) for hour, n in rows}
