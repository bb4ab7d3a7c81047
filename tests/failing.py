"""A process that dies at a named point: nothing of ours gets to handle it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from app import failpoints

T = TypeVar("T")
PATIENCE_SECONDS = 60


class Killed(BaseException):
    """The process is gone."""


def kill(act: Callable[[], Any], point: str, nth: int = 1) -> int:
    """Let a process of its own do `act` and be killed (SIGKILL) where it reaches `point` for the nth time; how it ended.

    It is a fork: what dies is a process, and the libraries need not be read for it anew. No connection is shared."""
    from app.extensions import db

    db.session.remove()
    db.engine.dispose()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    reached: list[str] = []

    def hook(here: str) -> None:
        reached.append(here)
        if here == point and reached.count(here) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        signal.alarm(PATIENCE_SECONDS)
        with failpoints.armed(hook):
            act()
    finally:
        os._exit(1)  # neither the tests nor their clean-up go on here


@contextmanager
def dying(*points: str, nth: int = 1) -> Iterator[list[str]]:
    """Die when one of `points` (any point, where none is named) is reached for the nth time. Gives all that were
    reached; without a death the block just ends."""
    reached: list[str] = []

    def hook(point: str) -> None:
        reached.append(point)
        if (not points or point in points) and len([p for p in reached if not points or p in points]) == nth:
            raise Killed(point)

    with failpoints.armed(hook):
        yield reached


def deaths(act: Callable[[], Any], most: int = 400) -> Iterator[list[str]]:
    """Let `act` die at its first point, then at its second, and so on, until it ends alive. After each death gives the
    points that were reached: whoever iterates puts things as they were before, or lets time pass."""
    for nth in range(1, most):
        try:
            with dying(nth=nth) as reached:
                act()
        except Killed:
            yield reached
        else:
            return
    raise AssertionError(f"still dying after {most} points")


def die_everywhere(fresh: Callable[[], T], act: Callable[[T], Any], check: Callable[[T], None]) -> set[str]:
    """`act` on something fresh dies at its first point, another at its second, and so on; each time it is done again,
    twice, and `check` sees what became of it. Gives the points at which something died."""
    died: set[str] = set()
    for nth in range(1, 400):
        subject = fresh()
        try:
            with dying(nth=nth) as reached:
                act(subject)
        except Killed:
            died.add(reached[-1])
            act(subject)
            act(subject)
            check(subject)
        else:
            return died
    raise AssertionError("it never ends alive")
