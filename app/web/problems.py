"""Problem parcels over HTTP: report one, the combined query, and handling many of one type."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain.errors import Invalid, Stale
from app.domain.waybills import normalise
from app.extensions import db
from app.services import batch, problem_list, problem_types, problems
from app.web import attachments, batch_page, forms, problem_forms, problem_page, queue_page
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("problems", __name__)


@bp.get("/problems")
@route_access("problems")
@requires("problems")
def index() -> ResponseReturnValue:
    """Problem parcels of the own scope, the newest first, narrowed by what the address asks for."""
    session, actor, now = db.session(), current_actor(), clock.now()
    types, query = problem_types.types(session, every=True), problem_forms.asked(request.args)
    form = problem_forms.query_form(types, request.args)
    page = problem_list.page(session, actor, query)
    return render_template(
        "problems.html", rail=queue_page.rail(session, actor, None, now), form=form,
        **problem_page.listing(actor, page, query, types, now),
    )  # fmt: skip


@bp.route("/problems/new", methods=["GET", "POST"])
@route_access("problem_report")
@requires("problem_report")
def new() -> ResponseReturnValue:
    """Report a problem parcel; choosing another type shows its fields and stores nothing."""
    session, actor = db.session(), current_actor()
    first = {"waybill": normalise(request.args.get("waybill", ""))[:40], "type": request.args.get("type", "")[:24]}
    form = problem_forms.report_form(problem_types.types(session), request.form or None, first)
    status = 200
    if request.method == "POST" and not request.form.get("retype"):
        try:
            return _report(form)
        except (Invalid, Stale) as error:
            status = forms.refused(form, error)
    form.shown.data = form.type.data
    session = db.session()
    page = render_template(
        "problem_new.html", form=form, submission_key=forms.page_key(status),
        sites=problem_page.sites(session, actor, form.waybill.data),
        rail=queue_page.rail(session, actor, None, clock.now()),
    )  # fmt: skip
    return page, status


@bp.post("/problems/batch")
@route_access("batch")
@requires("batch")
def many() -> ResponseReturnValue:
    """Everything of one type that waits for this site, up to 500, on the page that answers many at once."""
    session, actor = db.session(), current_actor()
    query = problem_list.Asked(
        type=request.form.get("type", "")[:24], side=problem_list.TO_US, state=problem_list.TO_HANDLE
    )
    try:
        if not query.type:
            raise Invalid({"tickets": "mixed_categories"})
        found = problem_list.numbers(session, actor, query, batch.MOST_PROBLEMS)
        return batch_page.page(actor, "result", found)
    except Invalid as wrong:
        return batch_page.refused(actor, "result", None, wrong), 422


def _report(form: problem_forms.ReportForm) -> ResponseReturnValue:
    """Check before any picture is read, then store the report, then the pictures' bytes."""
    actor, now = current_actor(), clock.now()
    if form.shown.data != form.type.data:
        raise Invalid({"type": "other_type"})
    pictures, refused = attachments.prepared()
    if refused:
        raise Invalid({"file": refused})
    photos = [problems.Photo(name, picture) for name, picture in pictures]
    done = problems.report(
        actor=actor, report=problem_forms.report_of(form), photos=photos, now=now,
        key=request.form.get("submission_key", "")[:64],
    )  # fmt: skip
    if done.places:
        attachments.store_all(done.places, [photo.picture for photo in photos])
    return redirect(url_for("tickets.show", number=done.number), 303)
