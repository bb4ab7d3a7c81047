"""Builds the appeal stream: its head and list, and one appeal with all that a ruling needs, masked and worded."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import g, url_for
from sqlalchemy.orm import Session

from app.domain.lifecycle import APPEALED
from app.domain.masking import mask_start, mask_text
from app.domain.roles import Actor
from app.services import appeal_stream
from app.services.appeal_stream import Line, Ruled
from app.services.ticket_view import Entry, View
from app.web import attachments, calls_forms, draft_forms, forms, linked_panel, ticket_page, words
from app.web.context import translate as _
from app.web.thread import posts_of

REJECTIONS = frozenset({"reject", "customer_rejects"})
COMPLAINT = REJECTIONS | {"received", "repeat", "urge"}
CLAIM = frozenset({
    "follow_up", "result", "ruling", "closed", "intervened", "party_answered", "party_disputed", "dispute_ruled",
    "evidence_delivered",
})  # fmt: skip
CALLS = frozenset({"contact", "told", "customer_accepts"})
KEYS = ("upheld_return", "upheld_other_site", "upheld_compensate", "rejected_close")  # 1 to 4
LATER, NONE = "later", "none"


def stream_of(session: Session, actor: Actor, now: datetime, opened: str) -> dict[str, Any]:
    """Head and list; `seen` is a digest of what they say, for the poll."""
    head, lines = appeal_stream.head(session, actor, now), appeal_stream.lines(session, actor, now)
    facts = repr((head, [(one.number, one.holder, one.later) for one in lines]))
    seen = hashlib.sha256(facts.encode()).hexdigest()[:16]
    numbers = [
        (_("Waiting for a ruling"), head.waiting, ""),
        (_("Due within 2 h"), _capped(head.soon), "soon" if head.soon else ""),
        (_("Overdue"), _capped(head.overdue), "late" if head.overdue else ""),
        (_("Ruled by me today"), head.mine_today, ""),
    ]  # fmt: skip
    return {
        "numbers": numbers, "rows": [_row(one, now) for one in lines], "seen": seen, "opened": opened,
        "lines": {one.number: one for one in lines},
        "poll_href": url_for("appeals.head", seen=seen, open=opened), "more": head.waiting - len(lines),
    }  # fmt: skip


def _capped(n: int) -> str:
    return str(n) if n < appeal_stream.MOST else f"{appeal_stream.MOST - 1}+"


def page_of(
    session: Session, view: View, actor: Actor, now: datetime, stream: dict[str, Any], **state: Any
) -> dict[str, Any]:
    """One appeal; `state` carries the bound form and the error of a refused ruling, or what a reveal showed."""
    number, side = view.ticket.number, ticket_page.side(view, state.get("shown"))
    line = stream["lines"].get(number) or appeal_stream.line_of(session, number, actor, now)
    for one in (side["customer"], *side["contacts"]):
        one["reveal_href"] = one["reveal_href"] and url_for("appeals.reveal", number=number)
    return {
        "number": number, "ticket_href": url_for("tickets.show", number=number), "chips": ticket_page.chips(view, now),
        "state_label": words.states()[view.ticket.state], "category": ticket_page.category_name(view),
        "waybill": view.ticket.waybill, "site": ticket_page.site_name(view.site), "error": state.get("error"),
        "rejects": _rejects(view), "complaint": _complaint(view, actor),
        "claim": _without_pictures(posts_of(_only(view, CLAIM), actor)[::-1]), "side": side,
        "pictures": _pictures(view), "calls": posts_of(_only(view, CALLS), actor)[::-1],
        "calls_panel": calls_forms.calls_panel(view, actor, now), "linked": linked_panel.panel(view, actor, now),
        "court_href": url_for("parties.court", number=number) if (view.ticket.cases or {}).get("parties") else "",
        "similar": [_similar(one) for one in appeal_stream.similar(session, actor, view.ticket)],
        "record": _record(*appeal_stream.record(session, view.ticket, now)),
        "hold": _hold(view, actor, line),
        "form": _form(session, view, actor, now, state.get("form")),
    }  # fmt: skip


def told(number: str, what: str) -> dict[str, str] | None:
    """What became of the last appeal, for the line above the next one; None for an address that names nothing."""
    if what == NONE:
        return {"text": _("No appeal waits that you may rule on and nobody has."), "number": ""}
    known = words.rulings() | {LATER: _("Waits for evidence: behind the others for an hour")}
    if not number or what not in known:
        return None
    return {"text": f"{number} · {known[what]}", "number": number}


def _row(line: Line, now: datetime) -> dict[str, Any]:
    who = _("You have it") if line.mine else line.holder
    english = g.fmt.english
    category, site = line.category, line.site
    left = (line.due_at - now).total_seconds() if line.due_at else 1e9
    return {
        "number": line.number, "href": url_for("appeals.show", number=line.number), "who": who, "mine": line.mine,
        "due_text": g.fmt.left(line.due_at, now) if line.due_at else words.states()[APPEALED],
        "due_iso": line.due_at.isoformat() if line.due_at else "",
        "tone": "late" if left <= 0 else "soon" if left <= 1800 else "",
        "category": "" if category is None else category.name_en if english else category.name,
        "site": ticket_page.site_name(site), "words": mask_start(line.words, 60), "later": line.later,
        "own_work": line.own_work, "opened": g.fmt.time(line.opened_at), "opened_full": g.fmt.full(line.opened_at),
    }  # fmt: skip


def _only(view: View, kinds: frozenset[str]) -> View:
    return replace(view, entries=[entry for entry in view.entries if entry.type in kinds])


def _complaint(view: View, actor: Actor) -> list[dict[str, Any]]:
    """What came from the customer; the words that stand above as the rejection are not told twice."""
    above = [entry.text.get("text") for entry in view.entries if entry.type == "appeal_opened"][-1:]
    told = _only(view, COMPLAINT)
    kept = [e for e in told.entries if not (e.type in REJECTIONS and [e.text.get("text")] == above)]
    return _without_pictures(posts_of(replace(view, entries=kept), actor))


def _without_pictures(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pictures stand with the evidence."""
    return [{**post, "pictures": []} for post in posts]


