"""What a card shows beside its counts, for everybody at once: percentiles, categories and root causes.

One grouped statement each for the whole network, never a loop over sites.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from app.domain import scoring
from app.domain.scorecards import Counts
from app.models import Organisation, Ticket
from app.models.dialect_time import whole_seconds
from app.services import scorecard_facts
from app.services.scorecard_facts import Span, measured, onboarded

EVERYBODY = 0  # the key of the whole network
STEP = 256  # seconds
Spread = dict[int, tuple[int | None, int | None]]


def handling(session: Session, span: Span) -> Spread:
    """(median, 90th percentile) of the handling time of each site in whole seconds by nearest rank."""
    key, seconds = Ticket.handling_site_id, whole_seconds(Ticket.received_at, Ticket.result_at)
    ranked = select(
        key.label("key"), seconds.label("seconds"),
        func.row_number().over(partition_by=key, order_by=seconds).label("place"),
        func.count().over(partition_by=key).label("many"),
    ).where(key.is_not(None), scorecard_facts.handled_in(span), onboarded(key)).subquery()  # fmt: skip
    c = ranked.c
    half, most = (50 * c.many + 99) // 100, (90 * c.many + 99) // 100
    rows = select(c.key, c.seconds, c.place == half, c.place == most).where(or_(c.place == half, c.place == most))
    found: dict[int, list[int | None]] = {}
    for organisation_id, value, is_median, is_p90 in session.execute(rows):
        own = found.setdefault(organisation_id, [None, None])
        own[0] = int(value) if is_median else own[0]
        own[1] = int(value) if is_p90 else own[1]
    return {organisation_id: (pair[0], pair[1]) for organisation_id, pair in found.items()}


def handling_above(session: Session, span: Span) -> Spread:
    """The same of each province and, under EVERYBODY, of the network, without sorting a month of tickets: one look
    counts by steps of STEP seconds, a second one reads the seconds of the few steps in which a figure lies."""
    seconds = whole_seconds(Ticket.received_at, Ticket.result_at)
    step = (seconds // STEP).label("step")
    steps = _by_province(session, span, step, [])
    wanted = sorted({at for own in steps.values() for at, _rest in _places(own)})
    exact = _by_province(session, span, seconds, [step.in_(wanted)]) if wanted else {}
    found: Spread = {}
    for key, own in steps.items():
        pair = [_nth({s: n for s, n in exact[key].items() if s // STEP == at}, rest) for at, rest in _places(own)]
        found[key] = pair[0], pair[1]
    return found


def _by_province(session: Session, span: Span, column: Any, where: list[Any]) -> dict[int, dict[int, int]]:
    """How many tickets have each value of a column, by province and for the network."""
    statement = (
        select(Organisation.province_id, column, func.count())
        .join(Organisation, Organisation.id == Ticket.handling_site_id)
        .where(scorecard_facts.handled_in(span), onboarded(Ticket.handling_site_id), *where)
    )
    found: dict[int, dict[int, int]] = {}
    for province, value, number in session.execute(statement.group_by(text("1"), text("2"))):
        for key in {EVERYBODY, province or EVERYBODY}:
            own = found.setdefault(key, {})
            own[int(value)] = own.get(int(value), 0) + int(number)
    return found


def _places(steps: Mapping[int, int]) -> list[tuple[int, int]]:
    """In which step the median and the 90th percentile lie, and which one of that step they are."""
    many, found = sum(steps.values()), []
    for percent in (50, 90):
        left = (percent * many + 99) // 100
        for at in sorted(steps):
            if left <= steps[at]:
                found.append((at, left))
                break
            left -= steps[at]
    return found


def _nth(values: Mapping[int, int], place: int) -> int:
    """The value in that place (from 1 on) when each is written as often as it counts."""
    for value in sorted(values):
        if place <= values[value]:
            return value
        place -= values[value]
    raise ValueError("there are not so many")


def counts(session: Session, span: Span, column: Any) -> dict[int, Counts]:
    """(code, tickets opened in the month) by site for a column of the ticket, the most frequent first, without ""."""
    statement = select(Ticket.handling_site_id, column, func.count()).where(
        span.holds(Ticket.opened_at), measured(), Ticket.handling_site_id.is_not(None), column != "",
        onboarded(Ticket.handling_site_id),
    ).group_by(Ticket.handling_site_id, column)  # fmt: skip
    found: dict[int, dict[str, int]] = {}
    for site_id, code, number in session.execute(statement):
        found.setdefault(site_id, {})[code] = int(number)
    return {site_id: ordered(own) for site_id, own in found.items()}


def ordered(own: Mapping[str, int]) -> Counts:
    """The most frequent first, equal ones by their code."""
    return tuple(sorted(own.items(), key=lambda pair: (-pair[1], pair[0])))


def together(every: Iterable[Counts]) -> Counts:
    """The counts of several organisations as one."""
    every = [own for own in every if own]
    if len(every) == 1:
        return every[0]
    found: dict[str, int] = {}
    for own in every:
        for code, number in own:
            found[code] = found.get(code, 0) + number
    return ordered(found)


def handling_of(session: Session, span: Span, whose: Any) -> tuple[int | None, int | None]:
    """The same pair for the tickets of one card (`scorecard_facts.members`)."""
    seconds = whole_seconds(Ticket.received_at, Ticket.result_at)
    every = select(seconds).where(scorecard_facts.handled_in(span), scorecard_facts.of(Ticket.handling_site_id, whose))
    values = [int(one) for one in session.scalars(every)]
    return scoring.median(values), scoring.percentile(values, 90)


def counts_of(session: Session, span: Span, column: Any, organisation_id: int, kind: str) -> Counts:
    """The counts of one card for a column of the ticket, the most frequent first."""
    whose = scorecard_facts.of(Ticket.handling_site_id, scorecard_facts.members(organisation_id, kind))
    statement = select(column, func.count()).where(span.holds(Ticket.opened_at), measured(), column != "", whose)
    return ordered({code: int(number) for code, number in session.execute(statement.group_by(column))})
