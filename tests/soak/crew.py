"""Processes of their own that do the same at one moment, and how large a measure is taken.

`SOAK=full` takes the figures of docs/promise-proofs.md (`make soak`); without it a small share of them runs with the suite.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import contextmanager
from typing import IO, Any

PATIENCE = 3600


def size(small: int, full: int) -> int:
    """How many."""
    return full if os.environ.get("SOAK") == "full" else small


class Crew:
    """`n` processes; each does `act(word)` for each word that it is told, and says what came of it."""

    def __init__(self, n: int, act: Callable[[Any], Any]) -> None:
        from app.extensions import db

        db.session.remove()
        db.engine.dispose()  # no connection is shared
        self.hands: list[tuple[int, IO[str], IO[str]]] = []
        for _hand in range(n):
            self.hands.append(self._hire(act))

    def _hire(self, act: Callable[[Any], Any]) -> tuple[int, IO[str], IO[str]]:
        told, tells = os.pipe()
        heard, says = os.pipe()
        child = os.fork()
        if child:
            os.close(told)
            os.close(says)
            return child, os.fdopen(tells, "w"), os.fdopen(heard)
        try:
            for _child, other, _heard in self.hands:
                os.close(other.fileno())
            os.close(tells)
            signal.alarm(PATIENCE)
            with os.fdopen(told) as words, os.fdopen(says, "w") as answers:
                for word in words:
                    answers.write(json.dumps(act(json.loads(word))) + "\n")
                    answers.flush()
        finally:
            os._exit(0)

    def all(self, word: Any = None) -> list[Any]:
        """Let all do it at once; what each says. One that died fails the test."""
        for _child, tells, _heard in self.hands:
            tells.write(json.dumps(word) + "\n")
            tells.flush()
        said = [heard.readline() for _child, _tells, heard in self.hands]
        assert all(said), "a process ended before it had answered"
        return [json.loads(line) for line in said]

    def go(self) -> None:
        """Let them go home."""
        for child, tells, heard in self.hands:
            tells.close()
            heard.close()
            os.waitpid(child, 0)


@contextmanager
def crew(n: int, act: Callable[[Any], Any]) -> Any:
    """A crew for a block."""
    hands = Crew(n, act)
    try:
        yield hands
    finally:
        hands.go()
