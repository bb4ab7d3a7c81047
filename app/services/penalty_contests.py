"""Contesting entries: raised by the site, decided in time or not charged, one final step (rulebook 5 "Contesting").

The ticket's lock is taken first, then the month's, then the ledger's rows: the same order as everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audits as audit_rule
from app.domain import contests as rule
from app.domain import penalties
from app.domain.audit_sample import RECHECK
from app.domain.contests import FINAL, FIRST
from app.domain.drafts import CONTEST, DECISION, of_one
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import SYSTEM, Actor
from app.models import Audit, Clock, Contact, Event, Organisation, Penalty, PenaltyContest, Scan, Ticket, entries
from app.models.ids import new_id
from app.services import attachments, audits, calendars, desk, hands, journal, months, moves, penalty_ends, penalty_view
from app.services.audits import Verdict
from app.services.desk import TEXT_LIMIT
from app.services.penalty_settling import lock_month
from app.services.transaction import write

log = logging.getLogger(__name__)
UNTRUTHFUL = "untruthful"  # the rule whose entry an audit made
SCANS, CALLS = 40, 40  # of each at most so many are referred to


@dataclass(frozen=True)
class ContestIn:
    """Why an entry is contested, in which words, and the ids of pictures that go with it."""

    reason: str
    text: str
    attachments: Sequence[int] = ()


def contest(*, actor: Actor, penalty_id: int, asked: ContestIn, now: datetime) -> int:
    """Contest an entry that is to be charged, with everything of the same fact; the contest's id.

    Clock run, trace, calls and proving events are attached by reference as they stand. A second contest after a
    refusal is the final step, before CCS. Raises NotFound, Invalid(reason, text, file), NotAllowed ("not_yours",
    "not_proposed", "contest_over", "no_step_left").
    """
    if wrong := faults(asked):
        raise Invalid(wrong)
    with write() as session:
        row = penalty_view.load(session, actor, penalty_id).penalty
        ticket = moves.locked_ticket(session, row.ticket_id)
        lock_month(session)
        session.refresh(row)
        place = session.get_one(Organisation, row.organisation_id)
        before = _before(session, row)
        if why := hindrance(session, row, place, before, actor, now):
            raise NotAllowed(why)
        return _raise(session, ticket, row, place, actor, asked, now, FINAL if before else FIRST)


def hindrance(
    session: Session, row: Penalty, place: Organisation, before: PenaltyContest | None, actor: Actor, now: datetime
) -> str:
    """Why this person cannot contest this entry now, as a code; empty when they can."""
    if not may_speak_for(actor, place):
        return "not_yours"
    if row.state != penalties.PROPOSED or row.corrects_id:
        return "not_proposed"
    if before is not None and (before.step == FINAL or before.decided_at is None):
        return "no_step_left"
    days = calendars.calendars(session)["working"].days
    refused = before.decided_at if before else None
    until = rule.final_until(days, row.month, refused) if refused else rule.contest_until(days, row.month)
    return "contest_over" if now > until or months.is_frozen(session, row.month) else ""


def may_speak_for(actor: Actor, place: Organisation) -> bool:
    """Whether the person contests for an organisation: its manager; the province's desk for a hub or department."""
    if not actor.can("penalty_contest"):
        return False
    if actor.desk == "site":
        return actor.organisation_id == place.id
    return place.kind in rule.DESK_SPEAKS_FOR


def _before(session: Session, row: Penalty) -> PenaltyContest | None:
    """The last contest of this entry."""
    mine = select(PenaltyContest).where(PenaltyContest.penalty_id.in_([one.id for one in _fact(session, row)]))
    return session.scalars(mine.order_by(PenaltyContest.step.desc()).limit(1)).one_or_none()


def _fact(session: Session, row: Penalty) -> list[Penalty]:
    return penalty_view.siblings(session, row) or [row]


