"""Sessions kept on the server, and the headers that every response carries, errors included."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, abort, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.wrappers import Request, Response
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.extensions import db
from app.services import accounts, sessions
from app.services.sessions import Found, Limits, SignedIn
from app.services.transaction import DATABASE_AWAY
from app.services.troubles import Troubles
from app.web import failures, read_ahead
from app.web.read_ahead import Ahead

FORM_LIMIT = 2_000_000  # bytes of any body; the platform's door has its own, smaller limit
# A field costs memory however short it is: two megabytes of `a&a&a` were a million of them, a hundred megabytes and
# four seconds. The longest of our forms, a table of limits, has some hundreds.
MOST_FIELDS = 5_000
WITHOUT_SESSION = ("/static/", "/platform/", "/healthz", "/metrics", "/openapi.json")
# addresses that pages ask by themselves; those with a number in them say `poll=1`
POLLS = frozenset({"/tickets/news", "/exports/progress", "/board/poll", "/appeals/head"})
FLASK_LOGIN_KEYS = frozenset({"_user_id", "_fresh", "_id"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; font-src 'self'; media-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def init(app: Flask) -> None:
    """Server-side sessions, limits, headers, error pages; in production the refusal of demo accounts."""
    app.config.update(MAX_CONTENT_LENGTH=FORM_LIMIT, MAX_FORM_MEMORY_SIZE=FORM_LIMIT)
    app.session_interface = PortalSessions()
    app.after_request(_headers)
    # first of all: without the database nobody can be told from anybody, and CSRF would give the wrong reason
    app.before_request_funcs.setdefault(None, []).insert(0, _require_database)
    app.before_request_funcs[None].insert(0, _refuse_too_many_fields)
    if app.extensions["kuaifu"].production:
        app.before_request(_refuse_demo_accounts)
    failures.init(app)


def _refuse_too_many_fields() -> None:
    """Count the fields of a form before it is taken apart; who reads a body by himself does so within a limit."""
    view = current_app.view_functions.get(request.endpoint or "")
    if request.mimetype != "application/x-www-form-urlencoded" or getattr(view, "access", "") == "platform":
        return
    if request.get_data().count(b"&") >= MOST_FIELDS:
        abort(400)


class PortalSession(SecureCookieSession):
    """What `flask.session` is. Before the sign-in it holds the CSRF token only; after it, `token` names the row."""

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        super().__init__(data or {})
        self.token = ""
        self.person: SignedIn | None = None
        self.kept: dict[str, Any] = {}
        self.begun, self.emergency = False, False
        self.apart = False  # of a request that has no session: whatever stands in it, no cookie comes of it
        self.troubles: Troubles | None = None
        self.ahead: tuple[Ahead, tuple[list[Any], ...]] = (Ahead(), ())  # what was read ahead, and the answer
        self.broken: SQLAlchemyError | None = None

    def become(self, token: str, person: SignedIn, data: dict[str, Any], *, begun: bool = False) -> None:
        """Belong to `person` from here on; `begun` sends the new token to the browser."""
        self.token, self.person, self.kept, self.begun = token, person, dict(data), begun
        self.update(data)
        self["_user_id"] = str(person.user_id)
        self.modified = False

    def leave(self) -> None:
        """Forget everything; the browser's cookie is deleted."""
        self.clear()
        self.token, self.person, self.kept, self.begun = "", None, {}, False


class PortalSessions(SecureCookieSessionInterface):
    """A signed cookie for anonymous visitors, a random token and a row for people who signed in.

    Tokens hold no dot and signed cookies always do, which tells them apart.
    """

    def open_session(self, app: Flask, request: Request) -> PortalSession:
        """The session of the cookie. A database that is away is remembered and reported once views are reached."""
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        if request.path.startswith(WITHOUT_SESSION):
            return _apart()
        if not cookie:
            return PortalSession()
        if "." in cookie:
            signed: SessionMixin | dict[str, Any] = super().open_session(app, request) or {}
            return PortalSession({"csrf_token": signed["csrf_token"]} if "csrf_token" in signed else None)
        opened = PortalSession()
        try:
            _load(opened, cookie, request)
        except SQLAlchemyError as error:
            db.session.rollback()
            opened.broken = error
        return opened

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the row where its content changed, and the cookie where it is new."""
        if not isinstance(session, PortalSession) or session.broken or session.apart:
            return
        if not session.token:
            super().save_session(app, session, response)
            return
        data = {key: value for key, value in session.items() if key not in FLASK_LOGIN_KEYS}
        if data != session.kept:
            _store(session.token, data)
        if session.begun:
            response.set_cookie(
                self.get_cookie_name(app), session.token, httponly=True, secure=self.get_cookie_secure(app),
                samesite=self.get_cookie_samesite(app), path="/",
            )  # fmt: skip


def _apart() -> PortalSession:
    """What stands for a session where there is none. An error page makes a token for its form there, too, and must
    not put a visitor's cookie in the place of somebody's who is signed in."""
    opened = PortalSession()
    opened.apart = True
    return opened


def limits() -> Limits:
    """How long sessions live, from the settings."""
    config = current_app.extensions["kuaifu"]
    return Limits(timedelta(minutes=config.idle_minutes), timedelta(hours=config.absolute_hours))


def is_poll(asked: Request) -> bool:
    """True for what a page asks by itself: it never keeps a session alive."""
    return asked.headers.get("X-Poll") == "1" or asked.args.get("poll") == "1" or asked.path in POLLS


def _load(opened: PortalSession, token: str, asked: Request) -> None:
    now = clock.now()
    ahead, found = _find(token, read_ahead.begin(token, now), now)
    if found is None:
        return
    opened.become(token, found.person, found.data)
    opened.ahead = (ahead, found.answer)
    opened.emergency, opened.troubles = found.emergency, found.troubles
    if found.touch_due and not is_poll(asked):
        try:
            sessions.touch(token, user_id=found.person.user_id, now=now)
        except SQLAlchemyError as error:  # a busy database costs a minute of idle time, not the page
            current_app.logger.warning("session: activity not written (%s)", type(error).__name__)


def _find(token: str, ahead: Ahead, now: datetime) -> tuple[Ahead, Found | None]:
    """The session, and what was read ahead; of what a page cannot ask the page will say so, not the sign-in."""
    try:
        return ahead, sessions.find(db.session(), token, now=now, limits=limits(), along=ahead.asked)
    except DATABASE_AWAY:
        raise
    except SQLAlchemyError:
        db.session.rollback()
        return Ahead(), sessions.find(db.session(), token, now=now, limits=limits())


def _store(token: str, data: dict[str, Any]) -> None:
    try:
        sessions.store(token, data)
    except SQLAlchemyError as error:
        current_app.logger.error("session: not written (%s)", type(error).__name__)


def _require_database() -> None:
    from flask import session

    broken = getattr(session, "broken", None)
    if broken is not None:
        raise broken


def _refuse_demo_accounts() -> Any:
    """A production portal serves nothing while accounts with a published password exist; looked up until clean."""
    if current_app.extensions.get("demo_accounts_gone") or request.path.startswith(WITHOUT_SESSION):
        return None
    try:
        accounts.refuse_demo_accounts(db.session())
    except accounts.DemoAccountsExist:
        current_app.logger.critical("refusing to run in production: demo accounts exist, delete or disable them")
        return failures.show(503, reason="demo_accounts")
    current_app.extensions["demo_accounts_gone"] = True
    return None


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "static" and response.status_code in (200, 206, 304):
        if request.args.get("v"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.update(("HX-Request", "Cookie"))
    return response
