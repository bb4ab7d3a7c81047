"""INV: what holds after every fault, on either engine, asked of the database alone.

The third side of it, what the platform and the gateway say, is compared by `make chaos`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Event, Outbox, Penalty, PlatformOrder, PushKey, Reminder, Ticket
from app.services import chain, penalty_totals

SETTLED, TRIED = ("sent", "failed"), ("pending", "claimed", "sending", "unknown")


def broken(session: Session) -> list[str]:
    """Everything that does not hold; empty where all is well."""
    session.rollback()
    found = [*_orders(session), *_intents(session), *_reminders(session), *_penalties(session), *_ledger(session)]
    found += [f"chain: {fault.what} at {fault.where}, entry {fault.seq}" for fault in chain.verify(session).faults]
    session.rollback()
    return found


def _orders(session: Session) -> Iterator[str]:
    """Every push that was taken has exactly one order, and that has exactly one ticket."""
    tickets = set(session.scalars(select(Ticket.id)))
    orders = session.execute(select(PlatformOrder.connection_id, PlatformOrder.code, PlatformOrder.ticket_id)).all()
    known = Counter((row.connection_id, row.code) for row in orders)
    yield from (f"order {row.code} has no ticket" for row in orders if row.ticket_id not in tickets)
    yield from (f"order {key[1]} is there {n} times" for key, n in known.items() if n != 1)
    taken = select(PushKey.connection_id, PushKey.order_code).where(PushKey.msg_type == "WORK_ORDER_ISSUE")
    for connection, code in session.execute(taken):
        if not known[connection, code]:
            yield f"push {code} was taken and has no order"


def _intents(session: Session) -> Iterator[str]:
    """Each is delivered, failed with a reason, or unknown or waiting with a next try; or its answer was taken back
    before it left, and the ticket's history says so."""
    undone = session.scalars(select(Event).where(Event.type == "result_undone"))
    taken_back = {outbox_id for event in undone for outbox_id in event.data["outbox_ids"]}
    for row in session.scalars(select(Outbox)):
        if row.state == "withdrawn" and row.id in taken_back:
            continue
        if row.state not in SETTLED + TRIED:
            yield f"outbox {row.id} is {row.state}"
        elif row.state in TRIED and row.next_try_at is None:
            yield f"outbox {row.id} is {row.state} and nobody will try it again"


def _reminders(session: Session) -> Iterator[str]:
    """What a phone is told of a stage is in one message at most, which is there."""
    messages = set(session.scalars(select(Outbox.id).where(Outbox.kind == "sms")))
    for row in session.scalars(select(Reminder).where(Reminder.outbox_id.is_not(None))):
        if row.outbox_id not in messages:
            yield f"stage {row.stage} of clock {row.clock_id} was told in a message that is not there"


def _penalties(session: Session) -> Iterator[str]:
    """At most one a fact."""
    fact = (Penalty.rule, Penalty.ticket_id, Penalty.organisation_id, Penalty.person_id, Penalty.occurrence)
    twice = select(*fact).group_by(*fact).having(func.count() > 1)
    yield from (f"fact {tuple(row)} is charged more than once" for row in session.execute(twice))


def _ledger(session: Session) -> Iterator[str]:
    """The lines add up to the totals that are printed."""
    sums: Counter[tuple[str, int, str]] = Counter()
    for row in session.scalars(select(Penalty)):
        sums[row.month, row.organisation_id, row.state] += row.amount_fen
    for month in {key[0] for key in sums}:
        for place, told in penalty_totals.totals(session, month, None).items():
            for state in ("proposed", "contested", "waived", "confirmed"):
                printed = getattr(told, f"{state}_fen")
                if printed != sums[month, place, state]:
                    yield f"{month}: {state} of {place} adds up to {sums[month, place, state]} and {printed} is printed"
