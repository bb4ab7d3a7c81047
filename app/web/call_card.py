"""The call to the customer on the ticket's page: timer, outcomes and script, and what its answers fill in."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import g, url_for

from app.domain import contacts as rule
from app.domain import scripts as script_rule
from app.domain.contacts import Attempt
from app.domain.corrections import NO_SIGN_SCAN
from app.domain.masking import mask_phone
from app.domain.roles import Actor
from app.domain.scripts import Question
from app.extensions import db
from app.models import Contact
from app.services import contacts, scripts
from app.services.reveals import Shown
from app.services.ticket_view import View
from app.web import vocabulary, words
from app.web.answer_groups import AnswerGroup
from app.web.context import translate as _

ORDER = ("number_off", "busy", "no_answer", "not_the_person", "reached_accepts", "reached_denies")


def card(view: View, actor: Actor, now: datetime, shown: Shown | None, state: dict[str, Any]) -> dict[str, Any] | None:
    """The viewer's call that is on; None without one. Its number is in full only where it was just shown on record."""
    call = next((row for row in reversed(_rows(view)) if _on(row, actor, now)), None)
    if call is None or "contact" not in view.actions:
        return None
    number = view.ticket.number
    phone = shown.phone if shown else mask_phone(view.person.phone) if view.person else ""
    return {
        "contact_id": call.id, "phone": phone, "tel": phone if shown else "", "since_iso": call.started_at.isoformat(),
        "seconds": max(0, int((now - call.started_at).total_seconds())), "action": url_for("calls.end", number=number),
        "again_href": "" if shown else url_for("calls.start", number=number), "error": state.get("call_error", ""),
        "outcomes": [{"code": code, "label": words.contacts()[code]} for code in ORDER],
        "questions": _asked(scripts.of(db.session(), view.ticket.category), state.get("typed") or {}),
        "submission_key": secrets.token_urlsafe(24),
    }  # fmt: skip


def chips(view: View) -> list[dict[str, str]]:
    """Beside the clocks: that the ticket waits, and what is doubtful about it."""
    found = []
    until = view.ticket.waiting_until
    if until is not None:
        text = _("Waits for the customer until %(time)s", time=g.fmt.time(until))
        found.append({"text": text, "tone": "info", "title": g.fmt.full(until), "due_iso": ""})
    if NO_SIGN_SCAN in (view.ticket.flags or []):
        found.append({"text": _("No sign scan"), "tone": "soon", "title": _("at intake"), "due_iso": ""})
    return found


def outcome_word(code: str) -> str:
    """How an attempt ended, in words: the six of a call, and those of a call about the result."""
    return words.word(words.contacts() | vocabulary.merged("outcomes"), code)


def attempts(view: View) -> list[Contact]:
    """The attempts of this round, as the page was loaded with them."""
    runs = [clock for clock in view.clocks if clock.kind == "resolve"]
    refused = {entry.at for entry in view.entries if entry.type == "callback_refused"}
    began = [run.started_at for run in sorted(runs, key=lambda run: run.run) if run.started_at not in refused]
    since = began[-1] if began else view.ticket.opened_at
    return [row for row in _rows(view) if row.outcome and row.started_at >= since]


def missing(view: View, now: datetime) -> rule.Missing | None:
    """What is missing before a result may go out without a reached customer; None when nothing."""
    made = [Attempt(row.started_at, row.outcome) for row in attempts(view)]
    return None if rule.reached(made) else rule.missing(made, now)


def offer_logged(view: View, form: Any) -> None:
    """Where an attempt was logged in this round, the form need not name one again."""
    made = attempts(view)
    if made:
        said = _("As logged: %(outcome)s", outcome=outcome_word(made[-1].outcome))
        form.contact_outcome.choices = [("", said), *form.contact_outcome.choices[1:]]
    if "no_contact_code" in form and rule.reached(Attempt(row.started_at, row.outcome) for row in made):
        del form.no_contact_code


def prefilled(view: View, bound: tuple[Any, Sequence[AnswerGroup]]) -> tuple[Any, Sequence[AnswerGroup]]:
    """A result form with what the calls of this round have brought, in every group of orders that asks: what somebody
    has typed into a draft stays."""
    form, groups = bound
    ids = {row.event_id for row in attempts(view)}
    answers: dict[str, str] = {}
    for entry in view.entries:
        if entry.type == "contact" and entry.event_id in ids:
            answers |= entry.text.get("answers") or {}
    if answers:
        for name, value in script_rule.filled(scripts.of(db.session(), view.ticket.category), answers).items():
            for field in {name, *(group.field(name) for group in groups)}:
                if field in form and not form[field].data:
                    form[field].data = value
    return bound


def _rows(view: View) -> list[Contact]:
    return view.parts.get("contacts") or []


def _on(row: Contact, actor: Actor, now: datetime) -> bool:
    return row.outcome == "" and row.user_id == actor.user_id and row.started_at > now - contacts.CALL_LASTS


def _asked(questions: Sequence[Question], typed: dict[str, str]) -> list[dict[str, Any]]:
    english, measures = g.fmt.english, words.measures()
    rows = []
    for question in questions:
        options = script_rule.YES_NO if question.kind == "yesno" else question.options
        labels = {"是": _("Yes"), "否": _("No")} if question.kind == "yesno" else measures
        rows.append({
            "name": f"answer-{question.key}", "label": (question.label_en if english else "") or question.label,
            "kind": question.kind, "options": [(one, labels.get(one, one)) for one in options],
            "value": typed.get(question.key, ""),
        })  # fmt: skip
    return rows
