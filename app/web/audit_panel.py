"""The side panel of a ticket's audits: the marks with their reasons, never who gave them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import words, words_audit


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """The marked audits of this ticket; None without any."""
    found = view.parts.get("audits")
    if not found:
        return None
    marks, reasons = words_audit.marks(), words_audit.mark_reasons()
    rows = [
        {
            "mark": marks[audit.mark], "tone": words_audit.TONES[audit.mark], "words": mask_text(said),
            "reason": words.word(reasons, audit.mark_reason) if audit.mark_reason else "",
            "time_text": g.fmt.time(audit.marked_at), "time_full": g.fmt.full(audit.marked_at),
            "was": marks[audit.first_mark] if audit.revised_at else "",
        }
        for audit, said in found
    ]  # fmt: skip
    return {"template": "_panel_audit.html", "rows": rows}
