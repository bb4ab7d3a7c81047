"""What happens when an SMS does not arrive: once for each message the ticket says so, and a reminder goes further.

A failure is noted in the transaction that finds it; the schedule settles it in one of its own. The next phone (the
organisation's manager, then the province on duty) gets the same stages as reminders of its own, so that night, spacing,
cap, the age limit and the key (clock, stage, phone) hold for it as for every other.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import duty as rule
from app.domain.masking import mask_phone
from app.domain.roles import SYSTEM
from app.domain.sms_templates import COURIER
from app.models import Clock, Organisation, Outbox, Reminder, SmsFallback
from app.models.dialect import changed, for_update, insert_ignoring
from app.services import desk, duty, journal, moves
from app.services.transaction import write

log = logging.getLogger(__name__)
REMINDER = "due_soon"
NEVER_LEFT = ("no_longer_wanted", "too_old")  # nothing was lost: it was not to go out any more
BATCH = 100
POISON_PAUSE = timedelta(minutes=5)


def note(session: Session, row: Outbox, code: str, now: datetime) -> None:
    """Remember that a reminder or an SMS to a courier did not arrive; the key makes it once for each message."""
    if row.payload.get("template") in (REMINDER, *COURIER) and code not in NEVER_LEFT:
        values = {"outbox_id": row.id, "code": code[:40], "look_at": now}
        session.execute(insert_ignoring(session, SmsFallback).values(**values))


def run(session: Session, now: datetime) -> int:
    """Settle what is noted, each in a transaction of its own; how many there were."""
    waiting = select(SmsFallback.outbox_id).where(SmsFallback.settled_at.is_(None), SmsFallback.look_at <= now)
    ids = list(session.scalars(waiting.order_by(SmsFallback.look_at).limit(BATCH)))
    session.rollback()
    for row_id in ids:
        _one(row_id, now)
    return len(ids)


def _one(row_id: int, now: datetime) -> None:
    try:
        with write() as session:
            _settle(session, row_id, now)
    except Exception:
        log.exception("sms fallback: message %s pushed ahead", row_id)
        with write() as session:
            pushed = update(SmsFallback).where(SmsFallback.outbox_id == row_id, SmsFallback.settled_at.is_(None))
            session.execute(pushed.values(look_at=now + POISON_PAUSE))


def _settle(session: Session, row_id: int, now: datetime) -> None:
    noted = session.scalars(for_update(select(SmsFallback).where(SmsFallback.outbox_id == row_id))).one()
    if noted.settled_at is not None:
        return
    noted.settled_at = now
    row = session.get_one(Outbox, row_id)
    if row.payload["template"] == REMINDER:
        _reminders(session, row, noted.code, now)
    elif row.ticket_id is not None:
        ticket = moves.locked_ticket(session, row.ticket_id)
        event = journal.append(session, ticket, "sms_undelivered", actor=SYSTEM, now=now, data=_data(row, noted.code))
        desk.finish(session, ticket, event, now)


def _reminders(session: Session, row: Outbox, code: str, now: datetime) -> None:
    """Hand each stage that still runs to the next phone, and say so in each ticket that the message spoke of."""
    statement = select(Reminder, Clock).join(Clock, Clock.id == Reminder.clock_id).where(Reminder.outbox_id == row.id)
    told = session.execute(statement.order_by(Clock.ticket_id, Clock.id)).all()
    tickets = {n: moves.locked_ticket(session, n) for n in sorted({clock.ticket_id for _reminder, clock in told})}
    further = dict.fromkeys(tickets, rule.DUTY)
    for reminder, clock in told:
        step = _hand_on(session, reminder, now) if clock.stopped_at is None else rule.DUTY
        further[clock.ticket_id] = max(further[clock.ticket_id], step)
    for ticket_id, step in further.items():
        ticket, data = tickets[ticket_id], {**_data(row, code), "next": step}
        active_at = ticket.activity_at
        event = journal.append(session, ticket, "sms_undelivered", actor=SYSTEM, now=now, data=data)
        desk.finish(session, ticket, event, now)
        ticket.activity_at = active_at  # nobody did anything to it


def _hand_on(session: Session, reminder: Reminder, now: datetime) -> int:
    """Note the stage for the first phone further up that was not told of it yet; which one that is.

    It keeps its age: what is older than a day goes to nobody any more.
    """
    organisation = session.get_one(Organisation, reminder.organisation_id)
    province = session.get(Organisation, organisation.province_id) if organisation.province_id else None
    number = duty.phone_at(session, province, now) if province else ""
    for step, phone in rule.next_phones(reminder.rung, organisation.manager_phone, number):
        told = province if step == rule.PROVINCE and province else organisation
        values = {"clock_id": reminder.clock_id, "stage": reminder.stage, "phone": phone, "organisation_id": told.id}
        rest = {"due_at": reminder.due_at, "created_at": reminder.created_at, "dropped": "", "rung": step}
        if changed(session, insert_ignoring(session, Reminder).values(**values, **rest)) == 1:
            return step
    return rule.DUTY


def _data(row: Outbox, code: str) -> dict[str, object]:
    kind = "reminder" if row.payload["template"] == REMINDER else "courier"
    return {"outbox_id": row.id, "to": mask_phone(str(row.payload["phone"])), "kind": kind, "code": code}
