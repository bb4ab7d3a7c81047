"""What every verb on a ticket shares: load in scope and lock, refuse stale or repeated posts, finish the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app.domain import lifecycle
from app.domain.errors import Stale
from app.domain.roles import Actor
from app.domain.ticket_facts import TicketFacts
from app.models import Draft, Event, FreeText, PageDraft, Submission, Ticket, entries
from app.services import (
    cases,
    clocks,
    incident_counts,
    pauses,
    problem_rows,
    returns,
    scope,
    search_index,
    surveys,
    work,
    work_item,
)
from app.services.transaction import drop, read_ahead

TEXT_LIMIT = 2000  # characters of what a person types
# Entries somebody must have read before answering; what the system notes by itself makes no page stale.
MATTERS = (
    "claimed", "follow_up", "result", "closed", "ruling", "routed", "urge", "repeat", "reject", "satisfied",
    "cancelled", "callback_refused", "promise_broken", "note", "help_answered", "acting_started", "acting_stopped",
    "deputy_acts", "courier_sms", "taken", "handed_over", "returned", "transferred", "return_refused", "kept_at_lcs",
    "party_added", "party_removed", "party_answered", "party_disputed", "dispute_agreed", "dispute_rejected",
    "arbitration_raised", "dispute_ruled", "evidence_ordered", "evidence_delivered", "contact", "waiting",
    "category_corrected", "category_asked", "category_refused", "promise_made", "promise_settled",
    "promise_renegotiated", "told", "customer_accepts", "customer_rejects", "intervened", "withdrawn",
    "audited", "audit_revised", "result_undone", "answer_accepted", "answer_returned", "report_recalled",
    "passed_up", "turned", "sent_back",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a verb did: the ticket's number, the event that proves it, and whether it was done before."""

    number: str
    event_id: int
    repeated: bool = False


@dataclass(frozen=True)
class Post:
    """Where a form stood when it was sent: the ticket's version on the page, the form's one-time key, its draft, and
    who typed which words and what else into it."""

    number: str
    version: int | None = None
    key: str = ""
    draft: str = ""  # the box whose draft has gone into the entry
    by_id: int | None = None  # None: whoever sent the key is taken for the one who sent it first
    said: str = ""
    form: str = ""  # domain.form_digest of everything typed; empty where the words alone tell


def facts_of(ticket: Ticket) -> TicketFacts:
    """The ticket's row as the lifecycle table wants it."""
    return TicketFacts(
        state=ticket.state, routed=ticket.handling_site_id is not None, handling_site_id=ticket.handling_site_id,
        province_id=ticket.province_id, owner_id=ticket.owner_id, customer_accepted=ticket.customer_accepted,
        answered=ticket.result_at is not None or ticket.accepted_at is not None,
        objection_over=ticket.objection_over, open_promises=ticket.open_promises, hops=ticket.hops,
        first_replied=ticket.first_reply_at is not None, acting_id=ticket.acting_id,
        help_open=ticket.help_asked_at is not None, waiting=ticket.waiting_until is not None,
        urged_by_superior=ticket.urged_at is not None, priority=ticket.priority,
        category_asked=ticket.category_wanted != "", level=ticket.level, cases=cases.of(ticket), kind=ticket.kind,
        reporter_id=ticket.reporter_id, regulator=regulator(ticket),
        reminders=ticket.repeat_count + ticket.urge_count,
    )  # fmt: skip


def regulator(ticket: Ticket) -> bool:
    """Whether the postal regulator (12305) stands behind it, from the beginning or by asking later."""
    return work_item.regulator(ticket)


def may(ticket: Ticket, actor: Actor, action: str) -> bool:
    """Whether the lifecycle lets this actor take the action now."""
    return lifecycle.allowed(action, facts_of(ticket), actor)


def done_before(session: Session, post: Post) -> Outcome | None:
    """What the same form stored when it was sent the first time, if it was.

    Raises Stale("sent_already") where the key comes from somebody else, for another ticket, or with other words or
    anything else chosen: that was never stored, and whoever typed it is not told that it was.
    """
    if not post.key:
        return None
    sent = read_ahead(session, ("submission", post.key))
    if sent is None:
        sent = list(session.execute(_SENT, {"key": post.key}))
    if not sent:
        return None
    ((event_id, form),) = sent
    other = bool(form and post.form) and form != post.form
    if post.by_id is not None and (other or not _same_entry(session, post, event_id)):
        raise Stale("sent_already")
    return Outcome(post.number, event_id, repeated=True)


