"""Chinese until somebody chooses English. What the browser asks for is not a choice."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, g, has_request_context, request
from flask.wrappers import Response
from flask_babel import get_locale, refresh
from flask_login import current_user
from werkzeug.exceptions import HTTPException

LANGUAGES = ("zh", "en")
DEFAULT = "zh"
YEAR = 365 * 24 * 3600
P = ParamSpec("P")
Table = TypeVar("Table")


def init(app: Flask) -> None:
    """Write the cookie of a language that was chosen in this request."""
    app.after_request(_remember)


def locale() -> str:
    """The language of this request: the person's, else the one asked for on the sign-in page, else the device's."""
    if not has_request_context():
        return DEFAULT
    chosen = g.get("chosen_language")
    if chosen:
        return str(chosen)
    if current_user.is_authenticated:
        return str(current_user.locale) if current_user.locale in LANGUAGES else DEFAULT
    return asked() or _known(request.cookies.get("lang", "")) or DEFAULT


def asked() -> str:
    """The language in the address or in the hidden field of the sign-in form; empty when none was chosen."""
    if request.endpoint != "auth.login":
        return ""
    return _known(_posted()) or _known(request.args.get("lang", ""))


def _posted() -> str:
    try:
        return request.form.get("lang", "") if request.method == "POST" else ""
    except HTTPException:  # a body that is too large: its error page still needs a language
        return ""


def choose(language: str) -> None:
    """Use the language from here on and remember it on this device."""
    if language in LANGUAGES:
        g.chosen_language = language
        g.pop("words", None)
        refresh()


def _known(language: str) -> str:
    return language if language in LANGUAGES else ""


def _remember(response: Response) -> Response:
    chosen = g.get("chosen_language")
    if chosen and request.cookies.get("lang", DEFAULT) != chosen:
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        response.set_cookie("lang", chosen, max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    return response


def table(make: Callable[P, Table]) -> Callable[P, Table]:
    """Make a table of words once a language: translating a text costs 22 µs, and a page asks for hundreds.

    Nobody may change the table that comes back.
    """
    made: dict[object, Table] = {}

    @wraps(make)
    def kept(*args: P.args, **named: P.kwargs) -> Table:
        bound = g.get("words") if g else None
        key = (bound.locale if bound else str(get_locale()), args)
        if key not in made:
            made[key] = make(*args, **named)
        return made[key]

    return kept
