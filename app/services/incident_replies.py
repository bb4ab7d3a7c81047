"""One text for many tickets: each gets its own result with its own callback, in its own transaction (rulebook 2).

The reply goes through `replies.result` like any other. An LCS acts for the site for that one step: the thread shows who
acted for whom, and the ticket is given back afterwards. CCS answers what was handed up to it; the rest is refused at
once, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.contacts import FOR_INCIDENTS, REACHED
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.form_digest import digest
from app.domain.lifecycle import AT_WORK
from app.domain.roles import Actor
from app.models import Ticket
from app.services import acting, desk, incidents, replies, scope
from app.services.desk import Post
from app.services.one_by_one import Done, attempt, key_of
from app.services.replies import ResultIn
from app.services.transaction import write

AT_ONCE = 100  # tickets of one post


def reply_all(
    *, actor: Actor, number: str, ticket_numbers: Sequence[str], answer: ResultIn, key: str, now: datetime
) -> list[Done]:
    """Answer the named tickets of an incident with one text; one outcome each, whatever happens to the others.

    Raises Invalid as `check` does, before anything is sent, and NotFound.
    """
    with write() as session:
        check(session, actor=actor, ticket_numbers=ticket_numbers, answer=answer, now=now)
    if answer.contact_outcome not in REACHED:
        answer = replace(answer, no_contact_code=answer.no_contact_code or FOR_INCIDENTS)
    wanted = list(dict.fromkeys(ticket_numbers))
    return [_one(actor, number, ticket_number, answer, key, now) for ticket_number in wanted]


def check(
    session: Session, *, actor: Actor, ticket_numbers: Sequence[str], answer: ResultIn, now: datetime
) -> None:  # fmt: skip
    """What can be said before a single ticket is answered.

    Raises Invalid(text, contact_outcome, tickets); `tickets` "not_yours" with the numbers of those that are at work and
    not this actor's to answer.
    """
    wrong = replies.text_errors(answer, now)
    if not ticket_numbers:
        wrong["tickets"] = "required"
    if len(set(ticket_numbers)) > AT_ONCE:
        wrong["tickets"] = "too_many_tickets"
    if wrong:
        raise Invalid(wrong)
    if others := _of_others(session, actor, ticket_numbers):
        raise Invalid({"tickets": "not_yours"}, numbers=others)


def _of_others(session: Session, actor: Actor, ticket_numbers: Sequence[str]) -> list[str]:
    """Tickets at work that this actor can neither answer nor act for: somebody else has to."""
    named = select(Ticket).where(Ticket.number.in_(ticket_numbers), scope.visible_to(actor), Ticket.state.in_(AT_WORK))
    rows = session.scalars(named.order_by(Ticket.number))
    return [ticket.number for ticket in rows if not may_reply(ticket, actor)]


def may_reply(ticket: Ticket, actor: Actor) -> bool:
    """Whether this actor could answer the ticket: at once, or by acting for its site."""
    return desk.may(ticket, actor, "result") or (desk.may(ticket, actor, "act_for") and ticket.state in AT_WORK)


def _one(actor: Actor, number: str, ticket_number: str, answer: ResultIn, key: str, now: datetime) -> Done:
    form = digest(asdict(replace(answer, attachments=())))
    post = Post(ticket_number, None, key_of(key, ticket_number), by_id=actor.user_id, said=answer.text, form=form)

    def verb() -> None:
        begun = _begin(actor, number, post, answer, now)
        try:
            replies.result(actor=actor, post=post, answer=answer, now=now)
        finally:
            if begun:
                _end(actor, post, now)

    return attempt(ticket_number, verb)


def _begin(actor: Actor, number: str, post: Post, answer: ResultIn, now: datetime) -> bool:
    """Act for the site where that is needed and the answer would be taken; True when it was begun here."""
    with write() as session:
        row = incidents.load(session, actor, number)
        ticket = scope.load(session, actor, post.number, lock=True)
        if ticket.incident_id != row.id:
            raise NotFound("not_in_incident")
        if desk.done_before(session, post) or desk.may(ticket, actor, "result"):
            return False
        if not may_reply(ticket, actor):
            raise NotAllowed("cannot_act" if ticket.state in AT_WORK else "not_allowed")
        replies.check(session, ticket, answer, now)
        desk.finish(session, ticket, acting.begin(session, ticket, actor, now), now)
        return True


def _end(actor: Actor, post: Post, now: datetime) -> None:
    with write() as session:
        ticket = scope.load(session, actor, post.number, lock=True)
        desk.move(ticket, "stop_acting", actor)
        desk.finish(session, ticket, acting.give_back(session, ticket, actor, now), now)
