"""Announcing, ending and watching emergency mode (rulebook 2, last paragraph)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.domain.customers import LIMITS, good_minutes
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.lifecycle import OPEN_STATES
from app.domain.roles import CCS_MANAGER, LCS_MANAGER, Actor
from app.models import Clock, Emergency, Organisation, Pause, Ticket
from app.models.dialect import for_update
from app.models.ids import new_id
from app.services import clocks, emergency_rules, exemptions, presses
from app.services.transaction import write

LONGEST = timedelta(days=31)
LATE_START = timedelta(minutes=10)  # a start so little ago is now
NAME_LIMIT, LINE_LIMIT, MOST_LINES, DUTY_LIMIT = 60, 120, 20, 2000


@dataclass(frozen=True)
class AnnounceIn:
    """A period as it is typed: `area` a province's code (empty: network), limits in minutes as text, lines to tick."""

    name: str
    area: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    pauses: bool = False
    duty_list: str = ""
    checklist: Sequence[str] = ()


@dataclass(frozen=True)
class Preview:
    """What a period would touch now: open tickets of its area, and site clocks that would stand still."""

    tickets: int
    clocks: int


def announce(*, actor: Actor, period: AnnounceIn, now: datetime, key: str = "") -> int:
    """Announce a period; its id. The lcs_manager for the own province, the ccs_manager for any area. The same form
    (`key`) again announces nothing.

    Raises Invalid(name, area, from_at, until_at, limit-<name>, duty_list, checklist), NotAllowed.
    """
    with write() as session:
        area = check(session, actor, period, now)
        said = (actor.user_id, asdict(period))
        if (known := presses.before(session, "emergency", key, said)) is not None:
            return known
        row = Emergency(
            id=new_id(), province_id=area or None, name=period.name.strip(), from_at=max(period.from_at or now, now),
            until_at=period.until_at, limits=_stated(period), pauses=period.pauses, duty_list=period.duty_list.strip(),
            checklist=[{"text": text, "done_by": "", "done_at": ""} for text in _lines(period)],
            announced_by_id=actor.user_id, announced_at=now,
        )  # fmt: skip
        session.add(row)
        return presses.remember(session, "emergency", key, row.id, now, said)


def check(session: Session, actor: Actor, period: AnnounceIn, now: datetime) -> int:
    """What `announce` checks, for the preview too; the area's id, 0 for the network. Raises Invalid, NotAllowed."""
    if actor.role not in (CCS_MANAGER, LCS_MANAGER):
        raise NotAllowed("not_allowed")
    wrong = _span_errors(period, now) | _limit_errors(period)
    if not period.name.strip() or len(period.name.strip()) > NAME_LIMIT:
        wrong["name"] = "too_long" if period.name.strip() else "required"
    if len(_lines(period)) > MOST_LINES or any(len(line) > LINE_LIMIT for line in _lines(period)):
        wrong["checklist"] = "too_long"
    if len(period.duty_list) > DUTY_LIMIT:
        wrong["duty_list"] = "too_long"
    area = exemptions.area_of(session, actor, period.area)
    if area is None:
        wrong["area"] = "unknown_area"
    if wrong:
        raise Invalid(wrong)
    return area or 0


def preview(session: Session, actor: Actor, period: AnnounceIn, now: datetime) -> Preview:
    """How many open tickets and running site clocks the period touches now. Raises Invalid, NotAllowed."""
    area = check(session, actor, period, now)
    tickets = select(func.count()).select_from(Ticket).where(Ticket.state.in_(OPEN_STATES))
    runs = select(func.count()).select_from(Clock).join(Ticket, Ticket.id == Clock.ticket_id)
    runs = runs.where(Clock.state == "running", Clock.stopped_at.is_(None), Clock.kind.in_(clocks.SITE_CLOCKS))
    runs = runs.where(Clock.due_at > now, Ticket.state.in_(OPEN_STATES))
    if area:
        tickets, runs = tickets.where(Ticket.province_id == area), runs.where(Ticket.province_id == area)
    return Preview(session.scalar(tickets) or 0, (session.scalar(runs) or 0) if period.pauses else 0)


