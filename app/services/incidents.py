"""Incidents: opened, filled with tickets by number or by filter, emptied, closed (rulebook 2, last paragraph)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.exemptions import KINDS as EXEMPTABLE
from app.domain.kinds import COMPLAINT
from app.domain.roles import Actor
from app.domain.waybills import normalise
from app.models import Clock, Incident, Ticket
from app.models.dialect import next_number
from app.models.ids import new_id
from app.services import desk, exemptions, incident_counts, journal, organisations, presses, scope
from app.services.exemptions import AskIn
from app.services.transaction import write

SHANGHAI = ZoneInfo("Asia/Shanghai")
KINDS = ("vehicle", "fire", "weather", "hub", "theft", "system", "other")
TITLE_LIMIT, TEXT_LIMIT = 80, 2000
MOST_WORDS = 1000  # numbers of one paste
MOST_MATCHING = 1000  # tickets of one filter
_SEPARATORS = re.compile(r"[\s,;，；、]+")


@dataclass(frozen=True)
class IncidentIn:
    """An incident as it is typed; `province` is a code, empty for several provinces (CCS only)."""

    title: str
    kind: str
    province: str = ""
    text: str = ""


@dataclass(frozen=True)
class Matching:
    """Which tickets are meant: open ones of a site, of a category, opened in a span; at least one is stated."""

    site_code: str = ""
    category: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None


@dataclass(frozen=True)
class Added:
    """How many tickets came in, and which words did not, each with the code of its reason."""

    tickets: int
    refused: tuple[tuple[str, str], ...] = ()


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Incidents of the own province and of the network; all for CCS."""
    if actor.desk == "ccs":
        return true()
    return or_(Incident.province_id == actor.province_id, Incident.province_id.is_(None))


def load(session: Session, actor: Actor, number: str) -> Incident:
    """The incident in the actor's scope. Raises NotFound."""
    _may(actor)
    row = session.scalars(select(Incident).where(Incident.number == number, seen_by(actor))).one_or_none()
    if row is None:
        raise NotFound("incident_not_found")
    return row


def open_incident(*, actor: Actor, incident: IncidentIn, now: datetime, key: str = "") -> str:
    """Open an incident; its number. The same form (`key`) again opens none.

    Raises Invalid(title, kind, province, text), NotAllowed.
    """
    _may(actor)
    wrong = {} if incident.title.strip() else {"title": "required"}
    if len(incident.title.strip()) > TITLE_LIMIT:
        wrong["title"] = "too_long"
    if incident.kind not in KINDS:
        wrong["kind"] = "required"
    if len(incident.text) > TEXT_LIMIT:
        wrong["text"] = "too_long"
    with write() as session:
        area = exemptions.area_of(session, actor, incident.province)
        if area is None:
            wrong["province"] = "unknown_area"
        if wrong:
            raise Invalid(wrong)
        said = (actor.user_id, asdict(incident))
        if (known := presses.before(session, "incident", key, said)) is not None:
            return session.get_one(Incident, known).number
        local = now.astimezone(SHANGHAI)
        row = Incident(
            id=new_id(), number=f"INC{local:%y%m%d}-{next_number(session):06d}", title=incident.title.strip(),
            kind=incident.kind, province_id=area or None, text=incident.text.strip(), opened_at=now,
            opened_by_id=actor.user_id,
        )  # fmt: skip
        session.add(row)
        presses.remember(session, "incident", key, row.id, now, said)
        return row.number


def close(*, actor: Actor, number: str, now: datetime) -> None:
    """Close an incident: its tickets stay in it, none comes in any more. Its own province or CCS does."""
    with write() as session:
        row = load(session, actor, number)
        if not may_close(actor, row):
            raise NotAllowed("not_allowed")
        row.closed_at = row.closed_at or now


def may_close(actor: Actor, row: Incident) -> bool:
    """An incident of several provinces is headquarters' to close."""
    return actor.desk == "ccs" or (row.province_id is not None and row.province_id == actor.province_id)


def add(*, actor: Actor, number: str, words: str, now: datetime) -> Added:
    """Take in tickets by their numbers or waybills, in any order and with any separators.

    Each word that names no ticket that may come in is returned with its reason. Raises Invalid(words), NotAllowed.
    """
    wanted = list(dict.fromkeys(word for word in _SEPARATORS.split(normalise_lines(words)) if word))
    if not wanted:
        raise Invalid({"words": "required"})
    if len(wanted) > MOST_WORDS:
        raise Invalid({"words": "too_many_words"})
    with write() as session:
        row = _open(session, actor, number)
        named = {word: _named(session, actor, row, word) for word in wanted}
    refused = tuple((word, found) for word, found in named.items() if isinstance(found, str))
    ids = [ticket_id for found in named.values() if not isinstance(found, str) for ticket_id in found]
    return Added(_link(actor, number, ids, now), refused)


def normalise_lines(words: str) -> str:
    """Full-width letters and digits made half width, capitals, line by line."""
    return "\n".join(normalise(part) for part in _SEPARATORS.split(words))


