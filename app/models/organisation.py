"""Organisations, people, and their sessions."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

# What routing asks of every new ticket: few of ten thousand have either. With one of these indexes SQLite plans the
# list of a site's late clocks the wrong way round.
_BY_ADDRESS = text("kind = 'site' AND address_prefix <> ''")
AREA_END = 3  # characters at the end of an area's name by which it is found
_DEPUTY = text("deputy_id IS NOT NULL")


class Organisation(Model):
    """A node of the tree: headquarters, province, district, site, hub or department."""

    __tablename__ = "organisation"
    id: Mapped[int] = primary()
    code: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    parent_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True, index=True)
    address_prefix: Mapped[str] = mapped_column(String(120), default="")
    duty_phone: Mapped[str] = mapped_column(String(20), default="")
    manager_phone: Mapped[str] = mapped_column(String(20), default="", server_default="")
    deputy_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    onboarded_from: Mapped[date | None]
    closed_from: Mapped[date | None]
    auto_assign: Mapped[bool] = mapped_column(default=False)  # new tickets get an owner by themselves
    __table_args__ = (
        Index("ix_organisation_kind", "kind", "code"),
        Index("ix_organisation_area", text(f"right(address_prefix, {AREA_END})"), postgresql_where=_BY_ADDRESS).ddl_if(
            dialect="postgresql"
        ),
        Index("ix_organisation_deputy", "deputy_id", postgresql_where=_DEPUTY).ddl_if(dialect="postgresql"),
    )


class User(Model):
    """A person with an account. `epoch` grows with each password change: older sessions end."""

    __tablename__ = "user_account"
    id: Mapped[int] = primary()
    account: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int] = ref("organisation.id", index=True)
    locale: Mapped[str] = mapped_column(String(8), default="zh")
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    density: Mapped[str] = mapped_column(String(12), default="comfortable")
    epoch: Mapped[int] = mapped_column(default=0)
    demo: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    off_duty_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sound: Mapped[bool] = mapped_column(default=False, server_default=false())  # a quiet sound with a new notice
    skills: Mapped[list] = mapped_column(JSON, default=list)  # category codes for auto-assignment, empty = all


class SessionRow(Model):
    """A signed-in browser; the cookie carries a random token, the table its SHA-256."""

    __tablename__ = "session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = ref("user_account.id", nullable=True, index=True)
    epoch: Mapped[int] = mapped_column(default=0)
    data: Mapped[dict] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    active_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignInFailure(Model):
    """Failed sign-ins per account or address; the delay grows from here and survives Redis being down."""

    __tablename__ = "sign_in_failure"
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)


_NAMED = text("courier <> ''")  # names go by policy


class Scan(Model):
    """One scan of a parcel on its way; a person's name never stands here, only the courier's."""

    __tablename__ = "scan"
    id: Mapped[int] = primary()
    waybill: Mapped[str] = mapped_column(String(40))
    scan_type: Mapped[str] = mapped_column(String(16))
    scanned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    site_code: Mapped[str] = mapped_column(String(32), default="")
    courier: Mapped[str] = mapped_column(String(60), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    __table_args__ = (
        UniqueConstraint("waybill", "scanned_at", "scan_type", "site_code"),
        Index("ix_scan_waybill_at", "waybill", "scanned_at"),
        Index("ix_scan_named", "scanned_at", sqlite_where=_NAMED, postgresql_where=_NAMED),
    )


class AddressRule(Model):
    """Addresses that begin like this belong to that site: learned from a granted return, until somebody ends it.

    The prefix stops before the first house number: it names a street and nobody.
    """

    __tablename__ = "address_rule"
    id: Mapped[int] = primary()
    prefix: Mapped[str] = mapped_column(String(120))
    site_id: Mapped[int] = ref("organisation.id")
    province_id: Mapped[int | None] = ref("organisation.id", nullable=True, index=True)
    ticket_id: Mapped[int] = ref("ticket.id")
    created_by_id: Mapped[int] = ref("user_account.id")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index(
            "ix_address_rule_live", "prefix", unique=True,
            sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip


class WaybillLink(Model):
    """Two numbers of one parcel: a return, a re-label or a forward. `waybill_a` is the smaller of the two.

    `source` is manual or scan.
    """

    __tablename__ = "waybill_link"
    id: Mapped[int] = primary()
    waybill_a: Mapped[str] = mapped_column(String(40))
    waybill_b: Mapped[str] = mapped_column(String(40), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    __table_args__ = (UniqueConstraint("waybill_a", "waybill_b"),)


class CalendarDay(Model):
    """A day that differs from its weekday: a holiday or a make-up working day (调休)."""

    __tablename__ = "calendar_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    name: Mapped[str] = mapped_column(String(60), default="")


class Policy(Model):
    """One line of a policy version: what it applies to (empty = any) and its limits per clock."""

    __tablename__ = "policy"
    id: Mapped[int] = primary()
    version: Mapped[int] = mapped_column(index=True)
    effective_from: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str | None] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(24))
    priority: Mapped[str | None] = mapped_column(String(8))
    channel: Mapped[str | None] = mapped_column(String(16))
    tier: Mapped[str | None] = mapped_column(String(16))
    limits: Mapped[dict] = mapped_column(JSON)


class Category(Model):
    """A category of one kind of ticket with its two labels; labels of data are columns, not translations."""

    __tablename__ = "category"
    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    parent: Mapped[str | None] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(40))
    name_en: Mapped[str] = mapped_column(String(60))
    legal_note: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(16), default="complaint", server_default="complaint")


class Claim(Model):
    """Period claims of the scheduler: one row per job and period, so that several schedulers are harmless."""

    __tablename__ = "period_claim"
    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    period: Mapped[str] = mapped_column(String(40), primary_key=True)
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Heartbeat(Model):
    """When each kind of process was last alive; the health page reads it."""

    __tablename__ = "heartbeat"
    process: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SequenceRow(Model):
    """The ticket sequence on SQLite; PostgreSQL uses a sequence of its own."""

    __tablename__ = "sequence_row"
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    n: Mapped[int] = mapped_column(Big, default=0)
