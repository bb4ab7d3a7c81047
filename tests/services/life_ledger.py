"""The ledger looks after each step of a life, whatever happens: no fact twice, none forgotten, the cap holds."""

from __future__ import annotations

from collections import Counter as Tally
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.penalties import LIVE, base_of
from app.models import Clock, Event, Organisation, Penalty, Ticket
from app.services import penalties

CAP = 15_000
LATE = {"first_reply": "first_reply_late", "resolve": "result_late", "close": "close_late"}


def keep(session: Session, now: datetime) -> None:
    """Let it look, and check everything that must hold of every line."""
    while penalties.run(session, now):
        pass
    session.expire_all()
    rows = list(session.scalars(select(Penalty)))
    told = session.scalar(select(func.count()).where(Event.type == "penalty_proposed"))
    assert told == len(rows), "each line has its event"
    live = [row for row in rows if row.state in LIVE]
    facts = Tally((row.rule, row.ticket_id, row.organisation_id, base_of(row.occurrence)) for row in live)
    assert not [fact for fact, n in facts.items() if n > 1], "no fact twice"
    capped: Tally[int] = Tally()
    for row in live:
        assert 0 <= row.amount_fen <= row.full_fen
        capped[row.ticket_id] += row.amount_fen if row.room_fen is not None else 0
    assert all(fen <= CAP for fen in capped.values()), "150 yuan a ticket"
    _none_forgotten(session, rows)


def _none_forgotten(session: Session, rows: list[Penalty]) -> None:
    """Every late run of a site has one line that stands or was absorbed; withdrawn tickets and others have none."""
    late = select(Clock.ticket_id, Clock.kind, Clock.run, Clock.organisation_id).join(
        Organisation, Organisation.id == Clock.organisation_id
    ).join(Ticket, Ticket.id == Clock.ticket_id).where(
        Clock.kind.in_(LATE), Clock.state == "breached", Clock.exempt.is_(False), Ticket.state != "withdrawn",
        Organisation.kind.in_(("site", "hub")), Clock.breached_at.is_not(None),
    )  # fmt: skip
    flagged = {row.id for row in session.scalars(select(Ticket)) if "late_on_arrival" in (row.flags or [])}
    wanted = {(ticket, LATE[kind], run, place) for ticket, kind, run, place in session.execute(late)}
    found = {
        (row.ticket_id, row.rule, int(row.cause.partition(":")[2]), row.organisation_id) for row in rows
        if row.rule in LATE.values() and (row.state in LIVE or row.reason == "absorbed")
    }  # fmt: skip
    assert found == {one for one in wanted if one[0] not in flagged}, "what is late is charged, and nothing else"
    session.rollback()
