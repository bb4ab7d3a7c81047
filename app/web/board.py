"""The province board over HTTP: the heat table with its poll, urging in bulk, acting for a site, naming a helper."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request
from wtforms import DateTimeLocalField, Form, SelectField

from app import clock
from app.domain.calendars import SHANGHAI
from app.domain.errors import Invalid
from app.domain.roles import Actor
from app.extensions import db
from app.services import board, board_urges, site_helpers
from app.services.site_helpers import Past
from app.web import board_columns, board_page, forms, queue_page, verbs, words
from app.web.access import route_access
from app.web.board_page import Asked
from app.web.context import translate as _
from app.web.guard import current_actor, requires
from app.web.numbers import number as number_of

bp = Blueprint("board", __name__)
EVENING = 20  # o'clock in Shanghai


class HelperForm(Form):
    """A colleague and until when."""

    colleague = SelectField(validate_choice=False)
    until = DateTimeLocalField(format=forms.TIME_FORMATS)


@bp.get("/board")
@route_access("board")
@requires("board")
def index() -> ResponseReturnValue:
    """The board of the own province, or for headquarters of the one that the address names."""
    done = {"nothing": _("No ticket of this site is open to act in."), "helper": _("Saved")}
    told = done.get(request.args.get("done", ""), "")
    return _page(current_actor(), notice=told, good=request.args.get("done") == "helper")


@bp.get("/board/poll")
@route_access("board")
@requires("board")
def poll() -> ResponseReturnValue:
    """204 within a minute while nothing changed in the province; else the next poll, and the board where it says more.

    What time alone changes is looked at once a minute."""
    actor, session, now, asked = current_actor(), db.session(), clock.now(), _asked()
    place = board.province(session, actor, asked.province)
    same = board.version(session, place.id) == number_of(request.args, "version")
    if same and board_page.minute_of(now) == number_of(request.args, "minute"):
        return "", 204
    made = board_page.page_of(session, actor, place, asked, now)
    if request.args.get("seen") == made["seen"]:
        return render_template("_board_poll.html", b=made)
    return render_template("_fresh_board.html", b=made, rail=_rail(actor))


@bp.post("/board/urge")
@route_access("board")
@requires("board")
def urge() -> ResponseReturnValue:
    """Urge the ticked sites; the outcome stands beside each, what failed stays ticked."""
    actor, now, asked = current_actor(), clock.now(), _asked()
    codes = [code[:32] for code in request.form.getlist("site")]
    try:
        done = board_urges.urge(actor=actor, province=asked.province, codes=codes, key=verbs.key(), now=now)
    except Invalid as wrong:
        code = wrong.fields["sites"]
        said = _("Tick at least one site") if code == "required" else words.word(words.errors(), code)
        return _page(actor, error=said, ticked=codes), 422
    return _page(actor, outcomes=done)


@bp.get("/board/<code>/act")
@route_access("assist")
@requires("assist")
def act(code: str) -> ResponseReturnValue:
    """To the site's most pressing ticket, with the sheet that lets one act for the site."""
    session = db.session()
    site = site_helpers.place(session, current_actor(), code)
    number = board.most_pressing(session, site.id)
    if not number:
        return redirect(url_for("board.index", done="nothing"), 303)
    return redirect(url_for("tickets.show", number=number, sheet="act_for", site=site.code, queue="all"), 303)


@bp.get("/board/<code>/helper")
@route_access("assist")
@requires("assist")
def helper(code: str) -> ResponseReturnValue:
    """Who helps the site, and who did."""
    return _helper_page(current_actor(), code)


