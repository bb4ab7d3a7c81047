"""The facts of a month, counted per site: one grouped statement a fact for the whole network, never a loop over sites.

Each fact counts in the month (Asia/Shanghai) in which it was decided, volume in the month of opening (rulebook 5).
Withdrawn tickets are out of all measures (rulebook 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, cast, exists, func, not_, or_, select, text
from sqlalchemy.orm import Session, aliased

from app.domain.calendars import month_bounds
from app.models import Appeal, Clock, Event, Organisation, Ticket
from app.models.dialect import shanghai_day
from app.models.types import Big

ENDED = ("closed", "withdrawn")


@dataclass
class Facts:
    """What a site's month is assessed on; every number is a count of cases."""

    tickets: int = 0
    open: int = 0
    first_reply_due: int = 0
    first_reply_in_time: int = 0
    resolve_due: int = 0
    resolve_in_time: int = 0
    party_reply_due: int = 0
    party_reply_in_time: int = 0
    results: int = 0
    appeals: int = 0
    upheld: int = 0
    repeats: int = 0


@dataclass(frozen=True)
class Span:
    """A month as instants (UTC, end excluded), and the instant at which it is looked at."""

    start: datetime
    end: datetime
    now: datetime

    @classmethod
    def of(cls, month: str, now: datetime) -> Span:
        """The span of a Shanghai month "YYYY-MM". Raises ValueError, or OverflowError before the year 1."""
        return cls(*month_bounds(month), now)

    def holds(self, instant: Any) -> ColumnElement[bool]:
        """The condition that a column's instant lies in the month."""
        return and_(instant >= self.start, instant < self.end)


def month_facts(session: Session, span: Span, site_id: int | None = None) -> dict[int, Facts]:
    """Facts per organisation id for everyone who has any in the month, or for one organisation alone."""
    found: dict[int, Facts] = {}
    for names, site, statement in _statements(span):
        statement = statement.where(site.is_not(None) if site_id is None else site == site_id, onboarded(site))
        # by position: an expression with bound values is a different one to PostgreSQL each time it is written
        for organisation_id, *numbers in session.execute(statement.group_by(text("1"))):
            facts = found.setdefault(organisation_id, Facts())
            for name, number in zip(names, numbers, strict=True):
                setattr(facts, name, int(number))
    return found


def measured() -> ColumnElement[bool]:
    """Tickets that count at all."""
    return Ticket.state != "withdrawn"


def onboarded(site: Any) -> ColumnElement[bool]:
    """Tickets opened when the site was on board already; `site` is a column or an id (rulebook 1)."""
    later = exists().where(Organisation.id == site, Organisation.onboarded_from > shanghai_day(Ticket.opened_at))
    return not_(later.correlate_except(Organisation))


def decided_in(span: Span, kind: str) -> ColumnElement[bool]:
    """Clock runs of a kind decided in the month: at the earlier of stop and due, once that has passed (rulebook 4).

    The bound on `due_at` alone follows from the other; it lets the index cut off the past.
    """
    decided = case((Clock.stopped_at < Clock.due_at, Clock.stopped_at), else_=Clock.due_at)
    late = and_(Clock.stopped_at.is_(None), Clock.state != "paused", Clock.due_at < span.now)
    return and_(
        Clock.kind == kind, Clock.state != "void", Clock.exempt.is_(False), Clock.due_at >= span.start,
        span.holds(decided), or_(Clock.stopped_at.is_not(None), late),
    )  # fmt: skip


def upheld_in(span: Span) -> ColumnElement[bool]:
    """Appeals that were ruled for the customer in the month."""
    return and_(Appeal.ruling.startswith("upheld_", autoescape=True), span.holds(Appeal.ruled_at))


def results_in(span: Span) -> ColumnElement[bool]:
    """Results given in the month; one that its author took back before it left was none."""
    undone = aliased(Event)
    same = cast(undone.data["event_id"].as_string(), Big) == Event.id
    back = exists().where(undone.ticket_id == Event.ticket_id, undone.type == "result_undone", same)
    return and_(Event.type == "result", span.holds(Event.at), ~back)


def result_site() -> ColumnElement[Any]:
    """Whose a result is: the handling site's where somebody acted for it and that counts, else the writer's."""
    counted = Event.data["counts"].as_boolean().is_(True)
    return case((counted, cast(Event.data["acting_for"].as_string(), Big)), else_=Event.organisation_id)


def repeats_in(span: Span) -> ColumnElement[bool]:
    """Repeats of the month that came after the first reply was due."""
    return and_(
        Event.type == "repeat", span.holds(Event.at), Event.data["after_first_reply_due"].as_boolean().is_(True)
    )


def repeat_site() -> ColumnElement[Any]:
    """The handling site that a repeat event names; ids need 64 bits, which the JSON type's own integer lacks."""
    return cast(Event.data["site_id"].as_string(), Big)


def _statements(span: Span) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Names of the facts, the column of the site, and the statement (site, numbers...) still without its grouping."""
    site = Ticket.handling_site_id
    still_open = func.sum(case((Ticket.state.not_in(ENDED), 1), else_=0))
    opened = select(site, func.count(), still_open).where(span.holds(Ticket.opened_at), measured())
    yield ("tickets", "open"), site, opened
    for kind in ("first_reply", "resolve", "party_reply"):
        good = func.sum(case((and_(Clock.stopped_at <= Clock.due_at, Clock.credited), 1), else_=0))
        runs = select(Clock.organisation_id, func.count(), good).join(Ticket, Ticket.id == Clock.ticket_id)
        runs = runs.where(decided_in(span, kind), measured())
        yield (f"{kind}_due", f"{kind}_in_time"), Clock.organisation_id, runs
    appeals = select(Appeal.site_id, func.count()).join(Ticket, Ticket.id == Appeal.ticket_id).where(measured())
    yield ("appeals",), Appeal.site_id, appeals.where(span.holds(Appeal.opened_at))
    yield ("upheld",), Appeal.site_id, appeals.where(upheld_in(span))
    for name, where, column in (
        ("results", results_in(span), result_site()),
        ("repeats", repeats_in(span), repeat_site()),
    ):
        events = select(column, func.count()).join(Ticket, Ticket.id == Event.ticket_id)
        yield (name,), column, events.where(where, measured())


def handling_seconds(session: Session, span: Span, site_id: int) -> list[int]:
    """Seconds from receipt to the last result of each of the site's tickets whose last result lies in the month."""
    statement = select(Ticket.received_at, Ticket.result_at).where(handled_in(span, site_id))
    return [int((end - start).total_seconds()) for start, end in session.execute(statement) if end is not None]


def handled_in(span: Span, site_id: int) -> ColumnElement[bool]:
    """The site's tickets whose last result lies in the month."""
    return and_(Ticket.handling_site_id == site_id, span.holds(Ticket.result_at), measured(), onboarded(site_id))


def category_counts(session: Session, span: Span, site_id: int) -> list[tuple[str, int]]:
    """(category, tickets opened in the month) of a site, the most frequent first."""
    n = func.count()
    statement = select(Ticket.category, n).where(
        Ticket.handling_site_id == site_id, span.holds(Ticket.opened_at), measured(), onboarded(site_id)
    )
    rows = session.execute(statement.group_by(Ticket.category).order_by(n.desc(), Ticket.category))
    return [(category, count) for category, count in rows]
