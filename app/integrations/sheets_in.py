"""Reads the first sheet of an Excel file, or a CSV, as rows of text, within limits that no small file hides from."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

MAX_BYTES = 2 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024  # of all parts together: a bomb says its size in its directory
MAX_COLUMNS = 40
ZIP = b"PK"  # how an Excel file begins
_FORMULA, _MERGED = re.compile(rb"<(?:\w+:)?f[\s>/]"), re.compile(rb"<(?:\w+:)?mergeCell\s")


class BadSheet(ValueError):
    """A file that is not taken: empty, too_large, not_excel, not_text, too_many_rows, formulas, merged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def rows_of(data: bytes, most: int, *, plain: bool = False) -> list[list[str]]:
    """The rows of the first sheet, trailing empty ones left out, cells as trimmed texts. Raises BadSheet, with `plain`
    also where there are formulas or merged cells."""
    if not data:
        raise BadSheet("empty")
    if len(data) > MAX_BYTES:
        raise BadSheet("too_large")
    _weigh(data)
    found = _read(data, most, plain)
    while found and not any(found[-1]):
        found.pop()
    if len(found) > most:
        raise BadSheet("too_many_rows")
    return found


def table_of(data: bytes, most: int) -> list[list[str]]:
    """The rows of an Excel file or of a CSV (UTF-8 or GB 18030), whatever the name says. Raises BadSheet.

    A sheet with formulas or merged cells is refused: what a cell shows there need not be what is stored in it.
    """
    if not data.startswith(ZIP):
        return _csv(data, most)
    return rows_of(data, most, plain=True)


def _csv(data: bytes, most: int) -> list[list[str]]:
    if not data.strip():
        raise BadSheet("empty")
    if len(data) > MAX_BYTES:
        raise BadSheet("too_large")
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text_of(data), newline="")):
            found.append([_text(cell) for cell in row[:MAX_COLUMNS]])
            if len(found) > most:
                raise BadSheet("too_many_rows")
    except (UnicodeDecodeError, csv.Error):
        raise BadSheet("not_text") from None
    return found


def text_of(data: bytes) -> str:
    """A text file: UTF-8, or GB 18030 as spreadsheets write it in China. Raises UnicodeDecodeError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _weigh(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, ValueError, OSError):
        raise BadSheet("not_excel") from None
    if size > MAX_UNPACKED:
        raise BadSheet("too_large")


def _read(data: bytes, most: int, plain: bool) -> list[list[str]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            sheet: Any = book.worksheets[0]
            if plain:
                _refuse_more_than_values(data, sheet._worksheet_path)
            lines = sheet.iter_rows(max_row=most + 50, max_col=MAX_COLUMNS, values_only=True)
            return [[_text(cell) for cell in line] for line in lines]
        finally:
            book.close()
    except BadSheet:
        raise
    except Exception as error:  # a broken workbook fails in a hundred ways, all of them the file's
        raise BadSheet("not_excel") from error


def _refuse_more_than_values(data: bytes, path: str) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        written = parts.read(path)
    if _FORMULA.search(written):
        raise BadSheet("formulas")
    if _MERGED.search(written):
        raise BadSheet("merged")


def _text(cell: Any) -> str:
    """A cell as its reader sees it: a long number without a point, a date as ISO."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell).replace("\0", "").strip()
