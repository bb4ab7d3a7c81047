"""Who saw what: the page for managers, and the question who saw a number."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app import clock
from app.domain import exports as rule
from app.domain.errors import Invalid
from app.domain.masking import mask_phone
from app.extensions import db, limiter
from app.services import seen
from app.services.seen import Answer, Line
from app.web import auth, words
from app.web.access import route_access
from app.web.guard import current_actor, requires
from app.web.numbers import number

bp = Blueprint("seen", __name__)


@bp.get("/seen")
@route_access("seen")
@requires("seen")
def index() -> ResponseReturnValue:
    """What was shown in full, the newest first."""
    return _page()


@bp.post("/seen")
@limiter.limit("30 per hour", key_func=lambda: f"seen:{current_user.get_id()}")
@route_access("seen")
@requires("seen")
def ask() -> ResponseReturnValue:
    """Who saw this number; posted, so that it stands in no address and no log."""
    typed = request.form.get("phone", "")
    try:
        found = seen.who_saw(
            actor=current_actor(), phone=typed, key=current_app.extensions["kuaifu"].secret_key,
            address=request.remote_addr or "", now=clock.now(),
        )  # fmt: skip
    except Invalid:
        return _page(
            typed=typed, error=_("Please type a telephone number, digits only or as it is usually written.")
        ), 422
    return _page(asked=mask_phone(typed), answer=found)


def _page(*, typed: str = "", error: str = "", asked: str = "", answer: Answer | None = None) -> str:
    rows = seen.log(db.session(), current_actor(), number(request.args, "before"))
    more = rows[seen.PAGE - 1][0] if len(rows) > seen.PAGE else None
    return render_template(
        "seen.html", rows=[_row(line) for _id, line in rows[: seen.PAGE]], typed=typed[:40], error=error, asked=asked,
        answer=answer, shown=[_row(line) for line in answer.shown] if answer else [],
        files=[_file(line) for line in answer.files] if answer else [],
        next_href=url_for("seen.index", before=more) if more else None, rail=auth.rail(),
    )  # fmt: skip


def _row(line: Line) -> dict[str, Any]:
    known = line.what != seen.MESSAGE or line.number.startswith("KF")
    href = url_for("tickets.show", number=line.number) if known else ""
    return {"number": line.number, "href": href, "what": words.word(words.shown_of(), line.what), **_who(line)}


def _file(line: Line) -> dict[str, Any]:
    found = current_app.extensions["export_lists"].get(line.what)
    title = found.title() if found is not None else line.what
    return {"number": rule.label(int(line.number)), "what": title, **_who(line)}


def _who(line: Line) -> dict[str, str]:
    return {"time": g.fmt.full(line.at), "who": line.name, "account": line.account, "house": line.house}
