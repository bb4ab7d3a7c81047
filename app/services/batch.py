"""Claim, follow up and answer many tickets at once: the single verb for each, whatever becomes of the others.

One ticket outside the scope and nothing is done at all: whoever names it did not get it from a list of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import placeholders
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.form_digest import digest
from app.domain.kinds import PROBLEM
from app.domain.roles import Actor
from app.models import PlatformOrder, Ticket
from app.services import callbacks, claims, desk, outward, replies, template_values
from app.services.desk import Post
from app.services.one_by_one import Done, attempt, key_of
from app.services.outward import Choice, Group
from app.services.replies import ResultIn
from app.services.scope import visible_to
from app.services.transaction import write

MOST = 50  # tickets of one post
MOST_PROBLEMS = 500  # of problem parcels, whose answers stay in the house


@dataclass(frozen=True)
class Item:
    """One ticket of a batch with what its placeholders stand for (the customer masked), and its open orders."""

    ticket: Ticket
    values: Mapping[str, str]
    orders: Sequence[PlatformOrder]

    @property
    def number(self) -> str:
        """The ticket's number."""
        return self.ticket.number


@dataclass(frozen=True)
class Many:
    """Which tickets, as the page showed them: the version of each, and the form's one-time key."""

    numbers: Sequence[str]
    versions: Mapping[str, int]
    key: str = ""

    def post(self, number: str) -> Post:
        """Where the form stood for one of them."""
        return Post(number, self.versions.get(number), key_of(self.key, number))

    def typed(self, actor: Actor, number: str, typed: str, filled: str, form: str) -> Post:
        """The same with who typed what; what placeholders stand for is another hour's when it comes again."""
        said = typed if typed == filled else ""
        return replace(self.post(number), by_id=actor.user_id, said=said, form=form)


def items(session: Session, actor: Actor, numbers: Sequence[str], now: datetime) -> list[Item]:
    """The tickets named, each once, in that order. Raises Invalid (`tickets`: none, or more than 50, of problem parcels
    500), NotFound where one lies outside the scope."""
    wanted = list(dict.fromkeys(numbers))
    if not wanted or len(wanted) > MOST_PROBLEMS:
        raise Invalid({"tickets": "too_many_in_batch" if wanted else "required"})
    statement = select(Ticket).where(Ticket.number.in_(wanted), visible_to(actor))
    found = {ticket.number: ticket for ticket in session.scalars(statement)}
    if len(wanted) > MOST and {ticket.kind for ticket in found.values()} != {PROBLEM}:
        raise Invalid({"tickets": "too_many_in_batch"})
    if len(found) < len(wanted):
        raise NotFound("ticket_not_found")
    values = template_values.of(session, list(found.values()), now)
    return [Item(found[number], values[found[number].id], _orders(session, found[number])) for number in wanted]


def _orders(session: Session, ticket: Ticket) -> list[PlatformOrder]:
    """The platforms that a ticket answers to; a problem parcel is nobody's outside the house."""
    return [] if ticket.kind == PROBLEM else callbacks.orders_of(session, ticket)


def groups(found: Sequence[Item]) -> list[Group]:
    """What the platforms of all these tickets allow, each set of answers once. The key names the set itself, so that
    it stays the same when a row is taken out."""
    asked = outward.groups([order for item in found for order in item.orders])
    return [replace(group, key=_key(group)) for group in asked]


def _key(group: Group) -> str:
    return hashlib.sha256(repr(group.answers).encode()).hexdigest()[:8]


def check(found: Sequence[Item], answer: ResultIn, now: datetime) -> None:
    """What can be said of the form before any ticket is asked. Raises Invalid naming the form's fields, or `tickets`
    where they are not of one category."""
    wrong = replies.text_errors(answer, now) | outward.errors_in(groups(found), answer) | _unknown(answer.text)
    if len({item.ticket.category for item in found}) > 1:
        wrong["tickets"] = "mixed_categories"
    if wrong:
        raise Invalid(wrong)


