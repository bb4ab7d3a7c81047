"""The facts of a month, counted per site: one grouped statement a fact for the whole network, never a loop over sites.

Each fact counts in the month (Asia/Shanghai) in which it was decided, volume in the month of opening (rulebook 5).
Withdrawn tickets are out of all measures (rulebook 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, cast, exists, func, literal, literal_column, not_, or_, select, text
from sqlalchemy.orm import Session, aliased

from app.domain import kinds
from app.domain.calendars import month_bounds
from app.domain.scorecards import ABOVE, ASSESSED, Facts
from app.models import Appeal, Audit, Clock, Event, Organisation, Survey, Ticket
from app.models.dialect_time import shanghai_day
from app.models.types import Big

ENDED = ("closed", "withdrawn")
CLOCKS = {
    "first_reply": "first_reply", "resolve": "resolve", "party_reply": "party_reply", "promise": "promise",
    "ruling": "ruling",
}  # fmt: skip
LATE_KINDS = ("first_reply", "resolve", "party_reply")
PERSONAL = frozenset(  # what is booked to persons, too: whose answer stopped the clock, who wrote the result
    ("first_reply_due", "first_reply_in_time", "resolve_due", "resolve_in_time", "results", "audited", "audited_true")
)
People = dict[tuple[int, int], Facts]  # by organisation and person


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


def month_facts(
    session: Session, span: Span, site_id: int | None = None, people: People | None = None
) -> dict[int, Facts]:
    """Facts per organisation id for everyone who has any in the month, or for one organisation alone.

    `people` is filled with those by organisation and person, from the same look at the rows.
    """
    found: dict[int, Facts] = {}
    for names, site, person, statement in _statements(span):
        statement = statement.where(site.is_not(None) if site_id is None else site == site_id, onboarded(site))
        # by position: an expression with bound values is a different one to PostgreSQL each time it is written
        grouped = [text("1"), text("2")]
        if people is not None:
            statement = statement.add_columns(person)
            grouped.append(text(str(len(statement.selected_columns))))
        for organisation_id, label, *numbers in session.execute(statement.group_by(*grouped)):
            who = numbers.pop() if people is not None else None
            _add(found.setdefault(organisation_id, Facts()), names[label], numbers)
            if people is not None and who is not None and PERSONAL.issuperset(names[label]):
                _add(people.setdefault((organisation_id, who), Facts()), names[label], numbers)
    return found


def _add(facts: Facts, names: tuple[str, ...], numbers: list[Any]) -> None:
    counts = vars(facts)
    for name, number in zip(names, numbers, strict=True):
        counts[name] += int(number)


def measured() -> ColumnElement[bool]:
    """Tickets that count at all: complaints that were not withdrawn."""
    return and_(Ticket.state != "withdrawn", Ticket.kind.in_(kinds.SCORED))


def onboarded(site: Any) -> ColumnElement[bool]:
    """Tickets opened when the site was on board already; `site` is a column or an id (rulebook 1). That there is such a
    day is said too: PostgreSQL then looks among the few sites that have one and works out no day for the others."""
    dated = Organisation.onboarded_from.is_not(None)
    later = exists().where(Organisation.id == site, dated, Organisation.onboarded_from > shanghai_day(Ticket.opened_at))
    return not_(later.correlate_except(Organisation))


def decided_in(span: Span, *kinds: str) -> ColumnElement[bool]:
    """Clock runs of these kinds decided in the month: at the earlier of stop and due, once that has passed.

    Said as bounds of the two columns, so that the index cuts off the past and the planner knows how many there are.
    """
    late = and_(Clock.stopped_at.is_(None), Clock.state != "paused", Clock.due_at < span.now)
    begun = and_(Clock.due_at >= span.start, or_(Clock.stopped_at.is_(None), Clock.stopped_at >= span.start))
    over = or_(Clock.due_at < span.end, Clock.stopped_at < span.end)
    return and_(
        Clock.kind.in_(kinds), Clock.state != "void", Clock.exempt.is_(False), begun, over,
        or_(Clock.stopped_at.is_not(None), late),
    )  # fmt: skip


def upheld_in(span: Span) -> ColumnElement[bool]:
    """Appeals that were ruled for the customer in the month."""
    return and_(Appeal.ruling.startswith("upheld_", autoescape=True), span.holds(Appeal.ruled_at))


def results_in(span: Span) -> ColumnElement[bool]:
    """Results given in the month; one that its author took back before it left was none."""
    return and_(happened(span, "result"), ~taken_back())


def taken_back() -> ColumnElement[bool]:
    """That a result was taken back before it left. The kind stands in the statement itself, for the partial index."""
    undone = aliased(Event)
    same = cast(undone.data["event_id"].as_string(), Big) == Event.id
    return exists().where(undone.ticket_id == Event.ticket_id, undone.type == literal_column("'result_undone'"), same)


def result_site() -> ColumnElement[Any]:
    """Whose a result is: the handling site's where somebody acted for it and that counts, else the writer's."""
    counted = Event.data["counts"].as_boolean().is_(True)
    return case((counted, cast(Event.data["acting_for"].as_string(), Big)), else_=Event.organisation_id)


def repeats_in(span: Span) -> ColumnElement[bool]:
    """Repeats of the month that came after the first reply was due."""
    return and_(happened(span, "repeat"), after_first_reply())


def after_first_reply() -> ColumnElement[bool]:
    """Whether a repeat came after the first reply was due."""
    return Event.data["after_first_reply_due"].as_boolean().is_(True)


def named(key: str) -> ColumnElement[Any]:
    """The organisation that an event names; ids need 64 bits, which the JSON type's own integer lacks."""
    return cast(Event.data[key].as_string(), Big)


def repeat_site() -> ColumnElement[Any]:
    """The handling site that a repeat event names."""
    return named("site_id")


