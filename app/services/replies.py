"""The site's verbs: claim, follow up, answer, note, close (rulebook 3.3 to 3.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain.categories import NOTHING_TO_SOLVE
from app.domain.contacts import CONTACTS
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import Event, PlatformOrder, Ticket
from app.services import (
    acting,
    callbacks,
    claims,
    clocks,
    contacts,
    customer_link,
    desk,
    journal,
    outward,
    ownership,
    pauses,
    promise_ends,
    promises,
    reply_reads,
    settling,
    undo,
)
from app.services import attachments as pictures
from app.services.desk import Outcome, Post
from app.services.outward import Choice
from app.services.promises import PromiseIn
from app.services.transaction import write

MEASURES = ("redelivered", "found", "corrected", "compensated", "explained", "tracing")
ROOT_CAUSES = ("courier", "site_sorting", "station", "hub", "address", "customer", "weather", "system", "other")
NEWS = timedelta(days=7)


@dataclass(frozen=True)
class ResultIn:
    """A result: the words that leave the house, the findings, the platform's chosen answer and its fields.

    `contact_outcome` is empty where an attempt was logged before, `no_contact_code` says why nobody can be reached.
    """

    text: str
    contact_outcome: str
    signed_by: str = ""
    courier: str = ""
    action_taken: str = ""
    answer: str = ""
    supplements: Mapping[str, str] = field(default_factory=dict)
    promises: Sequence[PromiseIn] = ()
    attachments: Sequence[int] = ()
    no_contact_code: str = ""
    choices: Mapping[str, Choice] = field(default_factory=dict)  # where orders allow different answers: one a group


@dataclass(frozen=True)
class Answered(Outcome):
    """A result that was written; `link` is the customer's token where no platform asks, told this once."""

    link: str = ""


