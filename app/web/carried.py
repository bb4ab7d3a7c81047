"""Rows of a sheet on their way from the dry run to the press that stores them: in the page itself, so that two who try
a list out at once never see each other's. Read like a stranger's on their way back."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from flask import request

from app.domain import outside_json
from app.integrations import sheets_in
from app.integrations.sheets_in import BadSheet


@dataclass(frozen=True)
class Room:
    """How many rows may come back, and how many characters, packed and unpacked."""

    rows: int
    packed: int
    unpacked: int


def rows(read: Callable[[bytes], list[list[str]]], room: Room) -> list[list[str]]:
    """The rows of the attached file, or those that the dry run's page carried over. Raises BadSheet."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return read(file.stream.read(sheets_in.MAX_BYTES + 1))
    carried = request.form.get("carried", "")
    if not carried or len(carried) > room.packed:
        raise BadSheet("empty")
    try:
        raw = zlib.decompressobj().decompress(base64.b64decode(carried, validate=True), room.unpacked)
        found = outside_json.read(raw)
    except (ValueError, zlib.error):
        raise BadSheet("not_excel") from None
    fits = isinstance(found, list) and len(found) <= room.rows
    if not fits or not all(isinstance(row, list) for row in found):
        raise BadSheet("not_excel")
    return [[str(cell).replace("\0", "") for cell in row[: sheets_in.MAX_COLUMNS]] for row in found]


def pack(rows: list[list[str]]) -> str:
    """Rows as the page carries them."""
    return base64.b64encode(zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), 9)).decode()
