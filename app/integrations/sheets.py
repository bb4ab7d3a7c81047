"""Files of rows: Excel and CSV for people, JSON lines for the spool in between. No text in them is ever a formula."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from app.domain.calendars import SHANGHAI
from app.domain.exports import CELL_LIMIT, TIME, Cell, Column, Sheet, harmless
from app.integrations import workbook
from app.integrations.store import FULL, StoreError

TIME_WIDTH = 19
MARGIN_LIMIT = 250  # of the 255 characters that Excel allows in a header or footer
A4 = 9

NEXT = "\n"
_SPELL = json.JSONEncoder(ensure_ascii=False, default=datetime.isoformat).encode

Rows = Iterable[Sequence[Cell]]


# --- the spool ---


def pack(rows: Rows) -> bytes:
    """Rows as JSON lines; instants as ISO texts, which the columns tell from other texts."""
    return "".join([f"{_SPELL(row)}\n" for row in rows]).encode()


def unpack(data: bytes, columns: Sequence[Column]) -> Iterator[list[Cell]]:
    """The rows again, with their instants."""
    times = [at for at, column in enumerate(columns) if column.kind == TIME]
    rows: list[list[Any]] = json.loads(f"[{data[:-1].decode().replace(NEXT, ',')}]")  # a break in a text is escaped
    for row in rows:
        for at in times:
            if row[at] is not None:
                row[at] = datetime.fromisoformat(row[at])
        yield row


# --- Excel ---


def write_xlsx(path: Path, sheet: Sheet, rows: Rows) -> None:
    """An Excel file: watermark above the table and on each printed page, frozen headings, filters; rows in order.

    Memory does not grow with the rows. Raises StoreError.
    """
    from xlsxwriter.exceptions import FileCreateError

    top = len(sheet.head) + 2
    try:
        workbook.write(
            path, lambda book, page: _set_up(book, page, sheet, top), top + 1, len(sheet.columns), sheet.rows, rows
        )
    except (OSError, FileCreateError) as error:
        raise _refused(error) from None


def _set_up(book: Any, page: Any, sheet: Sheet, top: int) -> None:
    """Everything but the rows. `top` is the line of the headings, counted from 0."""
    book.set_properties({"title": sheet.title, "comments": sheet.mark})
    title = book.add_format({"bold": True, "font_size": 14})
    plain = book.add_format({"font_color": "#465263"})
    heading = book.add_format({"bold": True, "bg_color": "#E8F1FB", "bottom": 1, "valign": "vcenter"})
    for at, column in enumerate(sheet.columns):
        page.set_column(at, at, TIME_WIDTH if column.kind == TIME else column.width)
    page.write_string(0, 0, sheet.title, title)
    for number, line in enumerate(sheet.head, 1):
        page.write_string(number, 0, line[:CELL_LIMIT], plain)
    page.set_row(top, 22)
    for at, column in enumerate(sheet.columns):
        page.write_string(top, at, column.heading, heading)
    page.freeze_panes(top + 1, 0)
    page.autofilter(top, 0, top + sheet.rows, len(sheet.columns) - 1)
    page.repeat_rows(top)
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.set_header(f"&L{_margin(sheet.title)}&R&P / &N")
    page.set_footer(f"&L&8{_margin(sheet.mark)}")


def _margin(text: str) -> str:
    """A text for a printed page's edge, where & begins a command."""
    return text[: MARGIN_LIMIT // 2].replace("&", "&&")


def blank_xlsx(heads: Sequence[str], examples: Iterable[Sequence[str]]) -> bytes:
    """A sheet to fill in: headings and examples, every cell a text, so that no number loses its zeros."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, **workbook.PLAIN})
    page, bold, text = book.add_worksheet(), book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    page.set_column(0, len(heads) - 1, 16, text)
    page.write_row(0, 0, heads, bold)
    for number, row in enumerate(examples, 1):
        page.write_row(number, 0, row, text)
    page.freeze_panes(1, 0)
    book.close()
    return out.getvalue()


# --- CSV ---


def blank_csv(heads: Sequence[str], examples: Iterable[Sequence[str]]) -> bytes:
    """The same as CSV, as Excel opens it."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([heads, *examples])
    return out.getvalue().encode("utf-8-sig")


def write_csv(path: Path, sheet: Sheet, rows: Rows) -> None:
    """A CSV file with the headings in its first line, as machines want it; the watermark is the last column.

    UTF-8 with a byte order mark, CRLF, instants in Shanghai. Raises StoreError.
    """
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as out:
            lines = csv.writer(out)
            lines.writerow([*(harmless(column.heading) for column in sheet.columns), harmless(sheet.mark_heading)])
            mark = harmless(sheet.mark)
            for row in rows:
                lines.writerow([*(_plain(cell) for cell in row), mark])
    except OSError as error:
        raise _refused(error) from None


def _plain(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return cell if isinstance(cell, int | float) else harmless(cell)


def _refused(error: Exception) -> StoreError:
    """A full disk is told from other faults, whether Excel's writer hides it or not."""
    causes = [error, *(one for one in error.args if isinstance(one, OSError)), error.__context__]
    return StoreError("full" if any(getattr(one, "errno", None) in FULL for one in causes) else "io")
