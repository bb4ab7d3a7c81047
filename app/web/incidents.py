"""Incidents over HTTP: the list, one incident with its tickets, and what is done to all of them at once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import drafts
from app.domain.errors import Invalid, NotAllowed
from app.domain.kinds import COMPLAINT
from app.extensions import db
from app.jobs import sends
from app.services import exemption_view, incident_replies, incident_view, incidents
from app.services.exemptions import AskIn
from app.services.incidents import Added, IncidentIn, Matching
from app.services.outward import Choice
from app.services.replies import ResultIn
from app.web import (
    answer_groups,
    exemption_page,
    forms,
    incident_forms,
    incident_page,
    page_drafts,
    queue_page,
    verbs,
    words,
)
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number as number_of

bp = Blueprint("incidents", __name__)


@bp.route("/incidents", methods=["GET", "POST"])
@route_access("incidents")
@requires("incidents")
def index() -> ResponseReturnValue:
    """The incidents of the area, and the form that opens one."""
    actor, now, session, status = current_actor(), clock.now(), db.session(), 200
    places = exemption_page.places(exemption_view.provinces(session, actor), actor)
    form = incident_forms.open_form(places, request.form or None)
    if request.method == "POST":
        typed = IncidentIn(
            form.title.data or "", form.kind.data or "", form.province.data or "", form.text.data or ""
        )  # fmt: skip
        try:
            number = incidents.open_incident(actor=actor, incident=typed, now=now, key=verbs.key())
            return redirect(url_for("incidents.show", incident=number), 303)
        except Invalid as wrong:
            forms.mark(form, wrong.fields)
            status = 422
    found = incident_view.page(session, actor, number_of(request.args, "before"))
    rows = [incident_page.row(one) for one in found[: incident_view.PAGE]]
    more = found[incident_view.PAGE - 1].incident.id if len(found) > incident_view.PAGE else None
    page = render_template(
        "incidents.html", rows=rows, form=form, rail=queue_page.rail(session, actor, None, now), opened=status != 200,
        next_href=url_for("incidents.index", before=more) if more else None, submission_key=secrets.token_urlsafe(24),
    )  # fmt: skip
    return page, status


@bp.get("/incidents/<incident>")
@route_access("incidents")
@requires("incidents")
def show(incident: str) -> ResponseReturnValue:
    """One incident with its tickets."""
    said = {"saved": _("Saved"), "asked": _("The request is sent; somebody else decides.")}
    return incident_page.page(current_actor(), incident, notice=said.get(request.args.get("done", ""), ""))


@bp.post("/incidents/<incident>/add")
@route_access("incidents")
@requires("incidents")
def add(incident: str) -> ResponseReturnValue:
    """Take in pasted numbers; each that does not come in is named."""
    form = incident_forms.words_form(request.form)
    return _add(incident, "words", form, lambda: incidents.add(
        actor=current_actor(), number=incident, words=form.words.data or "", now=clock.now(),
    ))  # fmt: skip


@bp.post("/incidents/<incident>/add-matching")
@route_access("incidents")
@requires("incidents")
def add_matching(incident: str) -> ResponseReturnValue:
    """Take in what a filter names."""
    form = incident_forms.matching_form(queue_page.category_labels(db.session(), COMPLAINT), request.form)
    matching = Matching(
        form.site_code.data or "", form.category.data or "", forms.instant(form.from_at), forms.instant(form.until_at)
    )  # fmt: skip
    return _add(incident, "matching", form, lambda: incidents.add_matching(
        actor=current_actor(), number=incident, matching=matching, now=clock.now(),
    ))  # fmt: skip


@bp.post("/incidents/<incident>/reply")
@route_access("incidents")
@requires("incidents")
def reply(incident: str) -> ResponseReturnValue:
    """Answer the ticked tickets with one text after a preview; what failed stays ticked, each with its reason."""
    actor, now, ticked = current_actor(), clock.now(), request.form.getlist("ticket")
    if request.form.get("remove"):
        incidents.remove(actor=actor, number=incident, ticket_numbers=ticked[: incident_view.TICKETS], now=now)
        return redirect(url_for("incidents.show", incident=incident, done="saved"), 303)
    form, groups = incident_page.reply_form(actor, incident, request.form)
    chosen = answer_groups.read(form, groups[0]) if groups else Choice()
    answer = ResultIn(
        form.text.data or "", "", action_taken=(form.action_taken.data or "")[:24], answer=chosen.answer,
        supplements=chosen.supplements,
    )  # fmt: skip
    try:
        if request.form.get("seen") != answer.text:  # the first time, or the text is another one by now
            incident_replies.check(db.session(), actor=actor, ticket_numbers=ticked, answer=answer, now=now)
            return incident_page.page(actor, incident, forms={"reply": form}, ticked=ticked, seen=answer.text)
        done = incident_replies.reply_all(
            actor=actor, number=incident, ticket_numbers=ticked, answer=answer, now=now,
            key=request.form.get("submission_key", "")[:40],
        )  # fmt: skip
    except Invalid as wrong:
        return _wrong(incident, "reply", form, wrong, ticked=ticked), 422
    sends.ring()
    failed = [one.number for one in done if one.code]
    if not failed:
        page_drafts.sent(actor, drafts.page(drafts.REPLY, incident))
    return incident_page.page(actor, incident, outcomes=done, ticked=failed, forms={"reply": form} if failed else {})


@bp.post("/incidents/<incident>/exemption")
@route_access("incidents")
@requires("incidents")
def exemption(incident: str) -> ResponseReturnValue:
    """Ask for the clocks of all its tickets at once."""
    form = incident_forms.exemption_form(request.form)
    asked = AskIn(form.reason.data or "", form.facts.data or "", form.text.data or "")
    try:
        incidents.ask_exemption(
            actor=current_actor(), number=incident, kind=form.kind.data or "", asked=asked, now=clock.now()
        )
    except Invalid as wrong:
        return _wrong(incident, "exemption", form, wrong), 422
    except NotAllowed as wrong:
        return incident_page.page(current_actor(), incident, error=words.word(words.errors(), wrong.code)), 409
    return redirect(url_for("incidents.show", incident=incident, done="asked"), 303)


@bp.post("/incidents/<incident>/close")
@route_access("incidents")
@requires("incidents")
def close(incident: str) -> ResponseReturnValue:
    """Close it: no ticket comes in any more."""
    try:
        incidents.close(actor=current_actor(), number=incident, now=clock.now())
    except NotAllowed as wrong:
        return incident_page.page(current_actor(), incident, error=words.word(words.errors(), wrong.code)), 409
    return redirect(url_for("incidents.show", incident=incident, done="saved"), 303)


def _add(incident: str, key: str, form: Any, verb: Callable[[], Added]) -> ResponseReturnValue:
    actor = current_actor()
    try:
        added = verb()
    except Invalid as wrong:
        return _wrong(incident, key, form, wrong), 422
    except NotAllowed as wrong:
        return incident_page.page(actor, incident, error=words.word(words.errors(), wrong.code)), 409
    if not added.refused and added.tickets:
        return redirect(url_for("incidents.show", incident=incident, done="saved"), 303)
    if added.refused:
        form.words.data = "\n".join(word for word, _code in added.refused)
    notice = _("%(n)s tickets came in", n=added.tickets)
    page = incident_page.page(actor, incident, forms={key: form}, refused=added.refused, notice=notice)
    return page, 422 if added.refused else 200


def _wrong(incident: str, key: str, form: Any, wrong: Invalid, **state: Any) -> str:
    forms.mark(form, wrong.fields)
    code, numbers = wrong.fields.get("tickets", ""), wrong.detail.get("numbers")
    said = _("Tick at least one ticket") if code == "required" else words.word(words.errors(), code or "invalid")
    if isinstance(numbers, list):
        said = f"{said} {' '.join(numbers)}"
        state["ticked"] = [number for number in state["ticked"] if number not in numbers]
    return incident_page.page(current_actor(), incident, forms={key: form}, error=said, **state)