def happened(span: Span, *kinds: str) -> ColumnElement[bool]:
    """Events of these kinds in the month. The kinds stand in the statement itself, so that both engines see that the
    partial index holds them."""
    spelled = ", ".join(f"'{kind}'" for kind in kinds)
    return and_(text(f"event.type IN ({spelled})"), span.holds(Event.at))


def marked_in(span: Span) -> ColumnElement[bool]:
    """Audits decided in the month; a re-check is CCS looking at the auditor (rulebook 3.13)."""
    return and_(Audit.mark != "", Audit.reason != "recheck", span.holds(Audit.marked_at))


def rated_in(span: Span) -> ColumnElement[bool]:
    """Ratings of the month that count for the site."""
    return and_(span.holds(Survey.rated_at), Survey.counted.is_(True))


Names = dict[str, tuple[str, ...]]


def _statements(span: Span) -> Iterator[tuple[Names, Any, Any, Any]]:
    """By label the names of the facts, the columns of the site and of the person (null for what is nobody's own), and
    the statement (site, label, numbers...) still without its grouping."""
    site, nobody = Ticket.handling_site_id, literal(None, Big)
    still_open = func.sum(case((Ticket.state.not_in(ENDED), 1), else_=0))
    opened = select(site, literal("all"), func.count(), still_open).where(span.holds(Ticket.opened_at), measured())
    yield {"all": ("tickets", "open")}, site, nobody, opened
    good = func.sum(case((and_(Clock.stopped_at <= Clock.due_at, Clock.credited), 1), else_=0))
    runs = select(Clock.organisation_id, Clock.kind, func.count(), good).join(Ticket, Ticket.id == Clock.ticket_id)
    runs = runs.where(decided_in(span, *CLOCKS), measured())
    kinds_of: Names = {kind: (f"{name}_due", f"{name}_in_time") for kind, name in CLOCKS.items()}
    answered = case((Clock.stopped_at.is_not(None), Clock.stopped_by_id))  # the name stays on a run that goes on
    yield kinds_of, Clock.organisation_id, answered, runs
    appeals = select(Appeal.site_id, literal("all"), func.count()).join(Ticket, Ticket.id == Appeal.ticket_id)
    raised = appeals.where(measured(), span.holds(Appeal.opened_at))
    yield {"all": ("appeals",)}, Appeal.site_id, nobody, raised
    yield {"all": ("upheld",)}, Appeal.site_id, nobody, appeals.where(measured(), upheld_in(span))
    true = func.sum(case((Audit.mark == "true", 1), else_=0))
    audits = select(Audit.site_id, literal("all"), func.count(), true).join(Ticket, Ticket.id == Audit.ticket_id)
    audited: Names = {"all": ("audited", "audited_true")}
    yield audited, Audit.site_id, Audit.author_id, audits.where(marked_in(span), measured())
    yield from _ratings_and_events(span)


def _ratings_and_events(span: Span) -> Iterator[tuple[Names, Any, Any, Any]]:
    marks = select(Survey.site_id, literal("all"), func.count(), func.sum(Survey.score))
    ratings = marks.join(Ticket, Ticket.id == Survey.ticket_id).where(rated_in(span), measured())
    yield {"all": ("ratings", "rating_sum")}, Survey.site_id, literal(None, Big), ratings
    yield _events(span)


def _events(span: Span) -> tuple[Names, Any, Any, Any]:
    """What is told by events. Whose each is stands in its JSON and is read once an event: the OFFSET keeps PostgreSQL
    from writing the expression again wherever it is used."""
    whose = case(*((Event.type == kind, column) for kind, (_name, column) in _happenings().items()))
    late = or_(Event.type != "repeat", after_first_reply())
    given = or_(Event.type != "result", ~taken_back())
    read = select(
        whose.label("whose"), Event.type.label("type"), case((Event.type == "result", Event.actor_id)).label("wrote"),
        Event.ticket_id.label("ticket_id"),
    ).where(happened(span, *_happenings()), late, given).offset(literal_column("0")).subquery("happened")  # fmt: skip
    counted = select(read.c.whose, read.c.type, func.count()).join(Ticket, Ticket.id == read.c.ticket_id)
    names: Names = {kind: (name,) for kind, (name, _column) in _happenings().items()}
    return names, read.c.whose, read.c.wrote, counted.where(measured())


def _happenings() -> dict[str, tuple[str, Any]]:
    """Events that are cases by themselves: the fact, and whose it is."""
    return {
        "result": ("results", result_site()), "repeat": ("repeats", repeat_site()),
        "party_disputed": ("disputes", named("organisation_id")), "intervened": ("interventions", named("site_id")),
        "acting_started": ("assists", Event.organisation_id), "help_answered": ("assists", Event.organisation_id),
        "site_urged": ("chased", Event.organisation_id),
    }  # fmt: skip


def handled_in(span: Span) -> ColumnElement[bool]:
    """Tickets whose last result lies in the month."""
    return and_(span.holds(Ticket.result_at), measured())


def members(organisation_id: int, kind: str) -> Any:
    """Whose cases a card counts: the id itself, a query of a province's ids, None for everybody."""
    if kind == "headquarters":
        return None
    if kind != "province":
        return organisation_id
    own = Organisation
    return select(own.id).where(or_(own.id == organisation_id, own.province_id == organisation_id))


def of(column: Any, whose: Any) -> ColumnElement[bool]:
    """The condition that a case is one of theirs (`members`) and that its organisation was on board."""
    if isinstance(whose, int):
        return and_(column == whose, onboarded(whose))
    assessed = select(Organisation.id).where(Organisation.kind.in_((*ASSESSED, *ABOVE)))
    return and_(column.in_(assessed if whose is None else whose), onboarded(column))
