"""Recomputes a frozen month from the event log and compares it byte for byte (rulebook 5 "Month close").

What the log does not hold (names of organisations, delivered volumes, the version of the scoring) is taken from the
frozen month itself, whose digests cover it; penalties are read from the ledger as it stood at the freeze.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from app.domain import scorecards as cards
from app.domain.calendars import month_bounds
from app.domain.errors import NotFound
from app.domain.month_fold import Tally
from app.domain.month_steps import instant, tell
from app.domain.month_story import Entry, Story, Window
from app.domain.scorecards import Facts, Figures, Node
from app.domain.scoring_scheme import of_plain
from app.extensions import db
from app.models import ArchivedTicket, Event, FrozenCard, MonthClose, Penalty, Ticket
from app.models.dialect_locks import one_picture
from app.services import archive_reading, journal, month_books, month_people, penalty_totals
from app.services.month_freeze import sha
from app.services.scorecard_spread import ordered, together

CHUNK = 5000


@dataclass(frozen=True)
class Verified:
    """The outcome: how many cards and events were looked at, the month's digest, and every difference as a line."""

    month: str
    cards: int
    events: int
    digest: str
    differences: tuple[str, ...]


def verify(*, month: str) -> Verified:
    """Recompute a frozen month. Raises NotFound for one that is not frozen."""
    session = db.session()
    session.rollback()
    one_picture(session)
    row = session.get(MonthClose, month)
    if row is None or row.frozen_at is None:
        raise NotFound("month_not_frozen")
    stored = {card.code: card for card in session.scalars(select(FrozenCard).where(FrozenCard.month == month))}
    head = json.loads(row.head)
    differences = list(_seals(row, head, stored))
    plains = {code: json.loads(card.body) for code, card in stored.items()}
    nodes = sorted((cards.node_of(plain) for plain in plains.values()), key=lambda node: node.code)
    tally, events = fold(session, month, head, nodes)
    wanted = bodies(session, month, head, nodes, plains, tally)
    for node in nodes:
        if stored[node.code].body != journal.canonical(wanted[node.id]):
            differences += named(node.code, plains[node.code], wanted[node.id])
    differences += month_people.differences(session, month, head, nodes, tally)
    return Verified(month, len(stored), events, row.digest, tuple(differences))


def _seals(row: MonthClose, head: Mapping[str, Any], stored: Mapping[str, FrozenCard]) -> Iterator[str]:
    """Digests that do not fit what they stand for."""
    if sha(row.head) != row.digest:
        yield f"{row.month}: the head does not have the digest {row.digest}"
    for code in sorted(head["cards"].keys() | stored.keys()):
        card = stored.get(code)
        if card is None:
            yield f"{code}: the card is missing"
        elif not sha(card.body) == card.digest == head["cards"].get(code):
            yield f"{code}: the card does not have the digest that the month names"


def fold(session: Session, month: str, head: Mapping[str, Any], nodes: Iterable[Node]) -> tuple[Tally, int]:
    """The month's counts out of the events that were there at its freeze, and how many events those are."""
    start, end = month_bounds(month)
    window = Window(start, end, instant(head["frozen_at"]))
    tally, events = Tally(window, {node.id: node.onboarded_from for node in nodes}), 0
    for category, entries in _tickets(session, window, head):
        story = Story(category=category)
        for entry in entries:
            tell(story, entry)
        events += len(entries)
        tally.take(story)
    return tally, events


def _tickets(session: Session, window: Window, head: Mapping[str, Any]) -> Iterator[tuple[str, list[Entry]]]:
    """Ticket by ticket its events in their order. An imported receipt does not name our category: the ticket does."""
    edge, corrected = set(head["edge"]), _corrected_since(session, head)
    event = Event.__table__.c
    statement = (
        select(
            event.ticket_id,
            event.id,
            event.type,
            event.at,
            event.organisation_id,
            event.data,
            event.actor_id,
            Ticket.category,
        )
        .join(Ticket, Ticket.id == event.ticket_id)
        .where(Ticket.opened_at < window.end)
    )
    upper = max(edge, default=head["low"])
    yield from _archived(session, window, head, upper)
    rows = session.execute(
        statement.where(event.id <= upper).order_by(event.ticket_id, event.seq), execution_options={"yield_per": CHUNK}
    )
    for ticket_id, group in groupby(rows, key=lambda row: row[0]):
        seen = [row for row in group if row[1] <= head["low"] or row[1] in edge]
        if seen:
            category = corrected.get(ticket_id) or str(seen[0][7])
            yield category, [Entry(row[2], row[3], row[4], row[5], row[6]) for row in seen]


