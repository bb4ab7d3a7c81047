"""Exports over HTTP: ask for a list as a file, watch it come, take it; and the log of who took what."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import (
    Blueprint,
    Flask,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import exports as rule
from app.domain.calendars import SHANGHAI
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.extensions import db
from app.integrations import stores
from app.integrations.store import StoreError
from app.jobs import exports as work
from app.services import exports
from app.services.exports import OrderIn, TooSoon
from app.web import card_bundle, context, export_lists, export_page, queue_page
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number

bp = Blueprint("exports", __name__)
TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


def init(app: Flask) -> None:
    """Hand the lists to the job that makes files of them; give templates the export form of a page."""
    app.extensions["export_lists"] = {**export_lists.BY_KEY, card_bundle.KEY: card_bundle.BUNDLE}
    app.jinja_env.globals.update(export_form=export_form)


def export_form(list_key: str) -> dict[str, Any] | None:
    """The form that exports what the address of this page shows; None for those who may not."""
    me, one = context.me(), export_lists.BY_KEY[list_key]
    if me is None or not {"export", one.capability} <= me.can:
        return None
    asked = one.asks(_address())
    return {"list": list_key, "asked": list(asked.items()), "key": secrets.token_urlsafe(24)}


@bp.get("/exports")
@route_access("export")
@requires("export")
def index() -> ResponseReturnValue:
    """My exports, the newest first."""
    return _page()


@bp.get("/exports/progress")
@route_access("export")
@requires("export")
def progress() -> ResponseReturnValue:
    """The poll: 204 when nothing changed since the page with the mark `seen`, else the renewed list."""
    found = export_page.listing(db.session(), current_actor(), number(request.args, "before"), clock.now())
    if found["seen"] == request.args.get("seen", ""):
        return "", 204
    return render_template("_exports.html", **found)


@bp.post("/exports")
@route_access("export")
@requires("export")
def ask() -> ResponseReturnValue:
    """Order a list as a file."""
    one = export_lists.BY_KEY.get(request.form.get("list", ""))
    if one is None:
        return _page(_("There is no such list. Please use the button above a list.")), 422
    actor, asked = current_actor(), one.asks(request.form)
    exports.require(actor, one.capability)
    said = one.says(db.session(), actor, asked)
    kind = request.form.get("format", "")
    order = OrderIn(one.key, one.capability, asked, said, kind if kind in rule.FORMATS else "", _language())
    return place(actor, order, request.form.get("submission_key", ""))


@bp.post("/exports/<int:export_id>/again")
@route_access("export")
@requires("export")
def again(export_id: int) -> ResponseReturnValue:
    """Order the same list with the same filter anew."""
    actor = current_actor()
    row = exports.load(db.session(), actor, export_id)
    one = _list_of(row.list_key)
    order = OrderIn(row.list_key, one.capability, row.asked, row.asked_words, row.format, _language())
    return place(actor, order, request.form.get("submission_key", ""))


@bp.post("/exports/<int:export_id>/cancel")
@route_access("export")
@requires("export")
def cancel(export_id: int) -> ResponseReturnValue:
    """Give an export up."""
    exports.cancel(actor=current_actor(), export_id=export_id, now=clock.now())
    return redirect(url_for("exports.index"), 303)


@bp.post("/exports/<int:export_id>/file")
@route_access("export")
@requires("export")
def download(export_id: int) -> ResponseReturnValue:
    """The file, for whoever asked for it. A post, because each download is written down."""
    actor = current_actor()
    one = _list_of(exports.load(db.session(), actor, export_id).list_key)
    try:
        file = exports.download(
            actor=actor, export_id=export_id, capability=one.capability, address=_from(), now=clock.now()
        )
    except NotAllowed as refused:
        return _page(export_page.refusal(refused.code)), 403 if refused.code == "rights_changed" else 409
    try:
        config = current_app.extensions["kuaifu"]
        data = stores.exports(config.data_dir, config.store).open(file.store_name)
    except StoreError:
        return _page(_("The file is not there any more. Please export the list again.")), 409
    name = (
        f"kuaifu-{file.list_key}-{file.asked_at.astimezone(SHANGHAI):%Y%m%d-%H%M}-{rule.label(file.id)}.{file.format}"
    )
    response = send_file(data, mimetype=TYPES[file.format], as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"  # without it, send_file lets browsers keep the file
    return response


@bp.get("/exports/log")
@route_access("export_log")
@requires("export_log")
def log() -> ResponseReturnValue:
    """Who asked for which list and who took it; `?number=` finds the export that a watermark names."""
    actor, asked = current_actor(), request.args.get("number", "").strip()[:20]
    found = exports.log(db.session(), rule.id_of(asked) or 0 if asked else None, number(request.args, "before"))
    rows = [export_page.log_row(*one) for one in found[: exports.PAGE]]
    more = found[exports.PAGE - 1][0].id if len(found) > exports.PAGE else None
    next_href = url_for("exports.log", before=more, number=asked or None) if more else None
    return render_template("export_log.html", rows=rows, number=asked, next_href=next_href, rail=_rail(actor))


def place(actor: Actor, order: OrderIn, key: str) -> ResponseReturnValue:
    """Store an order and answer it."""
    try:
        exports.ask(actor=actor, order=order, key=key[:64], address=_from(), now=clock.now())
    except Invalid:
        return _page(_("Please choose Excel or CSV.")), 422
    except (TooSoon, NotAllowed) as error:
        return refused(error)
    work.ring()
    return redirect(url_for("exports.index"), 303)


def hand_out(actor: Actor, order: OrderIn, rows: int) -> str:
    """Note a file that this answer hands out; the number for its mark. Raises TooSoon, NotAllowed: see `refused`."""
    row_id = exports.hand_out(actor=actor, order=order, rows=rows, address=_from(), now=clock.now())
    return rule.label(row_id)


def refused(error: TooSoon | NotAllowed) -> ResponseReturnValue:
    """Why no file is made now, on the page of one's exports."""
    if isinstance(error, TooSoon):
        response = make_response(_page(export_page.too_soon(error.wait)), 429)
        response.headers["Retry-After"] = str(error.wait)
        return response
    return _page(export_page.refusal(error.code)), 409 if error.code == "exports_running" else 403


def _page(error: str = "") -> str:
    actor, now = current_actor(), clock.now()
    found = export_page.listing(db.session(), actor, number(request.args, "before"), now)
    return render_template("exports.html", error=error, may_log=actor.can("export_log"), rail=_rail(actor), **found)


def _list_of(list_key: str) -> Any:
    """The list of an export. Raises NotFound for what was handed out at once: it is no list, and kept nowhere."""
    one = current_app.extensions["export_lists"].get(list_key)
    if one is None:
        raise NotFound("export_not_found")
    return one


def _address() -> Mapping[str, str]:
    """What the address of the present page asks for, its path included."""
    return {**request.args.to_dict(), **{name: str(value) for name, value in (request.view_args or {}).items()}}


def _language() -> str:
    return "en" if g.fmt.english else "zh"


def _from() -> str:
    return request.remote_addr or ""


def _rail(actor: Actor) -> dict[str, Any]:
    if actor.can("queue"):
        return queue_page.rail(db.session(), actor, None, clock.now())
    return {"queues": [], "others": queue_page.others(actor, request.endpoint or "")}
