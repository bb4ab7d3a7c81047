"""What a desk's list says of a ticket: a row for each scope in which it is open work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain import lifecycle, urging
from app.models import Ticket

REGULATOR = "regulator"  # the channel, and the flag of a ticket that the regulator asked about later
NO_DUE = datetime(9999, 1, 1, tzinfo=UTC)
BESIDE = ("party", "reporter")  # the ticket's own clocks are not theirs
ELSEWHERE = "elsewhere"  # the queue of what a desk beside the ticket asked or answered, and others have to work
ON_TOP = datetime(2000, 1, 1, tzinfo=UTC)  # before every due: a broken promise (rulebook 3.7)


@dataclass(frozen=True)
class Seat:
    """A scope in which the ticket is open work: who sits there, and what is asked of exactly this desk until when."""

    desk: str
    due_at: datetime | None = None
    queue: str = ""
    late: bool = False


def item_of(ticket: Ticket, scope: int, seat: Seat, at: datetime) -> dict[str, Any]:
    """The ticket's work item in a scope, by the names of its columns."""
    late = seat.late if seat.desk in BESIDE else ticket.overdue or seat.late
    item = {
        "scope": scope, "ticket_id": ticket.id, "activity_at": at, "queue": ticket.queue,
        "due_at": ON_TOP if lifecycle.on_top(ticket.flags, ticket.state) else ticket.next_due_at or NO_DUE,
        "category": ticket.category, "state": ticket.state, "owner_id": ticket.owner_id, "kind": ticket.kind,
        "overdue": late, "turn": _turn(ticket, scope, seat), "urged": seat.desk not in BESIDE and urging.stands(
            ticket.state, urge_count=ticket.urge_count, urged_at=ticket.urged_at, result_at=ticket.result_at
        ),
    }  # fmt: skip
    if seat.due_at is not None:
        _ask(item, seat.due_at, seat)
    elif seat.queue:
        item["queue"], item["turn"] = seat.queue, True
    elif seat.desk in BESIDE and not item["turn"]:
        item["queue"] = ELSEWHERE
    return item


def _turn(ticket: Ticket, scope: int, seat: Seat) -> bool:
    return lifecycle.turn_of(
        seat.desk, ticket.state, routed=ticket.handling_site_id is not None, in_province=ticket.province_id is not None,
        overdue=ticket.overdue, level=ticket.level, acting=_acts(ticket, scope),
        waiting=ticket.waiting_until is not None, help_open=wants_help(ticket),
        to_close=(ticket.customer_accepted or ticket.objection_over) and not ticket.open_promises,
        regulator=regulator(ticket),
    )  # fmt: skip


def regulator(ticket: Ticket) -> bool:
    """Whether the postal regulator (12305) stands behind it, from the beginning or by asking later."""
    return ticket.channel == REGULATOR or REGULATOR in (ticket.flags or [])


def _acts(ticket: Ticket, scope: int) -> bool:
    """Whether this scope's desk works the ticket itself; headquarters is scope 0, and acts where no province does."""
    at_headquarters = scope == 0 and ticket.handling_site_id is None and ticket.province_id is None
    return ticket.acting_id is not None and (ticket.acting_id == scope or at_headquarters)


def _ask(item: dict[str, Any], due_at: datetime, seat: Seat) -> None:
    """What is asked of this desk alone goes first, but for a handling site that has the ticket to work anyway."""
    item["due_at"] = min(item["due_at"], due_at) if item["turn"] else due_at
    if not (item["turn"] and seat.desk == "site"):
        item["queue"], item["turn"] = seat.queue, True


def wants_help(ticket: Ticket) -> bool:
    """Whether the site waits for its superior, who does not act for it yet."""
    asked, helped = ticket.help_asked_at is not None, ticket.acting_id == ticket.province_id
    return asked and not helped and ticket.state in lifecycle.BEFORE_THE_END
