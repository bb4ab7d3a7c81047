"""The demo's ratings: what complainants pressed some hours after their ticket was closed, and who never did."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain import surveys as rule
from app.models import Outbox, Survey
from app.services import survey_answers, survey_work, surveys
from app.services.transaction import write

AFTER = timedelta(hours=5)
KEY = "demo"  # of these links, which were pressed in the past and end here
SAID: tuple[tuple[int, str], ...] = (
    (5, "处理很快，谢谢。"), (4, ""), (0, ""), (5, ""), (2, "打了三次电话才有人管。"), (3, ""), (5, "态度很好。"),
    (0, ""), (1, "说好送货上门，最后还是让我自己去取。"), (4, "希望下次注意。"),
)  # fmt: skip


def play(session: Session, now: datetime) -> int:
    """Let the reminders go out and the ratings come in, as far as their time has come; how many were given."""
    rows = session.execute(select(Survey.id, Survey.asked_at).order_by(Survey.asked_at, Survey.id)).all()
    session.rollback()
    given = 0
    for place, (survey_id, asked_at) in enumerate(rows):
        score, comment = SAID[place % len(SAID)]
        if score and asked_at + AFTER <= now:
            survey_answers.rate(token=_link(survey_id), score=score, comment=comment, now=asked_at + AFTER)
            given += 1
    waiting = select(Survey.remind_at).where(Survey.remind_at <= now).order_by(Survey.remind_at)
    for at in session.scalars(waiting).all():
        survey_work.run(session, at or now)
    session.rollback()
    with write() as inner:  # they lie in the past: nothing of it leaves the house
        waiting_sms = update(Outbox).where(Outbox.key.startswith("survey:"), Outbox.next_try_at <= now)
        inner.execute(waiting_sms.values(state="sent", sent_at=now, next_try_at=None, attempts=1))
    return given


def _link(survey_id: int) -> str:
    token = rule.token(KEY, survey_id)
    with write() as session:
        session.get_one(Survey, survey_id).token_hash = surveys.digest(token)
    return token
