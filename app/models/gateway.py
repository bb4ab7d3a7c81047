"""SMS gateways: how they are set up, the approved texts, what was handed to which, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class SmsGateway(Model):
    """One gateway's settings. `secrets` is encrypted under a key made from SECRET_KEY; at most one row is active.

    `receipt_token` is the SHA-256 of the secret part of the address that takes the gateway's receipts.
    """

    __tablename__ = "sms_gateway"
    driver: Mapped[str] = mapped_column(String(16), primary_key=True)
    active: Mapped[bool] = mapped_column(default=False)
    settings: Mapped[dict] = mapped_column(JSON, default=dict)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    receipt_token: Mapped[str] = mapped_column(String(64), default="")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[int | None] = mapped_column(Big)
    __table_args__ = (
        Index(
            "uq_sms_gateway_active", "active", unique=True, sqlite_where=text("active"), postgresql_where=text("active")
        ),
    )


class SmsTemplate(Model):
    """The approved text of a purpose at a gateway. `state`: draft, submitted, approved, rejected."""

    __tablename__ = "sms_template"
    driver: Mapped[str] = mapped_column(String(16), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(24), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), default="")
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12), default="draft")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[int | None] = mapped_column(Big)


class SmsHandover(Model):
    """Which gateway an outbox row was handed to, and when first; written in the transaction before the request.

    So a row in doubt is asked for where it went, whatever has been chosen meanwhile. It goes when it is certain that
    the message did not arrive. `phone_digest` is keyed with SECRET_KEY: receipts find the message, readers no number.
    """

    __tablename__ = "sms_handover"
    outbox_id: Mapped[int] = ref("outbox.id", primary_key=True, autoincrement=False)
    driver: Mapped[str] = mapped_column(String(16))
    phone_digest: Mapped[str] = mapped_column(String(40), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    __table_args__ = (Index("ix_sms_handover_phone", "phone_digest", "driver"), Index("ix_sms_handover_at", "at"))


class SmsReceipt(Model):
    """What the carrier reported, once for each message of a gateway; later reports change nothing."""

    __tablename__ = "sms_receipt"
    driver: Mapped[str] = mapped_column(String(16), primary_key=True)
    serial: Mapped[str] = mapped_column(String(90), primary_key=True)
    outbox_id: Mapped[int | None] = mapped_column(Big, unique=True)
    test_id: Mapped[int | None] = mapped_column(Big, unique=True)
    delivered: Mapped[bool]
    code: Mapped[str] = mapped_column(String(40), default="")
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SmsTest(Model):
    """A test message that an administrator sent: to whom (masked), by whom, and what the gateway said."""

    __tablename__ = "sms_test"
    id: Mapped[int] = primary()
    driver: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(24))
    phone_masked: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(Big)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default="sending")
    code: Mapped[str] = mapped_column(String(80), default="")
    external_id: Mapped[str] = mapped_column(String(90), default="")
    __table_args__ = (Index("ix_sms_test_at", "at"),)
