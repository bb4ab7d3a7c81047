"""The closure calendar: sites announce when they are closed and who stands in (rulebook 1, 7.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, or_, select
from sqlalchemy.orm import Session, aliased

from app.domain.calendars import local_date
from app.domain.closures import FOR_GOOD, REASONS, Days, cut, faults
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import SITE_MANAGER, Actor
from app.models import Claim, Closure, Organisation
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.models.together import Question, ask
from app.services import organisations
from app.services.transaction import write

PLACES = ("site", "hub")
LISTED = 200
BEGIN = "closure"  # the job that lets deputies act


@dataclass(frozen=True)
class ClosureIn:
    """An announcement: the site's own code, its days, the code of the deputy (empty: the LCS) and why."""

    site_code: str
    from_day: date | None
    until_day: date | None = None
    deputy_code: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Line:
    """One closure of the list with the names of site and deputy."""

    closure: Closure
    site: Organisation
    deputy: Organisation | None


def announce(*, actor: Actor, closure: ClosureIn, now: datetime) -> int:
    """Announce a closure from today on or later; its id.

    A manager announces for the own site, an LCS for those of its province. Raises Invalid (fields `site_code`,
    `from_day`, `until_day`, `deputy_code`, `reason`), NotAllowed for everybody else.
    """
    _may(actor)
    with write() as session:
        site = _site(session, actor, closure.site_code)
        lock_key(session, f"closure:{site.id if site else 0}")
        errors = {} if closure.reason in REASONS else {"reason": "required"}
        deputy = _deputy(session, actor, site, closure, errors)
        if site is None or closure.from_day is None:
            raise Invalid(errors | ({} if site else {"site_code": "unknown_site"}) | _day(closure))
        days = Days(closure.from_day, closure.until_day)
        errors |= faults(days, local_date(now), _days_of(session, site.id))
        if errors:
            raise Invalid(errors)
        row = Closure(
            id=new_id(), organisation_id=site.id, from_day=days.start, until_day=days.until, reason=closure.reason,
            deputy_id=deputy.id if deputy else None, created_at=now, created_by_id=actor.user_id,
        )  # fmt: skip
        session.add(row)
        return row.id


def end(*, actor: Actor, closure_id: int, now: datetime) -> None:
    """End a closure now, or drop one that has not begun: the site works again. Raises NotFound outside the scope."""
    _may(actor)
    with write() as session:
        row = _own(session, actor, closure_id)
        if row.reason == FOR_GOOD:
            raise NotAllowed("closed_for_good")
        if row.ended_at is None:
            row.ended_at = now


def for_good(
    session: Session, actor: Actor, *, place_id: int, day: date | None, deputy_id: int | None, now: datetime
) -> None:
    """Close a place from a day on without end, never from before today, in the transaction of the administrator who
    says so; without a day it is open again.

    Its open tickets change hands as with any closure: to the deputy, else to the province.
    """
    lock_key(session, f"closure:{place_id}")
    first = max(day, local_date(now)) if day else None
    standing = select(Closure).where(Closure.organisation_id == place_id, Closure.ended_at.is_(None))
    for row in session.scalars(standing):
        left = Days(row.from_day, row.until_day) if row.reason != FOR_GOOD else None
        left = cut(left, first) if left and first else left
        if left is None:
            row.ended_at = now
        else:
            row.until_day = left.until
    if first is not None:
        session.add(Closure(
            id=new_id(), organisation_id=place_id, from_day=first, until_day=None, reason=FOR_GOOD,
            deputy_id=deputy_id, created_at=now, created_by_id=actor.user_id,
        ))  # fmt: skip


def set_deputy(*, actor: Actor, closure_id: int, deputy_code: str, now: datetime) -> None:
    """Let another site of the province stand in from now on, or the province itself (empty code); the LCS does.

    New tickets go to it at once; what the former deputy acts on changes hands with the next run of `closure_work`,
    for which today's work is to do again. Raises Invalid(deputy_code), NotFound (also of one that is
    over), NotAllowed.
    """
    if not actor.can("closure_deputy"):
        raise NotAllowed("not_allowed")
    with write() as session:
        row, errors = _own(session, actor, closure_id), dict[str, str]()
        if row.ended_at is not None or (row.until_day is not None and row.until_day < local_date(now)):
            raise NotFound("closure_not_found")
        lock_key(session, f"closure:{row.organisation_id}")
        site = session.get_one(Organisation, row.organisation_id)
        first = max(row.from_day, local_date(now))
        deputy = _deputy(session, actor, site, ClosureIn(site.code, first, row.until_day, deputy_code), errors)
        if errors:
            raise Invalid(errors)
        row.deputy_id = deputy.id if deputy else None
        session.execute(delete(Claim).where(Claim.job == BEGIN, Claim.period == day_of(row.id, now)))


