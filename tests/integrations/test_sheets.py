"""Files of rows: what Excel and a CSV reader find in them, and how much memory it costs to write them."""

from __future__ import annotations

import csv
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
import xlsxwriter

from app.domain.calendars import SHANGHAI
from app.domain.exports import CELL_LIMIT, Cell, Column, Sheet
from app.integrations import sheets, workbook
from app.integrations.store import DirectoryStore, StoreError

AT = datetime(2026, 11, 18, 16, 30, 5, tzinfo=UTC)  # 00:30:05 of the 19th in Shanghai
COLUMNS = (Column("运单号", "text", 20), Column("次数", "number"), Column("时间", "time"), Column("=内容"))
NASTY = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",
    "http://evil.example",
    "mailto:a@b.example",
    "1e5",
    "0123",
]


def a_sheet(rows: int) -> Sheet:
    return Sheet("标题 & 100%", ["谁 & 何时", "筛选"], "水印 EX1", "水印", COLUMNS, rows)


def lines(count: int) -> Iterator[list[Cell]]:
    return ([f"YT{n:013d}", n, AT, "内容" * 20] for n in range(count))


def test_every_text_stays_a_text_in_excel(tmp_path: Path) -> None:
    sheets.write_xlsx(tmp_path / "a.xlsx", a_sheet(len(NASTY)), [[text, 1, AT, text] for text in NASTY])
    page = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    for line, text in zip(page.iter_rows(min_row=6), NASTY, strict=False):
        assert [line[0].data_type, line[3].data_type] == ["s", "s"]
        assert line[0].hyperlink is None
        assert openpyxl.utils.escape.unescape(str(line[0].value)).strip() == text.strip()


def test_numbers_are_numbers_and_instants_are_dates_of_shanghai(tmp_path: Path) -> None:
    sheets.write_xlsx(tmp_path / "a.xlsx", a_sheet(2), [["0123456789012", 7, AT, ""], [None, 9.5, None, None]])
    page = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert page["A6"].value == "0123456789012"
    assert (page["B6"].value, page["B7"].value) == (7, 9.5)
    assert page["C6"].value == datetime(2026, 11, 19, 0, 30, 5) and page["C6"].is_date
    assert page["A7"].value is None and page["C7"].value is None


def test_the_page_is_ready_to_read_and_to_print(tmp_path: Path) -> None:
    sheets.write_xlsx(tmp_path / "a.xlsx", a_sheet(3), lines(3))
    page = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert page.freeze_panes == "A6" and page.auto_filter.ref == "A5:D8"
    assert page.column_dimensions["A"].width > 19 and page.column_dimensions["C"].width > 18
    assert page.print_title_rows == "$5:$5" and page.page_setup.orientation == "landscape"
    assert "水印 EX1" in page.oddFooter.left.text and "&&" in (page.oddHeader.left.text or "")


def test_a_text_beyond_what_a_cell_holds_is_cut_and_not_lost(tmp_path: Path) -> None:
    sheets.write_xlsx(tmp_path / "a.xlsx", a_sheet(1), [["a" * (CELL_LIMIT + 9), 1, AT, ""]])
    assert len(openpyxl.load_workbook(tmp_path / "a.xlsx").active["A6"].value) == CELL_LIMIT


