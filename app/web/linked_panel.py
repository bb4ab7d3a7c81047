"""The other waybills of a ticket's parcel, in the side."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import words, words_closing
from app.web.context import translate as _


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """Each linked number with what made it and who said so; nothing where there is none."""
    if not view.links:
        return None
    kinds, sources = words_closing.links(), {"manual": _("by hand"), "scan": _("by scan")}
    found = [
        {"waybill": link.waybill, "kind": words.word(kinds, link.kind), "source": words.word(sources, link.source)}
        for link in view.links
    ]
    return {"template": "_panel_linked.html", "links": found}
