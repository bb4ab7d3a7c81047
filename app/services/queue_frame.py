"""What stands around the work: the counters beside the menu's entries, the bell, and the list, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import SavedView, together
from app.models.together import Asked, Step
from app.services import menu, notices, queue, saved_views
from app.services.notices import Unread
from app.services.queue import Filters, Page


@dataclass(frozen=True)
class Rail:
    """What the menu of every page of the desk counts."""

    counts: dict[str, int]
    waiting: dict[str, int]  # by the capability that opens the page
    unread: Unread


@dataclass(frozen=True)
class Frame:
    """The list with all that its page shows beside the rows."""

    rail: Rail
    filters: Filters  # as the desk may have them
    page: Page
    version: int
    bands: dict[str, int]
    categories: list[Any]
    views: list[SavedView]


def rail(session: Session, actor: Actor, now: datetime) -> Rail:
    """The numbers of the menu. Raises NotFound for a role without a queue."""
    return _rail(together.run(session, _of_rail(actor, now)))


def load(session: Session, actor: Actor, filters: Filters, now: datetime) -> Frame:
    """The page of the work queue. Raises NotFound for a role without a queue."""
    return together.told(session, framing(actor, filters, now))


def framing(actor: Actor, filters: Filters, now: datetime) -> Step[Frame]:
    """The same as a step, for a page that asks for something else as well."""
    filters = queue.offered(actor.desk, filters)
    found = yield from together.joined({
        **_of_rail(actor, now), "page": queue.page_step(actor, filters, now),
        "bands": queue.by_band_step(actor, filters, now), "categories": _rows(queue.CATEGORIES()),
        "views": _rows(saved_views.MINE(actor_id=actor.user_id)),
    })  # fmt: skip
    version, bands = found["bands"]
    return Frame(_rail(found), filters, found["page"], version, bands, found["categories"], found["views"])


def _of_rail(actor: Actor, now: datetime) -> dict[str, Any]:
    return {"counts": queue.counts_step(actor, now), "waiting": menu.counts_step(actor, now),
            "unread": _rows(notices.unread_asked(actor))}  # fmt: skip


def _rail(found: dict[str, Any]) -> Rail:
    return Rail(found["counts"], found["waiting"], notices.unread_of(found["unread"][0]))


def _rows(asked: Asked) -> Step[list[Any]]:
    (rows,) = yield (asked,)
    return rows
