"""What comes in from platforms and what leaves the house."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

_ASIDE = text("state <> 'applied'")


class Connection(Model):
    """One platform's connection: its secrets (two valid while rotating; the first signs what we send), charset, maps
    and routing rule. `secrets_at` says since when each of the secrets is there, empty where nobody knows.

    `driver` names the folder below integrations/platform that speaks its protocol; `settings` is what only that one
    knows (a token is in it: never shown), the maps say where its messages differ from ours.
    """

    __tablename__ = "platform_connection"
    id: Mapped[int] = primary()
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    driver: Mapped[str] = mapped_column(String(16), default="link")
    secrets: Mapped[list] = mapped_column(JSON)
    secrets_at: Mapped[list] = mapped_column(JSON, default=list, server_default="[]")
    charset: Mapped[str] = mapped_column(String(8), default="utf-8")
    category_map: Mapped[dict] = mapped_column(JSON, default=dict)
    routing_rule: Mapped[str] = mapped_column(String(12), default="delivery")
    callback_url: Mapped[str] = mapped_column(String(300), default="")
    active: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict] = mapped_column(JSON, default=dict, server_default="{}")
    message_map: Mapped[dict] = mapped_column(JSON, default=dict, server_default="{}")
    field_map: Mapped[dict] = mapped_column(JSON, default=dict, server_default="{}")
    risk_minutes: Mapped[int] = mapped_column(default=120, server_default="120")  # before the platform's deadline
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_by_id: Mapped[int | None] = mapped_column(Big)


class PlatformPoll(Model):
    """How far a polled connection is read. `page` is the next one of the window that is being read, None between two.

    All that changed before `cursor_at` is stored; it moves with the last page of a window and never before.
    """

    __tablename__ = "platform_poll"
    connection_id: Mapped[int] = ref("platform_connection.id", primary_key=True)
    cursor_at: Mapped[datetime] = mapped_column(UtcDateTime)
    window_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    window_to: Mapped[datetime | None] = mapped_column(UtcDateTime)
    page: Mapped[int | None] = mapped_column()
    total: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(Big, default=0)  # read since the connection began, repetitions among them
    token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)  # failures in a row
    error: Mapped[str] = mapped_column(String(200), default="")
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a page was stored last


class Inbox(Model):
    """A signed message exactly as it came, or a row that was asked for.

    `state`: applied, waiting (for its issue), quarantined, conflict, replayed (out of the quarantine).
    """

    __tablename__ = "inbox"
    id: Mapped[int] = primary()
    connection_id: Mapped[int] = ref("platform_connection.id")
    msg_type: Mapped[str] = mapped_column(String(40))
    order_code: Mapped[str] = mapped_column(String(64), default="")
    event_key: Mapped[str] = mapped_column(String(80), default="")
    event_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(String(64))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(12))
    error: Mapped[str] = mapped_column(String(120), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it left the quarantine
    settled_by_id: Mapped[int | None] = mapped_column(Big)
    __table_args__ = (
        Index("ix_inbox_order", "connection_id", "order_code"),
        Index("ix_inbox_connection", "connection_id", "id"),
        Index(
            "ix_inbox_aside",
            "state",
            "id",
            sqlite_where=_ASIDE,
            postgresql_where=_ASIDE,
        ),
    )


class MessageReveal(Model):
    """Somebody looked at a raw message in full: one row each time."""

    __tablename__ = "message_reveal"
    id: Mapped[int] = primary()
    inbox_id: Mapped[int] = ref("inbox.id", index=True)
    user_id: Mapped[int] = ref("user_account.id")
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class UnmappedCode(Model):
    """A category code of a platform that no map knows: its complaints are in "other"."""

    __tablename__ = "unmapped_code"
    connection_id: Mapped[int] = ref("platform_connection.id", primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    n: Mapped[int] = mapped_column(default=0)


class PushKey(Model):
    """The idempotency key of a message, kept for ever, with the digest of the body that came first."""

    __tablename__ = "push_key"
    connection_id: Mapped[int] = ref("platform_connection.id", primary_key=True)
    msg_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    order_code: Mapped[str] = mapped_column(String(64), primary_key=True)
    event_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    copies: Mapped[int] = mapped_column(default=0, server_default="0")  # how often it was pushed again


class PushRefusal(Model):
    """Refused messages leave only a count: per connection, reason and day."""

    __tablename__ = "push_refusal"
    connection: Mapped[str] = mapped_column(String(32), primary_key=True)
    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    n: Mapped[int] = mapped_column(default=0)


class PlatformOrder(Model):
    """A platform's work order on a ticket; a ticket may carry several, each is answered by itself."""

    __tablename__ = "platform_order"
    id: Mapped[int] = primary()
    connection_id: Mapped[int] = ref("platform_connection.id")
    code: Mapped[str] = mapped_column(String(64), index=True)
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    order_type: Mapped[str] = mapped_column(String(12), default="complaint")
    task_id: Mapped[str] = mapped_column(String(64), default="")
    answers: Mapped[list] = mapped_column(JSON, default=list)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verdict: Mapped[str] = mapped_column(String(12), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the platform took the first answer
    rejects: Mapped[int] = mapped_column(default=0)
    retreats: Mapped[int] = mapped_column(default=0, server_default="0")  # how often it sent our answer back
    __table_args__ = (UniqueConstraint("connection_id", "code"),)


class Outbox(Model):
    """Something that must leave the house. pending -> claimed -> sending -> sent | unknown | failed."""

    __tablename__ = "outbox"
    id: Mapped[int] = primary()
    kind: Mapped[str] = mapped_column(String(16))  # callback | sms | robot
    key: Mapped[str] = mapped_column(String(120), unique=True)  # the same intent is stored once
    lane: Mapped[str] = mapped_column(String(80), index=True)  # rows of one lane leave in order
    ticket_id: Mapped[int | None] = mapped_column(Big, index=True)
    organisation_id: Mapped[int | None] = mapped_column(Big, index=True)
    province_id: Mapped[int | None] = mapped_column(Big)
    payload: Mapped[dict] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(10), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    token: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    external_id: Mapped[str] = mapped_column(String(80), default="")
    error: Mapped[str] = mapped_column(Text, default="")
    risk_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a failing answer: from when it is at risk
    __table_args__ = (
        Index("ix_outbox_kind", "kind", "id"),
        Index("ix_outbox_state", "kind", "state", "id"),
        Index("ix_outbox_province_kind", "province_id", "kind", "id"),
        Index("ix_outbox_province_state", "province_id", "kind", "state", "id"),
        Index(
            "ix_outbox_risk",
            "risk_at",
            "id",
            sqlite_where=text("risk_at IS NOT NULL"),
            postgresql_where=text("risk_at IS NOT NULL"),
        ),
        Index(
            "ix_outbox_province_risk",
            "province_id",
            "risk_at",
            "id",
            sqlite_where=text("risk_at IS NOT NULL"),
            postgresql_where=text("risk_at IS NOT NULL"),
        ),
        Index(
            "ix_outbox_next_try",
            "next_try_at",
            "id",
            sqlite_where=text("next_try_at IS NOT NULL"),
            postgresql_where=text("next_try_at IS NOT NULL"),
        ),
    )


class Reminder(Model):
    """One stage of one clock run told to one phone: the primary key is the promise "once"."""

    __tablename__ = "reminder"
    clock_id: Mapped[int] = ref("clock.id", primary_key=True)
    stage: Mapped[str] = mapped_column(String(10), primary_key=True)
    phone: Mapped[str] = mapped_column(String(20), primary_key=True)
    organisation_id: Mapped[int] = ref("organisation.id", index=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outbox_id: Mapped[int | None] = mapped_column(Big, index=True)
    dropped: Mapped[str] = mapped_column(String(16), default="")
    rung: Mapped[int] = mapped_column(default=0, server_default="0")  # 0 duty phone, 1 manager, 2 province
