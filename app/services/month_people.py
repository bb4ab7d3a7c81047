"""The people of every organisation at the freeze of a month, and the same recomputed from the log (rulebook 5)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import people as rule
from app.domain.month_fold import Tally
from app.domain.people import Person
from app.domain.scorecards import Facts, Node
from app.domain.scoring_scheme import Scheme, of_plain
from app.models import FrozenPeople, Penalty
from app.models.dialect_many import insert_rows
from app.services import journal, person_facts
from app.services.scorecard_facts import People


def sha(text: str) -> str:
    """The digest of a canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()


def freeze(session: Session, month: str, facts: People, nodes: Sequence[Node], scheme: Scheme) -> dict[str, str]:
    """Write the sheet of each organisation that has people; their digests by the organisation's code, for the head.
    Inside the transaction of the freeze."""
    found = person_facts.named(session, month, facts)
    rows = []
    for node in nodes:
        if node.id in found:
            text = journal.canonical(rule.body(month, node, found[node.id], scheme))
            rows.append({
                "month": month, "organisation_id": node.id, "code": node.code, "body": text, "digest": sha(text),
            })  # fmt: skip
    if rows:
        insert_rows(session, FrozenPeople.__table__, rows)  # type: ignore[arg-type]
    return {str(row["code"]): str(row["digest"]) for row in rows}


def differences(
    session: Session, month: str, head: Mapping[str, Any], nodes: Sequence[Node], tally: Tally
) -> Iterator[str]:
    """What the log says otherwise of somebody than what was frozen. Months from before people were frozen have none.

    Names and who had an account are no matter of the log: they are taken from the frozen sheet.
    """
    if "people" not in head:
        return
    stored = {row.code: row for row in session.scalars(select(FrozenPeople).where(FrozenPeople.month == month))}
    yield from _seals(head["people"], stored)
    points, scheme = _points(session, month, tally), of_plain(head["scheme"])
    counted: dict[int, set[int]] = {}
    for place, person in (*tally.people, *points):
        counted.setdefault(place, set()).add(person)
    for node in nodes:
        row = stored.get(node.code)
        stood = json.loads(row.body) if row else {"people": []}
        names = {line["id"]: (line["name"], line["account"]) for line in stood["people"]}
        people = [
            Person(key, *names.get(key, ("", "")), tally.people.get((node.id, key), Facts()),
                   points.get((node.id, key), 0))
            for key in names.keys() | counted.get(node.id, set())
        ]  # fmt: skip
        wanted = rule.body(month, node, people, scheme)
        if people and (row is None or row.body != journal.canonical(wanted)):
            yield from rule.differences(node.code, stood, wanted)


def _seals(named: Mapping[str, str], stored: Mapping[str, FrozenPeople]) -> Iterator[str]:
    for code in sorted(named.keys() | stored.keys()):
        row = stored.get(code)
        if row is None or not sha(row.body) == row.digest == named.get(code):
            yield f"{code}: the sheet of its people does not have the digest that the month names"


def _points(session: Session, month: str, tally: Tally) -> dict[tuple[int, int], int]:
    """The points that stood at the freeze: it left nothing proposed, and what was contested went to the open month."""
    booked = select(Penalty.organisation_id, Penalty.person_id, func.sum(Penalty.points)).where(
        Penalty.month == month, Penalty.person_id != 0, Penalty.state == "confirmed",
        Penalty.created_at <= tally.window.now, Penalty.settled_at <= tally.window.now,
    )  # fmt: skip
    rows = session.execute(booked.group_by(Penalty.organisation_id, Penalty.person_id))
    return {(row[0], row[1]): int(row[2]) for row in rows}
