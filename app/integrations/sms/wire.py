"""What both drivers share on the wire: where a gateway may live, and how a request that broke is judged."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
import urllib3

from app.domain import hosts, outside_json
from app.integrations import peers
from app.integrations.sms import SmsError, Verdict

TIMEOUT = (3.0, 10.0)  # seconds to connect and to wait for the answer; together well under the lease of a row
MAX_BODY = 256 * 1024  # bytes of an answer or a batch of receipts
MAX_RECEIPTS = 1000
SHANGHAI = ZoneInfo("Asia/Shanghai")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")


@dataclass(frozen=True)
class Endpoint:
    """Where a gateway is: `scheme` is https, or http on this machine; `host` may carry a port."""

    scheme: str
    host: str


def endpoint(address: str) -> Endpoint:
    """The checked address of a gateway, as `host`, `host:port` or with a scheme.

    Plain http is for this machine only (a fake gateway in a test). Raises SmsError("endpoint").
    """
    parts = urlsplit(address if "://" in address else f"https://{address}")
    wrong = SmsError("endpoint", verdict=Verdict("retry", "endpoint", 600))
    try:
        port = parts.port
    except ValueError:
        raise wrong from None
    name = parts.hostname or ""
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc or not _HOST.fullmatch(name):
        raise wrong
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(name)):
        raise wrong
    if hosts.kind_of(name) == hosts.FORBIDDEN:
        raise wrong
    return Endpoint(parts.scheme, f"{name}:{port}" if port else name)


def _loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def broken(error: BaseException | None) -> SmsError:
    """A request without an answer. Only one that reached nobody may be sent again; any other may have arrived."""
    if isinstance(error, peers.PeerRefused):
        return SmsError("endpoint", verdict=Verdict("retry", "endpoint", 600))
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return SmsError("unreachable", verdict=Verdict("retry", "network", 30))
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SmsError("tls", verdict=Verdict("retry", "tls", 300))
    if isinstance(error, requests.Timeout):
        return SmsError("timeout", verdict=Verdict("unknown", "timeout"))
    if isinstance(error, requests.ConnectionError):
        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.NameResolutionError):
            return SmsError("unreachable", verdict=Verdict("retry", "network", 30))
        return SmsError("connection_lost", verdict=Verdict("unknown", "timeout"))
    return SmsError("bad_answer", verdict=Verdict("unknown", "gateway_error"))


def receipts_of(body: bytes) -> list[dict[str, Any]]:
    """The objects of a batch of receipts. Raises SmsError("bad_receipt") for anything but a JSON list of them."""
    try:
        rows = outside_json.read(body)
    except ValueError:
        raise SmsError("bad_receipt", permanent=True) from None
    if not isinstance(rows, list) or not 0 < len(rows) <= MAX_RECEIPTS or not all(isinstance(r, dict) for r in rows):
        raise SmsError("bad_receipt", permanent=True)
    return rows


def text_of(row: dict[str, Any], name: str, longest: int, *, needed: bool = False) -> str:
    """A short printable text of a receipt. Raises SmsError("bad_receipt") where it is something else."""
    value = row.get(name)
    text = "" if value is None else str(value) if isinstance(value, str | int) else None
    if text is None or len(text) > longest or not text.isprintable() or (needed and not text):
        raise SmsError("bad_receipt", permanent=True)
    return text


def moment(text: str) -> datetime | None:
    """A gateway's wall time (Asia/Shanghai) as UTC; None where it is no time."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def instant(seconds: object) -> datetime | None:
    """A gateway's Unix time; None where it is no time."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def bare(phone: str) -> str:
    """A mainland number without its country code, for comparing."""
    return re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", phone)
