"""Opens another system's export, CSV, CSV.gz or Excel, and gives its lines one at a time, with a digest of them all."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.domain.history_mapping import FileForm

BLOCK = 1 << 20
FIELD_LIMIT = 1_000_000  # characters of one value; a quote that is never closed ends here and not at the file's end
EXCEL = (".xlsx", ".xlsm")
OTHERS = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls): open it in Excel and save it as .xlsx",
    b"PK\x03\x04": "a workbook or an archive: save it as .xlsx, or unpack it",
    b"%PDF": "a PDF",
    b"BZh": "packed with bzip2: unpack it",
    b"\xfd7zX": "packed with xz: unpack it",
    b"(\xb5/\xfd": "packed with zstd: unpack it",
    b"7z\xbc\xaf": "packed with 7-Zip: unpack it",
}
Values = Sequence[Any]


class FileError(Exception):
    """The file cannot be read; the message is one plain line."""


@dataclass
class Lines:
    """An open export. `rows` gives (line number in the file, values or a reason why the line is unreadable).

    `digest` is complete when `rows` has ended; `position` tells how much of `size` (bytes) is read.
    """

    header: list[str]
    rows: Iterator[tuple[int, Values | str]]
    digest: Callable[[], str]
    position: Callable[[], int]
    size: int


@contextmanager
def opened(path: Path, form: FileForm) -> Iterator[Lines]:
    """The export at `path`, its first line being the header. Raises FileError."""
    try:
        with path.open("rb") as raw:
            _require_known(path, raw, form)
            if path.suffix.lower() in EXCEL:
                yield from _excel(path, raw, form)
            else:
                yield from _text(path, raw, form)
    except FileError:
        raise
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise FileError(f"{path.name}: not a whole gzip file ({error})") from None
    except zipfile.BadZipFile as error:
        raise FileError(f"{path.name}: not an Excel workbook ({error})") from None
    except UnicodeError:
        raise FileError(f"{path.name}: not {form.encoding}") from None
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from None


def _require_known(path: Path, raw: IO[bytes], form: FileForm) -> None:
    """Raises FileError for a file that says of itself that it is neither CSV nor a workbook."""
    head = raw.read(512)
    raw.seek(0)
    excel = path.suffix.lower() in EXCEL
    for magic, words in OTHERS.items():
        if head.startswith(magic) and not (excel and magic == b"PK\x03\x04"):
            raise FileError(f"{path.name} is {words}")
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if wide and not form.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32", "utf16", "utf32")):
        raise FileError(f'{path.name} is "Unicode text" of Windows: set encoding = "utf-16" in [file]')


class _Hashed(io.RawIOBase):
    """Passes bytes on and digests them: the content counts, not how it was compressed."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.sha = inner, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self.inner.read(len(buffer))
        self.sha.update(block)
        buffer[: len(block)] = block
        return len(block)


def _text(path: Path, raw: IO[bytes], form: FileForm) -> Iterator[Lines]:
    zipped = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    hashed = _Hashed(gzip.GzipFile(fileobj=raw) if zipped else raw)
    # a byte that is not text is a fault of its line, not of the file: see `history_stage`
    text = io.TextIOWrapper(io.BufferedReader(hashed, BLOCK), form.encoding, errors="surrogateescape", newline="")
    others = csv.field_size_limit(FIELD_LIMIT)  # of the whole process, where lists by hand are read, too
    try:
        reader = csv.reader(text, delimiter=form.delimiter)
        header = next((values for _, values in _records(reader)), None)
        if not header or isinstance(header, str):
            raise FileError(f"{path.name}: has no header line")
        yield Lines([name.strip() for name in header], _records(reader), hashed.sha.hexdigest, raw.tell, _size(path))
    finally:
        csv.field_size_limit(others)


def _records(reader: Any) -> Iterator[tuple[int, Values | str]]:
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield line, f"not CSV: {error}"
            continue
        if values is None:
            return
        if values:
            yield line, values


def _excel(path: Path, raw: IO[bytes], form: FileForm) -> Iterator[Lines]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    sha = hashlib.sha256()
    while block := raw.read(BLOCK):
        sha.update(block)
    raw.seek(0)
    try:
        book = load_workbook(raw, read_only=True, data_only=True)
    except (KeyError, ValueError) as error:
        raise FileError(f"{path.name}: not an Excel workbook ({error})") from None
    try:
        if form.sheet and form.sheet not in book.sheetnames:
            raise FileError(f"{path.name}: has no sheet {form.sheet!r}, only {', '.join(book.sheetnames)}")
        sheet = book[form.sheet] if form.sheet else book.worksheets[0]
        numbered = enumerate(sheet.iter_rows(values_only=True), 1)
        header = next(numbered, (0, ()))[1]
        names = ["" if name is None else str(name).strip() for name in header]
        if not any(names):
            raise FileError(f"{path.name}: has no header line")
        pad = (None,) * len(names)  # a row may end with its last filled cell
        rows = ((line, (*cells, *pad[len(cells) :])) for line, cells in numbered if any(c is not None for c in cells))
        yield Lines(names, rows, sha.hexdigest, raw.tell, _size(path))
    finally:
        book.close()


def _size(path: Path) -> int:
    return path.stat().st_size
