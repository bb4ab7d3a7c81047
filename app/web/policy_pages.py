"""Policies: the versions with their lines, and a new one drafted, previewed, stored. A stored one is never edited."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid, Stale
from app.domain.policies import CHANNELS, CLOCKS, KINDS, PRIORITIES
from app.domain.policy_draft import MOST_LINES, DraftLine, Faults
from app.extensions import db
from app.services import calendar_admin, policies, policy_preview
from app.services.policy_preview import Preview
from app.web import admin, forms, queue_page, words, words_clocks
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("policies", __name__)
FIELDS = tuple(field.name for field in fields(DraftLine))
EMPTY = DraftLine(calendar="service")


@bp.get("/admin/policies")
@route_access("admin")
@requires("admin")
def index() -> ResponseReturnValue:
    """Every version, and the lines of one of them."""
    session, now = db.session(), clock.now()
    versions = policies.versions(session, now)
    asked = request.args.get("version", type=int)
    shown = next((v for v in versions if v.version == asked), None)
    shown = shown or next((v for v in versions if v.state == "in_force"), versions[0] if versions else None)
    lines = policies.lines(session, shown.version) if shown else []
    return render_template(
        "admin_policies.html", **_frame(), versions=[_version(v) for v in versions], shown=shown and _version(shown),
        lines=_shown(lines), notice=_("The new version is stored.") if request.args.get("done") else "",
    )  # fmt: skip


@bp.get("/admin/policies/draft")
@route_access("admin")
@requires("admin")
def draft() -> ResponseReturnValue:
    """A new version, begun as a copy of one that is stored."""
    session, now = db.session(), clock.now()
    base = request.args.get("base", type=int)
    if base is None:
        base = next((v.version for v in policies.versions(session, now) if v.state == "in_force"), 0)
    lines = policies.lines(session, base)
    if not lines:
        abort(404)
    return _page(lines, seen=policies.newest(session), base=base)


@bp.post("/admin/policies/draft")
@route_access("admin")
@requires("admin")
def save() -> ResponseReturnValue:
    """Add or remove a line, look at the preview, or store what was previewed."""
    lines, seen = _typed(), request.form.get("seen", type=int) or 0
    base = request.form.get("base", type=int) or 0
    gone, wish = request.form.get("remove", type=int), request.form.get("do", "")
    if gone is not None:
        return _page([line for n, line in enumerate(lines) if n != gone], seen=seen, base=base)
    if wish == "add":
        return _page([*lines, EMPTY], seen=seen, base=base)
    found = policies.check(db.session(), lines, clock.now())
    if found:
        return _page(lines, seen=seen, base=base, faults=found, error=_("Please check the marked fields")), 422
    if wish == "store":
        return _store(lines, seen, base)
    return _page(lines, seen=seen, base=base, preview=policy_preview.preview(db.session(), lines, clock.now()))


def _store(lines: list[DraftLine], seen: int, base: int) -> ResponseReturnValue:
    """Store what was previewed; whatever is in the way comes back with everything typed."""
    table, now = words_clocks.errors(), clock.now()
    if request.form.get("previewed", "") != _digest(lines):
        preview = policy_preview.preview(db.session(), lines, now)
        return _page(lines, seen=seen, base=base, preview=preview, error=table["preview_first"]), 422
    try:
        begins = _begins()
        version = policies.store_draft(
            actor=current_actor(), draft=lines, effective_from=begins, note=request.form.get("note", ""), seen=seen,
            now=now,
        )  # fmt: skip
    except Stale as stale:
        return _page(lines, seen=seen, base=base, error=words.word(table, stale.code)), 409
    except Invalid as wrong:
        said = {name: words.word(table, code) for name, code in wrong.fields.items()}
        preview = policy_preview.preview(db.session(), lines, now)
        return _page(lines, seen=seen, base=base, preview=preview, wrong=said, error=table["invalid"]), 422
    return redirect(url_for("policies.index", version=version, done="stored"), 303)


def _begins() -> datetime | None:
    """The instant typed, in Shanghai; None for "now". Raises Invalid for what is no instant."""
    text = request.form.get("effective_from", "").strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid({"effective_from": "bad_time"}) from None
    if at.tzinfo is not None or not 2000 <= at.year <= 2100:
        raise Invalid({"effective_from": "bad_time"})
    return at.replace(tzinfo=forms.SHANGHAI)


def _typed() -> list[DraftLine]:
    """The lines of the form; every line sends every field, in the same order."""
    columns = {name: request.form.getlist(name)[: MOST_LINES + 1] for name in FIELDS}
    rows = min(len(column) for column in columns.values())
    lines = [DraftLine(**{name: columns[name][n].strip()[:24] for name in FIELDS}) for n in range(rows)]
    return [replace(line, minutes=line.minutes.lstrip("0") or line.minutes[:1]) for line in lines]


def _digest(lines: Sequence[DraftLine]) -> str:
    return hashlib.sha256(json.dumps([asdict(line) for line in lines]).encode()).hexdigest()


# --- what the pages show ---


def _page(
    lines: list[DraftLine], *, seen: int, base: int, faults: Faults | None = None, preview: Preview | None = None,
    error: str = "", wrong: dict[str, str] | None = None,
) -> str:  # fmt: skip
    table, found = words_clocks.errors(), faults or Faults({})
    rows = [
        {"n": n, "values": asdict(line),
         "errors": {name: words.word(table, found.fields[n, name]) for name in FIELDS if (n, name) in found.fields}}
        for n, line in enumerate(lines)
    ]  # fmt: skip
    limits = words_clocks.limits()
    uncovered = ", ".join(limits[name] for name in found.uncovered)
    return render_template(
        "admin_policy_draft.html", **_frame(), rows=rows, choices=_choices(), labels=words_clocks.keys(), seen=seen,
        base=base, error=words.word(table, found.whole) if found.whole else error, wrong=wrong or {},
        uncovered=uncovered, preview=_preview(preview) if preview else None,
        previewed=_digest(lines) if preview else "",
        effective_from=request.form.get("effective_from", ""), note=request.form.get("note", ""),
    )  # fmt: skip


def _frame() -> dict[str, Any]:
    return {"tabs": admin.tabs(), "rail": {"queues": [], "others": queue_page.others(current_actor(), "admin.index")}}


def _tables() -> dict[str, dict[str, str]]:
    """The words of each field's values."""
    return {
        "kind": words_clocks.kinds(), "category": queue_page.category_labels(db.session()),
        "priority": words_clocks.priorities(), "channel": words.channels(), "tier": {}, "clock": words_clocks.limits(),
        "calendar": {one.name: words_clocks.label(one) for one in calendar_admin.listed(db.session())},
    }  # fmt: skip


