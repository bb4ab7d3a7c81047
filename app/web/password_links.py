"""The page behind a one-use password link: a GET changes nothing, a press sets the password."""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response

from app import clock
from app.domain.errors import Invalid, NotFound
from app.extensions import db, limiter
from app.services import password_links
from app.web import customer, language, words_accounts
from app.web.access import route_access

bp = Blueprint("password_links", __name__)
LOOKS, PRESSES = "60 per minute", "20 per minute"  # an address


@bp.get("/password/<secret>")
@limiter.limit(LOOKS)
@route_access("public")
def show(secret: str) -> ResponseReturnValue:
    """Whose password it is, and the two fields."""
    language.choose(request.args.get("lang", ""))
    return _page(secret)


@bp.post("/password/<secret>")
@limiter.limit(PRESSES)
@route_access("public")
def use(secret: str) -> ResponseReturnValue:
    """Set the password; the sign-in is next."""
    try:
        password_links.use(
            db.session(), secret=secret, new=request.form.get("new", ""), repeat=request.form.get("repeat", ""),
            address=request.remote_addr or "", now=clock.now(),
        )  # fmt: skip
    except NotFound:
        return _gone()
    except Invalid as wrong:
        return _page(secret, {name: words_accounts.passwords()[code] for name, code in wrong.fields.items()})
    return _sealed(make_response(redirect(url_for("auth.login", done="password"), 303)))


def _page(secret: str, errors: dict[str, str] | None = None) -> Response:
    try:
        found = password_links.opened(db.session(), secret=secret, now=clock.now())
    except NotFound:
        return _gone()
    body = render_template("password_link.html", person=found, errors=errors or {})
    return _sealed(make_response(body, 422 if errors else 200))


def _gone() -> Response:
    """Unknown, used, replaced and expired look the same."""
    return _sealed(make_response(render_template("password_link_gone.html"), 404))


def _sealed(response: Response) -> Response:
    """The address is the secret: neither kept, nor told to the next page, nor found by a search."""
    response.headers.update(customer.PRIVATE)
    return response
