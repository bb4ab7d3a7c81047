"""Lists that an administrator takes in as a file: what its columns are called, a template, and the file's text."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from typing import Any

from flask import Response, g, request, url_for

from app.domain.errors import Invalid
from app.domain.sheet_rows import Columns
from app.integrations import sheets, sheets_in
from app.integrations.sheets_in import BadSheet
from app.web import words, words_admin, words_kinds
from app.web.organisation_pages import XLSX


def uploaded(most_rows: int) -> str:
    """The text of an attached CSV or Excel file, empty without one.

    Raises UnicodeDecodeError, Invalid(text) with "file_too_large" and the codes of BadSheet: a list that is cut off
    would be taken for the whole.
    """
    file = request.files.get("file")
    data = file.read(sheets_in.MAX_BYTES + 1) if file else b""
    if len(data) > sheets_in.MAX_BYTES:
        raise Invalid({"text": "file_too_large"})
    if not data.startswith(sheets_in.ZIP):
        return sheets_in.text_of(data)
    try:
        rows = sheets_in.table_of(data, most_rows + 1)
    except BadSheet as wrong:
        raise Invalid({"text": wrong.code}) from None
    out = io.StringIO(newline="")
    csv.writer(out).writerows(row for row in rows if any(row))
    return out.getvalue()


def refusal(wrong: Invalid) -> str:
    """Why the list cannot be read, in words."""
    return words.word(words.errors() | words_kinds.sheet_faults() | words_admin.errors(), wrong.fields["text"])


def columns(names: Columns, example: Sequence[str], needed: Collection[str], endpoint: str) -> dict[str, Any]:
    """What a page says of the columns: each by its name in the reader's language and its code, with an example."""
    rows = [
        {"label": _label(words), "code": name, "example": cell, "needed": name in needed}
        for (name, words), cell in zip(names.items(), example, strict=True)
    ]
    return {"rows": rows, "template_href": url_for(endpoint)}


def template(names: Columns, example: Sequence[str], filename: str) -> Response:
    """The headings in the reader's language with the example, as an Excel sheet to fill in."""
    found = Response(sheets.blank_xlsx([_label(words) for words in names.values()], [example]), mimetype=XLSX)
    found.headers["Content-Disposition"] = f"attachment; filename={filename}.xlsx"
    return found


def _label(words: Sequence[str]) -> str:
    """The first of a column's names is the Chinese one, the last the English one."""
    return words[-1].capitalize() if g.fmt.english else words[0]
