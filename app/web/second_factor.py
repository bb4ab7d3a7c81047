"""The second step of a sign-in, the page on which somebody sets it up, and the administrator's reset."""

from __future__ import annotations

from typing import Any

import segno
from flask import Blueprint, Flask, current_app, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_babel import gettext as _
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app import clock
from app.domain import one_time
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.services import accounts, second_factor
from app.services.accounts import Known, SignInRefused
from app.web import admin, auth, context, language
from app.web.access import route_access
from app.web.guard import current_actor, requires, safe_next

bp = Blueprint("second_factor", __name__)
HOLDS = 300  # seconds between password and code
OPEN = frozenset({"auth.logout", "auth.set_language", "static", "health.healthz", "metrics.show"})
OWN = frozenset({"second_factor.code", "second_factor.show", "second_factor.begin", "second_factor.confirm"})


def init(app: Flask) -> None:
    """Where the second factor is required, who has none yet is led to the page that sets it up."""
    app.before_request(_set_up_first)


def _set_up_first() -> Response | None:
    endpoint = request.endpoint or ""
    if not _required() or endpoint in OPEN | OWN or not endpoint:
        return None
    if not current_user.is_authenticated or current_user.role not in one_time.ROLES:
        return None
    if second_factor.enrolled(db.session(), current_user.person.user_id):
        return None
    return make_response(redirect(url_for("second_factor.show"), 303))


def _required() -> bool:
    return bool(current_app.extensions["kuaifu"].second_factor_required)


# --- at the sign-in ---


def ask(known: Known, next_path: str | None) -> Response | None:
    """The page that asks for the code, for who has a second factor; None for everybody else."""
    if not second_factor.enrolled(db.session(), known.user_id):
        return None
    passed = _signer().dumps([known.user_id, known.epoch, safe_next(next_path) or "", language.asked()])
    return _code_page(passed)


@bp.post("/login/code")
@route_access("public")
def code() -> ResponseReturnValue:
    """The code after the password: then the session begins."""
    passed = request.form.get("passed", "")
    try:
        user_id, epoch, next_path, chosen = _signer().loads(passed, max_age=HOLDS)
    except (BadSignature, ValueError, TypeError):
        text = _("Too much time has passed since the password. Please sign in again.")
        return auth.show_sign_in(auth.LoginForm(), text, status=422)
    try:
        second_factor.check(
            db.session(), user_id=user_id, typed=request.form.get("code", ""), key=_key(), address=_address(),
            now=clock.now(),
        )  # fmt: skip
    except SignInRefused as refused:
        return _code_refused(passed, refused)
    return auth.enter(Known(user_id, epoch), next_path, chosen)


def _code_refused(passed: str, refused: SignInRefused) -> Response:
    if refused.code == "wait":
        return _code_page(passed, _wait_words(refused), status=429, wait=refused.wait_seconds)
    text = _("This code is wrong or was used already. Wait for the next one.")
    return _code_page(passed, text, status=422, wait=refused.wait_seconds)


def _wait_words(refused: SignInRefused) -> str:
    return _("Too many failed sign-ins. Please wait %(n)s seconds.", n=refused.wait_seconds)


