"""Emergency mode over HTTP: the periods that concern the reader, announcing one after a preview, ticking off."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import clock
from app.domain.errors import Invalid, NotAllowed
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.extensions import db
from app.models import Emergency, Organisation
from app.services import emergencies, exemption_view
from app.web import emergency_forms, exemption_page, forms, queue_page, verbs, words, words_emergency
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("emergencies", __name__)


def init(app: Flask) -> None:
    """Every page can ask for the banner; the session says whether there is anything to ask for."""
    app.jinja_env.globals["emergency_banner"] = banner


def banner() -> list[dict[str, str]]:
    """The periods in force that concern the reader. No statement while there is none anywhere."""
    if not getattr(session, "emergency", False) or not current_user.is_authenticated:
        return []
    rows = emergencies.banner(db.session(), current_actor(), clock.now())
    href = url_for("emergencies.index") if current_actor().can("emergencies") else ""
    return [
        {"name": mask_text(row.name), "until": g.fmt.time(row.until_at), "says": _effect(row), "href": href}
        for row in rows
    ]


@bp.route("/emergencies")
@route_access("emergencies")
@requires("emergencies")
def index() -> ResponseReturnValue:
    """The periods that concern the reader."""
    return _list()


@bp.route("/emergencies/new", methods=["GET", "POST"])
@route_access("emergency_announce")
@requires("emergency_announce")
def new() -> ResponseReturnValue:
    """Announce a period: first what it would touch, then for good."""
    actor, now, shown, error = current_actor(), clock.now(), None, ""
    places = exemption_page.places(exemption_view.provinces(db.session(), actor), actor)
    form = emergency_forms.announce_form(places, request.form or None)
    if request.method == "POST":
        period = emergency_forms.period_of(form)
        try:
            if request.form.get("confirmed"):
                emergencies.announce(actor=actor, period=period, now=now, key=verbs.key())
                return redirect(url_for("emergencies.index", done="1"), 303)
            shown = emergencies.preview(db.session(), actor, period, now)
        except (Invalid, NotAllowed) as wrong:
            if isinstance(wrong, Invalid):
                forms.mark(form, wrong.fields)
            error = words.word(words.errors(), wrong.code)
    page = render_template(
        "emergency_new.html",
        form=form,
        preview=shown,
        error=error,
        submission_key=secrets.token_urlsafe(24),
        rail=queue_page.rail(db.session(), actor, None, now),
    )
    return page, 422 if error else 200


@bp.post("/emergencies/<int:emergency_id>/end")
@route_access("emergency_announce")
@requires("emergency_announce")
def end(emergency_id: int) -> ResponseReturnValue:
    """End a period early."""
    try:
        emergencies.end(actor=current_actor(), emergency_id=emergency_id, now=clock.now())
    except NotAllowed as wrong:
        return _list(words.word(words.errors(), wrong.code)), 409
    return redirect(url_for("emergencies.index", done="1"), 303)


@bp.post("/emergencies/<int:emergency_id>/tick")
@route_access("emergency_tick")
@requires("emergency_tick")
def tick(emergency_id: int) -> ResponseReturnValue:
    """Tick off a line."""
    line = request.form.get("line", -1, type=int)
    emergencies.tick(actor=current_actor(), emergency_id=emergency_id, line=line, now=clock.now())
    return redirect(url_for("emergencies.index", _anchor=f"emergency-{emergency_id}"), 303)


def _list(error: str = "") -> str:
    actor, now = current_actor(), clock.now()
    rows = [_row(row, place, actor, now) for row, place in emergencies.page(db.session(), actor)]
    return render_template(
        "emergencies.html", rows=rows, error=error, notice=_("Saved") if request.args.get("done") else "",
        rail=queue_page.rail(db.session(), actor, None, now), may_announce=actor.can("emergency_announce"),
        may_tick=actor.can("emergency_tick"),
    )  # fmt: skip


def _row(row: Emergency, place: Organisation | None, actor: Actor, now: datetime) -> dict[str, Any]:
    over = row.ended_at is not None or row.until_at <= now
    state = (_("over"), "") if over else (_("in force"), "late") if row.from_at <= now else (_("coming"), "soon")
    return {
        "id": row.id, "name": mask_text(row.name),
        "area": exemption_page.place_name(place) if place else _("Whole network"),
        "span": f"{g.fmt.full(row.from_at)[:16]} – {g.fmt.full(row.ended_at or row.until_at)[:16]}", "state": state,
        "says": _effect(row), "duty_list": mask_text(row.duty_list), "over": over,
        "lines": [
            {**line, "text": mask_text(line["text"]), "n": n,
             "at": g.fmt.time(datetime.fromisoformat(line["done_at"])) if line["done_at"] else ""}
            for n, line in enumerate(row.checklist)
        ],
        "end_href": url_for("emergencies.end", emergency_id=row.id)
        if not over and emergencies.may_keep(actor, row) else "",
    }  # fmt: skip


def _effect(row: Emergency) -> str:
    """What changes, in words."""
    names = words_emergency.limits()
    said = [f"{names[name]} {g.fmt.span(minutes * 60)}" for name, minutes in row.limits.items() if name in names]
    parts = [_("new tickets: %(limits)s", limits=_(", ").join(said))] if said else []
    if row.pauses:
        parts.append(_("the site's clocks stand still"))
    return _("; ").join(parts)
