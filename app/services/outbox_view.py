"""The read side of what left the house: SMS and platform answers, inside the actor's scope. Select only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import cast, false, func, select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import Organisation, Outbox, PlatformOrder, SmsReceipt, Ticket
from app.models.types import Big

PAGE = 50
MOST_AT_RISK = PAGE
AT_RISK_FOR = timedelta(days=7)  # then an answer that never left is history


def sms(
    session: Session, actor: Actor, before: int | None = None, limit: int = PAGE
) -> list[tuple[Outbox, str, SmsReceipt | None]]:
    """SMS rows, newest first, each with its organisation's name and receipt; one more than `limit` if there is one."""
    statement = select(Outbox, Organisation.name, SmsReceipt)
    statement = statement.outerjoin(Organisation, Organisation.id == Outbox.organisation_id)
    statement = statement.outerjoin(SmsReceipt, SmsReceipt.outbox_id == Outbox.id)
    rows = session.execute(_page(scoped(statement, actor), "sms", before, limit))
    return [(row, name or "", receipt) for row, name, receipt in rows]


def callbacks(
    session: Session, actor: Actor, state: str = "", before: int | None = None, limit: int = PAGE
) -> list[tuple[Outbox, str, str]]:
    """Callback rows, newest first, with ticket number and platform order code."""
    statement = select(Outbox, Ticket.number, PlatformOrder.code).join(Ticket, Ticket.id == Outbox.ticket_id)
    statement = statement.outerjoin(PlatformOrder, of_order())
    if state:
        statement = statement.where(Outbox.state == state)
    rows = session.execute(_page(scoped(statement, actor), "callback", before, limit))
    return [(row, number, code or "") for row, number, code in rows]


def at_risk(session: Session, actor: Actor, now: datetime) -> list[tuple[Outbox, str, str, datetime | None]]:
    """Failing answers whose platform's deadline is near or over, the most urgent first, with ticket number, order code
    and that deadline (UTC); at most a page."""
    statement = select(Outbox, Ticket.number, PlatformOrder.code, PlatformOrder.expires_at)
    statement = statement.join(Ticket, Ticket.id == Outbox.ticket_id).join(PlatformOrder, of_order())
    statement = statement.where(Outbox.risk_at <= now, Outbox.risk_at > now - AT_RISK_FOR)
    statement = statement.where(PlatformOrder.verdict != "cancelled", Ticket.state.not_in(("closed", "withdrawn")))
    rows = session.execute(scoped(statement, actor).order_by(Outbox.risk_at, Outbox.id).limit(MOST_AT_RISK))
    return [(row, number, code, until) for row, number, code, until in rows]


def count(session: Session, actor: Actor, kind: str, state: str, below: int, most: int) -> int:
    """How many rows of a kind lie below an id, at most `most`; `state` empty for all."""
    statement = scoped(select(Outbox.id), actor).where(Outbox.kind == kind, Outbox.id < below)
    if state:
        statement = statement.where(Outbox.state == state)
    return session.scalar(select(func.count()).select_from(statement.limit(most).subquery())) or 0


def of_order() -> Any:
    """The join of a callback with its order; ids have 64 bits, which `as_integer` would cut to 32 on PostgreSQL."""
    return PlatformOrder.id == cast(Outbox.payload["order_id"].as_string(), Big)


def scoped(statement: Any, actor: Actor) -> Any:
    """What the actor may see of what left the house: an LCS of its province, CCS and admin all, nobody else any."""
    if actor.desk == "lcs":
        return statement.where(Outbox.province_id == actor.province_id)
    return statement if actor.desk in ("ccs", "admin") else statement.where(false())


def _page(statement: Any, kind: str, before: int | None, limit: int) -> Any:
    statement = statement.where(Outbox.kind == kind).order_by(Outbox.id.desc()).limit(limit + 1)
    return statement.where(Outbox.id < before) if before and abs(before) < 2**63 else statement
