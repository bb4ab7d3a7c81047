"""SMS gateways as an administrator sets them up: which one sends, its settings, keys and approved texts."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import hosts, sms_content
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.domain.sms_templates import PURPOSES
from app.models import SmsGateway, SmsTemplate
from app.models.dialect import lock_key
from app.services import sms_secrets
from app.services.transaction import write

CONSOLE = "console"
SECRETS = {"tencent": ("secret_id", "secret_key"), "aliyun": ("key_id", "key_secret")}
REQUIRED = {"tencent": ("app_id", "sign_name"), "aliyun": ("sign_name",)}
SETTINGS = ("app_id", "sign_name", "signatures", "link_hosts", "endpoint", "region", "receipts", "settle_minutes")
DRIVERS = (CONSOLE, *SECRETS)
STATES = ("draft", "submitted", "approved", "rejected")
NEEDED = ("due_soon", "overdue")  # a gateway without these texts cannot remind anybody
TOKEN = re.compile(r"[A-Za-z0-9_-]{24,100}")
CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")
HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.)+[a-z]{2,20}")
LOCK = "sms gateways"  # two who set one up for the first time, or choose two, come one after the other
ADDRESS = re.compile(r"(?:(?:https://)?[A-Za-z0-9.-]{1,253}|http://(?:127\.0\.0\.1|localhost))(?::\d{1,5})?/?")


@dataclass(frozen=True)
class Setup:
    """A gateway ready to use: `secrets` in the clear, never shown or logged. `problem` names what keeps it from it."""

    driver: str
    settings: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    problem: str = ""


def active(session: Session) -> str:
    """The driver that sends; the console where none is chosen."""
    return session.scalar(select(SmsGateway.driver).where(SmsGateway.active)) or CONSOLE


def setup(session: Session, driver: str, key: str) -> Setup:
    """The settings and keys of a driver; `key` is SECRET_KEY."""
    row = session.get(SmsGateway, driver)
    if driver == CONSOLE:
        return Setup(CONSOLE)
    if row is None:
        return Setup(driver, problem="not_set_up")
    try:
        secrets = sms_secrets.unseal(row.secrets, key)
    except sms_secrets.SecretsUnreadable as error:
        return Setup(driver, dict(row.settings), problem=error.code)
    missing = [name for name in REQUIRED[driver] if not row.settings.get(name)]
    missing += [name for name in SECRETS[driver] if not secrets.get(name)]
    return Setup(driver, dict(row.settings), secrets, "not_set_up" if missing else "")


def rows(session: Session) -> dict[str, SmsGateway]:
    """The set-up gateways by driver."""
    return {row.driver: row for row in session.scalars(select(SmsGateway))}


def templates(session: Session, driver: str) -> dict[str, SmsTemplate]:
    """The texts of a driver by purpose."""
    return {row.purpose: row for row in session.scalars(select(SmsTemplate).where(SmsTemplate.driver == driver))}


def choose(*, actor: Actor, driver: str, key: str, now: datetime) -> None:
    """Let `driver` send from now on; what is in doubt stays with the one it went to.

    Raises NotAllowed for all but administrators, Invalid where the driver is not ready.
    """
    _administrator(actor)
    if driver not in DRIVERS:
        raise Invalid({"driver": "required"})
    with write() as session:
        lock_key(session, LOCK)
        if driver != CONSOLE:
            ready(session, driver, key)
        session.execute(update(SmsGateway).values(active=False))
        row = session.get(SmsGateway, driver) or SmsGateway(driver=driver, settings={})
        row.active, row.updated_at, row.updated_by = True, now, actor.user_id
        session.add(row)


def ready(session: Session, driver: str, key: str) -> None:
    """Raises Invalid unless keys, settings and the approved texts of all reminders are there."""
    if setup(session, driver, key).problem:
        raise Invalid({"driver": "not_set_up"})
    texts = templates(session, driver)
    if any(purpose not in texts or texts[purpose].state != "approved" for purpose in NEEDED):
        raise Invalid({"driver": "no_template"})


def configure(
    *, actor: Actor, driver: str, settings: Mapping[str, str], secrets: Mapping[str, str], receipt_token: str, key: str,
    now: datetime,
) -> None:  # fmt: skip
    """Store settings; keys and receipt address only where something was typed, else they stay.

    Raises Invalid with the fields that cannot be right.
    """
    _administrator(actor)
    if driver not in SECRETS:
        raise Invalid({"driver": "required"})
    kept = {name: settings.get(name, "").strip() for name in SETTINGS}
    typed = {name: secrets[name].strip() for name in SECRETS[driver] if secrets.get(name, "").strip()}
    wrong = _faults(driver, kept, typed, receipt_token)
    if wrong:
        raise Invalid(wrong)
    with write() as session:
        lock_key(session, LOCK)
        row = session.get(SmsGateway, driver) or SmsGateway(driver=driver, active=False)
        if typed:
            row.secrets = sms_secrets.seal({**_known(row, key), **typed}, key)
        if receipt_token:
            row.receipt_token = hashlib.sha256(receipt_token.encode()).hexdigest()
        row.settings, row.updated_at, row.updated_by = kept, now, actor.user_id
        session.add(row)


def _known(row: SmsGateway, key: str) -> dict[str, str]:
    try:
        return sms_secrets.unseal(row.secrets, key)
    except sms_secrets.SecretsUnreadable:
        return {}


def _faults(driver: str, settings: Mapping[str, str], typed: Mapping[str, str], token: str) -> dict[str, str]:
    wrong = {name: "required" for name in REQUIRED[driver] if not settings[name]}
    if settings["sign_name"] and settings["sign_name"] not in words(settings["signatures"]):
        wrong["sign_name"] = "unregistered_signature"
    if settings["endpoint"] and not _reachable(settings["endpoint"]):
        wrong["endpoint"] = "endpoint"
    if any(not HOST.fullmatch(host) for host in words(settings["link_hosts"])):
        wrong["link_hosts"] = "not_a_host"
    if settings["receipts"] not in ("push", "pull"):
        wrong["receipts"] = "required"
    if driver == "aliyun" and not re.fullmatch(r"\d{1,4}", settings["settle_minutes"] or "10"):
        wrong["settle_minutes"] = "not_a_number"
    if token and not TOKEN.fullmatch(token):
        wrong["receipt_token"] = "weak_token"  # noqa: S105 - the name of a remark
    for name in ("app_id", "region"):
        if settings[name] and not CODE.fullmatch(settings[name]):
            wrong[name] = "bad_code"
    too_long = {name: "too_long" for name, value in {**settings, **typed}.items() if len(value) > 300}
    return {**wrong, **too_long}


def _reachable(address: str) -> bool:
    """A gateway's own address, or a relay on this machine; no other spelling of a number and no link-local address."""
    host = urlsplit(address if "://" in address else f"https://{address}").hostname or ""
    return ADDRESS.fullmatch(address) is not None and hosts.kind_of(host) != hosts.FORBIDDEN


