"""Signed-in browsers: rows on the server, so that logout, a password change and disabling end them at once."""

from __future__ import annotations

import hashlib
import secrets
from collections import namedtuple
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import and_, bindparam, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.models import Organisation, SavedView, SessionRow, User, together
from app.models.together import Asked, Question
from app.models.types import UtcDateTime
from app.services import appeal_leases, emergency_rules, troubles
from app.services.transaction import write
from app.services.troubles import Troubles

TOUCH_EVERY = timedelta(minutes=1)  # activity is written at most so often: a GET takes no other write lock


@dataclass(frozen=True)
class SignedIn:
    """Plain facts about the person behind a session; they stay readable when the transaction is over."""

    user_id: int
    account: str
    name: str
    role: str
    organisation_id: int
    province_id: int | None
    organisation_code: str
    organisation_name: str
    organisation_name_en: str
    locale: str
    theme: str
    density: str
    epoch: int
    off_duty: bool = False
    sound: bool = False  # a quiet sound with a new notice
    home: str = ""  # the query of the view that the bare queue opens


@dataclass(frozen=True)
class Found:
    """A session that holds: who, what the browser's forms need, and whether its activity is due to be written."""

    person: SignedIn
    data: dict[str, Any]
    touch_due: bool
    emergency: bool = False  # some emergency is in force: whom it concerns is asked then, and only then
    troubles: Troubles = field(default_factory=Troubles)  # what does not work as usual
    answer: tuple[list[Any], ...] = ()  # to what was asked along with it


@dataclass(frozen=True)
class Limits:
    """How long a session lives without a click, and at all."""

    idle: timedelta
    absolute: timedelta


def digest(token: str) -> str:
    """What the table keeps of the cookie's token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def find(
    session: Session, token: str, *, now: datetime, limits: Limits, along: tuple[Asked, ...] = ()
) -> Found | None:  # fmt: skip
    """The session of that token, or None when it is unknown, idle, too old, or its person changed or was disabled.
    `along` is asked in the same statement.

    Reads only. A clock that jumped back by more than the idle time ends a session as one that jumped ahead does.
    """
    rows, *answer = together.ask(session, _FIND(token_hash=digest(token), **troubles.values(now)), *along)
    if not rows:
        return None
    emergency, home, beat, overdue, vain, *rest = rows[0]
    stored, user = _Stored._make(rest[: len(_STORED)]), _Person._make(rest[len(_STORED) : -len(_PLACE)])
    if not _holds(stored, user, now, limits):
        return None
    touch_due = now - stored.active_at >= TOUCH_EVERY
    late, place = troubles.of(beat, overdue, vain, now), _Place._make(rest[-len(_PLACE) :])
    person = facts(user, place, home or "")
    return Found(person, dict(stored.data), touch_due, bool(emergency), late, tuple(answer))


_STORED = ("epoch", "data", "created_at", "active_at")
_PERSON = (
    "id", "account", "name", "role", "locale", "theme", "density", "epoch", "off_duty_at", "sound", "disabled_at",
)  # fmt: skip
_PLACE = ("id", "kind", "province_id", "code", "name", "name_en")
_Stored = cast(Any, namedtuple)("_Stored", _STORED)
_Person = cast(Any, namedtuple)("_Person", _PERSON)
_Place = cast(Any, namedtuple)("_Place", _PLACE)
_KINDS = ((SessionRow, _STORED), (User, _PERSON), (Organisation, _PLACE))
_FIND = Question(
    select(
        exists().where(emergency_rules.in_force(bindparam("now", type_=UtcDateTime()))).label("emergency"),
        SavedView.query,
        *troubles.columns(),
        *(getattr(kind, name).label(f"{kind.__tablename__}_{name}") for kind, names in _KINDS for name in names),
    )
    .join_from(SessionRow, User, User.id == SessionRow.user_id)
    .outerjoin(SavedView, and_(SavedView.user_id == User.id, SavedView.is_default))
    .join(Organisation, Organisation.id == User.organisation_id)
    .where(SessionRow.token_hash == bindparam("token_hash"))
)  # fmt: skip


def _holds(row: Any, user: Any, now: datetime, limits: Limits) -> bool:
    if user.disabled_at is not None or row.epoch != user.epoch:
        return False
    return abs(now - row.active_at) < limits.idle and now - row.created_at < limits.absolute


def person(session: Session, user_id: int) -> SignedIn:
    """The facts about one account. Raises NotFound."""
    statement = select(User, Organisation).join(Organisation, Organisation.id == User.organisation_id)
    row = session.execute(statement.where(User.id == user_id)).one_or_none()
    if row is None:
        raise NotFound("user_not_found")
    return facts(row[0], row[1])


def facts(user: Any, organisation: Any, home: str = "") -> SignedIn:
    """The facts about an account and its organisation, rows or tuples like them; `home` is its default view's query."""
    # a province is its own province, so that its people's scope is found the same way as a site's
    province_id = organisation.id if organisation.kind == "province" else organisation.province_id
    return SignedIn(
        user_id=user.id, account=user.account, name=user.name, role=user.role, organisation_id=organisation.id,
        province_id=province_id, organisation_code=organisation.code, organisation_name=organisation.name,
        organisation_name_en=organisation.name_en or organisation.name, locale=user.locale, theme=user.theme,
        density=user.density, epoch=user.epoch, off_duty=user.off_duty_at is not None,
        sound=user.sound, home=home,
    )  # fmt: skip


def create(
    *, user_id: int, epoch: int, data: dict[str, Any], now: datetime, limits: Limits, since: datetime | None = None
) -> str:  # fmt: skip
    """Start a session and return its new token (43 characters, shown to nobody but the cookie).

    `epoch` is the one under which the password was checked: a change in between makes the session void at once.
    Who signs in comes on duty. `since` is when the password was typed, where that was earlier: the absolute limit
    counts from it.
    """
    token = secrets.token_urlsafe(32)
    over = or_(SessionRow.created_at <= now - limits.absolute, SessionRow.active_at <= now - limits.idle)
    with write() as session:
        session.execute(delete(SessionRow).where(SessionRow.user_id == user_id, over))
        row = SessionRow(token_hash=digest(token), user_id=user_id, epoch=epoch, data=data, created_at=since or now)
        row.active_at = now
        session.add(row)
        session.execute(update(User).where(User.id == user_id).values(last_seen_at=now, off_duty_at=None))
    return token


def touch(token: str, *, user_id: int, now: datetime) -> None:
    """Note that the person is active. Of several requests in one minute only the first writes."""
    stale = (SessionRow.token_hash == digest(token), SessionRow.active_at <= now - TOUCH_EVERY)
    with write() as session:
        session.execute(update(SessionRow).where(*stale).values(active_at=now))
        session.execute(update(User).where(User.id == user_id).values(last_seen_at=now))


def store(token: str, data: dict[str, Any]) -> None:
    """Replace what the session carries. A session that ended meanwhile stays ended."""
    with write() as session:
        session.execute(update(SessionRow).where(SessionRow.token_hash == digest(token)).values(data=data))


def end(token: str) -> None:
    """End one session: its cookie opens nothing any more, and what its person had in the appeal stream is free."""
    with write() as session:
        user_id = session.scalar(select(SessionRow.user_id).where(SessionRow.token_hash == digest(token)))
        if user_id is not None:
            appeal_leases.let_go(session, user_id)
        session.execute(delete(SessionRow).where(SessionRow.token_hash == digest(token)))
