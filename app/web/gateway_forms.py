"""The forms of the SMS gateways' page. Keys are write-only: no form ever carries a stored one."""

from __future__ import annotations

from typing import Any

from wtforms import Form, PasswordField, SelectField, StringField, TextAreaField

from app.domain.sms_templates import PURPOSES
from app.services import gateways
from app.web import words, words_sms
from app.web.context import translate as _


class _Settings(Form):
    """What both gateways need."""

    sign_name = StringField()
    signatures = StringField()
    link_hosts = StringField()
    endpoint = StringField()
    receipts = SelectField(validate_choice=False)
    receipt_token = PasswordField()


class _Tencent(_Settings):
    """Tencent's own."""

    app_id = StringField()
    secret_id = PasswordField()
    secret_key = PasswordField()
    region = StringField()


class _Aliyun(_Settings):
    """Aliyun's own."""

    key_id = PasswordField()
    key_secret = PasswordField()
    settle_minutes = StringField()


class TextForm(Form):
    """One text in the registry."""

    code = StringField()
    state = SelectField(validate_choice=False)
    text = TextAreaField()


class TestForm(Form):
    """Whom a test message goes to, and which text."""

    phone = StringField()
    purpose = SelectField(validate_choice=False)


def settings_form(driver: str, data: Any = None, row: Any = None) -> Form:
    """The settings of a gateway, from what was typed or from what is stored."""
    kind = _Tencent if driver == "tencent" else _Aliyun
    form = kind(data, data=None if data else dict(row.settings) if row else {"receipts": "push"})
    form.receipts.choices = list(words_sms.receipt_ways().items())
    labels = {
        "app_id": "SmsSdkAppId", "secret_id": "SecretId", "secret_key": "SecretKey", "region": _("Region"),
        "key_id": "AccessKey ID", "key_secret": "AccessKey Secret", "sign_name": _("Signature, without 【】"),
        "signatures": _("Approved signatures, with commas"), "link_hosts": _("Approved host names in texts"),
        "endpoint": _("Address of the gateway (empty: the usual one)"), "receipts": _("Receipts"),
        "settle_minutes": _("Minutes until “not found” counts as not sent (0: never)"),
        "receipt_token": _("Secret part of the receipts' address"),
    }  # fmt: skip
    usual = {"endpoint": "", "region": "ap-guangzhou", "settle_minutes": "10"}
    kept = _("stored, not shown; empty keeps it")
    for field in form:
        field.label.text = labels[field.name]
        hidden = isinstance(field, PasswordField)
        stored = hidden and row is not None and (row.receipt_token if field.name == "receipt_token" else row.secrets)
        field.render_kw = {"placeholder": kept if stored else usual.get(field.name, "")}
    return form


def order(driver: str) -> tuple[str, ...]:
    """The fields in the order of the page."""
    keys = gateways.SECRETS[driver]
    own = ("app_id", *keys, "region") if driver == "tencent" else (*keys, "settle_minutes")
    return (*own, "sign_name", "signatures", "link_hosts", "endpoint", "receipts", "receipt_token")


def text_form(driver: str, purpose: str, data: Any = None, row: Any = None) -> TextForm:
    """The text of a purpose, from what was typed or from what is stored; else our proposal."""
    start = {"code": row.code, "state": row.state, "text": row.text} if row else {"text": PURPOSES[purpose].proposal}
    form = TextForm(data, data=None if data else {"state": "draft", **start})
    form.state.choices = list(words_sms.template_states().items())
    form.code.label.text = "TemplateId" if driver == "tencent" else "TemplateCode"
    form.state.label.text, form.text.label.text = _("State"), _("Text")
    return form


def test_form(driver: str, data: Any = None) -> TestForm:
    """The form of the test button."""
    form = TestForm(data, data=None if data else {"purpose": "test"})
    form.phone.label.text, form.purpose.label.text = _("Mobile number"), _("Text")
    form.purpose.choices = list(words_sms.purposes().items())
    return form


def mark(form: Form, errors: dict[str, str]) -> None:
    """Put error codes beside their fields in words."""
    table = words_sms.errors()
    for name, code in errors.items():
        if name in form:
            form[name].errors = [words.word(table, code)]
