"""The panel of returns in a ticket's side: who returned it with which proof, and who decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, url_for

from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.models import Organisation
from app.services.returns_view import Return
from app.services.ticket_view import View
from app.web import attachments, words_transfers
from app.web.context import translate as _

TONES = {"open": "soon", "refused": "late", "granted": "good", "moved": "good"}


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """The returns of the ticket, the newest first; None where there never was one."""
    rows: list[Return] = view.parts.get("returns", [])
    if not rows:
        return None
    rule_href = url_for("tickets.show", number=view.ticket.number, sheet="transfer")
    return {
        "template": "_panel_returns.html", "rows": [_row(row, view) for row in rows],
        "rule_href": rule_href if "transfer" in view.actions else "",
    }  # fmt: skip


def _row(row: Return, view: View) -> dict[str, Any]:
    transfer, states, reasons = row.transfer, words_transfers.states(), words_transfers.reasons()
    return {
        "state": states.get(transfer.state, transfer.state), "tone": TONES.get(transfer.state, ""),
        "reason": reasons.get(transfer.reason, transfer.reason), "from": _name(row.from_site),
        "to": _name(row.to_site), "to_label": _("Proposed site") if transfer.state == "open" else _("New site"),
        "by": f"{row.raised_by} · {g.fmt.full(transfer.raised_at)[5:16]}", "proof": mask_text(row.proof),
        "decided": _decided(row), "pictures": attachments.pictures_of(view, transfer.event_id),
    }  # fmt: skip


def _decided(row: Return) -> str:
    if row.transfer.decided_at is None:
        return ""
    at = g.fmt.full(row.transfer.decided_at)[5:16]
    return f"{row.decided_by or _('by itself')} · {at}"


def _name(site: Organisation | None) -> str:
    if site is None:
        return ""
    name = (site.name_en or site.name) if g.fmt.english else site.name
    return f"{name} ({site.code})"
