"""Counts what a person's hands do in a browser, whatever helper of the tests does it for them.

An action is a press: a click, a tap, a key that does something (Tab and the arrows only move). Filling fields is part of
the press that sends them, so that a form costs one action, however many fields it has; but each press on the way to them,
say on a tab, counts. Nobody counts by hand: every press of Playwright's page, locator, keyboard, mouse and touch screen
is counted where it happens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Keyboard, Locator, Mouse, Page, Touchscreen

POINTING = {
    Locator: ("click", "dblclick", "tap", "check", "uncheck", "set_checked", "drag_to"),
    Page: ("click", "dblclick", "tap", "check", "uncheck", "set_checked", "goto", "reload", "go_back"),
    Mouse: ("click", "dblclick", "down"), Touchscreen: ("tap",),
}  # fmt: skip
TYPING = {Locator: "press", Page: "press", Keyboard: "press"}
MOVES = frozenset({"Tab", "Shift+Tab", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "PageDown", "PageUp"})


class Hands:
    """Presses by pointer and by key, and the seconds since the beginning."""

    def __init__(self, name: str) -> None:
        self.name, self.pointed, self.keyed, self.depth, self.began = name, 0, 0, 0, time.monotonic()

    @property
    def n(self) -> int:
        """Actions so far."""
        return self.pointed + self.keyed

    def begin(self) -> None:
        """What was done before was no part of it."""
        self.pointed = self.keyed = 0
        self.began = time.monotonic()

    def told(self, what: str, *, actions: int, seconds: float) -> None:
        """Print what it took (`pytest -s` shows it); more than that fails."""
        took = time.monotonic() - self.began
        print(f"\n{what} [{self.name}]: {self.n} actions, {took:.1f} s")
        assert self.n <= actions, f"{what}: {self.n} actions, at most {actions}"
        assert took <= seconds, f"{what}: {took:.1f} s, at most {seconds}"

    def watched(self, call: Callable[..., Any], count: Callable[[tuple[Any, ...]], None]) -> Callable[..., Any]:
        """The call, counted once, though it may call others of them."""

        def counted(*args: Any, **more: Any) -> Any:
            if self.depth == 0:
                count(args)
            self.depth += 1
            try:
                return call(*args, **more)
            finally:
                self.depth -= 1

        return counted

    def point(self, _args: tuple[Any, ...]) -> None:
        """A press with the pointer."""
        self.pointed += 1

    def key(self, args: tuple[Any, ...]) -> None:
        """A key: the last argument names it."""
        self.keyed += str(args[-1]) not in MOVES


@pytest.fixture
def hands(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    """Counts from `begin` on."""
    counting = Hands(request.node.name)
    for kind, names in POINTING.items():
        for name in names:
            monkeypatch.setattr(kind, name, counting.watched(getattr(kind, name), counting.point))
    for kind, name in TYPING.items():
        monkeypatch.setattr(kind, name, counting.watched(getattr(kind, name), counting.key))
    yield counting
