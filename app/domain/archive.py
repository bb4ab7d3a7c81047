"""The archive of tickets that ended long ago: from when on one may go there, and the document that it becomes.

A document is canonical JSON, compressed; its digest is of the JSON, so that another compression changes nothing. Words
that people wrote are a document of their own, which a policy may delete: the first one holds its digest.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.calendars import SHANGHAI, month_bounds, month_of
from app.domain.canonical import canonical

SHORTEST = 6  # months: until then a month may be amended, a penalty contested, a complaint brought to the authority
MOVED, RETURNED = "moved", "returned"  # what the archive's own log tells
HOLDS = ("court", "regulator", "other")  # why a ticket is kept out of it by hand
NIGHT = range(1, 5)  # hours in Shanghai in which tickets are moved


class Damaged(ValueError):
    """A document does not have the digest that stands beside it, or is none."""


@dataclass(frozen=True)
class Packed:
    """A document as it is stored, and the SHA-256 of its JSON."""

    body: bytes
    digest: str


def cutoff(months: int, now: datetime) -> datetime:
    """Tickets that ended and whose last entry is older than this instant may go: whole months (Asia/Shanghai) before
    the running one. Raises ValueError for too few months."""
    if months < SHORTEST:
        raise ValueError(f"at least {SHORTEST} months")
    year, month = (int(part) for part in month_of(now).split("-"))
    count = year * 12 + month - 1 - months
    return month_bounds(f"{count // 12:04}-{count % 12 + 1:02}")[0]


def at_night(now: datetime) -> bool:
    """Whether the portal is quiet enough for moving tickets."""
    return now.astimezone(SHANGHAI).hour in NIGHT


def pack(value: object) -> Packed:
    """The document of a plain value."""
    text = canonical(value).encode()
    return Packed(zlib.compress(text, 6), hashlib.sha256(text).hexdigest())


def unpack(body: bytes, digest: str) -> Any:
    """The value of a document. Raises Damaged."""
    try:
        text = zlib.decompress(body)
    except zlib.error:
        raise Damaged("not a document") from None
    if hashlib.sha256(text).hexdigest() != digest:
        raise Damaged("another digest")
    return json.loads(text)


def link(before: str, n: int, ticket_id: int, what: str, digest: str) -> str:
    """The hash of one entry of the archive's log: over the hash before it and all that it says."""
    return hashlib.sha256(canonical([before, n, ticket_id, what, digest]).encode()).hexdigest()