@bp.post("/board/<code>/helper")
@route_access("assist")
@requires("assist")
def name(code: str) -> ResponseReturnValue:
    """Name a colleague as the site's helper."""
    actor, form = current_actor(), _helper_form(current_actor(), request.form)
    chosen = form.colleague.data or ""
    try:
        site_helpers.name(
            actor=actor, code=code, user_id=int(chosen) if chosen.isascii() and chosen.isdecimal() else None,
            until=forms.instant(form.until), now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return _helper_page(actor, code, form), 422
    return redirect(url_for("board.index", done="helper"), 303)


@bp.post("/board/<code>/helper/end")
@route_access("assist")
@requires("assist")
def end(code: str) -> ResponseReturnValue:
    """Nobody helps the site any more."""
    site_helpers.end(actor=current_actor(), code=code, now=clock.now())
    return redirect(url_for("board.index", done="helper"), 303)


def _asked() -> Asked:
    sort = request.args.get("sort", "")
    sort = sort if sort in board_columns.SORTS else board_columns.DEFAULT
    return Asked(
        province=request.args.get("province", "")[:32], sort=sort,
        every=request.args.get("show") == "all", q=request.args.get("q", "").strip()[:40],
        tick=request.args.get("tick") == "all",
    )  # fmt: skip


def _page(actor: Actor, **state: Any) -> str:
    session, now, asked = db.session(), clock.now(), _asked()
    session.rollback()  # what was read before an urge is not what stands now
    place = board.province(session, actor, asked.province)
    outcomes = state.get("outcomes", ())
    made = board_page.page_of(session, actor, place, asked, now, outcomes, state.get("ticked", ()))
    return render_template(
        "board.html", b=made, rail=_rail(actor), frame=board_page.frame(session, actor, place, asked),
        notice=state.get("notice", ""), good=state.get("good", False), error=state.get("error", ""),
        urged=sum(one.tickets for one in outcomes), done=sum(not one.code for one in outcomes),
        failed=sum(bool(one.code) for one in outcomes),
    )  # fmt: skip


def _rail(actor: Actor) -> dict[str, Any]:
    rail = queue_page.rail(db.session(), actor, None, clock.now())
    for entry in rail["queues"]:
        entry["current"] = entry["key"] == "board"
    for entry in rail["others"]:
        entry["current"] = entry["current"] or entry["href"] == url_for("board.index")
    return rail


def _helper_form(actor: Actor, data: Any = None) -> HelperForm:
    form = HelperForm(data, data={"until": _this_evening(clock.now())})
    people = site_helpers.colleagues(db.session(), actor)
    form.colleague.choices = [("", _("Please choose")), *((str(user_id), name) for user_id, name in people)]
    form.colleague.label.text, form.until.label.text = _("Who helps"), _("Until")
    return form


def _this_evening(now: datetime) -> datetime:
    """When a helper's day ends, unless it is nearly over: what is mostly meant, to be changed."""
    local = now.astimezone(SHANGHAI)
    evening = local.replace(hour=EVENING, minute=0, second=0, microsecond=0, tzinfo=None)
    return evening if evening.hour - local.hour > 1 else evening + timedelta(days=1)


def _helper_page(actor: Actor, code: str, form: HelperForm | None = None) -> str:
    session, now = db.session(), clock.now()
    site = site_helpers.place(session, actor, code)
    here = site_helpers.active(session, actor.province_id or 0, now).get(site.id)
    return render_template(
        "board_helper.html", name=board_page.name_of(site), code=site.code, form=form or _helper_form(actor),
        past=[_past(one, now) for one in site_helpers.record(session, site.id)],
        now_helps=_("%(name)s helps until %(time)s", name=here.name, time=g.fmt.time(here.until)) if here else "",
        rail=queue_page.rail(session, actor, None, now),
    )  # fmt: skip


def _past(one: Past, now: datetime) -> dict[str, str]:
    how = _("helps now") if one.ended_at is None and one.until > now else _("run out")
    return {
        "name": one.name, "named": _("%(name)s, %(time)s", name=one.named_by, time=g.fmt.time(one.named_at)),
        "until": g.fmt.time(one.ended_at or one.until),
        "how": _("ended by %(name)s", name=one.ended_by) if one.ended_by else how,
    }  # fmt: skip
