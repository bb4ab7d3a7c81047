"""Builds the lines of the exemption pages: plain values, masked, with what this reader may do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g, url_for
from sqlalchemy.orm import Session

from app.domain import exemptions as rule
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.models import Clock, Exemption, Organisation, Ticket
from app.services import exemption_rulings
from app.services.exemption_view import STATES, Row
from app.web import words, words_archive, words_clocks, words_exempt
from app.web.context import translate as _
from app.web.exemption_forms import TONES

NUMBERS_SHOWN = 6


def tabs(state: str) -> list[dict[str, Any]]:
    """All, and one tab a state."""
    labels = {"": _("All"), **{code: words_exempt.states()[code] for code in STATES}}
    return [
        {"label": label, "href": url_for("exemptions.index", state=code or None), "current": code == state}
        for code, label in labels.items()
    ]


def rows(session: Session, found: Sequence[Row], actor: Actor, wrong: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The requests of a page; why this reader may not decide one is asked for all of them at once."""
    waiting = [one.exemption for one in found if one.exemption.state == "asked" and actor.can("exempt_decide")]
    asked = exemption_rulings.asked_of(session, waiting, actor) if waiting else {}
    why = {key: rule.why_not(value, actor, granting=False) for key, value in asked.items()}
    return [_row(one, actor, why.get(one.exemption.id, "none"), wrong) for one in found]


def _row(found: Row, actor: Actor, hindrance: str, wrong: dict[str, Any] | None) -> dict[str, Any]:
    """One request with its numbers and the forms that are open to this reader."""
    one = found.exemption
    mine = wrong if wrong and wrong["id"] == one.id else {}
    shown = found.numbers[:NUMBERS_SHOWN]
    return {
        "id": one.id, "reason": words.word(words_exempt.reasons(), one.reason), "facts": mask_text(one.facts),
        "text": mask_text(found.text)[:400], "state": words_exempt.states()[one.state], "tone": TONES[one.state],
        "asked": f"{g.fmt.time(one.asked_at)} · {found.asker}", "asked_full": g.fmt.full(one.asked_at),
        "decided": f"{g.fmt.time(one.decided_at)} · {found.decider}" if one.decided_at else "",
        "decision": mask_text(one.decision), "scope": scope(found), "system": system(found),
        "archived": words_archive.elsewhere() if archived(found, actor) else "",
        "numbers": [_number(*number) for number in shown], "more": len(found.numbers) - len(shown),
        "running": one.state != "asked" and one.done_at is None, "hindrance": words_exempt.hindrances().get(hindrance),
        "typed": mine.get("text", ""), "error": mine.get("error", ""), **_hrefs(one, actor, hindrance),
    }  # fmt: skip


def archived(found: Row, actor: Actor) -> bool:
    """Whether a decided request names nothing to somebody who sees tickets: they went to the archive since."""
    one = found.exemption
    return bool(one.tickets and one.done_at and one.area_id is None and not found.numbers and actor.can("queue"))


def _number(number: str, kind: str, run: int) -> dict[str, str]:
    return {"number": number, "clock": words_clocks.clock(kind, run), "href": f"/tickets/{number}"}


def _hrefs(one: Exemption, actor: Actor, hindrance: str) -> dict[str, str]:
    confirm = actor.can("system_facts") and one.state == "asked"
    revoke = actor.can("exempt_revoke") and one.state == "granted"
    real = one.reason != rule.SYSTEM_FAULT or one.system_real
    return {
        "decide_href": url_for("exemptions.decide", exemption_id=one.id) if not hindrance else "",
        "may_grant": "1" if real else "",
        "confirm_href": url_for("exemptions.confirm", exemption_id=one.id) if confirm else "",
        "revoke_href": url_for("exemptions.revoke", exemption_id=one.id) if revoke else "",
    }


def scope(found: Row) -> str:
    """How much is asked for."""
    one = found.exemption
    if one.area_id is None:
        return _("%(tickets)s tickets, %(clocks)s clocks", tickets=one.tickets, clocks=one.clocks)
    place = _("Whole network") if found.area is None else place_name(found.area)
    span = f"{g.fmt.full(one.from_at)[5:16]} – {g.fmt.full(one.until_at)[5:16]}"
    counted = _("%(tickets)s tickets, %(clocks)s clocks", tickets=one.tickets, clocks=one.clocks) if one.clocks else ""
    return " · ".join(part for part in (place, span, counted) if part)


def system(found: Row) -> str:
    """Whether the administrator has confirmed a system's fault."""
    one = found.exemption
    if one.reason != rule.SYSTEM_FAULT:
        return ""
    if one.system_real is None:
        return _("Fault not confirmed yet")
    said = _("Fault confirmed by %(who)s") if one.system_real else _("%(who)s says: no such fault")
    return said % {"who": found.confirmer}


def place_name(place: Organisation) -> str:
    """An organisation in the reader's language."""
    return (place.name_en or place.name) if g.fmt.english else place.name


def places(provinces: list[Organisation], actor: Actor) -> list[tuple[str, str]]:
    """The areas on offer."""
    network = [("", _("Whole network"))] if actor.desk == "ccs" else []
    return [*network, *((place.code, place_name(place)) for place in provinces)]


def late_row(found: tuple[Clock, Ticket, Organisation], ticked: list[int]) -> dict[str, Any]:
    """A late run that may be asked for."""
    clock, ticket, site = found
    return {
        "id": clock.id, "number": ticket.number, "href": f"/tickets/{ticket.number}", "site": place_name(site),
        "clock": words_clocks.clock(clock.kind, clock.run), "due": g.fmt.full(clock.due_at)[:16],
        "stopped": g.fmt.full(clock.stopped_at)[:16] if clock.stopped_at else _("still running"),
        "ticked": clock.id in ticked,
    }  # fmt: skip
