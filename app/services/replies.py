"""The site's verbs: claim, follow up, answer, note, settle a promise, close (rulebook 3.3 to 3.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.answers import ANSWER_FIELD, check, parse_answers
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import Event, PlatformOrder, Promise, Ticket
from app.models.ids import new_id
from app.services import attachments as pictures
from app.services import callbacks, clocks, customer_link, desk, journal, settling
from app.services.desk import Outcome, Post
from app.services.transaction import write

CONTACTS = ("reached_accepts", "reached_denies", "no_answer", "busy", "number_off", "not_the_person")

ROOT_CAUSES = ("courier", "site_sorting", "station", "hub", "address", "customer", "weather", "system", "other")


@dataclass(frozen=True)
class PromiseIn:
    """A promise that goes with a result: what ("redelivery", "call_back", "compensation") and by when (UTC)."""

    what: str
    due_at: datetime
    text: str = ""


@dataclass(frozen=True)
class ResultIn:
    """A result: the words that leave the house, the findings, the platform's chosen answer and its fields."""

    text: str
    contact_outcome: str
    signed_by: str = ""
    action_taken: str = ""
    answer: str = ""
    supplements: Mapping[str, str] = field(default_factory=dict)
    promises: Sequence[PromiseIn] = ()
    attachments: Sequence[int] = ()


@dataclass(frozen=True)
class Answered(Outcome):
    """A result that was written; `link` is the customer's token where no platform asks, told this once."""

    link: str = ""


def claim(*, actor: Actor, post: Post, now: datetime) -> Outcome:
    """Take an unclaimed ticket as one's own; stops the `accept` clock. Raises NotFound, NotAllowed, Stale."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "claim", actor)
        ticket.owner_id = actor.user_id
        event = journal.append(session, ticket, "claimed", actor=actor, now=now)
        clocks.stop(session, ticket, ["accept"], now)
        return desk.finish(session, ticket, event, now, post)


def follow_up(
    *, actor: Actor, post: Post, text: str, contact_outcome: str, next_update_at: datetime | None, now: datetime,
    attachments: Sequence[int] = (),
) -> Outcome:  # fmt: skip
    """Log a contact attempt and say when the next news comes; the first one stops `first_reply` (rulebook 3.4).

    It counts only with a contact outcome and a next-update time in the future. Raises Invalid naming the fields.
    """
    _require(_follow_up_errors(text, contact_outcome, next_update_at, now))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "follow_up_replied" if ticket.state == "replied" else "follow_up", actor)
        _own(ticket, actor)
        data = {"contact_outcome": contact_outcome, "next_update_at": next_update_at, "counts": True}
        event = _with_pictures(session, ticket, "follow_up", actor, now, data, {"text": text}, attachments)
        _first_reply(session, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def result(*, actor: Actor, post: Post, answer: ResultIn, now: datetime) -> Outcome | Answered:
    """Answer the complaint: stops `accept`, `first_reply` and `resolve`, and sends one callback per platform order;
    where there is none, the complainant gets a link to say *solved* or *not solved* (rulebook 3.9).

    Raises Invalid (fields `text`, `contact_outcome`, `answer`, `supplement-<name>`, `promise_due_at`, `file`),
    NotFound, NotAllowed, Stale.
    """
    _require(_result_errors(answer, now))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        orders = callbacks.orders_of(session, ticket)
        _require(_answer_errors(orders, answer))
        desk.move(ticket, "result", actor)
        _own(ticket, actor)
        event = _record_result(session, ticket, actor, answer, now)
        _first_reply(session, ticket, now)
        clocks.stop(session, ticket, ["resolve"], now)
        ticket.result_at, ticket.customer_accepted, ticket.objection_over = now, False, False
        callbacks.enqueue(session, ticket, event, orders, operate_type=_operate_type(orders, answer), now=now,
                          supplements=dict(answer.supplements))  # fmt: skip
        link = "" if orders else _ask_the_customer(session, ticket, event, now)
        done = desk.finish(session, ticket, event, now, post)
        return Answered(done.number, done.event_id, link=link)


def _ask_the_customer(session: Session, ticket: Ticket, event: Event, now: datetime) -> str:
    settling.start_objection(session, ticket, now)
    return customer_link.make(session, ticket, event, now)


def note(*, actor: Actor, post: Post, text: str, now: datetime, attachments: Sequence[int] = ()) -> Outcome:
    """An internal note: never leaves the house, stops no clock."""
    _require(_text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, Post(post.number, None, post.key))
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "note", actor)
        event = _with_pictures(session, ticket, "note", actor, now, {}, {"text": text}, attachments)
        return desk.finish(session, ticket, event, now, post)


def settle_promise(*, actor: Actor, post: Post, promise_id: int, outcome: str, now: datetime) -> Outcome:
    """Mark a promise kept (rulebook 3.7); the last one kept lets the close clock run."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "promise", actor)
        promise = session.get(Promise, promise_id)
        if promise is None or promise.ticket_id != ticket.id or promise.state != "open" or outcome != "kept":
            raise NotAllowed("promise_not_open")
        promise.state, promise.settled_at = outcome, now
        ticket.open_promises -= 1
        data = {"promise_id": promise_id, "outcome": outcome}
        event = journal.append(session, ticket, "promise_settled", actor=actor, now=now, data=data)
        settling.start_close(session, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def close(*, actor: Actor, post: Post, root_cause: str, verified: bool, now: datetime) -> Outcome:
    """Close a settled ticket with its root cause and the tick that the answers were verified (rulebook 3.9)."""
    errors = {} if root_cause in ROOT_CAUSES else {"root_cause": "required"}
    _require(errors | ({} if verified else {"verified": "required"}))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "close", actor)
        ticket.root_cause, ticket.closed_at = root_cause, now
        data = {"root_cause": root_cause, "verified": True}
        event = journal.append(session, ticket, "closed", actor=actor, now=now, data=data)
        clocks.stop(session, ticket, ["close", "objection", "legal"], now)
        return desk.finish(session, ticket, event, now, post)


