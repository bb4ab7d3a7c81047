"""Headquarters' call-backs over ratings (电话回访): what is due, and a form a call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import surveys as rule
from app.domain.errors import Invalid, NotAllowed
from app.domain.masking import mask_name, mask_phone, mask_start, mask_text
from app.domain.roles import Actor
from app.extensions import db
from app.services import reveals, survey_answers, survey_view
from app.services.reveals import Shown
from app.services.survey_answers import CallIn
from app.services.survey_view import Due
from app.web import queue_page, shown_in_full, ticket_page, words, words_survey
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import current_actor, requires

bp = Blueprint("survey_calls", __name__)


@bp.get("/call-backs")
@route_access("survey_calls")
@requires("survey_calls")
def index() -> ResponseReturnValue:
    """What is due, the longest waiting first."""
    return _page(current_actor())


@bp.post("/call-backs/<int:survey_id>")
@route_access("survey_calls")
@requires("survey_calls")
def log(survey_id: int) -> ResponseReturnValue:
    """Log how a call ended, with the rating where one was given."""
    actor, score = current_actor(), request.form.get("score", "")
    given = int(score) if score in ("1", "2", "3", "4", "5") else None
    call = CallIn(request.form.get("outcome", "")[:16], given, request.form.get("text", "").strip())
    try:
        survey_answers.log_call(actor=actor, survey_id=survey_id, call=call, now=clock.now())
    except Invalid as error:
        return _page(actor, {"id": survey_id, "call": call, "errors": error.fields}), 422
    except NotAllowed as error:
        return _page(actor, error=words.refused(error)), 409
    return redirect(url_for("survey_calls.index", done=1), 303)


@bp.post("/call-backs/<number>/reveal")
@shown_in_full.limit
@route_access("survey_calls")
@requires("survey_calls")
def reveal(number: str) -> ResponseReturnValue:
    """Show the number in full, on record."""
    actor = current_actor()
    shown = reveals.reveal(actor=actor, number=number, now=clock.now())
    return _page(actor, shown=(number, shown))


def _page(
    actor: Actor, typed: Mapping[str, Any] | None = None, error: str = "", shown: tuple[str, Shown] | None = None
) -> str:
    session, now = db.session(), clock.now()
    found = survey_view.due(session, actor, now)
    done = request.method == "GET" and request.args.get("done")
    return render_template(
        "survey_calls.html", rail=queue_page.rail(session, actor, None, now), error=error,
        rows=[_row(one, now, typed or {}, shown) for one in found[: survey_view.PAGE]],
        more=len(found) > survey_view.PAGE, notice=_("The call-back is logged.") if done else "",
        outcomes=words_survey.call_outcomes(), scores=words_survey.scores(), longest=rule.COMMENT_LENGTH,
    )  # fmt: skip


def _row(one: Due, now: datetime, typed: Mapping[str, Any], shown: tuple[str, Shown] | None) -> dict[str, Any]:
    survey, mine = one.survey, typed if typed.get("id") == one.survey.id else {}
    call: CallIn = mine.get("call") or CallIn("")
    table, outcomes = words.errors(), words_survey.call_outcomes()
    full = shown[1] if shown and shown[0] == one.number else None
    name, phone = (one.person.name, one.person.phone) if one.person else ("", "")
    return {
        "id": survey.id, "number": one.number, "href": url_for("tickets.show", number=one.number),
        "site": ticket_page.site_name(one.site), "complaint": mask_start(one.complaint, 120),
        "name": full.name if full else mask_name(name) if name else "—", "full": full is not None,
        "phone": full.phone if full else mask_phone(phone) if phone else "—",
        "reveal_href": url_for("survey_calls.reveal", number=one.number) if phone and not full else "",
        "score": words_survey.score(survey.score) if survey.score else _("No rating"),
        "tone": words_survey.TONES[survey.score] if survey.score else "", "comment": mask_text(one.comment),
        "rated": bool(survey.score), "since": g.fmt.time(survey.call_due_at), "call": call,
        "calls": [f"{g.fmt.time(at)} · {words.word(outcomes, how)} · {who}" for at, how, who in one.calls],
        "action": url_for("survey_calls.log", survey_id=survey.id),
        "errors": {name: words.word(table, code) for name, code in mine.get("errors", {}).items()},
    }  # fmt: skip
