"""Clocks taken out of the assessment (考核剔除): who asked, who decided, and which runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

UNDONE = "done_at IS NULL"


class Exemption(Model):
    """A request to leave clock runs out of the measures; the real times stay.

    `state`: asked, granted, refused, revoked. With `area_id` (a province, 0 for the network) it is about every site
    clock that is decided in its span, else about the runs in exempted_clock. `facts` says what failed, without personal
    data: the administrator reads it. What was typed on a ticket lies in free_text under `text_id`. `done_at` is set
    once every run has its mark and its event; until then the scheduler goes on.
    """

    __tablename__ = "exemption"
    id: Mapped[int] = primary()
    reason: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10), default="asked")
    area_id: Mapped[int | None] = mapped_column(Big)
    from_at: Mapped[datetime] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    facts: Mapped[str] = mapped_column(String(200), default="")
    text_id: Mapped[int | None] = mapped_column(Big)
    incident_id: Mapped[int | None] = ref("incident.id", nullable=True)
    tickets: Mapped[int] = mapped_column(default=0)
    clocks: Mapped[int] = mapped_column(default=0)
    asked_by_id: Mapped[int] = ref("user_account.id")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision: Mapped[str] = mapped_column(String(200), default="")
    system_real: Mapped[bool | None]
    system_confirmed_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    system_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index("ix_exemption_state", "state", "id"),
        Index("ix_exemption_reason", "reason", "id"),
        Index("ix_exemption_reason_state", "reason", "state", "id"),
        Index("ix_exemption_undone", "id", sqlite_where=text(UNDONE), postgresql_where=text(UNDONE)),
    )


class ExemptionScope(Model):
    """Who sees an exemption, one row per scope: the organisations whose runs it names and their provinces, and the area
    that it is about (0: the network). Lists read this; `state` is the exemption's."""

    __tablename__ = "exemption_scope"
    exemption_id: Mapped[int] = ref("exemption.id", primary_key=True)
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(10))
    __table_args__ = (
        Index("ix_exemption_scope", "scope", "exemption_id"),
        Index("ix_exemption_scope_state", "scope", "state", "exemption_id"),
    )


class ExemptedClock(Model):
    """One run of an exemption.

    `state`: wanted (its ticket has no entry yet), asked, exempt, released (refused, revoked, or left out).
    """

    __tablename__ = "exempted_clock"
    exemption_id: Mapped[int] = ref("exemption.id", primary_key=True)
    clock_id: Mapped[int] = ref("clock.id", primary_key=True, index=True)
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True, index=True)
    state: Mapped[str] = mapped_column(String(10), default="asked")