def end(*, actor: Actor, emergency_id: int, now: datetime) -> None:
    """End a period early: what stands still runs on from now. Raises NotFound, NotAllowed."""
    with write() as session:
        row = _kept(session, actor, emergency_id)
        if row.ended_at is not None or row.until_at <= now:
            raise NotAllowed("emergency_over")
        row.ended_at = now
        if row.pauses:
            inside = select(Ticket.id).where(Ticket.standing_still.is_(True))
            if row.province_id is not None:
                inside = inside.where(Ticket.province_id == row.province_id)
            still = (Pause.reason == emergency_rules.REASON, Pause.ended_at.is_(None), Pause.ends_at > now)
            session.execute(update(Pause).where(*still, Pause.ticket_id.in_(inside)).values(ends_at=now))


def tick(*, actor: Actor, emergency_id: int, line: int, now: datetime) -> None:
    """Tick off a line of the checklist, once. Raises NotFound, NotAllowed."""
    with write() as session:
        row = load(session, actor, emergency_id, lock=True)
        if not actor.can("emergency_tick"):
            raise NotAllowed("not_allowed")
        if not 0 <= line < len(row.checklist):
            raise NotFound("no_such_line")
        lines = [dict(one) for one in row.checklist]
        if not lines[line]["done_at"]:
            lines[line] |= {"done_by": actor.name, "done_at": now.isoformat()}
        row.checklist = lines


def load(session: Session, actor: Actor, emergency_id: int, *, lock: bool = False) -> Emergency:
    """The period where it concerns the actor. Raises NotFound."""
    statement = select(Emergency).where(Emergency.id == emergency_id, *_seen(actor))
    if lock:
        statement = for_update(statement).execution_options(populate_existing=True)
    row = session.scalars(statement).one_or_none()
    if row is None:
        raise NotFound("emergency_not_found")
    return row


def page(session: Session, actor: Actor) -> list[tuple[Emergency, Organisation | None]]:
    """The periods that concern the actor, the newest first."""
    statement = select(Emergency, Organisation).outerjoin(Organisation, Organisation.id == Emergency.province_id)
    statement = statement.where(*_seen(actor)).order_by(Emergency.until_at.desc(), Emergency.id.desc()).limit(50)
    return [(row, place) for row, place in session.execute(statement)]


def banner(session: Session, actor: Actor, now: datetime) -> list[Emergency]:
    """The periods in force now that concern the actor."""
    statement = select(Emergency).where(emergency_rules.in_force(now), *_seen(actor)).order_by(Emergency.id)
    return list(session.scalars(statement))


def may_keep(actor: Actor, row: Emergency) -> bool:
    """Who ends it: the ccs_manager any, the lcs_manager those of the own province."""
    own = row.province_id is not None and row.province_id == actor.province_id
    return actor.role == CCS_MANAGER or (actor.role == LCS_MANAGER and own)


def _kept(session: Session, actor: Actor, emergency_id: int) -> Emergency:
    row = load(session, actor, emergency_id, lock=True)
    if not may_keep(actor, row):
        raise NotAllowed("not_allowed")
    return row


def _seen(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return () if actor.desk == "ccs" else (emergency_rules.concerns(actor.province_id),)


def _span_errors(period: AnnounceIn, now: datetime) -> dict[str, str]:
    if period.from_at is None or period.until_at is None:
        return {name: "bad_time" for name in ("from_at", "until_at") if getattr(period, name) is None}
    if period.from_at < now - LATE_START:
        return {"from_at": "in_the_past"}
    if period.until_at <= max(period.from_at, now):
        return {"until_at": "before_start"}
    return {"until_at": "too_long_span"} if period.until_at - period.from_at > LONGEST else {}


def _limit_errors(period: AnnounceIn) -> dict[str, str]:
    wrong = {}
    for name, text in period.limits.items():
        if name not in LIMITS or not good_minutes(text.strip()):
            wrong[f"limit-{name}"] = "not_minutes"
    return wrong


def _stated(period: AnnounceIn) -> dict[str, int]:
    return {name: int(text) for name, text in period.limits.items() if text.strip()}


def _lines(period: AnnounceIn) -> list[str]:
    return [line.strip() for line in period.checklist if line.strip()]
