"""The numbers beside the entries of the menu: what waits for whoever looks. One statement, each number up to 100."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.publications import ARTICLE, CASE, RULE, unread_since
from app.domain.roles import Actor
from app.models import together
from app.models.together import Question, Step
from app.models.types import UtcDateTime
from app.services import alarms, penalty_contest_view, publication_view, rectification_view, scope


def counts(session: Session, actor: Actor, now: datetime) -> dict[str, int]:
    """Numbers by the capability that opens the page: alarms that nobody has seen, contests before the actor's desk,
    typical cases, articles and rules that the person has not read."""
    found: dict[str, int] = together.run(session, {"": counts_step(actor, now)})[""]
    return found


def counts_step(actor: Actor, now: datetime) -> Step[dict[str, int]]:
    """`counts` as a step of a web page."""
    pattern = scope.pattern(actor)
    if not _columns(pattern):
        return {}
    ((found,),) = yield (_question(pattern)(**scope.ids(actor), unread_since=unread_since(now)),)
    numbers = found if isinstance(found, tuple) else (found,)
    return {name: int(n) for name, n in zip(_columns(pattern), numbers, strict=True)}


@cache
def _question(pattern: Actor) -> Question:
    return Question(select(*(column.label(name) for name, column in _columns(pattern).items())))


@cache
def _columns(pattern: Actor) -> dict[str, Any]:
    wanted = {}
    if pattern.can("alarms"):
        wanted["alarms"] = alarms.unseen(pattern)
    if pattern.can("penalty_decide"):
        wanted["penalties"] = penalty_contest_view.badge(pattern)
    if pattern.can("rectifications") and pattern.desk != "ccs":
        wanted["rectifications"] = rectification_view.badge(pattern)
    if pattern.can("publications"):
        since = bindparam("unread_since", type_=UtcDateTime())
        wanted["publications"] = publication_view.unread_from(pattern, since, (CASE,))
        wanted["knowledge"] = publication_view.unread_from(pattern, since, (ARTICLE, RULE))
    return wanted
