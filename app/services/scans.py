"""Scans of parcels: taken in once however often they come, shown as the trace, and read for routing."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.calendars import SHANGHAI
from app.domain.errors import Invalid
from app.domain.scans import ScanIn as ScanIn
from app.domain.waybills import normalise
from app.models import Organisation, Scan, together
from app.models.among import among
from app.models.dialect import changed, insert_ignoring
from app.models.ids import new_id
from app.models.together import Question, Step
from app.services import linked, promise_clock
from app.services.transaction import write

COLLECT, DELIVER, SIGN = "COLLECT", "DELIVER", "SIGN"
COLUMNS = ("waybill", "scan_type", "scanned_at", "site_code", "courier", "note")
CHUNK = 200  # rows a statement
SHOWN = (Scan, Organisation.name, Organisation.province_id)


@dataclass(frozen=True)
class ScanRow:
    """A scan as it is shown; `organisation_name` is empty where the code names none of ours. UTC."""

    scan_type: str
    scanned_at: datetime
    site_code: str
    organisation_id: int | None
    organisation_name: str
    courier: str
    note: str
    waybill: str = ""
    province_id: int | None = None


@dataclass(frozen=True)
class Imported:
    """What a file import did: lines read, scans that were new, and the line numbers that could not be read."""

    read: int
    stored: int
    refused: tuple[int, ...]


LINE = Question(
    select(*SHOWN)
    .outerjoin(Organisation, Organisation.id == Scan.organisation_id)
    .where(among(Scan.waybill, "scanned"))
    .order_by(Scan.scanned_at.desc(), Scan.id.desc())
)


def asking(waybills: Sequence[str]) -> Step[list[ScanRow]]:
    """The stored scans of a parcel as a step of a page."""
    if not waybills:
        return []
    (found,) = yield (LINE(scanned=[normalise(waybill) for waybill in waybills]),)
    return rows_of(found)


def rows_of(found: Iterable[Any]) -> list[ScanRow]:
    """The answer to LINE as the trace has it."""
    return [_shown(*row) for row in found]


def store_scans(*, scans: Sequence[ScanIn], now: datetime) -> int:
    """Keep scans; the number that were new. The same scan again changes nothing, in any order and from any source.

    A scan without a waybill is left out. `now` (UTC) is when they came; a scan from the future is kept all the same,
    because a scanner's clock may be ahead. A promise of a redelivery that they prove is kept.
    """
    with write() as session:
        places = _places_by_code(session, {scan.site_code.strip() for scan in scans})
        # In one order for every writer, so that two of them with the same scans never wait for each other in a circle.
        rows = sorted((_row(scan, places) for scan in scans if scan.waybill.strip()), key=_order)
        stored = 0
        for start in range(0, len(rows), CHUNK):
            chunk = [{"id": new_id(), **row} for row in rows[start : start + CHUNK]]
            stored += changed(session, insert_ignoring(session, Scan).values(chunk))
        linked.from_scans(session, rows, now)
    if stored:
        promise_clock.kept_by_scans({str(row["waybill"]) for row in rows if row["scan_type"] in (DELIVER, SIGN)}, now)
    return stored


def import_file(*, path: Path, now: datetime) -> Imported:
    """Take scans from a CSV with the columns COLUMNS, UTF-8 or GB 18030; times without a zone are Asia/Shanghai.

    Lines that cannot be read are left out and named. Raises Invalid (`file`: "columns") when a needed column
    is missing, OSError when the file cannot be read.
    """
    reader = csv.DictReader(io.StringIO(_decoded(path.read_bytes()), newline=""))
    if not {"waybill", "scan_type", "scanned_at"} <= set(reader.fieldnames or ()):
        raise Invalid({"file": "columns"})
    good: list[ScanIn] = []
    refused: list[int] = []
    for line in reader:
        scan = _from_line(line)
        if scan is None:
            refused.append(reader.line_num)
        else:
            good.append(scan)
    return Imported(len(good) + len(refused), store_scans(scans=good, now=now), tuple(refused))


def trace(session: Session, *waybills: str) -> list[ScanRow]:
    """The scans of a parcel, under all the numbers given, as the ticket shows them, newest first."""
    found: list[ScanRow] = together.run(session, {"": asking(waybills)})[""]
    return found


def traces(session: Session, waybills: Collection[str], most: int) -> dict[str, list[ScanRow]]:
    """The newest `most` scans under each of these normalised numbers, newest first, in one statement."""
    nth = func.row_number().over(partition_by=Scan.waybill, order_by=(Scan.scanned_at.desc(), Scan.id.desc()))
    newest = select(Scan.id, nth.label("nth")).where(Scan.waybill.in_(waybills)).subquery()
    place = Organisation.id == Scan.organisation_id
    statement = select(*SHOWN).join(newest, newest.c.id == Scan.id).outerjoin(Organisation, place)
    found: dict[str, list[ScanRow]] = {}
    rows = session.execute(statement.where(newest.c.nth <= most)).all()  # bounded, so sorted here
    for row in sorted(rows, key=lambda row: (row[0].scanned_at, row[0].id), reverse=True):
        found.setdefault(row[0].waybill, []).append(_shown(*row))
    return found


def _shown(scan: Scan, name: str | None, province_id: int | None) -> ScanRow:
    return ScanRow(
        scan.scan_type, scan.scanned_at, scan.site_code, scan.organisation_id, name or "", scan.courier, scan.note,
        scan.waybill, province_id,
    )  # fmt: skip


def places(session: Session, waybill: str) -> tuple[int | None, int | None, int | None]:
    """The organisations routing asks for: (last delivery or sign scan, first collection, last scan of all).

    Each is None where there is no such scan, and also where that scan names none of our organisations: an older scan
    elsewhere would send the complaint to the wrong site.
    """
    return places_in(trace(session, waybill))


def places_in(line: Sequence[ScanRow]) -> tuple[int | None, int | None, int | None]:
    """The same of a trace that was read already."""
    delivery = _first(line, (DELIVER, SIGN))
    origin = _first(line[::-1], (COLLECT,))
    return delivery, origin, line[0].organisation_id if line else None


def _first(line: Iterable[ScanRow], types: Sequence[str]) -> int | None:
    return next((scan.organisation_id for scan in line if scan.scan_type in types), None)


def _places_by_code(session: Session, codes: set[str]) -> dict[str, int]:
    statement = select(Organisation.code, Organisation.id).where(Organisation.code.in_(codes - {""}))
    return {str(code): int(found) for code, found in session.execute(statement)}


def _row(scan: ScanIn, places: Mapping[str, int]) -> dict[str, object]:
    code = scan.site_code.strip()
    return {
        "waybill": normalise(scan.waybill)[:40], "scan_type": scan.scan_type.strip().upper()[:16],
        "scanned_at": scan.scanned_at, "organisation_id": places.get(code), "site_code": code[:32],
        "courier": scan.courier.strip()[:60], "note": scan.note.strip()[:200],
    }  # fmt: skip


def _order(row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("waybill", "scanned_at", "scan_type", "site_code"))


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="replace")


def _from_line(line: Mapping[str, str | None]) -> ScanIn | None:
    words = {name: (line.get(name) or "").strip() for name in COLUMNS}
    try:
        at = datetime.fromisoformat(words.pop("scanned_at"))
    except ValueError:
        return None
    if not words["waybill"] or not words["scan_type"]:
        return None
    return ScanIn(scanned_at=at if at.tzinfo else at.replace(tzinfo=SHANGHAI), **words)
