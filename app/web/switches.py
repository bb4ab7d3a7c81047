"""Who took a shared PC over by PIN: the page for managers and the administration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.domain.roles import Actor
from app.extensions import db
from app.services import switch_log
from app.services.switch_log import Filters, Line
from app.web import auth, context, words, words_pins
from app.web.access import route_access
from app.web.guard import current_actor, requires
from app.web.numbers import number

bp = Blueprint("switches", __name__)


@bp.get("/switches")
@route_access("switches")
@requires("switches")
def index() -> ResponseReturnValue:
    """Tries of the own area, the newest first; every filter stands in the address."""
    actor, asked = current_actor(), filters(request.args)
    found = switch_log.page(db.session(), actor, asked, number(request.args, "before"))
    rows, more = found[: switch_log.PAGE], len(found) > switch_log.PAGE
    following = url_for("switches.index", **address(asked), before=rows[-1][0]) if more else None
    return render_template(
        "switches.html", rows=[row(line) for _id, line in rows], asked=asked, wide=wide(actor), next_href=following,
        outcomes=words_pins.outcome_choices(), rail=auth.rail(),
    )  # fmt: skip


def filters(given: Mapping[str, str]) -> Filters:
    """What an address asks for; anything else is left out."""
    outcome = given.get("outcome", "")
    return Filters(outcome if outcome in switch_log.OUTCOMES else "", given.get("organisation", "").strip()[:32])


def address(asked: Filters) -> dict[str, Any]:
    """The filters as an address names them."""
    named = {"outcome": asked.outcome, "organisation": asked.organisation}
    return {name: value for name, value in named.items() if value}


def wide(actor: Actor) -> bool:
    """Whether the reader's area has more than one house."""
    return actor.desk != "site"


def row(line: Line) -> dict[str, Any]:
    """One try in words."""
    house = line.house
    return {
        "time": g.fmt.full(line.at), "to": line.to.name, "to_account": line.to.account,
        "to_role": context.role_label(line.to.role), "left": line.before.name, "left_account": line.before.account,
        "outcome": words.word(words_pins.outcomes(), line.outcome), "good": line.outcome == "switched",
        "pc": pc(line), "house": (house.name_en or house.name) if g.fmt.english else house.name, "code": house.code,
    }  # fmt: skip


def pc(line: Line) -> str:
    """A short name of the browser, the same for all its tries: out of the instant at which it was first seen."""
    return f"{(line.device >> 22) % 0x1000000:06X}"