def _rejects(view: View) -> dict[str, str] | None:
    """The customer's own words, on which is ruled."""
    said: list[Entry] = [entry for entry in view.entries if entry.type == "appeal_opened"]
    if not said:
        return None
    at = said[-1].at
    return {
        "text": mask_text(str(said[-1].text.get("text", ""))) or "—", "time_text": g.fmt.time(at),
        "time_full": g.fmt.full(at),
    }  # fmt: skip


def _pictures(view: View) -> list[dict[str, Any]]:
    """Every picture with who brought it, the newest first."""
    found = []
    for entry in reversed(view.entries):
        pictures = attachments.pictures_of(view, entry.event_id)
        if pictures:
            place = ticket_page.site_name(entry.organisation)
            by = " · ".join(part for part in (place, entry.who or _("Platform"), g.fmt.time(entry.at)) if part)
            found.append({"by": by, "pictures": pictures})
    return found


def _similar(one: Ruled) -> dict[str, Any]:
    return {
        "number": one.number, "href": url_for("tickets.show", number=one.number), "upheld": "upheld" in one.ruling,
        "ruling": words.word(words.rulings(), one.ruling),
        "where": "" if one.same_site else (one.site_name_en or one.site_name) if g.fmt.english else one.site_name,
        "text": mask_text(one.text), "time_text": g.fmt.time(one.ruled_at), "time_full": g.fmt.full(one.ruled_at),
    }  # fmt: skip


def _record(upheld: int, ruled: int) -> str:
    if not ruled:
        return _("No appeal against this site was ruled on in the last 90 days.")
    return _("Against this site in 90 days: %(upheld)s of %(ruled)s appeals upheld", upheld=upheld, ruled=ruled)


def _hold(view: View, actor: Actor, line: Line | None) -> dict[str, Any]:
    """Whether the actor may rule here and now, and if not, who has it and what to do."""
    number, ticket = view.ticket.number, view.ticket
    hold: dict[str, Any] = {"mine": False, "text": "", "take_href": "", "take_label": "", "keep_href": ""}
    if ticket.state != APPEALED or line is None:
        return hold | {"text": _("This appeal is decided.")}
    if line.had:
        return hold | {"mine": True, "keep_href": url_for("appeals.keep", number=number)}
    if line.own_work:
        return hold | {"text": words.word(words.errors(), "own_work")}
    take = {"take_href": url_for("appeals.take", number=number)}
    if not line.holder:
        return hold | take | {"text": _("Nobody has this appeal."), "take_label": _("Take this one")}
    until = g.fmt.time(line.until)
    hold["text"] = _("%(name)s has this appeal, until %(time)s at least", name=line.holder, time=until)
    return hold | (take | {"take_label": _("Take it over")} if actor.can("appeal_takeover") else {})


def _form(session: Session, view: View, actor: Actor, now: datetime, bound: Any) -> dict[str, Any]:
    number, rulings = view.ticket.number, words.rulings()
    form = bound or draft_forms.restored(view, now).get("ruling") or forms.ruling_form()
    return {
        "action": url_for("appeals.rule", number=number), "later_href": url_for("appeals.later", number=number),
        "version": view.ticket.version, "key": secrets.token_urlsafe(24), "form": form, "filled": bound is not None,
        "rulings": [(str(n), code, rulings[code], form.ruling.data == code) for n, code in enumerate(KEYS, start=1)],
        "sites": [(site.code, ticket_page.site_name(site)) for site in view.sites],
        "reasons": appeal_stream.reasons(session, actor),
        "draft": draft_forms.state(view, actor, "ruling", now, {}),
    }  # fmt: skip
