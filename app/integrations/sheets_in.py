"""Reads the first sheet of an Excel file as rows of text, within limits that a small file cannot hide from."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from typing import Any

MAX_BYTES = 2 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024  # of all parts together: a bomb says its size in its directory
MAX_COLUMNS = 40


class BadSheet(ValueError):
    """A file that is not taken: empty, too_large, not_excel, too_many_rows."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def rows_of(data: bytes, most: int) -> list[list[str]]:
    """The rows of the first sheet, trailing empty ones left out, cells as trimmed texts. Raises BadSheet."""
    if not data:
        raise BadSheet("empty")
    if len(data) > MAX_BYTES:
        raise BadSheet("too_large")
    _weigh(data)
    found = _read(data, most)
    while found and not any(found[-1]):
        found.pop()
    if len(found) > most:
        raise BadSheet("too_many_rows")
    return found


def _weigh(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, ValueError, OSError):
        raise BadSheet("not_excel") from None
    if size > MAX_UNPACKED:
        raise BadSheet("too_large")


def _read(data: bytes, most: int) -> list[list[str]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            sheet: Any = book.worksheets[0]
            lines = sheet.iter_rows(max_row=most + 50, max_col=MAX_COLUMNS, values_only=True)
            return [[_text(cell) for cell in line] for line in lines]
        finally:
            book.close()
    except Exception as error:  # a broken workbook fails in a hundred ways, all of them the file's
        raise BadSheet("not_excel") from error


def _text(cell: Any) -> str:
    """A cell as its reader sees it: a long number without a point, a date as ISO."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell).replace("\0", "").strip()
