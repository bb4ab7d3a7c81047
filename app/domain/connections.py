"""A platform's connection as an administrator writes it: what may stand in it, and what a secret must be."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.domain import hosts
from app.domain.doctor import KNOWN_SECRETS, PLATFORM_SECRET_LENGTH
from app.domain.routing import DELIVERY, LAST_SCAN, ORIGIN

CHANNEL = "channel"  # no platform: a channel of our own that pushes expedites and gets no answers
RULES = (DELIVERY, ORIGIN, LAST_SCAN)
CHARSETS = ("utf-8", "gbk")
TEXT, SECRET, NUMBER, FLAG = "text", "secret", "number", "flag"
MOST_SECRETS = 2  # valid at once, while they rotate
NAME_LIMIT, ADDRESS_LIMIT, SETTING_LIMIT, SECRET_LIMIT = 60, 300, 300, 64
LARGEST = 100_000
_CODE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,31})")
_SECRET = re.compile(r"[\x21-\x7e]+")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(?::\d{1,5})?")


@dataclass(frozen=True)
class Setting:
    """Something that only one driver has to know of a connection."""

    name: str
    kind: str = TEXT
    required: bool = False


@dataclass(frozen=True)
class Entry:
    """A connection as its form has it. Of `settings` a secret one is empty where it stays as it is."""

    code: str
    name: str
    driver: str
    charset: str = "utf-8"
    callback_url: str = ""
    routing_rule: str = DELIVERY
    active: bool = True
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)


def faults(
    entry: Entry, *, drivers: Collection[str], settings: Sequence[Setting], kept: Collection[str], plain_http: bool
) -> dict[str, str]:
    """What is wrong, by field; a driver's setting as `setting-name`. `kept` names the secret ones that are stored."""
    wrong: dict[str, str] = {}
    if not _CODE.fullmatch(entry.code):
        wrong["code"] = "bad_place_code" if entry.code else "required"
    if not entry.name or len(entry.name) > NAME_LIMIT:
        wrong["name"] = "too_long" if entry.name else "required"
    if entry.driver not in drivers:
        wrong["driver"] = "required"
    if entry.charset not in CHARSETS:
        wrong["charset"] = "required"
    if entry.routing_rule not in RULES:
        wrong["routing_rule"] = "required"
    if address := _address_fault(entry, plain_http):
        wrong["callback_url"] = address
    for one in settings:
        if fault := _setting_fault(one, entry.settings.get(one.name, ""), one.name in kept):
            wrong[f"setting-{one.name}"] = fault
    return wrong


def _address_fault(entry: Entry, plain_http: bool) -> str:
    """Answers carry personal data: they go over https, and to a machine that the address itself names."""
    if not entry.callback_url:
        return "" if entry.driver == CHANNEL else "required"
    try:
        parts = urlsplit(entry.callback_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "bad_address"
    if parts.scheme == "http" and not plain_http:
        return "https_only"
    machine = hosts.kind_of(host or "")
    if machine == hosts.FORBIDDEN or (machine == hosts.OWN and not plain_http):
        return "bad_address"
    wrong = parts.scheme not in ("http", "https") or not host or port == 0 or not _HOST.fullmatch(parts.netloc)
    odd = parts.fragment or not _SECRET.fullmatch(entry.callback_url) or len(entry.callback_url) > ADDRESS_LIMIT
    return "bad_address" if wrong or odd else ""


def _setting_fault(one: Setting, text: str, kept: bool) -> str:
    if not text:
        return "required" if one.required and not kept else ""
    if len(text) > SETTING_LIMIT:
        return "too_long"
    number = text.isascii() and text.isdigit() and len(text) < 7 and 0 < int(text) <= LARGEST
    return "not_a_number" if one.kind == NUMBER and not number else ""


def stored(settings: Sequence[Setting], typed: Mapping[str, str], before: Mapping[str, object]) -> dict[str, object]:
    """The settings to store: numbers as numbers, ticks as such, an empty secret as before, what is empty left out.

    What the driver does not declare stays as it was.
    """
    known = {one.name for one in settings}
    found: dict[str, object] = {name: value for name, value in before.items() if name not in known}
    for one in settings:
        text = typed.get(one.name, "")
        if one.kind == FLAG:
            found[one.name] = bool(text)
        elif one.kind == SECRET and not text:
            found |= {one.name: before[one.name]} if before.get(one.name) else {}
        elif text:
            found[one.name] = int(text) if one.kind == NUMBER else text
    return found


def secret_fault(secret: str, others: Collection[str]) -> str:
    """What is wrong with a new secret: empty, short, well known, with blanks, or there already; empty for nothing."""
    if not secret:
        return "required"
    if not _SECRET.fullmatch(secret) or len(secret) > SECRET_LIMIT:
        return "bad_secret"
    if len(secret) < PLATFORM_SECRET_LENGTH or secret.casefold() in KNOWN_SECRETS:
        return "weak_secret"
    if secret in others:
        return "same_secret"
    return "two_secrets" if len(others) >= MOST_SECRETS else ""
