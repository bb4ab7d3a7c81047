"""Typical cases (典型案例): out of a closed ticket, masked, with a lesson, published month by month (rulebook 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.domain import publications as rule
from app.domain.calendars import month_bounds
from app.domain.case_masking import Known, masked
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.masking import mask_waybill
from app.domain.publications import CASE
from app.domain.roles import Actor
from app.models import (
    FreeText,
    Person,
    PlatformOrder,
    Publication,
    Scan,
    Ticket,
    TicketContact,
    User,
)
from app.models.dialect import for_update, lock_key
from app.services import archived_ticket, linked, publication_view, publications, scope
from app.services.publications import PublicationIn
from app.services.transaction import write

CLOSED = "closed"
TOLD = ("received", "repeat", "reject", "customer_rejects", "result", "ruling")  # entries that make the story
MOST_TOLD = 12
NAMES_IN_TEXTS = ("signed_by", "courier", "who", "to", "name")  # what entries keep beside their words


@dataclass(frozen=True)
class CaseIn:
    """What the form says: `month` is the one in which it is to come out."""

    title: str
    body: str
    lesson: str
    month: str


@dataclass(frozen=True)
class Story:
    """What a closed ticket offers for its case, masked: kind of entry and words, in order."""

    number: str
    category: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Issue:
    """What publishing a month did: how many came out, and the titles of those that lack something."""

    out: int
    left: tuple[str, ...]


def story(session: Session, actor: Actor, number: str) -> Story:
    """What a case of this ticket can begin with. Raises NotFound, NotAllowed ("not_closed", "case_exists")."""
    ticket = _ticket(session, actor, number)
    known = known_of(session, ticket)
    told = [(event.type, body) for event, body in archived_ticket.told(session, ticket) if event.type in TOLD and body]
    lines = [(kind, masked(str(body.get("text", "")), known)) for kind, body in told[:MOST_TOLD]]
    return Story(ticket.number, ticket.category, tuple((kind, text) for kind, text in lines if text.strip()))


def create(*, actor: Actor, number: str, case: CaseIn, now: datetime) -> int:
    """Keep a working copy of a case; what could tell who it was is masked, whatever was typed. Its id.

    Raises NotFound, NotAllowed ("not_allowed", "not_closed", "case_exists"), Invalid by field.
    """
    if not rule.may_write(actor, CASE):
        raise NotAllowed("not_allowed")
    _check(case)
    with write() as session:
        lock_key(session, f"case:{number}")
        ticket = _ticket(session, actor, number)
        made = _masked(case, known_of(session, ticket), ticket.category, ticket.waybill)
        return publications.begin(session, actor, CASE, made, now, ticket_id=ticket.id)


def revise(*, actor: Actor, publication_id: int, revision: int, case: CaseIn, now: datetime) -> None:
    """Change the working copy, masked again. Raises NotFound, NotAllowed, Invalid, Stale."""
    _check(case)
    with write() as session:
        row = publications.held(session, actor, publication_id, revision)
        ticket = session.get(Ticket, row.ticket_id) if row.ticket_id else None
        if row.kind != CASE or ticket is None:
            raise NotFound("publication_not_found")
        made = _masked(case, known_of(session, ticket), ticket.category, ticket.waybill)
        publications.put(row, actor, made, now)


def waiting(session: Session, actor: Actor) -> list[Publication]:
    """Working copies of the actor's own scope that never were out, the oldest first."""
    if not rule.may_write(actor, CASE):
        return []
    return list(session.scalars(_waiting(actor).limit(200)))


def publish_month(*, actor: Actor, month: str, now: datetime) -> Issue:
    """Let all cases out that wait for that month in the actor's scope; one without text or lesson is left and named.

    Raises NotAllowed.
    """
    if not rule.may_write(actor, CASE):
        raise NotAllowed("not_allowed")
    out, left = 0, []
    with write() as session:
        rows = [row for row in session.scalars(for_update(_waiting(actor))) if row.extra.get("month") == month]
        for row in rows:
            try:
                publications.release(session, actor, row, now)
                out += 1
            except Invalid:
                left.append(row.title)
    return Issue(out, tuple(left))


def _waiting(actor: Actor) -> Select[Any]:
    never_out = (Publication.kind == CASE, Publication.current_id.is_(None), Publication.ended_at.is_(None))
    own = Publication.scope_id.is_(None) if actor.desk == "ccs" else Publication.scope_id == rule.home(actor, CASE)
    return select(Publication).where(*never_out, own, publication_view.visible_to(actor)).order_by(Publication.id)


def _ticket(session: Session, actor: Actor, number: str) -> Ticket:
    ticket = scope.load(session, actor, number)
    if ticket.state != CLOSED:
        raise NotAllowed("not_closed")
    live = select(Publication.id).where(Publication.ticket_id == ticket.id, Publication.ended_at.is_(None))
    mine = live.where(Publication.kind == CASE, publication_view.visible_to(actor))
    if session.scalar(mine.limit(1)) is not None:
        raise NotAllowed("case_exists")
    return ticket


def _check(case: CaseIn) -> None:
    wrong = rule.errors(CASE, case.title, case.body, {"lesson": case.lesson}, out=False)
    try:
        month_bounds(case.month)
    except (ValueError, OverflowError):
        wrong["month"] = "required"
    if wrong:
        raise Invalid(wrong)


def _masked(case: CaseIn, known: Known, category: str, waybill: str) -> PublicationIn:
    texts = [masked(text.strip(), known) for text in (case.title, case.body, case.lesson)]
    extra = {"lesson": texts[2], "month": case.month, "category": category, "waybill": mask_waybill(waybill)}
    return PublicationIn(texts[0], texts[1], extra)


def known_of(session: Session, ticket: Ticket) -> Known:
    """Everybody and every number that the ticket knows."""
    mine = ticket.id
    people = [
        row for table in (Person, TicketContact)
        for row in session.execute(select(table.name, table.address).where(table.ticket_id == mine))
    ]  # fmt: skip
    others = linked.of(session, ticket.waybill) if ticket.waybill else []
    waybills = {ticket.waybill, *(one.waybill for one in others)} - {""}
    orders = session.scalars(select(PlatformOrder.code).where(PlatformOrder.ticket_id == mine))
    names = {name for name, _address in people} | _colleagues(session, ticket)
    names |= set(session.scalars(select(Scan.courier).where(Scan.waybill.in_(waybills)))) if waybills else set()
    addresses = frozenset(address for _name, address in people if address)
    return Known(frozenset(name.strip() for name in names if name), addresses, frozenset({*waybills, *orders}))


def _colleagues(session: Session, ticket: Ticket) -> set[str]:
    """Who acted, and whom the findings name."""
    told = archived_ticket.told(session, ticket)
    acted = {event.actor_id for event, _body in told if event.actor_id}
    found = set(session.scalars(select(User.name).where(User.id.in_(acted))))
    stayed = session.scalars(select(FreeText.body).where(FreeText.ticket_id == ticket.id))
    for body in (*stayed, *(body for _event, body in told)):
        found |= {str(body[key]) for key in NAMES_IN_TEXTS if body.get(key)}
    return found
