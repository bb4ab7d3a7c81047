"""After an answer was sent: the most urgent ticket that the list has left, with a word on what was sent."""

from __future__ import annotations

from typing import Any

from flask import make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from sqlalchemy.orm import Session

from app import clock
from app.domain.errors import NotFound
from app.domain.roles import Actor
from app.extensions import db
from app.services import queue, scope, ticket_view
from app.web import queue_page, undo_bar, verbs


def opened(actor: Actor, sent: str) -> ResponseReturnValue:
    """Go on to the next ticket of the list in which `sent` was answered; to the list itself once it is empty."""
    session, filters = db.session(), verbs.asked_filters()
    number = queue.next_up(session, actor, filters, clock.now(), but=sent)
    asked = {**queue_page.asked(filters), "sent": sent}
    there = url_for("tickets.show", number=number, **asked) if number else url_for("tickets.index", **asked)
    if not request.htmx:
        return redirect(there, 303)
    if not number:
        response = make_response("", 200)
        response.headers["HX-Redirect"] = there
    else:
        view = ticket_view.view(session, actor, number)
        response = make_response(verbs.page(actor, view, sent=note(session, actor, sent)))
        response.headers["HX-Push-Url"] = url_for("tickets.show", number=number, **queue_page.asked(filters))
    response.headers["HX-Trigger"] = "queue-changed"
    return response


def note(session: Session, actor: Actor, number: str) -> dict[str, Any] | None:
    """What the bar above the next ticket says of the one before; nothing for a number that is not theirs to see, or
    that was never answered."""
    if not number:
        return None
    try:
        ticket = scope.load(session, actor, number[:24])
    except NotFound:
        return None
    if ticket.result_at is None:
        return None
    href = url_for("tickets.show", number=ticket.number)
    return {"number": ticket.number, "href": href, "undo": undo_bar.bar(session, actor, ticket, clock.now())}


def asked_note(session: Session, actor: Actor) -> dict[str, Any] | None:
    """The same for the number that the address names."""
    return note(session, actor, request.args.get("sent", ""))
