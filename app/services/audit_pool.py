"""What a draw draws from, as it stood at the draw's cut: the same rows come out whenever it is asked. Select only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, cast, exists, not_, or_, select, text
from sqlalchemy.orm import Session

from app.domain import audit_sample as rule
from app.domain import kinds
from app.domain.audit_policy import AuditPolicy
from app.domain.audit_sample import APPEAL, RECHECK, RED_FLAG, Candidate, Plan, Stratum
from app.domain.calendars import ONE_DAY, at_local, month_bounds
from app.models import Appeal, Audit, Event, ImportedTicket, Organisation, RedFlag, Ticket
from app.models.dialect_time import shanghai_day
from app.models.ticket import RESULTS
from app.models.types import Big
from app.services import scorecard_facts

ASSESSED = ("site", "hub", "department")


@dataclass(frozen=True)
class Given:
    """A result, or a withdrawal with proof (rulebook 7.7), as the pool needs it."""

    event_id: int
    ticket_id: int
    site_id: int
    author_id: int | None
    at: datetime


@dataclass(frozen=True)
class Pool:
    """Candidates with what they belong to, the strata they come from, and how much is drawn."""

    candidates: list[Candidate]
    given: dict[int, Given]
    strata: dict[int, Stratum]
    plan: Plan

    @property
    def digest(self) -> str:
        """Over everything that has a say."""
        rows: list[tuple[object, ...]] = [("candidate", one.id, one.stratum, one.why) for one in self.candidates]
        rows += [("stratum", key, s.results, s.drawn, s.weight) for key, s in self.strata.items()]
        return rule.digest([*rows, ("plan", *vars(self.plan).values())])


@dataclass(frozen=True)
class Span:
    """The part of a month that a draw of `day` looks at: from its first instant to midnight before `day`."""

    day: date
    first: date
    start: datetime
    cut: datetime
    elapsed: int
    days: int

    @classmethod
    def of(cls, day: date) -> Span:
        """The month of the day before `day`, so far."""
        last = day - ONE_DAY
        start, end = month_bounds(f"{last:%Y-%m}")
        return cls(day, last.replace(day=1), start, at_local(day, time(0)), last.day, round((end - start) / ONE_DAY))

    @property
    def drawn_days(self) -> tuple[date, date]:
        """The days of earlier draws for the same month: from the second on; the last is the day before this draw."""
        return self.first + ONE_DAY, self.day - ONE_DAY


def results(session: Session, since: datetime, until: datetime) -> list[Given]:
    """The results of assessed organisations between two instants, what was withdrawn by `until` left out."""
    columns = (Event.id, Event.ticket_id, _site(), Event.actor_id, Event.at)
    return [Given(*row) for row in session.execute(given_in(since, until, *columns))]


def _site() -> ColumnElement[Any]:
    """Whose result or withdrawal it is."""
    named = cast(Event.data["site_id"].as_string(), Big)
    return case((Event.type == "withdrawn", named), else_=scorecard_facts.result_site())


def given_in(since: datetime, until: datetime, *columns: Any) -> Any:
    """The statement over them, joined to the organisation; columns of it, of the ticket and of the event."""
    gone = or_(and_(Ticket.state == "withdrawn", Ticket.closed_at < until), scorecard_facts.taken_back())
    audited = or_(
        Event.data["to_audit"].as_boolean().is_(True),
        and_(Event.type == "result", not_(gone)),
    )
    return (
        select(*columns)
        .select_from(Event)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .join(Organisation, Organisation.id == _site())
        .where(text(f"event.{RESULTS}"), Event.at >= since, Event.at < until, audited, _on_board())
        .where(
            Ticket.kind.in_(kinds.SCORED),
            Organisation.kind.in_(ASSESSED),
            ~exists().where(ImportedTicket.ticket_id == Ticket.id),
        )
    )


def _on_board() -> ColumnElement[bool]:
    """A ticket from before its site was on board is the province's (rulebook 1)."""
    early = and_(Organisation.onboarded_from.is_not(None), shanghai_day(Ticket.opened_at) < Organisation.onboarded_from)
    return not_(early)


