"""Finds the rule for a word of another system: the exact word first, then patterns in which `*` stands for anything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Generic, TypeVar

Value = TypeVar("Value")
STAR = "*"


class Patterns(Generic[Value]):
    """Words and patterns with a value each. An exact word wins over every pattern, among patterns the first."""

    def __init__(self, rules: Iterable[tuple[str, Value]]) -> None:
        self._exact: dict[str, Value] = {}
        self._wild: list[tuple[re.Pattern[str], Value]] = []
        for word, value in rules:
            if STAR in word:
                parts = [re.escape(part) for part in word.split(STAR)]
                self._wild.append((re.compile("(.*?)".join(parts), re.DOTALL), value))
            else:
                self._exact.setdefault(word, value)
        self._known: dict[str, tuple[Value, tuple[str, ...]] | None] = {}

    def find(self, text: str) -> tuple[Value, tuple[str, ...]] | None:
        """The value for `text`, with the text itself and what each star stood for; None where nothing fits."""
        if text not in self._known:
            self._known[text] = self._look(text)
        return self._known[text]

    def value(self, text: str) -> Value | None:
        """Only the value."""
        found = self.find(text)
        return found[0] if found else None

    def _look(self, text: str) -> tuple[Value, tuple[str, ...]] | None:
        if text in self._exact:
            return self._exact[text], (text,)
        for pattern, value in self._wild:
            if found := pattern.fullmatch(text):
                return value, (text, *found.groups())
        return None


def fill(template: str, parts: tuple[str, ...]) -> str:
    """Put the parts of a match into a template: `{0}` is the whole text, `{1}` what the first star stood for."""
    for place, part in enumerate(parts):
        template = template.replace(f"{{{place}}}", part)
    return template