def answer_of(item: Item, answer: ResultIn) -> ResultIn:
    """What exactly goes to one ticket: its own text, and of the answers those that its own platforms allow."""
    own = {group.key: answer.choices.get(_key(group), Choice()) for group in outward.groups(item.orders)}
    plain = own.pop("", Choice())
    text = placeholders.fill(answer.text, item.values)
    return replace(answer, text=text, answer=plain.answer, supplements=plain.supplements, choices=own)


def refusals(session: Session, actor: Actor, found: Sequence[Item], answer: ResultIn, now: datetime) -> list[Done]:
    """For each ticket whether the answer could go out; nothing is written. Raises Invalid as `check` does, and where
    the same form suits none of those that may be answered."""
    check(found, answer, now)
    verb = partial(_check_one, session, actor, answer, now)
    judged = [attempt(item.number, partial(verb, item)) for item in found]
    open_ones = [item for item in found if desk.may(item.ticket, actor, "result")]
    if open_ones and all(one.code for one in judged):
        verb(open_ones[0])
    return judged


def doubts(session: Session, found: Sequence[Item], answer: ResultIn, now: datetime) -> dict[str, tuple[str, ...]]:
    """Where the trace does not show what the result claims: the doubts of `claims`, by the ticket's number."""
    told = claims.of_many(session, [item.ticket for item in found], measure=answer.action_taken, now=now)
    return {item.number: told[item.ticket.id] for item in found if item.ticket.id in told}


def _check_one(session: Session, actor: Actor, answer: ResultIn, now: datetime, item: Item) -> None:
    if not desk.may(item.ticket, actor, "result"):
        raise NotAllowed("not_allowed")
    replies.check(session, item.ticket, answer_of(item, answer), now)


def claim(*, actor: Actor, many: Many, now: datetime) -> list[Done]:
    """Claim each. Raises Invalid(tickets), NotFound before anything is done."""
    _named(actor, many, now)
    posts = [replace(many.post(number), by_id=actor.user_id) for number in dict.fromkeys(many.numbers)]
    return [attempt(post.number, partial(replies.claim, actor=actor, post=post, now=now)) for post in posts]


def follow_up(
    *, actor: Actor, many: Many, text: str, contact_outcome: str, next_update_at: datetime | None, now: datetime
) -> list[Done]:
    """Log the same follow-up at each, its placeholders filled. Raises Invalid(tickets, text), NotFound."""
    found = _named(actor, many, now)
    if wrong := _unknown(text):
        raise Invalid(wrong)
    verb = partial(
        replies.follow_up, actor=actor, contact_outcome=contact_outcome, next_update_at=next_update_at, now=now
    )
    texts = {item.number: placeholders.fill(text, item.values) for item in found}
    form = digest(["follow_up", text, contact_outcome, next_update_at])
    return [
        attempt(number, partial(verb, post=many.typed(actor, number, text, filled, form), text=filled))
        for number, filled in texts.items()
    ]


def result(
    *, actor: Actor, many: Many, answer: ResultIn, now: datetime, hold: timedelta = timedelta(0)
) -> list[Done]:  # fmt: skip
    """Answer each with its own text and callback, which leaves after `hold`.

    Raises Invalid (the form's fields, `tickets`), NotFound.
    """
    found = _named(actor, many, now)
    check(found, answer, now)
    verb = partial(replies.result, actor=actor, now=now, hold=hold)
    own = {item.number: answer_of(item, answer) for item in found}
    form = digest(["result", asdict(replace(answer, attachments=()))])
    return [
        attempt(number, partial(verb, post=many.typed(actor, number, answer.text, one.text, form), answer=one))
        for number, one in own.items()
    ]


def _named(actor: Actor, many: Many, now: datetime) -> list[Item]:
    with write() as session:
        found = items(session, actor, many.numbers, now)
        session.expunge_all()  # each verb reads its ticket anew, locked
        return found


def _unknown(text: str) -> dict[str, str]:
    return {"text": "unknown_placeholder"} if placeholders.unknown(text) else {}
