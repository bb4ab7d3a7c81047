"""Analysis over HTTP: an area's range of days, the tickets behind each number, before and after a change of rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import analysis as rule
from app.domain.analysis import Range
from app.domain.errors import NotFound
from app.domain.roles import Actor
from app.extensions import db
from app.services import analysis, analysis_tickets, reading, scorecard_cases
from app.services.analysis import Area
from app.services.analysis_tickets import Asked, Line
from app.services.scorecard_facts import Span
from app.web import analysis_page, queue_page, words, words_analysis, words_cards
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.export_cells import named
from app.web.numbers import BEYOND, number

bp = Blueprint("analysis", __name__)


@bp.get("/analysis")
@route_access("analysis")
@requires("analysis")
def index() -> ResponseReturnValue:
    """Pareto of categories, hours, sites, couriers, and the trend, for a range of at most 92 days."""
    actor = current_actor()
    where, days, wrong = _where()
    found = reading.read(lambda session: analysis_page.overview(session, actor, where, days))
    page = render_template("analysis.html", **_frame(where, days, wrong), **found)
    return page, 422 if wrong else 200


@bp.get("/analysis/tickets")
@route_access("analysis")
@requires("analysis")
def tickets() -> ResponseReturnValue:
    """The tickets behind a number."""
    actor, session = current_actor(), db.session()
    where, days, wrong = _where()
    asked, kept = asked_for(request.args, days), analysis_page.address(days, where, actor)
    after = _after(request.args.get("after", ""))
    lines, more = reading.read(lambda near: analysis_tickets.page(near, actor, where, asked, after))
    labels, filters = queue_page.category_labels(session), said(asked)
    kept |= {name: request.args[name] for name in FILTERS if request.args.get(name)}
    next_href = url_for("analysis.tickets", **kept, after=f"{more[0].isoformat()}~{more[1]}") if more else ""
    page = render_template(
        "analysis_tickets.html", **_frame(where, days, wrong), rows=[_ticket(one, labels) for one in lines],
        filters=filters, next_href=next_href, title=_("Tickets behind a number"), cases=None,
    )  # fmt: skip
    return page, 422 if wrong else 200


@bp.get("/analysis/cases/<measure>")
@route_access("analysis")
@requires("analysis")
def cases(measure: str) -> ResponseReturnValue:
    """The cases behind a measure, late ones told apart."""
    actor, session = current_actor(), db.session()
    where, days, wrong = _where()
    if measure not in analysis_page.MEASURES:
        raise NotFound("measure_not_found")
    below = number(request.args, "below") or BEYOND - 1
    span = Span(*analysis.instants(days), clock.now())
    found = reading.read(
        lambda near: scorecard_cases.in_span(near, actor, where.code, measure, span, below, analysis_tickets.PAGE)
    )
    shown, labels = found[: analysis_tickets.PAGE], queue_page.category_labels(session)
    kept = analysis_page.address(days, where, actor)
    more = url_for("analysis.cases", measure=measure, **kept, below=shown[-1][0]) if len(found) > len(shown) else ""
    page = render_template(
        "analysis_tickets.html", **_frame(where, days, wrong), rows=[], filters=[], next_href=more,
        title=words_cards.measure_labels()[measure], cases=[_case(one, labels) for _key, one in shown],
    )  # fmt: skip
    return page, 422 if wrong else 200


@bp.get("/analysis/changes")
@route_access("analysis")
@requires("analysis")
def changes() -> ResponseReturnValue:
    """The two periods either side of a change of rules."""
    actor, session, now = current_actor(), db.session(), clock.now()
    where, days, _wrong = _where()
    found = analysis.changes(session, now)
    chosen = next((one for one in found if one.key == request.args.get("change")), found[0] if found else None)
    side = number(request.args, "days") or rule.SIDE_DAYS[1]
    side = side if side in rule.SIDE_DAYS else rule.SIDE_DAYS[1]
    return render_template(
        "analysis_changes.html", **_frame(where, days, {}), chosen=chosen.key if chosen else "", side=side,
        options=[(one.key, analysis_page.change_label(one)) for one in found], sides=rule.SIDE_DAYS,
        compared=_compared(actor, where, chosen, side) if chosen else None,
    )  # fmt: skip


def _compared(actor: Actor, where: Area, chosen: Any, side: int) -> Any:
    return reading.read(lambda session: analysis_page.compared(session, actor, where, chosen, side))


FILTERS = ("category", "site", "weekday", "hour", "courier")


def asked_for(given: Any, days: Range) -> Asked:
    """What an address asks for; a number that is none of a week or day is as if it were not there, and so is a courier
    without a site: whose parcels these were is looked up ticket by ticket."""
    weekday, hour, site = number(given, "weekday"), number(given, "hour"), given.get("site", "")[:32]
    return Asked(
        days, given.get("category", "")[:24], site, weekday if weekday in range(7) else None,
        hour if hour in range(24) else None, given.get("courier", "")[:60] if site else "",
    )  # fmt: skip


def said(asked: Asked) -> list[str]:
    """The filters in words."""
    labels = queue_page.category_labels(db.session())
    found = [labels.get(asked.category, asked.category), asked.site, asked.courier]
    found += [words_analysis.weekdays()[asked.weekday]] if asked.weekday is not None else []
    found += [f"{asked.hour:02d}:00–{asked.hour:02d}:59"] if asked.hour is not None else []
    return [one for one in found if one]


def _where() -> tuple[Area, Range, dict[str, str]]:
    where = analysis.area(db.session(), current_actor(), request.args.get("province", "")[:32])
    return where, *analysis_page.asked(request.args)


def _frame(where: Area, days: Range, wrong: dict[str, str]) -> dict[str, Any]:
    """What every analysis page has: the menu, the area, the range and its form."""
    actor, session = current_actor(), db.session()
    kept = analysis_page.address(days, where, actor)
    return {
        "rail": queue_page.rail(session, actor, None, clock.now()), "area": named(where.name, where.name_en),
        "range": {"from": request.args.get("from") if wrong else kept["from"],
                  "to": request.args.get("to") if wrong else kept["to"]},
        "wrong": wrong, "province": kept.get("province", ""), "days_text": f"{kept['from']} – {kept['to']}",
        "provinces": [(one.code, named(one.name, one.name_en)) for one in analysis.provinces(session, actor)],
        "overview_href": url_for("analysis.index", **kept), "changes_href": url_for("analysis.changes", **kept),
    }  # fmt: skip


def _ticket(one: Line, labels: dict[str, str]) -> dict[str, str]:
    ticket, site = one.ticket, one.site
    return {
        "number": ticket.number, "href": url_for("tickets.show", number=ticket.number), "waybill": ticket.waybill,
        "category": labels.get(ticket.category, ticket.category), "opened": g.fmt.full(ticket.opened_at)[:16],
        "site": f"{named(site.name, site.name_en)} {site.code}" if site else "—",
        "state": words.word(words.states(), ticket.state),
    }  # fmt: skip


def _case(one: scorecard_cases.Case, labels: dict[str, str]) -> dict[str, str]:
    verdict = {True: (_("In time"), "good"), False: (_("Late"), "late"), None: ("—", "")}[one.in_time]
    return {
        "number": one.number, "href": url_for("tickets.show", number=one.number),
        "category": labels.get(one.category, one.category), "started": g.fmt.full(one.started_at)[:16],
        "due": g.fmt.full(one.due_at)[:16] if one.due_at else "—", "verdict": verdict[0], "tone": verdict[1],
        "stopped": g.fmt.full(one.stopped_at)[:16] if one.stopped_at else "—",
    }  # fmt: skip


def _after(text: str) -> tuple[datetime, int] | None:
    """Where the page before ended; None for nothing and for what is no place."""
    said_at, _sign, row_id = text.partition("~")
    try:
        at = datetime.fromisoformat(said_at)
    except ValueError:
        return None
    whole = row_id.isascii() and row_id.isdigit() and len(row_id) < 19 and at.tzinfo is not None
    return (at, int(row_id)) if whole else None
