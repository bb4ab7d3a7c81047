"""Builds the court's page: what each side says, with its pictures, the parcel's trace, the clocks, the ruling."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from app.domain.roles import CCS_ROLES, LCS_ROLES, Actor
from app.models import Organisation
from app.services import arbitration
from app.services.ticket_view import Entry, View
from app.web import draft_forms, parties_forms, party_panel, ticket_page, words
from app.web.thread import posts_of
from app.web.words_parties import place_name

STATEMENTS = frozenset({
    "follow_up", "result", "party_added", "party_answered", "party_disputed", "dispute_agreed", "dispute_rejected",
    "arbitration_raised", "evidence_delivered",
})  # fmt: skip
COURT = frozenset({"dispute_ruled", "evidence_ordered", "party_presumed", "presumption_final", "dispute_unanswered"})


def page_of(view: View, actor: Actor, now: datetime, form: Any = None, error: str = "") -> dict[str, Any]:
    """Everything `court.html` reads; `form` and `error` of a refused ruling."""
    cases, number = party_panel.overview(view), view.ticket.number
    handler = view.site or cases.desk
    sides = [_side(view, actor, handler, now)] if handler else []
    sides += [_side(view, actor, side.organisation, now) for side in cases.sides]
    rules = "rule_dispute" in view.actions
    kept = draft_forms.fresh(view, now).get("rule_dispute") if rules and form is None else None
    shown = form if form is not None else parties_forms.rule_form(view) if rules else None
    if kept is not None:
        draft_forms.fill(shown, MultiDict(kept.values))
    return {
        "number": number, "version": view.ticket.version, "error": error, "back_href": f"/tickets/{number}",
        "category": ticket_page.category_name(view), "waybill": view.ticket.waybill,
        "state_label": words.states()[view.ticket.state], "chips": ticket_page.chips(view, now), "sides": sides,
        "others": posts_of(_only(view, _others(view)), actor),
        "complaint": _complaint(view, actor), "trace": ticket_page.side(view, None)["trace"],
        "clocks": ticket_page.side(view, None)["clocks"], "action": url_for("parties.rule", number=number),
        "form": shown if rules else None, "filled": form is not None,
        "draft": draft_forms.state(view, actor, "rule_dispute", now, {}) if rules else None,
        "submission_key": secrets.token_urlsafe(24),
        "unheard": [place_name(place) for place in arbitration.unheard([s.case for s in cases.sides], _places(view))]
        if rules else [],
    }  # fmt: skip


def _places(view: View) -> dict[int, Organisation]:
    return {side.organisation.id: side.organisation for side in party_panel.overview(view).sides}


def _side(view: View, actor: Actor, place: Organisation, now: datetime) -> dict[str, Any]:
    """One side: what it said itself, and for the handling site what was said in its place."""
    handler = view.site or party_panel.overview(view).desk
    handling = handler is not None and place.id == handler.id
    entries = [e for e in view.entries if e.type in STATEMENTS and _speaks_for(e, place, handling=handling)]
    shown = next((side for side in party_panel.overview(view).sides if side.organisation.id == place.id), None)
    card = party_panel.card(view, actor, shown, now) if shown else None
    share = party_panel.site_share(view) if handling else card["share"] if card else ""
    return {
        "name": place_name(place), "code": place.code, "handling": handling, "card": card, "share": share,
        "desk": handling and view.site is None,
        "posts": posts_of(_only(view, entries), actor),
    }  # fmt: skip


def _speaks_for(entry: Entry, place: Organisation, *, handling: bool) -> bool:
    if entry.organisation is not None and entry.organisation.id == place.id:
        return True
    return handling and entry.role in LCS_ROLES | CCS_ROLES and entry.type != "evidence_delivered"


def _others(view: View) -> list[Entry]:
    """Orders and rulings, and the evidence of those who are no side: a province, a hub that was only asked for it."""
    sides = {side.organisation.id for side in party_panel.overview(view).sides} | {view.ticket.handling_site_id}
    return [entry for entry in view.entries if entry.type in COURT or _delivers(entry, sides)]


def _delivers(entry: Entry, sides: set[int | None]) -> bool:
    """Whether this is evidence of somebody outside; the LCS's own comes under its desk's organisation."""
    outside = entry.organisation is None or entry.organisation.id not in sides
    return entry.type == "evidence_delivered" and outside


def _complaint(view: View, actor: Actor) -> list[dict[str, Any]]:
    received = [e for e in view.entries if e.type in ("received", "repeat", "reject") and e.text]
    return posts_of(_only(view, received), actor)


def _only(view: View, entries: list[Entry]) -> View:
    return replace(view, entries=entries)
