"""One-use links with which a person sets a password: made by an administrator, kept as digests (promises, Accounts)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.domain import people_accounts as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import AccountLog, Organisation, PasswordLink, SessionRow, SignInFailure, User
from app.models.dialect import changed
from app.models.ids import new_id
from app.services import guessing
from app.services.accounts import hash_password
from app.services.passwords import password_fault
from app.services.transaction import write

SECRET_BYTES = 32


@dataclass(frozen=True)
class Made:
    """A fresh link: its secret, shown once, and until when it opens."""

    account: str
    name: str
    secret: str
    expires_at: datetime


@dataclass(frozen=True)
class Opened:
    """Whose password a link sets."""

    user_id: int
    account: str
    name: str


def make(*, actor: Actor, user_id: int, address: str, now: datetime) -> Made:
    """A link for one account; links that were made before open nothing any more.

    It opens for half an hour, for a week where the account never had a password. Raises NotFound (no such account, or
    disabled), NotAllowed (no administrator, or one's own).
    """
    if not actor.can("admin") or actor.user_id is None or actor.user_id == user_id:
        raise NotAllowed("not_allowed")
    with write() as session:
        return _make(session, [user_id], actor.user_id, address, now)[0]


def make_by_operator(*, account: str, now: datetime) -> Made:
    """The same from the machine's command line. Raises NotFound."""
    with write() as session:
        user_id = session.scalar(select(User.id).where(User.account == account))
        return _make(session, [user_id or 0], None, "command line", now)[0]


def invite(*, actor: Actor, address: str, now: datetime) -> list[tuple[Made, str]]:
    """Links for all accounts that never had a password, with the code of each organisation. Raises NotAllowed."""
    if not actor.can("admin") or actor.user_id is None:
        raise NotAllowed("not_allowed")
    with write() as session:
        statement = select(User.id, Organisation.code).join(Organisation, Organisation.id == User.organisation_id)
        statement = statement.where(User.password_hash == "", User.disabled_at.is_(None), User.id != actor.user_id)
        houses = {row.id: row.code for row in session.execute(statement.order_by(Organisation.code, User.account))}
        if not houses:
            return []
        made = _make(session, list(houses), actor.user_id, address, now)
        return list(zip(made, houses.values(), strict=True))


def _make(session: Session, ids: list[int], by_id: int | None, address: str, now: datetime) -> list[Made]:
    people = {row.id: row for row in session.scalars(select(User).where(User.id.in_(ids), User.disabled_at.is_(None)))}
    if len(people) != len(ids):
        raise NotFound("user_not_found")
    session.execute(delete(PasswordLink).where(PasswordLink.user_id.in_(ids), PasswordLink.used_at.is_(None)))
    made: list[Made] = []
    links: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for user_id in ids:
        person, secret = people[user_id], secrets.token_urlsafe(SECRET_BYTES)
        until = now + rule.link_life(has_password=bool(person.password_hash))
        made.append(Made(person.account, person.name, secret, until))
        links.append({"id": new_id(), "user_id": user_id, "token_hash": _digest(secret), "epoch": person.epoch,
                      "made_at": now, "expires_at": until})  # fmt: skip
        entries.append({"id": new_id(), "user_id": user_id, "by_id": by_id, "what": "link", "detail": {}, "at": now,
                        "address": address[:45]})  # fmt: skip
    session.execute(insert(PasswordLink), links)
    session.execute(insert(AccountLog), entries)
    return made


def opened(session: Session, *, secret: str, now: datetime) -> Opened:
    """Whose password the link sets. Raises NotFound: unknown, used, expired, replaced, or the account is disabled."""
    statement = (
        select(User.id, User.account, User.name)
        .join(PasswordLink, PasswordLink.user_id == User.id)
        .where(PasswordLink.token_hash == _digest(secret), PasswordLink.used_at.is_(None),
               PasswordLink.expires_at > now, PasswordLink.epoch == User.epoch, User.disabled_at.is_(None))
    )  # fmt: skip
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("link_gone")
    return Opened(*found)


def use(session: Session, *, secret: str, new: str, repeat: str, address: str, now: datetime) -> Opened:
    """Set the password and end every session of the person; of two at once only one does.

    Raises NotFound as `opened`, Invalid (`new`: too_short, too_long, too_common; `repeat`: not_same).
    """
    found = opened(session, secret=secret, now=now)
    session.rollback()
    fault = password_fault(new, account=found.account)
    wrong = {"new": fault} if fault else {"repeat": "not_same"} if new != repeat else {}
    if wrong:
        raise Invalid(wrong)
    hashed = hash_password(new)
    with write() as writing:
        unused = update(PasswordLink).where(
            PasswordLink.token_hash == _digest(secret), PasswordLink.used_at.is_(None), PasswordLink.expires_at > now
        )
        if changed(writing, unused.values(used_at=now)) != 1:
            raise NotFound("link_gone")
        _set(writing, found, hashed, address, now)
    return found


def _set(session: Session, found: Opened, hashed: str, address: str, now: datetime) -> None:
    person = update(User).where(User.id == found.user_id, User.disabled_at.is_(None))
    if changed(session, person.values(password_hash=hashed, epoch=User.epoch + 1)) != 1:
        raise NotFound("link_gone")
    session.execute(delete(SessionRow).where(SessionRow.user_id == found.user_id))
    # whoever guessed at the old password makes nobody wait for the new one
    session.execute(delete(SignInFailure).where(SignInFailure.key == guessing.keys_of(found.account, "")[0]))
    session.add(AccountLog(
        id=new_id(), user_id=found.user_id, by_id=None, what="password", detail={}, at=now, address=address[:45],
    ))  # fmt: skip


def _digest(secret: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
