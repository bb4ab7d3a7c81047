"""What the poll of the work queue looks at: whether anything changed for somebody. Select only."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from sqlalchemy import select

from app.domain.roles import Actor
from app.models.together import Question, Step
from app.services import notices, scope, versions
from app.services.notices import Unread


class Pulse(NamedTuple):
    """The number that grows with each change in somebody's scope, and their unread notices."""

    version: int
    unread: Unread


def pulsing(actor: Actor) -> Step[Pulse]:
    """All of it as a step of one round. Raises NotFound for a role without a queue."""
    (n,), (found,) = yield _version(scope.pattern(actor))(**scope.ids(actor)), notices.unread_asked(actor)
    return Pulse(n or 0, notices.unread_of(found))


@cache
def _version(pattern: Actor) -> Question:
    return Question(select(versions.number(scope.work_scope(pattern))))
