"""The hand-over sheet of a shift: on the screen, on A4, and the note that the next shift finds on its queue."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid
from app.domain.handover import GROUPS
from app.domain.masking import mask_start, mask_text
from app.domain.roles import Actor
from app.extensions import db
from app.models import HandoverNote
from app.services import handover
from app.services.handover import Line
from app.web import forms, help_forms, queue_page, thread, verbs, words, words_help
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("handover", __name__)
LAST_TEXT = 80  # characters of the last entry on paper


@bp.get("/handover")
@route_access("handover")
@requires("handover")
def show() -> ResponseReturnValue:
    """The open tickets of the own desk in their groups."""
    return page(current_actor(), help_forms.text_form(_("Note for the next shift")))


@bp.post("/handover")
@route_access("handover")
@requires("handover")
def leave() -> ResponseReturnValue:
    """Leave a note for the next shift."""
    actor, form = current_actor(), help_forms.text_form(_("Note for the next shift"), request.form)
    try:
        handover.leave_note(actor=actor, text=form.text.data or "", now=clock.now(), key=verbs.key())
    except Invalid as error:
        forms.mark(form, error.fields)
        return page(actor, form), 422
    return redirect(url_for("handover.show"), 303)


@bp.post("/handover/notes/<int:note_id>/read")
@route_access("handover")
@requires("handover")
def read(note_id: int) -> ResponseReturnValue:
    """The next shift has read a note: it leaves the queue."""
    handover.read_note(actor=current_actor(), note_id=note_id, now=clock.now())
    return redirect(url_for("tickets.index"), 303)


def page(actor: Actor, form: Any) -> str:
    """The sheet; a site sees all its tickets, the superiors those that wait for them unless they ask for all."""
    session, now = db.session(), clock.now()
    every = actor.desk == "site" or request.args.get("all") == "1"
    found = handover.listing(session, actor, now, every=every)
    categories, events = queue_page.category_labels(session), thread.names()
    groups = words_help.groups()
    rows = [(line.group, _row(line, now, categories, events)) for line in found.lines]
    return render_template(
        "handover.html", rail=queue_page.rail(session, actor, None, now), form=form, printed_at=g.fmt.full(now),
        groups=[{"label": groups[key], "rows": [row for of, row in rows if of == key]} for key in GROUPS],
        total=len(rows), limit=handover.ROWS if found.more else 0, every=every, superior=actor.desk != "site",
        notes=notes_of(handover.latest(session, actor, now)), submission_key=secrets.token_urlsafe(24),
    )  # fmt: skip


def notes_of(rows: list[tuple[HandoverNote, str]]) -> list[dict[str, str]]:
    """Notes as pages show them: masked like any free text."""
    return [
        {
            "by": name, "time_text": g.fmt.full(note.at)[5:16], "text": mask_text(note.text),
            "read_href": url_for("handover.read", note_id=note.id), "read": _("read") if note.read_at else "",
        }
        for note, name in rows
    ]  # fmt: skip


def _row(line: Line, now: datetime, categories: dict[str, str], events: dict[str, str]) -> dict[str, Any]:
    ticket, site = line.ticket, line.site
    text = mask_start(line.last_text, LAST_TEXT) or events.get(line.last_type, "")
    return {
        "number": ticket.number, "href": url_for("tickets.show", number=ticket.number), "tail": ticket.waybill[-4:],
        "category": categories.get(ticket.category, ticket.category), "state": words.states()[ticket.state],
        "owner": line.owner or _("nobody"), "promised": _promised(line), "left": _left(line, now),
        "site": ((site.name_en or site.name) if g.fmt.english else site.name) if site else "",
        "last": f"{g.fmt.full(line.last_at)[5:16]} {text}" if line.last_at else "", "marks": _marks(line),
    }  # fmt: skip


def _left(line: Line, now: datetime) -> str:
    return g.fmt.left(line.due_at, now) if line.due_at else "—"


def _promised(line: Line) -> str:
    if line.promise is None:
        return ""
    return f"{words.word(words.promises(), line.promise.what)} {g.fmt.full(line.promise.due_at)[5:16]}"


def _marks(line: Line) -> list[str]:
    ticket, found = line.ticket, []
    if line.broken:
        found.append(_("Promise broken"))
    if ticket.help_asked_at is not None:
        found.append(_("help asked"))
    if ticket.waiting_until is not None:
        found.append(_("waits until %(time)s", time=g.fmt.full(ticket.waiting_until)[5:16]))
    if ticket.repeat_count:
        found.append(_("Repeated %(n)s×", n=ticket.repeat_count))
    return found
