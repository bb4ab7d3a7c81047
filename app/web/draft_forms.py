"""What a reply box shows of its draft: the form filled again, since when, and whether newer entries came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import g, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.domain import drafts as rule
from app.domain.roles import Actor
from app.models import Draft
from app.services import desk, drafts
from app.services.ticket_view import View
from app.web import forms, kind_forms, result_forms
from app.web.context import translate as _

FORMS: dict[str, Callable[[View, Any], Any]] = {
    "result": lambda view, data: result_forms.of(view, data),
    "follow_up": lambda view, data: forms.follow_up_form(data),
    "settle": lambda view, data: kind_forms.settle_form(view.ticket.category, data),
    "note": lambda view, data: forms.text_form(_("Internal note"), data),
    "ruling": lambda view, data: forms.ruling_form(data),
}
LINES = (
    "text",
    "decision",
    "promise_text",
    "finding_signed_by",
    "cause",
    "measures",
    "responsible",
    "reason",
    "waybill",
    "ticket",
)  # of another browser's draft: what somebody worded
DESKS = {"court": "parties.court", "stream": "appeals.show"}  # pages that have a ticket's form, too
Values = MultiDict[str, str]


def bound(view: View, box: str, data: Any) -> Any:
    """The form of a reply box with these fields."""
    return FORMS[box](view, data)


def fresh(view: View, now: datetime) -> dict[str, Draft]:
    """The viewer's drafts of this ticket that are still offered, by their box."""
    kept: Mapping[str, Draft] = view.parts["drafts"]
    return {box: row for box, row in kept.items() if rule.fresh(row.saved_at, now)}


def restored(view: View, now: datetime) -> dict[str, Any]:
    """The forms of the drafts, filled."""
    return {box: bound(view, box, MultiDict(row.values)) for box, row in fresh(view, now).items() if box in FORMS}


def latest(view: View, now: datetime) -> str:
    """The box in which somebody typed last; empty without a draft."""
    rows = {box: row for box, row in fresh(view, now).items() if box in FORMS}
    return max(rows, key=lambda box: rows[box].saved_at, default="")


def state(view: View, actor: Actor, box: str, now: datetime, clashes: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where a form saves its draft and which version it knows; `bar` says what was restored. None for those without."""
    if not rule.keeps(box):
        return None
    row, number = fresh(view, now).get(box), view.ticket.number
    return _state(box, number, clashes.get(box) or (_bar(view, actor, row, number) if row else None))


def of_form(session: Session, actor: Actor, number: str, box: str, now: datetime) -> tuple[dict[str, Any], Values]:
    """The same for a form on a page of its own, and what it is filled with."""
    row = drafts.of_form(session, actor, number, box)
    if row is None or not rule.fresh(row.saved_at, now):
        return _state(box, number, None), MultiDict()
    return _state(box, number, _plain_bar(row, number)), MultiDict(row.values)


def fill(form: Any, values: Any) -> None:
    """Put typed values into a form that its page has built: choices and labels stay."""
    form.process(values)


def _state(box: str, number: str, bar: dict[str, Any] | None) -> dict[str, Any]:
    version = bar["version"] if bar else 0
    return {
        "key": box, "name": f"{number}-{box}", "href": url_for("drafts.save", number=number), "version": version,
        "bar": bar,
    }  # fmt: skip


def _bar(view: View, actor: Actor, row: Draft, number: str) -> dict[str, Any]:
    older = any(
        entry.seq > row.ticket_version and entry.type in desk.MATTERS and entry.actor_id != actor.user_id
        for entry in view.entries
    )
    return {**_plain_bar(row, number), "older": older}


def _plain_bar(row: Draft, number: str) -> dict[str, Any]:
    return bar_of(row.version, row.saved_at, url_for("drafts.discard", number=number))


def bar_of(version: int, at: datetime, discard_href: str) -> dict[str, Any]:
    """The bar above a form that was filled from a draft."""
    return {
        "clash": False, "version": version, "time": g.fmt.time(at), "older": False, "discard_href": discard_href,
    }  # fmt: skip


def clash(number: str, box: str, values: Mapping[str, str], version: int, at: datetime) -> dict[str, Any]:
    """The bar that shows what another browser saved meanwhile."""
    return bar_of_clash(values, version, at, page_of(number, box, ""))


def bar_of_clash(values: Mapping[str, str], version: int, at: datetime, page: str) -> dict[str, Any]:
    """The same for the form of any page."""
    lines = [values[name] for name in LINES if values.get(name)]
    return {
        "clash": True, "version": version, "time": g.fmt.time(at), "typed": dict(values), "lines": lines,
        "self_href": page,
    }  # fmt: skip


def page_of(number: str, box: str, beside: str) -> str:
    """The page on which a form stands; `beside` is its field `from`, which one of DESKS has."""
    kind, row_id = rule.split(box)
    if row_id >= 2**63:
        return url_for("tickets.show", number=number)
    of_one = {
        rule.AUDIT: ("audit.show", "audit_id"), rule.CONTEST: ("penalty_contests.raise_one", "penalty_id"),
        rule.DECISION: ("penalties.show", "penalty_id"),
    }  # fmt: skip
    if kind in of_one:
        endpoint, name = of_one[kind]
        named: dict[str, Any] = {name: row_id}
        return url_for(endpoint, **named)
    if beside in DESKS:
        return url_for(DESKS[beside], number=number)
    return url_for("tickets.show", number=number, sheet=box if box in rule.SHEETS else None)
