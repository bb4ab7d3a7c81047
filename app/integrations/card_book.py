"""A scorecard as an Excel file: one sheet a section, numbers as numbers, a frozen heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CELL = str | int | float | None
A4 = 9
FORMATS = {"": "General", "int": "#,##0", "rate": "0.0%", "tenths": "0.0", "mean": "0.00", "money": "#,##0.00"}


@dataclass(frozen=True)
class Section:
    """One sheet: its name, the headings, the rows, and how the numbers of each column are shown (keys of FORMATS)."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[CELL]]
    kinds: Sequence[str]
    widths: Sequence[int]


def write(path: Path, sections: Sequence[Section], mark: str) -> None:
    """Write the sections as sheets; the first three lines of each are its name, the mark, and the headings."""
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(path), options)
    title, plain = book.add_format({"bold": True, "font_size": 14}), book.add_format({"font_color": "#465263"})
    heading = book.add_format({"bold": True, "bg_color": "#E8F1FB", "bottom": 1})
    formats = {kind: book.add_format({"num_format": shape}) for kind, shape in FORMATS.items()}
    for section in sections:
        page = book.add_worksheet(section.name[:31])
        page.write_string(0, 0, section.name, title)
        page.write_string(1, 0, mark, plain)
        for at, text in enumerate(section.head):
            page.set_column(at, at, section.widths[at])
            page.write_string(2, at, text, heading)
        page.freeze_panes(3, 0)
        page.repeat_rows(2)
        page.set_paper(A4)
        page.fit_to_pages(1, 0)
        page.set_footer("&L&8&F&R&P / &N")
        for number, row in enumerate(section.rows, 3):
            for at, cell in enumerate(row):
                _put(page, number, at, cell, formats[section.kinds[at]])
    book.close()


def _put(page: Any, line: int, at: int, cell: CELL, shape: Any) -> None:
    if isinstance(cell, int | float):
        page.write_number(line, at, cell, shape)
    elif cell:
        page.write_string(line, at, cell)
