"""Builds the pages of incidents: plain values, masked, with the forms that are open to this reader."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from flask import g, render_template
from sqlalchemy.orm import Session

from app import clock
from app.domain import drafts
from app.domain.kinds import COMPLAINT
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.extensions import db
from app.models import Incident, Organisation, Ticket
from app.services import incident_replies, incident_view, incidents
from app.services.incident_view import Row
from app.services.one_by_one import Done
from app.web import incident_forms, page_drafts, queue_page, words, words_incident
from app.web.answer_groups import AnswerGroup
from app.web.exemption_page import place_name


def row(found: Row) -> dict[str, Any]:
    """One line of the list."""
    one = found.incident
    return {
        "number": one.number, "title": mask_text(one.title), "kind": words.word(words_incident.kinds(), one.kind),
        "province": place_name(found.province) if found.province else "", "tickets": found.tickets, "open": found.open,
        "opened": f"{g.fmt.time(one.opened_at)} · {found.opener}", "closed": one.closed_at is not None,
    }  # fmt: skip


def reply_form(actor: Actor, number: str, data: Any = None) -> tuple[Any, Sequence[AnswerGroup]]:
    """The form of the mass reply with the answers that its platforms allow."""
    session = db.session()
    return incident_forms.reply_form(
        incident_view.answers(session, actor, incidents.load(session, actor, number)), data
    )  # fmt: skip


def page(actor: Actor, number: str, **state: Any) -> str:
    """One incident; `state` carries bound forms, ticks, outcomes, a notice or an error."""
    session, now = db.session(), clock.now()
    session.rollback()  # what was read before a verb is not what stands now
    one = incidents.load(session, actor, number)
    found, bound = incident_view.tickets(session, actor, one), state.get("forms") or {}
    shown = found[: incident_view.TICKETS]
    kept, typed = page_drafts.of_page(actor, drafts.page(drafts.REPLY, number), now)
    begun = bool(typed) and not any(state.get(name) for name in ("forms", "outcomes", "ticked"))
    ticked = typed.getlist("ticket") if begun else state.get("ticked")
    outcomes = {done.number: done for done in state.get("outcomes") or ()}
    rows = [_ticket(ticket, site, actor, ticked, outcomes.get(ticket.number)) for ticket, site in shown]
    return render_template(
        "incident.html", i=_head(session, one, actor), rows=rows, more=len(found) > len(shown),
        reply_form=bound.get("reply") or reply_form(actor, number, typed if begun else None)[0], kept=kept,
        words_form=bound.get("words") or incident_forms.words_form(), seen=state.get("seen"),
        matching_form=bound.get("matching") or _matching_form(session),
        exemption_form=bound.get("exemption") or incident_forms.exemption_form(), opened=set(bound),
        may_reply=any(one["may_reply"] for one in rows) or any(done.code for done in outcomes.values()),
        error=state.get("error", ""),
        notice=state.get("notice", ""), refused=_refused(state.get("refused", ())),
        done=sum(not done.code for done in outcomes.values()), failed=sum(bool(d.code) for d in outcomes.values()),
        sent=bool(outcomes) and not any(done.code for done in outcomes.values()),
        submission_key=secrets.token_urlsafe(24), rail=queue_page.rail(session, actor, None, now),
    )  # fmt: skip


def _refused(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    table = words.errors()
    return [(word, words.word(table, code)) for word, code in pairs]


def _head(session: Session, one: Incident, actor: Actor) -> dict[str, Any]:
    place = session.get(Organisation, one.province_id) if one.province_id else None
    return {
        "number": one.number, "title": mask_text(one.title), "kind": words.word(words_incident.kinds(), one.kind),
        "text": mask_text(one.text), "province": place_name(place) if place else "",
        "opened": g.fmt.full(one.opened_at),
        "closed": g.fmt.full(one.closed_at) if one.closed_at else "",
        "may_close": one.closed_at is None and incidents.may_close(actor, one),
    }  # fmt: skip


def _ticket(
    ticket: Ticket, site: Organisation | None, actor: Actor, ticked: list[str] | None, done: Done | None
) -> dict[str, Any]:
    may = incident_replies.may_reply(ticket, actor)
    outcome = "" if done is None else words.word(words.errors(), done.code) if done.code else words.states()["replied"]
    return {
        "number": ticket.number, "href": f"/tickets/{ticket.number}", "waybill": ticket.waybill,
        "site": place_name(site) if site else "—", "state": words.states()[ticket.state], "may_reply": may,
        "ticked": may if ticked is None else ticket.number in ticked, "outcome": outcome,
        "failed": bool(done and done.code), "due": g.fmt.time(ticket.next_due_at) if ticket.next_due_at else "—",
    }  # fmt: skip


def _matching_form(session: Session) -> Any:
    return incident_forms.matching_form(queue_page.category_labels(session, COMPLAINT))
