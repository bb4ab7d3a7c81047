"""What the province board keeps beside the queues: who helps which site, and how many tickets came in an hour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, primary, ref

NOT_ENDED = text("ended_at IS NULL")


class SiteHelper(Model):
    """A colleague of the province service who helps a site until an end time; one at a time for each site.

    Rows are kept: they are the record of who named whom and who ended it. One that has run out counts no more, though
    `ended_at` stays empty until the next one is named.
    """

    __tablename__ = "site_helper"
    id: Mapped[int] = primary()
    site_id: Mapped[int] = ref("organisation.id")
    province_id: Mapped[int] = ref("organisation.id")
    helper_id: Mapped[int] = ref("user_account.id")
    named_at: Mapped[datetime] = mapped_column(UtcDateTime)
    named_by_id: Mapped[int] = ref("user_account.id")
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    __table_args__ = (
        Index("ix_site_helper_site", "site_id", unique=True, sqlite_where=NOT_ENDED, postgresql_where=NOT_ENDED),
        Index("ix_site_helper_province", "province_id", sqlite_where=NOT_ENDED, postgresql_where=NOT_ENDED),
        Index("ix_site_helper_helper", "helper_id", sqlite_where=NOT_ENDED, postgresql_where=NOT_ENDED),
        Index("ix_site_helper_past", "site_id", "id"),
    )


class Inflow(Model):
    """Kept counts of new tickets: (site, or the province whose tray took it, or 0; hour) -> n."""

    __tablename__ = "inflow"
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    n: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index("ix_inflow_hour", "hour"),)


class Standing(Model):
    """Where a site stands in a month that runs or is the last one, renewed by the scheduler: what the board reads.

    `score` in tenths and `grade` are empty with too few cases; `audited` and what became of them count as on the card.
    """

    __tablename__ = "standing"
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    organisation_id: Mapped[int] = ref("organisation.id", primary_key=True)
    score: Mapped[int | None]
    grade: Mapped[str] = mapped_column(String(8), default="")
    audited: Mapped[int] = mapped_column(default=0)
    audited_true: Mapped[int] = mapped_column(default=0)
    untruthful: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
