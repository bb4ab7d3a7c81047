"""An Excel file of many rows: XlsxWriter makes everything but them, their XML is written here and packed as it comes.

The library's own way to a cell costs some fifteen calls and a file in between. What a cell looks like is as there; a
test holds the two side by side. It is loaded by who writes a file, and by no process that only answers.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from app.domain.calendars import SHANGHAI
from app.domain.exports import CELL_LIMIT, Cell

Draw = Callable[[Any, Any], None]  # on a book's page

SHEET = "xl/worksheets/sheet1.xml"
PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}  # a text stays one
TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"
DAY, BEGINNING = 86_400, datetime(1899, 12, 30)  # noqa: DTZ001 - Excel counts days of a wall clock from here
BLOCK = 1 << 16  # characters of XML that are packed at once
LEVEL = 3  # of packing: half the work of the usual 6 for an eighth more
SHORT, REMEMBERED = 40, 1500  # characters of a text whose XML is remembered, and how many of them
_SPECIAL = re.compile("[&<>_\x00-\x1f\ufffe\uffff]")
_ESCAPED = re.compile("(_x[0-9a-fA-F]{4}_)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def write(path: Path, draw: Draw, top: int, width: int, count: int, rows: Iterable[Sequence[Cell]]) -> None:
    """Write the file. `draw` puts everything but the rows on the page, which begin in line `top` (counted from 0) and
    are `count`, of `width` cells. Memory does not grow with the rows. Raises OSError and what XlsxWriter raises.
    """
    frame = _frame(path.parent, draw, top + max(1, count) - 1, width)
    with ZipFile(frame) as drawn, ZipFile(path, "w", ZIP_DEFLATED, compresslevel=LEVEL) as book:
        for part in drawn.infolist():
            if part.filename != SHEET:
                book.writestr(part, drawn.read(part))
                continue
            head, style, tail = _apart(drawn.read(part).decode())
            with book.open(SHEET, "w") as out:
                for block in _blocks(head, _lines(rows, top + 1, width, style), tail):
                    out.write(block.encode())


def _frame(folder: Path, draw: Draw, last: int, width: int) -> io.BytesIO:
    """The file with one row, the last one, whose last cell is an instant: the page is as large as it will be, and its
    style is told."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "tmpdir": str(folder), **PLAIN})
    page = book.add_worksheet()
    draw(book, page)
    times = book.add_format({"num_format": TIME_FORMAT, "align": "left"})
    page.write_datetime(last, width - 1, BEGINNING, times)
    book.close()
    return out


def _apart(page: str) -> tuple[str, str, str]:
    """What stands before the frame's one row and behind it, and the number of its style."""
    at = page.rindex("<row ")
    style = re.search(r' s="(\d+)"', page[at:])
    return page[:at], style[1] if style else "0", page[page.index("</sheetData>", at) :]


def _blocks(head: str, lines: Iterator[str], tail: str) -> Iterator[str]:
    some, size = [head], len(head)
    for line in lines:
        some.append(line)
        size += len(line)
        if size >= BLOCK:
            yield "".join(some)
            some, size = [], 0
    yield "".join([*some, tail])


def _lines(rows: Iterable[Sequence[Cell]], first: int, width: int, style: str) -> Iterator[str]:
    """Each row as XML; `first` is the number of the first one as Excel counts."""
    from xlsxwriter.utility import xl_col_to_name

    said = _Said(style)
    begins = [f'<c r="{xl_col_to_name(at)}' for at in range(width)]
    for number, row in enumerate(rows, first):
        cells = [
            f'{begin}{number}"{said[cell]}'
            for begin, cell in zip(begins, row, strict=False)
            if cell is not None and cell != ""
        ]
        if cells:
            yield f'<row r="{number}">{"".join(cells)}</row>'


class _Said(dict[Cell, str]):
    """A cell behind its address. Short texts are remembered, because most of a list's come again and again, and all
    forgotten when they are too many."""

    def __init__(self, style: str) -> None:
        self.style = style

    def __missing__(self, cell: Cell) -> str:
        if isinstance(cell, str):
            found = _text(cell)
            if len(cell) <= SHORT:
                if len(self) >= REMEMBERED:
                    self.clear()
                self[cell] = found
            return found
        return f' s="{self.style}"><v>{_days(cell):.16G}</v></c>' if isinstance(cell, datetime) else _number(cell)


def _days(at: datetime) -> float:
    since = at.astimezone(SHANGHAI).replace(tzinfo=None) - BEGINNING
    return since.days + since.seconds / DAY


def _number(cell: Any) -> str:
    if not math.isfinite(cell):
        raise ValueError("not a number of Excel's")
    return f"><v>{cell:.16G}</v></c>"


def _text(text: str) -> str:
    if _SPECIAL.search(text) is None and text == text.strip():
        return f' t="inlineStr"><is><t>{_cut(text)}</t></is></c>'
    text = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", _ESCAPED.sub(r"_x005F\1", _cut(text)))
    kept = ' xml:space="preserve"' if text != text.strip() else ""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f' t="inlineStr"><is><t{kept}>{plain}</t></is></c>'


def _cut(text: str) -> str:
    """What a cell holds of it: Excel counts a sign beyond U+FFFF, such as an emoji, twice."""
    if 2 * len(text) <= CELL_LIMIT:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * CELL_LIMIT].decode("utf-16-le", "ignore")
