"""The types of problem parcels: labels stand with the categories, fields and photos in a table of their own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import problems as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.kinds import PROBLEM
from app.domain.pictures import MAX_PER_ENTRY
from app.domain.problems import Field, ProblemType
from app.domain.roles import Actor
from app.models import Category
from app.models import ProblemType as Row
from app.services.transaction import write


def types(session: Session, *, every: bool = False) -> list[ProblemType]:
    """The types that can be reported, in their order; `every` gives those that were ended too."""
    rows = {row.code: row for row in session.scalars(select(Row))}
    statement = select(Category).where(Category.kind == PROBLEM).order_by(Category.position, Category.code)
    found = [_type(category, rows.get(category.code)) for category in session.scalars(statement)]
    return [one for one in found if every or one.code not in rows or rows[one.code].active]


def of(session: Session, code: str) -> ProblemType | None:
    """The type with that code that can be reported, or None."""
    return next((one for one in types(session) if one.code == code), None)


def seed(session: Session) -> int:
    """Write down the fields of the types that a portal begins with; what an administrator changed stays. How many."""
    known = set(session.scalars(select(Row.code)))
    new = [one for one in rule.TYPES if one.code not in known]
    session.add_all(Row(code=one.code, fields=rule.stored(one.fields), photos=one.photos, active=True) for one in new)
    session.flush()
    return len(new)


def change(*, actor: Actor, code: str, fields: Sequence[Field], photos: int, active: bool) -> None:
    """Set what a report of this type must have from now on; reports that were made keep what they say.

    Raises NotAllowed for all but administrators, NotFound, Invalid(fields, photos).
    """
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")
    names = [one.name for one in fields]
    wrong = {"fields": "too_many_fields"} if len(fields) > rule.MOST_FIELDS or len(set(names)) < len(names) else {}
    if not all(rule.is_sound(one) for one in fields):
        wrong["fields"] = "bad_fields"
    if not 0 <= photos <= MAX_PER_ENTRY:
        wrong["photos"] = "not_an_option"
    if wrong:
        raise Invalid(wrong)
    with write() as session:
        category = session.get(Category, code)
        if category is None or category.kind != PROBLEM:
            raise NotFound("no_such_type")
        row = session.get(Row, code) or Row(code=code)
        session.add(row)
        row.fields, row.photos, row.active = rule.stored(fields), photos, active


def _type(category: Category, row: Row | None) -> ProblemType:
    if row is not None:
        return ProblemType(category.code, category.name, category.name_en, rule.read(row.fields), row.photos)
    first = next((one for one in rule.TYPES if one.code == category.code), None)
    fields, photos = (first.fields, first.photos) if first else ((), 0)
    return ProblemType(category.code, category.name, category.name_en, fields, photos)
