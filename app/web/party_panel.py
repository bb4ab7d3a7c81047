"""Responsible parties beside the ticket: who is asked, how their case stands, and what the viewer can do about it."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import g, url_for

from app.domain import responsibility as rule
from app.domain.lifecycle import AT_HEADQUARTERS
from app.domain.masking import mask_text
from app.domain.roles import SITE_ROLES, Actor
from app.models import Clock, PartyCase
from app.services.case_view import NOTHING, Overview, Side, Wanted
from app.services.ticket_view import Entry, View
from app.services.work import OF_ONE_DESK
from app.web import words, words_parties
from app.web.context import translate as _
from app.web.words_parties import place_name

TONES = {
    "answered": "good", "presumed": "late", "disputed": "ask", "rejected": "soon", "arbitration": "ask",
    "ruled": "info", "not_liable": "good", "silent": "late", "delivered": "good",
}  # fmt: skip
WHOM = frozenset({
    "party_added", "party_removed", "party_disputed", "dispute_agreed", "dispute_rejected", "arbitration_raised",
})  # fmt: skip


def overview(view: View) -> Overview:
    """The cases of the page's ticket."""
    found: Overview = view.parts.get("parties", NOTHING)
    return found


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """The panel, or nothing for a ticket without parties and orders."""
    cases = overview(view)
    if not cases.sides and not cases.orders:
        return None
    return {
        "template": "_panel_parties.html", "parties": [card(view, actor, side, now) for side in cases.sides],
        "orders": [_order(view, actor, wanted, now) for wanted in cases.orders], "site_share": site_share(view),
        "site_name": place_name(view.site) if view.site else "",
        "court_href": url_for("parties.court", number=view.ticket.number) if _contested(cases) else "",
        "court_label": _("Rule on it") if "rule_dispute" in view.actions else _("Both sides' statements"),
    }  # fmt: skip


def _contested(cases: Overview) -> bool:
    return any(side.case.state in (rule.DISPUTED, rule.REJECTED, rule.ARBITRATION, rule.RULED) for side in cases.sides)


def site_share(view: View) -> str:
    """What a ruling left to the handling site, in percent; empty before one."""
    shares = [side.case.share for side in overview(view).sides if side.case.state == rule.RULED]
    return f"{rule.WHOLE - sum(share or 0 for share in shares)} %" if shares else ""


def card(view: View, actor: Actor, side: Side, now: datetime) -> dict[str, Any]:
    """One party: its state in words, its clock, and what the viewer can do."""
    case, code = side.case, side.organisation.code
    return {
        "name": place_name(side.organisation), "code": code, "state": words_parties.states()[case.state],
        "tone": TONES.get(case.state, ""), "clock": chip(clock_of(view, case), now), "notes": _notes(side, now),
        "share": f"{case.share} %" if case.state == rule.RULED else "",
        "urge_href": _urge(view, actor, side, now), "submission_key": secrets.token_urlsafe(24),
        "links": [
            {"label": label, "href": sheet_href(view, action, code)}
            for action, label in _links().items()
            if action in view.actions and side in overview(view).about(action, actor)
        ],
    }  # fmt: skip


def _links() -> dict[str, str]:
    return {
        "answer_as_party": _("Give the answer"), "dispute": _("Dispute"), "agree_dispute": _("Agree"),
        "reject_dispute": _("Reject"), "arbitrate": _("To arbitration"), "remove_party": _("Remove party"),
    }  # fmt: skip


def sheet_href(view: View, action: str, party: str | None = None) -> str:
    """Where a sheet of the ticket opens, with one of its parties chosen."""
    return url_for("tickets.show", number=view.ticket.number, sheet=action, party=party)


def _urge(view: View, actor: Actor, side: Side, now: datetime) -> str:
    open_to = "urge_party" in view.actions and side in overview(view).about("urge_party", actor)
    open_to = open_to and rule.urge_possible_at(side.case.urged_at, now) <= now
    return url_for("parties.urge", number=view.ticket.number) if open_to else ""


def _notes(side: Side, now: datetime) -> list[str]:
    """What else there is to know about the case, a short line each."""
    case, notes = side.case, []
    if case.urged_at is not None and case.answered_at is None:
        notes.append(_("urged %(n)s×, last %(at)s", n=case.urge_count, at=g.fmt.time(case.urged_at)))
        again = rule.urge_possible_at(case.urged_at, now)
        notes += [_("can be urged again from %(at)s", at=g.fmt.time(again))] if again > now else []
    if case.contest_until is not None and case.contest_until >= now:
        notes.append(_("can be contested until %(at)s", at=g.fmt.time(case.contest_until)))
    if side.named is not None and case.state != rule.RULED:
        notes.append(_("names %(name)s", name=place_name(side.named)))
    if case.state == rule.ARBITRATION:
        notes.append(_("court: %(court)s", court=words_parties.court(case.court_id == AT_HEADQUARTERS)))
    if case.state == rule.RULED:
        final = case.court_id == AT_HEADQUARTERS
        notes.append(_("the ruling is final") if final else _("can be taken to headquarters"))
    return notes


