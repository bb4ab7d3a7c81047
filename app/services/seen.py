"""Who saw what: the log of personal data shown in full, and the question after an incident who saw or exported a
number (promise 16). Everything within the asker's scope, and the question is itself on record."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import CCS_ROLES, LCS_ROLES, SITE_ROLES, Actor
from app.models import (
    Export,
    ExportLog,
    Inbox,
    MessageReveal,
    Organisation,
    Party,
    Person,
    PhoneQuery,
    PlatformOrder,
    Reveal,
    Ticket,
    TicketContact,
    User,
)
from app.models.ids import new_id
from app.services import scope, sms_sends
from app.services.transaction import write

PAGE = 50
MESSAGE = "message"  # what was read: a platform's message as it came
MOST = 200  # tickets of one number, and lines of an answer
HOLDING = ("queue", "appeals", "ratings", "sms")  # lists in which a complainant stands, masked
SHORTEST, LONGEST = 7, 15  # digits of a number
WHOLE = 10  # that stand before an extension: less is a piece of a number that is written with dashes


@dataclass(frozen=True)
class Line:
    """Somebody looked (or took a file): who, of which house, on which ticket, and what."""

    at: datetime
    name: str
    account: str
    house: str
    number: str
    what: str


@dataclass(frozen=True)
class Answer:
    """What is known of a number: tickets in the scope, who saw it in full, whose files may hold it masked."""

    tickets: list[str] = field(default_factory=list)
    shown: list[Line] = field(default_factory=list)
    files: list[Line] = field(default_factory=list)
    more: bool = False


def log(session: Session, actor: Actor, before: int | None = None, limit: int = PAGE) -> list[tuple[int, Line]]:
    """What was shown in full on tickets of the actor's scope, newest first; one more than `limit` where there is more.

    Raises NotAllowed.
    """
    _may(actor)
    shown = _reveals().where(scope.visible_to(actor)).order_by(Reveal.id.desc())
    read = _messages().where(scope.visible_to(actor)).order_by(MessageReveal.id.desc())
    if before is not None:
        shown, read = shown.where(Reveal.id < before), read.where(MessageReveal.id < before)
    rows = [row for one in (shown, read) for row in session.execute(one.limit(limit + 1))]
    return [(row.id, _line(row)) for row in sorted(rows, key=lambda row: -row.id)[: limit + 1]]


def who_saw(*, actor: Actor, phone: str, key: str, address: str, now: datetime) -> Answer:
    """Everybody who was shown this number in full, and everybody whose downloaded file may have it (masked).

    `key` is SECRET_KEY: the question is kept as a digest of the number. Numbers that were deleted by policy are not
    found any more. Raises NotAllowed, Invalid({"phone": …}).
    """
    _may(actor)
    digits = digits_of(phone)
    if not SHORTEST <= len(digits) <= LONGEST:
        raise Invalid({"phone": "not_a_phone"})
    with write() as session:
        found = _tickets(session, actor, digits)
        row = PhoneQuery(id=new_id(), user_id=actor.user_id, phone_digest=sms_sends.digest(digits, key), at=now)
        row.tickets, row.address = len(found), address[:45]
        session.add(row)
        ids = list(found)[:MOST]
        shown = _reveals().where(Reveal.ticket_id.in_(ids)).order_by(Reveal.id.desc()).limit(MOST + 1)
        read = _messages().where(Ticket.id.in_(ids)).order_by(MessageReveal.id.desc()).limit(MOST + 1)
        rows = [row for one in (shown, read) for row in session.execute(one)]
        lines = [_line(row) for row in sorted(rows, key=lambda row: -row.id)]
        files = _files(session, ids)
        more = len(found) > MOST or len(lines) > MOST or len(files) > MOST
        return Answer([found[one] for one in ids], lines[:MOST], files[:MOST], more)


def digits_of(phone: str) -> str:
    """A number's digits without a leading +86 or 0086, of an extension only what stands before it."""
    before_extension = _plain(re.split(r"(?:-|转|,|，|#)\s*\d{1,6}\s*$", phone.strip(), maxsplit=1)[0])
    return before_extension if len(before_extension) >= WHOLE else _plain(phone)


