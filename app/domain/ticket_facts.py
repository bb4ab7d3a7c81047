"""What the transition table needs to know of a ticket (rulebook 3); services fill it from the row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cases:
    """Who has something to answer or to rule on in a ticket; ids of organisations, AT_HEADQUARTERS for CCS.

    `parties` are its responsible parties, `asked` those that owe an answer, `presumed` those presumed responsible,
    `contesting` those of them that may still contest it, `disputing` those whose dispute waits for the handling site,
    `rejected` those whose dispute may go to arbitration, `courts` who rules on something open, `hearing` those of them
    with a dispute before them, `ordered` who owes evidence, `provinces` those of all parties, `ruled` those on whom
    a court has ruled. `transfer` is true while
    a return waits for its ruling.
    """

    parties: frozenset[int] = frozenset()
    asked: frozenset[int] = frozenset()
    presumed: frozenset[int] = frozenset()
    contesting: frozenset[int] = frozenset()
    disputing: frozenset[int] = frozenset()
    rejected: frozenset[int] = frozenset()
    courts: frozenset[int] = frozenset()
    hearing: frozenset[int] = frozenset()
    ordered: frozenset[int] = frozenset()
    provinces: frozenset[int] = frozenset()
    ruled: frozenset[int] = frozenset()
    transfer: bool = False


NO_CASES = Cases()


@dataclass(frozen=True)
class TicketFacts:
    """What the table needs to know of a ticket; services fill it from the row."""

    state: str
    routed: bool = True
    handling_site_id: int | None = None
    province_id: int | None = None
    owner_id: int | None = None
    answered: bool = False
    customer_accepted: bool = False
    objection_over: bool = False
    open_promises: int = 0
    first_replied: bool = False
    hops: int = 0
    acting_id: int | None = None
    help_open: bool = False
    level: int = 0
    waiting: bool = False
    urged_by_superior: bool = False
    priority: str = "high"
    category_asked: bool = False
    cases: Cases = NO_CASES
    kind: str = "complaint"
    reporter_id: int | None = None  # the organisation inside the house that asked or reported
    regulator: bool = False  # a regulator's case: CCS closes it
    reminders: int = 0  # how often somebody asked again
