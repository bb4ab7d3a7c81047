"""A process that dies at a named point: nothing of ours gets to handle it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from app import failpoints

T = TypeVar("T")
CHILD = """
import os, sys
from app import create_app, failpoints

reached = []

def kill(point):
    reached.append(point)
    if point == sys.argv[2] and reached.count(point) == int(sys.argv[3]):
        os.kill(os.getpid(), 9)

with create_app().app_context(), failpoints.armed(kill):
    {act}
"""  # a program: what it works on, where it dies, at the how manieth time


class Killed(BaseException):
    """The process is gone."""


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