def _same_entry(session: Session, post: Post, event_id: int) -> bool:
    """Whether person, ticket and words are those of the entry; what was deleted or archived since is believed."""
    row = session.execute(_ENTRY, {"event_id": event_id}).one_or_none()
    if row is None:
        return True
    if row.number != post.number or row.actor_id not in (None, post.by_id):
        return False
    return _holds(row.body, post.said)


def sent_with(session: Session, key: str, text: str) -> bool:
    """Whether the form with this one-time key was sent, and with these words: a draft of them comes too late. Other
    words under a used key are of a page that somebody went back to."""
    sent = session.get(Submission, key) if key else None
    if sent is None:
        return False
    row = session.execute(_ENTRY, {"event_id": sent.event_id}).one_or_none()
    return row is None or _holds(row.body, text)


def _holds(body: Mapping[str, Any] | None, text: str) -> bool:
    """Whether the texts of an entry, if it has any, hold these words."""
    kept = [" ".join(value.split()) for value in (body or {}).values() if isinstance(value, str)]
    return not kept or any(" ".join(text.split()) in value for value in kept)


_ENTRY = (
    select(Event.actor_id, Ticket.number, FreeText.body)
    .join(Ticket, Ticket.id == Event.ticket_id)
    .outerjoin(FreeText, FreeText.id == Event.text_id)
    .where(Event.id == bindparam("event_id"))
)
_SENT = select(Submission.event_id, Submission.form).where(Submission.key == bindparam("key"))


def take(session: Session, actor: Actor, post: Post) -> Ticket:
    """The ticket in the actor's scope, locked. Raises NotFound, or Stale when others acted since the page was shown.

    A form that was stored and comes again, because its answer was lost, is never stale, whatever has come since.
    """
    ticket = scope.load(session, actor, post.number, lock=True)
    if post.version is not None and post.version < ticket.version and done_before(session, post) is None:
        newer = select(Event.seq).where(
            entries.of_ticket(ticket.id), Event.seq > max(post.version, 0), Event.type.in_(MATTERS),
            Event.actor_id.is_distinct_from(actor.user_id),
        )  # fmt: skip
        if session.scalar(newer.limit(1)) is not None:
            raise Stale("stale", version=ticket.version)
    return ticket


def move(ticket: Ticket, action: str, actor: Actor) -> None:
    """Take the step in the lifecycle table and set state and queue. Raises NotAllowed."""
    state = lifecycle.step(action, facts_of(ticket), actor)
    routed = ticket.handling_site_id is not None
    ticket.queue = lifecycle.queue_after(action, state, routed=routed, before=ticket.queue)
    ticket.state = state


def finish(session: Session, ticket: Ticket, event: Event, now: datetime, post: Post | None = None) -> Outcome:
    """Fold clocks into the row, renew work items and counters, and remember the form's key."""
    ticket.activity_at = now
    if post and post.key:
        session.add(Submission(key=post.key, ticket_id=ticket.id, event_id=event.id, at=now, form=post.form))
    returns.drop(session, ticket, now)
    if ticket.waiting_until is not None and ticket.state != lifecycle.IN_PROGRESS:
        pauses.end(session, ticket, "moved", now)
    if ticket.category_wanted and ticket.state not in lifecycle.OPEN_STATES:  # nobody can consent after the end
        ticket.category_wanted = ""
        clocks.void(session, ticket, ["consent"], now)
    surveys.after_closing(session, ticket, now)
    if ticket.state not in lifecycle.OPEN_STATES:
        ticket.help_asked_at = None  # a ticket that is opened again is helped when it is asked for anew
    clocks.refresh(session, ticket, now)
    work.refresh(session, ticket)
    search_index.settle(session, ticket)
    drop(session, ("begun", ticket.id))
    if ticket.incident_id is not None:
        incident_counts.fold(session, ticket)
    problem_rows.refresh(session, ticket)
    if post and post.draft:
        drop_draft(session, event.actor_id, ticket, post.draft)
    return Outcome(ticket.number, event.id)


def drop_page_draft(session: Session, actor: Actor, name: str) -> None:
    """Forget what somebody typed into the form of a page: it has gone into an entry, or was thrown away."""
    session.execute(delete(PageDraft).where(PageDraft.user_id == actor.user_id, PageDraft.name == name))


def drop_draft(session: Session, user_id: int | None, ticket: Ticket, box: str) -> None:
    """Forget what somebody typed into a box: it has gone into an entry, or was thrown away."""
    session.execute(delete(Draft).where(Draft.user_id == user_id, Draft.ticket_id == ticket.id, Draft.box == box))
