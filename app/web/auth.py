"""Sign-in, sign-out and the account page. Other pages take `requires` and `current_actor` from here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, current_app, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from flask_wtf.csrf import generate_csrf
from wtforms import BooleanField, HiddenField, PasswordField, SelectField, StringField

from app import clock
from app.domain import one_time
from app.domain.errors import Invalid
from app.extensions import db
from app.services import accounts, pins, second_factor, sessions
from app.services.accounts import Known, SignInRefused
from app.web import context, device_cookie, language, queue_page, security, words_accounts
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import CurrentUser, current_actor, home, own_path, requires, safe_next

__all__ = ["bp", "current_actor", "requires"]

bp = Blueprint("auth", __name__)


class LoginForm(FlaskForm):
    """Account and password; where to go afterwards and the chosen language travel along hidden."""

    account = StringField()
    password = PasswordField()
    next = HiddenField()
    lang = HiddenField()


class PreferencesForm(FlaskForm):
    """How the portal looks for this person."""

    locale = SelectField()
    theme = SelectField()
    density = SelectField()
    sound = BooleanField()


class PasswordForm(FlaskForm):
    """The present password, and the new one twice."""

    current = PasswordField()
    new = PasswordField()
    repeat = PasswordField()


# --- sign-in and sign-out ---


@bp.get("/")
@route_access("public")
def index() -> ResponseReturnValue:
    """The bare address leads to where one works."""
    return redirect(home() if current_user.is_authenticated else url_for("auth.login"), 303)


@bp.route("/login", endpoint="login", methods=["GET", "POST"])
@route_access("public")
def sign_in() -> ResponseReturnValue:
    """The sign-in form; posted, the check of account and password and the way to where one wanted to go."""
    if request.method != "POST":
        return show_sign_in(LoginForm(next=request.args.get("next")))
    form, now = LoginForm(), clock.now()
    try:
        known = accounts.sign_in(
            db.session(), account=form.account.data or "", password=form.password.data or "",
            address=request.remote_addr or "", now=now,
        )  # fmt: skip
    except SignInRefused as refused:
        return _refused(form, refused)
    from app.web import second_factor as step

    return step.ask(known, form.next.data) or enter(known, form.next.data, language.asked())


def enter(known: Known, next_path: str | None, chosen: str) -> Response:
    """Everything was right: the session begins, in the language that was chosen on the way."""
    if chosen:
        accounts.set_preferences(user_id=known.user_id, locale=chosen)
        language.choose(chosen)
    begin(known)
    response = make_response(redirect(safe_next(next_path) or home(), 303))
    return device_cookie.remember(response, known.user_id, known.epoch)


def _refused(form: LoginForm, refused: SignInRefused) -> Response:
    """One text for unknown and wrong. While the wait runs nothing was checked, and that is said."""
    if refused.code == "wait":
        text = _("Too many failed sign-ins. Please wait %(n)s seconds.", n=refused.wait_seconds)
        return show_sign_in(form, text, status=429, wait_seconds=refused.wait_seconds)
    return show_sign_in(form, _("Account or password is wrong"), status=422, wait_seconds=refused.wait_seconds)


def show_sign_in(form: LoginForm, error: str = "", *, status: int = 200, wait_seconds: int = 0) -> Response:
    """The sign-in page with what was typed, never with the password."""
    form.next.data = safe_next(form.next.data)
    form.lang.data = language.asked()
    notice = _("Your password is set: sign in with it.") if request.args.get("done") == "password" else ""
    page = render_template(
        "login.html", form=form, error=error, wait_seconds=wait_seconds, demo_accounts=_demo_accounts(), notice=notice
    )  # fmt: skip
    response = make_response(page, status)
    if wait_seconds:
        response.headers["Retry-After"] = str(wait_seconds)
    return response


def _demo_accounts() -> list[dict[str, str]]:
    if current_app.extensions["kuaifu"].production:
        return []
    english = g.fmt.english
    return [
        {
            "account": row.account, "name": row.name, "role": row.role, "role_label": context.role_label(row.role),
            "organisation_name": row.organisation_name_en if english else row.organisation_name,
        }
        for row in accounts.demo_accounts(db.session())
    ]  # fmt: skip


def begin(known: Known, since: datetime | None = None) -> None:
    """A new session with a new id and a new CSRF token; the one before ends. `since`: when the password was typed."""
    person = sessions.person(db.session(), known.user_id)
    before = getattr(session, "token", "")
    session.clear()
    g.pop("csrf_token", None)
    generate_csrf()
    data = {"csrf_token": session["csrf_token"]}
    token = sessions.create(
        user_id=known.user_id, epoch=known.epoch, data=data, now=clock.now(), limits=security.limits(),
        since=since,
    )  # fmt: skip
    session.become(token, person, data, begun=True)  # type: ignore[attr-defined]
    login_user(CurrentUser(person))
    if before:
        sessions.end(before)


@bp.post("/logout")
@route_access("signed_in")
@requires()
def logout() -> ResponseReturnValue:
    """End the session on the server; to be switched to in this browser the person signs in again, unless that is what
    they want (`keep`)."""
    if request.form.get("keep") != "1":
        pins.left(token=device_cookie.token(), user_id=current_user.person.user_id)
    sessions.end(session.token)  # type: ignore[attr-defined]
    logout_user()
    session.leave()  # type: ignore[attr-defined]
    return redirect(url_for("auth.login"), 303)


# --- the person's own settings ---


@bp.get("/account")
@route_access("signed_in")
@requires()
def account() -> ResponseReturnValue:
    """Language, look and password."""
    notices = {
        "saved": _("Saved"), "password": _("Password changed. All other sessions have ended."),
        "on_duty": _("You are on duty."), "off_duty": _("You are off duty. Your open tickets are back with the team."),
        "pin": _("Your PIN is set."), "no_pin": _("You have no PIN any more."),
    }  # fmt: skip
    return account_page(notice=notices.get(request.args.get("done", ""), ""))


@bp.post("/account")
@route_access("signed_in")
@requires()
def save_account() -> ResponseReturnValue:
    """Remember language, theme, density and the sound."""
    form = _preferences_form()
    if not form.validate_on_submit():
        return account_page(form=form, error=_("Please check the marked fields")), 422
    accounts.set_preferences(
        user_id=current_user.person.user_id, locale=form.locale.data, theme=form.theme.data, density=form.density.data,
        sound=bool(form.sound.data),
    )  # fmt: skip
    language.choose(form.locale.data)
    return redirect(url_for("auth.account", done="saved"), 303)


@bp.post("/account/password")
@route_access("signed_in")
@requires()
def change_password() -> ResponseReturnValue:
    """A new password; every other session of the person ends."""
    form = PasswordForm()
    try:
        if form.new.data != form.repeat.data:
            raise Invalid({"repeat": "not_same"})
        known = accounts.change_password(
            db.session(), user_id=current_user.person.user_id, current=form.current.data or "",
            new=form.new.data or "", address=request.remote_addr or "", now=clock.now(),
        )  # fmt: skip
    except SignInRefused as refused:
        text = _("Too many failed sign-ins. Please wait %(n)s seconds.", n=refused.wait_seconds)
        return account_page(password_form=form, error=text), 429, {"Retry-After": str(refused.wait_seconds)}
    except Invalid as error:
        for name, code in error.fields.items():
            form[name].errors = [_password_words()[code]]
        return account_page(password_form=form, error=_("Please check the marked fields")), 422
    begin(known)
    response = make_response(redirect(url_for("auth.account", done="password"), 303))
    return device_cookie.remember(response, known.user_id, known.epoch)


@bp.post("/language")
@route_access("public")
def set_language() -> ResponseReturnValue:
    """Switch between Chinese and English, for the person or, before the sign-in, for the device."""
    chosen = request.form.get("lang", "")
    if chosen not in language.LANGUAGES:
        abort(422)
    if current_user.is_authenticated:
        accounts.set_preferences(user_id=current_user.person.user_id, locale=chosen)
    language.choose(chosen)
    came, back = own_path(request.referrer or "") or "", safe_next(request.form.get("next"))
    if not back or came.partition("?")[0] == back:  # the page that the button stood on, with its filters
        back = came or back
    return redirect(back or url_for("auth.index"), 303)


def _preferences_form() -> PreferencesForm:
    person = current_user.person
    form = PreferencesForm(locale=person.locale, theme=person.theme, density=person.density, sound=person.sound)
    form.locale.choices = [("zh", "中文"), ("en", "English")]
    form.theme.choices = [("auto", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))]
    form.density.choices = [("comfortable", _("Comfortable")), ("compact", _("Compact"))]
    return form


def _password_words() -> dict[str, str]:
    return {"wrong_password": _("This is not your present password")} | words_accounts.passwords()


def account_page(
    *,
    form: PreferencesForm | None = None,
    password_form: PasswordForm | None = None,
    notice: str = "",
    error: str = "",
    pin_errors: dict[str, str] | None = None,
) -> str:
    """The account page, with what was wrong in one of its forms."""
    person = current_user.person
    factor = second_factor.state(db.session(), person.user_id) if person.role in one_time.ROLES else None
    return render_template(
        "account.html", second_factor=factor,
        form=form or _preferences_form(), password_form=password_form or PasswordForm(),
        notice=notice, error=error, rail=rail(), pin_errors=pin_errors or {},
        pin_since=g.fmt.full(since)[:16] if (since := pins.set_at(db.session(), current_user.person.user_id)) else "",
    )  # fmt: skip


def rail() -> dict[str, Any]:
    """The menu beside a page of the person's own."""
    actor = current_actor()
    if actor.can("queue"):
        return queue_page.rail(db.session(), actor, None, clock.now())
    return {"queues": [], "others": queue_page.others(actor)}
