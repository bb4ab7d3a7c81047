"""Reads the first sheet of an Excel file, or a CSV, as rows of text, within limits that no small file hides from."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from datetime import date, datetime
from typing import Any

MAX_BYTES = 2 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024  # of all parts together: a bomb says its size in its directory
MAX_COLUMNS = 40
# A reader makes an object of each tag, also of those that no row is made of: sixty kilobytes of `<x/>` in an Excel file
# took a gigabyte and a minute. A row of 40 cells has 240 tags at most; what stands beside the rows has few.
TAGS_A_ROW, MOST_TAGS, TAGS_BESIDE = 400, 2_000_000, 50_000
MOST_PARTS = 500
ROWS = re.compile(r"(?:^|/)(?:worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
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
    _weigh(data, most)
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


def _weigh(data: bytes, most: int) -> None:
    """Refuse what would grow: by the sizes in the directory, then by the tags that are really there."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            listed = parts.infolist()
            if len(listed) > MOST_PARTS or sum(part.file_size for part in listed) > MAX_UNPACKED:
                raise BadSheet("too_large")
            tags = {True: min(TAGS_A_ROW * (most + 50), MOST_TAGS), False: TAGS_BESIDE}
            for part in listed:
                kind = bool(ROWS.search(part.filename))
                tags[kind] -= _tags(parts, part)
                if tags[kind] < 0:
                    raise BadSheet("too_large")
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise error if isinstance(error, BadSheet) else BadSheet("not_excel") from None


def _tags(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    found = 0
    with parts.open(part) as unpacked:
        while chunk := unpacked.read(256 * 1024):
            found += chunk.count(b"<")
    return found


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
