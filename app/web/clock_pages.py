"""One clock run explained: a page to read and to print, and the same as a pane beside the list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, g, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app import clock
from app.domain.calendar_text import spans_text
from app.domain.calendars import SHANGHAI, is_working_day, local_date
from app.domain.explain import CLOSED, COUNTED, PAUSED, Line
from app.domain.policies import KEY_FIELDS
from app.extensions import db
from app.services import calendar_admin, explain
from app.services.explain import ClockView, Step
from app.web import queue_page, ticket_page, words, words_clocks, words_exempt
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _

bp = Blueprint("clocks", __name__)


@bp.get("/tickets/<number>/clocks/<int:clock_id>")
@route_access("queue")
@requires("queue")
def show(number: str, clock_id: int) -> ResponseReturnValue:
    """Why this clock is due when it is due."""
    actor, session = current_actor(), db.session()
    page = page_of(explain.view(session, actor, number, clock_id))
    if request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request:
        return render_template("_clock.html", c=page, pane=True)
    return render_template("clock.html", c=page, pane=False, rail=queue_page.rail(session, actor, None, clock.now()))


def page_of(view: ClockView) -> dict[str, Any]:
    """Everything `_clock.html` reads."""
    row, number, raised = view.clock, view.ticket.number, view.ticket.reporter_id is not None
    return {
        "number": number, "label": words_clocks.clock(row.kind, row.run, raised=raised), "due": g.fmt.full(row.due_at),
        "facts": _facts(view), "steps": [_step(view, step) for step in view.steps], "agrees": view.agrees,
        "counted": bool(view.steps), "events": [_event(one) for one in view.events],
        "ticket_href": url_for("tickets.show", number=number),
        "href": url_for("clocks.show", number=number, clock_id=row.id), "printed_at": g.fmt.full(clock.now()),
        "why_not": _why_not(view),
    }  # fmt: skip


def _facts(view: ClockView) -> list[tuple[str, str]]:
    row = view.clock
    found = [(_("Ticket"), view.ticket.number), (_("Run"), str(row.run)), (_("Start"), g.fmt.full(row.started_at))]
    if view.site:
        found.insert(1, (_("Assessed"), ticket_page.site_name(view.site)))
    if view.steps:
        limit = _("%(time)s of %(calendar)s", time=words_clocks.minutes(row.minutes), calendar=_calendar(view))
        found += [(_("Limit"), limit), (_("Policy"), _policy(view)), (_("Hours"), _hours(view))]
    found.append((_("Due"), g.fmt.full(row.due_at)))
    found.append((_("Stop"), g.fmt.full(row.stopped_at)))
    state = ticket_page.clock_state(row)
    exempt = _("Exempted from the assessment")
    return [*found, (_("State"), f"{state} · {exempt}" if row.exempt else state)]


def _policy(view: ClockView) -> str:
    version = _("version %(n)s", n=view.ticket.policy_version)
    if view.basis is None:
        if view.ticket.customer_limits or view.ticket.emergency_id:
            return " · ".join((version, _("the limit is the customer's own or that of an emergency")))
        return " · ".join((version, _("no line of it states this limit")))
    tables = {
        "kind": words_clocks.kinds(), "priority": words_clocks.priorities(), "channel": words.channels(),
        "category": {}, "tier": {},
    }  # fmt: skip
    if view.basis_category:
        name = view.basis_category.name_en if g.fmt.english else view.basis_category.name
        tables["category"] = {view.basis_category.code: name}
    labels, rule = words_clocks.keys(), view.basis.rule
    stated = [(name, getattr(rule, name)) for name in KEY_FIELDS if getattr(rule, name) is not None]
    key = " · ".join(f"{labels[name]}: {words.word(tables[name], value)}" for name, value in stated)
    limit = words.word(words_clocks.limits(), view.basis.clock)
    return " · ".join((version, key or _("every ticket"), limit))


def _calendar(view: ClockView) -> str:
    if view.hours is not None:
        return words_clocks.label(view.hours)
    chinese, english = calendar_admin.STANDARD.get(view.clock.calendar, (view.clock.calendar,) * 2)
    return english if g.fmt.english else chinese


def _hours(view: ClockView) -> str:
    hours = spans_text(view.calendar.spans)
    return " · ".join((hours, _("working days only"))) if view.calendar.working_days_only else hours


def _step(view: ClockView, step: Step) -> dict[str, Any]:
    """A leg: its headline, its lines, the instant at which they end and whether that is the stored due."""
    done = step.explanation
    limit = words_clocks.minutes(done.leg.limit.minutes)
    if step.shortened:
        head = _("Shortened at %(time)s: now + %(limit)s is earlier than the old due time",
                 time=g.fmt.full(done.leg.begins), limit=limit)  # fmt: skip
    else:
        head = _("From %(time)s: %(limit)s", time=g.fmt.full(done.leg.begins), limit=limit)
    waited = _(
        "plus %(time)s of waiting that the imported history tells", time=words_clocks.length(done.leg.stood_still)
    )
    return {
        "head": head, "lines": list(_lines(view, step)), "end": g.fmt.full(done.due),
        "stored": g.fmt.full(done.stored), "agrees": done.agrees, "waited": waited if done.leg.stood_still else "",
        "sum": words_clocks.length(done.amount),
    }  # fmt: skip


def _lines(view: ClockView, step: Step) -> Iterator[dict[str, Any]]:
    """The lines in words. What is left is rounded up to the second and the counted time follows from it, so that the
    column adds up on paper."""
    left = _up(step.explanation.amount)
    for line in step.explanation.lines:
        day = local_date(line.begins)
        found = {"day": f"{day:%m-%d}", "weekday": words_clocks.weekday(day), "what": line.what, "hours": "",
                 "text": "", "counted": "", "left": words_clocks.length(left)}  # fmt: skip
        if line.what == COUNTED:
            counted, left = left - _up(line.left), _up(line.left)
            found |= {"counted": words_clocks.length(counted), "left": words_clocks.length(left)}
            found["hours"] = spans_text(step.calendar.spans)
            found["text"] = _spans(line)
        else:
            found["text"] = _outside(view, step, line)
        yield found


def _spans(line: Line) -> str:
    last = local_date(line.begins)
    return " ".join(f"{_wall(a)}–{'24:00' if local_date(b) > last else _wall(b)}" for a, b in line.spans)


def _outside(view: ClockView, step: Step, line: Line) -> str:
    """Why a stretch does not count, or how the urgent rule moved the due."""
    span = {"begins": g.fmt.full(line.begins), "ends": g.fmt.full(line.ends)}
    if line.what == PAUSED:
        return _("paused from %(begins)s to %(ends)s", **span)
    if line.what == CLOSED:
        return _("closed until %(ends)s", **span) + _special_days(view, step, line)
    moved = _("the limit alone ends at %(begins)s; due at %(ends)s", **span)
    return f"{words.word(words_clocks.steps(), line.what)}: {moved}"


def _special_days(view: ClockView, step: Step, line: Line) -> str:
    first, last = local_date(line.begins), local_date(line.ends)
    named = {
        name for iso, name in view.names.items()
        if name and first.isoformat() <= iso <= last.isoformat()
        and not is_working_day(step.calendar.days, datetime.fromisoformat(iso).date())
    }  # fmt: skip
    return f" ({', '.join(sorted(named))})" if named else ""


def _event(one: Any) -> dict[str, str]:
    due = one.data.get("due_at")
    text = words.word(words_clocks.events(), one.type)
    if due and one.type in ("clock_started", "clock_shortened", "clock_resumed"):
        text = _("%(what)s, due %(time)s", what=text, time=g.fmt.full(datetime.fromisoformat(due)))
    if one.type == "clock_stopped":
        text = " · ".join((text, _("in time") if one.data.get("in_time") else _("late")))
    if one.type == "clock_exempted":
        text = " · ".join((text, words.word(words_exempt.reasons(), one.data.get("reason", ""))))
    return {"at": g.fmt.full(one.at), "text": text}


def _why_not(view: ClockView) -> str:
    if view.clock.kind == "platform":
        return _("The platform names this instant itself. No policy and no calendar is asked.")
    if not view.steps:
        return _("The calendar of this clock is not known any more. The stored due time holds.")
    return _(
        "These lines do not end in the stored due time: it was set by other means, for instance by an import or a "
        "calendar that changed during a pause. The stored due time holds."
    )


def _wall(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def _up(amount: timedelta) -> int:
    return int(-(-amount // timedelta(seconds=1)))
