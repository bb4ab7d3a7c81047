"""The administrator's page of call scripts: one category a page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound as Absent

from app import clock
from app.domain import scripts as rule
from app.domain.errors import Invalid
from app.domain.kinds import COMPLAINT
from app.domain.scripts import Question
from app.extensions import db
from app.services import categories, scripts
from app.web import admin, queue_page, words, words_verify
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("scripts", __name__)
SPARE = 2  # empty places at the end
FIELDS = ("key", "label", "label_en", "kind", "options", "target")


@bp.get("/admin/scripts")
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """Every category with the number of its questions."""
    session = db.session()
    edited, rows = scripts.edited(session), []
    for row in categories.known(session, COMPLAINT):
        at = edited.get(row.code)
        rows.append({
            "label": row.name_en if g.fmt.english else row.name, "href": url_for("scripts.show", category=row.code),
            "n": len(scripts.of(session, row.code)), "state": g.fmt.full(at) if at else _("Standard"),
        })  # fmt: skip
    return render_template("admin_scripts.html", rows=rows, tabs=admin.tabs(), rail=_rail())


@bp.get("/admin/scripts/<category>")
@route_access("admin")
@requires("admin")
def show(category: str) -> ResponseReturnValue:
    """The questions of one category."""
    return _page(category, [_typed_of(q) for q in scripts.of(db.session(), category)], {})


@bp.post("/admin/scripts/<category>")
@route_access("admin")
@requires("admin")
def save(category: str) -> ResponseReturnValue:
    """Keep the questions; a question without words is left out. The other button brings the standard ones back."""
    typed = [] if request.form.get("standard") else _typed()
    if not typed and not request.form.get("standard"):
        return _page(category, [], {"0-label": "required"}), 422
    try:
        scripts.save(actor=current_actor(), category=category, questions=_questions(typed), now=clock.now())
    except Invalid as error:
        return _page(category, typed, error.fields), 422
    return redirect(url_for("scripts.show", category=category, saved=1), 303)


def _typed() -> list[dict[str, str]]:
    places = range(rule.MAX_QUESTIONS)
    rows = [{name: request.form.get(f"{place}-{name}", "").strip() for name in FIELDS} for place in places]
    return [row for row in rows if row["label"] or row["label_en"] or row["options"]]


def _typed_of(question: Question) -> dict[str, str]:
    data = question.as_data()
    return {name: "，".join(question.options) if name == "options" else str(data[name]) for name in FIELDS}


def _questions(typed: list[dict[str, str]]) -> tuple[Question, ...]:
    """A new question gets a key that none has had; an old one keeps its own, by which answers are known."""
    used = {row["key"] for row in typed}
    fresh = (f"q{n}" for n in range(1, 100) if f"q{n}" not in used)
    rows: list[dict[str, object]] = []
    for row in typed:
        options = [one.strip() for one in row["options"].replace(",", "，").split("，") if one.strip()]
        rows.append({**row, "key": row["key"] or next(fresh), "options": options})
    return rule.parse(rows)


def _page(category: str, typed: list[dict[str, str]], errors: dict[str, str]) -> str:
    session = db.session()
    found = next((row for row in categories.known(session) if row.code == category), None)
    if found is None:
        raise Absent
    rows = [*typed, *[dict.fromkeys(FIELDS, "") for _place in range(SPARE)]][: rule.MAX_QUESTIONS]
    table = words.errors()
    return render_template(
        "admin_script.html", label=found.name_en if g.fmt.english else found.name, rows=rows, tabs=admin.tabs(),
        errors={place: words.word(table, code) for place, code in errors.items()}, saved="saved" in request.args,
        kinds=words_verify.question_kinds(), targets=words_verify.question_targets(), rail=_rail(),
        action=url_for("scripts.save", category=category), standard=category not in scripts.edited(session),
        measures=words.measures(),
    )  # fmt: skip


def _rail() -> dict[str, Any]:
    return {"queues": [], "others": queue_page.others(current_actor(), "admin.index")}
