"""The script of each category: the administrator's, else the standard one of `scripts.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import scripts as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.domain.scripts import Question
from app.models import Category, Script
from app.models.dialect import lock_key
from app.services.transaction import write

FALLBACK = "OTHER"


def of(session: Session, category: str) -> tuple[Question, ...]:
    """The questions of a call about this category."""
    row = session.get(Script, category)
    return rule.parse(row.questions) if row else standard(category)


def standard(category: str) -> tuple[Question, ...]:
    """The questions as they come with the product; a category that it does not know asks those of "other"."""
    book = _book()
    return rule.parse(book.get(category, book[FALLBACK]))


def edited(session: Session) -> dict[str, datetime]:
    """Which categories have questions of their own, and since when."""
    return {row.category: row.edited_at for row in session.scalars(select(Script))}


def save(*, actor: Actor, category: str, questions: Sequence[Question], now: datetime) -> None:
    """Keep an edited script; none at all brings the standard one back. Calls that are on keep what they asked.

    Raises NotAllowed, NotFound, Invalid ("<place>-<field>").
    """
    if actor.user_id is None or not actor.can("admin"):
        raise NotAllowed("not_allowed")
    if wrong := rule.errors(questions):
        raise Invalid(wrong)
    with write() as session:
        lock_key(session, f"script:{category}")
        if session.get(Category, category) is None:
            raise NotFound("category_not_found")
        row = session.get(Script, category)
        if not questions:
            if row is not None:
                session.delete(row)
            return
        if row is None:
            row = Script(category=category)
            session.add(row)
        row.questions = [question.as_data() for question in questions]
        row.edited_at, row.edited_by_id = now, actor.user_id


@cache
def _book() -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(Path(__file__).with_name("scripts.json").read_text("utf-8"))
    return found
