"""The one JSON spelling that digests are made of."""

from __future__ import annotations

import json
from datetime import datetime
from json.encoder import encode_basestring


def canonical(value: object) -> str:
    """Sorted keys, no blanks, plain UTF-8; instants in the ISO spelling."""
    return _ENCODER.encode(value)


def quoted(text: str) -> str:
    """The same of a text alone, where a list is put together of parts."""
    return encode_basestring(text)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain, check_circular=False
)
