"""The forms of a connection: what every one has, and the named settings of its driver. Secrets are write-only: no form
ever carries a stored one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, g
from wtforms import BooleanField, Form, PasswordField, SelectField, StringField

from app.domain.connections import CHANNEL, CHARSETS, FLAG, NUMBER, SECRET, Entry, Setting
from app.integrations.platform import driver
from app.models import Connection
from app.services import connection_admin
from app.services.connection_admin import Rules
from app.web import words, words_admin
from app.web.context import translate as _
from app.web.name_field import NameField


class ConnectionForm(Form):
    """What can be changed; the settings of the driver are added as `setting-…`."""

    name = NameField(render_kw={"maxlength": "60"})
    callback_url = StringField(render_kw={"maxlength": "300", "inputmode": "url"})
    routing_rule = SelectField(validate_choice=False)
    active = BooleanField()


class NewForm(ConnectionForm):
    """A connection that is to be: code and driver stay afterwards."""

    code = StringField(render_kw={"maxlength": "32"})
    driver = SelectField(validate_choice=False)
    charset = SelectField(validate_choice=False)


class SecretForm(Form):
    """A secret that the platform gave; empty where one is to be made here."""

    secret = PasswordField(render_kw={"autocomplete": "off", "maxlength": "64"})


def settings_of(name: str) -> tuple[Setting, ...]:
    """What a driver declares; nothing for one that is not there."""
    return driver.of(name).settings if name in driver.names() else ()


def rules_for(name: str) -> Rules:
    """What is allowed in a connection of that driver; plain http is for what is no production."""
    config = current_app.extensions["kuaifu"]
    return Rules((*driver.names(), CHANNEL), settings_of(name), plain_http=not config.production)


def new_form(data: Any = None) -> NewForm:
    """The form of a new connection."""
    form = NewForm(data, data=None if data is not None else {"driver": "link", "active": True})
    protocols = words_admin.protocols()
    form.driver.choices = [(name, words.word(protocols, name)) for name in rules_for("").drivers]
    form.charset.choices = [(one, one.upper()) for one in CHARSETS]
    return _labelled(form)


def change_form(row: Connection, data: Any = None) -> ConnectionForm:
    """The form of a connection, from what was typed or from what is stored."""
    settings = settings_of(row.driver)
    fields = {f"setting-{one.name}": _field(one, bool(row.settings.get(one.name))) for one in settings}
    start = {name: getattr(row, name) for name in connection_admin.COLUMNS}
    start |= {f"setting-{one.name}": row.settings.get(one.name) for one in settings if one.kind != SECRET}
    made: type[ConnectionForm] = type("BoundConnectionForm", (ConnectionForm,), fields)
    return _labelled(made(data, data=None if data is not None else start))


def _field(setting: Setting, stored: bool) -> Any:
    if setting.kind == FLAG:
        return BooleanField()
    if setting.kind == SECRET:
        kept = _("stored, not shown; empty keeps it") if stored else ""
        return PasswordField(render_kw={"placeholder": kept, "maxlength": "300"})
    return StringField(render_kw={"inputmode": "numeric"} if setting.kind == NUMBER else {"maxlength": "300"})


def _labelled(form: Any) -> Any:
    labels = words_admin.connection_fields()
    for field in form:
        field.label.text = words.word(labels, field.name.removeprefix("setting-"))
    form.routing_rule.choices = list(words.routing_rules().items())
    return form


def typed(form: Any, *, code: str, driver_name: str, charset: str) -> Entry:
    """What was typed."""
    settings = {
        one.name: ("1" if form[f"setting-{one.name}"].data else "") if one.kind == FLAG
        else (form[f"setting-{one.name}"].data or "").strip()
        for one in settings_of(driver_name) if f"setting-{one.name}" in form
    }  # fmt: skip
    return Entry(
        code, " ".join((form.name.data or "").split()), driver_name, charset, (form.callback_url.data or "").strip(),
        form.routing_rule.data or "", bool(form.active.data), settings,
    )  # fmt: skip


def secret_form(data: Any = None) -> SecretForm:
    """The form of one more secret."""
    form = SecretForm(data)
    form.secret.label.text = _("Secret that the platform gave (empty: make one here)")
    return form


def mark(form: Any, errors: Mapping[str, str]) -> None:
    """Put errors beside their fields."""
    table = words.errors() | words_admin.errors()
    for name, code in errors.items():
        if name in form:
            form[name].errors = [words.word(table, code)]


def secrets_shown(row: Connection) -> list[dict[str, Any]]:
    """The secrets as a page may show them: since when, and which signs what we send."""
    dates = connection_admin.secret_dates(row)
    return [
        {"place": at, "since": g.fmt.full(day) if day else _("nobody noted when"), "signs": at == 0}
        for at, day in enumerate(dates)
    ]
