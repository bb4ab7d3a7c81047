"""The verbs on a ticket, shared by all roles: load in scope, form, service, response."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request

from app import clock
from app.domain import kinds
from app.domain.categories import NOTHING_TO_SOLVE
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.extensions import db, limiter
from app.services import appeals, handover, queue, replies, reveals, routing, ticket_view
from app.services.outward import Choice
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.web import (
    answer_groups,
    attachments,
    bell_mark,
    claim_check,
    forms,
    next_ticket,
    queue_page,
    read_ahead,
    result_forms,
    search_page,
    shown_in_full,
    undo_bar,
    verbs,
)
from app.web import filters as of_address
from app.web import handover as handover_page
from app.web.access import route_access
from app.web.answer_groups import AnswerGroup
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("tickets", __name__)
# of a result, past its preview
NOT_CARRIED = ("csrf_token", "confirmed", "back", "next", "stay", "attachment", "template")


@bp.get("/tickets")
@limiter.limit(
    search_page.LIMIT, key_func=lambda: f"search:{current_user.get_id()}", exempt_when=search_page.is_none,
    deduct_when=search_page.counts,
)  # fmt: skip
@route_access("queue")
@requires("queue")
def index() -> ResponseReturnValue:
    """The work queue of whoever is signed in; `?q=` searches."""
    actor, now = current_actor(), clock.now()
    if not request.args and not request.htmx and current_user.person.home:
        return redirect(of_address.view_href(current_user.person.home), 303)
    if asked := request.args.get("q", "").strip():
        return search_page.show(actor, asked, now)
    filters = verbs.asked_filters()
    session = db.session()
    rail, pane = queue_page.desk(session, actor, filters, now, frame=read_ahead.frame(session, actor))
    if request.htmx and request.headers.get("HX-Target") == "list":
        return render_template("_fresh_list.html", rail=rail, list=pane)
    opened = "opened" in request.args
    notes = handover_page.notes_of(handover.unread(session, actor)) if filters.queue == "todo" else []
    sent = next_ticket.asked_note(session, actor)
    return render_template("tickets.html", rail=rail, list=pane, t=None, opened=opened, handover_notes=notes, sent=sent)


@bp.get("/tickets/news")
@route_access("queue")
@requires("queue")
def news() -> ResponseReturnValue:
    """The poll: 204 when nothing changed, else the bar that announces what came, the renewed counters and the bell."""
    actor, session, now = current_actor(), db.session(), clock.now()
    version, unread = read_ahead.poll(session, actor)
    since = verbs.instant_of(request.args.get("since", ""))
    heard = bell_mark.know(unread) == request.args.get("bell", "")
    if since is None or (heard and version == request.args.get("version", type=int)):
        return "", 204
    filters = verbs.asked_filters()
    bar = queue_page.news(version, since, queue.newer(session, actor, since), filters)
    return render_template("_fresh_news.html", news=bar, rail=queue_page.rail(session, actor, filters, now))


@bp.get("/tickets/<number>")
@route_access("queue")
@requires("queue")
def show(number: str) -> ResponseReturnValue:
    """One ticket: the whole page, or its pane alone for HTMX; `?sheet=` opens the sheet of an action, `?sent=` names
    the ticket that was answered before."""
    actor = current_actor()
    view, frame = read_ahead.ticket(db.session(), actor)
    notice = _merged(view) if "repeat" in request.args else None
    notice = undo_bar.said() if "undone" in request.args else notice
    sent = next_ticket.asked_note(db.session(), actor)
    return verbs.page(actor, view, frame, sheet=request.args.get("sheet", ""), notice=notice, sent=sent)


def _merged(view: ticket_view.View) -> str:
    if view.ticket.kind == kinds.EXPEDITE:
        return str(_("This parcel is being expedited already: it counts as asked once more."))
    return str(_("The parcel had a ticket already: the complaint was added to it as a repeat."))


@bp.post("/tickets/<number>/claim")
@route_access("queue")
@requires("queue")
def claim(number: str) -> ResponseReturnValue:
    """Take the ticket as one's own."""
    actor, now = current_actor(), clock.now()
    return verbs.act(actor, number, "claim", None, lambda: replies.claim(actor=actor, post=verbs.post(number), now=now))


@bp.post("/tickets/<number>/follow-up")
@route_access("queue")
@requires("queue")
def follow_up(number: str) -> ResponseReturnValue:
    """A logged contact attempt with the time of the next news."""
    actor, now, form = current_actor(), clock.now(), forms.follow_up_form(request.form)
    return verbs.act(actor, number, "follow_up", form, lambda: replies.follow_up(
        actor=actor, post=verbs.post(number), text=form.text.data or "",
        contact_outcome=form.contact_outcome.data or "", next_update_at=forms.instant(form.next_update_at), now=now,
        attachments=attachments.keep(actor, number, "follow_up").checked(),
    ))  # fmt: skip


@bp.post("/tickets/<number>/result")
@route_access("queue")
@requires("queue")
def result(number: str) -> ResponseReturnValue:
    """The answer: first its preview, then, confirmed, it leaves the house."""
    actor, now, session = current_actor(), clock.now(), db.session()
    asked = ticket_view.answerable(session, actor, number)
    bound = result_forms.of(asked, request.form)
    if request.form.get("back"):
        return verbs.page(actor, ticket_view.view(session, actor, number), forms={"result": bound})
    try:
        answer = _answer(*bound, attachments.keep(actor, number, "result").checked())
    except (Invalid, NotAllowed) as error:
        return verbs.failed(actor, number, "result", bound, error)
    inside = asked.ticket.reporter_id is not None  # nothing leaves the house: there is nothing to look at first
    if inside or request.form.get("confirmed") == "1":
        return verbs.act(actor, number, "result", bound, lambda: replies.result(
            actor=actor, post=verbs.post(number), answer=answer, now=now, hold=undo_bar.hold(),
        ), onward=_onward(actor, number))  # fmt: skip
    try:
        replies.check(session, asked.ticket, answer, now)
    except Invalid as error:
        return verbs.failed(actor, number, "result", bound, error)
    return _preview(actor, number, answer, now)


