"""Who sees which ticket: the only way to one, for lists, details, counts, searches and files alike."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache, lru_cache
from typing import Any, cast

from sqlalchemy import ColumnElement, bindparam, exists, false, func, select, true
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.roles import Actor
from app.models import Party, Ticket
from app.models.dialect import for_update
from app.models.together import Question, Step
from app.services import archive_back


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition on `ticket` (rulebook 1): sites as party, LCS by province, CCS all, others none."""
    if actor.role == "system" or actor.desk == "ccs":
        return true()
    if actor.desk == "site" and actor.organisation_id is not None:
        return _party(Party.organisation_id == actor.organisation_id)
    if actor.desk == "lcs" and actor.province_id is not None:
        return _party(Party.province_id == actor.province_id)
    return false()


@lru_cache
def _pattern(role: str, placed: bool, in_province: bool) -> Actor:
    given: Any = bindparam
    return Actor(
        given("actor_id"), role, given("actor_organisation") if placed else None,
        given("actor_province") if in_province else None,
    )  # fmt: skip


def pattern(actor: Actor) -> Actor:
    """The actor with parameters in place of ids: what a kept question's conditions are made with, once a role."""
    return _pattern(actor.role, actor.organisation_id is not None, actor.province_id is not None)


def ids(actor: Actor) -> dict[str, int | None]:
    """The values of the parameters of `pattern`."""
    return {
        "actor_id": actor.user_id, "actor_organisation": actor.organisation_id, "actor_province": actor.province_id,
    }  # fmt: skip


def _party(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Of the ticket of whatever statement this stands in, however deep: without saying so, one that stands two levels
    down would ask whether any ticket at all is visible."""
    return exists().where(Party.ticket_id == Ticket.id, condition).correlate(Ticket)


def one_by_one(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition, looked at row by row in the order of the list: PostgreSQL makes a join of a bare EXISTS, expects
    few rows of it and sorts them all."""
    return func.coalesce(select(true()).where(condition).scalar_subquery(), false())


def looked_up(ticket_id: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the ticket with that id (a column) meets conditions on `ticket`, looked up row by row: beside an EXISTS,
    PostgreSQL would read all tickets of a province where it expects to look up a few hundred."""
    found = select(true()).where(Ticket.id == ticket_id, *conditions).correlate(ticket_id.expression.table)
    return func.coalesce(found.scalar_subquery(), false())


def work_scope(actor: Actor) -> int:
    """The scope number of the actor's work items: own organisation, own province, or 0 for headquarters.

    Raises NotFound for roles without a queue.
    """
    if actor.desk == "site" and actor.organisation_id is not None:
        return actor.organisation_id
    if actor.desk == "lcs" and actor.province_id is not None:
        return actor.province_id
    if actor.desk == "ccs":
        return 0
    raise NotFound("no_queue")


def load(session: Session, actor: Actor, number: str, *, lock: bool = False) -> Ticket:
    """The ticket with that number inside the actor's scope. Locked when asked, and then with all its rows.

    Raises NotFound.
    """
    ticket = session.scalars(_numbered(pattern(actor), lock), {"number": number, **ids(actor)}).one_or_none()
    if ticket is None:
        raise NotFound("ticket_not_found")
    return archive_back.whole(session, ticket) if lock else ticket


def reading(actor: Actor, number: str) -> Step[Ticket]:
    """The same as a step, for reading only: a named tuple with the ticket's attributes. Raises NotFound."""
    (rows,) = yield (_read(pattern(actor))(number=number, **ids(actor)),)
    if not rows:
        raise NotFound("ticket_not_found")
    return cast(Ticket, rows[0])


@cache
def _read(pattern: Actor) -> Question:
    return Question(_numbered(pattern, False))


def locked_ticket(session: Session, ticket_id: int) -> Ticket:
    """The ticket's row, locked until the commit, with all its rows; for whoever has found it in scope already."""
    return archive_back.whole(session, session.scalars(_LOCKED, {"ticket_id": ticket_id}).one())


_LOCKED: Any = for_update(select(Ticket).where(Ticket.id == bindparam("ticket_id"))).execution_options(
    populate_existing=True
)


@cache
def _numbered(pattern: Actor, lock: bool) -> Any:
    statement: Any = select(Ticket).where(Ticket.number == bindparam("number"), visible_to(pattern))
    return for_update(statement).execution_options(populate_existing=True) if lock else statement


def number_of(session: Session, actor: Actor, ticket_id: int) -> str:
    """The number of a ticket inside the actor's scope; empty for any other."""
    return session.scalar(select(Ticket.number).where(Ticket.id == ticket_id, visible_to(actor))) or ""


def numbers_of(session: Session, actor: Actor, numbers: Collection[str]) -> set[str]:
    """Those of these numbers whose tickets lie inside the actor's scope."""
    return set(session.scalars(select(Ticket.number).where(Ticket.number.in_(numbers), visible_to(actor))))
