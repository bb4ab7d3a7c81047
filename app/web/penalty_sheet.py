"""The explanation of one entry: what happened, by which rule, reckoned line by line, and who contested it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import g, url_for

from app.domain import contests as rule
from app.domain.contests import Contested
from app.domain.masking import mask_text
from app.domain.penalty_rules import RATE
from app.domain.roles import Actor
from app.models import Event, Organisation
from app.services.penalty_contest_view import Row
from app.services.penalty_explain import Explained
from app.web import clock_pages, thread, words, words_clocks, words_exempt, words_penalties
from app.web.context import translate as _
from app.web.penalty_page import place_name
from app.web.words_penalties import yuan


def of(found: Explained, actor: Actor, now: datetime) -> dict[str, Any]:
    """Everything that the page reads."""
    row = found.line.penalty
    return {
        "id": row.id, "title": words.word(words_penalties.rules(), row.rule), "facts": _facts(found),
        "state": words_penalties.states()[row.state], "tone": words_penalties.TONES[row.state],
        "reason": words_penalties.reasons().get(row.reason, ""), "sum": list(_sum(found)),
        "total": _("%(n)s points", n=row.points) if row.points else _("%(yuan)s yuan", yuan=yuan(row.amount_fen)),
        "events": [_event(event, place) for event, place in found.events],
        "clock": _clock(found),
        "exemptions": [_exemption(event) for event in found.exemptions],
        "contests": [contest(one, now) for one in found.contests], "number": found.line.number,
        "ticket_href": url_for("tickets.show", number=found.line.number) if found.opens else "",
        "contest_href": url_for("penalty_contests.raise_one", penalty_id=row.id) if not found.hindrance else "",
        "why_not": words_penalties.hindrances()[found.hindrance] if _says(found, actor) else "",
        "decide": _decide(found, actor), "printed_at": g.fmt.full(now),
        "final": bool(found.contests) and not found.hindrance,
        "list_href": url_for("penalties.index", month=row.month),
        "siblings": [
            (url_for("penalties.show", penalty_id=one.id), words.word(words_penalties.rules(), one.rule),
             _("%(n)s points", n=one.points) if one.points else _("%(yuan)s yuan", yuan=yuan(one.amount_fen)),
             words_penalties.states()[one.state])
            for one in found.siblings
        ],
    }  # fmt: skip


def _clock(found: Explained) -> dict[str, Any] | None:
    """The run behind it as on its own page, without what stands above already."""
    if found.run is None:
        return None
    page, said = clock_pages.page_of(found.run), (_("Ticket"), _("Assessed"))
    return {**page, "facts": [fact for fact in page["facts"] if fact[0] not in said]}


def _says(found: Explained, actor: Actor) -> bool:
    return found.hindrance in ("contest_over", "no_step_left") and actor.can("penalty_contest")


def _facts(found: Explained) -> list[tuple[str, str]]:
    row, rule_ = found.line.penalty, found.rule
    version = _("version %(n)s, in force from %(time)s", n=rule_.version, time=g.fmt.full(rule_.effective_from))
    place = found.line.organisation
    facts = [
        (_("Charged to"), f"{place_name(place)} ({place.code})"),
        (_("Ticket"), found.line.number),
        (_("Fact decided at"), g.fmt.full(row.decided_at)),
        (_("Found by"), words_penalties.deciders().get(row.ruled_by, row.ruled_by)),
        (_("Charged in"), g.fmt.month(row.month)),
        (_("Rule"), words_penalties.text_of(rule_)),
        (_("Version"), version),
    ]
    if found.line.person:
        facts.insert(1, (_("Person"), found.line.person))
    if found.corrects:
        facts.append((_("Takes back"), _("the entry of %(month)s", month=g.fmt.month(found.corrects.month))))
    return facts


def _sum(found: Explained) -> Iterator[dict[str, str]]:
    """The arithmetic, line by line; the last one is what is charged."""
    row, rule_ = found.line.penalty, found.rule
    if found.corrects:
        yield _step(_("Charged in the frozen month"), yuan(found.corrects.amount_fen))
        yield _step(_("Charged back"), yuan(row.amount_fen))
        return
    if row.points:
        yield _step(_("Points by the rule"), _("%(n)s points", n=rule_.points))
    if rule_.kind == RATE and row.full_fen:
        yield _step(_("Amount of the loss or cost"), yuan(row.base_fen))
        share = f"{rule_.numerator}/{rule_.denominator}"
        yield _step(_("times %(rate)s, rounded half up to the fen", rate=share), yuan(row.full_fen))
    elif row.full_fen:
        yield _step(_("Price by the rule"), yuan(row.full_fen))
    if row.room_fen is not None and found.cap_fen is not None:
        yield _step(_("Cap of a ticket"), yuan(found.cap_fen))
        yield _step(_("less what this ticket was charged before"), yuan(row.room_fen - found.cap_fen))
        yield _step(_("What the cap has left"), yuan(row.room_fen))
    if row.absorbed_by:
        name = words.word(words_penalties.rules(), row.absorbed_by)
        yield _step(_("Replaced by: %(rule)s", rule=name), yuan(-row.amount_fen))
    elif row.state == "waived" and not row.points:
        yield _step(words_penalties.reasons().get(row.reason, _("Waived")), yuan(-row.amount_fen))
    waived = row.state == "waived"
    points = _("%(n)s points", n=0 if waived else row.points)
    charged = points if row.points else yuan(0 if waived else row.amount_fen)
    yield {**_step(_("Amount of the penalty"), charged), "last": "1"}


def _step(label: str, value: str) -> dict[str, str]:
    return {"label": label, "value": value, "last": ""}


def _event(event: Event, place: Organisation | None) -> dict[str, str]:
    """One proving event: when, what, by whom."""
    names = words_clocks.events() | thread.names() | {"penalty_entered": _("Entered by hand")}
    kind = event.data.get("kind") or event.data.get("clock")
    label = words.word(names, event.type)
    if kind:
        label = f"{label} · {words_clocks.clock(str(kind), int(event.data.get('run', 1)))}"
    return {
        "at": g.fmt.full(event.at), "text": label, "by": place_name(place) if place else _("System"),
        "id": str(event.id), "hash": event.hash[:12],
    }  # fmt: skip


def _exemption(event: Event) -> dict[str, str]:
    label = words.word(words_exempt.events(), event.type)
    return {"at": g.fmt.full(event.at),
            "text": f"{label} · {words.word(words_exempt.reasons(), event.data.get('reason', ''))}"}  # fmt: skip


def contest(one: Row, now: datetime) -> dict[str, Any]:
    """A contest with its statement, what was attached by itself, its due and its decision; texts masked."""
    found, evidence = one.contest, one.contest.evidence or {}
    open_ = found.state == rule.OPEN
    return {
        "id": found.id, "state": words_penalties.contest_states()[found.state],
        "tone": words_penalties.CONTEST_TONES[found.state], "open": open_,
        "reason": words.word(words_penalties.contest_reasons(), found.reason), "text": mask_text(one.text),
        "raised": f"{g.fmt.full(found.raised_at)} · {one.raiser}", "final": found.step == rule.FINAL,
        "due": g.fmt.full(found.due_at), "left": g.fmt.left(found.due_at, now) if open_ else "",
        "due_tone": "late" if found.due_at <= now else "soon" if (found.due_at - now).total_seconds() < 14_400 else "",
        "court": _("Headquarters service") if found.court_id == 0 else _("Province service"),
        "decided": f"{g.fmt.full(found.decided_at)} · {one.judge or _('System')}" if found.decided_at else "",
        "decision": mask_text(one.decision), "attached": list(_attached(evidence)), "incident": one.incident,
        "href": url_for("penalties.show", penalty_id=found.penalty_id), "number": one.number,
        "rule": words.word(words_penalties.rules(), one.penalty.rule), "site": place_name(one.organisation),
        "yuan": yuan(one.penalty.amount_fen), "points": one.penalty.points,
        "ticket_href": url_for("tickets.show", number=one.number),
    }  # fmt: skip


def _attached(evidence: dict[str, Any]) -> Iterator[str]:
    """What was attached by itself, counted."""
    if evidence.get("clock_id"):
        yield _("explanation of the clock")
    yield _("%(n)s proving events", n=len(evidence.get("event_ids", ())))
    yield _("%(n)s scans", n=len(evidence.get("scan_ids", ())))
    yield _("%(n)s calls", n=len(evidence.get("call_ids", ())))


def _decide(found: Explained, actor: Actor) -> dict[str, Any] | None:
    """The open contest that this reader may decide, or why not."""
    waiting: Sequence[Row] = [one for one in found.contests if one.contest.state == rule.OPEN]
    if not waiting or not actor.can("penalty_decide"):
        return None
    code = rule.why_not(Contested(waiting[0].contest.court_id, found.hands), actor)
    return {"id": waiting[0].contest.id, "why_not": words_penalties.hindrances()[code] if code else ""}
