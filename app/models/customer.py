"""Customer accounts (项目客户) by whom tickets are recognised, and the people of a ticket beside its complainant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class CustomerAccount(Model):
    """A merchant or project customer: its tier (a word of the policies' key), written requirements, own limits."""

    __tablename__ = "customer_account"
    id: Mapped[int] = primary()
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    tier: Mapped[str] = mapped_column(String(16), default="")
    requirements: Mapped[str] = mapped_column(Text, default="")
    limits: Mapped[dict] = mapped_column(JSON, default=dict)  # {limit: minutes}
    active: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by_id: Mapped[int] = ref("user_account.id")


class CustomerMatch(Model):
    """What tells an account's parcels: `kind` prefix (of the waybill), phone or name (of the sender)."""

    __tablename__ = "customer_match"
    id: Mapped[int] = primary()
    account_id: Mapped[int] = ref("customer_account.id", index=True)
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(80))
    __table_args__ = (UniqueConstraint("kind", "value"),)


class TicketContact(Model):
    """Somebody of the ticket who is not its complainant; `role` consignee, sender, merchant, platform, regulator.

    Personal data in a row of its own that a policy may delete, as with the complainant.
    """

    __tablename__ = "ticket_contact"
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str] = mapped_column(String(40), default="", index=True)
    address: Mapped[str] = mapped_column(String(300), default="")
