"""What is known of parcels beside their scans: questions to a carrier, and reported problems."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, true
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, ref


class TraceQuery(Model):
    """When a carrier's own service was last asked for a parcel's trace, and how that ended.

    `outcome`: asking, ok (it knows scans), none (it knows nothing), or why there was no answer.
    """

    __tablename__ = "trace_query"
    waybill: Mapped[str] = mapped_column(String(40), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    again_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)  # not before that
    outcome: Mapped[str] = mapped_column(String(24), default="asking")


class ProblemType(Model):
    """What a report of a category of problem parcels must have: its fields as `domain.problems` stores them, and the
    least number of photos."""

    __tablename__ = "problem_type"
    code: Mapped[str] = mapped_column(String(24), primary_key=True)
    fields: Mapped[list] = mapped_column(JSON, default=list)
    photos: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True, server_default=true())


class ProblemRow(Model):
    """What the combined query of problem parcels reads: one row per (scope, ticket), ended ones too.

    Scopes are those of `work_item`. `reporter_id` and `site_id` are the two sites.
    """

    __tablename__ = "problem_row"
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    category: Mapped[str] = mapped_column(String(24))
    courier: Mapped[str] = mapped_column(String(60), default="", server_default="")
    reporter_id: Mapped[int | None] = mapped_column(Big)
    site_id: Mapped[int | None] = mapped_column(Big)
    __table_args__ = (
        Index("ix_problem_row_opened", "scope", "opened_at", "ticket_id"),
        Index("ix_problem_row_state", "scope", "state", "opened_at", "ticket_id"),
        Index("ix_problem_row_category", "scope", "category", "state", "opened_at", "ticket_id"),
        Index("ix_problem_row_type", "scope", "category", "opened_at", "ticket_id"),
        Index("ix_problem_row_courier", "scope", "courier", "opened_at", "ticket_id"),
        Index("ix_problem_row_reporter", "scope", "reporter_id", "opened_at", "ticket_id"),
        Index("ix_problem_row_site", "scope", "site_id", "state", "opened_at", "ticket_id"),
        Index("ix_problem_row_ticket", "ticket_id"),
    )


class InquiryRow(Model):
    """Who has an inquiry in the list of them: one row per (organisation or province that is a party, ticket)."""

    __tablename__ = "inquiry_row"
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    __table_args__ = (
        Index("ix_inquiry_row_opened", "scope", "opened_at", "ticket_id"),
        Index("ix_inquiry_row_ticket", "ticket_id"),
    )
