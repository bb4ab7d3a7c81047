"""The interfaces as an administrator sees them: connections and their maps, messages, quarantine, signatures."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.connections import CHANNEL, MOST_SECRETS
from app.domain.errors import Invalid, NotAllowed
from app.extensions import db
from app.integrations.platform import signature_check
from app.jobs import arrivals, replays
from app.models import Connection
from app.services import connections, exchange, exchange_view
from app.web import (
    admin,
    connection_forms,
    exchange_forms,
    exchange_page,
    queue_page,
    shown_in_full,
    words,
    words_exchange,
)
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("exchange", __name__)


@bp.get("/admin/messages")
@route_access("admin")
@requires("admin")
def messages() -> ResponseReturnValue:
    """Messages of all connections, the newest first; by state and connection."""
    session = db.session()
    state, code = asked(request.args)
    found = exchange_view.messages(session, state, code, request.args.get("before", type=int))
    more = None
    if len(found) > exchange_view.PAGE:
        kept: dict[str, Any] = {name: one for name, one in (("state", state), ("connection", code)) if one}
        more = url_for("exchange.messages", before=found[exchange_view.PAGE - 1].id, **kept)
    return render_template(
        "exchange_messages.html", rows=[exchange_page.line(one) for one in found[: exchange_view.PAGE]], state=state,
        connection=code, next_href=more, states=words_exchange.states(), choices=choices(), tabs=admin.tabs(),
        rail=_rail(), done=_done(),
    )  # fmt: skip


def asked(address: Any) -> tuple[str, str]:
    """State and connection of an address, where there are such ones."""
    state, code = str(address.get("state", "")), str(address.get("connection", ""))
    known = {one for one, _name in choices()}
    return state if state in exchange_view.STATES else "", code if code in known else ""


def choices() -> list[tuple[str, str]]:
    """The connections to choose from."""
    return exchange_view.codes(db.session())


@bp.get("/admin/messages/<int:message_id>")
@route_access("admin")
@requires("admin")
def show(message_id: int) -> ResponseReturnValue:
    """One message: what it says, masked, and what became of it."""
    return _message(message_id)


@bp.post("/admin/messages/<int:message_id>/full")
@shown_in_full.limit
@route_access("admin")
@requires("admin")
def full(message_id: int) -> ResponseReturnValue:
    """The raw message in full; who looked is logged first."""
    exchange.look(actor=current_actor(), message_id=message_id, now=clock.now())
    return _message(message_id, full=True)


@bp.post("/admin/messages/<int:message_id>/replay")
@route_access("admin")
@requires("admin")
def replay(message_id: int) -> ResponseReturnValue:
    """Read a quarantined message once more."""
    try:
        error = replays.replay(actor=current_actor(), message_id=message_id, now=clock.now())
    except NotAllowed:
        return _message(message_id, error=_("It lies in quarantine no longer.")), 409
    if error:
        return _message(message_id, error=_("It cannot be read yet: %(why)s", why=words_exchange.fault(error))), 422
    return redirect(url_for("exchange.show", message_id=message_id), 303)


@bp.post("/admin/connections/<code>/replay")
@route_access("admin")
@requires("admin")
def replay_all(code: str) -> ResponseReturnValue:
    """Read the oldest quarantined messages of a connection once more."""
    exchange_view.connection(db.session(), code)
    done = replays.replay_all(actor=current_actor(), code=code, now=clock.now())
    return redirect(url_for("exchange.messages", connection=code, taken=done.taken, stay=done.stay), 303)


@bp.get("/admin/connections/<code>")
@route_access("admin")
@requires("admin")
def connection(code: str) -> ResponseReturnValue:
    """One connection: how far it is read, and how its messages are."""
    return page_of(code)


@bp.post("/admin/connections/<code>")
@route_access("admin")
@requires("admin")
def save(code: str) -> ResponseReturnValue:
    """Store a connection's maps."""
    row, _poll = exchange_view.connection(db.session(), code)
    form = exchange_forms.maps_form(row, request.form)
    read = {name: exchange_forms.map_of(form[name].data or "") for name in exchange_forms.MAPS}
    wrong = {name: line for name, (_map, line) in read.items() if line}
    minutes = (form.risk_minutes.data or "").strip()
    try:
        if wrong:
            raise Invalid(dict.fromkeys(wrong, "not_a_line"), **{f"{name}_line": line for name, line in wrong.items()})
        exchange.save_maps(
            actor=current_actor(), code=code, now=clock.now(), charset=form.charset.data or "",
            risk_minutes=int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 7 else None,
            **{name: found for name, (found, _line) in read.items()},
        )  # fmt: skip
    except Invalid as error:
        exchange_forms.mark(form, error.fields, error.detail)
        return page_of(code, form=form, error=_("Please check the marked fields")), 422
    return redirect(url_for("exchange.connection", code=code, saved=1), 303)


