"""A colleague of the province service helps a site until an end time: named, ended, and on record (rulebook 3.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.domain.errors import Invalid, NotFound
from app.domain.roles import LCS_ROLES, Actor
from app.models import Organisation, SiteHelper, User
from app.models.dialect import for_update
from app.models.ids import new_id
from app.services import versions
from app.services.transaction import write

LONGEST = timedelta(days=31)
SHOWN = 20


@dataclass(frozen=True)
class Help:
    """Who helps a site, and until when (UTC)."""

    name: str
    until: datetime
    user_id: int


@dataclass(frozen=True)
class Past:
    """One line of a site's record: who helped, named by whom, and how it ended (`ended_by` empty: by itself)."""

    name: str
    named_by: str
    named_at: datetime
    until: datetime
    ended_at: datetime | None
    ended_by: str


def name(*, actor: Actor, code: str, user_id: int | None, until: datetime | None, now: datetime) -> None:
    """Name a colleague as the site's helper; whoever helped before does so no more.

    Raises Invalid (`colleague`: required; `until`: required, in_the_past, too_long_help), NotFound outside the own
    province.
    """
    with write() as session:
        site = place(session, actor, code, lock=True)
        wrong = _time_errors(until, now)
        if user_id not in dict(colleagues(session, actor)):
            wrong["colleague"] = "required"
        if wrong or until is None:
            raise Invalid(wrong)
        _close(session, site, actor, now)
        session.add(SiteHelper(
            id=new_id(), site_id=site.id, province_id=site.province_id, helper_id=user_id, named_at=now,
            named_by_id=actor.user_id, until=until, ended_at=None, ended_by_id=None,
        ))  # fmt: skip
        _changed(session, site)


def _time_errors(until: datetime | None, now: datetime) -> dict[str, str]:
    if until is None:
        return {"until": "bad_time"}
    if until <= now:
        return {"until": "in_the_past"}
    return {"until": "too_long_help"} if until > now + LONGEST else {}


def end(*, actor: Actor, code: str, now: datetime) -> None:
    """Nobody helps the site any more; nothing where nobody does. Raises NotFound outside the own province."""
    with write() as session:
        site = place(session, actor, code, lock=True)
        if _close(session, site, actor, now):
            _changed(session, site)


def place(session: Session, actor: Actor, code: str, *, lock: bool = False) -> Organisation:
    """A site or hub of the own province. Raises NotFound."""
    mine = (Organisation.province_id == actor.province_id, Organisation.kind.in_(("site", "hub")))
    statement = select(Organisation).where(Organisation.code == code, *mine)
    found = session.scalars(for_update(statement) if lock else statement).one_or_none()
    if found is None or actor.desk != "lcs":
        raise NotFound("organisation_not_found")
    return found


def colleagues(session: Session, actor: Actor) -> list[tuple[int, str]]:
    """Whom an LCS may name: the people of the own province service, with their names."""
    mine = (User.organisation_id == actor.province_id, User.role.in_(LCS_ROLES), User.disabled_at.is_(None))
    return [(row.id, row.name) for row in session.execute(select(User.id, User.name).where(*mine).order_by(User.name))]


def active(session: Session, province_id: int, now: datetime) -> dict[int, Help]:
    """Who helps which site of a province now: one statement."""
    statement = select(SiteHelper.site_id, User.name, SiteHelper.until, User.id).join(
        User, User.id == SiteHelper.helper_id
    )
    here = (SiteHelper.province_id == province_id, SiteHelper.ended_at.is_(None), SiteHelper.until > now)
    return {row[0]: Help(*row[1:]) for row in session.execute(statement.where(*here))}


def record(session: Session, site_id: int) -> list[Past]:
    """The last helpers of a site, the newest first."""
    namer, ender = aliased(User), aliased(User)
    statement = (
        select(User.name, namer.name, SiteHelper.named_at, SiteHelper.until, SiteHelper.ended_at, ender.name)
        .join(User, User.id == SiteHelper.helper_id)
        .join(namer, namer.id == SiteHelper.named_by_id)
        .outerjoin(ender, ender.id == SiteHelper.ended_by_id)
        .where(SiteHelper.site_id == site_id)
    )
    rows = session.execute(statement.order_by(SiteHelper.id.desc()).limit(SHOWN))
    return [Past(*row[:5], ended_by=row[5] or "") for row in rows]


def _close(session: Session, site: Organisation, actor: Actor, now: datetime) -> bool:
    open_one = select(SiteHelper).where(SiteHelper.site_id == site.id, SiteHelper.ended_at.is_(None))
    row = session.scalars(open_one).one_or_none()
    if row is None:
        return False
    row.ended_at = min(now, row.until)
    row.ended_by_id = actor.user_id if row.until > now else None
    session.flush()
    return True


def _changed(session: Session, site: Organisation) -> None:
    """The boards of the province ask anew."""
    if site.province_id is not None:
        versions.raised(session, {site.province_id: 1})
