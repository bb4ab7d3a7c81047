"""The complainant's page behind a personal link: no account, no cookie; a GET records nothing, a press does."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response

from app import clock
from app.domain import customer_links as rule
from app.domain.errors import Invalid, NotFound
from app.domain.masking import mask_text
from app.extensions import csrf, db, limiter
from app.services import customer_link
from app.services.customer_link import Asked
from app.web import language, words_customer
from app.web.access import route_access
from app.web.context import translate as _

bp = Blueprint("customer", __name__)
LOOKS, PRESSES = "60 per minute", "20 per minute"  # an address
FORM_BYTES = 20_000
COMPLAINT_SHOWN = 120  # characters
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True)
class Page:
    """What the page shows; the complaint is cut short, telephone numbers in either text are masked."""

    number: str
    complaint: str
    result: str
    result_text: str
    verdict: str
    answered_text: str


@bp.get("/r/<token>")
@limiter.limit(LOOKS)
@route_access("public")
def show(token: str) -> ResponseReturnValue:
    """The result with its two buttons, or what was answered. Records nothing: scanners open links, too."""
    _speak()
    try:
        asked = customer_link.show(db.session(), token, clock.now())
    except NotFound:
        return gone()
    return _page(asked)


def refuse_much() -> None:
    """Nobody who signs in nowhere sends more than a comment; what the body has is known before it is read."""
    request.max_content_length = FORM_BYTES
    if (request.content_length or 0) > FORM_BYTES:
        abort(413)


@bp.post("/r/<token>")
@csrf.exempt  # the token itself is the secret; there is no session that another page could use
@limiter.limit(PRESSES)
@route_access("public")
def answer(token: str) -> ResponseReturnValue:
    """Record the answer once; the page then shows it."""
    refuse_much()
    _speak()
    verdict, comment = request.form.get("verdict", ""), request.form.get("comment", "").replace("\0", "")
    try:
        customer_link.answer(token=token, verdict=verdict, comment=comment, now=clock.now())
    except NotFound:
        return gone()
    except Invalid as error:
        return _again(token, error, comment)
    page = url_for("customer.show", token=token, lang=request.args.get("lang"))
    return sealed(make_response(redirect(page, 303)))


def _again(token: str, error: Invalid, comment: str) -> ResponseReturnValue:
    try:
        asked = customer_link.show(db.session(), token, clock.now())
    except NotFound:
        return gone()
    too_long = _("Please shorten your words to 500 characters")
    said = too_long if "comment" in error.fields else _("Please press one of the two buttons")
    return _page(asked, error=said, comment=comment, status=422)


def _page(asked: Asked, *, error: str = "", comment: str = "", status: int = 200) -> Response:
    short = mask_text(asked.complaint)
    shown = Page(
        number=asked.number, result=mask_text(asked.result), result_text=g.fmt.full(asked.result_at)[:16],
        complaint=short if len(short) <= COMPLAINT_SHOWN else f"{short[:COMPLAINT_SHOWN]}…",
        verdict=asked.verdict, answered_text=g.fmt.full(asked.answered_at)[:16] if asked.answered_at else "",
    )  # fmt: skip
    body = render_template(
        "customer.html", page=shown, error=error, comment=comment, longest=rule.COMMENT_LENGTH, solved=rule.SOLVED,
        not_solved=rule.NOT_SOLVED, w=words_customer.of(asked.kind),
    )  # fmt: skip
    return sealed(make_response(body, status))


def gone() -> Response:
    """Unknown, replaced and expired look the same."""
    return sealed(make_response(render_template("customer_gone.html"), 404))


def _speak() -> None:
    """The language of the address; it is not remembered, because this page leaves no cookie."""
    language.choose(request.args.get("lang", ""))


def sealed(response: Response) -> Response:
    g.pop("chosen_language", None)
    response.headers.update(PRIVATE)
    return response