@bp.route("/admin/signature", methods=["GET", "POST"])
@route_access("admin")
@requires("admin")
def signature() -> ResponseReturnValue:
    """Whether a text is signed with a connection's secret, and what is wrong where it is not."""
    form = exchange_forms.signature_form(choices(), request.form if request.method == "POST" else None)
    if request.method == "GET":
        form.connection.data = request.args.get("connection", "")
        return _signature(form)
    text, given = (form.text.data or "").replace("\r\n", "\n"), form.digest.data or ""
    door = connections.door(db.session(), form.connection.data or "")
    errors = {name: "required" for name, one in (("text", text), ("digest", given), ("connection", door)) if not one}
    if door is not None and door.driver not in arrivals.spoken():
        errors["connection"] = "no_driver"
    if errors or door is None:
        exchange_forms.mark(form, errors, {})
        return _signature(form, error=_("Please check the marked fields")), 422
    speaks = arrivals.driver_of(door)
    return _signature(form, verdict=signature_check.check(speaks.signature, text, given, door.secrets, door.charset))


def _signature(form: Any, *, verdict: signature_check.Verdict | None = None, error: str = "") -> str:
    said, slip = "", ""
    if verdict is not None:
        said = {None: _("No secret of this connection signs this text."), 0: _("The signature is right.")}.get(
            verdict.secret, _("The signature is right, with the other of the two secrets.")
        )
        slip = words_exchange.slips().get(verdict.slip, "")
    return render_template(
        "exchange_signature.html", form=form, error=error, said=said, slip=slip, tabs=admin.tabs(), rail=_rail(),
        right=verdict is not None and verdict.secret is not None and not verdict.slip,
    )  # fmt: skip


def _message(message_id: int, *, full: bool = False, error: str = "") -> str:
    found = exchange_view.message(db.session(), message_id)
    m = exchange_page.page_of(found, full=full)
    return render_template("exchange_message.html", m=m, failed=error, tabs=admin.tabs(), rail=_rail())


def page_of(
    code: str, *, form: Any = None, settings: Any = None, secret: Any = None, shown: str = "", error: str = ""
) -> str:
    """The page of a connection, with what was typed into one of its forms; `shown` is a secret that was just made."""
    row, poll = exchange_view.connection(db.session(), code)
    return render_template(
        "exchange_connection.html", name=row.name, code=row.code, facts=_facts(row),
        form=form or exchange_forms.maps_form(row), poll=exchange_page.poll(poll, clock.now()), error=error,
        saved="saved" in request.args, tabs=admin.tabs(), rail=_rail(), types=exchange.MESSAGE_TYPES,
        held=len(exchange.held(db.session(), code)), settings=settings or connection_forms.change_form(row),
        secret=secret or connection_forms.secret_form(), secrets=connection_forms.secrets_shown(row), shown=shown,
        most_secrets=MOST_SECRETS, kept=row.driver in connection_forms.rules_for(row.driver).drivers,
    )  # fmt: skip


def _facts(row: Connection) -> list[tuple[str, str]]:
    doors = {"link": "platform.push", CHANNEL: "channels.expedite"}
    door = doors.get(row.driver)
    told = url_for(door, connection=row.code, _external=True) if door else ""
    return [
        (_("Code"), row.code), (_("Works"), words.word(words_exchange.drivers(), row.driver)),
        (_("It pushes to"), told), (_("Last changed"), g.fmt.full(row.changed_at) if row.changed_at else "—"),
    ]  # fmt: skip


def _done() -> str:
    taken, stay = (request.args.get(name, type=int) for name in ("taken", "stay"))
    if taken is None or stay is None:
        return ""
    return _("%(taken)s taken, %(stay)s stay in quarantine", taken=taken, stay=stay)


def _rail() -> dict[str, Any]:
    return {"queues": [], "others": queue_page.others(current_actor(), "admin.index")}
