"""A list of tickets from Excel: first what the sheet would do, with each bad row named, then for good."""

from __future__ import annotations

import base64
import json
import secrets
import zlib
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid
from app.domain.roles import Actor
from app.domain.ticket_rows import COLUMNS
from app.extensions import db
from app.integrations import sheets_in
from app.integrations.sheets_in import BadSheet
from app.services import ticket_import
from app.services.ticket_import import Fault, Trial
from app.web import entry, queue_page, words, words_kinds
from app.web.access import route_access
from app.web.guard import current_actor, requires

bp = Blueprint("ticket_import", __name__)
CARRIED_LIMIT, ROWS_LIMIT = 400_000, 4_000_000  # of what the second post carries, packed and unpacked
EXAMPLE = ("投诉", "延误", "电话", "YT1234567890123", "收件人", "王小明", "13800000000", "", "", "三天没有更新")


@bp.route("/tickets/import", methods=["GET", "POST"])
@route_access("ticket_import")
@requires("ticket_import")
def index() -> ResponseReturnValue:
    """Try a sheet out; the second button stores it."""
    actor = current_actor()
    if request.method == "GET":
        return _page(actor)
    try:
        rows = _rows()
    except BadSheet as error:
        return _page(actor, error=words_kinds.sheet_faults()[error.code]), 422
    trial = ticket_import.tried(db.session(), rows)
    if request.form.get("confirmed") != "1" or trial.faults:
        return _page(actor, trial=trial, carried=_pack(rows)), 422 if trial.faults else 200
    try:
        done = ticket_import.store(actor=actor, rows=rows, key=request.form.get("submission_key", "")[:64],
                                   now=clock.now())  # fmt: skip
    except Invalid:
        return _page(actor, trial=ticket_import.tried(db.session(), rows), carried=_pack(rows)), 422
    return _page(actor, done=done)


@bp.get("/tickets/import/template.csv")
@route_access("ticket_import")
@requires("ticket_import")
def template() -> ResponseReturnValue:
    """The headings with one example, as a sheet to fill in."""
    heads = ",".join(words_[0] for words_ in COLUMNS.values())
    body = f"\ufeff{heads}\r\n{','.join(EXAMPLE)}\r\n"
    found = Response(body, mimetype="text/csv")
    found.headers["Content-Disposition"] = "attachment; filename=tickets.csv"
    return found


def _rows() -> list[list[str]]:
    """The rows of the file, or those that the first post carried over. Raises BadSheet."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return sheets_in.rows_of(file.stream.read(sheets_in.MAX_BYTES + 1), ticket_import.MOST + 1)
    carried = request.form.get("carried", "")
    if not carried or len(carried) > CARRIED_LIMIT:
        raise BadSheet("empty")
    try:
        raw = zlib.decompressobj().decompress(base64.b64decode(carried, validate=True), ROWS_LIMIT)
        found = json.loads(raw)
    except (ValueError, zlib.error):
        raise BadSheet("not_excel") from None
    fits = isinstance(found, list) and len(found) <= ticket_import.MOST + 1
    if not fits or not all(isinstance(row, list) for row in found):
        raise BadSheet("not_excel")
    return [[str(cell) for cell in row[: sheets_in.MAX_COLUMNS]] for row in found]


def _pack(rows: list[list[str]]) -> str:
    return base64.b64encode(zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), 9)).decode()


def _page(
    actor: Actor, *, trial: Trial | None = None, carried: str = "", error: str = "",
    done: list[tuple[int, str]] | None = None,
) -> str:  # fmt: skip
    session = db.session()
    return render_template(
        "ticket_import.html", rail=queue_page.rail(session, actor, None, clock.now()), error=error, carried=carried,
        tabs=entry.tabs(actor, "import"), n=len(trial.lines) if trial else 0, tried=trial is not None,
        faults=[_fault(one) for one in trial.faults] if trial else [], done=done or [], most=ticket_import.MOST,
        heads=[words_[0] for words_ in COLUMNS.values()], labels=words_kinds.columns(),
        submission_key=request.form.get("submission_key") or secrets.token_urlsafe(24),
    )  # fmt: skip


def _fault(fault: Fault) -> dict[str, Any]:
    table = words.errors() | words_kinds.sheet_faults()
    why = words.word(table, fault.code)
    return {"n": fault.n, "column": words_kinds.columns().get(fault.column, fault.column), "why": why}