def _raise(
    session: Session, ticket: Ticket, row: Penalty, place: Organisation, actor: Actor, asked: ContestIn, now: datetime,
    step: int,
) -> int:  # fmt: skip
    rows = _fact(session, row)
    court = rule.court_of(
        amount_fen=sum(one.amount_fen for one in rows), ruled_by=row.ruled_by, province_id=row.province_id, step=step,
        raiser=actor.desk,
    )  # fmt: skip
    due = rule.decide_until(calendars.calendars(session)["working"].days, now)
    found = PenaltyContest(
        id=new_id(), penalty_id=row.id, ticket_id=ticket.id, organisation_id=place.id, province_id=row.province_id,
        incident_id=ticket.incident_id, step=step, reason=asked.reason, state=rule.OPEN, court_id=court,
        evidence=evidence(session, ticket, row), raised_by_id=actor.user_id, raised_at=now, due_at=due,
    )  # fmt: skip
    data = {
        "contest_id": found.id, "penalty_ids": [one.id for one in rows], "step": step, "reason": asked.reason,
        "court_id": court, "due_at": due, "evidence": found.evidence,
    }  # fmt: skip
    event = attachments.entry(
        session, ticket, "penalty_contested", actor, now, data, {"text": asked.text.strip()}, asked.attachments
    )
    found.event_id, found.text_id = event.id, event.text_id
    for one in rows:
        one.state = penalties.CONTESTED
    session.add(found)
    desk.drop_draft(session, actor.user_id, ticket, of_one(CONTEST, row.id))
    return found.id


def evidence(session: Session, ticket: Ticket, row: Penalty) -> dict[str, Any]:
    """What is attached by itself: references to the clock run, the proving events, the scans and the calls."""
    kind, _colon, run = row.cause.partition(":")
    runs = select(Clock.id).where(Clock.ticket_id == ticket.id, Clock.kind == kind)
    clock_id = session.scalar(runs.where(Clock.run == int(run))) if run.isdecimal() else None
    scans = select(Scan.id).where(Scan.waybill == ticket.waybill).order_by(Scan.scanned_at.desc()).limit(SCANS)
    calls = select(Contact.id).where(Contact.ticket_id == ticket.id).order_by(Contact.id.desc()).limit(CALLS)
    last = select(Event.seq).where(entries.of_ticket(ticket.id)).order_by(Event.seq.desc()).limit(1)
    return {
        "clock_id": clock_id, "event_ids": list(row.event_ids),
        "scan_ids": list(session.scalars(scans)) if ticket.waybill else [],
        "call_ids": list(session.scalars(calls)), "until_seq": session.scalar(last),
    }  # fmt: skip


def decide(*, actor: Actor, contest_id: int, granting: bool, text: str, now: datetime) -> None:
    """Grant (the entry is waived) or refuse (it stands) with reasons. A granted one over an untruthful reply revises
    the mark with it, so that ledger, ticket and score say the same.

    Raises NotFound, Invalid(decision), NotAllowed ("decided_already", "for_ccs", "own_hand", "not_yours", "own_work").
    """
    if not text.strip():
        raise Invalid({"decision": "required"})
    if len(text) > TEXT_LIMIT:
        raise Invalid({"decision": "too_long"})
    with write() as session:
        found = load(session, actor, contest_id)
        ticket = moves.locked_ticket(session, found.ticket_id)
        lock_month(session)
        session.refresh(found)
        if found.state != rule.OPEN:
            raise NotAllowed("decided_already")
        if why := rule.why_not(as_rule(session, [found], actor)[found.id], actor):
            raise NotAllowed(why)
        desk.drop_draft(session, actor.user_id, ticket, of_one(DECISION, found.penalty_id))
        _end(session, ticket, found, rule.GRANTED if granting else rule.REFUSED, actor, now, text.strip())
        if granting:
            _revise_audit(session, ticket, session.get_one(Penalty, found.penalty_id), actor, text.strip(), now)


def _revise_audit(session: Session, ticket: Ticket, row: Penalty, actor: Actor, text: str, now: datetime) -> None:
    """A reply that costs nothing because it was not untruthful was true: the mark follows the decision."""
    name, _colon, result = penalties.fact_of(row.occurrence).partition(":")
    if row.rule != UNTRUTHFUL or name != "result":
        return
    marked = select(Audit.id).where(
        Audit.result_event_id == int(result), Audit.reason != RECHECK, Audit.mark == audit_rule.UNTRUTHFUL
    )
    audit_id = session.scalar(marked)
    if audit_id is not None:
        verdict = Verdict(audit_rule.TRUE, text=text)
        event = audits.revise_in(session, actor=actor, audit_id=audit_id, verdict=verdict, now=now)
        desk.finish(session, ticket, event, now)


