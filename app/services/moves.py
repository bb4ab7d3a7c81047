"""The platform's later moves on an order: urge, repeat, sent back, reject, satisfied, cancel (rulebook 3.12,
interfaces 1).

Messages come in any order. Each is counted and shown once; its effect on the state is what it would have been in the
order of (event time, rank): one that a later "satisfied" has overtaken changes nothing any more, and one that arrives
before its elders sees their effect repeated after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain.lifecycle import APPEALED, AT_WORK, OPEN_STATES
from app.domain.platform_messages import CANCEL, REJECT, REPEAT, RETREAT, SATISFIED, URGE, Message, ordered
from app.domain.roles import SYSTEM, Actor
from app.models import Appeal, Event, Inbox, PlatformOrder, Ticket, entries
from app.models.dialect import for_update
from app.models.ids import new_id
from app.services import cases, clocks, deadlines, desk, journal, pauses, promise_ends, sent_back, settling, work_item
from app.services.archive_back import whole
from app.services.scope import locked_ticket as locked_ticket
from app.services.sent_back import Back

RULING = frozenset({REPEAT, RETREAT, REJECT, SATISFIED, CANCEL})
PLATFORM = "platform"  # the channel of what a platform's order tells
ENTRY = {
    URGE: "urge", REPEAT: "repeat", RETREAT: "sent_back", REJECT: "reject", SATISFIED: "satisfied", CANCEL: "cancelled",
}  # fmt: skip


def kind_of(msg_type: str) -> str:
    """WORK_ORDER_REJECT → REJECT."""
    return msg_type.removeprefix("WORK_ORDER_")


def on_parcel(
    session: Session, waybills: Sequence[str], now: datetime, kind: str = kinds.COMPLAINT
) -> tuple[Ticket | None, Ticket | None]:
    """Where a new ticket of this kind on one of these linked waybills belongs, and the newest ticket on them.

    It belongs to an open one, else to one closed within the window, the newest of several; where there is none, the
    new ticket follows the newest one.
    """
    found = _on_waybills(session, waybills, kind)
    standing = next((one for one in found if one.state != "closed"), None)
    if standing is None:
        standing = next((one for one in found if settling.reopens(session, one, now)), None)
    return standing and whole(session, standing), next(iter(found), None)


def _on_waybills(session: Session, waybills: Sequence[str], kind: str) -> list[Ticket]:
    if not waybills or kind not in kinds.COUNTS_UP:
        return []
    own = (Ticket.waybill.in_(waybills), Ticket.kind == kind, Ticket.state != "withdrawn")
    statement = select(Ticket).where(*own)
    return list(session.scalars(for_update(statement.order_by(Ticket.id.desc()))))


def apply_waiting(session: Session, ticket: Ticket, order: PlatformOrder, now: datetime) -> None:
    """Apply the messages that came before their issue, in their own order."""
    rows = {_message(row): row for row in _rows(session, order, "waiting")}
    for message in ordered(rows):
        apply(session, ticket, order, rows[message], now)


def apply(
    session: Session, ticket: Ticket, order: PlatformOrder, row: Inbox, now: datetime, back: Back | None = None
) -> None:  # fmt: skip
    """Count and show one message, and give it the effect that its place in the order has."""
    kind, message = kind_of(row.msg_type), _message(row)
    pauses.end(session, ticket, "platform", now)
    line = ordered([_message(r) for r in _rows(session, order, "applied")] + [message])
    later = [m for m in line[line.index(message) + 1 :] if m.type in RULING]
    row.state = "applied"
    if kind == RETREAT:
        sent_back.renew(order, back or Back())
    event = _entry(session, ticket, order, kind, row, now)
    overtaken = any(m.type in (SATISFIED, CANCEL) for m in later)
    if kind in RULING and not overtaken and not _others_wait(session, ticket, order, kind):
        if _EFFECTS[kind](session, ticket, row.text, now):
            for elder in later:
                _EFFECTS[elder.type](session, ticket, "", now)
    verdicts = [m for m in line if m.type in (REJECT, SATISFIED, CANCEL)]
    words = {REJECT: "rejected", SATISFIED: "satisfied", CANCEL: "cancelled"}
    order.verdict = words[verdicts[-1].type] if verdicts else ""
    if kind in (CANCEL, RETREAT) and ticket.state in OPEN_STATES:
        deadlines.follow(session, ticket, now)
    desk.finish(session, ticket, event, now)


def outlives(session: Session, ticket: Ticket, order: PlatformOrder, row: Inbox, now: datetime) -> bool:
    """Whether this message brings work back, and comes too late to re-open the ticket: it begins a new one.

    One that a later verdict has overtaken begins nothing.
    """
    message = _message(row)
    if (
        kind_of(row.msg_type) not in (REPEAT, RETREAT)
        or ticket.state != "closed"
        or settling.reopens(session, ticket, now)
    ):
        return False
    line = ordered([_message(r) for r in _rows(session, order, "applied")] + [message])
    return not any(m.type in (SATISFIED, CANCEL) for m in line[line.index(message) + 1 :])


def repeat(session: Session, ticket: Ticket, *, actor: Actor, text: str, now: datetime, channel: str) -> Event:
    """Another complaint on the same waybill: a red entry, one repeat more, and the effect on clocks and state."""
    pauses.end(session, ticket, "platform", now)
    joins = channel == work_item.REGULATOR and not work_item.regulator(ticket)
    if joins:
        ticket.flags = [*(ticket.flags or []), work_item.REGULATOR]
    event = _repeat_entry(session, ticket, actor, text, now, {"channel": channel})
    repeat_effect(session, ticket, text, now)
    if joins and ticket.kind in kinds.LEGAL:  # its own time, beside the complainant's, which runs on (rulebook 4)
        clocks.start(session, ticket, "legal", clocks.regulator_limit(session, ticket), now)
    return event


def repeat_effect(session: Session, ticket: Ticket, text: str, now: datetime) -> bool:
    """Running clocks shortened; from replied back to work with a new resolve run, from closed with fresh clocks; back
    to the tray where nobody had it."""
    if sent_back.to_work(session, ticket, now):
        return True
    if ticket.state in ("open", "in_progress"):
        clocks.shorten(session, ticket, now)
    return False


def retreat_effect(session: Session, ticket: Ticket, text: str, now: datetime) -> bool:
    """Our answer came back: to work again."""
    return sent_back.to_work(session, ticket, now)


def reject_effect(session: Session, ticket: Ticket, text: str, now: datetime) -> bool:
    """The customer rejects the result: an appeal for CCS with its 24 h clock; without a result only an entry.

    After the closing it is the same, however late: CCS looks at it, and the site has no clock and no cost by itself.
    """
    if desk.may(ticket, SYSTEM, "customer_unhappy"):
        return _once_more(session, ticket, now)
    if not desk.may(ticket, SYSTEM, "reject"):
        return False
    closed_at, late = ticket.closed_at, ticket.state == "closed" and not settling.reopens(session, ticket, now)
    clocks.void(session, ticket, [*settling.UNTIL_THE_END, *clocks.SITE_CLOCKS], now)  # nobody at the site may answer
    desk.move(ticket, "reject", SYSTEM)
    ticket.customer_accepted, ticket.closed_at = False, None
    appeal = Appeal(id=new_id(), ticket_id=ticket.id, site_id=ticket.handling_site_id, opened_at=now)
    session.add(appeal)
    data = {"appeal_id": appeal.id, "site_id": ticket.handling_site_id, "closed_at": closed_at, "after_window": late}
    event = journal.append(session, ticket, "appeal_opened", actor=SYSTEM, now=now, data=data, text={"text": text})
    appeal.text_id = event.text_id
    clocks.start(session, ticket, "appeal", clocks.limits(session, ticket)["appeal"], now)
    if closed_at is not None:
        clocks.run_on(session, ticket, "legal", now)
    return True


def _once_more(session: Session, ticket: Ticket, now: datetime) -> bool:
    """Whoever only asked makes no appeal: the answer is given once more."""
    clocks.void(session, ticket, settling.UNTIL_THE_END, now)
    desk.move(ticket, "customer_unhappy", SYSTEM)
    ticket.customer_accepted, ticket.objection_over = False, False
    clocks.start_rework(session, ticket, now)
    return True


def satisfied_effect(session: Session, ticket: Ticket, text: str, now: datetime) -> bool:
    """The customer is satisfied: running clocks stop now (before due counts in time), the close clock starts."""
    if not desk.may(ticket, SYSTEM, "satisfied"):
        return False
    withdraw_appeals(session, ticket, now)
    clocks.stop(session, ticket, ["accept", "first_reply", "resolve", "appeal", "delivery", "objection"], now)
    desk.move(ticket, "satisfied", SYSTEM)
    promise_ends.forget_broken(ticket)
    ticket.customer_accepted = True
    ticket.accepted_at = ticket.accepted_at or now
    settling.start_close(session, ticket, now)
    return True


def cancel_effect(session: Session, ticket: Ticket, text: str, now: datetime) -> bool:
    """The platform withdraws the order: out of all measures."""
    if not desk.may(ticket, SYSTEM, "cancel"):
        return False
    desk.move(ticket, "cancel", SYSTEM)
    take_out(session, ticket, now)
    return True


def take_out(session: Session, ticket: Ticket, now: datetime) -> None:
    """Nothing of a withdrawn ticket runs on: its clocks are void, its appeals and promises need nobody any more.

    A waiting ends first: a clock that stood still is not late by the time that it stood. Whether its complainant was
    content says nothing any more, so that it does not matter which of the two words came first.
    """
    pauses.end(session, ticket, "moved", now)
    withdraw_appeals(session, ticket, now)
    promise_ends.drop_all(session, ticket, now)
    every = {clock.kind for clock in clocks.running(session, ticket)}
    clocks.void(session, ticket, every, now)
    promise_ends.forget_broken(ticket)
    cases.drop(session, ticket)
    ticket.customer_accepted = ticket.objection_over = False
    ticket.closed_at = now


def withdraw_appeals(session: Session, ticket: Ticket, now: datetime) -> None:
    """Appeals that nobody needs to rule on any more."""
    statement = select(Appeal).where(Appeal.ticket_id == ticket.id, Appeal.ruling == "")
    for appeal in session.scalars(statement):
        appeal.ruling, appeal.ruled_at = "withdrawn", now


_EFFECTS: dict[str, Callable[[Session, Ticket, str, datetime], bool]] = {
    REPEAT: repeat_effect, RETREAT: retreat_effect, REJECT: reject_effect, SATISFIED: satisfied_effect,
    CANCEL: cancel_effect,
}  # fmt: skip


def _entry(session: Session, ticket: Ticket, order: PlatformOrder, kind: str, row: Inbox, now: datetime) -> Event:
    data: dict[str, Any] = {"order_code": order.code, "event_at": row.event_at}
    if kind == REPEAT:
        return _repeat_entry(session, ticket, SYSTEM, row.text, now, data)
    if kind == URGE:
        ticket.urge_count += 1
    if kind == REJECT:
        order.rejects += 1
    if kind == RETREAT:
        data["round"] = order.retreats + 1
    return journal.append(session, ticket, ENTRY[kind], actor=SYSTEM, now=now, data=data, text={"text": row.text})


def _repeat_entry(session: Session, ticket: Ticket, actor: Actor, text: str, now: datetime, data: dict) -> Event:
    ticket.repeat_count += 1
    ticket.priority = "urgent"
    runs = [run for run in clocks.all_runs(session, ticket, "first_reply") if run.state != "void"]
    late = bool(runs) and now > runs[0].due_at
    data = {**data, "after_first_reply_due": late, "site_id": ticket.handling_site_id}
    return journal.append(session, ticket, "repeat", actor=actor, now=now, data=data, text={"text": text})


def _rows(session: Session, order: PlatformOrder, state: str) -> list[Inbox]:
    statement = select(Inbox).where(
        Inbox.connection_id == order.connection_id, Inbox.order_code == order.code, Inbox.state == state,
        Inbox.event_key != "",
    )  # fmt: skip
    return list(session.scalars(statement.order_by(Inbox.id)))


def _message(row: Inbox) -> Message:
    return Message(kind_of(row.msg_type), row.event_at or row.received_at, row.event_key)


def _others_wait(session: Session, ticket: Ticket, order: PlatformOrder, kind: str) -> bool:
    """Whether what ends one complaint leaves another of the ticket without its answer: then it ends nothing yet.

    A cancelled order leaves the other orders and what was complained of by hand; a satisfied one leaves at work the
    orders that have no answer, or whose answer was rejected, and before CCS those that rejected it.
    """
    if kind not in (SATISFIED, CANCEL):
        return False
    statement = select(PlatformOrder).where(PlatformOrder.ticket_id == ticket.id, PlatformOrder.id != order.id)
    others = list(session.scalars(statement.where(PlatformOrder.verdict != "cancelled")))
    if kind == CANCEL:
        return bool(others) or _by_hand(session, ticket)
    if ticket.state == APPEALED:
        return bool({one.code for one in others} & _rejecting(session, ticket))
    open_ones = [one for one in others if one.verdict == "rejected" or not (one.verdict or one.answered_at)]
    return ticket.state in AT_WORK and bool(open_ones)


def _rejecting(session: Session, ticket: Ticket) -> set[str]:
    """The orders that have rejected the present result."""
    said = select(Event).where(entries.of_ticket(ticket.id), Event.type.in_(("result", "ruling", "reject")))
    events = list(session.scalars(said.order_by(Event.seq)))
    begin = max((n for n, event in enumerate(events) if event.type != "reject"), default=0)
    return {event.data.get("order_code", "") for event in events[begin:] if event.type == "reject"}


def _by_hand(session: Session, ticket: Ticket) -> bool:
    """Whether somebody complained beside the platforms: by telephone, letter and so on."""
    told = select(Event.data).where(entries.of_ticket(ticket.id), Event.type == "repeat")
    channels = {ticket.channel, *(data.get("channel", PLATFORM) for data in session.scalars(told))}
    return channels != {PLATFORM}
