"""CCS rules on what the customer rejected (rulebook 3, the drawing; 4, `appeal`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import lifecycle
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import Appeal, Event, Organisation, Ticket
from app.services import appeal_leases, callbacks, clocks, closures, desk, hands, journal, promise_ends, routing
from app.services.desk import Outcome, Post
from app.services.transaction import write

RULINGS = ("upheld_return", "upheld_other_site", "upheld_compensate", "rejected_close")
_STEP = {
    "upheld_return": "ruled_return",
    "upheld_other_site": "ruled_other_site",
    "upheld_compensate": "ruled_compensate",
    "rejected_close": "ruled_rejected",
}

_CLOSES = ("upheld_compensate", "rejected_close")


@dataclass(frozen=True)
class RulingIn:
    """A ruling: one of RULINGS, the words that go to the platform, and the other site where it names one."""

    ruling: str
    text: str
    site_code: str = ""


def rule(*, actor: Actor, post: Post, ruling: RulingIn, now: datetime) -> Outcome:
    """Decide the open appeal. Upheld: return, other site, or compensate and close; rejected: close. No close while a
    promise is open (rulebook 3.7): then the ticket waits as settled for its keeping.

    The ruling goes to the platform as a callback. Raises Invalid, NotFound, NotAllowed ("own_work" for whoever wrote
    or did what the customer rejects), Stale (also while somebody else has the appeal in the stream).
    """
    _check(ruling)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        appeal = open_appeal(session, ticket)
        if appeal is None:
            raise NotAllowed("no_appeal")
        hands.refuse(session, ticket, actor)
        hands.refuse_own_decision(session, ticket, actor)
        appeal_leases.refuse_others(session, ticket, actor, now)
        other = _other_site(session, ticket, actor, ruling, now)
        desk.move(ticket, _step(ticket, ruling.ruling), actor)
        appeal.ruling, appeal.ruled_at, appeal.ruled_by_id = ruling.ruling, now, actor.user_id
        data = {"ruling": ruling.ruling, "appeal_id": appeal.id, "site_id": appeal.site_id}
        event = journal.append(session, ticket, "ruling", actor=actor, now=now, data=data, text={"text": ruling.text})
        clocks.stop(session, ticket, ["appeal"], now)
        appeal_leases.end(session, ticket)
        _carry_out(session, ticket, ruling, event, other, now)
        return desk.finish(session, ticket, event, now, post)


def _step(ticket: Ticket, ruling: str) -> str:
    return "ruled_promised" if ruling in _CLOSES and ticket.open_promises else _STEP[ruling]


def open_appeal(session: Session, ticket: Ticket) -> Appeal | None:
    """The appeal that waits for a ruling, if any."""
    statement = select(Appeal).where(Appeal.ticket_id == ticket.id, Appeal.ruling == "").order_by(Appeal.id.desc())
    return session.scalars(statement.limit(1)).one_or_none()


def _other_site(
    session: Session, ticket: Ticket, actor: Actor, ruling: RulingIn, now: datetime
) -> Organisation | None:  # fmt: skip
    """The site that gets the ticket instead of its own, where the ruling names one. Raises Invalid(site_code)."""
    if ruling.ruling != "upheld_other_site":
        return None
    site = routing.target(session, actor, ruling.site_code, now)
    if site.id == ticket.handling_site_id:
        raise Invalid({"site_code": "same_site"})
    return site


def _carry_out(
    session: Session, ticket: Ticket, ruling: RulingIn, event: Event, other: Organisation | None, now: datetime
) -> None:
    verdict = "REJECTED" if ruling.ruling == "rejected_close" else "UPHELD"
    orders = callbacks.orders_of(session, ticket)
    callbacks.enqueue(session, ticket, event, orders, operate_type=verdict, now=now)
    if ruling.ruling == "upheld_return":
        clocks.start_rework(session, ticket, now)
        closures.look_again(session, ticket.handling_site_id, now)
    elif other is not None:
        routing.to_site(session, ticket, other.id, "ruling", now)
    else:
        _settle(session, ticket, now)


def _settle(session: Session, ticket: Ticket, now: datetime) -> None:
    """Nothing is open any more between the complainant and the site, but for what was promised."""
    promise_ends.forget_broken(ticket)
    if ticket.state != lifecycle.CLOSED:
        ticket.objection_over = True
        return
    ticket.closed_at = now
    clocks.stop(session, ticket, ["legal", "close", "objection"], now)


def _check(ruling: RulingIn) -> None:
    errors = {} if ruling.ruling in RULINGS else {"ruling": "required"}
    if not ruling.text.strip():
        errors["text"] = "required"
    elif len(ruling.text) > desk.TEXT_LIMIT:
        errors["text"] = "too_long"
    if ruling.ruling == "upheld_other_site" and not ruling.site_code.strip():
        errors["site_code"] = "required"
    if errors:
        raise Invalid(errors)
