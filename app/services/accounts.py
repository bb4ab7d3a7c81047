"""Accounts: checking a password, slowing down guessing, changing what belongs to the person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.domain.errors import DomainError, Invalid, NotFound
from app.models import Organisation, SessionRow, User
from app.services import guessing
from app.services.passwords import MAX_LENGTH, password_fault
from app.services.transaction import write

LOCALES, THEMES, DENSITIES = ("zh", "en"), ("auto", "light", "dark"), ("comfortable", "compact")
_hasher = PasswordHasher()


class SignInRefused(DomainError):
    """Code `bad_credentials` or `wait`; `wait_seconds` is how long the next try has to wait (0 = not at all)."""

    def __init__(self, code: str, wait_seconds: int = 0) -> None:
        super().__init__(code, wait_seconds=wait_seconds)
        self.wait_seconds = wait_seconds


class DemoAccountsExist(DomainError):
    """A production portal has accounts whose password is in the README."""


@dataclass(frozen=True)
class Known:
    """Who signed in, and the epoch under which the password was right."""

    user_id: int
    epoch: int


@dataclass(frozen=True)
class DemoAccount:
    """An account that the sign-in page of a demo offers."""

    account: str
    name: str
    role: str
    organisation_name: str
    organisation_name_en: str


def hash_password(password: str) -> str:
    """The argon2id hash. About 50 ms and 64 MB: never call it inside a transaction."""
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    """The hash that an unknown account is checked against, so that it takes as long as a known one."""
    return _hasher.hash("nobody has this password")


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password) and len(password) <= MAX_LENGTH
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False


def sign_in(session: Session, *, account: str, password: str, address: str, now: datetime) -> Known:
    """Check an account and its password. `address` is the network address of the browser.

    The hash is computed outside every transaction. Unknown, disabled and wrong all raise the same
    SignInRefused("bad_credentials"); while a wait runs nothing is checked and "wait" is raised (promises, Accounts).
    """
    account = account.encode("utf-8", "replace").decode().replace("\0", "").strip()[:64]
    keys = guessing.keys_of(account, address)
    _refuse_while_waiting(session, keys, now)
    user = session.scalars(select(User).where(User.account == account)).one_or_none()
    usable = user is not None and user.disabled_at is None
    kept = (user.id, user.epoch, user.password_hash) if user is not None and usable else (0, 0, "")
    stored = kept[2] or _nobody()
    _nobody()  # computed in both branches: its first call is slow
    session.rollback()
    if not _told(session, keys, stored, password, now) or not kept[2]:
        raise SignInRefused("bad_credentials", guessing.failed(keys=keys, now=now))
    guessing.succeeded(session, key=keys[0])
    _renew_hash(kept[0], stored, password)
    return Known(kept[0], kept[1])


def _refuse_while_waiting(session: Session, keys: tuple[str, ...], now: datetime) -> None:
    wait = guessing.wait_seconds(session, keys, now)
    if wait:
        session.rollback()
        raise SignInRefused("wait", wait)


def _told(session: Session, keys: tuple[str, ...], stored: str, password: str, now: datetime) -> bool:
    """Whether the password is right. Many tries side by side all begin before the first is counted: where a wait began
    while this one was looked at, neither right nor wrong is told. Raises SignInRefused("wait")."""
    right = _matches(stored, password)
    _refuse_while_waiting(session, keys, now)
    session.rollback()
    return right


def _renew_hash(user_id: int, stored: str, password: str) -> None:
    """Keep up with the library's parameters while the password is at hand."""
    if not _hasher.check_needs_rehash(stored):
        return
    renewed = hash_password(password)
    with write() as session:
        guarded = update(User).where(User.id == user_id, User.password_hash == stored)
        session.execute(guarded.values(password_hash=renewed))


def change_password(
    session: Session, *, user_id: int, current: str, new: str, address: str, now: datetime
) -> Known:  # fmt: skip
    """Set a new password and end every session of the person; the caller starts a new one with the returned epoch.

    Raises Invalid (`current`: wrong_password; `new`: too_short, too_long, too_common), SignInRefused("wait").
    """
    known = confirm(session, user_id=user_id, password=current, address=address, now=now)
    account = session.get_one(User, user_id).account
    session.rollback()
    fault = password_fault(new, account=account)
    if fault:
        raise Invalid({"new": fault})
    return _replace_password(user_id, known.epoch, hash_password(new))


def confirm(session: Session, *, user_id: int, password: str, address: str, now: datetime) -> Known:
    """That the person knows the own password; the epoch under which it was right.

    Raises NotFound, Invalid (`current`: wrong_password), SignInRefused("wait").
    """
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("user_not_found")
    account, stored, epoch = user.account, user.password_hash, user.epoch
    keys = guessing.keys_of(account, address)
    _refuse_while_waiting(session, keys, now)
    session.rollback()
    if not _told(session, keys, stored, password, now):
        guessing.failed(keys=keys, now=now)
        raise Invalid({"current": "wrong_password"})
    return Known(user_id, epoch)


def _replace_password(user_id: int, epoch: int, password_hash: str) -> Known:
    with write() as session:
        guarded = update(User).where(User.id == user_id, User.epoch == epoch)
        changed = session.execute(guarded.values(password_hash=password_hash, epoch=epoch + 1).returning(User.id))
        if changed.one_or_none() is None:  # another tab was quicker
            raise Invalid({"current": "wrong_password"})
        session.execute(delete(SessionRow).where(SessionRow.user_id == user_id))
    return Known(user_id, epoch + 1)


def set_preferences(
    *, user_id: int, locale: str | None = None, theme: str | None = None, density: str | None = None,
    sound: bool | None = None,
) -> None:  # fmt: skip
    """Remember how the person wants to see the portal; None leaves a setting as it is. Raises Invalid."""
    asked = {"locale": (locale, LOCALES), "theme": (theme, THEMES), "density": (density, DENSITIES)}
    wrong = {name: "invalid" for name, (value, allowed) in asked.items() if value is not None and value not in allowed}
    if wrong:
        raise Invalid(wrong)
    values: dict[str, Any] = {name: value for name, (value, _allowed) in asked.items() if value is not None}
    if sound is not None:
        values["sound"] = sound
    if not values:
        return
    with write() as session:
        session.execute(update(User).where(User.id == user_id).values(**values))


def demo_accounts(session: Session, limit: int = 12) -> list[DemoAccount]:
    """The accounts of the demo data that can sign in, in the order in which they were made."""
    statement = (
        select(User.account, User.name, User.role, Organisation.name, Organisation.name_en)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(User.demo.is_(True), User.disabled_at.is_(None))
        .order_by(User.id)
        .limit(limit)
    )
    return [DemoAccount(*row) for row in session.execute(statement)]


def refuse_demo_accounts(session: Session) -> None:
    """For the start of a production portal. Raises DemoAccountsExist with the first `account`."""
    account = session.scalar(select(User.account).where(User.demo.is_(True), User.disabled_at.is_(None)).limit(1))
    if account is not None:
        raise DemoAccountsExist("demo_accounts", account=account)
