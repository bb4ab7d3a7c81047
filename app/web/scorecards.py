"""The monthly scorecard on one page, the list of a scope, and the tickets behind each number."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import clock
from app.domain.calendars import month_bounds, month_of
from app.domain.roles import Actor
from app.domain.scoring import FULL_SCORE, ScoredMeasure
from app.extensions import db
from app.services import scorecard_cases, scorecards
from app.services.scorecard_cases import Case
from app.services.scorecards import Card, Line, Site
from app.web import queue_page
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("scorecards", __name__)
NONE = "—"
TIMELINESS = ("first_reply", "result", "party_reply")
SITE_KEYS = ("first_reply", "result")


@bp.get("/scorecards")
@route_access("scorecard")
@requires("scorecard")
def index() -> ResponseReturnValue:
    """The sites of the scope with their scores, best first; the month stands in the address."""
    actor, now = current_actor(), clock.now()
    month, page = request.args.get("month", "") or month_of(now), max(request.args.get("page", 1, type=int), 1)
    listing = scorecards.province_list(actor=actor, month=month, now=now, page=page)
    following = url_for("scorecards.index", month=month, page=page + 1)
    return render_template(
        "scorecards.html", rail=_rail(actor, now), rows=[_line(line, month) for line in listing.lines],
        head=_head(), months=_months(month, now), draft=month == month_of(now),
        next_href=following if listing.more else None,
    )  # fmt: skip


@bp.get("/scorecards/<month>/<code>")
@route_access("scorecard")
@requires("scorecard")
def show(month: str, code: str) -> ResponseReturnValue:
    """One site's month on one A4 page."""
    actor, now = current_actor(), clock.now()
    card = scorecards.site_month(actor=actor, month=month, organisation_code=code, now=now)
    return render_template("scorecard.html", rail=_rail(actor, now), card=_card(card, now))


@bp.get("/scorecards/<month>/<code>/<measure>")
@route_access("scorecard")
@requires("scorecard")
def cases(month: str, code: str, measure: str) -> ResponseReturnValue:
    """The tickets behind one number."""
    actor, now = current_actor(), clock.now()
    found = scorecard_cases.cases(actor=actor, month=month, organisation_code=code, measure=measure, now=now)
    categories, met_only = queue_page.category_labels(db.session()), request.args.get("part") == "met"
    title = _("%(measure)s: in time", measure=measure_labels()[measure]) if met_only else measure_labels()[measure]
    return render_template(
        "scorecard_cases.html", rail=_rail(actor, now), title=title, month=month,
        month_label=g.fmt.month(month), site=_site(found.site), back_href=_href(month, code),
        rows=[_case(row, categories, now) for row in found.rows if row.in_time or not met_only],
    )  # fmt: skip


def _card(card: Card, now: datetime) -> dict[str, Any]:
    score, code = card.score, card.site.code
    return {
        "month": card.month, "month_label": g.fmt.month(card.month), "draft": card.draft, "site": _site(card.site),
        "score": _tenths(score.total_tenths), "grade": score.grade or NONE, "rank": _rank(card.rank),
        "previous": _tenths(card.previous_tenths), "change": _change(score.total_tenths, card.previous_tenths),
        "tops": _tops(card), "measures": _measures(score.measures, card.month, code),
        "total_weight": str(FULL_SCORE), "months": _months(card.month, now, code),
        "categories": _bars(card.categories),
        "back_href": url_for("scorecards.index", month=card.month), "printed_at": g.fmt.full(now),
    }  # fmt: skip


def _tops(card: Card) -> list[dict[str, str]]:
    facts, labels = card.facts, measure_labels()
    values = {
        "tickets": str(facts.tickets), "open": str(facts.open), "handling": _duration(card.handling_median_seconds),
        "handling_p90": _duration(card.handling_p90_seconds), "appeals": str(facts.appeals),
    }  # fmt: skip
    empty = card.score.total_tenths is None and not facts.tickets and not facts.appeals and not card.draft
    return [
        {
            "key": key,
            "label": labels[key],
            "value": NONE if empty else value,
            "href": _href(card.month, card.site.code, key.removesuffix("_p90")),
        }
        for key, value in values.items()
    ]


def _measures(measures: tuple[ScoredMeasure, ...], month: str, code: str) -> list[dict[str, Any]]:
    """Lines of the table; `group` is set on the first line of each part, with the lines that it spans."""
    labels, rows = measure_labels(), []
    for m in measures:
        timely = m.key in TIMELINESS
        rows.append({
            "key": m.key, "label": labels[m.key], "numerator": str(m.numerator), "denominator": str(m.denominator),
            "recorded": m.denominator > 0, "counted": m.points_tenths is not None,
            "href": _href(month, code, m.key) + ("?part=met" if timely else ""),
            "rate": _percent(m.value), "weight": _weight(m.effective_weight), "points": _tenths(m.points_tenths),
            "denominator_href": _href(month, code, {"appeal": "results", "repeat": "tickets"}.get(m.key, m.key)),
            "group": _("Timeliness") if timely else _("Quality"), "group_rows": 0,
        })  # fmt: skip
    rows[0]["group_rows"], rows[len(TIMELINESS)]["group_rows"] = len(TIMELINESS), len(rows) - len(TIMELINESS)
    return rows


