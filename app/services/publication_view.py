"""The read side of publications: what one sees, what is unread, and which sites have read a version. Select only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session

from app.domain import publications as rule
from app.domain.calendars import local_date
from app.domain.errors import NotAllowed, NotFound
from app.domain.roles import Actor
from app.domain.scorecards import ASSESSED
from app.models import Organisation, Publication, PublicationVersion, ReadReceipt, User

PAGE = 50
SITES = 100  # of a page of who has read


@dataclass(frozen=True)
class Line:
    """One publication of a list. `version` is the one that is out, None for a working copy that never was; `read` is
    about whoever asks; `changed` tells its keepers that the working copy is newer than what is out."""

    row: Publication
    version: PublicationVersion | None
    read: bool
    changed: bool


@dataclass(frozen=True)
class Shown:
    """One publication as its page shows it: a version with its author, and when whoever asks has read it."""

    row: Publication
    version: PublicationVersion | None
    author: str
    read_at: datetime | None
    numbers: tuple[int, ...]
    changed: bool


@dataclass(frozen=True)
class SiteReads:
    """How many people of a site have read a version, of how many with an account, and when the first did."""

    id: int
    code: str
    name: str
    name_en: str
    people: int
    read: int
    first_at: datetime | None


@dataclass(frozen=True)
class Reach:
    """Sites in scope, and in how many somebody has read the version."""

    sites: int
    read: int


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition on `publication`: the network's and the own province's; of working copies and of what was taken
    back, those that the actor keeps. Headquarters and the administrator see every province's."""
    out = and_(Publication.current_id.is_not(None), Publication.ended_at.is_(None))
    mine = [kind for kind in rule.KINDS if rule.may_write(actor, kind)]
    if actor.desk in ("ccs", "admin", "system"):
        return or_(out, Publication.kind.in_(mine))
    here = or_(Publication.scope_id.is_(None), Publication.scope_id == actor.province_id)
    kept = and_(Publication.kind.in_(mine), Publication.scope_id == actor.province_id)
    return or_(and_(out, here), kept)


def out_for(actor: Actor, version_id: int) -> Select[Any]:
    """The id of the publication whose current version that is, if the actor sees it."""
    current = and_(Publication.current_id == version_id, Publication.ended_at.is_(None))
    named = select(PublicationVersion.publication_id).where(PublicationVersion.id == version_id).scalar_subquery()
    return select(Publication.id).where(Publication.id == named, current, visible_to(actor))


def unread(actor: Actor, now: datetime, kinds: Collection[str] = ()) -> Any:
    """How many that are out the actor has not read, at most SHOWN + 1, as a column of a statement."""
    return unread_from(actor, rule.unread_since(now), kinds)


def unread_from(actor: Actor, since: Any, kinds: Collection[str] = ()) -> Any:
    """The same of those that came out from an instant on, which may be a parameter."""
    read = exists().where(ReadReceipt.version_id == Publication.current_id, ReadReceipt.user_id == actor.user_id)
    some = select(Publication.id).where(
        Publication.published_at >= since, Publication.ended_at.is_(None), ~read, visible_to(actor)
    )
    if kinds:
        some = some.where(Publication.kind.in_(kinds))
    return select(func.count()).select_from(some.limit(rule.SHOWN + 1).subquery()).scalar_subquery()


def listed(
    session: Session, actor: Actor, kind: str, *, below: int | None = None, limit: int = PAGE
) -> tuple[list[Line], int | None]:
    """Those of a kind in scope by falling id, and the id from which the next page goes on."""
    statement = _joined(actor).where(Publication.kind == kind, visible_to(actor))
    if below is not None:
        statement = statement.where(Publication.id < below)
    rows = session.execute(statement.order_by(Publication.id.desc()).limit(limit + 1)).all()
    lines = [Line(row, out, read is not None, _changed(row, out)) for row, out, _name, read in rows[:limit]]
    return lines, lines[-1].row.id if len(rows) > limit else None


