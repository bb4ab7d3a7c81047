"""The tickets behind one number of a scorecard, with the instants that decided them (rulebook 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, null, select
from sqlalchemy.orm import Session

from app.domain.clocks import in_time
from app.domain.errors import NotFound
from app.domain.roles import Actor
from app.extensions import db
from app.models import Appeal, Clock, Event, Ticket
from app.services import scorecard_facts as facts
from app.services.scope import visible_to
from app.services.scorecard_facts import Span
from app.services.scorecards import Site, load_site, span_of


@dataclass(frozen=True)
class Case:
    """One case: when it began, was due and ended (UTC). `in_time` is None where nothing was due."""

    number: str
    category: str
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    in_time: bool | None


@dataclass(frozen=True)
class Asked:
    """Which number of which card: month "YYYY-MM", code of the organisation, a key of MEASURES."""

    month: str
    code: str
    measure: str


@dataclass(frozen=True)
class Cases:
    """The site and its cases, late ones first, then by their start."""

    site: Site
    rows: tuple[Case, ...]


def cases(*, actor: Actor, month: str, organisation_code: str, measure: str, now: datetime) -> Cases:
    """The cases of one measure (a key of MEASURES) in the month, as many as the card counts.

    Raises NotFound for an unknown month, organisation or measure, NotAllowed for a role without cards.
    """
    if measure not in MEASURES:
        raise NotFound("measure_not_found")
    session = db.session()
    span = span_of(month, now)
    site = load_site(session, actor, organisation_code)
    source = MEASURES[measure]
    if source is None:
        return Cases(site, ())
    statement = source(span, site.id).where(facts.measured(), facts.onboarded(site.id), visible_to(actor))
    rows = [_case(*row) for row in session.execute(statement)]
    return Cases(site, tuple(sorted(rows, key=lambda row: (row.in_time is not False, row.started_at, row.number))))


def below(
    session: Session, actor: Actor, asked: Asked, now: datetime, key_below: int, limit: int
) -> list[tuple[int, Case]]:
    """The same cases by falling id of what decided them (clock run, ticket, appeal, event) below `key_below`.

    One more than `limit` where there is more. Raises NotFound, NotAllowed.
    """
    source = _asked_for(session, actor, asked, now)
    if source is None:
        return []
    statement, key = source
    statement = statement.add_columns(key).where(key < key_below).order_by(key.desc()).limit(limit + 1)
    return [(row[-1], _case(*row[:-1])) for row in session.execute(statement)]


def count_below(session: Session, actor: Actor, asked: Asked, now: datetime, key_below: int, most: int) -> int:
    """How many cases there are, at most `most`."""
    source = _asked_for(session, actor, asked, now)
    if source is None:
        return 0
    statement, key = source
    ids = statement.with_only_columns(key).where(key < key_below).limit(most)
    return session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def _asked_for(session: Session, actor: Actor, asked: Asked, now: datetime) -> tuple[Select[Any], Any] | None:
    if asked.measure not in MEASURES:
        raise NotFound("measure_not_found")
    span, site = span_of(asked.month, now), load_site(session, actor, asked.code)
    source = MEASURES[asked.measure]
    if source is None:
        return None
    statement = source(span, site.id).where(facts.measured(), facts.onboarded(site.id), visible_to(actor))
    return statement, KEYS.get(source, Clock.id)


def _case(
    number: str, category: str, began: datetime, due: datetime | None, ended: datetime | None, credited: bool = True
) -> Case:
    good = None if due is None else ended is not None and in_time(ended, due) and credited
    return Case(number, category, began, due, ended, good)


def _columns(started: Any, due: Any, stopped: Any) -> Select[Any]:
    return select(Ticket.number, Ticket.category, started, due, stopped)


def _clocks(kind: str) -> Callable[[Span, int], Select[Any]]:
    def source(span: Span, site_id: int) -> Select[Any]:
        runs = _columns(Clock.started_at, Clock.due_at, Clock.stopped_at).add_columns(Clock.credited)
        return runs.join(Clock, Clock.ticket_id == Ticket.id).where(
            facts.decided_in(span, kind), Clock.organisation_id == site_id
        )

    return source


def _tickets(span: Span, site_id: int) -> Select[Any]:
    opened = _columns(Ticket.opened_at, null(), Ticket.closed_at).where(span.holds(Ticket.opened_at))
    return opened.where(Ticket.handling_site_id == site_id)


def _open(span: Span, site_id: int) -> Select[Any]:
    return _tickets(span, site_id).where(Ticket.state.not_in(facts.ENDED))


def _handling(span: Span, site_id: int) -> Select[Any]:
    return _columns(Ticket.received_at, null(), Ticket.result_at).where(facts.handled_in(span, site_id))


def _appeals(span: Span, site_id: int) -> Select[Any]:
    return _appeal_rows(site_id).where(span.holds(Appeal.opened_at))


def _upheld(span: Span, site_id: int) -> Select[Any]:
    return _appeal_rows(site_id).where(facts.upheld_in(span))


def _appeal_rows(site_id: int) -> Select[Any]:
    rows = _columns(Appeal.opened_at, null(), Appeal.ruled_at).join(Appeal, Appeal.ticket_id == Ticket.id)
    return rows.where(Appeal.site_id == site_id)


def _results(span: Span, site_id: int) -> Select[Any]:
    rows = _columns(Ticket.received_at, null(), Event.at).join(Event, Event.ticket_id == Ticket.id)
    return rows.where(facts.results_in(span), facts.result_site() == site_id)


def _repeats(span: Span, site_id: int) -> Select[Any]:
    rows = _columns(Ticket.received_at, null(), Event.at).join(Event, Event.ticket_id == Ticket.id)
    return rows.where(facts.repeats_in(span), facts.repeat_site() == site_id)


# what has no source yet has no cases
MEASURES: dict[str, Callable[[Span, int], Select[Any]] | None] = {
    "tickets": _tickets, "open": _open, "handling": _handling, "first_reply": _clocks("first_reply"),
    "result": _clocks("resolve"), "results": _results, "appeals": _appeals, "appeal": _upheld, "repeat": _repeats,
    "party_reply": _clocks("party_reply"), "audit": None, "promise": None, "satisfaction": None,
}  # fmt: skip
# what a source has one row for; where nothing is said: a run of a clock
KEYS: dict[Any, Any] = {
    _tickets: Ticket.id, _open: Ticket.id, _handling: Ticket.id, _results: Event.id, _repeats: Event.id,
    _appeals: Appeal.id, _upheld: Appeal.id,
}  # fmt: skip
