"""Error pages: what happened and what to do next, in the reader's language, never with a detail from inside."""

from __future__ import annotations

from flask import Flask, current_app, make_response, render_template, request, url_for
from flask.wrappers import Response
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from gunicorn.http.errors import NoMoreData, ParseException
from markupsafe import escape
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from app.domain.errors import DomainError, Invalid, NotAllowed, NotFound, Stale
from app.extensions import db
from app.services.transaction import DATABASE_AWAY
from app.web.context import translate as _

UNIQUE = "23505"  # what PostgreSQL calls a key that is taken
RETRY_AFTER = 5  # seconds; a pool or a locked file is usually free again by then
STATUS: tuple[tuple[type[DomainError], int], ...] = ((NotFound, 404), (NotAllowed, 403), (Stale, 409), (Invalid, 422))


def init(app: Flask) -> None:
    """Turn HTTP errors, errors of the rulebook and an unusable database into pages."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(IntegrityError, _collided)
    for broken in (ParseException, NoMoreData):
        app.register_error_handler(broken, _unreadable)
    for kind in DATABASE_AWAY:
        app.register_error_handler(kind, _database)


def words(code: int, reason: str = "") -> tuple[str, str]:
    """Title and text for a status; `reason` names a special case of it."""
    said = {
        "csrf": (_("The page was open too long"), _("Go back, reload the page and send the form again.")),
        "demo_accounts": (_("The portal does not start"), _("Demo accounts exist. The operator has to delete them.")),
        "400": (_("The request could not be read"), _("Go back and try it again.")),
        "403": (_("This page is not for your role"), _("Ask your administrator if you need it.")),
        "404": (_("Nothing found here"), _("The address is wrong, or the object lies outside your area.")),
        "405": (_("This address does not take such a request"), _("Go back and use the buttons of the page.")),
        "409": (
            _("Someone else acted on this meanwhile"),
            _("Go back and reload the page: it then shows the newer state."),
        ),
        "413": (
            _("Too large"),
            _(
                "The form with its file is larger than %(mb)s MB, the most that is taken here. Nothing was stored. Go "
                "back: what you typed is still there; then choose a smaller file or send less at once.",
                mb=_room(),
            ),
        ),
        "422": (_("Please check what you entered"), _("Go back and correct the form.")),
        "429": (_("Too many requests"), _("Please wait a moment and try it again.")),
        "503": (_("The portal is busy"), _("Nothing was saved. Please try it again in a few seconds.")),
    }
    other = (_("Something went wrong"), _("Nothing was saved. The error is recorded; please try it again later."))
    return said.get(reason) or said.get(str(code)) or other


def show(code: int, *, reason: str = "", retry_after: int | None = None) -> Response:
    """The error page. It must never fail itself: where the template cannot be shown, plain HTML is."""
    title, text = words(code, reason)
    action = {"href": url_for("auth.index"), "label": _("To the start page")}
    if code == 413 and (form := _form_page()):
        action = {"href": form, "label": _("Back to the form")}
    try:
        body = render_template("error.html", code=code, title=title, text=text, action=action)
    except Exception as error:
        current_app.logger.error("error page: %s", type(error).__name__)
        head = f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title>"
        body = f"{head}<h1>{escape(title)}</h1><p>{escape(text)}</p>"
    response = make_response(body, code)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _room() -> int:
    """How many megabytes this address takes."""
    return (request.max_content_length or 0) // 1_000_000


def _form_page() -> str:
    """The page of this portal from which a form was sent; empty for none."""
    from app.web.guard import own_path

    return own_path(request.referrer or "")


def _http(error: HTTPException) -> Response:
    original = getattr(error, "original_exception", None)
    if isinstance(original, DATABASE_AWAY):
        return _database(original)
    if error.code == 401:
        from app.web.guard import sign_in_first

        return sign_in_first()
    if error.code is None or error.code < 400:
        return make_response(error.get_response())
    response = show(error.code)
    given = dict(error.get_headers())
    for name in ("Retry-After", "Allow"):
        if name in given:
            response.headers[name] = given[name]
    if error.code == 429:
        response.headers.setdefault("Retry-After", "60")
    return response


def _csrf(_error: CSRFError) -> Response:
    """A form without a valid token: mostly a session that ended while somebody was typing."""
    from app.web import auth, guard

    if request.endpoint == "auth.login":
        return auth.show_sign_in(auth.LoginForm(), _("The page was open too long. Please sign in again."), status=422)
    view = current_app.view_functions.get(request.endpoint or "")
    if not current_user.is_authenticated and getattr(view, "access", "") not in ("public", "platform"):
        return guard.sign_in_first()
    return show(422, reason="csrf")


def _domain(error: DomainError) -> Response:
    db.session.rollback()
    return show(next((code for kind, code in STATUS if isinstance(error, kind)), 422))


def _unreadable(_error: Exception) -> Response:
    """A body whose pieces do not fit together, which the server finds only while it is read: the sender's mistake."""
    return show(400)


def _collided(error: IntegrityError) -> Response:
    """A key of the database held two apart that no lock did: nothing of the second was stored. What is no key's refusal
    is a mistake of ours and stays one."""
    taken = getattr(error.orig, "sqlstate", None) == UNIQUE or "UNIQUE constraint failed" in str(error.orig)
    if not taken:
        raise error
    current_app.logger.error("database: two met at one key of %s", request.endpoint or "none")
    db.session.rollback()
    return show(409)


def _database(error: Exception) -> Response:
    """Locked, full, unreachable or out of connections: nothing was stored. Never logs the statement's values."""
    cause = getattr(error, "orig", None)
    current_app.logger.error("database: %s (%s)", type(error).__name__, type(cause).__name__)
    try:
        db.session.rollback()
    except Exception:
        db.session.remove()
    return show(503, retry_after=RETRY_AFTER)