def clock_of(view: View, case: PartyCase) -> Clock | None:
    """The clock that runs on a case: of whoever decides on it, else of the party's answer."""
    running = [clock for clock in view.clocks if clock.stopped_at is None]
    deciding = next((clock for clock in running if clock.id == case.ruling_clock_id), None)
    mine = (c for c in running if c.kind == "party_reply" and c.organisation_id == case.organisation_id)
    return deciding or next(mine, None)


def whose(clock: Clock, view: View) -> str:
    """Whom a clock waits for, where it is not the handling site and the page knows the name."""
    if clock.kind not in OF_ONE_DESK:
        return ""
    at_home = clock.kind == "ruling" and clock.organisation_id == view.ticket.province_id
    known = _name(view, clock.organisation_id, "")
    return known or (words_parties.court(not at_home) if clock.kind == "ruling" else "")


def chip(clock: Clock | None, now: datetime) -> dict[str, str] | None:
    """A countdown chip in words."""
    if clock is None:
        return None
    label, seconds = words.clock_kinds()[clock.kind], (clock.due_at - now).total_seconds()
    return {
        "text": f"{label} {g.fmt.left(clock.due_at, now)}", "label": label, "due_iso": clock.due_at.isoformat(),
        "title": g.fmt.full(clock.due_at), "tone": "late" if seconds <= 0 else "soon" if seconds <= 1800 else "",
    }  # fmt: skip


def _order(view: View, actor: Actor, wanted: Wanted, now: datetime) -> dict[str, Any]:
    order = wanted.order
    return {
        "name": place_name(wanted.organisation), "code": wanted.organisation.code, "text": mask_text(wanted.text),
        "state": words_parties.order_states()[order.state], "tone": TONES.get(order.state, ""),
        "clock": chip(clock_of_order(view, wanted), now),
        "href": sheet_href(view, "deliver_evidence") if may_deliver(view, actor, wanted) else "",
    }  # fmt: skip


def clock_of_order(view: View, wanted: Wanted) -> Clock | None:
    """The clock that runs on an evidence order."""
    return next((c for c in view.clocks if c.id == wanted.order.clock_id and c.stopped_at is None), None)


def may_deliver(view: View, actor: Actor, wanted: Wanted) -> bool:
    """Whether the viewer's organisation still owes this evidence."""
    own = "deliver_evidence" in view.actions and wanted.organisation.id == actor.organisation_id
    return own and wanted.order.state != "delivered"


def speaks(entry: Entry, view: View) -> bool:
    """Whether an entry is a party's or an ordered organisation's own word."""
    place = entry.organisation
    if place is None or entry.role not in SITE_ROLES or place.id == view.ticket.handling_site_id:
        return False
    return entry.data.get("organisation_id") == place.id or overview(view).place(place.id) is not None


def line(entry: Entry, label: str, view: View) -> str:
    """What a step without words says of its party; empty for the entries of others."""
    if entry.type not in words_parties.events():
        return ""
    if entry.type == "lateness_booked":
        return f"{label} · {_name(view, entry.data.get('to'), '')}".rstrip(" ·")
    parts = [label, _name(view, entry.data.get("organisation_id"), entry.data.get("code", "")), entry.who]
    if entry.type == "party_urged":
        parts[0] = f"{label} ({entry.data.get('n', 1)})"
    if entry.type in ("rejection_overturned", "rejection_restored"):
        parts[1] = _name(view, entry.data.get("party_id"), entry.data.get("code", ""))
    return " · ".join(part for part in parts if part)


def findings(entry: Entry, view: View) -> list[dict[str, str]]:
    """Whom an entry is about, why, and what it divides."""
    data, found = entry.data, []
    if entry.type in WHOM and entry.text:
        found.append((_("Responsible party"), _name(view, data.get("organisation_id"), data.get("code", ""))))
    if entry.type == "party_disputed":
        found.append((_("Reason"), words.word(words_parties.reasons(), data.get("reason", ""))))
        if data.get("named_id"):
            found.append((_("Names instead"), _name(view, data["named_id"], data.get("named_code", ""))))
    if entry.type == "arbitration_raised":
        found.append((_("Court"), words_parties.court(data.get("court_id") == AT_HEADQUARTERS)))
    if entry.type == "evidence_ordered":
        found.append((_("Ordered from"), _name(view, data.get("organisation_id"), data.get("code", ""))))
        found.append((_("To be here by"), g.fmt.time(datetime.fromisoformat(data["due_at"]))))
    for organisation_id, code, share in data.get("shares", []) if entry.type == "dispute_ruled" else []:
        found.append((_name(view, organisation_id, code), f"{share} %"))
    return [{"label": label, "value": value} for label, value in found]


def _name(view: View, organisation_id: Any, code: str) -> str:
    """The organisation's name where the page knows it, else its code."""
    if view.site is not None and view.site.id == organisation_id:
        return place_name(view.site)
    place = overview(view).place(organisation_id)
    return place_name(place) if place else str(code)
