"""The month's close: its list, the checklist with its preview and the button, the provinces' analyses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.calendars import month_bounds
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import MonthAnalysis
from app.services import month_analyses, month_freeze, month_plan, scorecards
from app.services.month_plan import Preview, Status
from app.services.scorecard_scope import span_of
from app.web import scorecard_page, words, words_months
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.scorecard_page import NONE, correction, href, tenths, yuan
from app.web.scorecards import rail

bp = Blueprint("months", __name__)
TONES = {"frozen": "good", "drafted": "soon", "running": ""}
SHOWN = 20  # corrections in the preview


@bp.get("/months")
@route_access("months")
@requires("months")
def index() -> ResponseReturnValue:
    """The months with their days and how far each is."""
    actor, now = current_actor(), clock.now()
    rows = [_row(one) for one in month_plan.listed(db.session(), now)]
    return render_template("months.html", rail=rail(actor, now), rows=rows, closes=actor.can("month_close"))


def _row(one: Status) -> dict[str, Any]:
    return {
        "month": one.month, "label": g.fmt.month(one.month), "state": words_months.states()[one.state],
        "tone": TONES[one.state], "href": url_for("months.show", month=one.month),
        "analysis_until": g.fmt.full(one.dates.analysis_until)[:16],
        "freeze_from": g.fmt.full(one.dates.freeze_from)[:10],
        "frozen": g.fmt.full(one.frozen_at)[:16] if one.frozen_at else NONE, "digest": one.digest[:16] or NONE,
    }  # fmt: skip


@bp.get("/months/<month>")
@route_access("months")
@requires("months")
def show(month: str) -> ResponseReturnValue:
    """One month: for headquarters what blocks it and what its freeze would change; the province's own form."""
    return _show(month, {})


@bp.post("/months/<month>/freeze")
@route_access("month_close")
@requires("month_close")
def freeze(month: str) -> ResponseReturnValue:
    """Freeze it. Refused with the reason on the page."""
    try:
        month_freeze.freeze(actor=current_actor(), month=month, now=clock.now())
    except NotAllowed as refused:
        return _show(month, {"error": refusal(refused)}), 409
    return redirect(url_for("months.show", month=month, done="1"), 303)


def refusal(refused: NotAllowed) -> str:
    """Why a month is not frozen."""
    if refused.code == "too_early":
        at = refused.detail["at"]
        return _("This month can be frozen from %(time)s on.", time=g.fmt.full(at)[:16])
    if refused.code == "earlier_open":
        return _("First freeze %(month)s: months are frozen in order.", month=g.fmt.month(str(refused.detail["month"])))
    if refused.code == "later_frozen":
        return _(
            "%(month)s is frozen already: months are frozen in order.", month=g.fmt.month(str(refused.detail["month"]))
        )
    return words.word(words.errors(), refused.code)


@bp.post("/months/<month>/analysis")
@route_access("month_analysis")
@requires("month_analysis")
def analysis(month: str) -> ResponseReturnValue:
    """Keep the province's analysis, or hand it in."""
    _checked(month)
    texts = {name: request.form.get(name, "") for name in month_analyses.TEXTS}
    submit = request.form.get("what") == "submit"
    try:
        month_analyses.keep(actor=current_actor(), month=month, texts=texts, submit=submit, now=clock.now())
    except Invalid as wrong:
        errors = {name: words.word(words.errors(), code) for name, code in wrong.fields.items()}
        return _show(month, {"typed": texts, "errors": errors}), 422
    except NotAllowed as refused:
        return _show(month, {"typed": texts, "error": words.word(words.errors(), refused.code)}), 409
    return redirect(url_for("months.show", month=month, done="1"), 303)


def _checked(month: str) -> None:
    try:
        month_bounds(month)
    except (ValueError, OverflowError):
        raise NotFound("month_not_found") from None


def _show(month: str, said: dict[str, Any]) -> str:
    _checked(month)
    actor, now, session = current_actor(), clock.now(), db.session()
    span_of(month, now)
    one = month_plan.status(session, month, now)
    found: dict[str, Any] = {"row": _row(one), "frozen": one.state == "frozen", "running": one.state == "running"}
    if actor.can("month_close"):
        found |= _head(month, one, now)
    if actor.can("month_analysis"):
        found |= _own(month, said)
    notice = _("Saved") if request.args.get("done") and request.method == "GET" else ""
    return render_template(
        "month.html", rail=rail(actor, now), month=month, notice=notice, error=said.get("error", ""), one=one,
        by=one.frozen_by, labels=words_months.texts(), closes=actor.can("month_close"), **found,
    )  # fmt: skip


def _head(month: str, one: Status, now: datetime) -> dict[str, Any]:
    """What headquarters sees: the checklist and the preview until it is frozen, and the provinces' analyses."""
    session = db.session()
    found: dict[str, Any] = {"analyses": [_analysis(*pair) for pair in month_analyses.every(session, month)]}
    if one.state == "frozen":
        return found | {"corrections": [correction(c) for c in month_plan.corrections(session, month)[:SHOWN]]}
    labels = words_months.points()
    points = [
        {"label": labels[point.key], "n": point.number, "blocks": point.blocks}
        for point in month_plan.checklist(session, month, now)
    ]
    blocked = any(point["blocks"] for point in points)
    if one.state == "running":
        return found | {"points": points, "blocked": True}
    return found | {"points": points, "blocked": blocked, "preview": _preview(month_plan.preview(session, month, now))}


def _preview(found: Preview) -> dict[str, Any]:
    return {
        "cards": found.cards, "network": tenths(found.network_tenths), "charged": found.charged,
        "charged_yuan": yuan(found.charged_fen), "contested": found.contested,
        "grades": [f"{grade} {number}" for grade, number in found.grades],
        "corrections": [correction(one) for one in found.corrections[:SHOWN]], "more": len(found.corrections) - SHOWN,
    }  # fmt: skip


def _analysis(province: Any, row: MonthAnalysis | None) -> dict[str, Any]:
    name = (province.name_en or province.name) if g.fmt.english else province.name
    handed = row.submitted_at if row else None
    return {
        "name": name, "code": province.code, "handed": g.fmt.full(handed)[:16] if handed else "",
        "texts": [(words_months.texts()[key], row.body.get(key, "")) for key in month_analyses.TEXTS] if row else [],
    }  # fmt: skip


def _own(month: str, said: dict[str, Any]) -> dict[str, Any]:
    """The province's form with the month's figures filled in."""
    actor, now, session = current_actor(), clock.now(), db.session()
    row = month_analyses.of_province(session, month, actor.province_id or 0)
    code = scorecards.own_code(session, actor)
    card = scorecards.site_month(actor=actor, month=month, organisation_code=code, now=now)
    return {
        "typed": said.get("typed") or (row.body if row else {}), "errors": said.get("errors", {}),
        "handed": g.fmt.full(row.submitted_at)[:16] if row and row.submitted_at else "", "card_href": href(month, code),
        "card": scorecard_page.card_of(session, card, now),
        "late": now >= month_plan.dates(session, month).analysis_until,
    }  # fmt: skip