def test_a_sign_that_excel_counts_twice_does_not_make_a_cell_too_long(tmp_path: Path) -> None:
    sheets.write_xlsx(tmp_path / "a.xlsx", a_sheet(1), [["a" + "😀" * CELL_LIMIT, 1, AT, ""]])
    kept = str(openpyxl.load_workbook(tmp_path / "a.xlsx").active["A6"].value)
    assert kept == "a" + "😀" * (CELL_LIMIT // 2)


MARKS = [
    "<r><t>a</t></r>",
    "<r>a < b & c</r>",
    "</t></is></c>",
    "a]]>b",
    "_x000D_",
    "\x00\x1f\x0b\ufffe",
    " a ",
    "a\nb",
    "\n",
]


def test_a_text_full_of_marks_stays_that_text(tmp_path: Path) -> None:
    sheets.write_xlsx(tmp_path / "a.xlsx", a_sheet(len(MARKS)), [[text, 1, AT, text] for text in MARKS])
    page = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    read = [openpyxl.utils.escape.unescape(str(page.cell(6 + n, 1).value)) for n in range(len(MARKS))]
    assert read == MARKS


def test_a_row_is_spelled_as_the_library_spells_it(tmp_path: Path) -> None:
    texts = [*NASTY, *MARKS[2:], "内容" * 50, "名 ", "a" * 41]
    rows: list[list[Cell]] = [[text, n / 7, AT.replace(second=n, microsecond=n), n] for n, text in enumerate(texts)]
    rows += [[None, True, None, None], [None] * 4, ["甲", -0.1, AT, 10**15]]
    sheets.write_xlsx(tmp_path / "a.xlsx", a_sheet(len(rows)), rows)
    ours = ZipFile(tmp_path / "a.xlsx").read(workbook.SHEET).decode().split("</row>")[4:-1]
    assert ours == _by_the_library(tmp_path / "b.xlsx", rows, re.search(r's="\d+"(?=><v>4)', "".join(ours)))


def _by_the_library(path: Path, rows: list[list[Cell]], style: re.Match[str] | None) -> list[str]:
    book = xlsxwriter.Workbook(path, {"constant_memory": True, **workbook.PLAIN})
    page, times = book.add_worksheet(), book.add_format({"num_format": "yyyy"})
    for line, row in enumerate(rows, 5):
        for at, cell in enumerate(row):
            if isinstance(cell, datetime):
                page.write_datetime(line, at, cell.astimezone(SHANGHAI).replace(tzinfo=None, microsecond=0), times)
            elif isinstance(cell, str):
                page.write_string(line, at, cell)
            elif cell is not None:
                page.write_number(line, at, cell)
    book.close()
    said = ZipFile(path).read(workbook.SHEET).decode().replace('s="1"', style[0] if style else "")
    return said.split("<sheetData>")[1].split("</row>")[:-1]


def test_a_csv_file_begins_with_a_mark_and_its_headings_and_disarms_formulas(tmp_path: Path) -> None:
    sheets.write_csv(tmp_path / "a.csv", a_sheet(len(NASTY)), [[text, -3, AT, "甲\r\n乙,丙"] for text in NASTY])
    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf") and b"\r\n" in data
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = list(csv.reader(file))
    assert head == ["运单号", "次数", "时间", "'=内容", "水印"]
    assert [row[0] for row in rows[:7]] == [f"'{text}" for text in NASTY[:7]]
    assert rows[0][1:] == ["-3", "2026-11-19 00:30:05", "甲\r\n乙,丙", "水印 EX1"]


def test_the_spool_gives_back_what_was_put_in(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["a\u2028b\x85c\nd", 1, AT, "\x1c"], [None, None, None, None], ["", 0, AT, "☃"]]
    assert list(sheets.unpack(sheets.pack(rows), COLUMNS)) == rows
    assert list(sheets.unpack(sheets.pack([]), COLUMNS)) == []


@pytest.mark.parametrize("write", [sheets.write_xlsx, sheets.write_csv])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, write) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        write(tmp_path / str(count), a_sheet(count), lines(count))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)  # what is imported at the first use
    assert peak(8000) < peak(1000) + 300_000


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the library's ZipFile
@pytest.mark.parametrize("write", [sheets.write_xlsx, sheets.write_csv])
def test_a_full_disk_is_a_fault_of_the_store(write) -> None:
    with pytest.raises(StoreError, match="full"):
        write(Path("/dev/full"), a_sheet(2000), lines(2000))


def test_the_store_takes_a_file_whole_and_reads_it_bit_by_bit(tmp_path: Path) -> None:
    kept, name = DirectoryStore(tmp_path / "store"), "a" * 32
    (tmp_path / "new").write_bytes(b"content")
    kept.take(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with kept.open(name) as file:
        assert (file.read(3), file.read()) == (b"con", b"tent")
    kept.delete(name)
    with pytest.raises(StoreError, match="missing"):
        kept.open(name)
    with pytest.raises(StoreError, match="io"):
        kept.take(name, tmp_path / "nowhere")


READ_BACK = {"list_files.py"}  # an Excel file as the text that a list is read from: nobody opens it


def test_whoever_writes_a_table_disarms_its_texts_by_the_one_rule() -> None:
    root = Path(sheets.__file__).parents[1]
    texts = {file.name: file.read_text(encoding="utf-8") for file in root.rglob("*.py")}
    writers = {name: text for name, text in texts.items() if "csv.writer(" in text and name not in READ_BACK}
    assert len(writers) >= 3
    assert [name for name, text in writers.items() if "harmless" not in text] == []
    assert [name for name, text in writers.items() if "def _harmless" in text] == []
