"""The rules of the ledger: their versions, a new one drafted, and what it would have cost last month, by province."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import penalty_rules as rule
from app.domain.calendars import month_bounds, month_of
from app.domain.errors import Invalid, NotAllowed, Stale
from app.domain.penalty_rules import CAP, RATE, PenaltyRule
from app.domain.roles import Actor
from app.extensions import db
from app.services import penalty_dry_run, penalty_rules, scorecard_scope
from app.services.penalty_dry_run import Change
from app.web import admin, forms, penalty_forms, penalty_page, words, words_clocks, words_penalties
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.penalties import rail

bp = Blueprint("penalty_rules", __name__)


@bp.get("/admin/penalty-rules")
@route_access("penalty_rules")
@requires("penalty_rules")
def index() -> ResponseReturnValue:
    """Every rule in force, what is coming, and what it was before."""
    actor, now, session = current_actor(), clock.now(), db.session()
    known, authors = penalty_rules.rules(session), penalty_rules.authors(session)
    rows = [_line(code, versions, authors, now) for code, versions in penalty_rules.groups(known).items()]
    return render_template(
        "penalty_rules.html", **_frame(actor, now), rows=rows,
        notice=_("Stored") if request.args.get("done") else "",
    )  # fmt: skip


@bp.route("/admin/penalty-rules/<code>", methods=["GET", "POST"])
@route_access("penalty_rules")
@requires("penalty_rules")
def draft(code: str) -> ResponseReturnValue:
    """Draft the next version of a rule: the answer says what it would have cost; an administrator may store it."""
    actor, now, session = current_actor(), clock.now(), db.session()
    newest = penalty_rules.newest(session, code)
    form, error, status, preview = penalty_forms.rule_form(newest, request.form or None), "", 200, None
    month = _month(now)
    if request.method == "GET":
        _prefill(form, newest)
    else:
        try:
            drafted = _drafted(form, newest, now)
            if request.form.get("do") == "store":
                return _store(actor, drafted, form, now)
            preview = _preview(penalty_dry_run.run(session, drafted, month), drafted, month)
        except Invalid as wrong:
            forms.mark(form, wrong.fields)
            status = 422
        except (Stale, NotAllowed) as wrong:
            error, status = words.refused(wrong), 403 if isinstance(wrong, NotAllowed) else 409
    return render_template(
        "penalty_rule.html", **_frame(actor, now), form=form, error=error, code=code, rated=newest.kind == RATE,
        name=words.word(words_penalties.rules(), code), current=words_penalties.text_of(newest), preview=preview,
        seen=request.form.get("seen", newest.version), may_store=actor.can("penalty_rules_store"), month=month,
        pointed=newest.kind != CAP and code in ("untruthful", "loss"), capped=newest.kind != CAP,
        last=_month_before(now),
    ), status  # fmt: skip


def _store(actor: Actor, drafted: PenaltyRule, form: Any, now: datetime) -> ResponseReturnValue:
    seen = request.form.get("seen", type=int) or 0
    penalty_rules.add(actor=actor, draft=drafted, note=form.note.data or "", seen=seen, now=now)
    return redirect(url_for("penalty_rules.index", done="1"), 303)


def _drafted(form: Any, newest: PenaltyRule, now: datetime) -> PenaltyRule:
    """The version as typed. Raises Invalid."""
    amount, wrong = penalty_forms.fen_of(form.amount.data), {}
    at = forms.instant(form.effective_from)
    if at is None:
        wrong["effective_from"] = "bad_time"
    if newest.kind != RATE and amount is None:
        wrong["amount"] = "amount_range"
    numbers = {name: _whole(form[name].data) for name in ("numerator", "denominator", "points")}
    drafted = replace(
        rule.borne_by(newest, form.liable.data or newest.liable),
        amount_fen=(amount or 0) if newest.kind != RATE else 0, effective_from=at or now,
        numerator=numbers["numerator"] if newest.kind == RATE else 0,
        denominator=numbers["denominator"] if newest.kind == RATE else 1, points=numbers["points"],
        absorbs=tuple(form.absorbs.data or ()), cap_group=_group(form, newest),
    )  # fmt: skip
    known = penalty_rules.rules(db.session())
    wrong = rule.faults(drafted, newest=newest, now=now, others=known) | wrong
    if "rate" in wrong:
        wrong["numerator"] = wrong["rate"]
    if wrong:
        raise Invalid(wrong)
    return drafted


def _group(form: Any, newest: PenaltyRule) -> str:
    """The cap group as chosen; a word that is none is told beside the field."""
    if newest.kind == CAP or not form.cap_group.data:
        return newest.cap_group
    return "" if form.cap_group.data == penalty_forms.OUTSIDE else str(form.cap_group.data)


def _whole(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0 if not text else -1


def _prefill(form: Any, newest: PenaltyRule) -> None:
    form.amount.data = words_penalties.yuan(newest.amount_fen).replace(",", "")
    form.numerator.data, form.denominator.data = str(newest.numerator), str(newest.denominator)
    form.points.data, form.liable.data = str(newest.points), newest.liable
    form.absorbs.data, form.cap_group.data = list(newest.absorbs), newest.cap_group or penalty_forms.OUTSIDE


def _month(now: datetime) -> str:
    """The month that the dry run is about: the one asked for, else the last one. Raises NotFound."""
    month = request.values.get("month", "")[:7] or _month_before(now)
    scorecard_scope.span_of(month, now)
    return month


def _month_before(now: datetime) -> str:
    return month_of(month_bounds(month_of(now))[0] - timedelta(seconds=1))


def _frame(actor: Actor, now: datetime) -> dict[str, Any]:
    tabs = admin.tabs() if actor.can("admin") else penalty_page.tabs(actor, "rules")
    return {"tabs": tabs, "rail": rail(actor, now)}


def _line(code: str, versions: list[PenaltyRule], authors: dict[Any, Any], now: datetime) -> dict[str, Any]:
    """A rule with its versions, the newest first."""
    try:
        force = rule.in_force(versions, code, now).version
    except rule.NoRule:
        force = 0
    lines = []
    for one in versions:
        row, who = authors.get((one.code, one.version), (None, ""))
        begun = one.effective_from <= now
        state = "in_force" if one.version == force else "past" if begun else "coming"
        stored = f"{who} · {g.fmt.full(row.stored_at)}" if row and row.stored_at else _("came with the portal")
        tone = "good" if one.version == force else "" if begun else "info"
        lines.append({
            "n": one.version, "text": words_penalties.text_of(one), "begins": g.fmt.full(one.effective_from)[:16],
            "state": words_clocks.version_states()[state], "tone": tone, "stored": stored,
            "note": row.note if row else "",
        })  # fmt: skip
    return {
        "code": code, "name": words.word(words_penalties.rules(), code), "versions": lines,
        "href": url_for("penalty_rules.draft", code=code), "by_hand": code in rule.BY_HAND,
    }  # fmt: skip


def _preview(found: dict[int | None, Change], drafted: PenaltyRule, month: str) -> dict[str, Any]:
    """The dry run in words: the network, then every province that has any."""
    places = {one.id: penalty_page.place_name(one) for one in penalty_dry_run.provinces(db.session())}
    rows = [_changed(_("Network"), found[None])]
    rows += [_changed(name, found[key]) for key, name in places.items() if key in found]
    return {"month": g.fmt.month(month), "rows": rows, "empty": not found[None].facts and drafted.kind != CAP,
            "cap": drafted.kind == CAP, "text": words_penalties.text_of(drafted)}  # fmt: skip


def _changed(name: str, one: Change) -> dict[str, Any]:
    yuan, more = words_penalties.yuan, one.all_then_fen - one.all_was_fen
    return {
        "name": name, "facts": one.facts, "was": yuan(one.was_fen), "then": yuan(one.then_fen),
        "all_was": yuan(one.all_was_fen), "all_then": yuan(one.all_then_fen),
        "more": f"{'+' if more > 0 else ''}{yuan(more)}",
        "tone": "up" if more > 0 else "down" if more < 0 else "",
        "points": f"{one.was_points} → {one.then_points}" if one.was_points or one.then_points else "",
    }  # fmt: skip
