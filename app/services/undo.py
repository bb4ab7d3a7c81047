"""A result is taken back before anything of it has left: the callback and the SMS are withdrawn, the ticket is what it
was, and its clocks run on as if nothing had been said (the events say both).

Whoever sends holds the outbox row; whoever takes back locks the rows first and the ticket after them, as the sending
does. A row that was claimed in the meantime is on its way: that ticket stays answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain import undo as rule
from app.domain.calendars import SHANGHAI
from app.domain.errors import NotAllowed
from app.domain.roles import SYSTEM, Actor
from app.models import (
    Attachment,
    Contact,
    CustomerLink,
    Draft,
    Event,
    FreeText,
    Outbox,
    Promise,
    ResultUndo,
    Ticket,
    entries,
)
from app.models.dialect import changed, for_update
from app.services import clock_undo, clocks, desk, journal, promise_ends, scope
from app.services.desk import Outcome
from app.services.one_by_one import Done, attempt
from app.services.transaction import write

KEPT = timedelta(days=1)
PLAIN = ("state", "queue", "owner_id", "customer_accepted", "objection_over", "flags", "level")
INSTANTS = ("first_reply_at", "result_at")
BY_ITSELF = ("picture_fetched", "picture_failed")  # entries that no answer is about
ACTION = {"open": "undo_unclaimed", "in_progress": "undo_result"}


def before(session: Session, ticket: Ticket) -> dict[str, Any]:
    """How a ticket stands right before its result."""
    found: dict[str, Any] = {name: getattr(ticket, name) for name in PLAIN}
    for name in INSTANTS:
        at = getattr(ticket, name)
        found[name] = at.isoformat() if at else None
    return found | {"clocks": clock_undo.snapshot(session, ticket)}


def remember(
    session: Session, ticket: Ticket, actor: Actor, event_id: int, was: Mapping[str, Any], until: datetime
) -> None:
    """Keep that with the result, which may be taken back until then; the change that wrote it is finished."""
    session.add(ResultUndo(
        event_id=event_id, ticket_id=ticket.id, user_id=actor.user_id, version=ticket.version, before=dict(was),
        until=until,
    ))  # fmt: skip


def open_for(session: Session, actor: Actor, ticket: Ticket, now: datetime) -> ResultUndo | None:
    """The actor's own result on this ticket that can still be taken back; asks nothing where none was sent just now."""
    just = ticket.result_at is not None and now - ticket.result_at < timedelta(seconds=rule.LONGEST_SECONDS)
    if ticket.state != "replied" or not just:
        return None
    row = _last(session, ticket, actor)
    if row is None or row.undone_at is not None or row.until <= now or _moved_on(session, ticket, row):
        return None
    return row


def take_back(*, actor: Actor, number: str, now: datetime) -> Outcome:
    """Take one's own last result on a ticket back. The same again does nothing.

    Raises NotFound, NotAllowed: "not_allowed" (none of one's own), "undo_over", "undo_sent" (it is on its way),
    "undo_moved_on" (somebody acted since).
    """
    with write() as session:
        row = _last(session, scope.load(session, actor, number), actor)
        if row is None:
            raise NotAllowed("not_allowed")
        leaving = _rows_of(session, row)
        ticket = scope.load(session, actor, number, lock=True)
        session.refresh(row)
        if row.undone_at is not None:
            return Outcome(number, row.event_id, repeated=True)
        if why := _refusal(row, leaving, actor, now) or ("undo_moved_on" if _moved_on(session, ticket, row) else ""):
            raise NotAllowed(why)
        row.undone_at = now
        _withdraw(session, leaving, row.event_id, now)
        return desk.finish(session, ticket, _restore(session, ticket, actor, row, leaving, now), now)


def take_back_many(*, actor: Actor, numbers: Sequence[str], now: datetime) -> list[Done]:
    """The same for each of these tickets; one outcome each."""
    return [
        attempt(number, partial(take_back, actor=actor, number=number, now=now)) for number in dict.fromkeys(numbers)
    ]


def sweep(now: datetime) -> int:
    """Forget what cannot be taken back any more; how many."""
    with write() as session:
        return changed(session, delete(ResultUndo).where(ResultUndo.until <= now - KEPT))


def _last(session: Session, ticket: Ticket, actor: Actor) -> ResultUndo | None:
    own = select(ResultUndo).where(ResultUndo.ticket_id == ticket.id, ResultUndo.user_id == actor.user_id)
    return session.scalars(own.order_by(ResultUndo.event_id.desc()).limit(1)).one_or_none()


def _rows_of(session: Session, row: ResultUndo) -> list[Outbox]:
    """What would leave the house with the result, locked in the order of the ids."""
    rows = for_update(select(Outbox).where(Outbox.ticket_id == row.ticket_id).order_by(Outbox.id))
    found = session.scalars(rows.execution_options(populate_existing=True))
    return [one for one in found if one.payload.get("event_id") == row.event_id]