def claim(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """Take an open ticket that is nobody else's as one's own; stops the `accept` clock.

    Raises NotFound, NotAllowed ("owned_by_other" too), Stale.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        if ticket.owner_id not in (None, actor.user_id):
            raise NotAllowed("owned_by_other")
        desk.move(ticket, "claim", actor)
        ownership.own(session, ticket, actor)
        data = acting.said(session, ticket, actor, ["accept"])
        event = journal.append(session, ticket, "claimed", actor=actor, now=now, data=data)
        acting.stop(session, ticket, actor, ["accept"], now)
        return desk.finish(session, ticket, event, now, post)


def follow_up(
    *, actor: Actor, post: Post, text: str, contact_outcome: str, next_update_at: datetime | None, now: datetime,
    attachments: Sequence[int] = (),
) -> Outcome:  # fmt: skip
    """Log a contact attempt and say when the next news comes; the first one stops `first_reply` (rulebook 3.4).

    It counts only with an attempt to reach the customer, named here or logged before in this round, and a next-update
    time to come, no further off than the law lets a complaint wait: NEWS. Raises Invalid naming the fields.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        asked_inside = ticket.reporter_id is not None  # whoever reads it in the house need not be rung
        tried = asked_inside or bool(contact_outcome) or bool(contacts.attempts(session, ticket))
        _require(_follow_up_errors(text, contact_outcome, next_update_at, now, tried=tried))
        desk.move(ticket, "follow_up_replied" if ticket.state == "replied" else "follow_up", actor)
        _own(session, ticket, actor)
        data = {"contact_outcome": contact_outcome, "next_update_at": next_update_at, "counts": True}
        data |= acting.said(session, ticket, actor, ["first_reply"])
        event = pictures.entry(session, ticket, "follow_up", actor, now, data, {"text": text}, attachments)
        contacts.within(session, ticket, actor, event, contact_outcome, now)
        pauses.end(session, ticket, "reply", now)
        _first_reply(session, ticket, actor, now)
        return desk.finish(session, ticket, event, now, post)


def result(
    *, actor: Actor, post: Post, answer: ResultIn, now: datetime, hold: timedelta = timedelta(0)
) -> Outcome | Answered:  # fmt: skip
    """Answer the complaint: stops `accept`, `first_reply` and `resolve`, and sends one callback per platform order;
    where there is none, the complainant gets a link to say *solved* or *not solved* (rulebook 3.9). For as long as
    `hold` nothing leaves, and its author can take it back (`services.undo`).

    Raises Invalid (fields `text`, `contact_outcome`, `action_taken`, `no_contact_code`, `answer`, `supplement-<name>`,
    `promise_…`, `file`), NotFound, NotAllowed, Stale.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        orders = reply_reads.ahead(session, ticket, actor, post.key)
        if before := desk.done_before(session, post):
            return before
        check(session, ticket, answer, now, orders)
        clocks.running(session, ticket)  # read before there is anything to flush
        answer = replace(answer, **outward.fitting(orders, answer))
        hold = timedelta(0) if ticket.reporter_id is not None else hold  # what stays in the house is there at once
        if hold:  # what waited for the customer waits no more, whatever becomes of the result
            pauses.end(session, ticket, "reply", now)
        was = undo.before(session, ticket) if hold else {}
        with session.no_autoflush:  # nothing here reads what it has just written: one flush for all
            desk.move(ticket, "result", actor)
            said = {"measure": answer.action_taken, "signed_by": answer.signed_by}
            claims.mark(ticket, claims.doubts(session, ticket, **said, now=now))
            _own(session, ticket, actor)
            event = _record_result(session, ticket, actor, answer, now)
            pauses.end(session, ticket, "reply", now)
            _first_reply(session, ticket, actor, now)
            acting.stop(session, ticket, actor, ["resolve"], now)
            ticket.result_at, ticket.customer_accepted, ticket.objection_over = now, False, False
            promise_ends.forget_broken(ticket)
            outward.send(session, ticket, event, orders, answer, now, hold)
            _await_verdict(session, ticket, actor, event, now)
        link = "" if orders else _link(session, ticket, event, now, hold)
        done = desk.finish(session, ticket, event, now, post)
        if hold:
            undo.remember(session, ticket, actor, event.id, was, now + hold)
        return Answered(done.number, done.event_id, link=link)


def _link(session: Session, ticket: Ticket, event: Event, now: datetime, hold: timedelta) -> str:
    """The customer's link; none where nobody outside asked, or where there is nothing to solve."""
    if ticket.reporter_id is not None or ticket.category in NOTHING_TO_SOLVE:
        return ""
    return customer_link.make(session, ticket, event, now, hold)


def _await_verdict(session: Session, ticket: Ticket, actor: Actor, event: Event, now: datetime) -> None:
    """The customer may object once the answer has arrived; whoever asked inside the house has it at once."""
    if ticket.reporter_id is None:
        return settling.await_delivery(session, ticket, now)
    settling.start_objection(session, ticket, now)
    told = {"organisation_id": ticket.reporter_id, "event_id": event.id}
    journal.append(session, ticket, "answer_given", actor=actor, now=now, data=told)


def note(*, actor: Actor, post: Post, text: str, now: datetime, attachments: Sequence[int] = ()) -> Outcome:
    """An internal note: never leaves the house, stops no clock."""
    _require(_text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, Post(post.number, None, post.key))
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "note", actor)
        event = pictures.entry(session, ticket, "note", actor, now, {}, {"text": text}, attachments)
        return desk.finish(session, ticket, event, now, post)


