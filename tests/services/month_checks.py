"""The books of a month counted twice: from the rows, and folded from the event log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.services import journal, month_books, month_freeze, month_verify, person_facts, scoring_schemes
from app.services.scorecard_facts import Span


def differences(session: Any, month: str, now: datetime) -> list[str]:
    """Every figure in which the rows and the log differ, as they would at a freeze `now`."""
    session.rollback()
    scheme = scoring_schemes.of_month(session, month)
    books = month_books.books(session, month, Span.of(month, now), scheme)
    bodies = books.bodies()
    plains = {one.code: bodies[one.id] for one in books.nodes}
    head = {"frozen_at": now.isoformat(), "scheme": scheme.plain(), **month_freeze.visible(session)}
    tally, _events = month_verify.fold(session, month, head, books.nodes)
    wanted = month_verify.bodies(session, month, head, list(books.nodes), plains, tally)
    counted = {
        (place, one.id): one.counted
        for place, people in person_facts.people(session, month, Span.of(month, now)).items() for one in people
    }  # fmt: skip
    folded = {key: {n: v for n, v in vars(own).items() if v} for key, own in tally.people.items()}
    assert {key: own for key, own in counted.items() if own} == folded
    for one in (*bodies.values(), *wanted.values()):
        one.pop("penalties", None)  # a freeze settles them, and nothing is frozen here
    return [
        line for one in books.nodes if journal.canonical(bodies[one.id]) != journal.canonical(wanted[one.id])
        for line in month_verify.named(one.code, bodies[one.id], wanted[one.id])
    ]  # fmt: skip
