"""Alarms that a superior looks at."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.roles import Actor
from app.extensions import db
from app.models import Alarm
from app.services import alarms, silent_sites
from app.web import context, queue_page
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("alarms", __name__)


@bp.get("/alarms")
@route_access("alarms")
@requires("alarms")
def index() -> ResponseReturnValue:
    """The newest alarms of the own area."""
    actor, session = current_actor(), db.session()
    rows = [_row(actor, *found) for found in alarms.listed(session, actor)]
    if actor.can("queue"):
        rail = queue_page.rail(session, actor, None, clock.now())
    else:
        entries = queue_page.others(actor, request.endpoint or "")
        rail = {"queues": [], "others": queue_page.with_alarms(session, actor, entries)}
    return render_template("alarms.html", rows=rows, rail=rail)


@bp.post("/alarms/<int:alarm_id>/seen")
@route_access("alarms")
@requires("alarms")
def seen(alarm_id: int) -> ResponseReturnValue:
    """Note that somebody has looked into it."""
    alarms.seen(actor=current_actor(), alarm_id=alarm_id, now=clock.now())
    return redirect(url_for("alarms.index"), 303)


def _row(actor: Actor, alarm: Alarm, who: str, name: str, name_en: str, code: str) -> dict[str, Any]:
    own = alarm.user_id == actor.user_id or actor.desk == "site"
    fresh = alarm.seen_at is None
    return {
        "time_text": g.fmt.time(alarm.at), "time_full": g.fmt.full(alarm.at), "who": who,
        "house": _house(name, name_en), "text": said(alarm), "href": _href(actor, alarm, code),
        "state": _("Looked into, %(time)s", time=g.fmt.time(alarm.seen_at)) if alarm.seen_at else _("Not looked into"),
        "tone": "late" if fresh else "",
        "seen_href": url_for("alarms.seen", alarm_id=alarm.id) if fresh and not own else "",
    }  # fmt: skip


def _href(actor: Actor, alarm: Alarm, code: str) -> str:
    """Where what a silent site leaves lying, or the ticket it is about, can be seen, by those who see tickets."""
    if alarm.kind == alarms.OWN_NUMBER and actor.can("queue"):
        return url_for("tickets.show", number=alarm.data.get("number", ""))
    if alarm.kind != silent_sites.SILENT_SITE or not code or not actor.can("queue"):
        return ""
    return url_for("tickets.index", queue="to_accept", site=code)


def said(alarm: Alarm) -> str:
    """What happened, in words."""
    if alarm.kind == silent_sites.SILENT_SITE:
        return _("%(n)s new tickets and nobody signed in for 20 minutes", n=alarm.data.get("tickets", 0))
    if alarm.kind == alarms.OWN_NUMBER:
        return _("%(number)s: the complainant's number is one of the site's own", number=alarm.data.get("number", ""))
    return _("%(n)s telephone numbers shown within 10 minutes", n=alarm.data.get("shown", 0))


def _house(name: str, name_en: str) -> str:
    return (name_en or name) if context.words().fmt.english else name
