"""Alarms that a superior looks at: very many telephone numbers shown in a row (rulebook 7.9), silent sites, and
complaints from a site's own number."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.roles import SYSTEM, Actor
from app.models import Alarm, Organisation, Reveal, Ticket, User
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.services import journal
from app.services.transaction import write

MASS_REVEAL, OWN_NUMBER = "mass_reveal", "own_number"
REVEALS, WINDOW = 30, timedelta(minutes=10)
SHOWN = 100
Line = tuple[Alarm, str, str, str, str]  # with the person's name, the house's two names and its code


def watch_reveals(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> None:
    """Raise the alarm when more than 30 numbers were shown to one person within ten minutes, once for such a burst."""
    session.flush()
    lock_key(session, f"reveals:{actor.user_id}")
    recent = select(func.count()).where(Reveal.user_id == actor.user_id, Reveal.at > now - WINDOW, Reveal.at <= now)
    shown = session.scalar(recent) or 0
    if shown <= REVEALS:
        return
    known = select(Alarm.id).where(Alarm.user_id == actor.user_id, Alarm.kind == MASS_REVEAL, Alarm.at > now - WINDOW)
    if session.scalar(known.limit(1)) is None:
        row = Alarm(
            id=new_id(), kind=MASS_REVEAL, organisation_id=actor.organisation_id, province_id=actor.province_id,
            user_id=actor.user_id, at=now, data={"shown": shown, "ticket_id": ticket.id},
        )  # fmt: skip
        session.add(row)
        data = {"alarm_id": row.id, "user_id": actor.user_id, "shown": shown}
        journal.append(session, ticket, MASS_REVEAL, actor=SYSTEM, now=now, data=data)


def own_number(session: Session, ticket: Ticket, now: datetime) -> None:
    """A ticket was closed whose complainant has a number of the handling site: it complained about itself, or took in
    the complainant's number so that nobody asks for a rating."""
    session.add(Alarm(
        id=new_id(), kind=OWN_NUMBER, organisation_id=ticket.handling_site_id, province_id=ticket.province_id,
        user_id=None, at=now, data={"number": ticket.number},
    ))  # fmt: skip


def listed(session: Session, actor: Actor) -> list[Line]:
    """The newest alarms in the actor's area with whom and which house it is about."""
    return _named(session, _rows(actor).order_by(Alarm.at.desc(), Alarm.id.desc()).limit(SHOWN))


def below(session: Session, actor: Actor, alarm_id: int, limit: int) -> list[Line]:
    """All alarms in the actor's area by falling id; one more than `limit` where there is more."""
    mine = _rows(actor).where(Alarm.id < alarm_id)
    return _named(session, mine.order_by(Alarm.id.desc()).limit(limit + 1))


def _rows(actor: Actor) -> Any:
    return (
        select(Alarm, User.name, Organisation.name, Organisation.name_en, Organisation.code)
        .outerjoin(User, User.id == Alarm.user_id)
        .outerjoin(Organisation, Organisation.id == Alarm.organisation_id)
        .where(_visible(actor))
    )


def _named(session: Session, statement: Any) -> list[Line]:
    return [
        (alarm, who or "", name or "", name_en or "", code or "")
        for alarm, who, name, name_en, code in session.execute(statement)
    ]


def unseen(actor: Actor) -> Any:
    """How many alarms of the actor's area nobody has looked at, up to 100, as a scalar subquery for the menu."""
    fresh = select(Alarm.id).where(Alarm.seen_at.is_(None), _visible(actor)).limit(SHOWN)
    return select(func.count()).select_from(fresh.subquery()).scalar_subquery()


def seen(*, actor: Actor, alarm_id: int, now: datetime) -> None:
    """Note that a superior has looked at it; nobody notes that over oneself. Raises NotFound."""
    with write() as session:
        others = Alarm.user_id.is_distinct_from(actor.user_id)
        statement = select(Alarm).where(Alarm.id == alarm_id, others, _visible(actor))
        row = session.scalars(statement).one_or_none()
        if row is None or actor.desk == "site":
            raise NotFound("alarm_not_found")
        if row.seen_at is None:
            row.seen_at, row.seen_by_id = now, actor.user_id


def _visible(actor: Actor) -> ColumnElement[bool]:
    """Sites see those of their own house, a province those of its houses and of its own people, headquarters and the
    administrator all."""
    area: dict[str, Any] = {
        "site": Alarm.organisation_id == actor.organisation_id,
        "lcs": Alarm.province_id == actor.province_id,
    }
    return area.get(actor.desk, true())