def _archived(
    session: Session, window: Window, head: Mapping[str, Any], upper: int
) -> Iterator[tuple[str, list[Entry]]]:
    """The same out of the archive. A document that is damaged tells nothing, so that the cards will differ."""
    edge = set(head["edge"])
    for held in archive_reading.documents(
        session, Ticket.opened_at < window.end, ArchivedTicket.first_event_id <= upper
    ):
        events = held.rows(Event)
        seen = [row for row in events if row.id <= head["low"] or row.id in edge]
        later = (row for row in events if row.id > head["low"] and row.id not in edge)
        if seen:
            named = next((str(row.data["from"]) for row in later if row.type == "category_corrected"), held.category)
            yield named, [Entry(row.type, row.at, row.organisation_id, row.data, row.actor_id) for row in seen]


def _corrected_since(session: Session, head: Mapping[str, Any]) -> dict[int, str]:
    """The categories that tickets had at the freeze, where they were corrected after it."""
    later = select(Event.id, Event.ticket_id, Event.data).where(
        Event.type == "category_corrected", Event.id > head["low"]
    )
    edge, rows = set(head["edge"]), session.execute(later.order_by(Event.id.desc()))
    return {ticket_id: str(data["from"]) for event_id, ticket_id, data in rows if event_id not in edge}


def bodies(
    session: Session, month: str, head: Mapping[str, Any], nodes: list[Node], plains: Mapping[str, Any], tally: Tally
) -> dict[int, dict[str, Any]]:
    """The cards as the log has them; `plains` are the frozen bodies by code."""
    members, whole = month_books.members_of(nodes), cards.roll_up(nodes, tally.facts)
    penalties, previous = _penalties(session, month, tally.window), month_books.scores_before(session, month)
    figures = {
        node.id: _figures(node, members[node.id], whole[node.id], tally, penalties, plains[node.code], previous)
        for node in nodes
    }
    return cards.bodies(month=month, nodes=nodes, figures=figures, scheme=of_plain(head["scheme"]))


def _figures(
    node: Node, members: list[int], facts: Facts, tally: Tally, penalties: Mapping[int, Mapping[str, int]],
    plain: Mapping[str, Any], previous: Mapping[int, int | None],
) -> Figures:  # fmt: skip
    named = [key for key in members if key in tally.categories or key in tally.causes or key in tally.seconds]
    found = asdict(penalty_totals.Totals())
    for key in members:
        for name, value in penalties.get(key, {}).items():
            found[name] += value
    return Figures(
        facts=facts, handling=tally.handling(named), penalties=found, delivered=plain["delivered"],
        categories=together(ordered(tally.categories.get(key, {})) for key in named),
        causes=together(ordered(tally.causes.get(key, {})) for key in named), previous=previous.get(node.id),
    )  # fmt: skip


def _penalties(session: Session, month: str, window: Window) -> dict[int, dict[str, int]]:
    """The ledger as the freeze left it: what was settled by then stands as it is, the rest was contested."""
    settled = and_(Penalty.settled_at.is_not(None), Penalty.settled_at <= window.now)
    statement = select(
        Penalty.organisation_id, Penalty.state, settled, func.sum(Penalty.amount_fen), func.sum(Penalty.points)
    ).where(Penalty.month == month, Penalty.created_at <= window.now)
    found: dict[int, dict[str, int]] = {}
    for organisation_id, state, done, fen, points in session.execute(
        statement.group_by(Penalty.organisation_id, Penalty.state, settled)
    ):
        own = found.setdefault(organisation_id, asdict(penalty_totals.Totals()))
        name = f"{state}_fen" if done else "contested_fen"
        own[name] += int(fen)
        own["points"] += int(points) if done and state == "confirmed" else 0
    return found


def named(code: str, stood: Mapping[str, Any], log: Mapping[str, Any]) -> Iterator[str]:
    """Every part of a card that differs, in the card's own names."""
    for key in sorted(stood.keys() | log.keys()):
        old, new = stood.get(key), log.get(key)
        if key == "facts" and isinstance(old, dict) and isinstance(new, dict):
            names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
            yield from (f"{code}: {name}: frozen {old.get(name)}, the log says {new.get(name)}" for name in names)
        elif old != new and key != "measures":
            yield f"{code}: {key}: frozen {journal.canonical(old)}, the log says {journal.canonical(new)}"
    if stood == log:
        yield f"{code}: the spelling is not the canonical one"
