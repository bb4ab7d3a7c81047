"""The browser's own token: which browser of a shared PC this is, for the quick user switch."""

from __future__ import annotations

from flask import current_app, request
from flask.wrappers import Response

from app import clock
from app.domain import pins as rule
from app.services import pins


def token() -> str:
    """The browser's own token, which no page shows."""
    return request.cookies.get(_name(), "")[:100]


def remember(response: Response, user_id: int, epoch: int) -> Response:
    """Note the sign-in with the password in this browser, for as long as a PIN is enough here."""
    made = pins.signed_in(token=token(), user_id=user_id, epoch=epoch, now=clock.now())
    response.set_cookie(
        _name(), made, max_age=int(rule.TRUSTED.total_seconds()), httponly=True, samesite="Lax", path="/",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )  # fmt: skip
    return response


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"
