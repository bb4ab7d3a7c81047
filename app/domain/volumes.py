"""Delivered volumes out of a file: month, organisation, parcels delivered (rulebook 5, complaint rate)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from app.domain.calendars import month_bounds
from app.domain.errors import Invalid
from app.domain.sheet_rows import Columns, named

COLUMNS: Columns = {  # the words that may stand above each: the Chinese first, the English last
    "month": ("月份", "month"), "code": ("机构编码", "编码", "code", "organisation code"),
    "delivered": ("妥投件数", "妥投量", "delivered", "delivered parcels"),
}  # fmt: skip
EXAMPLE = ("2026-11", "330106-01", "12850")
MOST_ROWS = 50_000
MOST = 10**10
LONGEST = 40  # digits: more of them are not even read


@dataclass(frozen=True)
class Volume:
    """A row as it stands in the file, with the number of its line."""

    line: int
    month: str
    code: str
    delivered: str

    def faults(self) -> dict[str, str]:
        """What is wrong with it, by column."""
        wrong = {}
        try:
            month_bounds(self.month)
        except (ValueError, OverflowError):
            wrong["month"] = "not_a_month"
        if not self.code:
            wrong["code"] = "required"
        digits = self.delivered.isascii() and self.delivered.isdecimal()
        if not digits or len(self.delivered) > LONGEST or int(self.delivered) >= MOST:
            wrong["delivered"] = "not_a_number"
        return wrong


def read_csv(text: str) -> list[Volume]:
    """The rows of a CSV with the columns COLUMNS. A number may have thousands' commas or end in ".0".

    Raises Invalid(text): "columns" where one is missing or the file is no CSV, "required" without rows,
    "too_many_rows".
    """
    try:
        return _rows(text)
    except csv.Error:  # a field without end, above all
        raise Invalid({"text": "columns"}) from None


def _rows(text: str) -> list[Volume]:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    reader.fieldnames = named(reader.fieldnames or (), COLUMNS)
    if not set(COLUMNS) <= set(reader.fieldnames):
        raise Invalid({"text": "columns"})
    found = []
    for row in reader:
        month, code, delivered = ((row.get(name) or "").strip() for name in COLUMNS)
        if month or code or delivered:
            found.append(Volume(reader.line_num, month, code, delivered.replace(",", "").removesuffix(".0")))
        if len(found) > MOST_ROWS:
            raise Invalid({"text": "too_many_rows"})
    if not found:
        raise Invalid({"text": "required"})
    return found
