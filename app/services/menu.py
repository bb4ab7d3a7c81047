"""The numbers beside the entries of the menu: what waits for whoever looks. One statement, each number up to 100."""

from __future__ import annotations

from functools import cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import together
from app.models.together import Question, Step
from app.services import alarms, penalty_contest_view, scope


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """Numbers by the capability that opens the page: alarms that nobody has seen, contests before the actor's desk."""
    found: dict[str, int] = together.run(session, {"": counts_step(actor)})[""]
    return found


def counts_step(actor: Actor) -> Step[dict[str, int]]:
    """`counts` as a step of a web page."""
    wanted = _questions(scope.pattern(actor))
    if not wanted:
        return {}
    found = yield tuple(question(**scope.ids(actor)) for question in wanted.values())
    return {name: int(n) for name, (n,) in zip(wanted, found, strict=True)}


@cache
def _questions(pattern: Actor) -> dict[str, Question]:
    wanted = {}
    if pattern.can("alarms"):
        wanted["alarms"] = Question(select(alarms.unseen(pattern)))
    if pattern.can("penalty_decide"):
        wanted["penalties"] = Question(select(penalty_contest_view.badge(pattern)))
    return wanted