def close(*, actor: Actor, post: Post, root_cause: str, verified: bool, now: datetime) -> Outcome:
    """Close a settled ticket; a complaint with its root cause and the tick that the answers were verified (rulebook
    3.9)."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        _require(_close_errors(ticket, root_cause, verified))
        desk.move(ticket, "close", actor)
        ticket.root_cause, ticket.closed_at = root_cause, now
        data = {"root_cause": root_cause, "verified": verified} | acting.said(session, ticket, actor, ["close"])
        event = journal.append(session, ticket, "closed", actor=actor, now=now, data=data)
        acting.stop(session, ticket, actor, ["close"], now)
        clocks.stop(session, ticket, ["objection", "delivery", "legal"], now)
        return desk.finish(session, ticket, event, now, post)


def _close_errors(ticket: Ticket, root_cause: str, verified: bool) -> dict[str, str]:
    if ticket.kind not in kinds.VERIFIED:
        return {}
    errors = {} if root_cause in ROOT_CAUSES else {"root_cause": "required"}
    return errors | ({} if verified else {"verified": "required"})


def text_errors(answer: ResultIn, now: datetime) -> dict[str, str]:
    """What is wrong with a result whatever ticket it is for, by field."""
    errors = _text_errors(answer.text)
    if answer.action_taken and answer.action_taken not in MEASURES:  # a code: an event keeps it for ever
        errors["action_taken"] = "required"
    for promise in answer.promises:
        errors |= promises.errors_of(promise, now)
    return errors


def check(
    session: Session, ticket: Ticket, answer: ResultIn, now: datetime, orders: Sequence[PlatformOrder] | None = None
) -> None:  # fmt: skip
    """Whether a result may go out. Raises Invalid with everything that is wrong, by field. `orders` are the ticket's,
    where they are at hand."""
    orders = callbacks.orders_of(session, ticket) if orders is None else orders
    errors = text_errors(answer, now) | outward.errors(orders, answer)
    missing: Mapping[str, object] = {}
    try:
        if answer.contact_outcome and answer.contact_outcome not in CONTACTS:
            raise Invalid({"contact_outcome": "required"})
        if ticket.kind in kinds.VERIFIED:
            contacts.check(session, ticket, answer.contact_outcome, answer.no_contact_code, now)
    except Invalid as refused:
        errors, missing = errors | refused.fields, refused.detail
    if errors:
        raise Invalid(errors, **missing)


def _own(session: Session, ticket: Ticket, actor: Actor) -> None:
    """Whoever answers what nobody owns has it from now on; CCS answers and leaves it with its site."""
    if desk.may(ticket, actor, "take"):
        ownership.own(session, ticket, actor)


def _first_reply(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> None:
    acting.stop(session, ticket, actor, ["accept", "first_reply"], now)
    if ticket.first_reply_at is None:
        ticket.first_reply_at = now


def _record_result(session: Session, ticket: Ticket, actor: Actor, answer: ResultIn, now: datetime) -> Event:
    data: dict[str, Any] = {"contact_outcome": answer.contact_outcome, "action_taken": answer.action_taken}
    data["answer"] = answer.answer
    data |= acting.said(session, ticket, actor, ["resolve"])
    if answer.no_contact_code:
        data["no_contact_code"] = answer.no_contact_code
    text: dict[str, Any] = {"text": answer.text, "signed_by": answer.signed_by, "supplements": dict(answer.supplements)}
    text |= {"courier": answer.courier, "findings": contacts.findings(session, ticket)}
    if answer.choices:
        data["answers"] = {key: choice.answer for key, choice in answer.choices.items()}
        text["supplements_of"] = {key: dict(choice.supplements) for key, choice in answer.choices.items()}
    event = pictures.entry(session, ticket, "result", actor, now, data, text, answer.attachments)
    contacts.within(session, ticket, actor, event, answer.contact_outcome, now)
    if answer.no_contact_code == "number_expired":
        asked = {"site_id": ticket.handling_site_id, "event_id": event.id}
        journal.append(session, ticket, "number_requested", actor=actor, now=now, data=asked)
    for promise in answer.promises:
        promises.record(session, ticket, promise, actor, now)
    return event


def _text_errors(text: str) -> dict[str, str]:
    if not text.strip():
        return {"text": "required"}
    return {"text": "too_long"} if len(text) > desk.TEXT_LIMIT else {}


def _follow_up_errors(
    text: str, contact: str, next_update_at: datetime | None, now: datetime, *, tried: bool
) -> dict[str, str]:
    errors = _text_errors(text)
    if not tried or (contact and contact not in CONTACTS):
        errors["contact_outcome"] = "required"
    if next_update_at is None:
        errors["next_update_at"] = "required"
    elif next_update_at <= now:
        errors["next_update_at"] = "in_the_past"
    elif next_update_at > now + NEWS:
        errors["next_update_at"] = "news_too_far"
    return errors


def _require(errors: Mapping[str, str]) -> None:
    if errors:
        raise Invalid(errors)
