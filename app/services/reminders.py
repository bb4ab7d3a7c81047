"""SMS reminders: each stage of a clock run is told to a phone once, bundled by phone (rulebook 4 "Reminders")."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.domain import reminders as rule
from app.domain.calendars import day_bounds
from app.domain.masking import mask_phone
from app.domain.roles import SYSTEM
from app.models import Clock, ImportedFile, ImportedTicket, Organisation, Outbox, Reminder, Ticket
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.models.together import Question, ask
from app.services import calendars, clocks, duty, gathering, journal, lateness, moves, organisations, robots
from app.services.transaction import apart, keep, read_ahead, write

log = logging.getLogger(__name__)
TEMPLATE = "due_soon"
STALE = timedelta(hours=24)
AHEAD = "ahead"
BROKEN = ("promise", "breach")  # told although its clock has stopped: a broken promise is over, not settled


def note(session: Session, ticket: Ticket, clock: Clock, stage: str, now: datetime) -> None:
    """Remember that this stage is to be told; the key (clock, stage, phone) makes it once."""
    desk_id = None if _silent(session, clock) else _desk(session, ticket, clock, stage)
    organisation = organisations.known(session, desk_id)
    phone = duty.phone_at(session, organisation, now) if organisation else ""
    if organisation is None or not phone:
        return
    _remember(session, clock, stage, phone, organisation, now)


_SILENT = Question(
    select(ImportedFile.reminds)
    .join(ImportedTicket, ImportedTicket.file_id == ImportedFile.id)
    .where(ImportedTicket.ticket_id == bindparam("ticket_id"))
)
_PLACE = Question(select(Organisation).where(Organisation.id == bindparam("place_id")))


def ahead(session: Session, ticket: Ticket, clock: Clock) -> None:
    """What a stage of this run looks up, in one statement: calendars, whether anybody is told, whom, and the number on
    duty there. Nothing where `ahead_of_all` has done it."""
    if read_ahead(session, AHEAD):
        return
    place_id = clock.organisation_id or ticket.handling_site_id
    (days,), silent, place, shifts = ask(
        session, calendars.STAMP(), _SILENT(ticket_id=ticket.id), _PLACE(place_id=place_id),
        duty.SHIFTS(duty_of=place_id),
    )  # fmt: skip
    calendars.know(session, days)
    keep(session, ("silent", ticket.id), silent)
    for one in place:
        organisations.know(session, one)
        keep(session, ("shifts", one.id), shifts)


def ahead_of_all(session: Session, runs: Sequence[tuple[Ticket, Clock]]) -> None:
    """The same for the runs of many tickets, in a statement for each thing that is looked up."""
    reminds = select(ImportedTicket.ticket_id, ImportedFile.reminds)
    silent = reminds.join(ImportedFile, ImportedTicket.file_id == ImportedFile.id)
    rows = session.execute(silent.where(ImportedTicket.ticket_id.in_([ticket.id for ticket, _clock in runs])))
    found = {row.ticket_id: row.reminds for row in rows}
    places = {place for t, c in runs for place in (c.organisation_id, t.handling_site_id, t.province_id) if place}
    for place in session.scalars(select(Organisation).where(Organisation.id.in_(places))):
        organisations.know(session, place)
    shifts = duty.shifts_of(session, places)
    for ticket, _clock in runs:
        keep(session, ("silent", ticket.id), [found[ticket.id]] if ticket.id in found else [])
    for place_id in places:
        keep(session, ("shifts", place_id), shifts.get(place_id, []))
    keep(session, AHEAD, True)


def urged(session: Session, ticket: Ticket, n: int, now: datetime) -> str:
    """Let the site's next bundle tell of the superior's n-th urge, under the clock that is due first; the phone, empty
    where nobody can be told. Like every stage it is told once, and not at all when the clock has stopped by then."""
    site = session.get_one(Organisation, ticket.handling_site_id)
    clock = min(clocks.running(session, ticket, clocks.SITE_CLOCKS), key=lambda run: run.due_at, default=None)
    phone = duty.phone_at(session, site, now)
    if clock is None or not phone:
        return ""
    _remember(session, clock, f"lcs_{n}", phone, site, now)
    return phone


def _remember(
    session: Session, clock: Clock, stage: str, phone: str, organisation: Organisation, now: datetime
) -> None:
    values = {"clock_id": clock.id, "stage": stage, "phone": phone, "organisation_id": organisation.id}
    gathering.insert(session, Reminder, {**values, "due_at": clock.due_at, "created_at": now, "dropped": ""})


def _silent(session: Session, clock: Clock) -> bool:
    """Whether the run came with an import whose mapping wants no reminders. What is done here later is told again."""
    if clock.run != 1:
        return False
    rows = read_ahead(session, ("silent", clock.ticket_id))
    if rows is None:
        (rows,) = ask(session, _SILENT(ticket_id=clock.ticket_id))
    return next(iter(rows), None) is False


def _desk(session: Session, ticket: Ticket, clock: Clock, stage: str) -> int | None:
    """The site for its own clocks; the province when nobody accepted or a promise broke; headquarters for appeals."""
    if clock.kind == "appeal":
        return session.scalar(select(Organisation.id).where(Organisation.kind == "headquarters"))
    if clock.kind == "accept" and stage != "50":
        return ticket.province_id if stage == "breach" else None
    if clock.kind == lateness.SHIFTS and clock.organisation_id in (ticket.cases or {}).get("parties", ()):
        return ticket.handling_site_id  # a party bears its lateness, but the site has to answer
    if clock.kind == "promise" and stage == "breach":
        return ticket.province_id
    return clock.organisation_id or ticket.handling_site_id


def bundle(session: Session, now: datetime) -> int:
    """Put what is due for each phone into one SMS where night, spacing and cap allow; the number of SMS written."""
    open_ones = select(Reminder.phone).where(Reminder.outbox_id.is_(None), Reminder.dropped == "").distinct()
    phones = list(session.scalars(open_ones))
    session.rollback()
    return sum(apart(log, "the reminder of a phone", _bundle_phone, phone, now) for phone in phones)


def _bundle_phone(phone: str, now: datetime) -> int:
    with write() as session:
        lock_key(session, f"phone:{phone}")
        rows = _live(session, phone, now)
        dues = [_due(clock, ticket, reminder) for reminder, clock, ticket in rows]
        if not rows or not _may_send(session, phone, rows[0][0].organisation_id, dues, now):
            return 0
        outbox_id = _write_sms(session, phone, rows, dues, now)
        robots.tell(session, [(row[0], due) for row, due in zip(rows, dues, strict=True)], now)
        for reminder, _clock, _ticket in rows:
            reminder.outbox_id = outbox_id
        return 1


def _live(session: Session, phone: str, now: datetime) -> list[tuple[Reminder, Clock, Ticket]]:
    """The untold stages of this phone whose clocks still run; the others are dropped with the reason.

    One SMS speaks of one province: a phone that serves two gets two, because each LCS sees those of its province.
    """
    statement = (
        select(Reminder, Clock, Ticket, func.coalesce(Organisation.province_id, Organisation.id))
        .join(Clock, Clock.id == Reminder.clock_id)
        .join(Ticket, Ticket.id == Clock.ticket_id)
        .join(Organisation, Organisation.id == Reminder.organisation_id)
        .where(Reminder.phone == phone, Reminder.outbox_id.is_(None), Reminder.dropped == "")
        .order_by(Reminder.created_at, Reminder.clock_id)
    )
    rows, speaks_of = [], None
    for reminder, clock, ticket, province_id in session.execute(statement.with_for_update(of=Reminder)):
        if clock.stopped_at is not None and (clock.kind, reminder.stage) != BROKEN:
            reminder.dropped = "stopped"
        elif now - reminder.created_at > STALE:
            reminder.dropped = "too_old"
        elif speaks_of in (None, province_id):
            rows.append((reminder, clock, ticket))
            speaks_of = province_id
    return rows


def _due(clock: Clock, ticket: Ticket, reminder: Reminder) -> rule.Due:
    tail = ticket.waybill[-4:] if ticket.waybill else ""
    return rule.Due(ticket.number, tail, clock.kind, clock.due_at, reminder.stage, ticket.priority == "urgent")


def _may_send(session: Session, phone: str, organisation_id: int, dues: list[rule.Due], now: datetime) -> bool:
    lane = f"phone:{phone}"
    mine = select(Outbox).where(Outbox.kind == "sms", Outbox.lane == lane)
    last = session.scalar(select(func.max(Outbox.created_at)).where(Outbox.kind == "sms", Outbox.lane == lane))
    begin, end = day_bounds(now)
    today = list(session.scalars(mine.where(Outbox.created_at >= begin, Outbox.created_at < end)))
    counted = sum(1 for row in today if row.payload.get("capped"))
    kind = session.scalar(select(Organisation.kind).where(Organisation.id == organisation_id))
    night_desk = kind in ("province", "headquarters")
    decision = rule.may_send(now=now, last_sent_at=last, sent_today=counted, dues=dues, night_desk=night_desk)
    return decision.send


def _write_sms(
    session: Session, phone: str, rows: list[tuple[Reminder, Clock, Ticket]], dues: list[rule.Due], now: datetime
) -> int:
    first = rows[0][0]
    organisation = session.get_one(Organisation, first.organisation_id)
    payload: dict[str, Any] = {
        "phone": phone, "template": TEMPLATE, "variables": rule.bundle_variables(dues, now),
        "capped": rule.counts_in_cap(dues), "tickets": sorted({ticket.number for _r, _c, ticket in rows}),
    }  # fmt: skip
    row = Outbox(
        id=new_id(), kind="sms", key=f"sms:{first.clock_id}:{first.stage}:{phone}", lane=f"phone:{phone}",
        organisation_id=organisation.id, province_id=organisation.province_id or organisation.id, payload=payload,
        state="pending", attempts=0, token=0, next_try_at=now, created_at=now,
    )  # fmt: skip
    session.add(row)
    for ticket_id in sorted({ticket.id for _r, _c, ticket in rows}):
        ticket = moves.locked_ticket(session, ticket_id)
        data = {"outbox_id": row.id, "to": mask_phone(phone), "organisation_id": organisation.id}
        journal.append(session, ticket, "reminded", actor=SYSTEM, now=now, data=data)
    return row.id
