"""The question after closing: no account, no cookie; a GET records nothing, a press does, once."""

from __future__ import annotations

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response

from app import clock
from app.domain import surveys as rule
from app.domain.errors import Invalid, NotFound
from app.domain.masking import mask_text
from app.extensions import csrf, db, limiter
from app.services import survey_answers
from app.services.survey_answers import Asked
from app.web import customer, language, words_survey
from app.web.access import route_access
from app.web.context import translate as _

bp = Blueprint("survey", __name__)


@bp.get("/s/<token>")
@limiter.limit(customer.LOOKS)
@route_access("public")
def show(token: str) -> ResponseReturnValue:
    """The five buttons, or what was said. Records nothing: scanners and friends open links, too."""
    language.choose(request.args.get("lang", ""))
    try:
        asked = survey_answers.show(db.session(), token, clock.now())
    except NotFound:
        return customer.gone()
    return _page(asked)


@bp.post("/s/<token>")
@csrf.exempt  # the token itself is the secret; there is no session that another page could use
@limiter.limit(customer.PRESSES)
@route_access("public")
def rate(token: str) -> ResponseReturnValue:
    """Record the rating once; the page then shows it."""
    customer.refuse_much()
    language.choose(request.args.get("lang", ""))
    pressed, comment = request.form.get("score", ""), request.form.get("comment", "").replace("\0", "")
    score = int(pressed) if pressed in ("1", "2", "3", "4", "5") else None
    try:
        survey_answers.rate(token=token, score=score, comment=comment, now=clock.now())
    except NotFound:
        return customer.gone()
    except Invalid as error:
        return _again(token, error, comment)
    return customer.sealed(
        make_response(redirect(url_for("survey.show", token=token, lang=request.args.get("lang")), 303))
    )


def _again(token: str, error: Invalid, comment: str) -> ResponseReturnValue:
    try:
        asked = survey_answers.show(db.session(), token, clock.now())
    except NotFound:
        return customer.gone()
    too_long = _("Please shorten your words to %(n)s characters", n=rule.COMMENT_LENGTH)
    return _page(
        asked, too_long if "comment" in error.fields else _("Please press one of the five buttons"), comment, 422
    )


def _page(asked: Asked, error: str = "", comment: str = "", status: int = 200) -> Response:
    words = mask_text(asked.complaint)
    body = render_template(
        "survey.html", number=asked.number, error=error, comment=comment, longest=rule.COMMENT_LENGTH,
        complaint=words if len(words) <= customer.COMPLAINT_SHOWN else f"{words[: customer.COMPLAINT_SHOWN]}…",
        scores=list(words_survey.scores().items()), said=mask_text(asked.comment),
        score=words_survey.score(asked.score) if asked.score else "",
        rated_text=g.fmt.full(asked.rated_at)[:16] if asked.rated_at else "",
    )  # fmt: skip
    return customer.sealed(make_response(body, status))