def _plain(phone: str) -> str:
    return re.sub(r"^(?:0086|86(?=\d{9}))", "", "".join(re.findall(r"[0-9]", phone)))


def _may(actor: Actor) -> None:
    if not actor.can("seen") or actor.user_id is None:
        raise NotAllowed("not_allowed")


def _tickets(session: Session, actor: Actor, digits: str) -> dict[int, str]:
    """Tickets of the scope on which somebody has this number: id and number, the newest first."""
    mine = scope.visible_to(actor)
    complainants = (
        select(Ticket.id, Ticket.number, Person.phone)
        .join(Person, Person.ticket_id == Ticket.id)
        .where(Person.phone_last4 == digits[-4:], mine)
    )
    spelled = (digits, f"+86{digits}", f"86{digits}", f"0086{digits}", f"+86 {digits}")
    others = (
        select(Ticket.id, Ticket.number, TicketContact.phone)
        .join(TicketContact, TicketContact.ticket_id == Ticket.id)
        .where(TicketContact.phone.in_(spelled), mine)
    )
    rows = [*session.execute(complainants), *session.execute(others)]
    return {row.id: row.number for row in sorted(rows, key=lambda r: -r.id) if digits_of(row.phone) == digits}


def _reveals() -> Any:
    """Outer joins: the reveals lead, by their id, and an engine does not begin with the few people and sort."""
    return (
        select(
            Reveal.id, Reveal.at, User.name, User.account, Organisation.name.label("house"), Ticket.number, Reveal.what
        )
        .outerjoin(Ticket, Ticket.id == Reveal.ticket_id)
        .outerjoin(User, User.id == Reveal.user_id)
        .outerjoin(Organisation, Organisation.id == User.organisation_id)
    )


def _messages() -> Any:
    """Platforms' messages that somebody read in full, names and numbers included; of one that made no ticket yet the
    order's code stands for the number. They lead by their id, too."""
    number = func.coalesce(Ticket.number, Inbox.order_code).label("number")
    who = User.name, User.account, Organisation.name.label("house")
    return (
        select(MessageReveal.id, MessageReveal.at, *who, number, literal(MESSAGE).label("what"))
        .join(Inbox, Inbox.id == MessageReveal.inbox_id)
        .outerjoin(PlatformOrder, and_(PlatformOrder.connection_id == Inbox.connection_id,
                                       PlatformOrder.code == Inbox.order_code))
        .outerjoin(Ticket, Ticket.id == PlatformOrder.ticket_id)
        .outerjoin(User, User.id == MessageReveal.user_id)
        .outerjoin(Organisation, Organisation.id == User.organisation_id)
    )  # fmt: skip


def _files(session: Session, ids: list[int]) -> list[Line]:
    """Downloads of lists of tickets by whoever had one of these in their scope, made after the ticket was opened."""
    if not ids:
        return []
    statement = (
        select(ExportLog.at, User.name, User.account, Organisation.name.label("house"), Export.id, Export.list_key)
        .join(Export, Export.id == ExportLog.export_id)
        .join(User, User.id == ExportLog.user_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(ExportLog.what == "downloaded", Export.list_key.in_(HOLDING), _holds(ids))
        .order_by(ExportLog.id.desc())
        .limit(MOST + 1)
    )
    return [Line(r.at, r.name, r.account, r.house, str(r.id), r.list_key) for r in session.execute(statement)]


def _holds(ids: list[int]) -> ColumnElement[bool]:
    """Whether an export's rights reached one of the tickets."""
    later = Ticket.id.in_(ids), Export.asked_at >= Ticket.opened_at
    own = or_(
        and_(Export.role.in_(SITE_ROLES), Party.organisation_id == Export.organisation_id),
        and_(Export.role.in_(LCS_ROLES), Party.province_id == Export.province_id),
    )
    reached = exists().where(*later, Party.ticket_id == Ticket.id, own)
    return or_(and_(Export.role.in_(CCS_ROLES), exists().where(*later)), reached)


def _line(row: Any) -> Line:
    return Line(row.at, row.name, row.account, row.house, row.number, row.what)