@bp.post("/tickets/<number>/note")
@route_access("queue")
@requires("queue")
def note(number: str) -> ResponseReturnValue:
    """An internal note."""
    actor, now, form = current_actor(), clock.now(), forms.text_form(_("Internal note"), request.form)
    text = form.text.data or ""
    return verbs.act(actor, number, "note", form, lambda: replies.note(
        actor=actor, post=verbs.post(number), text=text, now=now,
        attachments=attachments.keep(actor, number, "note").checked(),
    ))  # fmt: skip


@bp.post("/tickets/<number>/close")
@route_access("queue")
@requires("queue")
def close(number: str) -> ResponseReturnValue:
    """Close with root cause and verification tick."""
    actor, now, form = current_actor(), clock.now(), forms.close_form(request.form)
    return verbs.act(actor, number, "close", form, lambda: replies.close(
        actor=actor, post=verbs.post(number), root_cause=form.root_cause.data or "",
        verified=bool(form.verified.data), now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/ruling")
@route_access("ruling")
@requires("ruling")
def ruling(number: str) -> ResponseReturnValue:
    """CCS rules on the appeal."""
    actor, now, form = current_actor(), clock.now(), forms.ruling_form(request.form)
    decided = appeals.RulingIn(form.ruling.data or "", form.text.data or "", form.site_code.data or "")
    return verbs.act(actor, number, "ruling", form, lambda: appeals.rule(
        actor=actor, post=verbs.post(number), ruling=decided, now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/assign")
@route_access("tray")
@requires("tray")
def assign(number: str) -> ResponseReturnValue:
    """Hand a ticket of the tray to a site."""
    actor, now, form = current_actor(), clock.now(), forms.assign_form(request.form)
    return verbs.act(actor, number, "assign", form, lambda: routing.assign(
        actor=actor, post=verbs.post(number), site_code=form.site_code.data or "", now=now,
    ))  # fmt: skip


@bp.post("/tickets/<number>/reveal")
@shown_in_full.limit
@route_access("queue")
@requires("queue")
def reveal(number: str) -> ResponseReturnValue:
    """Show the contact in full, on record."""
    actor = current_actor()
    role = request.form.get("role", "")[:16]
    shown = reveals.reveal(actor=actor, number=number, now=clock.now(), role=role)
    return verbs.page(actor, ticket_view.view(db.session(), actor, number), shown=shown)


def _onward(actor: Actor, number: str) -> Callable[[], ResponseReturnValue] | None:
    """The next ticket of the list, where the button says so."""
    return (lambda: next_ticket.opened(actor, number)) if request.form.get("next") == "1" else None


def _preview(actor: Actor, number: str, answer: ResultIn, now: datetime) -> str:
    """What is about to leave the house, and to whom; the typed fields and the pictures' ids travel along hidden."""
    doubts = claim_check.warnings(actor, number, answer, now)
    view = ticket_view.view(db.session(), actor, number)  # again: storing pictures ended what was read before
    asked = queue_page.asked(verbs.asked_filters())
    hidden = [(k, v) for k, v in request.form.items() if k not in NOT_CARRIED]
    hidden += [("attachment", str(known)) for known in answer.attachments]
    preview = {
        "number": view.ticket.number, "action": url_for("tickets.result", number=number, **asked),
        "text": request.form.get("text", ""), "hidden": hidden,
        "findings": answer_groups.leaving(answer_groups.of(view), request.form),
        "outside": _outside(view.ticket.category),
        "orders": [f"{connection.name} · {order.code}" for order, connection in view.orders],
        "pictures": attachments.chosen(view, list(answer.attachments)), "doubts": doubts,
    }  # fmt: skip
    if request.htmx:
        return render_template("_preview.html", preview=preview)
    return render_template("preview.html", preview=preview, rail=queue_page.rail(db.session(), actor, None, now))


def _outside(category: str) -> str:
    """How somebody whom no platform tells gets the answer."""
    if category in NOTHING_TO_SOLVE:
        return _("No platform order, and nothing to solve: no link is sent. Please tell the customer yourself.")
    return _("No platform order: the customer gets a link to say whether it is solved")


def _answer(form: Any, groups: Sequence[AnswerGroup], pictures: list[int]) -> ResultIn:
    choices = {group.key: answer_groups.read(form, group) for group in groups}
    only = choices.pop("", Choice())
    said = partial(result_forms.said, form)
    return ResultIn(
        text=form.text.data or "", contact_outcome=said("contact_outcome"), signed_by=said("finding_signed_by")[:60],
        courier=said("finding_courier")[:60], action_taken=said("action_taken")[:24],
        answer=only.answer, supplements=only.supplements, choices=choices, promises=_promised(form),
        attachments=pictures, no_contact_code=said("no_contact_code"),
    )  # fmt: skip


def _promised(form: Any) -> list[PromiseIn]:
    """The promise that goes with the result, if one is chosen. Raises Invalid without its time."""
    if not result_forms.said(form, "promise_what"):
        return []
    due_at = forms.instant(form.promise_due_at)
    if due_at is None:
        raise Invalid({"promise_due_at": "required"})
    return [PromiseIn(form.promise_what.data, due_at, form.promise_text.data or "", form.promise_who.data or "")]
