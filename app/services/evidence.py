"""Evidence orders (取证通知): LCS or CCS wants named evidence from an organisation by a date (rulebook 3.14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import responsibility as rule
from app.domain.clocks import Limit
from app.domain.errors import Invalid
from app.domain.roles import Actor
from app.models import Clock, EvidenceOrder, Organisation, Ticket
from app.models.ids import new_id
from app.services import attachments, cases, clocks, desk, journal, organisations, party_cases, presumption
from app.services.desk import Outcome, Post
from app.services.party_cases import data_of
from app.services.transaction import write

BY_DATE = Limit(0, "always")  # no policy: the order names its due


def order(*, actor: Actor, post: Post, code: str, text: str, due_at: datetime | None, now: datetime) -> Outcome:
    """Order evidence (`text` names it) from any site, hub, department or province by a future instant.

    The organisation sees the ticket from now on; the clock `evidence` is booked to it. Raises Invalid (`code`, `text`,
    `due_at`), NotFound, NotAllowed, Stale.
    """
    errors = ({} if code.strip() else {"code": "required"}) | party_cases.text_errors(text)
    if due_at is None or due_at <= now:
        raise Invalid(errors | {"due_at": "required" if due_at is None else "in_the_past"})
    party_cases.require(errors)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "order_evidence", actor)
        organisation = _ordered(session, actor, code, now)
        order_id = new_id()
        data = data_of(organisation, order_id=order_id, due_at=due_at)
        event = journal.append(
            session, ticket, "evidence_ordered", actor=actor, now=now, data=data, text={"text": text}
        )
        clock = clocks.start(session, ticket, "evidence", BY_DATE, now, due=due_at, organisation_id=organisation.id)
        session.add(EvidenceOrder(
            id=order_id, ticket_id=ticket.id, organisation_id=organisation.id, event_id=event.id, clock_id=clock.id,
            due_at=due_at, ordered_at=now, ordered_by_id=actor.user_id,
        ))  # fmt: skip
        cases.admit(session, ticket, organisation, "ordered", now)
        return party_cases.finish(session, ticket, event, now, post)


def _ordered(session: Session, actor: Actor, code: str, now: datetime) -> Organisation:
    organisation = organisations.find(session, code)
    if organisation is None or organisation.kind not in rule.EVIDENCE_KINDS:
        raise Invalid({"code": "unknown_organisation"})
    if organisation.id == actor.organisation_id:
        raise Invalid({"code": "own_organisation"})
    if rule.is_closed(party_cases.candidate(organisation), now):
        raise Invalid({"code": "organisation_closed"})
    return organisation


def deliver(
    *, actor: Actor, post: Post, order_id: int | None, text: str, now: datetime, pictures: Sequence[int] = ()
) -> Outcome:  # fmt: skip
    """Deliver what was ordered, also after its time; stops the order's clock.

    Raises Invalid (`order`, `text`, `file`), NotFound, NotAllowed, Stale.
    """
    party_cases.require(party_cases.text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "deliver_evidence", actor)
        wanted = _open_order(session, ticket, actor, order_id)
        if wanted.state == "open" and wanted.due_at < now:
            presumption.silent(session, ticket, wanted, now)
        organisation = session.get_one(Organisation, wanted.organisation_id)
        data = data_of(organisation, order_id=wanted.id, late=wanted.due_at < now)
        event = attachments.entry(session, ticket, "evidence_delivered", actor, now, data, {"text": text}, pictures)
        wanted.state, wanted.delivered_at = "delivered", now
        clock = session.get(Clock, wanted.clock_id)
        if clock is not None and clock.stopped_at is None:
            clocks.stop_run(session, ticket, clock, now)
        return party_cases.finish(session, ticket, event, now, post)


def _open_order(session: Session, ticket: Ticket, actor: Actor, order_id: int | None) -> EvidenceOrder:
    """The actor's open order with that id, or the only one there is. Raises Invalid(order)."""
    statement = select(EvidenceOrder).where(
        EvidenceOrder.ticket_id == ticket.id, EvidenceOrder.organisation_id == actor.organisation_id,
        EvidenceOrder.state.in_(("open", "silent")),
    )  # fmt: skip
    rows = list(session.scalars(statement.order_by(EvidenceOrder.due_at)))
    found = [row for row in rows if row.id == order_id] if order_id else rows
    if len(found) != 1:
        raise Invalid({"order": "required"})
    return found[0]