def _refusal(row: ResultUndo, leaving: Sequence[Outbox], actor: Actor, now: datetime) -> str:
    if any(one.state != "pending" or one.attempts or one.token for one in leaving):
        return "undo_sent"
    return rule.may_undo(author_id=row.user_id, actor_id=actor.user_id, until=row.until, now=now)


def _moved_on(session: Session, ticket: Ticket, row: ResultUndo) -> bool:
    """Whether anything happened since the result but a picture of the complaint that came in by itself."""
    if ticket.version == row.version:
        return False
    since = entries.of_ticket(ticket.id), Event.seq > row.version, Event.type.not_in(BY_ITSELF)
    return session.scalar(select(Event.id).where(*since).limit(1)) is not None


def _withdraw(session: Session, leaving: Sequence[Outbox], event_id: int, now: datetime) -> None:
    """Nothing of it leaves any more: a worker with an older token finds nothing to send, a link opens nothing."""
    for one in leaving:
        one.state, one.next_try_at, one.lease_until, one.token = "withdrawn", None, None, one.token + 1
    links = update(CustomerLink).where(CustomerLink.event_id == event_id, CustomerLink.expires_at > now)
    session.execute(links.values(expires_at=now))


def _restore(
    session: Session, ticket: Ticket, actor: Actor, row: ResultUndo, leaving: Sequence[Outbox], now: datetime
) -> Event:
    was = row.before
    data = {"event_id": row.event_id, "outbox_ids": [one.id for one in leaving], "state": was["state"]}
    event = journal.append(session, ticket, "result_undone", actor=actor, now=now, data=data)
    desk.move(ticket, ACTION[was["state"]], SYSTEM)
    clocks.void(session, ticket, ["delivery"], now)
    promised = _drop_promises(session, ticket, row.event_id, now)
    for name in PLAIN:
        setattr(ticket, name, was[name])
    for name in INSTANTS:
        setattr(ticket, name, datetime.fromisoformat(was[name]) if was[name] else None)
    clock_undo.run_on(session, ticket, was["clocks"], now)
    session.execute(delete(Contact).where(Contact.event_id == row.event_id))  # an attempt that the form alone named
    pictures = update(Attachment).where(Attachment.event_id == row.event_id, Attachment.origin == "upload")
    session.execute(pictures.values(event_id=None))  # they wait in the box again
    _back_to_draft(session, ticket, actor, row.event_id, promised, now)
    return event


def _drop_promises(session: Session, ticket: Ticket, event_id: int, now: datetime) -> dict[str, str]:
    """End the promises that went with the result; how the form had said the last of them."""
    said, fields = session.get_one(Event, event_id), {}
    made = select(Event).where(entries.of_ticket(ticket.id), Event.type == "promise_made", Event.seq > said.seq)
    for event in session.scalars(made.order_by(Event.seq)):
        promise = session.get(Promise, event.data["promise_id"])
        if promise is None or promise.state != "open":
            continue
        promise_ends.set_aside(session, ticket, promise, "dropped", now)
        due, words = promise.due_at.astimezone(SHANGHAI), _body(session, event)
        fields = {"promise_what": promise.what, "promise_due_at": due.strftime("%Y-%m-%dT%H:%M")}
        fields |= {f"promise_{name}": words.get(name, "") for name in ("text", "who")}
    return fields


def _back_to_draft(
    session: Session, ticket: Ticket, actor: Actor, event_id: int, promised: Mapping[str, str], now: datetime
) -> None:
    """The words stand in the box again, to be put right; a draft that was begun since is not touched."""
    if session.get(Draft, (actor.user_id, ticket.id, "result")) is not None:
        return
    said = session.get_one(Event, event_id)
    body = _body(session, said)
    values = {"text": body.get("text", ""), "finding_signed_by": body.get("signed_by", "")}
    values |= {"finding_courier": body.get("courier", ""), "answer": said.data.get("answer", "")}
    values |= {name: said.data.get(name, "") for name in ("contact_outcome", "action_taken", "no_contact_code")}
    values |= {f"supplement-{name}": value for name, value in (body.get("supplements") or {}).items()}
    for key, answer in (said.data.get("answers") or {}).items():
        more = (body.get("supplements_of") or {}).get(key, {})
        values |= {f"answer-{key}": answer} | {f"supplement-{key}-{name}": value for name, value in more.items()}
    values = {name: value for name, value in (values | dict(promised)).items() if value}
    session.add(Draft(
        user_id=actor.user_id, ticket_id=ticket.id, box="result", version=1, saved_at=now,
        ticket_version=ticket.version, values=values,
    ))  # fmt: skip


def _body(session: Session, event: Event) -> dict[str, Any]:
    row = session.get(FreeText, event.text_id) if event.text_id else None
    return row.body if row else {}