def words(text: str) -> tuple[str, ...]:
    """A list typed with commas or spaces."""
    return tuple(part for part in re.split(r"[,，、;；\s]+", text) if part)


def save_template(
    *, actor: Actor, driver: str, purpose: str, code: str, text: str, state: str, now: datetime
) -> tuple[sms_content.Finding, ...]:
    """Store the text of a purpose; the findings that do not keep it from approval.

    Raises Invalid({"text": …}) where a serious finding stands against an approved or submitted text; a draft may be
    as it is.
    """
    _administrator(actor)
    if driver not in SECRETS or purpose not in PURPOSES:
        raise Invalid({"purpose": "required"})
    with write() as session:
        lock_key(session, LOCK)
        row = session.get(SmsTemplate, (driver, purpose)) or SmsTemplate(driver=driver, purpose=purpose)
        found = findings(session, driver, purpose, text)
        _template_faults(code, text, state, found)
        row.code, row.text, row.state = code, text, state
        row.updated_at, row.updated_by = now, actor.user_id
        session.add(row)
        return found


def _template_faults(code: str, text: str, state: str, found: tuple[sms_content.Finding, ...]) -> None:
    wrong = {}
    if state not in STATES:
        wrong["state"] = "required"
    if state == "approved" and not CODE.fullmatch(code):
        wrong["code"] = "bad_code" if code else "required"
    if len(text) > 1000 or (state != "draft" and any(finding.serious for finding in found)):
        wrong["text"] = "findings"
    if len(code) > 40:
        wrong["code"] = "bad_code"
    if wrong:
        raise Invalid(wrong)


def findings(session: Session, driver: str, purpose: str, text: str) -> tuple[sms_content.Finding, ...]:
    """What the gateway would object to in a text, with its signature and approved link hosts as they are set."""
    row = session.get(SmsGateway, driver)
    settings = row.settings if row else {}
    return sms_content.lint(
        text, purpose=purpose, driver=driver, signature=settings.get("sign_name", ""),
        signatures=words(settings.get("signatures", "")), link_hosts=words(settings.get("link_hosts", "")),
    )  # fmt: skip


def token_fits(session: Session, driver: str, token: str) -> bool:
    """Whether that is the secret part of the address for this driver's receipts; compared in constant time."""
    row = session.get(SmsGateway, driver) if driver in SECRETS else None
    given = hashlib.sha256(token.encode()).hexdigest()
    return hmac.compare_digest(given, row.receipt_token if row and row.receipt_token else "-" * 64)


def _administrator(actor: Actor) -> None:
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")
