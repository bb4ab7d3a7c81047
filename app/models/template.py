"""Texts that replies are made from, and who used which last."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.models.types import UtcDateTime, primary, ref


class ReplyTemplate(Model):
    """A text with placeholders. `scope`: own (`user_id`), team (`organisation_id`), company (neither).

    `category` and `box` narrow where it is offered; empty means everywhere. One that came with the product has its
    `seed` and stays as an ended row, so that it does not come back.
    """

    __tablename__ = "reply_template"
    id: Mapped[int] = primary()
    scope: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    organisation_id: Mapped[int | None] = ref("organisation.id", nullable=True)
    title: Mapped[str] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(24), default="")
    box: Mapped[str] = mapped_column(String(12), default="")
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    seed: Mapped[str | None] = mapped_column(String(40), unique=True)
    edited_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_by_id: Mapped[int | None] = ref("user_account.id", nullable=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    __table_args__ = (Index("ix_reply_template_owner", "scope", "user_id", "organisation_id"),)


class TemplateUse(Model):
    """When a person last put a template into a text."""

    __tablename__ = "template_use"
    user_id: Mapped[int] = ref("user_account.id", primary_key=True)
    template_id: Mapped[int] = ref("reply_template.id", primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
