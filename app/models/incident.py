"""An incident (事件) is the parent of many tickets: a truck fire, a flooded hub."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class Incident(Model):
    """What happened, without personal data. `province_id` is empty where it concerns several provinces."""

    __tablename__ = "incident"
    id: Mapped[int] = primary()
    number: Mapped[str] = mapped_column(String(24), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    text: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_by_id: Mapped[int] = ref("user_account.id")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (Index("ix_incident_province", "province_id", "id"),)


class IncidentTicket(Model):
    """A ticket inside an incident, one row per scope that sees it: a province, or 0 for headquarters. The list of its
    tickets reads this, in its order."""

    __tablename__ = "incident_ticket"
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    incident_id: Mapped[int] = ref("incident.id")
    answered: Mapped[bool]
    number: Mapped[str] = mapped_column(String(24))  # of the ticket, which never changes
    __table_args__ = (Index("ix_incident_ticket_order", "incident_id", "scope", "answered", "number"),)


class IncidentCount(Model):
    """Kept counts: (incident, scope, answered) -> n, moved with each change of a ticket."""

    __tablename__ = "incident_count"
    incident_id: Mapped[int] = ref("incident.id", primary_key=True)
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    answered: Mapped[bool] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(default=0)