def _choices() -> dict[str, list[tuple[str, str]]]:
    tables, known = _tables(), {"kind": KINDS, "priority": PRIORITIES, "channel": CHANNELS, "clock": CLOCKS}
    return {
        name: [(code, words.word(tables[name], code)) for code in known.get(name, tuple(tables[name]))]
        for name in ("kind", "category", "priority", "channel", "clock", "calendar")
    }


def _shown(lines: Sequence[DraftLine]) -> list[dict[str, str]]:
    tables = _tables()
    return [
        {**{name: words.word(tables[name], getattr(line, name)) if getattr(line, name) else "" for name in tables},
         "minutes": words_clocks.minutes(int(line.minutes))}
        for line in lines
    ]  # fmt: skip


def _version(one: policies.Version) -> dict[str, Any]:
    return {
        "n": one.version, "begins": g.fmt.full(one.effective_from), "state": words_clocks.version_states()[one.state],
        "tone": {"in_force": "good", "coming": "info"}.get(one.state, ""), "note": one.note,
        "stored": f"{one.stored_by} · {g.fmt.full(one.stored_at)}" if one.stored_at else _("came with the portal"),
        "href": url_for("policies.index", version=one.version),
        "draft_href": url_for("policies.draft", base=one.version),
    }  # fmt: skip


def _preview(found: Preview) -> dict[str, Any]:
    """The preview in words: summary, clocks by category, last month by province."""
    tables = _tables()
    groups = [
        {"clock": words_clocks.clock(kind, 1), "category": words.word(tables["category"], category), "runs": one.runs,
         "earlier": one.earlier, "later": one.later, "late_now": one.late_now, "late_then": one.late_then}
        for (kind, category), one in sorted(found.groups.items(), key=lambda pair: (_place(pair[0][0]), pair[0][1]))
        if one.earlier or one.later
    ]  # fmt: skip
    places = [
        (None, _("Network")),
        *((p.id, (p.name_en or p.name) if g.fmt.english else p.name) for p in found.provinces),
    ]
    return {
        "moved": found.tickets_moved, "open": found.tickets_open, "groups": groups, "left_alone": found.left_alone,
        "month": g.fmt.month(found.month), "tickets": found.tickets_month,
        "rates": [{"place": name, "cells": [_rate(found, place, kind) for kind in policy_preview.MEASURES]}
                  for place, name in places],
    }  # fmt: skip


def _place(kind: str) -> int:
    return CLOCKS.index(kind) if kind in CLOCKS else len(CLOCKS)


def _rate(found: Preview, place: int | None, kind: str) -> dict[str, Any]:
    rate = found.rates.get((place, kind))
    if rate is None or not rate.due:
        return {"due": 0, "now": "—", "then": "—", "tone": ""}
    tone = "up" if rate.then > rate.now else "down" if rate.then < rate.now else ""
    return {"due": rate.due, "now": _percent(rate.now, rate.due), "then": _percent(rate.then, rate.due), "tone": tone}


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"
