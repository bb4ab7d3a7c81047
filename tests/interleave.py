"""Two operations on two connections, one step at a time: a schedule says whose turn it is.

A step ends at a named point (app/failpoints), at the operation's end, or where it has to wait for the other one's lock:
then the other goes on. On a schedule of n and m steps nothing is left to chance but how soon a waiting one is noticed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations
from typing import Any

from flask import Flask

from app import failpoints
from app.domain.errors import DomainError
from app.extensions import db

NOTICE = 0.03  # seconds without a word from one that may have to wait for the other's row
STUCK = 30.0
WRITES = frozenset({"write.commit"})


class One:
    """One of the two: a thread that goes on from point to point when it is told to."""

    def __init__(self, app: Flask, verb: Callable[[], Any], points: Collection[str]) -> None:
        self.app, self.verb, self.points = app, verb, points
        self.go, self.told = threading.Event(), threading.Event()
        self.ended: Any = None
        self.over = self.inside = False  # inside: it holds what a write transaction holds
        self.thread = threading.Thread(target=self._run, daemon=True)

    def hear(self, point: str) -> None:
        """In the thread: stop here, where it is one of the points, until the schedule lets it go on."""
        if point == "write.committed":
            self.inside = False
        if point == "write.begun":
            self.inside = True
        if point in self.points:
            self._park()

    def _park(self) -> None:
        self.told.set()
        assert self.go.wait(STUCK), "nobody lets it go on"
        self.go.clear()

    def _run(self) -> None:
        with self.app.app_context():
            self._park()
            try:
                self.ended = self.verb()
            except DomainError as refused:
                self.ended = refused.code
            except BaseException as error:
                self.ended = error
            finally:
                db.session.remove()
                self.over, self.inside = True, False
                self.told.set()

    def step(self, other: One, one_writer: bool) -> None:
        """Go on to the next point or to the end; where the other one is in a transaction it may have to wait."""
        if self.over:
            return
        if self.told.is_set():
            self.told.clear()
            self.go.set()
        waits = other.inside and not other.over
        self.told.wait((0 if one_writer else NOTICE) if waits else STUCK)


def play(
    app: Flask, verbs: Sequence[Callable[[], Any]], schedule: Sequence[int], points: Collection[str] = WRITES
) -> list[Any]:
    """Both verbs by the schedule (0 and 1), then to their ends; what each returned, or the code of its refusal."""
    one_writer = db.engine.dialect.name == "sqlite"
    pair = [One(app, verb, points) for verb in verbs]
    mine = {one.thread: one for one in pair}

    def hook(point: str) -> None:
        if (one := mine.get(threading.current_thread())) is not None:
            one.hear(point)

    with failpoints.armed(hook):
        for one in pair:
            one.thread.start()
            assert one.told.wait(STUCK)
        for turn in (*schedule, *[0, 1] * 200):
            pair[turn].step(pair[1 - turn], one_writer)
            if all(one.over for one in pair):
                break
        for one in pair:
            one.thread.join(STUCK)
    for one in pair:
        if isinstance(one.ended, BaseException):
            raise one.ended
    return [one.ended for one in pair]


def schedules(first: int, second: int) -> Iterator[list[int]]:
    """Every order of so many steps of the one and so many of the other."""
    for places in combinations(range(first + second), second):
        yield [int(n in places) for n in range(first + second)]