def add_matching(*, actor: Actor, number: str, matching: Matching, now: datetime) -> Added:
    """Take in the open tickets that a filter names. Raises Invalid(site_code, until_at), NotAllowed."""
    wrong = {}
    if not any((matching.site_code.strip(), matching.category, matching.from_at, matching.until_at)):
        wrong["site_code"] = "name_something"
    if matching.from_at and matching.until_at and matching.until_at <= matching.from_at:
        wrong["until_at"] = "before_start"
    with write() as session:
        row = _open(session, actor, number)
        statement = select(Ticket.id).where(_free(actor, row), Ticket.state.not_in(("closed", "withdrawn")))
        statement = statement.where(Ticket.kind == COMPLAINT)
        if matching.site_code.strip():
            site = organisations.find(session, matching.site_code)
            site_id = site.id if site else None
            wrong |= {} if site_id else {"site_code": "unknown_site"}
            statement = statement.where(Ticket.handling_site_id == site_id)
        if wrong:
            raise Invalid(wrong)
        if matching.category:
            statement = statement.where(Ticket.category == matching.category)
        if matching.from_at:
            statement = statement.where(Ticket.opened_at >= matching.from_at)
        if matching.until_at:
            statement = statement.where(Ticket.opened_at <= matching.until_at)
        ids = list(session.scalars(statement.order_by(Ticket.id).limit(MOST_MATCHING)))
    return Added(_link(actor, number, ids, now))


def remove(*, actor: Actor, number: str, ticket_numbers: Sequence[str], now: datetime) -> int:
    """Take tickets out again; how many were in it. With one that the actor does not lead none is taken out.

    Raises NotFound, NotAllowed.
    """
    with write() as session:
        load(session, actor, number)
        wanted = set(ticket_numbers)
        led = select(func.count()).where(Ticket.number.in_(wanted), scope.visible_to(actor), _own(actor))
        if session.scalar(led) != len(wanted):
            raise NotFound("ticket_not_found")
    done = 0
    for ticket_number in ticket_numbers:
        with write() as session:
            row = load(session, actor, number)
            ticket = scope.load(session, actor, ticket_number, lock=True)
            if ticket.incident_id != row.id:
                continue
            _entry(session, ticket, row, "incident_unlinked", actor, now)
            ticket.incident_id = None
            incident_counts.fold(session, ticket)
            done += 1
    return done


def ask_exemption(*, actor: Actor, number: str, kind: str, asked: AskIn, now: datetime) -> int:
    """One request for the runs of one clock (empty: every assessed one) of all its tickets; the exemption's id.

    However many there are, it is one request; its entries on the tickets follow in batches.

    Raises Invalid(reason, kind, facts, text), NotAllowed.
    """
    wrong = exemptions.wrong_for_many(asked)
    if kind and kind not in EXEMPTABLE:
        wrong["kind"] = "required"
    if wrong:
        raise Invalid(wrong)
    with write() as session:
        row = load(session, actor, number)
        exemptions.one_at_a_time(session)
        statement = select(Clock).join(Ticket, Ticket.id == Clock.ticket_id)
        statement = statement.where(Ticket.incident_id == row.id, exemptions.askable(actor), _own(actor))
        statement = statement.where(scope.visible_to(actor), Ticket.state != "withdrawn")
        if kind:
            statement = statement.where(Clock.kind == kind)
        runs = list(session.scalars(statement.order_by(Clock.ticket_id, Clock.id)))
        if not runs:
            raise Invalid({"kind": "no_clock"})
        return exemptions.ask_for(session, actor, runs, asked, now, incident_id=row.id)


def _named(session: Session, actor: Actor, row: Incident, word: str) -> list[int] | str:
    """The tickets that a word names and that may come in, or why none may."""
    hits = or_(Ticket.number == word, Ticket.waybill == word)
    seen = list(session.scalars(select(Ticket).where(hits, scope.visible_to(actor), _own(actor)).limit(20)))
    if not seen:
        return "no_such_ticket"
    here = [ticket for ticket in seen if row.province_id is None or ticket.province_id == row.province_id]
    if not here:
        return "other_province"
    alive = [ticket for ticket in here if ticket.state != "withdrawn"]
    if not alive:
        return "withdrawn_ticket"
    free = [ticket.id for ticket in alive if ticket.incident_id is None]
    if free:
        return free
    return "in_it_already" if any(ticket.incident_id == row.id for ticket in alive) else "in_another"


def _free(actor: Actor, row: Incident) -> ColumnElement[bool]:
    """Tickets that may come in: seen, of the right province, in no incident."""
    place = true() if row.province_id is None else Ticket.province_id == row.province_id
    return scope.visible_to(actor) & _own(actor) & place & Ticket.incident_id.is_(None)


def _own(actor: Actor) -> ColumnElement[bool]:
    """An LCS leads the tickets of its own province, not those in which it only has a party."""
    return true() if actor.desk == "ccs" else Ticket.province_id == actor.province_id


def _link(actor: Actor, number: str, ids: Sequence[int], now: datetime) -> int:
    """Each ticket in its own short transaction; the number that came in."""
    done = 0
    for ticket_id in dict.fromkeys(ids):
        with write() as session:
            row = _open(session, actor, number)
            found = session.scalar(select(Ticket.number).where(Ticket.id == ticket_id))
            ticket = scope.load(session, actor, found or "", lock=True)
            if ticket.incident_id is None and ticket.state != "withdrawn":
                ticket.incident_id = row.id
                _entry(session, ticket, row, "incident_linked", actor, now)
                done += 1
    return done


def _entry(session: Session, ticket: Ticket, row: Incident, kind: str, actor: Actor, now: datetime) -> None:
    data = {"incident_id": row.id, "number": row.number}
    event = journal.append(session, ticket, kind, actor=actor, now=now, data=data)
    at = ticket.activity_at
    desk.finish(session, ticket, event, now)
    ticket.activity_at = at


def _open(session: Session, actor: Actor, number: str) -> Incident:
    row = load(session, actor, number)
    if row.closed_at is not None:
        raise NotAllowed("incident_closed")
    return row


def _may(actor: Actor) -> None:
    if not actor.can("incidents"):
        raise NotAllowed("not_allowed")