def _code_page(passed: str, error: str = "", *, status: int = 200, wait: int = 0) -> Response:
    response = make_response(render_template("login_code.html", passed=passed, error=error), status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response


# --- one's own ---


@bp.get("/account/second-factor")
@route_access("signed_in")
@requires()
def show() -> ResponseReturnValue:
    """Whether it is set up, and what can be done about it."""
    _own_role()
    return _page(done=request.args.get("done", ""))


@bp.post("/account/second-factor/begin")
@route_access("signed_in")
@requires()
def begin() -> ResponseReturnValue:
    """After the password: a secret, shown as a QR code until its first code is typed."""
    _own_role()
    refused = _password_refused()
    if refused is not None:
        return refused
    try:
        second_factor.begin(actor=current_actor(), key=_key(), now=clock.now())
    except NotAllowed:
        return _page(error=_("It is set up already.")), 409
    return redirect(url_for("second_factor.show"), 303)


@bp.post("/account/second-factor/confirm")
@route_access("signed_in")
@requires()
def confirm() -> ResponseReturnValue:
    """The first code: from now on it counts, and the recovery codes are shown this once."""
    _own_role()
    try:
        codes = second_factor.confirm(
            actor=current_actor(), typed=request.form.get("code", ""), key=_key(), address=_address(), now=clock.now()
        )
    except Invalid:
        return _page(errors={"code": _("This code does not fit. Is the telephone's clock right?")}), 422
    except NotFound:
        return _page(), 409
    return _page(codes=codes)


@bp.post("/account/second-factor/codes")
@route_access("signed_in")
@requires()
def codes() -> ResponseReturnValue:
    """New recovery codes, after the password and a code."""
    _own_role()
    refused = _password_refused() or _old_factor_refused()
    if refused is not None:
        return refused
    try:
        made = second_factor.renew_codes(actor=current_actor(), address=_address(), now=clock.now())
    except NotFound:
        return _page(), 409
    return _page(codes=made)


@bp.post("/account/second-factor/remove")
@route_access("signed_in")
@requires()
def remove() -> ResponseReturnValue:
    """Back to the password alone, after the password and a code; not where the portal requires two factors."""
    _own_role()
    if _required():
        return _page(error=_("The portal requires it for your role.")), 409
    refused = _password_refused() or _old_factor_refused()
    if refused is not None:
        return refused
    try:
        second_factor.remove(actor=current_actor(), address=_address(), now=clock.now())
    except NotFound:
        return _page(), 409
    return redirect(url_for("second_factor.show", done="removed"), 303)


def _own_role() -> None:
    if current_user.role not in one_time.ROLES:
        raise NotAllowed("not_allowed")


def _password_refused() -> ResponseReturnValue | None:
    """The page again where the present password is not what was typed; None where it is."""
    try:
        accounts.confirm(
            db.session(), user_id=current_user.person.user_id, password=request.form.get("password", ""),
            address=_address(), now=clock.now(),
        )  # fmt: skip
    except SignInRefused as refused:
        return _page(error=_wait_words(refused)), 429, {"Retry-After": str(refused.wait_seconds)}
    except Invalid:
        return _page(errors={"password": _("This is not your present password")}), 422
    return None


def _old_factor_refused() -> ResponseReturnValue | None:
    """Who changes a second factor that counts shows that it is there: a found session and a password are not enough."""
    person = current_user.person
    if not second_factor.enrolled(db.session(), person.user_id):
        return None
    try:
        second_factor.check(
            db.session(), user_id=person.user_id, typed=request.form.get("code", ""), key=_key(), address=_address(),
            now=clock.now(),
        )  # fmt: skip
    except SignInRefused as refused:
        if refused.code == "wait":
            return _page(error=_wait_words(refused)), 429, {"Retry-After": str(refused.wait_seconds)}
        return _page(errors={"code": _("This code is wrong or was used already. Wait for the next one.")}), 422
    return None


def _page(
    *, error: str = "", errors: dict[str, str] | None = None, codes: list[str] | None = None, done: str = ""
) -> str:  # fmt: skip
    person = current_user.person
    found = second_factor.state(db.session(), person.user_id)
    picture = secret = ""
    if found.pending:
        uri, secret = second_factor.address(db.session(), person.user_id, person.account, _key())
        picture = segno.make(uri, error="m").svg_data_uri(scale=4, dark="#000", light="#fff")
    notice = _("Your second factor is removed.") if done == "removed" else ""
    return render_template(
        "second_factor.html", state=found, since=g.fmt.full(found.since)[:16] if found.since else "",
        picture=picture, secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)), codes=codes or [],
        error=error, errors=errors or {}, notice=notice, required=_required(), rail=auth.rail(),
    )  # fmt: skip


# --- the administrator's page ---


@bp.get("/admin/second-factors")
@route_access("admin")
@requires("admin")
def people() -> ResponseReturnValue:
    """Who signs in with two factors, the reset, and the log."""
    return _people()


@bp.post("/admin/second-factors/<int:user_id>/reset")
@route_access("admin")
@requires("admin")
def reset(user_id: int) -> ResponseReturnValue:
    """Take a lost authenticator away."""
    try:
        second_factor.reset(actor=current_actor(), user_id=user_id, address=_address(), now=clock.now())
    except NotAllowed:
        return _people(_("Your own is reset by another administrator.")), 409
    return redirect(url_for("second_factor.people", done="1"), 303)


def _people(error: str = "") -> str:
    session, me = db.session(), current_actor().user_id
    rows = [
        {"id": user.id, "account": user.account, "name": user.name, "role": context.role_label(user.role),
         "house": house, "since": g.fmt.full(since)[:16] if since else "", "reset": bool(since) and user.id != me}
        for user, house, since in second_factor.people(session)
    ]  # fmt: skip
    entries: list[dict[str, Any]] = [
        {"time": g.fmt.full(row.at), "whose": whose, "who": who, "what": _whats().get(row.what, row.what),
         "address": row.address}
        for row, whose, who in second_factor.log(session)
    ]  # fmt: skip
    notice = _("Reset. The next sign-in takes the password alone.") if request.args.get("done") else ""
    return render_template(
        "admin_second_factors.html", rows=rows, entries=entries, tabs=admin.tabs(), notice=notice, error=error,
        required=_required(), rail=auth.rail(),
    )  # fmt: skip


def _whats() -> dict[str, str]:
    return {
        "enrolled": _("set up"), "removed": _("removed"), "reset": _("reset"), "recovery": _("recovery code used"),
        "renewed": _("new recovery codes"),
    }  # fmt: skip


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.extensions["kuaifu"].secret_key, salt="password was right")


def _key() -> str:
    return str(current_app.extensions["kuaifu"].secret_key)


def _address() -> str:
    return request.remote_addr or ""
