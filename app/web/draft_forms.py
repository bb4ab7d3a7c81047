"""What a reply box shows of its draft: the form filled again, since when, and whether newer entries came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import g, url_for
from werkzeug.datastructures import MultiDict

from app.domain import drafts as rule
from app.domain.roles import Actor
from app.models import Draft
from app.services import desk
from app.services.ticket_view import View
from app.web import forms, result_forms
from app.web.context import translate as _

FORMS: dict[str, Callable[[View, Any], Any]] = {
    "result": lambda view, data: result_forms.of(view, data),
    "follow_up": lambda view, data: forms.follow_up_form(data),
    "note": lambda view, data: forms.text_form(_("Internal note"), data),
    "ruling": lambda view, data: forms.ruling_form(data),
}
LINES = ("text", "promise_text", "finding_signed_by")  # of another browser's draft: what somebody worded


def bound(view: View, box: str, data: Any) -> Any:
    """The form of a box with these fields."""
    return FORMS[box](view, data)


def fresh(view: View, now: datetime) -> dict[str, Draft]:
    """The viewer's drafts of this ticket that are still offered, by their box."""
    kept: Mapping[str, Draft] = view.parts["drafts"]
    return {box: row for box, row in kept.items() if rule.fresh(row.saved_at, now)}


def restored(view: View, now: datetime) -> dict[str, Any]:
    """The forms of the drafts, filled."""
    return {box: bound(view, box, MultiDict(row.values)) for box, row in fresh(view, now).items()}


def latest(view: View, now: datetime) -> str:
    """The box in which somebody typed last; empty without a draft."""
    rows = fresh(view, now)
    return max(rows, key=lambda box: rows[box].saved_at, default="")


def state(view: View, actor: Actor, box: str, now: datetime, clashes: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where a box saves its draft and which version it knows; `bar` says what was restored. None for boxes without."""
    if box not in rule.BOXES:
        return None
    row, number = fresh(view, now).get(box), view.ticket.number
    bar = clashes.get(box) or (_bar(view, actor, row, number) if row else None)
    version = bar["version"] if bar else 0
    return {"href": url_for("drafts.save", number=number), "version": version, "bar": bar}


def _bar(view: View, actor: Actor, row: Draft, number: str) -> dict[str, Any]:
    older = any(
        entry.seq > row.ticket_version and entry.type in desk.MATTERS and entry.actor_id != actor.user_id
        for entry in view.entries
    )
    return {
        "clash": False, "version": row.version, "time": g.fmt.time(row.saved_at), "older": older,
        "discard_href": url_for("drafts.discard", number=number),
    }  # fmt: skip


def clash(number: str, values: Mapping[str, str], version: int, at: datetime) -> dict[str, Any]:
    """The bar that shows what another browser saved meanwhile."""
    lines = [values[name] for name in LINES if values.get(name)]
    return {
        "clash": True, "version": version, "time": g.fmt.time(at), "typed": dict(values), "lines": lines,
        "self_href": url_for("tickets.show", number=number),
    }  # fmt: skip
