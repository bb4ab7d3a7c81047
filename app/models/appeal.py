"""Who of headquarters has which appeal before them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, ref


class AppealLease(Model):
    """An appealed ticket in somebody's hands, or put off: one row a ticket, deleted with the ruling.

    `holder_id` has it until `until`; activity moves that on. Until `later_until` it stands behind the others, `why` is
    the code of the reason (evidence).
    """

    __tablename__ = "appeal_lease"
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    holder_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    later_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    why: Mapped[str] = mapped_column(String(12), default="", server_default="")
    __table_args__ = (
        Index(
            "ix_appeal_lease_holder", "holder_id",
            sqlite_where=text("holder_id IS NOT NULL"), postgresql_where=text("holder_id IS NOT NULL"),
        ),
        Index(
            "ix_appeal_lease_later", "later_until", "ticket_id",
            sqlite_where=text("later_until IS NOT NULL"), postgresql_where=text("later_until IS NOT NULL"),
        ),
    )  # fmt: skip
