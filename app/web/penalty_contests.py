"""Contesting penalties over HTTP: one entry, several at once, what waits for a decision, and the decisions."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import contests as rule
from app.domain import drafts
from app.domain.calendars import month_of
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.extensions import db
from app.services import penalty_contest_view, penalty_contests, penalty_explain, penalty_view, scorecard_scope
from app.services.one_by_one import Done, attempt
from app.services.penalty_contests import ContestIn
from app.web import (
    attachments,
    draft_forms,
    forms,
    page_drafts,
    penalty_forms,
    penalty_page,
    penalty_sheet,
    verbs,
    words,
    words_penalties,
)
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number as number_of
from app.web.penalties import rail

bp = Blueprint("penalty_contests", __name__)
BOX = "penalty"
MOST = 200


@bp.route("/penalties/<int:penalty_id>/contest", methods=["GET", "POST"])
@route_access("penalty_contest")
@requires("penalty_contest")
def raise_one(penalty_id: int) -> ResponseReturnValue:
    """Contest one entry, with a statement and pictures; the rest is attached by itself."""
    actor, now, session = current_actor(), clock.now(), db.session()
    found = penalty_explain.view(session, actor, penalty_id, now)
    form, number, error, status = penalty_forms.contest_form(request.form or None), found.line.number, "", 200
    if request.method == "POST":
        try:
            pictures = attachments.keep(actor, number, BOX, now).checked() if found.opens else []
            asked = ContestIn(form.reason.data or "", form.text.data or "", pictures)
            penalty_contests.contest(actor=actor, penalty_id=penalty_id, asked=asked, now=now)
            return redirect(url_for("penalties.show", penalty_id=penalty_id, done="1"), 303)
        except Invalid as wrong:
            forms.mark(form, wrong.fields)
            status = 422
        except NotAllowed as wrong:
            error, status = words.refused(wrong), 409
    elif found.hindrance:
        error = words_penalties.hindrances()[found.hindrance]
    kept, typed = draft_forms.of_form(db.session(), actor, number, drafts.of_one(drafts.CONTEST, penalty_id), now)
    if request.method == "GET" and typed:
        draft_forms.fill(form, typed)
    return render_template(
        "penalty_contest.html", rail=rail(actor, now), form=form, error=error, key=secrets.token_urlsafe(24),
        p=penalty_sheet.of(penalty_explain.view(db.session(), actor, penalty_id, now), actor, now),
        tray=attachments.tray_of(actor, number, BOX), may=not found.hindrance, kept=kept,
    ), status  # fmt: skip


@bp.route("/penalties/contest-several", methods=["GET", "POST"])
@route_access("penalty_contest")
@requires("penalty_contest")
def several() -> ResponseReturnValue:
    """The same reason for the ticked entries of a month, of one incident where it is named."""
    actor, now = current_actor(), clock.now()
    month = request.values.get("month", "")[:7] or month_of(now)
    scorecard_scope.span_of(month, now)
    incident = request.values.get("incident", "").strip()[:24]
    form, ticked, error, status, done = penalty_forms.contest_form(request.form or None), _ids("penalty"), "", 200, None
    if request.method == "POST":
        done, error = _contest_each(actor, form, ticked, now)
        status = 422 if error or form.errors else 200
    kept, typed = page_drafts.of_page(actor, "several", now)
    if request.method == "GET" and typed:
        draft_forms.fill(form, typed)
        ticked = _numbers(typed.getlist("penalty"))
    found = penalty_view.contestable(db.session(), actor, month, incident)
    return render_template(
        "penalty_several.html", rail=rail(actor, now), form=form, error=error, month=month, incident=incident,
        rows=[{**penalty_page.row(line), "ticked": line.penalty.id in ticked} for line in found],
        tabs=penalty_page.tabs(actor, "several"), full=len(found) == penalty_view.MOST, done=_outcomes(done or []),
        kept=kept, sent=bool(done) and not any(one.code for one in done or []),
    ), status  # fmt: skip


def _contest_each(actor: Actor, form: Any, ticked: list[int], now: datetime) -> tuple[list[Done], str]:
    """Each in its own transaction; what is wrong with the form itself is said once."""
    asked = ContestIn(form.reason.data or "", form.text.data or "")
    wrong = penalty_contests.faults(asked)
    forms.mark(form, wrong)
    if wrong or not ticked:
        return [], "" if wrong else words_penalties.errors()["nothing_ticked"]
    done = [
        attempt(str(one), lambda one=one: penalty_contests.contest(  # type: ignore[misc]
            actor=actor, penalty_id=one, asked=asked, now=now,
        )) for one in ticked
    ]  # fmt: skip
    if not any(one.code for one in done):
        page_drafts.sent(actor, "several")
    return done, ""


@bp.get("/penalties/contests")
@route_access("penalties")
@requires("penalties")
def index() -> ResponseReturnValue:
    """What waits for this desk, due first; for a site its own contests, the newest first."""
    return _list([], "")


@bp.post("/penalties/contests/decide")
@route_access("penalty_decide")
@requires("penalty_decide")
def decide() -> ResponseReturnValue:
    """Grant or refuse the ticked contests with one reason, each in its own transaction."""
    actor, now, ticked = current_actor(), clock.now(), _ids("contest")
    text, verdict = request.form.get("decision", ""), request.form.get("verdict", "")
    if verdict not in ("grant", "refuse") or not ticked or not text.strip():
        code = "nothing_ticked" if not ticked else "required"
        return _list([], words.word(words.errors(), code)), 422
    done = [
        attempt(str(one), lambda one=one: penalty_contests.decide(  # type: ignore[misc]
            actor=actor, contest_id=one, granting=verdict == "grant", text=text, now=now,
        )) for one in ticked
    ]  # fmt: skip
    if len(done) == 1 and done[0].code == "contest_not_found":
        raise NotFound("contest_not_found")
    if not any(one.code for one in done):
        return redirect(url_for("penalty_contests.index", done=len(done)), 303)
    return _list(done, ""), 409


def _list(done: list[Done], error: str) -> str:
    actor, now, session = current_actor(), clock.now(), db.session()
    court, incident = actor.can("penalty_decide"), request.args.get("incident", "").strip()[:24]
    if court:
        found = penalty_contest_view.waiting(session, actor, incident, _after())
    else:
        found = penalty_contest_view.of_scope(session, actor, number_of(request.args, "before"))
    rows, more = found[: penalty_contest_view.PAGE], len(found) > penalty_contest_view.PAGE
    open_ = [one.contest for one in rows if one.contest.state == "open"] if court else []
    asked = penalty_contests.as_rule(session, open_, actor) if open_ else {}
    why = {key: rule.why_not(value, actor) for key, value in asked.items()}
    ticked, said = _ids("contest"), words_penalties.hindrances()
    lines = [
        {**penalty_sheet.contest(one, now), "ticked": one.contest.id in ticked,
         "why_not": said.get(why.get(one.contest.id, ""), "")}
        for one in rows
    ]  # fmt: skip
    return render_template(
        "penalty_contests.html", rail=rail(actor, now), rows=lines, court=court, error=error,
        typed=request.form.get("decision", ""), tabs=penalty_page.tabs(actor, "contests"), incident=incident,
        next_href=_next(rows[-1], court, incident) if more else None, outcomes=_outcomes(done),
        any_open=any(one["open"] and not one["why_not"] for one in lines),
        notice=_("%(n)s decided", n=request.args.get("done", "")[:3]) if request.args.get("done") else "",
    )  # fmt: skip


def _after() -> tuple[Any, int] | None:
    due, key = verbs.instant_of(request.args.get("due", "")), number_of(request.args, "after")
    return (due, key) if due and key else None


def _next(last: penalty_contest_view.Row, court: bool, incident: str) -> str:
    found = last.contest
    if not court:
        return url_for("penalty_contests.index", before=found.id)
    return url_for(
        "penalty_contests.index", due=found.due_at.isoformat(), after=found.id, incident=incident or None
    )  # fmt: skip


def _outcomes(done: list[Done]) -> dict[str, Any] | None:
    """How many went through, and why others did not."""
    if not done:
        return None
    refused: dict[str, int] = {}
    for one in done:
        if one.code:
            said = words.word(words.errors(), one.code)
            refused[said] = refused.get(said, 0) + 1
    return {"n": sum(not one.code for one in done), "refused": list(refused.items())}


def _ids(name: str) -> list[int]:
    return _numbers(request.form.getlist(name))


def _numbers(words: list[str]) -> list[int]:
    given = [value for value in words if value.isascii() and value.isdecimal()]
    return [int(value) for value in given[:MOST] if len(value) < 20 and int(value) < 2**63]
