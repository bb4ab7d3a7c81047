"""Saved views of the work queue: kept from the menu above the list, renamed and deleted on a page of their own."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import names
from app.domain.errors import Invalid
from app.extensions import db
from app.models import SavedView
from app.services import queue, saved_views
from app.services.queue import Filters
from app.web import filters as of_address
from app.web import queue_page, words, words_day, words_ownership
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("views", __name__)


@bp.get("/views")
@route_access("queue")
@requires("queue")
def index() -> ResponseReturnValue:
    """My views, with what each shows."""
    return _page()


@bp.post("/views")
@route_access("queue")
@requires("queue")
def save() -> ResponseReturnValue:
    """Keep the filters that the list shows under a name, and go on with them."""
    known = {row.code for row in queue.categories(db.session())}
    filters = of_address.of(request.form, known)
    try:
        saved_views.save(actor=current_actor(), name=_typed(), query=of_address.query_of(filters), now=clock.now())
    except Invalid as error:
        return _page(save_error=_fault(error), asked=filters), 422
    return redirect(of_address.view_href(of_address.query_of(filters)), 303)


@bp.post("/views/<int:view_id>")
@route_access("queue")
@requires("queue")
def rename(view_id: int) -> ResponseReturnValue:
    """Another name for a view."""
    try:
        saved_views.rename(actor=current_actor(), view_id=view_id, name=_typed())
    except Invalid as error:
        return _page(wrong=view_id, wrong_error=_fault(error)), 422
    return redirect(url_for("views.index", done="renamed"), 303)


@bp.post("/views/<int:view_id>/delete")
@route_access("queue")
@requires("queue")
def delete(view_id: int) -> ResponseReturnValue:
    """Forget a view."""
    saved_views.delete(actor=current_actor(), view_id=view_id)
    return redirect(url_for("views.index", done="deleted"), 303)


@bp.post("/views/<int:view_id>/default")
@route_access("queue")
@requires("queue")
def set_default(view_id: int) -> ResponseReturnValue:
    """Let the queue open with this view, or with the usual one again."""
    saved_views.set_default(actor=current_actor(), view_id=view_id, on=request.form.get("on") == "1")
    return redirect(url_for("views.index", done="saved"), 303)


def _page(*, save_error: str = "", asked: Filters | None = None, wrong: int = 0, wrong_error: str = "") -> str:
    actor, session = current_actor(), db.session()
    done = {"renamed": _("Saved"), "saved": _("Saved"), "deleted": _("The view is deleted.")}
    categories = queue_page.filter_labels(session)
    rows = [_row(row, categories, wrong, wrong_error) for row in saved_views.mine(session, actor)]
    return render_template(
        "views.html", rows=rows, most=saved_views.MOST, longest=saved_views.LONGEST_NAME,
        notice=done.get(request.args.get("done", ""), ""), save_error=save_error,
        save_says=says(asked, categories) if asked else "", name=_typed(),
        kept=of_address.kept(asked) if asked else [], rail=queue_page.rail_of(session, actor, clock.now()),
    )  # fmt: skip


def _typed() -> str:
    return names.plain(request.form.get("name", "")[:200])


def _row(row: SavedView, categories: dict[str, str], wrong: int, error: str) -> dict[str, Any]:
    failed = row.id == wrong
    return {
        "id": row.id, "name": _typed() if failed else row.name, "label": row.name,
        "href": of_address.view_href(row.query), "says": says(of_address.stored(row.query), categories),
        "default": row.is_default,
        "error": error if failed else "",
    }  # fmt: skip


def says(filters: Filters, categories: dict[str, str]) -> str:
    """The filters in words."""
    owners = words_ownership.owners()
    parts = [
        words.queues()[filters.queue], categories.get(filters.category, "") if filters.category else "",
        owners[filters.owner] if filters.owner else "", words_day.sorts()[filters.sort],
    ]  # fmt: skip
    return " · ".join(part for part in parts if part)


def _fault(error: Invalid) -> str:
    faults = {
        "required": _("Please give the view a name"),
        "too_long": _("At most %(n)s characters", n=saved_views.LONGEST_NAME),
        "too_many": _("%(n)s views are the most. Delete one first.", n=saved_views.MOST),
        "taken": _("You have a view with this name already"),
    }
    return faults[error.fields["name"]]
