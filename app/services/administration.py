"""The read side of the administrator's pages. Select only."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from app.models import Organisation, PushRefusal

PAGE = 100


def organisations(session: Session, after: str = "", word: str = "") -> list[tuple[Organisation, str]]:
    """Organisations with the code of their superior in the order of their codes, a page at a time.

    With a word those whose code begins with it, or whose name holds it.
    """
    superior = aliased(Organisation)
    statement = select(Organisation, superior.code).outerjoin(superior, superior.id == Organisation.parent_id)
    if word:
        names = (Organisation.name, Organisation.name_en)
        named = or_(*(func.lower(name).contains(word.lower(), autoescape=True) for name in names))
        statement = statement.where(or_(Organisation.code.startswith(word, autoescape=True), named))
    rows = session.execute(statement.where(Organisation.code > after).order_by(Organisation.code).limit(PAGE + 1))
    return [(place, code or "") for place, code in rows]


def organisations_below(session: Session, row_id: int, limit: int) -> list[tuple[Organisation, str]]:
    """The same by falling id; one more than `limit` where there are more."""
    superior = aliased(Organisation)
    statement = select(Organisation, superior.code).outerjoin(superior, superior.id == Organisation.parent_id)
    rows = session.execute(statement.where(Organisation.id < row_id).order_by(Organisation.id.desc()).limit(limit + 1))
    return [(place, code or "") for place, code in rows]


def refusals(session: Session) -> list[PushRefusal]:
    """Counts of refused messages, the newest day first."""
    return list(session.scalars(select(PushRefusal).order_by(PushRefusal.day.desc(), PushRefusal.reason).limit(PAGE)))
