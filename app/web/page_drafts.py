"""Drafts of forms on pages of their own over HTTP: saved while somebody types, or by a button."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from htmx_flask import request

from app import clock
from app.domain import drafts as rule
from app.domain.errors import NotFound, Stale
from app.domain.kinds import COMPLAINT
from app.domain.roles import Actor
from app.extensions import db, limiter
from app.services import page_drafts
from app.services.drafts import DraftIn
from app.web import draft_forms
from app.web.access import route_access
from app.web.auth import current_actor, rail, requires
from app.web.draft_forms import Values
from app.web.drafts import LIMIT, known_version

bp = Blueprint("page_drafts", __name__)


@bp.post("/drafts/<name>")
@limiter.limit(LIMIT, key_func=lambda: f"drafts:{current_user.get_id()}")
@route_access("queue")
@requires("queue")
def save(name: str) -> ResponseReturnValue:
    """Keep what stands in the form: 204 with the new version for scripting, 303 without; 409 with the other text."""
    actor, key = current_actor(), request.form.get("submission_key", "")[:64]
    draft = DraftIn(name, rule.typed(request.form.items(multi=True)), known_version())
    by_script = request.headers.get("X-Draft") == "1"
    try:
        version = page_drafts.save(actor=actor, draft=draft, key=key, now=clock.now())
    except Stale as stale:
        other: dict[str, Any] = stale.detail
        bar = draft_forms.bar_of_clash(other["values"], other["version"], other["saved_at"], page_of(name))
        if by_script:
            return make_response(render_template("_draft_bar.html", d=bar), 409)
        return _both(bar, url_for("page_drafts.save", name=name), page_of(name)), 409
    if by_script:
        return "", 204, {"X-Draft-Version": str(version)}
    return redirect(page_of(name), 303)


@bp.post("/drafts/<name>/discard")
@route_access("queue")
@requires("queue")
def discard(name: str) -> ResponseReturnValue:
    """Throw it away."""
    actor, needed = current_actor(), rule.needs(name)
    if not needed or not actor.can(needed):
        raise NotFound("draft_not_found")
    page_drafts.discard(actor=actor, name=name)
    return redirect(page_of(name), 303)


def of_page(actor: Actor, name: str, now: datetime) -> tuple[dict[str, Any], Values]:
    """Where a page's form saves its draft and which version it knows, and what it is filled with."""
    row = page_drafts.of_page(db.session(), actor, name)
    kept: dict[str, Any] = {
        "key": name, "name": name, "href": url_for("page_drafts.save", name=name), "version": 0, "bar": None,
    }  # fmt: skip
    if row is None or not rule.fresh(row.saved_at, now):
        return kept, Values()
    discard_href = url_for("page_drafts.discard", name=name)
    bar = draft_forms.bar_of(row.version, row.saved_at, discard_href)
    ticks = rule.TICKS.get(rule.page_parts(name)[0])
    pairs = [(key, one) for key, value in row.values.items() for one in (value.split(" ") if key == ticks else [value])]
    return kept | {"version": row.version, "bar": bar}, Values(pairs)


def sent(actor: Actor, name: str) -> None:
    """Forget the draft of words that went out in steps of their own, none of which was refused."""
    page_drafts.discard(actor=actor, name=name)


def page_of(name: str) -> str:
    """The page on which the form stands; where a list is part of it, as it was filtered."""
    kind, number = rule.page_parts(name)
    if kind == rule.REPLY:
        return url_for("incidents.show", incident=number)
    if number:
        return url_for("rectifications.show", form_number=number)
    if name == "several":
        asked = {key: request.values.get(key, "")[:24] or None for key in ("month", "incident")}
        return url_for("penalty_contests.several", **asked)
    plain = {"ask": "entry.ask", "hand": "penalties.enter", "order": "rectifications.index"}
    if name in plain:
        return url_for(plain[name])
    kind = name.removeprefix("new-")
    return url_for("entry.new", kind=kind if kind != COMPLAINT else None)


def _both(bar: dict[str, Any], href: str, back: str) -> str:
    kept = [(key, value) for key, value in request.form.items(multi=True) if key not in ("csrf_token", "draft_version")]
    mine = [request.form[key] for key in draft_forms.LINES if request.form.get(key)]
    return render_template(
        "draft_clash.html", d=bar, mine=mine, kept=kept, href=href, back_href=back, rail=rail()
    )  # fmt: skip
