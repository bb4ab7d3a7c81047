"""Asking for clocks to be left out of the assessment: one ticket's, several late ones, or an area's (rulebook 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, insert, select
from sqlalchemy.orm import Session

from app.domain import exemptions as rule
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import Clock, ExemptedClock, Exemption, Organisation, Ticket
from app.models.dialect import for_update, lock_key
from app.models.ids import new_id
from app.services import desk, exemption_entries, exemption_scopes, presses, scope
from app.services.desk import Outcome, Post
from app.services.transaction import write

FACTS_LIMIT = 200
MOST_AT_ONCE = 200  # runs of one request from the list
OPEN = ("asked", "granted")


@dataclass(frozen=True)
class AskIn:
    """A request: the reason, what failed (no personal data), the words for the ticket, its pictures."""

    reason: str
    facts: str = ""
    text: str = ""
    attachments: Sequence[int] = ()


def ask(*, actor: Actor, post: Post, clock_ids: Sequence[int], asked: AskIn, now: datetime) -> Outcome:
    """Ask for runs of one ticket, with proof. A malicious claimant is marked on the ticket, which is still answered.

    Raises Invalid(reason, clocks, facts, text, file), NotFound, NotAllowed, Stale.
    """
    wrong = _wrong(asked, rule.REASONS)
    if not asked.attachments and asked.reason != rule.SYSTEM_FAULT:
        wrong["file"] = "proof_needed"
    if wrong:
        raise Invalid(wrong)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "ask_exemption", actor)
        clocks = _wanted(session, actor, [ticket.id], clock_ids)
        row = _request(session, actor, asked, clocks, now, "asked")
        said = asked.text.strip() or asked.facts.strip()
        event = exemption_entries.on_ticket(session, ticket, row, actor, said, clocks, now, asked.attachments)
        if asked.reason == rule.MALICIOUS:
            ticket.malicious = "asked"
        return desk.finish(session, ticket, event, now, post)


def ask_many(*, actor: Actor, clock_ids: Sequence[int], asked: AskIn, now: datetime) -> int:
    """Ask for several runs at once from the list of late ones; the exemption's id. Each ticket gets the entry.

    Raises Invalid(reason, clocks, facts, text), NotAllowed.
    """
    _may(actor, "exempt_many")
    wrong = wrong_for_many(asked)
    if len(clock_ids) > MOST_AT_ONCE:
        wrong["clocks"] = "too_many_clocks"
    if wrong:
        raise Invalid(wrong)
    with write() as session:
        one_at_a_time(session)
        ids = select(Clock.ticket_id).where(Clock.id.in_(clock_ids))
        tickets = list(session.scalars(select(Ticket).where(Ticket.id.in_(ids), scope.visible_to(actor))))
        for ticket in tickets:
            if not desk.may(ticket, actor, "ask_exemption"):
                raise NotAllowed("not_allowed", number=ticket.number)
        clocks = _wanted(session, actor, [ticket.id for ticket in tickets], clock_ids)
        return ask_for(session, actor, clocks, asked, now)


def one_at_a_time(session: Session) -> None:
    """Requests for many runs wait for each other: the second one finds what the first has asked for already."""
    lock_key(session, "exemptions")


def ask_for(
    session: Session, actor: Actor, clocks: Sequence[Clock], asked: AskIn, now: datetime, *,
    incident_id: int | None = None,
) -> int:  # fmt: skip
    """One request for runs of several tickets that the actor sees; its id. The caller commits.

    The first fifty tickets have their entry with it; `exemption_entries` writes the others.
    """
    ids = {clock.ticket_id for clock in clocks}  # locked in one order, before a row of ours refers to them
    session.execute(for_update(select(Ticket.id).where(Ticket.id.in_(ids)).order_by(Ticket.id)))
    row = _request(session, actor, asked, clocks, now, exemption_entries.WANTED)
    row.incident_id = incident_id
    exemption_entries.some(session, row, actor, asked.text.strip() or asked.facts.strip(), now)
    return row.id


def ask_area(*, actor: Actor, area: str, from_at: datetime | None, until_at: datetime | None, asked: AskIn,
             now: datetime, key: str = "") -> int:  # fmt: skip
    """Ask for every site clock that is decided in a span in a province (its code) or the network (empty).
    The same form (`key`) again asks for nothing.

    Raises Invalid(reason, area, from_at, until_at, facts), NotAllowed.
    """
    _may(actor, "exempt_area")
    wrong = _wrong(asked, rule.FOR_MANY, area=True)
    if from_at is None:
        wrong["from_at"] = "bad_time"
    elif until_at is None:
        wrong["until_at"] = "bad_time"
    elif until_at <= from_at:
        wrong["until_at"] = "before_start"
    with write() as session:
        area_id = area_of(session, actor, area)
        if area_id is None:
            wrong["area"] = "unknown_area"
        if wrong or from_at is None:
            raise Invalid(wrong)
        said = (actor.user_id, area_id, from_at, until_at, asdict(asked))
        if (known := presses.before(session, "area", key, said)) is not None:
            return known
        row = Exemption(
            id=new_id(), reason=asked.reason, area_id=area_id, from_at=from_at, until_at=until_at,
            facts=asked.facts.strip(), asked_by_id=actor.user_id, asked_at=now,
        )  # fmt: skip
        session.add(row)
        exemption_scopes.admit(session, row, ())
        return presses.remember(session, "area", key, row.id, now, said)


def area_of(session: Session, actor: Actor, code: str) -> int | None:
    """The province with that code, or the network for none; an LCS has its own province alone. None: no such area."""
    if not code.strip():
        return rule.NETWORK if actor.desk == "ccs" else None
    statement = select(Organisation.id).where(Organisation.code == code.strip(), Organisation.kind == "province")
    found = session.scalar(statement)
    return found if actor.desk == "ccs" or found == actor.province_id else None


def askable(actor: Actor) -> ColumnElement[bool]:
    """Runs that may be asked for: assessed ones that nobody asked for yet; a site's own, an LCS's province's."""
    taken = exists().where(
        ExemptedClock.clock_id == Clock.id, ExemptedClock.state != "released",
        Exemption.id == ExemptedClock.exemption_id, Exemption.state.in_(OPEN),
    )  # fmt: skip
    free = and_(Clock.kind.in_(rule.KINDS), Clock.state != "void", Clock.exempt.is_(False), ~taken)
    if actor.desk == "ccs":
        return and_(free, Clock.organisation_id.is_not(None))
    if actor.desk == "lcs":
        return and_(free, Clock.province_id == actor.province_id)
    return and_(free, Clock.organisation_id == actor.organisation_id)


