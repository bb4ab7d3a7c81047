"""The numbers beside the entries of the menu: what waits for whoever looks. One statement, each number up to 100."""

from __future__ import annotations

from datetime import datetime
from functools import cache

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
    wanted = _questions(scope.pattern(actor))
    if not wanted:
        return {}
    since = {"unread_since": unread_since(now)}
    found = yield tuple(question(**scope.ids(actor), **since) for question in wanted.values())
    return {name: int(n) for name, (n,) in zip(wanted, found, strict=True)}


@cache
def _questions(pattern: Actor) -> dict[str, Question]:
    wanted = {}
    if pattern.can("alarms"):
        wanted["alarms"] = Question(select(alarms.unseen(pattern)))
    if pattern.can("penalty_decide"):
        wanted["penalties"] = Question(select(penalty_contest_view.badge(pattern)))
    if pattern.can("rectifications") and pattern.desk != "ccs":
        wanted["rectifications"] = Question(select(rectification_view.badge(pattern)))
    if pattern.can("publications"):
        since = bindparam("unread_since", type_=UtcDateTime())
        wanted["publications"] = Question(select(publication_view.unread_from(pattern, since, (CASE,))))
        wanted["knowledge"] = Question(select(publication_view.unread_from(pattern, since, (ARTICLE, RULE))))
    return wanted
