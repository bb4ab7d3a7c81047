"""One of something in English: texts are written for many, and Chinese has one form for all."""

from __future__ import annotations

import re
from functools import lru_cache

# words after a number, and where a verb follows, with it
ONE = {
    "entries": "entry", "tickets": "ticket", "sites": "site", "rows": "row", "points": "point", "templates": "template",
    "faults": "fault", "photos": "photo", "fields": "field", "calls": "call", "scans": "scan", "events": "event",
    "corrections": "correction", "replies": "reply", "accounts": "account", "numbers": "number", "bytes": "byte",
    "attempts": "attempt", "minutes": "minute", "hours": "hour", "days": "day", "days have": "day has",
    "days stay as they are": "day stays as it is", "days are": "day is", "seconds": "second", "parcels": "parcel",
    "pictures": "picture", "organisations": "organisation", "ones": "one", "clocks": "clock", "results": "result",
    "complaints": "complaint", "messages": "message", "answers": "answer", "notices": "notice", "lines": "line",
    "columns": "column", "telephone numbers": "telephone number", "views are": "view is", "provinces": "province",
    "cases": "case", "people": "person", "requests": "request", "penalties": "penalty", "ratings": "rating",
}  # fmt: skip
_AFTER = re.compile(
    r"(%\(n\)s (?:[a-z]+ ){0,2}?)(" + "|".join(sorted(ONE, key=len, reverse=True)) + r")\b", re.IGNORECASE
)


@lru_cache(2000)
def one(text: str) -> str:
    """The text as it is said of one: "%(n)s entries" becomes "%(n)s entry"."""
    return _AFTER.sub(lambda found: found[1] + ONE[found[2].lower()], text)
