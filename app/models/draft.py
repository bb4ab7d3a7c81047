"""What somebody has typed and not sent yet: into a ticket's boxes, and into the forms of other pages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, ref


class Draft(Model):
    """One person's words for one box of one ticket: personal text, deleted when it is sent and after a week.

    `version` grows with each saving, so that two browsers notice each other; `ticket_version` is what the page showed.
    """

    __tablename__ = "draft"
    user_id: Mapped[int] = ref("user_account.id", primary_key=True)
    ticket_id: Mapped[int] = ref("ticket.id", primary_key=True)
    box: Mapped[str] = mapped_column(String(24), primary_key=True)
    values: Mapped[dict] = mapped_column(JSON)
    version: Mapped[int]
    ticket_version: Mapped[int]
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PageDraft(Model):
    """One person's words for the form of one page, which no ticket has yet: personal text, deleted as those are."""

    __tablename__ = "page_draft"
    user_id: Mapped[int] = ref("user_account.id", primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    values: Mapped[dict] = mapped_column(JSON)
    version: Mapped[int]
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