def of_day(session: Session, day: date, policy: AuditPolicy) -> Pool:
    """The pool of the daily sample."""
    span = Span.of(day)
    given = results(session, span.start, span.cut)
    drawn = _drawn(session, span)
    first = _flagged(session, span) | _appealed(session, span, given)
    candidates = [
        Candidate(one.event_id, one.site_id, first.get(one.event_id, rule.SAMPLE))
        for one in given if one.event_id not in drawn
    ]  # fmt: skip
    strata = _strata(session, span, policy, given, Counter(drawn.values()))
    plan = rule.plan_of(policy, span.elapsed, span.days)
    return Pool(candidates, {one.event_id: one for one in given}, strata, plan)


def _drawn(session: Session, span: Span) -> dict[int, int]:
    """The site of each result that earlier draws of the month took."""
    rows = select(Audit.result_event_id, Audit.site_id).where(Audit.day.between(*span.drawn_days))
    found = session.execute(rows.where(Audit.reason != RECHECK))
    return {event_id: site_id for event_id, site_id in found}  # noqa: C416 - a result is no mapping


def _flagged(session: Session, span: Span) -> dict[int, str]:
    noted = select(RedFlag.result_event_id).where(RedFlag.day > span.first, RedFlag.day <= span.day)
    return dict.fromkeys(session.scalars(noted), RED_FLAG)


def _appealed(session: Session, span: Span, given: Iterable[Given]) -> dict[int, str]:
    """The results of the month that customers rejected in it: the last one before each appeal."""
    by_ticket: dict[int, list[Given]] = {}
    for one in given:
        by_ticket.setdefault(one.ticket_id, []).append(one)
    opened = select(Appeal.ticket_id, Appeal.opened_at)
    found = {}
    for ticket_id, at in session.execute(opened.where(Appeal.opened_at >= span.start, Appeal.opened_at < span.cut)):
        before = [one for one in by_ticket.get(ticket_id, ()) if one.at <= at]
        if before:
            found[max(before, key=lambda one: (one.at, one.event_id)).event_id] = APPEAL
    return found


def _strata(
    session: Session, span: Span, policy: AuditPolicy, given: Iterable[Given], drawn: Counter[int]
) -> dict[int, Stratum]:
    counts = Counter(one.site_id for one in given)
    young = span.day - timedelta(days=policy.new_site_days)
    new = set(session.scalars(select(Organisation.id).where(Organisation.onboarded_from > young)))
    bad = _offenders(session, span.cut, policy)
    return {
        site_id: Stratum(n, drawn[site_id], rule.weight(policy, new=site_id in new, offender=site_id in bad))
        for site_id, n in counts.items()
    }


def _offenders(session: Session, cut: datetime, policy: AuditPolicy) -> set[int]:
    """Sites with an untruthful reply lately, by the marks as they stood at `cut`."""
    mark = case((Audit.revised_at < cut, Audit.mark), else_=Audit.first_mark)
    since = cut - timedelta(days=policy.offender_days)
    found = select(Audit.site_id).where(Audit.marked_at >= since, Audit.marked_at < cut, mark == "untruthful")
    return set(session.scalars(found.where(Audit.reason != RECHECK)))


def of_recheck(session: Session, day: date, policy: AuditPolicy) -> Pool:
    """The pool of headquarters' re-check: the audits marked in the month so far, a province a stratum."""
    span = Span.of(day)
    marked = select(Audit).where(Audit.marked_at >= span.start, Audit.marked_at < span.cut, Audit.reason != RECHECK)
    rows = {row.result_event_id: row for row in session.scalars(marked)}
    earlier = select(Audit.result_event_id, Audit.province_id).where(Audit.day.between(*span.drawn_days))
    taken = {event_id: place or 0 for event_id, place in session.execute(earlier.where(Audit.reason == RECHECK))}
    drawn, counts = Counter(taken.values()), Counter(row.province_id or 0 for row in rows.values())
    return Pool(
        [Candidate(n, row.province_id or 0, RECHECK) for n, row in rows.items() if n not in taken],
        {n: Given(n, row.ticket_id, row.site_id, row.author_id, row.marked_at or span.cut) for n, row in rows.items()},
        {place: Stratum(n, drawn[place]) for place, n in counts.items()},
        Plan(policy.recheck_percent, 0, None),
    )  # fmt: skip