def text_errors(answer: ResultIn, now: datetime) -> dict[str, str]:
    """What is wrong with a result whatever ticket it is for, by field."""
    return _result_errors(answer, now)


def preview_errors(session: Session, ticket: Ticket, answer: ResultIn, now: datetime) -> dict[str, str]:
    """Everything wrong with a result before it is sent, by field; empty when it may go out."""
    return _result_errors(answer, now) | _answer_errors(callbacks.orders_of(session, ticket), answer)


def _own(ticket: Ticket, actor: Actor) -> None:
    if ticket.owner_id is None:
        ticket.owner_id = actor.user_id


def _first_reply(session: Session, ticket: Ticket, now: datetime) -> None:
    clocks.stop(session, ticket, ["accept", "first_reply"], now)
    if ticket.first_reply_at is None:
        ticket.first_reply_at = now


def _record_result(session: Session, ticket: Ticket, actor: Actor, answer: ResultIn, now: datetime) -> Event:
    data = {"contact_outcome": answer.contact_outcome, "action_taken": answer.action_taken, "answer": answer.answer}
    text = {"text": answer.text, "signed_by": answer.signed_by, "supplements": dict(answer.supplements)}
    event = _with_pictures(session, ticket, "result", actor, now, data, text, answer.attachments)
    for promise in answer.promises:
        row = Promise(id=new_id(), ticket_id=ticket.id, what=promise.what, due_at=promise.due_at, text_id=event.text_id)
        session.add(row)
        ticket.open_promises += 1
        made = {"promise_id": row.id, "what": promise.what, "due_at": promise.due_at}
        journal.append(session, ticket, "promise_made", actor=actor, now=now, data=made)
    return event


def _with_pictures(
    session: Session, ticket: Ticket, kind: str, actor: Actor, now: datetime,
    data: Mapping[str, Any], text: Mapping[str, Any], ids: Sequence[int],
) -> Event:  # fmt: skip
    """Append the entry with its pictures bound to it; their digests stand in the chain. Raises Invalid(file)."""
    rows = pictures.take(session, ticket, actor, ids)
    proven = {**data, **pictures.proof(rows)}
    event = journal.append(session, ticket, kind, actor=actor, now=now, data=proven, text=text)
    pictures.bind(rows, event)
    return event


def _text_errors(text: str) -> dict[str, str]:
    if not text.strip():
        return {"text": "required"}
    return {"text": "too_long"} if len(text) > desk.TEXT_LIMIT else {}


def _follow_up_errors(text: str, contact: str, next_update_at: datetime | None, now: datetime) -> dict[str, str]:
    errors = _text_errors(text)
    if contact not in CONTACTS:
        errors["contact_outcome"] = "required"
    if next_update_at is None:
        errors["next_update_at"] = "required"
    elif next_update_at <= now:
        errors["next_update_at"] = "in_the_past"
    return errors


def _result_errors(answer: ResultIn, now: datetime) -> dict[str, str]:
    errors = _text_errors(answer.text)
    if answer.contact_outcome not in CONTACTS:
        errors["contact_outcome"] = "required"
    if any(promise.due_at <= now for promise in answer.promises):
        errors["promise_due_at"] = "in_the_past"
    return errors


def _answer_errors(orders: Sequence[PlatformOrder], answer: ResultIn) -> dict[str, str]:
    """The answer must be one that every open order allows, with the fields that it demands."""
    errors: dict[str, str] = {}
    for order in orders:
        found = check(parse_answers(order.answers), answer.answer, answer.supplements) if order.answers else {}
        for name, code in found.items():
            errors["answer" if name == ANSWER_FIELD else f"supplement-{name}"] = code
    return errors


def _operate_type(orders: Sequence[PlatformOrder], answer: ResultIn) -> str:
    for order in orders:
        for offered in parse_answers(order.answers):
            if offered.value == answer.answer:
                return offered.operate_type or offered.value
    return answer.answer or "REPLY"


def _require(errors: Mapping[str, str]) -> None:
    if errors:
        raise Invalid(errors)


def promises_of(session: Session, ticket: Ticket) -> list[Promise]:
    """The ticket's promises, earliest due first."""
    return list(session.scalars(select(Promise).where(Promise.ticket_id == ticket.id).order_by(Promise.due_at)))
