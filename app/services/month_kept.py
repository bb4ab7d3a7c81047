"""Everybody's counts of a month that is not frozen, kept in the process where to count them takes long.

A network of a thousand sites and a million tickets takes the database seconds, which each look at a card would ask for
again. So what took SLOW is kept, KEEP_TIMES as long as it took: a process spends at most that part of its time on it.
Nothing is kept of a small house. Only pages take from here, and say from when it is: what freezes, charges or is handed
on counts for itself (`month_books.counted`).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

from sqlalchemy.orm import Session

from app.domain.calendars import month_of
from app.domain.scoring_scheme import Scheme
from app.services import month_books, months
from app.services.month_books import Counted
from app.services.scorecard_facts import Span

SLOW = 1.0  # seconds: what is counted faster is not kept
KEEP_TIMES = 50
LONGEST = timedelta(minutes=5)
MOST = 3  # months in a process: one of 10,000 sites takes twenty megabytes


@dataclass
class _Shelf:
    """The place of one month. `quick` once it was counted faster than SLOW: then nobody waits for anybody."""

    kept: Counted | None = None
    lasts: timedelta = timedelta()
    quick: bool = False
    counting: Lock = field(default_factory=Lock)

    def holds(self, now: datetime) -> Counted | None:
        """What is kept and still good. Who waited may have come a moment before it was counted."""
        found = self.kept
        if found is None or found.at is None or abs(now - found.at) >= self.lasts:
            return None
        return found


_shelves: dict[Hashable, _Shelf] = {}


def counted(session: Session, span: Span, scheme: Scheme) -> Counted:
    """Everybody's counts: kept ones, whose `at` tells from when they are, or those of `span.now`, which have none. One
    thread counts a month at a time, and those who wait take what it found."""
    shelf = _shelves.setdefault(_key(session, span, scheme), _Shelf())
    if shelf.quick:
        return _count(session, span, scheme, shelf)
    if months.is_frozen(session, month_of(span.start)):
        shelf.kept = None
        return month_books.counted(session, span, scheme)
    found = shelf.holds(span.now)
    if found is not None:
        return found
    with shelf.counting:
        return shelf.holds(span.now) or _count(session, span, scheme, shelf)


def _key(session: Session, span: Span, scheme: Scheme) -> Hashable:
    return session.get_bind().engine.url, span.start, span.end, scheme.version


def _count(session: Session, span: Span, scheme: Scheme, shelf: _Shelf) -> Counted:
    begun = monotonic()
    found = month_books.counted(session, span, scheme)
    took = monotonic() - begun
    shelf.quick = took < SLOW
    if shelf.quick:
        shelf.kept = None
    else:
        month_books.placed(found)  # every score, so that no look works them out again
        shelf.lasts = min(LONGEST, timedelta(seconds=took * KEEP_TIMES))
        shelf.kept = replace(found, at=span.now)
        _make_room(span.now)
    return found


def forget() -> None:
    """Keep nothing, as in a process that has just begun."""
    _shelves.clear()


def _make_room(now: datetime) -> None:
    """Forget what is too old, and the oldest of more than MOST."""
    full = []
    for shelf in list(_shelves.values()):
        if (kept := shelf.holds(now)) is None:
            shelf.kept = None
        else:
            full.append((kept.at or now, shelf))
    for _at, shelf in sorted(full, key=lambda one: one[0], reverse=True)[MOST:]:
        shelf.kept = None
