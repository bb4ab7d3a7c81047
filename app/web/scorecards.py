"""The monthly scorecard on one page, the list of a scope, and the tickets behind each number."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.calendars import month_of
from app.domain.roles import Actor
from app.extensions import db
from app.services import months, person_cards, scorecard_cases, scorecards
from app.services.scorecard_cases import Case
from app.services.scorecards import KINDS
from app.web import people_page, queue_page, scorecard_page
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.scorecard_page import NONE, SITE_KEYS, href
from app.web.words_cards import measure_labels

bp = Blueprint("scorecards", __name__)
WHOLE = 1000  # lines on one page, for the printer


@bp.get("/scorecards")
@route_access("scorecard")
@requires("scorecard")
def index() -> ResponseReturnValue:
    """The sites of the scope, or the provinces, with their scores, best first; the month stands in the address."""
    actor, now = current_actor(), clock.now()
    month, page = request.args.get("month", "") or month_of(now), max(request.args.get("page", 1, type=int), 1)
    which = "provinces" if request.args.get("which") == "provinces" and actor.desk == "ccs" else "sites"
    size = WHOLE if request.args.get("all") else scorecards.PAGE
    listing = scorecards.province_list(
        actor=actor, month=month, now=now, page=page, which=which, size=size, sparing=True
    )
    named = None if which == "sites" else which
    every = "1" if size == WHOLE else None
    following = url_for("scorecards.index", month=month, page=page + 1, which=named, all=every)
    labels = measure_labels()
    return render_template(
        "scorecards.html", rail=rail(actor, now), head=[labels[key] for key in SITE_KEYS], which=which,
        rows=[scorecard_page.line_of(line, month) for line in listing.lines], draft=month == month_of(now),
        months=scorecard_page.months_of(month, now, lambda m: url_for("scorecards.index", month=m, which=named)),
        tabs=_tabs(actor, month, which), frozen=months.is_frozen(db.session(), month), own_href=_own(actor, month),
        next_href=following if listing.more else None, printed=g.fmt.full(now), month_label=g.fmt.month(month),
        kept=_("Figures of %(time)s", time=g.fmt.time(listing.kept_at)) if listing.kept_at else "",
        all_href=None if every or not listing.more else url_for("scorecards.index", month=month, which=named, all="1"),
    )  # fmt: skip


def _tabs(actor: Actor, month: str, which: str) -> list[dict[str, Any]]:
    """The lists that headquarters chooses from."""
    if actor.desk != "ccs":
        return []
    labels = {"sites": _("Sites and hubs"), "provinces": _("Provinces")}
    return [
        {"label": labels[key], "href": url_for("scorecards.index", month=month, which=key), "current": key == which}
        for key in KINDS
    ]


def _own(actor: Actor, month: str) -> dict[str, str] | None:
    """The card above the list: the province's, the network's."""
    if actor.desk not in ("lcs", "ccs"):
        return None
    code = scorecards.own_code(db.session(), actor)
    label = _("Card of the province") if actor.desk == "lcs" else _("Card of the network")
    return {"label": label, "href": href(month, code)} if code else None


@bp.get("/scorecards/<month>/<code>")
@route_access("scorecard")
@requires("scorecard")
def show(month: str, code: str) -> ResponseReturnValue:
    """One organisation's month on one A4 page."""
    actor, now = current_actor(), clock.now()
    card = scorecards.site_month(actor=actor, month=month, organisation_code=code, now=now, sparing=True)
    return render_template(
        "scorecard.html", rail=rail(actor, now), card=scorecard_page.card_of(db.session(), card, now),
        months=scorecard_page.months_of(month, now, lambda m: href(m, code)), own=actor.desk != "site",
        bundle=secrets.token_urlsafe(24) if card.site.kind == "province" else "",
    )  # fmt: skip


@bp.get("/scorecards/<month>/<code>/people")
@route_access("scorecard")
@requires("scorecard")
def people(month: str, code: str) -> ResponseReturnValue:
    """Each person of the organisation with what was booked to him or her."""
    actor, now = current_actor(), clock.now()
    found = person_cards.people(actor=actor, month=month, organisation_code=code, now=now)
    return render_template(
        "scorecard_people.html", rail=rail(actor, now), back_href=href(month, code),
        sheet=people_page.sheet_of(found, now), files_href=href(month, code, "people"),
    )  # fmt: skip


@bp.get("/scorecards/<month>/<code>/<measure>")
@route_access("scorecard")
@requires("scorecard")
def cases(month: str, code: str, measure: str) -> ResponseReturnValue:
    """The tickets behind one number."""
    actor, now = current_actor(), clock.now()
    found = scorecard_cases.cases(actor=actor, month=month, organisation_code=code, measure=measure, now=now)
    categories, met_only = queue_page.category_labels(db.session()), request.args.get("part") == "met"
    title = _("%(measure)s: in time", measure=measure_labels()[measure]) if met_only else measure_labels()[measure]
    return render_template(
        "scorecard_cases.html", rail=rail(actor, now), title=title, month=month, more=found.more,
        archived=found.archived, month_label=g.fmt.month(month), site=scorecard_page.site_of(found.site),
        back_href=href(month, code),
        rows=[_case(row, categories) for row in found.rows if row.in_time or not met_only],
    )  # fmt: skip


def _case(row: Case, categories: dict[str, str]) -> dict[str, Any]:
    words = {True: (_("In time"), "good"), False: (_("Late"), "late"), None: (NONE, "")}
    verdict, tone = words[row.in_time]
    return {
        "number": row.number, "href": f"/tickets/{row.number}", "category": categories.get(row.category, row.category),
        "started": g.fmt.full(row.started_at), "due": g.fmt.full(row.due_at), "stopped": g.fmt.full(row.stopped_at),
        "verdict": verdict, "tone": tone,
    }  # fmt: skip


def rail(actor: Actor, now: datetime) -> dict[str, Any]:
    """The menu, with queues where the role has some."""
    return queue_page.rail(db.session(), actor, None, now)
