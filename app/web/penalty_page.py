"""Builds the lines of the ledger's lists: plain values, everything resolved before the template's loop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import g, url_for

from app.domain.calendars import month_bounds, month_of
from app.domain.penalties import STATES
from app.domain.penalty_rules import CAP, CODES, PenaltyRule
from app.domain.roles import Actor
from app.models import Organisation, Penalty
from app.services.penalty_view import Filters, Line, Sum
from app.web import words, words_penalties
from app.web.context import translate as _


def row(line: Line) -> dict[str, Any]:
    """One entry of the list."""
    one = line.penalty
    return {
        "id": one.id, "href": url_for("penalties.show", penalty_id=one.id), "number": line.number,
        "rule": words.word(words_penalties.rules(), one.rule), "state": words_penalties.states()[one.state],
        "tone": words_penalties.TONES[one.state], "reason": words_penalties.reasons().get(one.reason, ""),
        "organisation": place_name(line.organisation), "code": line.organisation.code, "person": line.person,
        "decided": g.fmt.time(one.decided_at), "decided_full": g.fmt.full(one.decided_at),
        "full": words_penalties.yuan(one.full_fen), "amount": words_penalties.yuan(one.amount_fen),
        "points": str(one.points) if one.points else "", "struck": one.state == "waived",
        "capped": one.amount_fen != one.full_fen,
    }  # fmt: skip


def place_name(place: Organisation) -> str:
    """An organisation's name in the reader's language."""
    return (place.name_en or place.name) if g.fmt.english else place.name


def sums(found: Mapping[str, Sum], asked: Filters) -> list[dict[str, Any]]:
    """The tiles above the list: each state with its money, and a link to its entries."""
    labels, tiles = words_penalties.states(), []
    for state in STATES:
        one = found.get(state, Sum())
        tiles.append({
            "label": labels[state], "tone": words_penalties.TONES[state], "yuan": words_penalties.yuan(one.fen),
            "n": _("%(n)s entries", n=one.entries),
            "points": _("%(n)s points", n=one.points) if one.points else "",
            "href": url_for("penalties.index", **{**address(asked), "state": state}), "current": asked.state == state,
        })  # fmt: skip
    return tiles


def address(asked: Filters) -> dict[str, Any]:
    """The filters as the address names them."""
    found = {"month": asked.month, "organisation": asked.organisation, "state": asked.state, "rule": asked.rule}
    return {name: value for name, value in found.items() if value}


def months(asked: Filters, now: datetime) -> dict[str, Any]:
    """The month before and the one after, unless it lies in the future."""
    start, end = month_bounds(asked.month)
    before, following = month_of(start - timedelta(seconds=1)), month_of(end)

    def href(month: str) -> str:
        return url_for("penalties.index", **{**address(asked), "month": month})

    return {
        "previous_label": g.fmt.month(before), "previous_href": href(before), "next_label": g.fmt.month(following),
        "next_href": href(following) if end <= now else None,
    }  # fmt: skip


def month_label(asked: Filters) -> str:
    """The month in words."""
    return str(g.fmt.month(asked.month))


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the filters offer."""
    names = words_penalties.rules()
    return {
        "state": list(words_penalties.states().items()), "rule": [(code, names[code]) for code in CODES if code != CAP],
    }  # fmt: skip


def tabs(actor: Actor, current: str = "index") -> list[dict[str, Any]]:
    """The ledger's pages for this reader."""
    court = actor.can("penalty_decide")
    pages = (
        ("index", "penalties.index", _("Penalties"), "penalties"),
        ("contests", "penalty_contests.index", _("Contests to decide") if court else _("Contests"), "penalties"),
        ("several", "penalty_contests.several", _("Contest several"), "penalty_contest"),
        ("enter", "penalties.enter", _("Enter by hand"), "penalty_enter"),
        ("rules", "penalty_rules.index", _("Penalty rules"), "penalty_rules"),
    )
    return [
        {"label": label, "href": url_for(endpoint), "current": key == current}
        for key, endpoint, label, capability in pages
        if actor.can(capability)
    ]


def hand_rules(found: Mapping[str, PenaltyRule]) -> list[tuple[str, str]]:
    """What each rule that is entered by hand charges."""
    names = words_penalties.rules()
    return [(names[code], words_penalties.text_of(rule)) for code, rule in found.items()]


def of_ticket(found: list[tuple[Penalty, Organisation]]) -> list[dict[str, Any]]:
    """The lines of a ticket's panel."""
    return [
        {
            "href": url_for("penalties.show", penalty_id=one.id), "rule": words.word(words_penalties.rules(), one.rule),
            "state": words_penalties.states()[one.state], "tone": words_penalties.TONES[one.state],
            "place": place_name(place), "points": one.points, "struck": one.state == "waived",
            "yuan": words_penalties.yuan(one.amount_fen),
        } for one, place in found
    ]  # fmt: skip
