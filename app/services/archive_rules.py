"""Why a ticket that ended stays where it is: something of the house may still need its working rows. Select only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, not_, or_, select, text
from sqlalchemy.orm import Session

from app.domain import archive as rule
from app.domain import responsibility
from app.domain.calendars import month_bounds
from app.domain.retention import ENDED
from app.models import (
    Appeal,
    Attachment,
    Audit,
    Clock,
    EvidenceOrder,
    ExemptedClock,
    Exemption,
    Inbox,
    Incident,
    Outbox,
    Pause,
    Penalty,
    PenaltyContest,
    PenaltyDue,
    PlatformOrder,
    Promise,
    Rectification,
    Survey,
    Ticket,
    Transfer,
    WorkItem,
)
from app.models.case import PartyCase
from app.models.ticket import TO_ARCHIVE
from app.services import months
from app.services.month_amendments import LOOKED_AT
from app.services.retention import DELETED, held
from app.services.work_item import REGULATOR

_OF_INDEX = TO_ARCHIVE.replace("archived_at", "ticket.archived_at").replace("state", "ticket.state")  # word for word
Reasons = Mapping[str, ColumnElement[bool]]


def boundary(session: Session, keep: int, now: datetime) -> datetime | None:
    """Tickets whose last entry is older may go: older than `keep` months, and than the frozen months at which the next
    freeze looks again. None while there are not so many. Raises ValueError for too few months."""
    frozen = months.frozen(session)
    if len(frozen) < LOOKED_AT:
        return None
    return min(rule.cutoff(keep, now), month_bounds(frozen[LOOKED_AT - 1])[0])


def candidates(before: datetime) -> Select[Any]:
    """The ids of tickets that nothing keeps, the oldest first."""
    ended = text(_OF_INDEX), Ticket.activity_at < before
    nothing = [not_(reason) for reason in reasons().values()]
    found: Any = select(Ticket.id, Ticket.activity_at)
    return found.where(*ended, *nothing).order_by(Ticket.activity_at, Ticket.id)


def why(session: Session, ticket: Ticket, before: datetime | None) -> list[str]:
    """What keeps a ticket, by name; an empty list where nothing does."""
    own = {"archived": ticket.archived_at is not None, "not_ended": ticket.state not in ENDED}
    own["month_open"] = before is None or ticket.activity_at >= before
    asked = [(name, select(Ticket.id).where(Ticket.id == ticket.id, reason)) for name, reason in reasons().items()]
    return [name for name, holds in own.items() if holds] + [
        name for name, statement in asked if session.scalar(statement) is not None
    ]


def reasons() -> Reasons:
    """The conditions on `ticket` under which it stays, by name."""
    return {**_at_work(), **_money(), **_leaving(), **_law()}


def _at_work() -> Reasons:
    open_run = and_(Clock.stopped_at.is_(None), Clock.state.in_(("running", "paused")))
    case = or_(PartyCase.state.in_(responsibility.OPEN), PartyCase.contest_until.is_not(None))
    return {
        "work_item": _of(WorkItem),
        "clock": _of(Clock, or_(open_run, Clock.next_stage_at.is_not(None))),
        "promise": _of(Promise, Promise.state == "open"),
        "pause": _of(Pause, Pause.ended_at.is_(None)),
        "appeal": _of(Appeal, Appeal.ruling == ""),
        "party_case": _of(PartyCase, case),
        "evidence": _of(EvidenceOrder, EvidenceOrder.state == "open"),
        "transfer": _of(Transfer, Transfer.state == "open"),
        "audit": _of(Audit, Audit.marked_at.is_(None)),
        "survey": _of(Survey, or_(Survey.call_due_at.is_not(None), Survey.remind_at.is_not(None))),
        "exemption": or_(
            Ticket.malicious == "asked",
            _of(ExemptedClock, ExemptedClock.state.in_(("wanted", "asked"))),
            exists().where(
                ExemptedClock.ticket_id == Ticket.id, Exemption.id == ExemptedClock.exemption_id,
                or_(Exemption.state == "asked", Exemption.done_at.is_(None)),
            ).correlate(Ticket),
        ),
        "incident": exists().where(Incident.id == Ticket.incident_id, Incident.closed_at.is_(None)).correlate(Ticket),
    }  # fmt: skip


def _money() -> Reasons:
    return {
        "penalty": _of(Penalty, Penalty.state.in_(("proposed", "contested"))),
        "contest": _of(PenaltyContest, PenaltyContest.state == "open"),
        "ledger": _of(PenaltyDue),
        "rectification": _of(Rectification, Rectification.state != "accepted"),
    }


def _leaving() -> Reasons:
    """What has not left the house, or whose end nobody knows; an answer whose words a policy deleted leaves no more."""
    under_way = or_(Outbox.next_try_at.is_not(None), Outbox.state.in_(("pending", "claimed", "sending", "unknown")))
    to_resend = and_(Outbox.kind == "callback", Outbox.state == "failed", Outbox.error != DELETED)
    waiting = exists().where(
        PlatformOrder.ticket_id == Ticket.id, Inbox.connection_id == PlatformOrder.connection_id,
        Inbox.order_code == PlatformOrder.code, Inbox.state == "waiting",
    )  # fmt: skip
    return {
        "outbox": _of(Outbox, or_(under_way, to_resend)),
        "message": waiting.correlate(Ticket),
        "picture": _of(Attachment, Attachment.next_try_at.is_not(None)),
    }


def _law() -> Reasons:
    asked_later = cast(Ticket.flags, String).contains(f'"{REGULATOR}"', autoescape=True)
    return {"regulator": or_(Ticket.channel == REGULATOR, asked_later), "hold": held()}


def _of(table: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(table.ticket_id == Ticket.id, *conditions).correlate(Ticket)
