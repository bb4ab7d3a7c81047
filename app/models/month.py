"""The month's books: versions of the scoring, delivered volumes, analyses, closed months with their cards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref


class ScoringScheme(Model):
    """A version of weights, scales, least cases, grades and volume bands, for months from `from_month` on.

    Never edited: another version follows.
    """

    __tablename__ = "scoring_scheme"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_month: Mapped[str] = mapped_column(String(7))
    body: Mapped[dict] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(200), default="")
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stored_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)


class DeliveryVolume(Model):
    """How many parcels an organisation delivered in a month, imported: the base of the complaint rate (投诉率)."""

    __tablename__ = "delivery_volume"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    organisation_id: Mapped[int] = ref("organisation.id", primary_key=True)
    delivered: Mapped[int] = mapped_column(Big)
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MonthClose(Model):
    """A month and how far it is: drafted, then frozen. A frozen row is never written again.

    `head` is the canonical JSON of what the month was computed with (version, digests of the cards, corrections, and
    which events were there), `digest` its SHA-256. `edge` of the head names the youngest events one by one.
    """

    __tablename__ = "month_close"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    drafted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    scheme_version: Mapped[int] = mapped_column(default=0)
    head: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64), default="")


class FrozenCard(Model):
    """One organisation's card of a frozen month: the canonical JSON as it was, and its SHA-256. Never updated."""

    __tablename__ = "frozen_card"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    organisation_id: Mapped[int] = ref("organisation.id", primary_key=True)
    province_id: Mapped[int | None] = mapped_column(Big)
    kind: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(32))
    score: Mapped[int | None]  # tenths, for lists; the body is what counts
    body: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    __table_args__ = (Index("ix_frozen_card_province", "month", "province_id", "kind"),)


class Amendment(Model):
    """A later change of a frozen month: a numbered correction, shown in the month that was open when it was found.

    `name` is a count of the card; `before` is what stood frozen or corrected, `now` what the books say since.
    """

    __tablename__ = "month_amendment"
    id: Mapped[int] = primary()
    month: Mapped[str] = mapped_column(String(7))
    number: Mapped[int]
    of_month: Mapped[str] = mapped_column(String(7))
    organisation_id: Mapped[int] = ref("organisation.id", index=True)
    name: Mapped[str] = mapped_column(String(24))
    before: Mapped[int] = mapped_column(Big)
    now: Mapped[int] = mapped_column(Big)
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    __table_args__ = (
        UniqueConstraint("month", "number"),
        Index("ix_month_amendment_of", "of_month", "organisation_id"),
    )


class MonthAnalysis(Model):
    """What a province says about its month, due on the 3rd working day: causes, measures, requests."""

    __tablename__ = "month_analysis"
    id: Mapped[int] = primary()
    month: Mapped[str] = mapped_column(String(7))
    province_id: Mapped[int] = ref("organisation.id")
    body: Mapped[dict] = mapped_column(JSON)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    written_by_id: Mapped[int] = ref("user_account.id")
    __table_args__ = (UniqueConstraint("month", "province_id"),)


class FrozenPeople(Model):
    """The people of one organisation in a frozen month: the canonical JSON as it was, and its SHA-256. Never updated.

    An organisation without people has no row.
    """

    __tablename__ = "frozen_people"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    organisation_id: Mapped[int] = ref("organisation.id", primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64), index=True)
