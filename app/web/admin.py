"""What left the house, and the administrator's tables."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import NotAllowed
from app.domain.masking import mask_phone
from app.domain.roles import Actor
from app.extensions import db
from app.jobs import sends
from app.models import Outbox
from app.services import administration, exchange_view, outbox, outbox_view
from app.web import queue_page, words, words_callbacks, words_duty, words_exchange, words_sms
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("admin", __name__)
AT_RISK = "at_risk"
TONES = {"sent": "good", "failed": "late", "unknown": "soon"}


@bp.get("/sms-outbox")
@route_access("sms_outbox")
@requires("sms_outbox")
def sms_outbox() -> ResponseReturnValue:
    """SMS that went out or wait, the newest first; numbers masked."""
    actor = current_actor()
    rows = outbox_view.sms(db.session(), actor, request.args.get("before", type=int))
    shown = [
        _sms_row(row, name, actor) | words_sms.fate(row, arrived) for row, name, arrived in rows[: outbox_view.PAGE]
    ]
    return render_template("sms_outbox.html", rows=shown, next_href=_next(rows, "admin.sms_outbox"), rail=_rail(actor))


@bp.get("/callbacks")
@route_access("callbacks")
@requires("callbacks")
def callbacks() -> ResponseReturnValue:
    """Answers on their way to the platforms; failed ones can be sent again."""
    actor, state = current_actor(), request.args.get("state", "")
    state = state if state == AT_RISK or state in words.callback_states() else ""
    if state == AT_RISK:
        risky = outbox_view.at_risk(db.session(), actor, clock.now())
        shown = [
            _callback_row(row, number, code, actor) | {"until": g.fmt.full(until) if until else ""}
            for row, number, code, until in risky
        ]
        return render_template("callbacks.html", rows=shown, next_href=None, rail=_rail(actor), state=state)
    rows = outbox_view.callbacks(db.session(), actor, state, request.args.get("before", type=int))
    shown = [_callback_row(row, number, code, actor) for row, number, code in rows[: outbox_view.PAGE]]
    return render_template(
        "callbacks.html",
        rows=shown,
        next_href=_next(rows, "admin.callbacks", state=state),
        rail=_rail(actor),
        state=state,
    )


@bp.post("/callbacks/<int:row_id>/resend")
@route_access("callbacks")
@requires("callbacks")
def resend(row_id: int) -> ResponseReturnValue:
    """Put a failed answer back in line."""
    try:
        outbox.resend(actor=current_actor(), row_id=row_id, now=clock.now())
    except NotAllowed:
        return redirect(url_for("admin.callbacks"), 303)
    sends.ring()
    return redirect(url_for("admin.callbacks"), 303)


@bp.get("/admin")
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """Connections with their traffic, and what was refused."""
    session = db.session()
    head = [_("Code"), _("Title"), _("Works"), _("Routing"), _("Last message"), _("Quarantine"), _("Answers go to")]
    rules, kinds = words.routing_rules(), words_exchange.drivers()
    rows = [
        [
            _link(c.code, "exchange.connection", code=c.code), c.name,
            words.word(kinds, c.driver) if c.active else _("not in use"),
            words.word(rules, c.routing_rule), _seen(at), _held(c.code, held), c.callback_url,
        ]
        for c, at, held, _poll in exchange_view.connections(session)
    ]  # fmt: skip
    codes = [
        [c.name, code.code, code.n, _link(_("Mend the mapping"), "exchange.connection", code=c.code)]
        for c, code in exchange_view.unmapped(session)
    ]
    unknown = {
        "title": _("Category codes without a map"),
        "head": [_("Connection"), _("Code"), _("Count"), _("What to do")],
        "rows": codes,
    }
    refused = [[r.day, r.connection, words_callbacks.refusal(r.reason), r.n] for r in administration.refusals(session)]
    second = {
        "title": _("Refused messages"),
        "head": [_("Day"), _("Connection"), _("Reason"), _("Count")],
        "rows": refused,
    }
    known: dict[str, Any] = {"title": _("Platform connections"), "head": head, "rows": rows}
    known["add"] = {"text": _("Add a connection"), "href": url_for("connections.add")}
    return _tables([known, unknown, second])


def _link(text: str, endpoint: str, **values: Any) -> dict[str, str]:
    """A cell that leads somewhere."""
    return {"text": text, "href": url_for(endpoint, **values)}


def _held(code: str, n: int) -> Any:
    shown = "99+" if n >= exchange_view.MOST else str(n)
    return _link(shown, "exchange.messages", connection=code, state="quarantined") if n else "0"


def tabs() -> list[dict[str, Any]]:
    """The administrator's pages; the SMS gateways have a file of their own."""
    return [
        {"label": _("Connections"), "href": url_for("admin.index"), "current": _at_connections()},
        {"label": _("Messages"), "href": url_for("exchange.messages"), "current": "/messages" in request.path},
        {"label": _("Organisations"), "href": url_for("organisations.index"), "current": "organ" in request.path},
        {"label": _("Accounts"), "href": url_for("people_admin.index"), "current": "users" in request.path},
        {"label": _("Second factor"), "href": url_for("second_factor.people"), "current": "second" in request.path},
        {"label": _("Customers"), "href": url_for("customers.index"), "current": "customers" in request.path},
        {"label": _("Policies"), "href": url_for("policies.index"), "current": "policies" in request.path},
        {"label": _("Penalty rules"), "href": url_for("penalty_rules.index"), "current": "penalty" in request.path},
        {"label": _("Scoring"), "href": url_for("schemes.index"), "current": "scoring" in request.path},
        {"label": _("Calendars"), "href": url_for("calendars.index"), "current": "calendars" in request.path},
        {
            "label": _("Types of problem parcels"),
            "href": url_for("problem_admin.index"),
            "current": "problem-types" in request.path,
        },
        {"label": _("Call scripts"), "href": url_for("scripts.index"), "current": "scripts" in request.path},
        {"label": _("SMS gateways"), "href": url_for("gateways.index"), "current": "/sms" in request.path},
        {"label": _("Log of changes"), "href": url_for("admin_log.index"), "current": "/admin/log" in request.path},
    ]


