"""Tickets entered by hand: complaints, expedites and inquiries of every channel that no platform pushes, one's own
question to one's superiors, and whole lists from an Excel sheet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid, NotFound, Stale
from app.domain.kinds import BY_HAND, COMPLAINT, EXPEDITE, INQUIRY
from app.domain.roles import Actor
from app.domain.waybills import normalise
from app.extensions import db
from app.services import inquiries, intake, scope
from app.services.ticket_contacts import ContactIn
from app.web import draft_forms, entry_forms, forms, page_drafts, queue_page, waybills
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("entry", __name__)


@bp.route("/tickets/new", methods=["GET", "POST"])
@route_access("new_ticket")
@requires("new_ticket")
def new() -> ResponseReturnValue:
    """Enter a complaint, an expedite or an inquiry by hand."""
    actor, now, session = current_actor(), clock.now(), db.session()
    kind, waybill = _kind(), normalise(request.args.get("waybill", ""))[:40]
    labels = queue_page.category_labels(session, kind)
    form = entry_forms.new_ticket_form(kind, labels, request.form or None, waybill)
    status = 200
    if request.method == "POST":
        try:
            site = (form.site.data or "") if "site" in form else ""
            number = intake.manual(actor=actor, complaint=_complaint(form, kind), key=_key(), now=now, site=site)
            return _after_new(actor, number, now)
        except (Invalid, Stale) as error:
            status = forms.refused(form, error)
    kept, typed = page_drafts.of_page(actor, f"new-{kind}", now)
    other = bool(waybill) and normalise(typed.get("waybill", "")) not in ("", waybill)  # a draft of another parcel
    if request.method == "GET" and typed and not other:
        draft_forms.fill(form, typed)
        form.waybill.data = form.waybill.data or waybill
    page = render_template(
        "new_ticket.html", form=form, rail=queue_page.rail(session, actor, None, now), kind=kind,
        tabs=tabs(actor, kind), submission_key=forms.page_key(status),
        kept=kept | {"version": 0, "bar": None} if other else kept,
        draft_href=page_drafts.page_of(f"new-{kind}") if other else "", p=waybills.of_parcel(form.waybill.data or ""),
    )  # fmt: skip
    return page, status


@bp.route("/tickets/ask", methods=["GET", "POST"])
@route_access("new_ticket")
@requires("new_ticket")
def ask() -> ResponseReturnValue:
    """Ask one's province or headquarters."""
    actor, now, session = current_actor(), clock.now(), db.session()
    desks = inquiries.desks_to_ask(actor)
    if not desks:
        raise NotFound("no_desk")
    form, status = entry_forms.ask_form(desks, request.form or None), 200
    if request.method == "POST":
        question = inquiries.QuestionIn(
            to=form.to.data or "", text=form.text.data or "", waybill=form.waybill.data or ""
        )
        try:
            number = inquiries.ask(actor=actor, question=question, key=_key(), now=now)
            return redirect(url_for("tickets.show", number=number), 303)
        except (Invalid, Stale) as error:
            status = forms.refused(form, error)
    kept, typed = page_drafts.of_page(actor, "ask", now)
    if request.method == "GET" and typed:
        draft_forms.fill(form, typed)
    page = render_template(
        "ask.html", form=form, rail=queue_page.rail(session, actor, None, now), submission_key=forms.page_key(status),
        tabs=tabs(actor, "ask"), kept=kept,
    )  # fmt: skip
    return page, status


def tabs(actor: Actor, current: str) -> list[dict[str, Any]]:
    """What can be opened by hand, as tabs above the form."""
    labels = {
        COMPLAINT: _("Complaint"), EXPEDITE: _("Expedite"), INQUIRY: _("Question, suggestion, praise"),
    }  # fmt: skip
    found = [
        {"label": label, "href": url_for("entry.new", kind=kind if kind != COMPLAINT else None),
         "current": kind == current}
        for kind, label in labels.items()
    ]  # fmt: skip
    if inquiries.desks_to_ask(actor):
        found.append({"label": _("Ask a superior"), "href": url_for("entry.ask"), "current": current == "ask"})
    if actor.can("ticket_import"):
        entry = {"label": _("List from Excel"), "href": url_for("ticket_import.index"), "current": current == "import"}
        found.append(entry)
    return found


def _kind() -> str:
    """The kind that the address or the form names; a complaint where it names none of those."""
    kind = request.values.get("kind", COMPLAINT)
    return kind if kind in BY_HAND else COMPLAINT


def _key() -> str:
    return request.form.get("submission_key", "")[:64]


def _after_new(actor: Actor, number: str, now: datetime) -> ResponseReturnValue:
    """To the ticket where it lies in the actor's scope, else back to the queue, which says that another desk has it.

    Its number stays untold: on a parcel with a ticket it would name one that this desk may not know of. A ticket that
    was there before says that this complaint was added to it.
    """
    try:
        ticket = scope.load(db.session(), actor, number)
    except NotFound:
        return redirect(url_for("tickets.index", opened="1"), 303)
    repeat = "1" if ticket.repeat_count and ticket.opened_at < now else None
    return redirect(url_for("tickets.show", number=number, repeat=repeat), 303)


def _complaint(form: Any, kind: str) -> intake.ComplaintIn:
    return intake.ComplaintIn(
        text=form.text.data or "", category=_offered(form.category, ""), waybill=form.waybill.data or "", kind=kind,
        channel=_offered(form.channel, "telephone"),
        complainant_kind=form.complainant_kind.data or "consignee", name=form.name.data or "",
        phone=form.phone.data or "", address=form.address.data or "",
        promised_by=forms.instant(form.promised_by) if "promised_by" in form else None,
        ordered_at=forms.instant(form.ordered_at) if "ordered_at" in form else None,
        contacts=[_contact(form, role) for role in forms.OTHERS],
    )  # fmt: skip


def _offered(field: Any, otherwise: str) -> str:
    """What was chosen, where the form offers it: events keep these codes for ever, and a hand is no platform."""
    return str(field.data) if field.data in dict(field.choices) and field.data else otherwise


def _contact(form: Any, role: str) -> ContactIn:
    name, phone, address = (form[f"{role}_{part}"].data or "" for part in ("name", "phone", "address"))
    return ContactIn(role, name, phone, address)
