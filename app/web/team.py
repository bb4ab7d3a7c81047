"""The team's page of a site manager, and everybody's own button to go on or off duty."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import clock
from app.domain.errors import Invalid
from app.domain.roles import Actor
from app.extensions import db
from app.services import attendance, ownership, queue
from app.services.ownership import Member
from app.web import context, queue_page
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import current_actor, requires

bp = Blueprint("team", __name__)


@bp.get("/team")
@route_access("team")
@requires("team")
def index() -> ResponseReturnValue:
    """The people of the site: on duty or not, skills, open tickets."""
    return _page(current_actor(), notice=_("Saved") if "saved" in request.args else "")


@bp.post("/team/auto-assign")
@route_access("team")
@requires("team")
def auto_assign() -> ResponseReturnValue:
    """Whether new tickets get an owner by themselves."""
    attendance.set_auto_assign(actor=current_actor(), on=request.form.get("on") == "1")
    return redirect(url_for("team.index", saved="1"), 303)


@bp.post("/team/<int:user_id>/skills")
@route_access("team")
@requires("team")
def skills(user_id: int) -> ResponseReturnValue:
    """Which categories a colleague gets."""
    actor = current_actor()
    try:
        attendance.set_skills(actor=actor, user_id=user_id, skills=request.form.getlist("skills")[:100])
    except Invalid:
        return _page(actor, error=_("Please check the marked fields")), 422
    return redirect(url_for("team.index", saved="1"), 303)


@bp.post("/team/<int:user_id>/duty")
@route_access("team")
@requires("team")
def duty(user_id: int) -> ResponseReturnValue:
    """Send a colleague on or off duty."""
    on = request.form.get("on") == "1"
    attendance.set_duty(actor=current_actor(), user_id=user_id, on=on, now=clock.now())
    return redirect(url_for("team.index", saved="1"), 303)


@bp.post("/account/duty")
@route_access("queue")
@requires("queue")
def own_duty() -> ResponseReturnValue:
    """Go on or off duty oneself."""
    on = request.form.get("on") == "1"
    user_id = current_user.person.user_id
    attendance.set_duty(actor=current_actor(), user_id=user_id, on=on, now=clock.now())
    return redirect(url_for("auth.account", done="on_duty" if on else "off_duty"), 303)


def _page(actor: Actor, *, notice: str = "", error: str = "") -> str:
    now, session = clock.now(), db.session()
    labels = queue_page.category_labels(session)
    people = [_line(member, labels, actor) for member in ownership.team(session, actor.organisation_id or 0, now)]
    return render_template(
        "team.html", people=people, auto_assign=attendance.assigns(session, actor), notice=notice, error=error,
        unowned=queue.unowned(session, actor), rail=queue_page.rail(session, actor, None, now),
    )  # fmt: skip


def _line(member: Member, labels: dict[str, str], actor: Actor) -> dict[str, Any]:
    state = (_("Off duty"), "") if member.off_duty else (_("On duty"), "good") if member.there else (_("Away"), "soon")
    return {
        "name": member.name, "role": context.role_label(member.role), "state": state[0], "tone": state[1],
        "off_duty": member.off_duty, "load": member.load, "user_id": member.user_id,
        "me": member.user_id == actor.user_id,
        "skills_text": "、".join(labels.get(code, code) for code in member.skills) or _("All categories"),
        "skills": [(code, label, code in member.skills) for code, label in labels.items()],
        "skills_href": url_for("team.skills", user_id=member.user_id),
        "duty_href": url_for("team.duty", user_id=member.user_id),
    }  # fmt: skip
