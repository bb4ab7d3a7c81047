"""What the thread says of calls, waiting, categories and promises beside their label."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g

from app.domain.masking import mask_text
from app.extensions import db
from app.services.ticket_view import Entry, View
from app.web import queue_page, words, words_verify
from app.web.context import translate as _


def line(entry: Entry, view: View) -> str:
    """What follows the label; empty for entries that are not of this part."""
    told = _LINES.get(entry.type)
    return " · ".join(part for part in told(entry, view) if part) if told else ""


def findings(entry: Entry) -> list[dict[str, str]]:
    """What stands above the words of an entry that somebody wrote."""
    measure = (entry.text.get("answers") or {}).get("measure")
    return [{"label": _("What was agreed"), "value": words.word(words.measures(), measure)}] if measure else []


def seconds(n: int) -> str:
    """The length of a call: 2:05."""
    return f"{n // 60}:{n % 60:02d}"


def _contact(entry: Entry, view: View) -> list[str]:
    outcome = words.word(words.contacts(), entry.data.get("outcome", ""))
    return [outcome, seconds(int(entry.data.get("seconds", 0))), "" if entry.text else entry.who]


def _waiting(entry: Entry, view: View) -> list[str]:
    return [_("until %(time)s", time=_instant(entry.data.get("until"))), entry.who]


def _waiting_over(entry: Entry, view: View) -> list[str]:
    return [words.word(words_verify.waiting_ends(), entry.data.get("why", ""))]


def _category(entry: Entry, view: View) -> list[str]:
    if "category_names" not in g:
        g.category_names = queue_page.category_labels(db.session())
    names = g.category_names
    pair = [names.get(code, code) for code in (entry.data.get("from", ""), entry.data.get("to", ""))]
    return [" → ".join(pair)]


def _promise(entry: Entry, view: View) -> list[str]:
    what = words.word(words.promises(), entry.data.get("what", ""))
    due = entry.data.get("new_due_at") or entry.data.get("due_at")
    proof = words.word(words_verify.proofs(), entry.data.get("proof", ""))
    who = mask_text(str(entry.text.get("who", "")))
    return [what, _("by %(time)s", time=_instant(due)) if due else "", proof, who]


def _pressed(entry: Entry, view: View) -> list[str]:
    return [_("by the link that whoever answered has seen")] if entry.data.get("handed_over") else []


def _instant(text: Any) -> str:
    return g.fmt.time(datetime.fromisoformat(text)) if text else ""


_LINES = {
    "contact": _contact, "waiting": _waiting, "waiting_over": _waiting_over, "category_asked": _category,
    "category_corrected": _category, "category_refused": _category, "promise_made": _promise,
    "promise_settled": _promise, "promise_renegotiated": _promise, "promise_broken": _promise,
    "satisfied": _pressed, "reject": _pressed,
}  # fmt: skip
