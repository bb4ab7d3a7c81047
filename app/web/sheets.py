"""Actions beside the reply box: each has a menu entry and a sheet of its own above the thread.

A builder takes (view, actor, bound form or None) and gives a sheet by `sheet`; with `MENU` in place of a form its label
alone is wanted. It stands here under the action of the
lifecycle table that opens it; where several actions share a sheet, the first one allowed opens it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import cache
from types import ModuleType
from typing import Any

from werkzeug.datastructures import MultiDict

from app.domain import drafts as rule
from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import (
    addresses,
    calls_forms,
    closing_forms,
    draft_forms,
    exemption_forms,
    help_forms,
    kind_forms,
    ownership_forms,
    parties_forms,
    promise_forms,
    transfers_forms,
)

Sheet = dict[str, Any]
Builder = Callable[[View, Actor, Any], Sheet]
PARTS: tuple[ModuleType, ...] = (  # each has SHEETS, looked up late: they build with `sheet`
    ownership_forms,
    transfers_forms,
    calls_forms,
    promise_forms,
    parties_forms,
    help_forms,
    exemption_forms,
    kind_forms,
    closing_forms,
)
MENU = object()
GRAVE = frozenset({"return", "withdraw", "recall_report", "customer_rejects", "intervene"})


def sheet(
    label: str, endpoint: str, view: View, form: Any, submit: str, *, intro: str = "", danger: bool = False, **more: Any
) -> Sheet:
    """A sheet: its menu label, where it posts, its form, and a line that says what will happen.

    `more` goes to the template: `choices` (a list of radio lines), `note` (a template with more to read), `tray` (the
    pictures that go with it), `options` (codes and names that come into question, for inputs with the list
    `sheet-places`).
    """
    if form is MENU:
        return {"label": label}
    number = view.ticket.number
    return {
        "label": label, "action": addresses.of_ticket(endpoint, number), "form": form, "submit_label": submit,
        "intro": intro, "danger": danger, "submission_key": secrets.token_urlsafe(24), **more,
    }  # fmt: skip


def menu_of(view: View, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The entries of the menu: one for each allowed action that has a sheet; what cannot be undone stands last."""
    show, found, drafted = addresses.of_ticket("tickets.show", view.ticket.number), [], draft_forms.fresh(view, now)
    for key, builder in sorted(_allowed(view).items(), key=lambda one: one[0] in GRAVE):
        made, href = builder(view, actor, MENU), f"{show}?sheet={key}"
        found.append({
            "key": key, "label": made["label"], "href": href, "grave": key in GRAVE, "drafted": key in drafted,
        })  # fmt: skip
    return found


def opened(
    view: View, actor: Actor, key: str, bound: dict[str, Any], now: datetime, clashes: dict[str, Any]
) -> Sheet | None:  # fmt: skip
    """The sheet that is asked for, with what was typed, or with the person's draft of it; None when it does not exist
    or is not allowed."""
    builder = _allowed(view).get(key)
    if builder is None:
        return None
    made = {"key": key, **builder(view, actor, bound.get(key)), "filled": key in bound}
    if made["form"] is not None and rule.keeps(key):
        made["draft"] = draft_forms.state(view, actor, key, now, clashes)
        kept = draft_forms.fresh(view, now).get(key)
        if kept is not None and key not in bound:
            draft_forms.fill(made["form"], MultiDict(kept.values))
    return made


def form_of(view: View, actor: Actor, key: str, typed: Any) -> Any:
    """The form of a sheet with what was typed; None for a sheet that is not open to this actor."""
    builder = _allowed(view).get(key)
    form = builder(view, actor, None)["form"] if builder else None
    if form is not None:
        draft_forms.fill(form, typed)
    return form


@cache
def known() -> dict[str, Builder]:
    """Every action that has a sheet, open to this actor or not."""
    return {key: builder for part in PARTS for key, builder in part.SHEETS.items()}


def _allowed(view: View) -> dict[str, Builder]:
    builders = known()
    return {action: builders[action] for action in view.actions if action in builders}
