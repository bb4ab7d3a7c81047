"""What the poll of the work queue looks at: whether anything changed for somebody. Select only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.services import notices, scope, versions
from app.services.notices import Unread
from app.services.sessions import Beside


class Pulse(NamedTuple):
    """The number that grows with each change in somebody's scope, and their unread notices."""

    version: int
    unread: Unread


def pulse(session: Session, actor: Actor) -> Pulse:
    """All of it in one statement. Raises NotFound for a role without a queue."""
    beside = asked(actor)
    return read(session.connection().execute(select(*beside.columns), beside.values).one())


def asked(actor: Actor) -> Beside:
    """The same for the statement that finds a session; `read` reads the answer."""
    return Beside(_columns(scope.pattern(actor)), scope.ids(actor))


def read(found: Sequence[Any]) -> Pulse:
    """The answer to `asked`."""
    return Pulse(found[0] or 0, notices.unread_of(found[1:]))


@cache
def _columns(pattern: Actor) -> tuple[Any, ...]:
    return (versions.number(scope.work_scope(pattern)), *notices.unread_columns(pattern))
