"""The freeze of a month: once, whole or not at all, from one picture of the books (rulebook 5 "Month close")."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app import failpoints
from app.domain.errors import NotAllowed, NotFound
from app.domain.month_dates import freeze_from
from app.domain.roles import Actor
from app.domain.scorecards import Node
from app.models import ArchivedTicket, Event, FrozenCard, MonthClose
from app.models.dialect import lock_key, read_much
from app.models.dialect_many import insert_rows
from app.services import (
    archive_reading,
    journal,
    month_amendments,
    month_books,
    month_people,
    months,
    penalty_settling,
    scoring_schemes,
)
from app.services.month_people import sha as sha
from app.services.scorecard_facts import Span
from app.services.transaction import write

log = logging.getLogger(__name__)
EDGE_MS = 120_000  # events younger than this against the youngest are named one by one
LOCK = "month close"


@dataclass(frozen=True)
class Frozen:
    """What a freeze did: how many cards and corrections, and the month's digest."""

    month: str
    cards: int
    amendments: int
    digest: str


def freeze(*, actor: Actor, month: str, now: datetime) -> Frozen:
    """Freeze a month: settle its penalties, write every card and the head, all in one transaction.

    Everything is read from one picture of the database; what others write meanwhile is not in it and counts as a
    correction in the open month. Raises NotFound for no such month, NotAllowed ("not_allowed", "too_early" with `at`,
    "already_frozen", "earlier_open" and "later_frozen" with `month`, "freeze_met_writer": nothing is done, and it may
    be tried again).
    """
    span = _span(month, now)
    if not actor.can("month_close"):
        raise NotAllowed("not_allowed")
    if now < freeze_from(month):
        raise NotAllowed("too_early", at=freeze_from(month))
    try:
        with write(one_picture=True) as session:
            lock_key(session, LOCK)
            _refuse(session, month)
            failpoints.reach("freeze.begun")
            penalty_settling.settle_in(session, month, now)
            session.flush()
            done = _write(session, month, span, actor)
            failpoints.reach("freeze.written")
            return done
    except (IntegrityError, OperationalError) as error:  # somebody else froze it, or wrote what is settled here
        log.warning("month %s: the freeze met another writer: %s", month, type(error.orig).__name__)
        raise NotAllowed("freeze_met_writer") from None


def _span(month: str, now: datetime) -> Span:
    try:
        span = Span.of(month, now)
    except (ValueError, OverflowError):
        raise NotFound("month_not_found") from None
    if span.start > now:
        raise NotFound("month_not_found")
    return span


def _refuse(session: Session, month: str) -> None:
    if months.is_frozen(session, month):
        raise NotAllowed("already_frozen")
    drafted = select(MonthClose.month).where(MonthClose.month < month, MonthClose.frozen_at.is_(None))
    earlier = session.scalar(drafted.order_by(MonthClose.month).limit(1))
    if earlier is not None:
        raise NotAllowed("earlier_open", month=earlier)
    # the later one has taken in what the books said of all before it, and stands as it is
    closed = select(func.max(MonthClose.month)).where(MonthClose.month > month, MonthClose.frozen_at.is_not(None))
    if (later := session.scalar(closed)) is not None:
        raise NotAllowed("later_frozen", month=later)


def _write(session: Session, month: str, span: Span, actor: Actor) -> Frozen:
    read_much(session)
    scheme = scoring_schemes.of_month(session, month)
    books = month_books.books(session, month, span, scheme)
    failpoints.reach("freeze.counted")
    found = month_amendments.find(session, month, span.now)
    rows = [_card(month, one, body) for one, body in zip(books.nodes, books.bodies().values(), strict=True)]
    failpoints.reach("freeze.made")
    if rows:
        insert_rows(session, FrozenCard.__table__, rows)  # type: ignore[arg-type]
    people = month_people.freeze(session, month, books.people, books.nodes, scheme)
    head = journal.canonical({
        "format": 1, "month": month, "frozen_at": span.now, "scheme": scheme.plain(), **visible(session),
        "cards": {row["code"]: row["digest"] for row in rows}, "people": people,
        "amendments": found,
    })  # fmt: skip
    row = session.get(MonthClose, month) or MonthClose(month=month)
    row.frozen_at, row.frozen_by_id, row.scheme_version = span.now, actor.user_id, scheme.version
    row.head, row.digest = head, sha(head)
    session.add(row)
    session.flush()
    return Frozen(month, len(rows), len(found), row.digest)


def _card(month: str, one: Node, body: dict[str, Any]) -> dict[str, Any]:
    text = journal.canonical(body)
    return {
        "month": month, "organisation_id": one.id, "province_id": one.province_id, "kind": one.kind, "code": one.code,
        "score": body["score"], "body": text, "digest": sha(text),
    }  # fmt: skip


def visible(session: Session) -> dict[str, Any]:
    """Which events were there: all up to the id `low`, and of the younger ones those that `edge` names. A transaction
    that was under way at the freeze has drawn an older id than it has committed; so an id alone would not tell."""
    moved = session.scalar(select(func.max(ArchivedTicket.last_event_id))) or 0
    newest = max(session.scalar(select(func.max(Event.id))) or 0, moved)
    low = max(newest - (EDGE_MS << 22), 0)
    edge = list(session.scalars(select(Event.id).where(Event.id > low)))
    for held in archive_reading.documents(session, ArchivedTicket.last_event_id > low):
        edge += [event.id for event in held.rows(Event) if event.id > low]
    return {"low": low, "edge": sorted(edge)}
