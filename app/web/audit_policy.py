"""The numbers by which audits are drawn and complainants are asked: the versions, and a form for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import audit_policy as rule
from app.domain.errors import Invalid, Stale
from app.extensions import db
from app.services import audit_policy
from app.services.audit_policy import Version
from app.web import queue_page, words
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import current_actor, requires

bp = Blueprint("audit_policy", __name__)


@bp.get("/audit/policy")
@route_access("audit_policy")
@requires("audit_policy")
def index() -> ResponseReturnValue:
    """Every version, the newest first, and a form that begins with what holds."""
    return _page({})


@bp.post("/audit/policy")
@route_access("audit_policy")
@requires("audit_policy")
def store() -> ResponseReturnValue:
    """Store the next version; it holds from the next draw on."""
    typed = {name: request.form.get(name, "") for name in (*rule.NAMES, "note")}
    seen = request.form.get("seen", type=int) or 0
    try:
        audit_policy.store(actor=current_actor(), typed=typed, note=typed["note"], seen=seen, now=clock.now())
    except Invalid as error:
        return _page(typed, error.fields, words.refused(error)), 422
    except Stale:
        return _page(typed, {}, _("Somebody else has stored a version meanwhile. What you typed is kept.")), 409
    return redirect(url_for("audit_policy.index", done=1), 303)


def _page(typed: Mapping[str, str], errors: Mapping[str, str] | None = None, error: str = "") -> str:
    actor, session = current_actor(), db.session()
    versions = audit_policy.versions(session)
    now, table = versions[0].policy.numbers(), words.errors()
    rail = queue_page.rail(session, actor, None, clock.now()) if actor.can("queue") else _rail()
    labels = _labels()
    fields = [
        {"name": name, "label": labels[name], "value": typed.get(name, str(now[name])),
         "error": words.word(table, errors[name]) if errors and name in errors else "", "range": rule.RANGES[name]}
        for name in rule.NAMES
    ]  # fmt: skip
    return render_template(
        "audit_policy.html", rail=rail, fields=fields, seen=versions[0].policy.version, note=typed.get("note", ""),
        note_error=words.word(table, errors["note"]) if errors and "note" in errors else "", error=error,
        notice=_("The new version is stored.") if request.args.get("done") else "",
        versions=[_version(one, before) for one, before in zip(versions, [*versions[1:], None], strict=True)],
    )  # fmt: skip


def _version(one: Version, before: Version | None) -> dict[str, Any]:
    """A version with what it changed."""
    labels, numbers = _labels(), one.policy.numbers()
    earlier = before.policy.numbers() if before else numbers
    changes = [f"{labels[n]}: {earlier[n]} → {value}" for n, value in numbers.items() if value != earlier[n]]
    by = f"{one.stored_by} · {g.fmt.full(one.stored_at)}" if one.stored_by else _("came with the portal")
    return {"n": one.policy.version, "by": by, "note": one.note, "changes": changes}


def _rail() -> dict[str, Any]:
    return {"queues": [], "others": queue_page.others(current_actor())}


def _labels() -> dict[str, str]:
    return {
        "share_percent": _("Share of a site's results in percent"),
        "minimum": _("Least audits of a site and month"),
        "cap": _("Most audits of a site and month"),
        "recheck_percent": _("Re-checked by headquarters, in percent"),
        "same_text_most": _("Uses of one text a site and day without a flag"),
        "quick_seconds": _("Answers faster than this many seconds are flagged"),
        "new_site_days": _("Days for which a site counts as new"),
        "new_site_percent": _("Weight of new sites in percent"),
        "offender_days": _("Days for which an untruthful reply counts"),
        "offender_percent": _("Weight of repeat offenders in percent"),
        "survey_remind_days": _("Reminder of the rating after days"),
        "survey_open_days": _("Days for which the rating's link is open"),
        "call_score": _("Ratings up to this are called back"),
        "call_after_days": _("Call-back without a rating, days after the reminder"),
        "call_again_hours": _("Second try of a call-back after hours"),
    }
