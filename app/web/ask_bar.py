"""What is asked of exactly this desk, said on top of its ticket beside the buttons that answer it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import url_for

from app.domain.roles import Actor
from app.services.arbitration import unheard
from app.services.case_view import Side, Wanted
from app.services.ticket_view import View
from app.web import party_panel
from app.web.context import translate as _
from app.web.words_parties import place_name


def bars_of(view: View, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """One line a request: an answer owed, a dispute to decide on, evidence to deliver, a ruling or help to give."""
    cases = party_panel.overview(view)
    found = [_answer(view, side, now) for side in _about(view, actor, "answer_as_party", "dispute")]
    found += [_decide(view, side, now) for side in _about(view, actor, "agree_dispute")]
    found += [_deliver(view, wanted, now) for wanted in cases.orders if party_panel.may_deliver(view, actor, wanted)]
    if "rule_dispute" in view.actions:
        found.append(_rule(view))
    return found + _kinds(view) + _decisions(view) + _help(view)


def _about(view: View, actor: Actor, *actions: str) -> list[Side]:
    """The cases that one of the allowed actions is about."""
    cases = party_panel.overview(view)
    open_to = [cases.about(action, actor) for action in actions if action in view.actions]
    return [side for side in cases.sides if any(side in some for some in open_to)]


def _answer(view: View, side: Side, now: datetime) -> dict[str, Any]:
    labels = {"answer_as_party": _("Give the answer"), "dispute": _("Dispute")}
    return _bar(view, _("You are asked as a responsible party."), side, labels, now)


def _decide(view: View, side: Side, now: datetime) -> dict[str, Any]:
    said = _("%(name)s disputes its liability: agree or reject.", name=place_name(side.organisation))
    return _bar(view, said, side, {"agree_dispute": _("Agree"), "reject_dispute": _("Reject")}, now)


def _bar(view: View, said: str, side: Side, labels: dict[str, str], now: datetime) -> dict[str, Any]:
    """A line about one case; the first of its allowed actions is the main one."""
    links = [
        {"label": label, "href": party_panel.sheet_href(view, action, side.organisation.code), "swap": True}
        for action, label in labels.items()
        if action in view.actions
    ]
    return {"text": said, "clock": party_panel.chip(party_panel.clock_of(view, side.case), now), "links": links}


def _deliver(view: View, wanted: Wanted, now: datetime) -> dict[str, Any]:
    link = {"label": _("Deliver"), "href": party_panel.sheet_href(view, "deliver_evidence"), "swap": True}
    clock = party_panel.chip(party_panel.clock_of_order(view, wanted), now)
    return {"text": _("Evidence is ordered from you."), "clock": clock, "links": [link]}


def _rule(view: View) -> dict[str, Any]:
    """The court: whether everybody was heard, and the way to both sides' statements."""
    sides = party_panel.overview(view).sides
    silent = unheard([side.case for side in sides], {side.organisation.id: side.organisation for side in sides})
    names = "、".join(place_name(place) for place in silent)
    said = _("At arbitration. Still to be heard: %(names)s", names=names) if names else _("Waits for your ruling.")
    link = {"label": _("Rule on it"), "href": url_for("parties.court", number=view.ticket.number), "swap": False}
    return {"text": said, "clock": None, "links": [link]}


def _decisions(view: View) -> list[dict[str, Any]]:
    """A return, or a category that eases a limit: one word of this desk, and the ticket goes on."""
    asked = {
        "transfer": (_("The site returns this ticket as not its own."), _("Rule on the return")),
        "consent_category": (_("The site asks for another category, with more time."), _("Decide on the category")),
    }  # fmt: skip
    return [_lines(view, said, [(action, label)]) for action, (said, label) in asked.items() if action in view.actions]


def _kinds(view: View) -> list[dict[str, Any]]:
    """An answer that waits for whoever asked, and an expedite that was asked about too often."""
    found = []
    if "accept_answer" in view.actions:
        labels = [("accept_answer", _("Accept the answer")), ("return_answer", _("Send the answer back"))]
        found.append(_lines(view, _("What you asked or reported is answered."), labels))
    if "to_complaint" in view.actions and view.ticket.state != "closed":
        said = _("Asked %(n)s times: it may become a complaint.", n=view.ticket.repeat_count + 1)
        found.append(_lines(view, said, [("to_complaint", _("Make a complaint of it"))]))
    return found


def _help(view: View) -> list[dict[str, Any]]:
    """A site that asks for help, and the ticket that is worked in its stead."""
    asked = [("act_for", _("Act for the site")), ("answer_help", _("Send advice"))]
    found = []
    if "answer_help" in view.actions:
        found.append(_lines(view, _("The site asks for help."), asked))
    if "stop_acting" in view.actions:
        found.append(_lines(view, _("You act for the site."), [("stop_acting", _("Give back to the site"))]))
    return found


def _lines(view: View, said: str, labels: list[tuple[str, str]]) -> dict[str, Any]:
    links = [
        {"label": label, "href": party_panel.sheet_href(view, action), "swap": True}
        for action, label in labels
        if action in view.actions
    ]
    return {"text": said, "clock": None, "links": links}