def look_again(session: Session, site_id: int | None, now: datetime) -> None:
    """Work has come back to a site: if it is closed today, whoever stands in for it takes that up too."""
    today = local_date(now)
    held = select(Closure.id).where(Closure.organisation_id == site_id, Closure.from_day <= today, _lasts(today))
    for closure_id in session.scalars(held):
        session.execute(delete(Claim).where(Claim.job == BEGIN, Claim.period == day_of(closure_id, now)))


def day_of(closure_id: int, now: datetime) -> str:
    """Under which name the work of a closure's day is claimed."""
    return f"{closure_id}:{local_date(now)}"


def listed(session: Session, actor: Actor, now: datetime) -> list[Line]:
    """Closures of the actor's sites that last or lie ahead, the first to begin first; at most 200."""
    statement = _lines(actor).where(_lasts(local_date(now))).order_by(Closure.from_day, Organisation.code)
    return [Line(*found) for found in session.execute(statement.limit(LISTED))]


def below(session: Session, actor: Actor, closure_id: int, limit: int) -> list[Line]:
    """All closures of the actor's sites, ended ones too, by falling id; one more than `limit` where there is more."""
    statement = _lines(actor).where(Closure.id < closure_id).order_by(Closure.id.desc())
    return [Line(*found) for found in session.execute(statement.limit(limit + 1))]


def _lines(actor: Actor) -> Any:
    _may(actor)
    deputy = aliased(Organisation)
    return (
        select(Closure, Organisation, deputy)
        .join(Organisation, Organisation.id == Closure.organisation_id)
        .outerjoin(deputy, deputy.id == Closure.deputy_id)
        .where(_scope(actor))
    )


def sites_of(session: Session, actor: Actor) -> list[Organisation]:
    """The sites the actor may choose among as deputies or as closed ones: those of the province."""
    sites = select(Organisation).where(Organisation.kind.in_(PLACES), Organisation.province_id == actor.province_id)
    return list(session.scalars(sites.order_by(Organisation.code)))


def closed_today(session: Session, now: datetime) -> dict[int, int | None]:
    """The sites whose announced closure holds today, each with its deputy."""
    return dict(ask(session, TODAY(today=local_date(now)))[0])


def is_closed_now(session: Session, site: Organisation, now: datetime) -> bool:
    """Whether one site takes no tickets today."""
    return is_closed(site, closed_today(session, now), now)


def is_closed(site: Organisation, closed: dict[int, int | None], now: datetime) -> bool:
    """Whether the site takes no work today: by its calendar, or closed for good."""
    return site.id in closed or (site.closed_from is not None and site.closed_from <= local_date(now))


def _lasts(today: Any) -> ColumnElement[bool]:
    return (Closure.ended_at.is_(None)) & or_(Closure.until_day.is_(None), Closure.until_day >= today)


TODAY = Question(
    select(Closure.organisation_id, Closure.deputy_id).where(
        Closure.from_day <= bindparam("today"), _lasts(bindparam("today"))
    )
)


def _scope(actor: Actor) -> ColumnElement[bool]:
    if actor.desk == "lcs":
        return Organisation.province_id == actor.province_id
    return Organisation.id == actor.organisation_id


def _own(session: Session, actor: Actor, closure_id: int) -> Closure:
    own = select(Closure).join(Organisation, Organisation.id == Closure.organisation_id)
    row = session.scalars(own.where(Closure.id == closure_id, _scope(actor))).one_or_none()
    if row is None:
        raise NotFound("closure_not_found")
    return row


def _may(actor: Actor) -> None:
    if actor.desk != "lcs" and actor.role != SITE_MANAGER:
        raise NotAllowed("not_allowed")


def _site(session: Session, actor: Actor, code: str) -> Organisation | None:
    places = select(Organisation).where(Organisation.kind.in_(PLACES), _scope(actor))
    if actor.desk == "lcs":
        named = organisations.find(session, code)
        places = places.where(Organisation.id == (named.id if named else None))
    return session.scalars(places).one_or_none()


def _deputy(
    session: Session, actor: Actor, site: Organisation | None, closure: ClosureIn, errors: dict[str, str]
) -> Organisation | None:
    code = closure.deputy_code.strip()
    if not code:
        return None
    found = organisations.find(session, code)
    if found is None or found.kind not in PLACES or found.province_id != actor.province_id:
        errors["deputy_code"] = "unknown_site"
    elif site is not None and found.id == site.id:
        errors["deputy_code"] = "own_deputy"
    elif closure.from_day and any(
        Days(closure.from_day, closure.until_day).meet(d) for d in _days_of(session, found.id)
    ):
        errors["deputy_code"] = "deputy_closed"
    return found


def _day(closure: ClosureIn) -> dict[str, str]:
    return {} if closure.from_day else {"from_day": "required"}


def _days_of(session: Session, site_id: int) -> list[Days]:
    rows = select(Closure).where(Closure.organisation_id == site_id, Closure.ended_at.is_(None))
    return [Days(row.from_day, row.until_day) for row in session.scalars(rows)]
