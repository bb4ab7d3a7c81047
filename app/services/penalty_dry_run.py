"""What a month's penalties would have been under another version of one rule, by province. Select only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import penalties as rule
from app.domain.penalties import Entry
from app.domain.penalty_facts import Fact
from app.domain.penalty_rules import CAP, PenaltyRule
from app.models import Organisation, Penalty
from app.services import penalty_rules

CHUNK = 500  # tickets read at once
NEVER_CHARGED = ("absorbed",)  # waived by the arithmetic itself, so that it is reckoned anew


@dataclass
class Change:
    """One province, or the network: facts of the rule, what they cost and would have cost, and all penalties of these
    tickets, because the cap and absorption move others too. Fen and points."""

    facts: int = 0
    was_fen: int = 0
    then_fen: int = 0
    was_points: int = 0
    then_points: int = 0
    all_was_fen: int = 0
    all_then_fen: int = 0


def run(session: Session, draft: PenaltyRule, month: str) -> dict[int | None, Change]:
    """The change by province id, None for the network, over the month's facts as the ledger holds them.

    Entries that were waived by a ruling or because their fact had gone stay out of both sums. Tickets are read in
    chunks by their id: the month's size costs time and no memory.
    """
    stored = penalty_rules.rules(session)
    draft = replace(draft, version=10**6, effective_from=datetime(1970, 1, 1, tzinfo=UTC))
    other = [one for one in stored if one.code != draft.code]
    found: dict[int | None, Change] = {None: Change()}
    for rows in _tickets(session, draft, month):
        facts, provinces = _facts(rows), {row.organisation_id: row.province_id for row in rows}
        wanted = {(row.rule, rule.base_of(row.occurrence), row.organisation_id) for row in rows if row.month == month}
        was = rule.reconcile(facts, stored).new
        then = rule.reconcile(facts, [*other, draft]).new
        for place, sign in ((was, "was"), (then, "then")):
            _add(found, place, provinces, wanted, draft, sign)
    return found


def _add(
    found: dict[int | None, Change], entries: Iterable[Entry], provinces: dict[int, int | None], wanted: set[Any],
    draft: PenaltyRule, which: str,
) -> None:  # fmt: skip
    for entry in entries:
        key = (entry.rule, rule.base_of(entry.occurrence), entry.organisation_id)
        known = key in wanted or (which == "then" and entry.rule == draft.code)
        if entry.absorbed_by or not known:
            continue
        for place in {None, provinces.get(entry.organisation_id)}:
            one = found.setdefault(place, Change())
            setattr(one, f"all_{which}_fen", getattr(one, f"all_{which}_fen") + entry.amount_fen)
            if entry.rule == draft.code:
                one.facts += which == "was"
                setattr(one, f"{which}_fen", getattr(one, f"{which}_fen") + entry.amount_fen)
                setattr(one, f"{which}_points", getattr(one, f"{which}_points") + entry.points)


def _tickets(session: Session, draft: PenaltyRule, month: str) -> Iterator[list[Penalty]]:
    """All standing entries of each ticket that the rule touches in the month."""
    touched = select(Penalty.ticket_id).where(Penalty.month == month)
    if draft.kind != CAP:
        touched = touched.where(Penalty.rule == draft.code)
    last = 0
    while True:
        chunk = touched.where(Penalty.ticket_id > last).distinct().order_by(Penalty.ticket_id).limit(CHUNK)
        ids = list(session.scalars(chunk))
        if not ids:
            return
        last = ids[-1]
        rows = session.scalars(select(Penalty).where(Penalty.ticket_id.in_(ids)).order_by(Penalty.ticket_id))
        for _ticket, mine in groupby(rows, key=lambda row: row.ticket_id):
            yield [row for row in mine if _stands(row)]
        session.expunge_all()


def _stands(row: Penalty) -> bool:
    return row.corrects_id is None and (row.state != rule.WAIVED or row.reason in NEVER_CHARGED)


def _facts(rows: Sequence[Penalty]) -> list[Fact]:
    """The facts behind stored entries, each once: what belongs to a person is a part of its fact."""
    found: dict[tuple[str, str], Fact] = {}
    for row in rows:
        name = rule.fact_of(row.occurrence)
        fact = Fact(row.rule, name, row.organisation_id, row.decided_at, (), row.cause, row.base_fen)
        found.setdefault((row.rule, name), fact)
    return list(found.values())


def provinces(session: Session) -> list[Organisation]:
    """Every province, by code."""
    return list(
        session.scalars(select(Organisation).where(Organisation.kind == "province").order_by(Organisation.code))
    )
