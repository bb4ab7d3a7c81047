"""The forms of the interfaces: a connection's maps as lines of text, and the signature tester."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import Form, SelectField, StringField, TextAreaField

from app.domain.connections import CHARSETS
from app.models import Connection
from app.web import words, words_exchange
from app.web.context import translate as _

MAPS = ("category_map", "message_map", "field_map")


class MapsForm(Form):
    """How a connection's messages are read."""

    category_map = TextAreaField()
    message_map = TextAreaField()
    field_map = TextAreaField()
    charset = SelectField(validate_choice=False)
    risk_minutes = StringField()


class SignatureForm(Form):
    """A text and what is said to sign it."""

    connection = SelectField(validate_choice=False)
    text = TextAreaField()
    digest = StringField()


def maps_form(row: Connection, data: Any = None) -> MapsForm:
    """A connection's maps, from what was typed or from what is stored."""
    stored = {name: lines_of(getattr(row, name)) for name in MAPS}
    form = MapsForm(data, data=stored | {"charset": row.charset, "risk_minutes": str(row.risk_minutes)})
    form.category_map.label.text = _("Categories: theirs = ours")
    form.message_map.label.text = _("Message types: theirs = ours")
    form.field_map.label.text = _("Fields: ours = where it stands in their message; nothing behind it leaves it out")
    form.charset.label.text = _("Charset")
    form.charset.choices = [(one, one.upper()) for one in CHARSETS]
    form.risk_minutes.label.text = _("An answer that fails is at risk so many minutes before the platform's deadline")
    return form


def signature_form(connections: list[tuple[str, str]], data: Any = None) -> SignatureForm:
    """The tester, with the connections to choose from."""
    form = SignatureForm(data)
    form.connection.label.text, form.connection.choices = _("Connection"), connections
    form.text.label.text = _("The text that was signed, exactly as it was sent")
    form.digest.label.text = _("Signature")
    return form


def lines_of(table: Mapping[str, str]) -> str:
    """A map as lines."""
    return "\n".join(f"{left} = {right}" for left, right in table.items())


def map_of(text: str) -> tuple[dict[str, str], str]:
    """The map in lines of text, and the first line that is none (empty: all are)."""
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        left, sign, right = (part.strip() for part in line.partition("="))
        if not sign or not left or left in found:
            return found, line[:60]
        found[left] = right
    return found, ""


def mark(form: Form, errors: Mapping[str, str], detail: Mapping[str, Any]) -> None:
    """Put errors beside their fields, with the line that is wrong."""
    known = words.errors() | words_exchange.errors()
    for name, code in errors.items():
        said = words.word(known, code)
        form[name].errors = [said % {"line": detail.get(f"{name}_line", "")} if "%(line)s" in said else said]
