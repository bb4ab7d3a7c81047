"""The poll of the work queue in one statement: what it looks at comes with the session, for the person whose it was the
last time. It counts only where the session still says so; else it is asked for anew."""

from __future__ import annotations

from typing import Any

from flask import session as browser
from flask.wrappers import Request
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.services import pulse as of_scope
from app.services import sessions
from app.services.pulse import Pulse
from app.services.sessions import Beside

POLL = "/tickets/news"
MOST = 10_000  # people that a process remembers
_last: dict[str, Actor] = {}  # who polled, by the digest of their session's token


def beside(asked: Request, token: str) -> tuple[Actor | None, Beside]:
    """Whose poll this will be, and what to ask for along with the session."""
    actor = _last.get(sessions.digest(token)) if asked.path == POLL else None
    return (actor, of_scope.asked(actor)) if actor else (None, Beside())


def pulse(session: Session, actor: Actor) -> Pulse:
    """What the poll of this person looks at, out of the session's statement where it was asked for them."""
    opened: Any = browser  # a security.PortalSession
    guessed, found = opened.ahead
    if guessed == actor and found:
        return of_scope.read(found)
    _remember(opened.token, actor)
    return of_scope.pulse(session, actor)


def _remember(token: str, actor: Actor) -> None:
    if len(_last) >= MOST:
        _last.clear()
    _last[sessions.digest(token)] = actor
