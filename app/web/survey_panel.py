"""The side panel of a ticket's rating."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import words_survey


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """What the complainant said, or that they were asked; None where nobody was."""
    found = view.parts.get("survey")
    if found is None:
        return None
    survey = found.survey
    at = survey.rated_at or survey.reminded_at or survey.asked_at
    return {
        "template": "_panel_survey.html", "score": words_survey.score(survey.score) if survey.score else "",
        "tone": words_survey.TONES.get(survey.score, ""), "text": mask_text(found.text), "counted": survey.counted,
        "reminded": survey.reminded_at is not None, "by_call": survey.rated_by == "call",
        "time_text": g.fmt.time(at), "time_full": g.fmt.full(at),
    }  # fmt: skip
