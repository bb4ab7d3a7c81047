"""What a page looks at first, asked along with the session, for the person whose session it was the last time: one way
to the database less. It counts only where the session still says so; else it is asked for anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from flask import session as browser
from htmx_flask import request
from sqlalchemy.orm import Session

from app import clock
from app.domain.errors import Invalid, NotFound
from app.domain.roles import Actor
from app.extensions import db
from app.models import together
from app.models.together import Asked, Step
from app.services import pulse, queue_frame, sessions, ticket_view
from app.services.pulse import Pulse
from app.services.queue_frame import Frame
from app.services.ticket_view import View
from app.web import filters as of_address

TICKETS, POLL = "/tickets", "/tickets/news"
TICKET = re.compile(r"/tickets/([A-Z0-9-]+)")
MOST = 10_000  # people that a process remembers
_last: dict[str, Actor] = {}  # whose a session was, by the digest of its token

T = TypeVar("T")
Make = Callable[[Actor, datetime], Step[T]]


@dataclass(frozen=True)
class Ahead:
    """Of one request: for whom which step was begun, and what it asks first."""

    actor: Actor | None = None
    make: Make[Any] | None = None
    step: Step[Any] | None = None
    asked: tuple[Asked, ...] = ()


def begin(token: str, now: datetime) -> Ahead:
    """What this request will look at, for whoever the token was the last time; nothing where nobody is known by it."""
    actor, make = _last.get(sessions.digest(token)), _make()
    if actor is None or make is None:
        return Ahead()
    try:
        step = make(actor, now)
        return Ahead(actor, make, step, next(step))
    except (Invalid, NotFound):  # the page will say so
        return Ahead()


def poll(session: Session, actor: Actor) -> Pulse:
    """What the poll of the work queue looks at."""
    return _done(session, actor, _poll)


def frame(session: Session, actor: Actor) -> Frame:
    """The list that the address asks for, with the counters. Raises NotFound."""
    return _done(session, actor, _frame)


def ticket(session: Session, actor: Actor) -> tuple[View, Frame | None]:
    """The ticket of the address in the actor's scope, with the list beside it where its page shows one.

    Raises NotFound.
    """
    return _done(session, actor, _ticket)


def pane_alone() -> bool:
    """Whether the request is for the ticket without the list."""
    return bool(request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request)


def _make() -> Make[Any] | None:
    if request.method != "GET" or "%00" in request.query_string.decode("latin-1"):
        return None
    if request.path == POLL:
        return _poll
    if request.path == TICKETS:
        return None if request.args.get("q", "").strip() else _frame
    return _ticket if TICKET.fullmatch(request.path) else None


def _poll(actor: Actor, _now: datetime) -> Step[Pulse]:
    return pulse.pulsing(actor)


def _frame(actor: Actor, now: datetime) -> Step[Frame]:
    return queue_frame.framing(actor, of_address.of(request.args), now)


def _ticket(actor: Actor, now: datetime) -> Step[tuple[View, Frame | None]]:
    number = request.path.removeprefix("/tickets/")
    steps = {"view": ticket_view.viewing(db.session(), actor, number)}
    found = yield from together.joined(steps if pane_alone() else {**steps, "frame": _frame(actor, now)})
    return found["view"], found.get("frame")


def _done(session: Session, actor: Actor, make: Make[T]) -> T:
    opened: Any = browser  # a security.PortalSession
    (ahead, answer), opened.ahead = opened.ahead, (Ahead(), ())  # a second try asks anew
    if ahead.step is not None and ahead.actor == actor and ahead.make is make:
        return together.told(session, ahead.step, answer)
    _remember(opened.token, actor)
    return together.told(session, make(actor, clock.now()))


def _remember(token: str, actor: Actor) -> None:
    if len(_last) >= MOST:
        _last.clear()
    _last[sessions.digest(token)] = actor
