"""The count beside the bell: asked for once a request, and compared by the queue's own poll."""

from __future__ import annotations

from typing import Any

from flask import g

from app.domain.notices import SHOWN
from app.extensions import db
from app.services import notices
from app.services.notices import Unread
from app.web import context
from app.web.guard import current_actor


def shown() -> dict[str, Any]:
    """What the menu shows: how many notices are unread, and whether a new one may be heard."""
    found, me = unread(), context.me()
    return {
        "n": found.n, "text": f"{SHOWN}+" if found.n > SHOWN else str(found.n), "newest": found.newest,
        "sound": bool(me and me.sound),
    }  # fmt: skip


def unread() -> Unread:
    """The unread notices of whoever asks."""
    if "unread" not in g:
        g.unread = notices.unread(db.session(), current_actor())
    known: Unread = g.unread
    return known


def know(found: Unread) -> str:
    """A statement that asked for something else has brought them along; their mark."""
    g.unread = found
    return mark()


def mark() -> str:
    """What the poll compares: another number, or another newest one, is news."""
    found = unread()
    return f"{found.n}-{found.newest}"
