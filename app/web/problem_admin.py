"""The administrator's page of the types of problem parcels: what a report of each must have."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, Form, IntegerField, TextAreaField

from app.domain.errors import Invalid
from app.domain.problems import Field, ProblemType
from app.extensions import db
from app.services import problem_types
from app.web import admin, forms, queue_page
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.words_problems import admin_labels

bp = Blueprint("problem_admin", __name__)
PARTS = 6  # of a line: name | label | English label | kind | required | options


class TypeForm(Form):
    """One type: a field a line, the least number of photos, and whether it can be reported."""

    fields = TextAreaField()
    photos = IntegerField()
    active = BooleanField()


@bp.get("/admin/problem-types")
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """Every type with its form."""
    return _page()


@bp.post("/admin/problem-types/<code>")
@route_access("admin")
@requires("admin")
def save(code: str) -> ResponseReturnValue:
    """Keep what a report of this type must have from now on."""
    form = TypeForm(request.form)
    try:
        problem_types.change(
            actor=current_actor(), code=code, fields=_fields(form.fields.data or ""), active=bool(form.active.data),
            photos=form.photos.data if form.photos.data is not None else -1,
        )  # fmt: skip
    except Invalid as error:
        forms.mark(form, error.fields)
        return _page(code, form), 422
    return redirect(url_for("problem_admin.index", saved=code), 303)


def _page(code: str = "", bound: TypeForm | None = None) -> str:
    session = db.session()
    on = {one.code for one in problem_types.types(session)}
    rows = [_row(one, one.code in on, bound if one.code == code else None)
            for one in problem_types.types(session, every=True)]  # fmt: skip
    rail = {"queues": [], "others": queue_page.others(current_actor(), "admin.index")}
    saved = request.args.get("saved", "")
    return render_template("admin_problem_types.html", rows=rows, tabs=admin.tabs(), rail=rail, saved=saved)


def _row(one: ProblemType, active: bool, bound: TypeForm | None) -> dict[str, Any]:
    lines = "\n".join(_line(field) for field in one.fields)
    form = bound or TypeForm(data={"fields": lines, "photos": one.photos, "active": active})
    forms.label(form, **admin_labels())
    return {
        "code": one.code, "label": one.name_en if g.fmt.english else one.name, "form": form, "n": len(one.fields),
        "photos": one.photos, "open": bound is not None, "action": url_for("problem_admin.save", code=one.code),
    }  # fmt: skip


def _line(one: Field) -> str:
    parts = (one.name, one.label, one.label_en, one.kind, "yes" if one.required else "no", _options(one))
    return " | ".join(parts).rstrip(" |")


def _options(one: Field) -> str:
    """Each option, with its English where it has some: 无签名=No signature; what separates options stays out of it."""
    named = {option: one.english(option).replace(",", ";") for option in one.options}
    return ", ".join(option if english == option else f"{option}={english}" for option, english in named.items())


def _fields(text: str) -> list[Field]:
    """The fields of the lines; a line that has no kind becomes one that no rule accepts."""
    found = []
    for line in filter(None, (line.strip() for line in text.replace("｜", "|").splitlines())):
        parts = [part.strip() for part in line.split("|")] + [""] * PARTS
        pairs = [one.partition("=") for one in parts[5].replace("、", ",").split(",") if one.strip(" =")]
        options, named = (tuple(pair[place].strip() for pair in pairs) for place in (0, 2))
        english = named if any(named) else ()
        found.append(Field(parts[0][:24], parts[1][:60], parts[2][:60], parts[3], parts[4] != "no", options, english))
    return found
