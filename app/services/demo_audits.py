"""The demo's audits: drawn night after night like everywhere, most of them marked, the last ones left for the desk."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audits as rule
from app.domain.audit_sample import RECHECK, SAMPLE
from app.domain.calendars import ONE_DAY, at_local, local_date
from app.domain.errors import NotAllowed, NotFound
from app.models import Audit, Organisation, Ticket
from app.services import audit_draws, audits
from app.services.audits import Verdict
from app.services.demo_stage import Play

NIGHT, MORNING = time(1, 5), time(9, 40)
BACK = 50  # days
LEFT = 15 * ONE_DAY  # draws of these last days wait at the desk
DESKS = {"33": "lcs", "44": "lcs-2"}
LONG_AGO = timedelta(days=7)
UNTRUE = Verdict(rule.UNTRUTHFUL, "not_called", "回访客户，客户表示没有接到过网点电话。")
SHORT = Verdict(rule.INCOMPLETE, "no_proof", "请补充签收凭证照片。")


def play(session: Session, stage: Play, now: datetime) -> int:
    """Draw the nights until `now` and mark what lies further back; how many were drawn."""
    drawn = 0
    for back in range(BACK, -1, -1):
        day = local_date(now) - back * ONE_DAY
        for job in (SAMPLE, RECHECK):
            if at_local(day, NIGHT) <= now:
                drawn += audit_draws.draw(session, job, day, at_local(day, NIGHT), _seed(day))
        if back * ONE_DAY > LEFT:
            _mark(session, stage, day)
    return drawn


def _seed(day: date) -> str:
    return hashlib.sha256(day.isoformat().encode()).hexdigest()[:32]


def _mark(session: Session, stage: Play, day: date) -> None:
    at = at_local(day, MORNING)
    statement = (
        select(Audit.id, Audit.reason, Ticket.closed_at, Organisation.code)
        .join(Ticket, Ticket.id == Audit.ticket_id)
        .outerjoin(Organisation, Organisation.id == Audit.province_id)
        .where(Audit.day == day)
        .order_by(Audit.id)
    )
    found = session.execute(statement).all()
    session.rollback()
    for audit_id, reason, closed_at, code in found:
        who = "ccs" if reason == RECHECK else DESKS.get(code or "", "")
        if who not in stage.actors:
            continue
        settled = closed_at is not None and at - closed_at > LONG_AGO  # an untruthful reply stirs up no story here
        try:
            audits.mark(actor=stage.actors[who], audit_id=audit_id, verdict=_verdict(reason, settled), now=at)
        except (NotAllowed, NotFound):  # a hand in the ticket: the desk's colleagues have it
            continue


def _verdict(reason: str, settled: bool) -> Verdict:
    if reason == "appeal":
        return UNTRUE if settled else SHORT
    return Verdict(rule.TRUE)