def _bars(counts: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    """Categories with the length of their bar in percent of the longest."""
    labels = queue_page.category_labels(db.session())
    longest = max((n for _code, n in counts), default=1)
    return [{"label": labels.get(code, code), "n": n, "percent": max(n * 100 // longest, 1)} for code, n in counts]


def _line(line: Line, month: str) -> dict[str, Any]:
    by_key = {m.key: m for m in line.score.measures}
    return {
        "site": _site(line.site), "href": _href(month, line.site.code), "tickets": str(line.facts.tickets),
        "rates": [_percent(by_key[key].value) for key in SITE_KEYS], "upheld": str(line.facts.upheld),
        "repeats": str(line.facts.repeats), "score": _tenths(line.score.total_tenths),
        "grade": line.score.grade or NONE, "rank": _rank(line.rank),
    }  # fmt: skip


def _case(row: Case, categories: dict[str, str], now: datetime) -> dict[str, Any]:
    words = {True: (_("In time"), "good"), False: (_("Late"), "late"), None: (NONE, "")}
    verdict, tone = words[row.in_time]
    return {
        "number": row.number, "href": f"/tickets/{row.number}", "category": categories.get(row.category, row.category),
        "started": g.fmt.full(row.started_at), "due": g.fmt.full(row.due_at), "stopped": g.fmt.full(row.stopped_at),
        "verdict": verdict, "tone": tone,
    }  # fmt: skip


def _site(site: Site) -> dict[str, str]:
    english = g.fmt.english
    name = (site.name_en or site.name) if english else site.name
    return {
        "code": site.code,
        "name": name,
        "province": (site.province_en or site.province) if english else site.province,
    }


def _months(month: str, now: datetime, code: str = "") -> dict[str, Any]:
    """The month switch: the month before, the one after unless it lies in the future."""
    start, end = month_bounds(month)
    before, following = month_of(start - timedelta(seconds=1)), month_of(end)
    address = (lambda m: _href(m, code)) if code else (lambda m: url_for("scorecards.index", month=m))
    return {
        "month": month, "label": g.fmt.month(month), "previous_label": g.fmt.month(before),
        "previous_href": address(before) if before >= scorecards.FIRST_MONTH else None,
        "next_label": g.fmt.month(following), "next_href": address(following) if end <= now else None,
    }  # fmt: skip


def _href(month: str, code: str, measure: str = "") -> str:
    return f"/scorecards/{month}/{code}/{measure}".rstrip("/")


def _rail(actor: Actor, now: datetime) -> dict[str, Any]:
    return queue_page.rail(db.session(), actor, None, now)


def _head() -> list[str]:
    labels = measure_labels()
    return [labels[key] for key in SITE_KEYS]


def measure_labels() -> dict[str, str]:
    """What each number is called; the keys are those of `scorecard_cases.MEASURES` and the second percentile."""
    return {
        "tickets": _("Tickets received"), "open": _("Still open"), "handling": _("Median handling time"),
        "handling_p90": _("90th percentile"), "appeals": _("Customer appeals"), "results": _("Results given"),
        "first_reply": _("First replies in time"), "result": _("Results in time"),
        "party_reply": _("Party answers in time"), "audit": _("Audits found true"),
        "appeal": _("Appeals upheld (inverse)"), "promise": _("Promises kept"),
        "satisfaction": _("Customer satisfaction"), "repeat": _("Repeats after the first reply was due (inverse)"),
    }  # fmt: skip


def _tenths(tenths: int | None) -> str:
    return NONE if tenths is None else f"{tenths // 10}.{tenths % 10}"


def _percent(value: Fraction | None) -> str:
    """A rate with one decimal, cut and not rounded: 99.96 % is not all of them."""
    if value is None:
        return NONE
    tenths = int(max(value, Fraction(0)) * 1000)
    return f"{tenths // 10}.{tenths % 10}%"


def _weight(effective: Fraction | None) -> str:
    """The weight that counts in this month, half up to 0.1; a measure that is not counted gave it away."""
    if effective is None:
        return NONE
    tenths = int(effective * 10 + Fraction(1, 2))
    return _tenths(tenths).removesuffix(".0")


def _rank(rank: tuple[int, int] | None) -> str:
    return f"{rank[0]} / {rank[1]}" if rank else NONE


def _change(now: int | None, before: int | None) -> str:
    """The change against the month before, with its sign in words' place: ▲ up, ▼ down."""
    if now is None or before is None:
        return ""
    return f"{'▲' if now > before else '▼' if now < before else '='} {_tenths(abs(now - before))}"


def _duration(seconds: int | None) -> str:
    if seconds is None:
        return NONE
    minutes = seconds // 60
    if minutes < 60:
        return _("%(m)s min %(s)s s", m=minutes, s=seconds % 60)
    return g.fmt.span(seconds)
