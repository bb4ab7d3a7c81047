"""The verdict over a result: marked at the desk, revised by headquarters, and what an untruthful one brings (3.13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audits as rule
from app.domain.audit_sample import RECHECK
from app.domain.drafts import AUDIT, of_one
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.lifecycle import CLOSED, WITHDRAWN
from app.domain.roles import SYSTEM, Actor
from app.models import Audit, Event, FreeText, Ticket
from app.models.dialect import for_update
from app.services import audit_leases, clocks, desk, hands, journal, moves, scope, settling
from app.services.transaction import write


@dataclass(frozen=True)
class Verdict:
    """A mark with its reason (a code of `domain.audits`) and words; the site reads both."""

    mark: str
    reason: str = ""
    text: str = ""


def mark(*, actor: Actor, audit_id: int, verdict: Verdict, now: datetime) -> int:
    """Mark a result; the id of the entry `audited`. The same verdict by the same person again changes nothing.

    Raises Invalid(mark, reason, text), NotFound outside the desk, NotAllowed ("own_work"), Stale ("audit_marked",
    "sent_already" for one's own with another mark, reason or words, "audit_taken" while somebody else has it).
    """
    _require(verdict)
    with write() as session:
        mine = scope.looked_up(Audit.ticket_id, scope.visible_to(actor))
        audit, ticket = _locked(session, audit_id, audit_leases.desk_of(actor), mine)
        if audit.marked_at is not None:
            if audit.marked_by_id != actor.user_id:
                raise Stale("audit_marked")
            return _sent_again(session, audit, verdict)
        _refuse_own(session, ticket, audit, actor)
        if audit_leases.held_by_other(audit, actor, now):
            raise Stale("audit_taken")
        audit.mark = audit.first_mark = verdict.mark
        audit.mark_reason = _reason(verdict)
        audit.marked_at, audit.marked_by_id, audit.holder_id, audit.held_until = now, actor.user_id, None, None
        event = _entry(session, ticket, audit, "audited", actor, verdict, now)
        audit.text_id, audit.event_id = event.text_id, event.id
        if audit.reason == RECHECK:
            _overrule(session, ticket, audit, actor, verdict, now)
        desk.drop_draft(session, actor.user_id, ticket, of_one(AUDIT, audit.id))
        desk.finish(session, ticket, event, now)
        return event.id


def _sent_again(session: Session, audit: Audit, verdict: Verdict) -> int:
    """The entry of the same verdict. Raises Stale("sent_already") for another one, which was never stored."""
    entry = session.get_one(Event, audit.event_id)
    words = session.get(FreeText, entry.text_id) if entry.text_id else None
    said = words.body.get("text", "") if words else "" if entry.text_id is None else None  # None: deleted since
    same = (audit.first_mark, entry.data["mark_reason"]) == (verdict.mark, _reason(verdict))
    if not same or (said is not None and said.split() != verdict.text.split()):
        raise Stale("sent_already")
    return entry.id


def revise(*, actor: Actor, audit_id: int, verdict: Verdict, now: datetime) -> int:
    """Headquarters' second opinion on a marked audit, which is final; the id of the entry `audit_revised`.

    Raises Invalid(mark, reason, text; mark "unchanged"), NotFound, NotAllowed ("not_marked", "own_work", or
    "not_allowed" for another desk).
    """
    _require(verdict)
    with write() as session:
        event = revise_in(session, actor=actor, audit_id=audit_id, verdict=verdict, now=now)
        ticket = session.get_one(Ticket, event.ticket_id)
        desk.finish(session, ticket, event, now)
        return event.id


def revise_in(session: Session, *, actor: Actor, audit_id: int, verdict: Verdict, now: datetime) -> Event:
    """The same inside another change of the ticket, which finishes it (`desk.finish`)."""
    if not actor.can("audit_revise"):
        raise NotAllowed("not_allowed")
    audit, ticket = _locked(session, audit_id)
    if audit.marked_at is None:
        raise NotAllowed("not_marked")
    if audit.reason == RECHECK:  # a yardstick of the first mark, which is what is revised
        raise NotAllowed("not_allowed")
    _refuse_own(session, ticket, audit, actor)
    if audit.mark == verdict.mark:
        raise Invalid({"mark": "unchanged"})
    return _change(session, ticket, audit, actor, verdict, now)


def _locked(session: Session, audit_id: int, *where: Any) -> tuple[Audit, Ticket]:
    """The audit with its ticket, both locked: the ticket first, as everywhere. Raises NotFound."""
    found = session.scalar(select(Audit.ticket_id).where(Audit.id == audit_id, *where))
    if found is None:
        raise NotFound("audit_not_found")
    ticket = moves.locked_ticket(session, found)
    statement = for_update(select(Audit).where(Audit.id == audit_id)).execution_options(populate_existing=True)
    return session.scalars(statement).one(), ticket


def _refuse_own(session: Session, ticket: Ticket, audit: Audit, actor: Actor) -> None:
    """Raise NotAllowed ("own_work") for whoever wrote the result, acted in the ticket or judged this result before."""
    hands.refuse(session, ticket, actor, hands.IN_AUDIT)
    if audit.author_id == actor.user_id or session.scalar(select(audit_leases.judged(actor, audit.result_event_id))):
        raise NotAllowed("own_work")


def _overrule(session: Session, ticket: Ticket, again: Audit, actor: Actor, verdict: Verdict, now: datetime) -> None:
    """A re-check that differs is the second opinion on what it re-checked."""
    first = select(Audit).where(Audit.result_event_id == again.result_event_id, Audit.reason != RECHECK)
    for audit in session.scalars(for_update(first)):
        if audit.marked_at is not None and audit.mark != verdict.mark:
            _change(session, ticket, audit, actor, verdict, now)


def _change(session: Session, ticket: Ticket, audit: Audit, actor: Actor, verdict: Verdict, now: datetime) -> Event:
    was, audit.mark, audit.mark_reason = audit.mark, verdict.mark, _reason(verdict)
    audit.revised_at, audit.revised_by_id = now, actor.user_id
    event = _entry(session, ticket, audit, "audit_revised", actor, verdict, now, was=was)
    audit.text_id = event.text_id
    return event


def _entry(
    session: Session, ticket: Ticket, audit: Audit, kind: str, actor: Actor, verdict: Verdict, now: datetime,
    **more: object,
) -> Event:  # fmt: skip
    """The entry that the ledger prices; an untruthful reply goes back to work with it."""
    data: dict[str, Any] = {
        "audit_id": audit.id, "result_event_id": audit.result_event_id, "site_id": audit.site_id,
        "author_id": audit.author_id, "mark": verdict.mark, "reason": audit.reason,
        "mark_reason": audit.mark_reason, **more,
    }  # fmt: skip
    step = _reopening(session, ticket, audit, now) if verdict.mark == rule.UNTRUTHFUL else ""
    if step:
        data["reopened"] = True
    text = {"text": verdict.text.strip()} if verdict.text.strip() else None
    event = journal.append(session, ticket, kind, actor=actor, now=now, data=data, text=text)
    if step:
        _work_again(session, ticket, step, now)
    return event


def _reopening(session: Session, ticket: Ticket, audit: Audit, now: datetime) -> str:
    """The step of the lifecycle that brings the ticket back, within 7 days (D) of its end; empty for none.

    What the platform withdrew stays withdrawn: only an untruthful withdrawal itself is undone. Nor does it come back
    to a site that did not give the reply: where another one has the ticket by now, the mark alone stands.
    """
    if passed_on(ticket, audit):
        return ""
    action = "audit_restores" if ticket.state == WITHDRAWN else "audit_reopens"
    if not desk.may(ticket, SYSTEM, action):
        return ""
    if action == "audit_restores" and session.get_one(Event, audit.result_event_id).type != "withdrawn":
        return ""
    window = timedelta(minutes=clocks.limits(session, ticket)["reopen"].minutes)
    ended = ticket.state in (CLOSED, WITHDRAWN)
    return "" if ended and (ticket.closed_at is None or now - ticket.closed_at > window) else action


def passed_on(ticket: Ticket, audit: Audit) -> bool:
    """Whether the ticket is another's by now than the site's whose reply it is about."""
    return ticket.handling_site_id != audit.site_id


def _work_again(session: Session, ticket: Ticket, step: str, now: datetime) -> None:
    """Back to 处理中 with a fresh resolve run of 12 h (D); the legal clock goes on to its old due."""
    ended = ticket.closed_at is not None
    clocks.void(session, ticket, settling.UNTIL_THE_END, now)
    desk.move(ticket, step, SYSTEM)
    ticket.customer_accepted, ticket.objection_over, ticket.closed_at = False, False, None
    if ended:
        clocks.run_on(session, ticket, "legal", now)
    clocks.start_rework(session, ticket, now)


def _reason(verdict: Verdict) -> str:
    return verdict.reason if rule.REASONS[verdict.mark] else ""


def _require(verdict: Verdict) -> None:
    if errors := rule.errors(verdict.mark, verdict.reason, verdict.text):
        raise Invalid(errors)
