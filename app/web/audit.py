"""The audit desk: take the next result, mark it, and the one after it opens."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import audits as rule
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.roles import Actor
from app.extensions import db
from app.jobs import sends
from app.services import audit_leases, audit_view, audits, ticket_view
from app.services.audits import Verdict
from app.web import audit_page, queue_page, words
from app.web.access import route_access
from app.web.guard import current_actor, requires

bp = Blueprint("audit", __name__)


@bp.get("/audit")
@route_access("audit")
@requires("audit")
def index() -> ResponseReturnValue:
    """What waits, and the audit that the person has before them."""
    actor = current_actor()
    if mine := audit_leases.mine(db.session(), actor, clock.now()):
        return redirect(url_for("audit.show", audit_id=mine, what=request.args.get("what")), 303)
    return _page(actor, 0)


@bp.get("/audit/<int:audit_id>")
@route_access("audit")
@requires("audit")
def show(audit_id: int) -> ResponseReturnValue:
    """One result beside its evidence. To look at it takes it from nobody."""
    return _page(current_actor(), audit_id)


@bp.post("/audit/next")
@route_access("audit")
@requires("audit")
def take_next() -> ResponseReturnValue:
    """Take the next one that nobody has."""
    return _onward(current_actor())


@bp.post("/audit/<int:audit_id>/take")
@route_access("audit")
@requires("audit")
def take(audit_id: int) -> ResponseReturnValue:
    """Take exactly this one."""
    actor = current_actor()
    try:
        audit_leases.take(actor=actor, audit_id=audit_id, now=clock.now())
    except Stale as error:
        return _page(actor, audit_id, error=words.refused(error)), 409
    return redirect(url_for("audit.show", audit_id=audit_id), 303)


@bp.post("/audit/<int:audit_id>/keep")
@route_access("audit")
@requires("audit")
def keep(audit_id: int) -> ResponseReturnValue:
    """A sign of life of whoever works on it."""
    return "", 204 if audit_leases.keep(actor=current_actor(), audit_id=audit_id, now=clock.now()) else 409


@bp.post("/audit/<int:audit_id>/skip")
@route_access("audit")
@requires("audit")
def skip(audit_id: int) -> ResponseReturnValue:
    """Give it back and take another one."""
    return _onward(current_actor(), but=audit_id)


@bp.post("/audit/back")
@route_access("audit")
@requires("audit")
def give_back() -> ResponseReturnValue:
    """Give back what one has."""
    audit_leases.give_back(actor=current_actor())
    return redirect(url_for("audit.index"), 303)


@bp.post("/audit/<int:audit_id>/mark")
@route_access("audit")
@requires("audit")
def mark(audit_id: int) -> ResponseReturnValue:
    """The mark; the reason is that of the chosen mark's own list."""
    actor, given = current_actor(), request.form.get("mark", "")
    given = given if given in rule.MARKS else ""
    verdict = Verdict(given, request.form.get(f"reason_{given}", "")[:24], request.form.get("text", "").strip())
    typed: dict[str, Any] = {"typed": vars(verdict)}
    try:
        audits.mark(actor=actor, audit_id=audit_id, verdict=verdict, now=clock.now())
    except Invalid as error:
        return _page(actor, audit_id, errors=error.fields, error=words.refused(error), **typed), 422
    except (Stale, NotAllowed) as error:
        return _refused(actor, audit_id, words.refused(error), typed)
    sends.ring()
    return _onward(actor, what=verdict.mark)


def _refused(actor: Actor, audit_id: int, error: str, typed: dict[str, Any]) -> ResponseReturnValue:
    """The page again with what was typed; the desk's own page where somebody else has marked it."""
    try:
        return _page(actor, audit_id, error=error, **typed), 409
    except NotFound:
        return _page(actor, 0, error=error, kept=typed["typed"]["text"]), 409


def _onward(actor: Actor, *, but: int = 0, what: str = "") -> ResponseReturnValue:
    found = audit_leases.take_next(actor=actor, now=clock.now(), but=but)
    if found:
        return redirect(url_for("audit.show", audit_id=found, what=what or None), 303)
    return redirect(url_for("audit.index", what=what or audit_page.NONE), 303)


def _page(actor: Actor, audit_id: int, **state: Any) -> str:
    session, now = db.session(), clock.now()
    line = audit_view.waiting(session, actor, audit_id) if audit_id else None
    view = ticket_view.view(session, actor, line.number) if line else None
    rail = queue_page.rail(session, actor, None, now)
    opened = audit_page.case_of(line, view, actor, now, **state) if line and view else None
    return render_template(
        "audit.html", rail=rail, s=audit_page.desk_of(session, actor, now, audit_id), a=opened,
        flash=audit_page.told(request.args.get("what", "")), error=state.get("error", "") if not opened else "",
        kept=state.get("kept", "") if not opened else "",
    )  # fmt: skip
