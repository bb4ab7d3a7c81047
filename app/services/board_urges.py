"""Urge many sites at once: each over its tickets that are late or due within 30 minutes (rulebook 3.11).

Each site is a transaction of its own with a key of its own, whatever becomes of the others. A ticket is urged at most
once in 30 minutes; what the duty phone is told goes with its next bundle, never as one SMS a ticket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.domain import urging
from app.domain.errors import Invalid, NotFound
from app.domain.lifecycle import BEFORE_THE_END
from app.domain.masking import mask_phone
from app.domain.roles import Actor
from app.models import Organisation, Ticket, WorkItem
from app.services import board, desk, moves, presses, reminders, superior
from app.services.one_by_one import key_of
from app.services.transaction import write

MOST = 100  # sites of one post
EACH = 10  # tickets of a site, the most pressing ones
NOTHING, LATELY = "nothing_pressing", "urged_lately"


@dataclass(frozen=True)
class Urged:
    """What became of one site: how many of its tickets were urged; `code` says why none was."""

    site: str
    tickets: int = 0
    code: str = ""


def urge(*, actor: Actor, province: str, codes: Sequence[str], key: str, now: datetime) -> list[Urged]:
    """Urge each of the sites of a province, in the order given; the same form again does nothing twice.

    Raises Invalid(sites: required, or too_many_sites), NotFound where one lies outside: then nothing is done at all.
    """
    wanted = list(dict.fromkeys(codes))
    if not wanted or len(wanted) > MOST:
        raise Invalid({"sites": "too_many_sites" if wanted else "required"})
    ids = _ids(actor, province, wanted)
    return [_one(actor, code, ids[code], key_of(key, code), now) for code in wanted]


def _ids(actor: Actor, province: str, wanted: Sequence[str]) -> dict[str, int]:
    with write() as session:
        area = board.province(session, actor, province)
        here = (Organisation.province_id == area.id, Organisation.code.in_(wanted))
        rows = session.execute(select(Organisation.code, Organisation.id).where(*here))
        found = {row.code: row.id for row in rows}
    if len(found) < len(wanted):
        raise NotFound("organisation_not_found")
    return found


def _one(actor: Actor, code: str, site_id: int, key: str, now: datetime) -> Urged:
    with write() as session:
        done = presses.before(session, "urge-site", key, (actor.user_id,))
        if done is not None:
            return _said(session, code, site_id, done, now)
        # All are locked before the first one is finished, as everywhere: two never wait for each other in a circle.
        tickets = [moves.locked_ticket(session, ticket_id) for ticket_id in _pressing(session, site_id, now)]
        n = sum(_urge(session, actor, ticket, site_id, now) for ticket in tickets)
        presses.remember(session, "urge-site", key, n, now, (actor.user_id,))
        return _said(session, code, site_id, n, now)


def _pressing(session: Session, site_id: int, now: datetime) -> list[int]:
    """The site's most pressing tickets that may be urged again, in the order in which they are locked."""
    free = or_(Ticket.urged_at.is_(None), Ticket.urged_at <= now - urging.BETWEEN)
    statement = _of_site(site_id, now).where(free).order_by(WorkItem.due_at, WorkItem.ticket_id).limit(EACH)
    return sorted(session.scalars(statement))


def _of_site(site_id: int, now: datetime) -> Any:
    due = and_(WorkItem.turn, WorkItem.due_at <= urging.pressing_until(now))
    return (
        select(WorkItem.ticket_id)
        .join(Ticket, Ticket.id == WorkItem.ticket_id)
        .where(WorkItem.scope == site_id, or_(WorkItem.overdue, due))
        .where(Ticket.handling_site_id == site_id, Ticket.state.in_(BEFORE_THE_END))
    )


def _urge(session: Session, actor: Actor, ticket: Ticket, site_id: int, now: datetime) -> int:
    """1 where it was urged; 0 where the ticket has moved on since it was chosen."""
    elsewhere = ticket.handling_site_id != site_id or not desk.may(ticket, actor, "urge_site")
    if elsewhere or urging.possible_at(ticket.urged_at, now) > now:
        return 0
    event = superior.urge(session, ticket, actor, now, _in_a_bundle)
    desk.finish(session, ticket, event, now)
    return 1


def _in_a_bundle(session: Session, ticket: Ticket, n: int, now: datetime) -> dict[str, object]:
    phone = reminders.urged(session, ticket, n, now)
    return {"to": mask_phone(phone)} if phone else {}


def _said(session: Session, code: str, site_id: int, n: int, now: datetime) -> Urged:
    if n:
        return Urged(code, n)
    lately = session.scalar(_of_site(site_id, now).limit(1)) is not None
    return Urged(code, 0, LATELY if lately else NOTHING)