def _wanted(session: Session, actor: Actor, ticket_ids: list[int], clock_ids: Sequence[int]) -> list[Clock]:
    statement = select(Clock).where(Clock.id.in_(clock_ids), Clock.ticket_id.in_(ticket_ids), askable(actor))
    clocks = list(session.scalars(statement.order_by(Clock.id)))
    if not clock_ids or len(clocks) != len(set(clock_ids)):
        raise Invalid({"clocks": "required" if not clock_ids else "clock_taken"})
    return clocks


def _request(
    session: Session, actor: Actor, asked: AskIn, clocks: Sequence[Clock], now: datetime, state: str
) -> Exemption:  # fmt: skip
    row = Exemption(
        id=new_id(), reason=asked.reason, state="asked", from_at=min(clock.started_at for clock in clocks),
        facts=asked.facts.strip(), tickets=len({clock.ticket_id for clock in clocks}), clocks=len(clocks),
        asked_by_id=actor.user_id, asked_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    parts = [
        {"exemption_id": row.id, "clock_id": clock.id, "ticket_id": clock.ticket_id, "state": state,
         "organisation_id": clock.organisation_id} for clock in clocks
    ]  # fmt: skip
    session.execute(insert(ExemptedClock), parts)
    exemption_scopes.admit(session, row, {clock.organisation_id for clock in clocks})
    return row


def wrong_for_many(asked: AskIn) -> dict[str, str]:
    """What is wrong with a request for several tickets, by field."""
    return _wrong(asked, rule.FOR_MANY)


def _wrong(asked: AskIn, reasons: Sequence[str], *, area: bool = False) -> dict[str, str]:
    wrong = {} if asked.reason in reasons else {"reason": "required"}
    if not asked.facts.strip() and (area or asked.reason == rule.SYSTEM_FAULT):
        wrong["facts"] = "required"
    if len(asked.facts.strip()) > FACTS_LIMIT:
        wrong["facts"] = "too_long"
    if not area and not (asked.text.strip() or asked.facts.strip()):
        wrong["text"] = "required"
    if len(asked.text) > desk.TEXT_LIMIT:
        wrong["text"] = "too_long"
    return wrong


def _may(actor: Actor, capability: str) -> None:
    if not actor.can(capability):
        raise NotAllowed("not_allowed")
