"""Which kind of ticket a category belongs to: asked once in a transaction."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Category
from app.models.together import Question, Step, ask
from app.services.transaction import keep, kept

_KIND = Question(select(Category.kind).where(Category.code == bindparam("category")))


def of(session: Session, code: str) -> str | None:
    """The kind of the category with that code; None where it is none of ours."""
    return kept(session, ("category", code), lambda: next(iter(ask(session, _KIND(category=code))[0]), None))


def asking(code: str) -> Step[str | None]:
    """The same as a step; the answer goes to `know`."""
    (rows,) = yield (_KIND(category=code),)
    return next(iter(rows), None)


def know(session: Session, code: str, kind: str | None) -> None:
    """What the step has found."""
    keep(session, ("category", code), kind)
