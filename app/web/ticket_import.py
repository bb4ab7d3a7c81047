"""A list of tickets from Excel: first what the sheet would do, with each bad row named, then for good."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid, Stale
from app.domain.roles import Actor
from app.domain.ticket_rows import COLUMNS
from app.extensions import db
from app.integrations import sheets_in
from app.integrations.sheets_in import BadSheet
from app.services import scope, ticket_import
from app.services.ticket_import import Fault, Trial
from app.web import carried, entry, queue_page, words, words_kinds
from app.web.access import route_access
from app.web.carried import Room
from app.web.guard import current_actor, requires

bp = Blueprint("ticket_import", __name__)
ROOM = Room(ticket_import.MOST + 1, 400_000, 4_000_000)
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
        return _page(actor, trial=trial, packed=carried.pack(rows)), 422 if trial.faults else 200
    try:
        done = ticket_import.store(actor=actor, rows=rows, key=request.form.get("submission_key", "")[:64],
                                   now=clock.now())  # fmt: skip
    except Invalid:
        return _page(actor, trial=ticket_import.tried(db.session(), rows), packed=carried.pack(rows)), 422
    except Stale as refused:
        return _page(actor, error=words.refused(refused)), 409
    seen = scope.numbers_of(db.session(), actor, [number for _n, number in done])
    return _page(actor, done=[(n, number if number in seen else "") for n, number in done])


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
    return carried.rows(lambda data: sheets_in.rows_of(data, ticket_import.MOST + 1), ROOM)


def _page(
    actor: Actor, *, trial: Trial | None = None, packed: str = "", error: str = "",
    done: list[tuple[int, str]] | None = None,
) -> str:  # fmt: skip
    """`done` names each row's ticket, with nothing for one that another desk has: it may have been there before, and
    this desk may not know of it."""
    session = db.session()
    return render_template(
        "ticket_import.html", rail=queue_page.rail(session, actor, None, clock.now()), error=error, carried=packed,
        tabs=entry.tabs(actor, "import"), n=len(trial.lines) if trial else 0, tried=trial is not None,
        faults=[_fault(one) for one in trial.faults] if trial else [], done=done or [], most=ticket_import.MOST,
        heads=[_head(name) for name in COLUMNS],
        submission_key=secrets.token_urlsafe(24),  # of this page's press alone: the next sheet is another form
    )  # fmt: skip


def _head(name: str) -> str:
    """A column as the page names it: in English with the Chinese heading that stands in the template."""
    chinese = COLUMNS[name][0]
    return f"{words_kinds.columns()[name]} ({chinese})" if g.fmt.english else chinese


def _fault(fault: Fault) -> dict[str, Any]:
    table = words.errors() | words_kinds.sheet_faults()
    why = words.word(table, fault.code)
    return {"line": fault.n, "field": words_kinds.columns().get(fault.column, fault.column), "why": why}
