"""What a page says of an answer that has not left yet, and until when it can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, g, url_for
from sqlalchemy.orm import Session

from app.domain import undo as rule
from app.domain.roles import Actor
from app.models import Ticket
from app.services import undo
from app.web.context import translate as _


def said() -> str:
    """What is told afterwards."""
    return _("Taken back: nothing has left. The clocks run on; your text stands in the box.")


def hold() -> timedelta:
    """For how long results are held here (UNDO_SECONDS)."""
    return rule.hold(current_app.extensions["kuaifu"].undo_seconds)


def bar(session: Session, actor: Actor, row: Ticket, now: datetime) -> dict[str, Any] | None:
    """What the page of a ticket, or the bar above the next one, offers right after the sending."""
    held = undo.open_for(session, actor, row, now) if hold() else None
    if held is None:
        return None
    return _countdown(held.until, now) | {"action": url_for("undo.ticket", number=row.number)}


def of_batch(numbers: Sequence[str], now: datetime) -> dict[str, Any] | None:
    """The same for the tickets of a batch that were answered just now."""
    if not numbers or not hold():
        return None
    return _countdown(now + hold(), now) | {"action": url_for("batch.undo"), "numbers": list(numbers)}


def _countdown(until: datetime, now: datetime) -> dict[str, Any]:
    seconds = max(0, int((until - now).total_seconds()))
    return {"until_iso": until.isoformat(), "seconds": seconds, "until": g.fmt.full(until)[11:19]}
