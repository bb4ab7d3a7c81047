"""What a result that may still be taken back has changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import Big, UtcDateTime, ref


class ResultUndo(Model):
    """How a ticket stood before a result that is held: codes and instants only. Deleted a day later.

    `version` is the ticket's right after the result: whoever acted since is not undone with it.
    """

    __tablename__ = "result_undo"
    event_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = ref("ticket.id", index=True)
    user_id: Mapped[int] = ref("user_account.id")
    version: Mapped[int]
    before: Mapped[dict] = mapped_column(JSON)
    until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
