"""Headquarters' dashboard: the network today, its queues, the provinces ranked, two weeks and twelve months drawn."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.calendars import month_of
from app.extensions import db
from app.services import months, network, scorecard_trend, scorecards
from app.web import scorecard_page, words
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.scorecards import rail

bp = Blueprint("network", __name__)
QUEUES = ("all", "overdue", "appealed", "to_rule", "tray", "to_accept", "working", "replied")
WIDTH, ZERO, TOP = 420, 88, 8


@bp.get("/network")
@route_access("network")
@requires("network")
def index() -> ResponseReturnValue:
    """The day so far. Everything is read from kept counters and indexed ranges."""
    actor, now, session = current_actor(), clock.now(), db.session()
    found = network.today(session, now)
    met, due = found.platform
    labels = words.queues()
    code, month = scorecards.own_code(session, actor), months.before(month_of(now))
    return render_template(
        "network.html", rail=rail(actor, now), at=g.fmt.full(now)[:16], card_href=scorecard_page.href(month, code),
        figures=[
            (_("Received today"), str(found.received)), (_("Answered today"), str(found.results)),
            (_("Platform reply rate"), scorecard_page.percent(Fraction(met, due) if due else None)),
            (_("Platform replies due today"), str(due)),
        ],
        queues=[
            {"label": labels[key], "n": found.queues.get(key, 0), "href": url_for("tickets.index", queue=key)}
            for key in QUEUES
        ],
        provinces=[_province(n, one) for n, one in enumerate(found.provinces, 1)], days=_days(found.days),
        trend=scorecard_page.trend(scorecard_trend.of_code(session, code, month)),
        ranking_href=url_for("scorecards.index", month=month, which="provinces"),
    )  # fmt: skip


def _province(n: int, one: network.Province) -> dict[str, Any]:
    name = (one.name_en or one.name) if g.fmt.english else one.name
    share = f"{one.overdue * 100 // one.open}%" if one.open else scorecard_page.NONE
    href = url_for("board.index", province=one.code)
    return {"n": n, "name": name, "href": href, "code": one.code, "open": one.open, "overdue": one.overdue,
            "share": share, "unaccepted": one.unaccepted}  # fmt: skip


def _days(days: tuple[tuple[str, int, int], ...]) -> dict[str, Any]:
    """Received and answered a day as two columns side by side, in the drawing's own units."""
    most = max((max(received, answered) for _day, received, answered in days), default=0) or 1
    step = WIDTH / len(days)
    return {
        "width": WIDTH, "zero": ZERO, "most": most,
        "points": [
            {
                "label": day[5:].replace("-", "/"), "x": round(step * (n + 0.5), 1), "half": round(step * 0.34, 1),
                "in": _height(received, most), "out": _height(answered, most),
                "said": f"{day}: {received} / {answered}",
            }
            for n, (day, received, answered) in enumerate(days)
        ],
    }  # fmt: skip


def _height(number: int, most: int) -> float:
    return round(number * (ZERO - TOP) / most, 1)
