"""The tickets behind one number of a scorecard, with the instants that decided them (rulebook 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, not_, null, or_, select, true
from sqlalchemy.orm import Session

from app.domain.clocks import in_time
from app.domain.errors import NotFound
from app.domain.roles import Actor
from app.extensions import db
from app.models import Appeal, ArchivedTicket, Audit, Clock, Event, MonthClose, Survey, Ticket, entries
from app.services import months
from app.services import scorecard_facts as facts
from app.services.scope import visible_to
from app.services.scorecard_facts import Span
from app.services.scorecard_scope import Site, load_site, span_of

SHOWN = 1000  # cases on one page; all of them are in the export
Source = Callable[[Span, Any], Select[Any]]


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
    """The organisation and its cases, late ones first, then by their start; `more` where there are more than SHOWN,
    `archived` where tickets of the month lie in the archive, whose clocks and entries this list does not read."""

    site: Site
    rows: tuple[Case, ...]
    more: bool = False
    archived: bool = False


def cases(*, actor: Actor, month: str, organisation_code: str, measure: str, now: datetime) -> Cases:
    """The cases of one measure (a key of MEASURES) in the month, as many as the card counts, at most SHOWN.

    Raises NotFound for an unknown month, organisation or measure, NotAllowed for a role without cards.
    """
    session = db.session()
    statement, site = _asked_for(session, actor, Asked(month, organisation_code, measure), now)
    found = session.execute(statement.limit(SHOWN + 1)).all()
    rows = sorted((_case(*row[:-1]) for row in found[:SHOWN]), key=_late_first)
    return Cases(site, tuple(rows), len(found) > SHOWN, _moved(session, actor, month, site, now))


def _moved(session: Session, actor: Actor, month: str, site: Site, now: datetime) -> bool:
    """Whether a ticket that was at work in the month has gone to the archive since: the card counts it."""
    if not months.is_frozen(session, month) or session.scalar(select(ArchivedTicket.entry).limit(1)) is None:
        return False
    span, whose = span_of(month, now), facts.members(site.id, site.kind)
    at_work = Ticket.opened_at < span.end, Ticket.activity_at >= span.start, Ticket.archived_at.is_not(None)
    own = facts.of(Ticket.handling_site_id, whose)
    return session.scalar(select(Ticket.id).where(*at_work, own, visible_to(actor)).limit(1)) is not None


def leaves_out(session: Session, actor: Actor, asked: Asked, now: datetime) -> bool:
    """Whether the list leaves tickets out that lie in the archive. Raises NotFound, NotAllowed."""
    site = _asked_for(session, actor, asked, now)[1]
    return _moved(session, actor, asked.month, site, now)


def _late_first(row: Case) -> tuple[bool, datetime, str]:
    return row.in_time is not False, row.started_at, row.number


def below(
    session: Session, actor: Actor, asked: Asked, now: datetime, key_below: int, limit: int
) -> list[tuple[int, Case]]:
    """The same cases by falling id of what decided them (clock run, ticket, appeal, event) below `key_below`.

    One more than `limit` where there is more. Raises NotFound, NotAllowed.
    """
    statement, _site = _asked_for(session, actor, asked, now)
    key = _key(asked)
    statement = statement.where(key < key_below).order_by(key.desc()).limit(limit + 1)
    return [(row[-1], _case(*row[:-1])) for row in session.execute(statement)]


def in_span(
    session: Session, actor: Actor, code: str, measure: str, span: Span, key_below: int, limit: int
) -> list[tuple[int, Case]]:
    """The cases of a measure in any span of time, by falling id as in `below`. Raises NotFound, NotAllowed."""
    if measure not in MEASURES:
        raise NotFound("measure_not_found")
    statement, key = _of_span(session, actor, code, measure, span)
    found = session.execute(statement.where(key < key_below).order_by(key.desc()).limit(limit + 1))
    return [(row[-1], _case(*row[:-1])) for row in found]


def count_below(session: Session, actor: Actor, asked: Asked, now: datetime, key_below: int, most: int) -> int:
    """How many cases there are, at most `most`."""
    statement, _site = _asked_for(session, actor, asked, now)
    ids = statement.with_only_columns(_key(asked)).where(_key(asked) < key_below).limit(most)
    return session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def _asked_for(session: Session, actor: Actor, asked: Asked, now: datetime) -> tuple[Select[Any], Site]:
    """The cases with the key of their rows as the last column. A frozen month is looked at from its freeze."""
    if asked.measure not in MEASURES:
        raise NotFound("measure_not_found")
    frozen = session.scalar(select(MonthClose.frozen_at).where(MonthClose.month == asked.month))
    span, site = span_of(asked.month, frozen or now), load_site(session, actor, asked.code)
    return _of_site(actor, site, asked.measure, span), site


def _of_span(session: Session, actor: Actor, code: str, measure: str, span: Span) -> tuple[Select[Any], Any]:
    return _of_site(actor, load_site(session, actor, code), measure, span), MEASURES[measure][1]


def _of_site(actor: Actor, site: Site, measure: str, span: Span) -> Select[Any]:
    source, key = MEASURES[measure]
    whose = facts.members(site.id, site.kind)
    return source(span, whose).where(facts.measured(), visible_to(actor)).add_columns(key)


def _key(asked: Asked) -> Any:
    return MEASURES[asked.measure][1]


def _case(
    number: str, category: str, began: datetime, due: datetime | None, ended: datetime | None, credited: bool = True
) -> Case:
    good = None if due is None else ended is not None and in_time(ended, due) and credited
    return Case(number, category, began, due, ended, good)


def _columns(started: Any, due: Any, stopped: Any) -> Select[Any]:
    return select(Ticket.number, Ticket.category, started, due, stopped)


def _clocks(*kinds: str, late: bool = False) -> Source:
    def source(span: Span, whose: Any) -> Select[Any]:
        runs = _columns(Clock.started_at, Clock.due_at, Clock.stopped_at).add_columns(Clock.credited)
        missed = or_(Clock.stopped_at.is_(None), Clock.stopped_at > Clock.due_at, not_(Clock.credited))
        return runs.join(Clock, Clock.ticket_id == Ticket.id).where(
            facts.decided_in(span, *kinds), facts.of(Clock.organisation_id, whose), missed if late else true()
        )

    return source


def _tickets(span: Span, whose: Any) -> Select[Any]:
    opened = _columns(Ticket.opened_at, null(), Ticket.closed_at).where(span.holds(Ticket.opened_at))
    return opened.where(facts.of(Ticket.handling_site_id, whose))


def _open(span: Span, whose: Any) -> Select[Any]:
    return _tickets(span, whose).where(Ticket.state.not_in(facts.ENDED))


def _handling(span: Span, whose: Any) -> Select[Any]:
    handled = _columns(Ticket.received_at, null(), Ticket.result_at).where(facts.handled_in(span))
    return handled.where(facts.of(Ticket.handling_site_id, whose))


def _appeals(span: Span, whose: Any) -> Select[Any]:
    return _appeal_rows(whose).where(span.holds(Appeal.opened_at))


def _upheld(span: Span, whose: Any) -> Select[Any]:
    return _appeal_rows(whose).where(facts.upheld_in(span))


def _appeal_rows(whose: Any) -> Select[Any]:
    rows = _columns(Appeal.opened_at, null(), Appeal.ruled_at).join(Appeal, Appeal.ticket_id == Ticket.id)
    return rows.where(facts.of(Appeal.site_id, whose))


def _results(span: Span, whose: Any) -> Select[Any]:
    return _events(facts.results_in(span), facts.result_site(), whose)


def _repeats(span: Span, whose: Any) -> Select[Any]:
    return _events(facts.repeats_in(span), facts.repeat_site(), whose)


def _happened(column: Callable[[], Any], *kinds: str) -> Source:
    def source(span: Span, whose: Any) -> Select[Any]:
        return _events(facts.happened(span, *kinds), column(), whose)

    return source


def _events(where: Any, column: Any, whose: Any) -> Select[Any]:
    rows = _columns(Ticket.received_at, null(), Event.at).join(Event, entries.of_ticket(Ticket.id))
    return rows.where(where, facts.of(column, whose))


def _audits(span: Span, whose: Any) -> Select[Any]:
    """One found true is shown as good, as if it had been due at its verdict; any other one as bad."""
    found_true = case((Audit.mark == "true", Audit.marked_at), else_=null())
    rows = _columns(Ticket.received_at, Audit.marked_at, found_true).join(Audit, Audit.ticket_id == Ticket.id)
    return rows.where(facts.marked_in(span), facts.of(Audit.site_id, whose))


def _ratings(span: Span, whose: Any) -> Select[Any]:
    rows = _columns(Survey.asked_at, null(), Survey.rated_at).join(Survey, Survey.ticket_id == Ticket.id)
    return rows.where(and_(facts.rated_in(span), facts.of(Survey.site_id, whose)))


# by measure where its cases come from, and the key of what the source has one row for
MEASURES: dict[str, tuple[Source, Any]] = {
    "tickets": (_tickets, Ticket.id), "open": (_open, Ticket.id), "handling": (_handling, Ticket.id),
    "overdue": (_clocks(*facts.LATE_KINDS, late=True), Clock.id), "first_reply": (_clocks("first_reply"), Clock.id),
    "result": (_clocks("resolve"), Clock.id), "party_reply": (_clocks("party_reply"), Clock.id),
    "promise": (_clocks("promise"), Clock.id), "ruling": (_clocks("ruling"), Clock.id), "results": (_results, Event.id),
    "appeals": (_appeals, Appeal.id), "appeal": (_upheld, Appeal.id), "repeat": (_repeats, Event.id),
    "audit": (_audits, Audit.id), "satisfaction": (_ratings, Survey.id),
    "disputes": (_happened(lambda: facts.named("organisation_id"), "party_disputed"), Event.id),
    "interventions": (_happened(lambda: facts.named("site_id"), "intervened"), Event.id),
    "assists": (_happened(lambda: Event.organisation_id, "acting_started", "help_answered"), Event.id),
    "chased": (_happened(lambda: Event.organisation_id, "site_urged"), Event.id),
}  # fmt: skip
