"""A scan of a parcel as it comes in from a platform, a file or a carrier's own service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ScanIn:
    """A scan as it comes in. `scanned_at` knows its zone; an unknown `site_code` is kept as it was written."""

    waybill: str
    scan_type: str
    scanned_at: datetime
    site_code: str = ""
    courier: str = ""
    note: str = ""
