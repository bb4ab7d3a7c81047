"""The bell: its count on every page, the page of notices, and what marks them as read. It has no poll of its own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.notices import NOT_EXPORTED, RECTIFY
from app.extensions import db
from app.services import notices
from app.services.notices import Line
from app.web import bell_mark, queue_page, words_notices
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number

bp = Blueprint("bell", __name__)
LATE = ("refused", "rejected", "promise_broken", "repeated", "rectify_late", NOT_EXPORTED)  # shown in red


def init(app: Flask) -> None:
    """Templates ask for the bell where they show the menu."""
    app.jinja_env.globals.update(bell=bell_mark.shown)


@bp.get("/notices")
@route_access("signed_in")
@requires()
def index() -> ResponseReturnValue:
    """What was told, the newest first."""
    actor, session = current_actor(), db.session()
    lines, before = notices.page(session, actor, number(request.args, "before"))
    labels = words_notices.notices()
    categories = queue_page.category_labels(session) if any(line.category for line in lines) else {}
    return render_template(
        "notices.html", rows=[_row(line, labels, categories) for line in lines], upto=lines[0].id if lines else 0,
        next_href=url_for("bell.index", before=before) if before else None,
        rail=queue_page.rail_of(session, actor, clock.now()),
    )  # fmt: skip


@bp.post("/notices/<int:notice_id>/open")
@route_access("signed_in")
@requires()
def follow(notice_id: int) -> ResponseReturnValue:
    """Read, and on to what it is about."""
    return redirect(_about(notices.read(actor=current_actor(), notice_id=notice_id, now=clock.now())), 303)


def _about(line: Line) -> str:
    """The page of what a notice is about: the ticket, the rectification form, or the exports."""
    if line.number:
        return url_for("tickets.show", number=line.number)
    if line.kind in RECTIFY:
        return url_for("rectifications.of_entry", entry_id=line.about)
    return url_for("exports.index")


@bp.post("/notices/<int:notice_id>/read")
@route_access("signed_in")
@requires()
def read(notice_id: int) -> ResponseReturnValue:
    """Read, and nothing more to do."""
    notices.read(actor=current_actor(), notice_id=notice_id, now=clock.now())
    return redirect(_here(), 303)


@bp.post("/notices/read")
@route_access("signed_in")
@requires()
def read_all() -> ResponseReturnValue:
    """All that the page could show are read; one that came since stays."""
    notices.read_all(actor=current_actor(), upto=number(request.form, "upto") or 0, now=clock.now())
    return redirect(url_for("bell.index"), 303)


def _here() -> str:
    return url_for("bell.index", before=number(request.form, "before") or None)


def _row(line: Line, labels: dict[str, str], categories: dict[str, str]) -> dict[str, Any]:
    return {
        "id": line.id, "text": labels[line.kind], "read": line.read, "number": line.number,
        "category": categories.get(line.category, line.category),
        "tone": "late" if line.kind in LATE else "",
        "href": _about(line), "about": _("Rectification") if line.kind in RECTIFY else _("My exports"),
        "time_text": g.fmt.time(line.at), "time_full": g.fmt.full(line.at),
    }  # fmt: skip
