"""The runs of a ticket's clocks: a write transaction, which holds the ticket's lock, reads them once."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.models import Clock, Ticket
from app.models.dialect import for_update
from app.services import organisations
from app.services.transaction import keep, kept


def of(session: Session, ticket: Ticket) -> list[Clock]:
    """Every run of every clock, in the order in which they were started. Whoever starts one adds it to the list."""
    return kept(session, ("clocks", ticket.id), lambda: list(session.scalars(_RUNS, {"ticket_id": ticket.id})))


_RUNS = select(Clock).where(Clock.ticket_id == bindparam("ticket_id")).order_by(Clock.id)


def book(session: Session, ticket: Ticket, clock: Clock, organisation_id: int | None) -> None:
    """Say whose run it is. The province stands beside the organisation, which never leaves it."""
    clock.organisation_id = organisation_id
    if organisation_id is not None and organisation_id == ticket.handling_site_id:
        clock.province_id = ticket.province_id
    else:
        place = organisations.known(session, organisation_id)
        clock.province_id = place.province_id if place else None


def locked(session: Session, ticket: Ticket) -> list[Clock]:
    """The same, each row locked until the commit, and what `of` gives from now on."""
    runs = list(session.scalars(_LOCKED, {"ticket_id": ticket.id}))
    keep(session, ("clocks", ticket.id), runs)
    return runs


def locked_of_all(session: Session, ids: Collection[int]) -> dict[int, Ticket]:
    """Many tickets by their ids, each locked until the commit, in the order of the ids, and the runs of each."""
    own = for_update(select(Ticket).where(Ticket.id.in_(ids)).order_by(Ticket.id))
    tickets = {one.id: one for one in session.scalars(own.execution_options(populate_existing=True))}
    runs: dict[int, list[Clock]] = {ticket_id: [] for ticket_id in tickets}
    theirs = select(Clock).where(Clock.ticket_id.in_(runs)).order_by(Clock.ticket_id, Clock.id)
    for clock in session.scalars(for_update(theirs)):
        runs[clock.ticket_id].append(clock)
    for ticket_id, clocks in runs.items():
        keep(session, ("clocks", ticket_id), clocks)
    return tickets


_LOCKED = for_update(_RUNS)


def running(session: Session, ticket: Ticket, kinds: Collection[str] | None = None) -> list[Clock]:
    """Runs that have not stopped yet, late ones included."""
    return [
        clock
        for clock in of(session, ticket)
        if clock.stopped_at is None and clock.state != "void" and (kinds is None or clock.kind in kinds)
    ]


def next_run(session: Session, ticket: Ticket, kind: str) -> int:
    """The number of a clock's next run; the first one is 1."""
    return 1 + max((clock.run for clock in of(session, ticket) if clock.kind == kind), default=0)


def all_runs(session: Session, ticket: Ticket, kind: str) -> list[Clock]:
    """Every run of one clock, the first one first."""
    return sorted((clock for clock in of(session, ticket) if clock.kind == kind), key=lambda clock: clock.run)