def show(session: Session, actor: Actor, publication_id: int, number: int | None = None) -> Shown:
    """One in scope with the version that is out, or an earlier one by its number. Raises NotFound."""
    own = select(Publication.id).where(Publication.id == publication_id, visible_to(actor))
    if session.scalar(own) is None:
        raise NotFound("publication_not_found")
    row, out, author, read = session.execute(_joined(actor, number).where(Publication.id == publication_id)).one()
    if number is not None and out is None:
        raise NotFound("version_not_found")
    all_ = select(PublicationVersion.number).where(PublicationVersion.publication_id == publication_id)
    numbers = tuple(session.scalars(all_.order_by(PublicationVersion.number.desc())))
    return Shown(row, out, author or "", read, numbers, _changed(row, out))


def _joined(actor: Actor, number: int | None = None) -> Select[Any]:
    wanted = PublicationVersion.id == Publication.current_id
    if number is not None:
        wanted = and_(PublicationVersion.publication_id == Publication.id, PublicationVersion.number == number)
    mine = and_(ReadReceipt.version_id == PublicationVersion.id, ReadReceipt.user_id == actor.user_id)
    columns: tuple[Any, ...] = (Publication, PublicationVersion, User.name, ReadReceipt.read_at)
    statement: Select[Any] = select(*columns).outerjoin(PublicationVersion, wanted)
    return statement.outerjoin(User, User.id == PublicationVersion.author_id).outerjoin(ReadReceipt, mine)


def _changed(row: Publication, out: PublicationVersion | None) -> bool:
    return out is not None and (out.title, out.body, out.extra) != (row.title, row.body, row.extra)


# --- who has read ---


def reach(session: Session, actor: Actor, row: Publication, version_id: int) -> Reach:
    """Sites and hubs that a version is for, in the scope of whoever asks, and those where somebody has read it.

    Raises NotAllowed for who publishes nothing of that kind.
    """
    places = select(Organisation.id).where(_readers(actor, row))
    reads = select(ReadReceipt.organisation_id).where(
        ReadReceipt.version_id == version_id, ReadReceipt.organisation_id.in_(places)
    )
    n = select(func.count()).select_from(places.subquery()).scalar_subquery()
    read = select(func.count()).select_from(reads.distinct().subquery()).scalar_subquery()
    found = session.execute(select(n, read)).one()
    return Reach(found[0], found[1])


def sites(
    session: Session, actor: Actor, row: Publication, version_id: int, *, after: str = "", unread_only: bool = False,
    below: int | None = None, limit: int = SITES,
) -> Sequence[SiteReads]:  # fmt: skip
    """The sites by code from the one behind `after` on, or by falling id below `below`, one more than `limit` where
    there are more.

    Raises NotAllowed as `reach` does.
    """
    place = Organisation
    people = select(func.count()).where(User.organisation_id == place.id, User.disabled_at.is_(None))
    receipts = and_(ReadReceipt.version_id == version_id, ReadReceipt.organisation_id == place.id)
    read = select(func.count()).select_from(ReadReceipt).where(receipts)
    first = select(func.min(ReadReceipt.read_at)).where(receipts)
    statement = select(
        place.id, place.code, place.name, place.name_en, people.correlate(place).scalar_subquery(),
        read.correlate(place).scalar_subquery(), first.correlate(place).scalar_subquery(),
    ).where(_readers(actor, row), place.code > after)  # fmt: skip
    if unread_only:
        statement = statement.where(~exists().where(receipts))
    if below is not None:
        statement = statement.where(place.id < below)
    order = place.code if below is None else place.id.desc()
    return [SiteReads(*found) for found in session.execute(statement.order_by(order).limit(limit + 1))]


def _readers(actor: Actor, row: Publication) -> ColumnElement[bool]:
    """Sites and hubs that were there when it came out, in its scope and in that of whoever asks."""
    if not rule.may_write(actor, row.kind):
        raise NotAllowed("not_allowed")
    scopes = [scope for scope in (row.scope_id, actor.province_id if actor.desk == "lcs" else None) if scope]
    inside = and_(true(), *(Organisation.province_id == scope for scope in scopes))
    day = local_date(row.published_at) if row.published_at else date.min
    there = or_(Organisation.closed_from.is_(None), Organisation.closed_from > day)
    return and_(Organisation.kind.in_(ASSESSED), there, inside)
