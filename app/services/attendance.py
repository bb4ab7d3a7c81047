"""Who is on duty, and what becomes of the tickets of those who are not: back to the team (rulebook 3.3)."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from app.domain.calendars import is_open
from app.domain.errors import Invalid, NotFound
from app.domain.lifecycle import OPEN_STATES
from app.domain.roles import SYSTEM, Actor
from app.models import Category, Organisation, User, WorkItem
from app.services import appeal_leases, calendars, desk, journal, moves, ownership
from app.services.transaction import write

log = logging.getLogger(__name__)
BATCH = 100  # people a round, and tickets of one person a round; the next round takes the rest


def set_duty(*, actor: Actor, user_id: int, on: bool, now: datetime) -> None:
    """Go on or off duty; a manager may do it for a colleague. Off duty gives every open ticket back to the team.

    Raises NotFound for a person of another organisation, or when a clerk names anybody else.
    """
    with write() as session:
        person = _of_team(session, actor, user_id)
        person.off_duty_at = None if on else person.off_duty_at or now
        owned = [] if on else _owned(session, user_id)
        if not on:
            appeal_leases.let_go(session, user_id)
    for ticket_id in owned:
        _return_one(ticket_id, user_id, actor, "off_duty", now)


def set_skills(*, actor: Actor, user_id: int, skills: list[str]) -> None:
    """Which categories a colleague gets by auto-assignment; none means all. Raises NotFound, Invalid."""
    with write() as session:
        person = _of_team(session, actor, user_id)
        known = set(session.scalars(select(Category.code)))
        if not set(skills) <= known:
            raise Invalid({"skills": "invalid"})
        person.skills = [] if set(skills) == known else sorted(set(skills))


def set_auto_assign(*, actor: Actor, on: bool) -> None:
    """Whether new tickets of the actor's organisation get an owner by themselves."""
    with write() as session:
        session.execute(update(Organisation).where(Organisation.id == actor.organisation_id).values(auto_assign=on))


def assigns(session: Session, actor: Actor) -> bool:
    """Whether new tickets of the actor's organisation get an owner by themselves. Select only."""
    return bool(session.scalar(select(Organisation.auto_assign).where(Organisation.id == actor.organisation_id)))


def sweep(session: Session, now: datetime) -> int:
    """Return the tickets of owners who are gone, off duty or disabled; the number of tickets returned.

    Outside the service hours nobody is expected, and a whole round is one look at the calendar.
    """
    service = calendars.calendars(session)["service"]
    gone = _gone(session, now) if is_open(service, now) else []
    owned = [(ticket_id, user_id, why) for user_id, why in gone for ticket_id in _owned(session, user_id)]
    session.rollback()
    return sum(_one(ticket_id, user_id, why, now) for ticket_id, user_id, why in owned)


def give_back_all(session: Session, *, user_id: int, organisation_id: int, actor: Actor, now: datetime) -> None:
    """Give back to the team what somebody owned in an organisation that they left, or whose account is disabled."""
    while owned := _owned(session, user_id, organisation_id):
        session.rollback()
        if not sum(_return_one(ticket_id, user_id, actor, "left", now) for ticket_id in owned):
            break
    session.rollback()


def _one(ticket_id: int, user_id: int, why: str, now: datetime) -> bool:
    """A ticket that raises is reported and stays where it is; it never stops the line."""
    try:
        return _return_one(ticket_id, user_id, SYSTEM, why, now)
    except Exception:
        log.exception("attendance: ticket %s stays with person %s", ticket_id, user_id)
        return False


def _gone(session: Session, now: datetime) -> list[tuple[int, str]]:
    """Owners of open work who are not there, and why. An owner's open work is one look at an index."""
    away = User.last_seen_at < ownership.gone_before(session, now)
    owns = exists().where(
        WorkItem.scope == User.organisation_id, WorkItem.owner_id == User.id, WorkItem.state.in_(OPEN_STATES)
    )
    statement = select(User.id, User.off_duty_at, User.disabled_at).where(
        or_(away, User.off_duty_at.is_not(None), User.disabled_at.is_not(None)), owns
    )
    rows = session.execute(statement.order_by(User.last_seen_at.desc(), User.id).limit(BATCH))
    return [
        (user_id, "disabled" if disabled else "off_duty" if off_duty else "offline")
        for user_id, off_duty, disabled in rows
    ]


def _owned(session: Session, user_id: int, organisation_id: int | None = None) -> list[int]:
    """A person's open tickets, the most pressing first; in the organisation of today, or in another one."""
    place = select(User.organisation_id).where(User.id == user_id).scalar_subquery()
    owned = select(WorkItem.ticket_id).where(WorkItem.scope == (organisation_id or place))
    owned = owned.where(WorkItem.owner_id == user_id, WorkItem.state.in_(OPEN_STATES))
    return list(session.scalars(owned.order_by(WorkItem.due_at, WorkItem.ticket_id).limit(BATCH)))


def _return_one(ticket_id: int, user_id: int, actor: Actor, why: str, now: datetime) -> bool:
    """One short transaction a ticket; who came back meanwhile, or handed it over, keeps it so."""
    with write() as session:
        ticket = moves.locked_ticket(session, ticket_id)
        if ticket.owner_id != user_id or ticket.state not in OPEN_STATES or not _still(session, user_id, why, now):
            return False
        ticket.owner_id = None
        data = {"owner_id": user_id, "why": why}
        event = journal.append(session, ticket, "returned_to_team", actor=actor, now=now, data=data)
        desk.finish(session, ticket, event, now)
        return True


def _still(session: Session, user_id: int, why: str, now: datetime) -> bool:
    person = session.get_one(User, user_id)
    if why == "left":
        return True
    if why == "offline":
        return person.last_seen_at is not None and person.last_seen_at < ownership.gone_before(session, now)
    return (person.off_duty_at if why == "off_duty" else person.disabled_at) is not None


def _of_team(session: Session, actor: Actor, user_id: int) -> User:
    person = session.get(User, user_id)
    if person is None or person.disabled_at is not None or person.organisation_id != actor.organisation_id:
        raise NotFound("user_not_found")
    if person.id != actor.user_id and not actor.can("team"):
        raise NotFound("user_not_found")
    return person
