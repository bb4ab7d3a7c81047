"""Delivered volumes: a file is tried out first, bad rows are named, then it is stored, all rows or none."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import volumes as rule
from app.domain.errors import Invalid
from app.domain.trials import Trial
from app.extensions import db
from app.services import volumes
from app.web import list_files, words
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.scorecards import rail

bp = Blueprint("volumes", __name__)


@bp.route("/months/volumes", methods=["GET", "POST"])
@route_access("month_close")
@requires("month_close")
def index() -> ResponseReturnValue:
    """What is stored, and the form that takes a file in."""
    actor, now = current_actor(), clock.now()
    text, told, error = request.form.get("text", ""), None, ""
    if request.method == "POST":
        try:
            text = list_files.uploaded(rule.MOST_ROWS) or text
            if request.form.get("confirmed") == "1":
                volumes.store(actor=actor, rows=rule.read_csv(text), now=now)
                return redirect(url_for("volumes.index", done="1"), 303)
            told = volumes.trial(db.session(), rule.read_csv(text))
        except Invalid as wrong:
            error = list_files.refusal(wrong)
        except UnicodeDecodeError:
            error = words.word(words.errors(), "not_text")
    rows = [
        {"month": g.fmt.month(month), "n": f"{number:,}", "delivered": f"{total:,}"}
        for month, number, total in volumes.months(db.session())
    ]
    page = render_template(
        "month_volumes.html", rail=rail(actor, now), rows=rows, text=text, told=told, bad=_bad(told), error=error,
        columns=list_files.columns(rule.COLUMNS, rule.EXAMPLE, rule.COLUMNS, "volumes.template"),
        notice=_("Saved") if request.args.get("done") else "",
    )  # fmt: skip
    return page, 422 if error or (told and told.bad) else 200


@bp.get("/months/volumes/template.xlsx")
@route_access("month_close")
@requires("month_close")
def template() -> ResponseReturnValue:
    """The columns with an example, as an Excel sheet to fill in."""
    return list_files.template(rule.COLUMNS, rule.EXAMPLE, "volumes")


def _bad(told: Trial | None) -> list[dict[str, Any]]:
    labels = {"month": _("Month"), "code": _("Organisation"), "delivered": _("Delivered parcels")}
    table = words.errors()
    return [
        {"line": one.line, "code": one.code, "field": words.word(labels, one.field), "why": words.word(table, one.why)}
        for one in (told.bad if told else ())
    ]
