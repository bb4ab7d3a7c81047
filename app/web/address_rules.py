"""The streets that a province has learned from its returns; whoever works there can end one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.extensions import db
from app.services import addresses
from app.web import queue_page
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import current_actor, requires

bp = Blueprint("address_rules", __name__)


@bp.get("/address-rules")
@route_access("address_rules")
@requires("address_rules")
def index() -> ResponseReturnValue:
    """Street, site, the ticket it was learned from."""
    actor, session = current_actor(), db.session()
    after = request.args.get("after", 0, type=int)
    found = addresses.listed(session, actor, after if 0 <= after < 2**63 else 0)
    shown = found[: addresses.PAGE]
    more = url_for("address_rules.index", after=shown[-1][0].id) if len(found) > addresses.PAGE else ""
    return render_template(
        "address_rules.html", rules=[_line(*row) for row in shown], next_href=more,
        notice=_("The address is forgotten.") if "ended" in request.args else "",
        rail=queue_page.rail(session, actor, None, clock.now()),
    )  # fmt: skip


@bp.post("/address-rules/<int:rule_id>/end")
@route_access("address_rules")
@requires("address_rules")
def end(rule_id: int) -> ResponseReturnValue:
    """Forget a learned street."""
    addresses.end(actor=current_actor(), rule_id=rule_id, now=clock.now())
    return redirect(url_for("address_rules.index", ended="1"), 303)


def _line(rule: Any, site: Any, number: str, who: str) -> dict[str, str]:
    name = (site.name_en or site.name) if g.fmt.english else site.name
    return {
        "prefix": rule.prefix, "site": f"{name} ({site.code})", "number": number, "who": who,
        "href": url_for("tickets.show", number=number), "at": g.fmt.full(rule.created_at)[:16],
        "end_href": url_for("address_rules.end", rule_id=rule.id),
    }  # fmt: skip
