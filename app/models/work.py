"""What lists and badges read: open work by scope, kept counts, and versions that a poll compares."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, ref


class WorkItem(Model):
    """Open work, one row per (scope, ticket): site, province, or 0 for headquarters. Lists read only this."""

    __tablename__ = "work_item"
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activity_at: Mapped[datetime] = mapped_column(UtcDateTime)
    queue: Mapped[str] = mapped_column(String(16))
    category: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(16))
    overdue: Mapped[bool] = mapped_column(default=False)
    turn: Mapped[bool] = mapped_column(default=True)  # is it this scope's turn to act
    owner_id: Mapped[int | None] = mapped_column(Big)
    urged: Mapped[bool] = mapped_column(default=False, server_default=false())  # and not answered since
    kind: Mapped[str] = mapped_column(String(16), default="complaint", server_default="complaint")
    __table_args__ = (
        Index("ix_work_item_due", "scope", "due_at", "ticket_id"),
        Index("ix_work_item_activity", "scope", "activity_at", "ticket_id"),
        Index("ix_work_item_turn", "scope", "turn", "due_at", "ticket_id"),
        Index("ix_work_item_queue", "scope", "queue", "due_at", "ticket_id"),
        Index("ix_work_item_overdue", "scope", "overdue", "due_at", "ticket_id"),
        Index("ix_work_item_category", "scope", "category", "due_at", "ticket_id"),
        Index("ix_work_item_queue_category", "scope", "queue", "category", "due_at", "ticket_id"),
        Index("ix_work_item_turn_category", "scope", "turn", "category", "due_at", "ticket_id"),
        Index("ix_work_item_late_category", "scope", "overdue", "category", "due_at", "ticket_id"),
        Index("ix_work_item_kind", "scope", "kind", "due_at", "ticket_id"),
        Index("ix_work_item_turn_kind", "scope", "turn", "kind", "due_at", "ticket_id"),
        Index("ix_work_item_queue_kind", "scope", "queue", "kind", "due_at", "ticket_id"),
        Index("ix_work_item_late_kind", "scope", "overdue", "kind", "due_at", "ticket_id"),
        Index("ix_work_item_owner", "scope", "owner_id", "due_at", "ticket_id"),
        Index("ix_work_item_ticket", "ticket_id"),
        Index(
            "ix_work_item_urged", "scope", "due_at", "ticket_id",
            sqlite_where=text("urged = 1"), postgresql_where=text("urged"),
        ),
    )  # fmt: skip


class Counter(Model):
    """Kept counts: (scope, queue) -> n."""

    __tablename__ = "counter"
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    queue: Mapped[str] = mapped_column(String(16), primary_key=True)
    n: Mapped[int] = mapped_column(default=0)


class ScopeVersion(Model):
    """What code before the parts has raised with each change in a scope. Nobody writes it any more; it counts."""

    __tablename__ = "scope_version"
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(default=0)


class ScopeVersionPart(Model):
    """Raised with each change in a scope: a poll compares one number, the sum of the parts. Each write raises one of
    them, so that those who write at the same time seldom wait for each other's commit."""

    __tablename__ = "scope_version_part"
    scope: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(default=0)
