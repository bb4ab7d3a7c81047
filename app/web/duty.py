"""The duty page: who holds the phone when, the manager behind it, the site's couriers, and the group's robots."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid, NotAllowed
from app.extensions import db
from app.jobs import sends
from app.services import duty, robots
from app.web import duty_forms, duty_page, words, words_duty
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("duty", __name__)


@bp.get("/duty")
@route_access("duty")
@requires("duty")
def index() -> ResponseReturnValue:
    """The week of one organisation, its entries, and what else is told."""
    return _page(request.args.get("site", ""))


@bp.post("/duty/entries")
@route_access("duty_keep")
@requires("duty_keep")
def add() -> ResponseReturnValue:
    """Enter somebody."""
    form, code = duty_forms.entry_form(request.form), _site()
    return _do("entry", form, code, lambda: duty.add(
        actor=current_actor(), code=code, entry=duty_forms.entry_of(form), now=clock.now(),
    ))  # fmt: skip


@bp.post("/duty/entries/<int:shift_id>/end")
@route_access("duty_keep")
@requires("duty_keep")
def end(shift_id: int) -> ResponseReturnValue:
    """End an entry."""
    code = duty.end(actor=current_actor(), shift_id=shift_id, now=clock.now())
    return redirect(url_for("duty.index", site=code, done="1"), 303)


@bp.post("/duty/manager")
@route_access("duty_keep")
@requires("duty_keep")
def set_manager() -> ResponseReturnValue:
    """Set the number that is told when the phone on duty cannot be reached."""
    form, code = duty_forms.manager_form(request.form), _site()
    phone = None if request.form.get("remove") else form.manager_phone.data or ""
    return _do("manager", form, code, lambda: duty.set_manager_phone(actor=current_actor(), code=code, phone=phone))


@bp.post("/duty/couriers")
@route_access("couriers")
@requires("couriers")
def add_courier() -> ResponseReturnValue:
    """Keep a courier or a station in the site's list."""
    form = duty_forms.courier_form(request.form)
    return _do("courier", form, "", lambda: duty.add_courier(
        actor=current_actor(), name=form.name.data or "", phone=form.phone.data or "", kind=form.kind.data or "",
    ))  # fmt: skip


@bp.post("/duty/couriers/<int:courier_id>/end")
@route_access("couriers")
@requires("couriers")
def end_courier(courier_id: int) -> ResponseReturnValue:
    """Take a courier out of the list."""
    duty.end_courier(actor=current_actor(), courier_id=courier_id)
    return redirect(url_for("duty.index", done="1", _anchor="couriers"), 303)


@bp.post("/duty/robots")
@route_access("robots")
@requires("robots")
def add_robot() -> ResponseReturnValue:
    """Add a group robot by its webhook address."""
    form = duty_forms.robot_form(request.form)
    return _do("robot", form, "", lambda: robots.add(
        actor=current_actor(), name=form.name.data or "", address=form.address.data or "",
        secret=form.secret.data or "", key=_key(), now=clock.now(),
    ))  # fmt: skip


@bp.post("/duty/robots/<int:robot_id>/end")
@route_access("robots")
@requires("robots")
def end_robot(robot_id: int) -> ResponseReturnValue:
    """Take a robot away."""
    robots.end(actor=current_actor(), robot_id=robot_id, now=clock.now())
    return redirect(url_for("duty.index", done="1", _anchor="robots"), 303)


@bp.post("/duty/robots/<int:robot_id>/test")
@route_access("robots")
@requires("robots")
def test_robot(robot_id: int) -> ResponseReturnValue:
    """Send a test message at once; how it ended stands in the robot's line."""
    key = request.form.get("submission_key", "")
    try:
        row_id = robots.test(actor=current_actor(), robot_id=robot_id, submission_key=key, now=clock.now())
    except NotAllowed as error:
        return _page("", error=words.word(words_duty.errors(), error.code)), 429, {"Retry-After": "600"}
    if row_id is not None:
        sends.deliver_one(row_id)
    return redirect(url_for("duty.index", _anchor="robots"), 303)


def _do(key: str, form: Any, code: str, verb: Callable[[], Any]) -> ResponseReturnValue:
    """Run a verb; 303 afterwards, or the page with what was typed and what is wrong with it."""
    try:
        verb()
    except Invalid as wrong:
        duty_forms.mark(form, wrong.fields)
        return _page(code, forms={key: form}, error=_("Please check the marked fields")), 422
    anchor = {"courier": "couriers", "robot": "robots"}.get(key)
    return redirect(url_for("duty.index", site=code or None, done="1", _anchor=anchor), 303)


def _page(code: str, *, forms: dict[str, Any] | None = None, error: str = "") -> str:
    actor, session, now = current_actor(), db.session(), clock.now()
    organisation = duty.place(session, actor, code)
    notice = _("Saved") if request.args.get("done") and not error else ""
    return render_template(
        "duty.html", error=error, notice=notice,
        **duty_page.page_of(session, actor, organisation, _week(), now, forms or {}),
    )  # fmt: skip


def _week() -> date | None:
    """The day whose week is shown; None is today."""
    try:
        day = date.fromisoformat(request.args.get("week", ""))
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def _site() -> str:
    return request.form.get("site", "")[:32]


def _key() -> str:
    key: str = current_app.extensions["kuaifu"].secret_key
    return key
