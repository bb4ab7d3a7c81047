"""Who is asking, may they, and where to send those who first have to sign in."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import abort, make_response, redirect, request, session, url_for
from flask.wrappers import Response
from flask_login import UserMixin, current_user

from app.domain.roles import Actor
from app.extensions import login
from app.services.sessions import SignedIn

login.session_protection = None  # sessions are rows here; the library's own binding would only hide faults

SAFE_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


class CurrentUser(UserMixin):
    """The signed-in person as Flask-Login sees them; plain facts, no table row."""

    def __init__(self, person: SignedIn) -> None:
        self.person = person
        self.actor = Actor(person.user_id, person.role, person.organisation_id, person.province_id, person.name)
        self.account, self.name, self.role, self.locale = person.account, person.name, person.role, person.locale

    def get_id(self) -> str:
        """The user's id as text."""
        return str(self.person.user_id)


@login.user_loader
def load_user(user_id: str) -> CurrentUser | None:
    """The person of the server-side session; the cookie alone makes nobody."""
    person = getattr(session, "person", None)
    return CurrentUser(person) if person is not None and str(person.user_id) == user_id else None


def current_actor() -> Actor:
    """Who acts in this request, as services want it. Aborts with 401 (the way to the sign-in) for anonymous."""
    actor = _who()
    return abort(401) if actor is None else actor


def _who() -> Actor | None:
    actor: Actor | None = getattr(current_user._get_current_object(), "actor", None)  # once through the proxy
    return actor


def requires(capability: str = "signed_in") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Only for signed-in people, and with a capability of `domain.roles` only for roles that have it (else 403)."""

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*arguments: Any, **named: Any) -> Any:
            actor = _who()
            if actor is None:
                return sign_in_first()
            if capability != "signed_in" and not actor.can(capability):
                abort(403)
            _refuse_unstorable()
            return view(*arguments, **named)

        guarded.requires = capability  # type: ignore[attr-defined]
        return guarded

    return guard


def _refuse_unstorable() -> None:
    """What no browser sends and no database takes: NUL in a text is 400, a number beyond 64 bits names nothing."""
    asked = (request.view_args or {}).values()
    if any(isinstance(value, int) and value >= 2**63 for value in asked):
        abort(404)
    texts = [str(value) for value in asked]
    texts.append(request.environ.get("QUERY_STRING", "").replace("%00", "\0"))
    if _has_a_body():
        texts += [value for values in request.form.listvalues() for value in values]
    if any("\0" in text for text in texts):
        abort(400)


def _has_a_body() -> bool:
    sent = request.environ
    return sent.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in sent


@login.unauthorized_handler
def sign_in_first() -> Response:
    """The way to the sign-in: 303 for a page, 401 with HX-Redirect for a fragment."""
    back = _where_from()
    address = url_for("auth.login", next=back) if back else url_for("auth.login")
    if request.htmx:  # type: ignore[attr-defined]
        return make_response("", 401, {"HX-Redirect": address})
    return make_response(redirect(address, 303))


def _where_from() -> str:
    """The page to come back to: what was asked for, or the page that held the form or the fragment."""
    if request.method in ("GET", "HEAD") and not request.htmx:  # type: ignore[attr-defined]
        return safe_next(request.full_path.rstrip("?"))
    return own_path(request.headers.get("HX-Current-URL") or request.referrer or "")


def own_path(address: str) -> str:
    """Path and query of an address of this portal; empty for any other."""
    try:
        parts = urlsplit(address)
    except ValueError:  # no browser sends it: half a bracket of an IPv6 host
        return ""
    if parts.netloc != request.host:
        return ""
    return safe_next(parts.path + (f"?{parts.query}" if parts.query else ""))


def safe_next(target: str | None) -> str:
    """`target` when it is a path on this portal, else empty.

    A path starts with one slash and holds no backslash, space or control character: browsers read `//`, `/\\` and
    a tab between them as another host. The sign-in itself is no place to come back to.
    """
    if not target or len(target) > 2000 or SAFE_PATH.fullmatch(target) is None:
        return ""
    path = target.split("?")[0].split("#")[0]
    return "" if "//" in path or path in ("/", "/login", "/logout", "/language") else target


def home() -> str:
    """Where the signed-in person starts: the province board, the queue, or the administration."""
    actor = current_actor()
    if actor.desk == "lcs":
        return "/board"
    return "/tickets" if actor.can("queue") else "/admin"
