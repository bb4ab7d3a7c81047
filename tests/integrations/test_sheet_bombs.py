"""Small Excel files that would grow to a gigabyte of objects: weighed by their tags before any of them is made."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import openpyxl
import pytest

from app.integrations import sheets_in
from app.integrations.sheets_in import BadSheet

NAMES = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET = "xl/worksheets/sheet1.xml"
MILLION = 1_000_000
BOMBS = {
    "rows without cells": (SHEET, "<sheetData>" + "<row/>" * MILLION + "</sheetData>"),
    "one row of many cells": (SHEET, '<sheetData><row r="1">' + "<c/>" * MILLION + "</row></sheetData>"),
    "tags that are none of a sheet": (SHEET, "<x/>" * MILLION + "<sheetData/>"),
    "strings": ("xl/sharedStrings.xml", "<si/>" * MILLION),
    "fonts": ("xl/styles.xml", "<fonts>" + "<font/>" * MILLION + "</fonts>"),
    "sheets": ("xl/workbook.xml", "<sheets>" + '<sheet name="a"/>' * 200_000 + "</sheets>"),
    "relations": ("xl/_rels/workbook.xml.rels", "<Relationship/>" * 200_000),
}


def book(**parts: str) -> bytes:
    """A workbook of one cell, with some parts in the place of its own."""
    made, plain = io.BytesIO(), io.BytesIO()
    written = openpyxl.Workbook()
    written.active["A1"] = "YT1234567890123"
    written.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *parts}:
            new.writestr(name, parts.get(name) or old.read(name))
    return made.getvalue()


@pytest.mark.parametrize("what", BOMBS)
def test_a_part_of_a_million_tags_is_refused_without_reading_it(what: str) -> None:
    name, inside = BOMBS[what]
    data = book(**{name: f"<x {NAMES}>{inside}</x>"})
    assert len(data) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(BadSheet) as refused:
            sheets_in.rows_of(data, 300)
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.code == "too_large" and grown < 5_000_000


def test_thousands_of_parts_are_refused() -> None:
    with pytest.raises(BadSheet) as refused:
        sheets_in.rows_of(book(**{f"xl/media/{n}.png": "x" for n in range(1000)}), 300)
    assert refused.value.code == "too_large"


def test_a_full_sheet_within_the_limits_is_read() -> None:
    written = openpyxl.Workbook(write_only=True)
    sheet = written.create_sheet()
    for row in range(300):
        sheet.append([f"{row}-{column}" for column in range(sheets_in.MAX_COLUMNS)])
    made = io.BytesIO()
    written.save(made)
    assert len(sheets_in.rows_of(made.getvalue(), 300)) == 300


@pytest.mark.parametrize("spoil", [lambda raw: raw[:-30], lambda raw: raw[:60] + b"\0" * 40 + raw[100:]])
def test_a_damaged_file_is_no_error_of_the_inside(spoil: object) -> None:
    with pytest.raises(BadSheet):
        sheets_in.rows_of(spoil(book()), 300)  # type: ignore[operator]
