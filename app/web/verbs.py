"""What every verb on a ticket shares on the web: where the form stood, run the service, answer with the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock, failpoints
from app.domain.errors import Invalid, NotAllowed, Stale
from app.domain.form_digest import OF_THE_POST, digest
from app.domain.roles import Actor
from app.extensions import db
from app.jobs import sends
from app.services import ticket_view
from app.services.desk import Post
from app.services.queue import Filters
from app.services.queue_frame import Frame
from app.services.ticket_view import View
from app.web import filters as of_address
from app.web import forms, presence, queue_page, read_ahead, ticket_page, undo_bar, words
from app.web.context import translate as _
from app.web.guard import current_actor


def post(number: str) -> Post:
    """Where the form stood: the version of the page, the form's one-time key, and who typed what."""
    return Post(
        number, request.form.get("version", type=int), key(), request.form.get("draft", "")[:24],
        by_id=current_actor().user_id, said=request.form.get("text", ""), form=_typed(),
    )  # fmt: skip


def _typed() -> str:
    """What stands for the whole form: the same words with another choice are another form."""
    typed = {name: request.form.getlist(name) for name in request.form if name not in OF_THE_POST}
    return digest([request.endpoint, typed])


def key() -> str:
    """The form's one-time key, empty for a form without one."""
    return request.form.get("submission_key", "")[:64]


def act(
    actor: Actor, number: str, key: str, form: Any, verb: Callable[[], Any], *,
    onward: Callable[[], ResponseReturnValue] | None = None,
) -> ResponseReturnValue:  # fmt: skip
    """Run a verb; afterwards the renewed pane or 303, on failure the page with what was typed.

    `key` names the box or sheet that the form stands in. A customer's link is shown in the answer itself: it is told
    once and stored nowhere. `onward` answers with another page, unless such a link has to be passed on first.
    """
    failpoints.reach("post.begun")
    try:
        done = verb()
    except (Invalid, Stale, NotAllowed) as error:
        return failed(actor, number, key, form, error)
    failpoints.reach("post.stored")
    sends.ring()
    failpoints.reach("post.rung")
    link = url_for("customer.show", token=done.link, _external=True) if getattr(done, "link", "") else ""
    if onward is not None and not link:
        return onward()
    if request.htmx or link:
        view = ticket_view.view(db.session(), actor, number)
        response = make_response(page(actor, view, notice=_("Saved"), link=link))
        response.headers["HX-Trigger"] = "queue-changed"
        return response
    return redirect(url_for("tickets.show", number=number), 303)


def failed(actor: Actor, number: str, key: str, form: Any, error: Exception) -> ResponseReturnValue:
    """422 with the errors beside the fields; 409 with the newer entries shown; the typed text stays in both."""
    view = ticket_view.view(db.session(), actor, number)
    if isinstance(error, Invalid) and form is not None:
        forms.mark(form[0] if isinstance(form, tuple) else form, error.fields, getattr(error, "detail", {}))
    bound = {key: form} if form is not None else {}
    text = page(actor, view, forms=bound, sheet=key, error=words.refused(error))
    return text, 422 if isinstance(error, Invalid) else 409


def page(actor: Actor, view: View, frame: Frame | None = None, **state: Any) -> str:
    """The ticket: its pane alone for HTMX, else beside the queue, whose `frame` may be read already. `state` goes to
    `ticket_page.page_of`."""
    now, session, filters = clock.now(), db.session(), asked_filters()
    t = {
        **ticket_page.page_of(view, actor, now, **state), "back_href": queue_page.address(filters),
        "link": state.get("link", ""), "presence": presence.of(view.ticket, actor, now),
        "sent": state.get("sent"), "undo": undo_bar.bar(session, actor, view.ticket, now),
        "query": _query(filters),
    }  # fmt: skip
    if read_ahead.pane_alone():
        return render_template("_ticket.html", t=t)
    rail, pane = queue_page.desk(session, actor, filters, now, selected=view.ticket.number, frame=frame)
    return render_template("tickets.html", rail=rail, list=pane, t=t)


def _query(filters: Filters) -> str:
    """What the ticket's forms carry along, so that the list beside it and the next ticket stay the chosen ones."""
    named = urlencode(queue_page.asked(filters))
    return f"?{named}" if named else ""


def asked_filters() -> Filters:
    """What the address of this request asks for."""
    return of_address.of(request.args)


def instant_of(text: str) -> datetime | None:
    """An instant out of an address; None without a zone or when it is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
