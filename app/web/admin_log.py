"""Who changed what in the tables that set the portal up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.extensions import db
from app.models import AdminLog
from app.services import admin_log
from app.web import admin, queue_page, words, words_admin
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("admin_log", __name__)
LONGEST = 80  # characters of a value
NOTHING = ([None, ""], [None, None], ["", None])  # a field that was and is empty


@bp.get("/admin/log")
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """Changes, the newest first; of one organisation or connection where its code is asked for."""
    subject = request.args.get("subject", "").strip()[:64]
    found = admin_log.below(db.session(), request.args.get("before", type=int), subject=subject)
    rows = [_row(row, who) for row, who in found[: admin_log.PAGE]]
    more = None
    if len(found) > len(rows):
        more = url_for("admin_log.index", before=found[len(rows) - 1][0].id, subject=subject or None)
    rail = {"queues": [], "others": queue_page.others(current_actor(), "admin.index")}
    return render_template(
        "admin_log.html", rows=rows, next_href=more, subject=subject, tabs=admin.tabs(), rail=rail
    )  # fmt: skip


def _row(row: AdminLog, who: str) -> dict[str, Any]:
    return {
        "time": g.fmt.full(row.at), "who": who, "what": words.word(words_admin.whats(), row.what),
        "subject": row.subject, "changes": changes(row.detail),
    }  # fmt: skip


def changes(detail: Mapping[str, Any]) -> list[str]:
    """What a change was, field by field."""
    labels = words_admin.connection_fields() | words_admin.fields() | words_admin.details()
    told = ((name, value) for name, value in detail.items() if value not in NOTHING)
    return [f"{words.word(labels, name)}: {_values(name, value)}" for name, value in told]


def _values(name: str, value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        before, after = (_one(name, one) for one in value)
        return f"{before} → {after}" if value[0] not in (None, "") else after
    return _one(name, value)


def _codes() -> dict[str, dict[str, str]]:
    """The fields that hold a code of ours."""
    return {"kind": words_admin.kinds(), "driver": words_admin.protocols(), "routing_rule": words.routing_rules()}


def _one(name: str, value: Any) -> str:
    if name in _codes():
        return words.word(_codes()[name], str(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        value = ", ".join(f"{left} = {right}" for left, right in value.items())
    text = "—" if value in (None, "") else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