def _at_connections() -> bool:
    return request.path == "/admin" or "/connections" in request.path or "/signature" in request.path


def _tables(tables: list[dict[str, Any]], next_href: str | None = None) -> str:
    return render_template("admin.html", tables=tables, tabs=tabs(), next_href=next_href, rail=_rail(current_actor()))


def _seen(at: Any) -> str:
    return g.fmt.full(at) if at else "—"


def _rail(actor: Actor) -> dict[str, Any]:
    if actor.can("queue"):
        return queue_page.rail(db.session(), actor, None, clock.now())
    entries = queue_page.others(actor, request.endpoint or "")
    return {"queues": [], "others": queue_page.with_alarms(db.session(), actor, entries)}


def _next(rows: list[Any], endpoint: str, **more: str) -> str | None:
    if len(rows) <= outbox_view.PAGE:
        return None
    extra: dict[str, Any] = {k: v for k, v in more.items() if v}
    return url_for(endpoint, before=rows[outbox_view.PAGE - 1][0].id, **extra)


def _sms_row(row: Outbox, name: str, actor: Actor) -> dict[str, Any]:
    numbers = row.payload.get("tickets", [])
    link = actor.can("queue")
    return {
        "time_text": g.fmt.time(row.created_at), "time_full": g.fmt.full(row.created_at),
        "to": mask_phone(row.payload["phone"]), "organisation": name, "text": sms_text(row.payload["variables"]),
        "state_label": words.word(words.sms_states(), row.state), "tone": TONES.get(row.state, ""),
        "ticket_numbers": [{"number": n, "href": f"/tickets/{n}" if link else ""} for n in numbers],
    }  # fmt: skip


def sms_text(variables: dict[str, Any]) -> str:
    """The approved reminder text with its variables, as the phone shows it; of a customer's link never the link."""
    if "day" in variables:
        return words_duty.courier_text(variables)
    if "clock" not in variables:
        return _("Link for the customer: solved or not solved")
    kind = words.word(words.clock_kinds(), str(variables["clock"]))
    values = {**variables, "kind": kind, "left": g.fmt.span(int(variables.get("minutes") or 0) * 60)}
    if variables.get("overdue"):
        return _("%(count)s tickets, %(overdue)s overdue; most urgent …%(waybill_tail)s %(kind)s was due %(due_time)s",
                 **values)  # fmt: skip
    return _("%(count)s tickets fall due; most urgent …%(waybill_tail)s %(kind)s: %(left)s left (%(due_time)s)",
             **values)  # fmt: skip


def _callback_row(row: Outbox, number: str, code: str, actor: Actor) -> dict[str, Any]:
    resend_href = url_for("admin.resend", row_id=row.id) if row.state == "failed" else ""
    return {
        "ticket": {"number": number, "href": f"/tickets/{number}" if actor.can("queue") else ""},
        "platform_order": code, "operate_time": row.payload["operate_time"],
        "state_label": words.word(words.callback_states(), row.state), "tone": TONES.get(row.state, ""),
        "attempts": row.attempts, "resend_href": resend_href,
        "error": words_callbacks.problem(row.error, again=row.next_try_at is not None),
        "risk": row.risk_at is not None and row.risk_at <= clock.now(),
        "call": bool(row.payload.get("call")),
    }  # fmt: skip
