"""What the verbs on responsible parties share: find a case, its clocks, and the end of every change."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed
from app.domain.responsibility import GONE, Candidate
from app.domain.roles import Actor
from app.models import Clock, Event, Organisation, PartyCase, Ticket
from app.services import cases, clocks, desk, settling
from app.services.desk import Outcome, Post

Case = tuple[PartyCase, Organisation]


def of_ticket(session: Session, ticket: Ticket) -> list[Case]:
    """Every case of the ticket with its organisation, in the order of their adding; removed ones too."""
    session.flush()
    statement = select(PartyCase, Organisation).join(Organisation, Organisation.id == PartyCase.organisation_id)
    found = session.execute(
        statement.where(PartyCase.ticket_id == ticket.id).order_by(PartyCase.added_at, PartyCase.id)
    )
    return [(case, organisation) for case, organisation in found]


def handler_id(ticket: Ticket) -> int | None:
    """The other side of every dispute: the handling site, or the service desk that works the ticket itself."""
    return ticket.handling_site_id or ticket.acting_id


def present(rows: Collection[Case]) -> list[Case]:
    """Those that are parties now: not removed, not found not liable."""
    return [row for row in rows if row[0].state not in GONE]


def named(session: Session, ticket: Ticket, code: str, states: Collection[str]) -> Case:
    """The party with that code whose case is in one of `states`. Raises Invalid(party)."""
    for case, organisation in of_ticket(session, ticket):
        if organisation.code == code.strip() and case.state in states:
            return case, organisation
    raise Invalid({"party": "unknown_party"})


def own(session: Session, ticket: Ticket, actor: Actor, states: Collection[str]) -> Case:
    """The actor's own case in one of `states`. Raises NotAllowed."""
    for case, organisation in of_ticket(session, ticket):
        if organisation.id == actor.organisation_id and case.state in states:
            return case, organisation
    raise NotAllowed("not_allowed")


def candidate(organisation: Organisation) -> Candidate:
    """An organisation as the rules want it."""
    return Candidate(organisation.id, organisation.kind, organisation.closed_from)


def data_of(organisation: Organisation, **more: Any) -> dict[str, Any]:
    """What every event on a party says: whom it concerns."""
    return {"organisation_id": organisation.id, "code": organisation.code, **more}


def text_errors(text: str, *, required: bool = True) -> dict[str, str]:
    """What is wrong with a text somebody typed."""
    if not text.strip():
        return {"text": "required"} if required else {}
    return {"text": "too_long"} if len(text) > desk.TEXT_LIMIT else {}


def require(errors: dict[str, str]) -> None:
    """Raise Invalid where there are errors."""
    if errors:
        raise Invalid(errors)


def reply_clock(session: Session, ticket: Ticket, organisation_id: int) -> Clock | None:
    """The running answering time of a party."""
    runs = clocks.running(session, ticket, ["party_reply"])
    return next((clock for clock in runs if clock.organisation_id == organisation_id), None)


def stop_reply(session: Session, ticket: Ticket, case: PartyCase, now: datetime) -> None:
    """The party has answered, one way or the other."""
    case.answered_at = case.answered_at or now
    clocks.stop(session, ticket, ["party_reply"], now, organisation_id=case.organisation_id)


def start_ruling(session: Session, ticket: Ticket, case: PartyCase, desk_id: int | None, now: datetime) -> None:
    """Somebody has to decide on the dispute within the limit `ruling`: the handling site first, then a court."""
    limit = clocks.limits(session, ticket)["ruling"]
    case.ruling_clock_id = clocks.start(session, ticket, "ruling", limit, now, organisation_id=desk_id).id


def end_ruling(session: Session, ticket: Ticket, case: PartyCase, now: datetime, *, moved: bool = False) -> None:
    """It was decided; where the dispute only `moved` to another desk, the run counts for nobody unless it is late."""
    clock = session.get(Clock, case.ruling_clock_id) if case.ruling_clock_id else None
    case.ruling_clock_id = None
    if clock is not None and clock.stopped_at is None:
        (clocks.void_run if moved else clocks.stop_run)(session, ticket, clock, now)


def finish(session: Session, ticket: Ticket, event: Event, now: datetime, post: Post | None = None) -> Outcome:
    """Fold the cases into the row, start `close` where nothing is waited for any more, and finish the change."""
    cases.fold(session, ticket)
    settling.start_close(session, ticket, now)
    return desk.finish(session, ticket, event, now, post)
