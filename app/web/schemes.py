"""Versions of the scoring: which hold, and the form that stores another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.calendars import month_of
from app.domain.errors import Invalid, Stale
from app.domain.scoring_scheme import KEYS, Scheme, grade_names
from app.extensions import db
from app.services import scoring_schemes
from app.services.scoring_schemes import Version
from app.web import admin, queue_page, words
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.words_cards import measure_labels

bp = Blueprint("schemes", __name__)
GRADES = ("A", "B", "C")
NO_NUMBER = -1


@bp.get("/admin/scoring")
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """Every version, the newest first, and the form with the newest one's numbers."""
    versions = scoring_schemes.versions(db.session())
    return _page(_typed(versions[0].scheme), {}, versions)


@bp.post("/admin/scoring")
@route_access("admin")
@requires("admin")
def add() -> ResponseReturnValue:
    """Store another version."""
    typed = {name: value.strip() for name, value in request.form.items()}
    try:
        scoring_schemes.add(
            actor=current_actor(), scheme=_scheme(typed), from_month=typed.get("from_month", ""),
            note=typed.get("note", ""), based_on=_number(typed.get("based_on", ""), 0), now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        errors = {name: words.word(words.errors(), code) for name, code in wrong.fields.items()}
        return _page(typed, errors, scoring_schemes.versions(db.session())), 422
    except Stale:
        said = {"": _("Another version was stored meanwhile. What you typed is kept; compare it with the newest one.")}
        return _page(typed, said, scoring_schemes.versions(db.session())), 409
    return redirect(url_for("schemes.index", done="1"), 303)


def _scheme(typed: Mapping[str, str]) -> Scheme:
    """What was typed; what is no number is out of every range."""
    scales = {
        key: (_scaled(key, typed.get(f"full-{key}", "")), _scaled(key, typed.get(f"zero-{key}", ""))) for key in KEYS
    }
    grades = tuple((_number(typed.get(f"grade-{name}", ""), 1), name) for name in GRADES)
    bands = tuple(_number(part, 0) for part in typed.get("bands", "").replace("，", ",").split(",") if part.strip())
    weights = {key: _number(typed.get(f"weight-{key}", ""), 0) for key in KEYS}
    return Scheme(0, weights, scales, _number(typed.get("min_cases", ""), 0), grades, bands)


def _scaled(key: str, text: str) -> int:
    """Percent or a mean of ratings as thousandths."""
    return _number(text, 3 if key == "satisfaction" else 1)


def _number(text: str, decimals: int) -> int:
    """A number with at most so many decimals as a whole number of its smallest unit."""
    whole, _point, rest = text.strip().partition(".")
    rest = rest.rstrip("0")
    if not (whole.isascii() and whole.isdecimal()) or len(whole) > 9 or len(rest) > decimals:
        return NO_NUMBER
    return (
        int(whole) * 10**decimals + int(rest.ljust(decimals, "0") or 0) if not rest or rest.isdecimal() else NO_NUMBER
    )


def _typed(scheme: Scheme) -> dict[str, str]:
    found = {"min_cases": str(scheme.min_cases), "bands": ", ".join(map(str, scheme.bands)), "note": ""}
    for key in KEYS:
        full, zero = scheme.scales[key]
        found |= {
            f"weight-{key}": str(scheme.weights[key]),
            f"full-{key}": _said(key, full),
            f"zero-{key}": _said(key, zero),
        }
    for least, name in scheme.grades:
        found[f"grade-{name}"] = _decimal(least, 1)
    return found | {"from_month": month_of(clock.now())}


def _said(key: str, thousandths: int) -> str:
    return _decimal(thousandths, 3 if key == "satisfaction" else 1)


def _decimal(number: int, decimals: int) -> str:
    whole, rest = divmod(number, 10**decimals)
    said = f"{rest:0{decimals}}".rstrip("0")
    return f"{whole}.{said}" if said else str(whole)


def _page(typed: Mapping[str, str], errors: Mapping[str, str], versions: list[Version]) -> str:
    labels = measure_labels()
    actor = current_actor()
    return render_template(
        "admin_scoring.html", tabs=admin.tabs(), typed=typed, errors=errors, based_on=versions[0].scheme.version,
        measures=[{"key": key, "label": labels[key], "mean": key == "satisfaction"} for key in KEYS], grades=GRADES,
        versions=[_row(one) for one in versions], notice=_("Saved") if request.args.get("done") else "",
        rail={"queues": [], "others": queue_page.others(actor, "admin.index")},
    )  # fmt: skip


def _row(one: Version) -> dict[str, Any]:
    scheme, labels = one.scheme, measure_labels()
    bounds = [f"{name} ≥ {_decimal(least, 1)}" for least, name in scheme.grades]
    return {
        "version": scheme.version, "from_month": g.fmt.month(one.from_month), "note": one.note,
        "stored": f"{g.fmt.full(one.stored_at)[:16]} {one.stored_by}".strip() if one.stored_at else "—",
        "weights": " · ".join(f"{labels[key]} {scheme.weights[key]}" for key in KEYS),
        "rest": _("At least %(n)s cases · grades %(grades)s, else %(lowest)s · bands %(bands)s", n=scheme.min_cases,
                  grades=", ".join(bounds), lowest=grade_names(scheme)[-1], bands=", ".join(map(str, scheme.bands))),
    }  # fmt: skip
