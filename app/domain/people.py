"""What stands on the sheet of an organisation's people: who answered what, and the one canonical body (rulebook 5).

A person is measured on what the person answered: first replies and results by whoever stopped the clock, audits by who
wrote the result, points as the ledger booked them. What nobody answered in time is the organisation's alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain import scorecards as cards
from app.domain.scorecards import Facts, Node
from app.domain.scoring import Score
from app.domain.scoring_scheme import Scheme

FORMAT = 1
ANSWERS = {"first_reply": ("result", "follow_up"), "resolve": ("result",)}  # what stops these clocks, written by whom


@dataclass(frozen=True)
class Person:
    """One person's month; `points` are those that the ledger booked to the person and did not waive."""

    id: int
    name: str
    account: str
    facts: Facts
    points: int

    @property
    def counted(self) -> dict[str, int]:
        """The counts that are not 0."""
        return {name: number for name, number in vars(self.facts).items() if number}


def body(month: str, node: Node, people: Iterable[Person], scheme: Scheme) -> dict[str, Any]:
    """The sheet of one organisation as plain JSON values, its people by account."""
    return {
        "format": FORMAT, "month": month, "scheme": scheme.version, "organisation": dict(vars(node)),
        "people": [_line(one, scheme) for one in sorted(people, key=lambda one: (one.account, one.id))],
    }  # fmt: skip


def _line(one: Person, scheme: Scheme) -> dict[str, Any]:
    score = cards.score_of(one.facts, scheme)
    return {
        "id": one.id, "account": one.account, "name": one.name, "facts": one.counted, "points": one.points,
        "score": score.total_tenths, "grade": score.grade,
    }  # fmt: skip


def of_body(plain: Mapping[str, Any]) -> list[Person]:
    """The people of a stored body."""
    return [
        Person(line["id"], line["name"], line["account"], cards.facts_of(line), line["points"])
        for line in plain["people"]
    ]


def best_first(people: Sequence[Person], scheme: Scheme) -> list[tuple[Person, Score]]:
    """Everybody with the score, the best first, those without one at the end."""
    scored = [(one, cards.score_of(one.facts, scheme)) for one in people]
    scored.sort(key=lambda pair: (pair[1].total_tenths is None, -(pair[1].total_tenths or 0), pair[0].account))
    return scored


def differences(code: str, stood: Mapping[str, Any], log: Mapping[str, Any]) -> Iterable[str]:
    """Every figure of a person in which two bodies differ, in the sheet's own names."""
    before, now = ({line["id"]: line for line in one["people"]} for one in (stood, log))
    for key in sorted(before.keys() | now.keys()):
        old, new = before.get(key, {}), now.get(key, {})
        who = old.get("account") or new.get("account") or key
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                yield f"{code}: {who}: {name}: frozen {old.get(name)}, the log says {new.get(name)}"
