"""Scans on the wire: in the message that pushes them, and in the answer to our question for a trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.scans import ScanIn
from app.integrations.platform import messages
from app.integrations.platform.errors import MessageError

MOST = 1000  # scans of one message
WORDS = ("mail_no", "scan_type", "site_code", "courier", "note")


def read(body: Mapping[str, Any]) -> list[ScanIn]:
    """The scans of `body["scans"]`: mail_no, scan_time, and optionally scan_type, site_code, courier, note.

    Times as in `times.read_time`. Raises MessageError("bad_field") for more than MOST and for any without number or
    time: half a message is not taken.
    """
    rows = body.get("scans")
    if not isinstance(rows, list) or len(rows) > MOST:
        raise MessageError("bad_field", "scans")
    return [_scan(row) for row in rows]


def _scan(row: Any) -> ScanIn:
    at = messages.instant(row, "scan_time") if isinstance(row, dict) else None
    words = {name: str(row.get(name) or "") for name in WORDS} if at is not None else {}
    if at is None or not words["mail_no"].strip():
        raise MessageError("bad_field", "scans")
    return ScanIn(
        waybill=words["mail_no"], scan_type=words["scan_type"], scanned_at=at, site_code=words["site_code"],
        courier=words["courier"], note=words["note"],
    )  # fmt: skip
