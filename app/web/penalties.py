"""The penalty ledger over HTTP: the list of a month, one entry explained, and facts entered by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import drafts
from app.domain.calendars import month_of
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.penalties import STATES
from app.domain.penalty_rules import CODES
from app.domain.roles import Actor
from app.extensions import db
from app.services import penalty_explain, penalty_hand, penalty_view, scorecard_scope
from app.services.desk import Post
from app.services.penalty_hand import HandIn
from app.services.penalty_view import Filters
from app.web import (
    attachments,
    draft_forms,
    forms,
    page_drafts,
    penalty_forms,
    penalty_page,
    penalty_sheet,
    queue_page,
    verbs,
    words,
)
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number as number_of

bp = Blueprint("penalties", __name__)


@bp.get("/penalties")
@route_access("penalties")
@requires("penalties")
def index() -> ResponseReturnValue:
    """The entries of a month in the own area, with their totals above; every filter stands in the address."""
    actor, now, session = current_actor(), clock.now(), db.session()
    asked = filters(now)
    found = penalty_view.page(session, actor, asked, number_of(request.args, "before"))
    rows, more = found[: penalty_view.PAGE], len(found) > penalty_view.PAGE
    following = url_for("penalties.index", **penalty_page.address(asked), before=rows[-1].penalty.id) if more else None
    return render_template(
        "penalties.html", rail=rail(actor, now), rows=[penalty_page.row(line) for line in rows], next_href=following,
        tabs=penalty_page.tabs(actor), sums=penalty_page.sums(penalty_view.sums(session, actor, asked), asked),
        months=penalty_page.months(asked, now), asked=asked, choices=penalty_page.choices(), wide=actor.desk != "site",
        month_label=penalty_page.month_label(asked), may_contest=actor.can("penalty_contest"),
    )  # fmt: skip


@bp.get("/penalties/<int:penalty_id>")
@route_access("penalties")
@requires("penalties")
def show(penalty_id: int) -> ResponseReturnValue:
    """Why this entry is there and what it costs, as a page to print."""
    actor, now = current_actor(), clock.now()
    found = penalty_explain.view(db.session(), actor, penalty_id, now)
    box = drafts.of_one(drafts.DECISION, penalty_id)
    kept, typed = draft_forms.of_form(db.session(), actor, found.line.number, box, now)
    return render_template(
        "penalty.html", rail=rail(actor, now), p=penalty_sheet.of(found, actor, now), kept=kept, typed=typed,
        notice=_("Saved") if request.args.get("done") else "",
    )  # fmt: skip


@bp.route("/penalties/enter", methods=["GET", "POST"])
@route_access("penalty_enter")
@requires("penalty_enter")
def enter() -> ResponseReturnValue:
    """Enter a loss, a bad sign-off slip or an extra cost with its proof."""
    actor, now, error, status = current_actor(), clock.now(), "", 200
    form = penalty_forms.hand_form(request.form or None)
    kept, typed = page_drafts.of_page(actor, "hand", now)
    named = request.args.get("ticket", "").strip()[:24]
    other = bool(named) and typed.get("ticket", "").strip() not in ("", named)  # a draft about another ticket
    if request.method == "GET":
        if typed and not other:
            draft_forms.fill(form, typed)
        form.ticket.data = named or form.ticket.data
    else:
        number = (form.ticket.data or "").strip()[:24]
        try:
            done = _entered(actor, number, form, now)
            return redirect(url_for("penalties.enter", ticket=number, done=done), 303)
        except (Invalid, NotAllowed, NotFound, Stale) as wrong:
            error, status = _said(form, wrong)
    return render_template(
        "penalty_enter.html", rail=rail(actor, now), form=form, error=error, tabs=penalty_page.tabs(actor, "enter"),
        key=forms.page_key(status), prices=penalty_page.hand_rules(penalty_hand.kinds(db.session())),
        notice=_("Entered. The ledger shows it within a minute.") if request.args.get("done") else "",
        tray=attachments.tray_of(actor, (form.ticket.data or "").strip(), "penalty"),
        kept=kept | {"version": 0, "bar": None} if other else kept,
        draft_href=page_drafts.page_of("hand") if other else "",
    ), status  # fmt: skip


def _entered(actor: Actor, number: str, form: Any, now: datetime) -> str:
    base = penalty_forms.fen_of(form.base.data)
    kept = attachments.keep(actor, number, "penalty", now)
    fact = HandIn(
        form.rule.data or "", (form.organisation.data or "").strip()[:32], base, form.text.data or "",
        (form.clerk.data or "").strip()[:64], kept.checked(),
    )  # fmt: skip
    penalty_hand.enter(actor=actor, post=Post(number, None, verbs.key()), fact=fact, now=now)
    return "1"


def _said(form: Any, wrong: Exception) -> tuple[str, int]:
    if isinstance(wrong, Invalid):
        forms.mark(form, wrong.fields)
        return "", 422
    if isinstance(wrong, NotFound):
        forms.mark(form, {"ticket": "unknown_ticket"})
        return "", 422
    return words.refused(wrong), 409


def filters(now: datetime) -> Filters:
    """The month and the filters that the address names. Raises NotFound for what is no month or lies in the future."""
    asked = request.args
    month = asked.get("month", "")[:7] or month_of(now)
    scorecard_scope.span_of(month, now)
    state, rule = asked.get("state", ""), asked.get("rule", "")
    return Filters(
        month, asked.get("organisation", "").strip()[:32], state if state in STATES else "",
        rule if rule in CODES else "",
    )  # fmt: skip


def rail(actor: Actor, now: datetime) -> dict[str, Any]:
    """The menu; those without a queue have the other pages only."""
    if actor.can("queue"):
        return queue_page.rail(db.session(), actor, None, now)
    return {"queues": [], "others": queue_page.others(actor, request.endpoint or "")}