def _end(
    session: Session, ticket: Ticket, found: PenaltyContest, state: str, actor: Actor, now: datetime, text: str = ""
) -> None:
    """Write a decision, or that nobody decided, on the contest, on the entries of its fact and on the ticket."""
    found.state, found.decided_at, found.decided_by_id = state, now, actor.user_id
    data = {"contest_id": found.id, "penalty_id": found.penalty_id, "state": state, "step": found.step,
            "person_id": found.raised_by_id}  # fmt: skip
    said = {"text": text} if text else None
    event = journal.append(session, ticket, "penalty_ruled", actor=actor, now=now, data=data, text=said)
    found.decision_text_id = event.text_id
    row = session.get_one(Penalty, found.penalty_id, populate_existing=True)
    for one in _fact(session, row):
        if state == rule.REFUSED:
            one.state = penalties.PROPOSED
        else:
            reason = found.reason if state == rule.GRANTED else rule.SILENT
            penalty_ends.take_back(session, ticket, one, reason, now, actor)


def load(session: Session, actor: Actor, contest_id: int) -> PenaltyContest:
    """The contest whose entry lies in the actor's scope. Raises NotFound."""
    mine = select(PenaltyContest).join(Penalty, Penalty.id == PenaltyContest.penalty_id)
    found = session.scalars(mine.where(PenaltyContest.id == contest_id, penalty_view.seen_by(actor))).one_or_none()
    if found is None:
        raise NotFound("contest_not_found")
    return found


def as_rule(session: Session, found: Sequence[PenaltyContest], actor: Actor) -> dict[int, rule.Contested]:
    """Contests as the rule wants them, by id; of the hands in their tickets only whether the actor's is there."""
    acted = hands.acted_in(session, [one.ticket_id for one in found], actor)
    steps = select(PenaltyContest.penalty_id, PenaltyContest.decided_by_id).where(
        PenaltyContest.penalty_id.in_([one.penalty_id for one in found]), PenaltyContest.state == rule.REFUSED
    )
    judges: dict[int, set[int | None]] = {}
    for penalty_id, judge in session.execute(steps):
        judges.setdefault(penalty_id, set()).add(judge)
    return {
        one.id: rule.Contested(
            one.court_id, {one.raised_by_id, *judges.get(one.penalty_id, ()),
                           *((actor.user_id,) if one.ticket_id in acted else ())},
        ) for one in found
    }  # fmt: skip


def lapse(session: Session, now: datetime, limit: int = 200) -> int:
    """Contests that nobody decided in time are not charged; how many were looked at, each in its own transaction."""
    due = select(PenaltyContest.id).where(PenaltyContest.state == rule.OPEN, PenaltyContest.due_at < now)
    ids = list(session.scalars(due.order_by(PenaltyContest.due_at, PenaltyContest.id).limit(limit)))
    session.rollback()
    for contest_id in ids:
        try:
            with write() as inner:
                _lapse(inner, contest_id, now)
        except Exception:
            log.exception("contests: %s left for the next look", contest_id)
    return len(ids)


def _lapse(session: Session, contest_id: int, now: datetime) -> None:
    found = session.get_one(PenaltyContest, contest_id)
    ticket = moves.locked_ticket(session, found.ticket_id)
    lock_month(session)
    session.refresh(found)
    if found.state == rule.OPEN and found.due_at < now:
        _end(session, ticket, found, rule.SILENT, SYSTEM, now)


def faults(asked: ContestIn) -> dict[str, str]:
    """What is missing of a contest, by field."""
    errors = {} if asked.reason in rule.REASONS else {"reason": "required"}
    if not asked.text.strip():
        errors["text"] = "required"
    elif len(asked.text) > TEXT_LIMIT:
        errors["text"] = "too_long"
    return errors
