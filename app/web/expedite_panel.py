"""The expedite that a complaint was made of, in the side: what was asked when, and what the site said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, url_for

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services.expedite_view import Before
from app.services.ticket_view import View
from app.web import thread


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """Its number and entries; nothing for a complaint that no expedite became."""
    before: Before | None = view.parts.get("expedite")
    if before is None:
        return None
    labels = thread.names()
    return {
        "template": "_panel_expedite.html", "number": before.number, "times": before.times,
        "href": url_for("tickets.show", number=before.number) if before.open else "",
        "entries": [
            {"time": g.fmt.full(at)[5:16], "label": labels.get(kind, kind), "text": mask_text(text)}
            for at, kind, text in before.entries
        ],
    }  # fmt: skip
