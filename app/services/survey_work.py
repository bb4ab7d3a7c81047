"""The schedule's part of the question after closing: the one reminder of those that nobody answered (rulebook 3.15)."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Survey
from app.models.dialect import for_update
from app.services import desk, moves, surveys
from app.services.transaction import write

log = logging.getLogger(__name__)
BATCH = 100
POISON_PAUSE = timedelta(hours=1)


def run(session: Session, now: datetime) -> int:
    """Remind what is due, each in a transaction of its own; how many there were. Any number may run this."""
    due = select(Survey.id, Survey.ticket_id).where(Survey.remind_at <= now).order_by(Survey.remind_at).limit(BATCH)
    found = session.execute(due).all()
    session.rollback()
    for survey_id, ticket_id in found:
        _one(survey_id, ticket_id, now)
    return len(found)


def _one(survey_id: int, ticket_id: int, now: datetime) -> None:
    try:
        with write() as session:
            ticket = moves.locked_ticket(session, ticket_id)
            statement = for_update(select(Survey).where(Survey.id == survey_id))
            survey = session.scalars(statement.execution_options(populate_existing=True)).one()
            if survey.remind_at is None or survey.remind_at > now:
                return
            active_at, event = ticket.activity_at, surveys.remind(session, ticket, survey, now)
            if event is not None:
                desk.finish(session, ticket, event, now)
                ticket.activity_at = active_at
    except Exception:
        log.exception("surveys: %s pushed ahead", survey_id)
        with write() as session:
            session.execute(update(Survey).where(Survey.id == survey_id).values(remind_at=now + POISON_PAUSE))
