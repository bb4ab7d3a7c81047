"""Marked audits as a list, headquarters' second opinion, and how the provinces' auditors agree."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import audits as rule
from app.domain.audit_sample import RECHECK
from app.domain.calendars import month_bounds, month_of
from app.domain.errors import Invalid, NotAllowed, Stale
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.extensions import db
from app.services import audit_view, audits, scorecard_scope
from app.services.audit_view import Agreement, Line
from app.services.audits import Verdict
from app.web import queue_page, ticket_page, words, words_audit
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import current_actor, requires
from app.web.numbers import number

bp = Blueprint("audits", __name__)
NONE = "—"


@bp.get("/audits")
@route_access("audits")
@requires("audits")
def index() -> ResponseReturnValue:
    """Marked audits in scope, the newest first; nobody reads who marked."""
    actor, session = current_actor(), db.session()
    mark = request.args.get("mark", "")
    mark = mark if mark in rule.MARKS else ""
    found = audit_view.page(session, actor, mark, number(request.args, "before"))
    shown = found[: audit_view.PAGE]
    more = len(found) > audit_view.PAGE
    return render_template(
        "audits.html", rail=queue_page.rail(session, actor, None, clock.now()), tabs=_tabs(mark),
        rows=[_row(line, actor) for line in shown], site_desk=actor.desk == "site", mark=mark,
        next_href=url_for("audits.index", mark=mark or None, before=shown[-1].audit.id) if more else None,
    )  # fmt: skip


@bp.get("/audits/<int:audit_id>")
@route_access("audit_revise")
@requires("audit_revise")
def show(audit_id: int) -> ResponseReturnValue:
    """One audit with the form of a second opinion."""
    return _second(current_actor(), audit_id)


@bp.post("/audits/<int:audit_id>")
@route_access("audit_revise")
@requires("audit_revise")
def revise(audit_id: int) -> ResponseReturnValue:
    """Headquarters' second opinion, which is final."""
    actor, given = current_actor(), request.form.get("mark", "")
    given = given if given in rule.MARKS else ""
    verdict = Verdict(given, request.form.get(f"reason_{given}", "")[:24], request.form.get("text", "").strip())
    try:
        audits.revise(actor=actor, audit_id=audit_id, verdict=verdict, now=clock.now())
    except Invalid as error:
        return _second(actor, audit_id, verdict, words.refused(error), error.fields), 422
    except (NotAllowed, Stale) as error:
        return _second(actor, audit_id, verdict, words.refused(error)), 409
    return redirect(url_for("audits.show", audit_id=audit_id), 303)


@bp.get("/audit/agreement")
@route_access("audit_agreement")
@requires("audit_agreement")
def agreement() -> ResponseReturnValue:
    """Coverage of the audit and agreement with headquarters' re-checks, by province and month."""
    actor, now = current_actor(), clock.now()
    month = request.args.get("month", "") or month_of(now)
    scorecard_scope.span_of(month, now)  # 404 for none
    rows = [_agreement(line) for line in audit_view.agreement(db.session(), actor, month)]
    return render_template(
        "audit_agreement.html", rail=queue_page.rail(db.session(), actor, None, now), rows=rows,
        months=_months(month, now),
    )  # fmt: skip


def _tabs(mark: str) -> list[dict[str, Any]]:
    labels = {"": _("All")} | words_audit.marks()
    return [
        {"label": label, "href": url_for("audits.index", mark=code or None), "current": code == mark}
        for code, label in labels.items()
    ]


def _row(line: Line, actor: Actor) -> dict[str, Any]:
    """A site does not read why it was drawn: what is looked for is looked for without warning."""
    audit, english = line.audit, g.fmt.english
    category = line.category
    flags, second = words_audit.flags(), actor.can("audit_revise") and audit.reason != RECHECK
    return {
        "number": line.number, "href": url_for("tickets.show", number=line.number),
        "category": "" if category is None else category.name_en if english else category.name,
        "site": ticket_page.site_name(line.site), "mark": words_audit.marks()[audit.mark],
        "tone": words_audit.TONES[audit.mark], "words": mask_text(line.words),
        "reason": words.word(words_audit.mark_reasons(), audit.mark_reason) if audit.mark_reason else "",
        "marked": g.fmt.time(audit.marked_at), "marked_full": g.fmt.full(audit.marked_at),
        "revised": g.fmt.time(audit.revised_at) if audit.revised_at else "",
        "was": words_audit.marks()[audit.first_mark], "why": words.word(words_audit.why(), audit.reason),
        "flags": [words.word(flags, one) for one in audit.flags],
        "second_href": url_for("audits.show", audit_id=audit.id) if second else "",
    }  # fmt: skip


def _second(
    actor: Actor, audit_id: int, typed: Verdict | None = None, error: str = "", fields: dict[str, str] | None = None
) -> str:
    session = db.session()
    row = _row(audit_view.load(session, actor, audit_id), actor)
    labels, table = words_audit.mark_reasons(), words.errors()
    reasons = [(mark, [(code, labels[code]) for code in codes]) for mark, codes in rule.REASONS.items() if codes]
    return render_template(
        "audit_second.html", rail=queue_page.rail(session, actor, None, clock.now()), r=row, error=error,
        errors={name: words.word(table, code) for name, code in (fields or {}).items()}, typed=typed or Verdict(""),
        marks=words_audit.marks(), longest=rule.TEXT_LENGTH,
        reasons=reasons,
    )  # fmt: skip


def _months(month: str, now: datetime) -> dict[str, Any]:
    """The month before, and the one after unless it lies in the future."""
    start, end = month_bounds(month)
    before, after = month_of(start - timedelta(seconds=1)), month_of(end)
    return {
        "label": g.fmt.month(month), "previous_label": g.fmt.month(before), "next_label": g.fmt.month(after),
        "previous_href": url_for("audits.agreement", month=before) if before >= scorecard_scope.FIRST_MONTH else None,
        "next_href": url_for("audits.agreement", month=after) if end <= now else None,
    }  # fmt: skip


def _agreement(line: Agreement) -> dict[str, Any]:
    return {
        "province": ticket_page.site_name(line.province) or _("No province"), "results": line.results,
        "drawn": line.drawn, "marked": line.marked, "marks": [line.marks[code] for code in rule.MARKS],
        "share": percent(line.marked, line.results), "coverage": percent(line.marked, line.drawn),
        "true": percent(line.marks[rule.TRUE], line.marked), "rechecks": line.rechecks, "agreed": line.agreed,
        "rate": percent(line.agreed, line.rechecks),
    }  # fmt: skip


def percent(part: int, whole: int) -> str:
    """A rate with one decimal, cut as on the scorecard; a dash where nothing is to be divided."""
    return f"{part * 1000 // whole / 10:.1f} %" if whole else NONE
