"""The quick user switch: a PIN opens a browser to somebody who signed in there with the password today (rulebook 1).

A PIN is worth nothing by itself: it needs a live session of a colleague, this browser's cookie, and a sign-in with the
password in this browser within the last 12 hours. Each try is counted before it is looked at, so that tries side by
side gain nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import and_, delete, exists, select
from sqlalchemy.orm import Session

from app.domain import pins as rule
from app.domain.errors import DomainError, Invalid, NotAllowed, NotFound
from app.domain.roles import CAPABILITIES, Actor
from app.models import Device, DeviceUser, Pin, SecondFactorLog, SwitchLog, User
from app.models.dialect import changed, for_update
from app.models.ids import new_id
from app.services import accounts
from app.services.sessions import digest
from app.services.transaction import write

_hasher = PasswordHasher()
ROLES = tuple(role for role, opens in CAPABILITIES.items() if "pin" in opens)


class PinRefused(DomainError):
    """Code pin_wrong, pin_wait or pin_locked; `wait_seconds` until the next try is looked at."""

    def __init__(self, code: str, wait_seconds: int = 0) -> None:
        super().__init__(code, n=wait_seconds)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Colleague:
    """Somebody to whom this browser can be switched; `locked` after too many wrong PINs."""

    user_id: int
    name: str
    role: str
    locked: bool


@dataclass(frozen=True)
class Switched:
    """Who is there now; the session counts from the sign-in with the password."""

    user_id: int
    epoch: int
    since: datetime


def set_pin(session: Session, *, actor: Actor, password: str, pin: str, address: str, now: datetime) -> None:
    """Give oneself a PIN. Raises NotAllowed, Invalid (`pin_password`: wrong_password; `pin`: as `rule.fault`),
    SignInRefused("wait"). The hashes are computed outside every transaction."""
    if actor.user_id is None or not actor.can("pin"):
        raise NotAllowed("not_allowed")
    if wrong := rule.fault(pin):
        raise Invalid({"pin": wrong})
    try:
        known = accounts.confirm(session, user_id=actor.user_id, password=password, address=address, now=now)
    except Invalid as error:
        raise Invalid({"pin_password": "wrong_password"}) from error
    hashed = _hasher.hash(pin)
    with write() as writing:
        row = writing.get(Pin, actor.user_id)
        if row is None:
            row = Pin(user_id=actor.user_id)
            writing.add(row)
        row.pin_hash, row.epoch, row.set_at = hashed, known.epoch, now


def remove(*, user_id: int) -> None:
    """Have no PIN any more."""
    with write() as session:
        session.execute(delete(Pin).where(Pin.user_id == user_id))


def set_at(session: Session, user_id: int) -> datetime | None:
    """Since when the person has a PIN that holds."""
    held = select(Pin.set_at).join(User, User.id == Pin.user_id).where(Pin.user_id == user_id, Pin.epoch == User.epoch)
    return session.scalar(held)


def signed_in(*, token: str, user_id: int, epoch: int, now: datetime) -> str:
    """Note a sign-in with the password in this browser, which unlocks the PIN here; the browser's token, a new one
    where it had none."""
    with write() as session:
        device = session.scalars(select(Device).where(Device.token_hash == digest(token))).one_or_none()
        if device is None or not token:
            token = secrets.token_urlsafe(32)
            device = Device(id=new_id(), token_hash=digest(token), created_at=now, seen_at=now)
            session.add(device)
            session.flush()
        device.seen_at = now
        row = session.get(DeviceUser, (device.id, user_id))
        if row is None:
            row = DeviceUser(device_id=device.id, user_id=user_id)
            session.add(row)
        row.epoch, row.password_at, row.failures, row.blocked_until = epoch, now, 0, None
    return token


def left(*, token: str, user_id: int) -> None:
    """Whoever signs out is not to be switched to in this browser any more."""
    with write() as session:
        here = select(Device.id).where(Device.token_hash == digest(token)).scalar_subquery()
        session.execute(delete(DeviceUser).where(DeviceUser.device_id == here, DeviceUser.user_id == user_id))


def colleagues(session: Session, actor: Actor, token: str, now: datetime) -> list[Colleague]:
    """To whom this browser can be switched by a PIN, by name."""
    rows = session.execute(_open(actor, token, now).order_by(User.name, User.id))
    return [
        Colleague(user.id, user.name, user.role, there.failures >= rule.TRIES) for user, there, _pin, _device in rows
    ]


def _open(actor: Actor, token: str, now: datetime) -> Any:
    return (
        select(User, DeviceUser, Pin, Device)
        .join(DeviceUser, DeviceUser.user_id == User.id)
        .join(Device, Device.id == DeviceUser.device_id)
        .join(Pin, and_(Pin.user_id == User.id, Pin.epoch == User.epoch))
        .where(
            Device.token_hash == digest(token), DeviceUser.epoch == User.epoch, User.disabled_at.is_(None),
            DeviceUser.password_at > now - rule.TRUSTED, User.organisation_id == actor.organisation_id,
            User.id != actor.user_id, User.role.in_(ROLES), ~_factor_since(),
        )
    )  # fmt: skip


def _factor_since() -> Any:
    """A second factor that began after the sign-in was never shown in this browser; one that was lost and reset ended
    every session, and this browser's trust with them."""
    later = SecondFactorLog.user_id == User.id, SecondFactorLog.at > DeviceUser.password_at
    return exists().where(*later, SecondFactorLog.what.in_(("enrolled", "reset")))


def switch(*, actor: Actor, token: str, user_id: int, pin: str, now: datetime) -> Switched:
    """Who the PIN opens this browser to. Raises NotFound, PinRefused. Every try is logged."""
    target, stored = _count(actor, token, user_id, now)
    right = _matches(stored, pin)
    with write() as session:
        found = session.execute(_open(actor, token, now).where(User.id == user_id)).one_or_none()
        if found is None:
            raise NotFound("colleague_not_found")
        user, there, held, _device = found
        if not right or held.pin_hash != stored:
            _log(session, actor, there, "wrong", now)
        else:
            there.failures, there.blocked_until = 0, None
            _log(session, actor, there, "switched", now)
            return Switched(user.id, user.epoch, there.password_at)
    raise PinRefused("pin_locked" if target >= rule.TRIES else "pin_wrong", int(rule.wait(target).total_seconds()))


def _count(actor: Actor, token: str, user_id: int, now: datetime) -> tuple[int, str]:
    """Count the try before it is looked at; the number of it and the stored hash."""
    refused = None
    with write() as session:
        statement = for_update(_open(actor, token, now).where(User.id == user_id))
        found = session.execute(statement.execution_options(populate_existing=True)).one_or_none()
        if found is None:
            raise NotFound("colleague_not_found")
        _user, there, held, _device = found
        if there.failures >= rule.TRIES:
            _log(session, actor, there, "locked", now)
            refused = PinRefused("pin_locked")
        elif there.blocked_until and there.blocked_until > now:
            _log(session, actor, there, "early", now)
            refused = PinRefused("pin_wait", max(1, -int((now - there.blocked_until).total_seconds() // 1)))
        else:
            there.failures += 1
            there.blocked_until = now + rule.wait(there.failures)
        tried, stored = there.failures, held.pin_hash
    if refused:
        raise refused
    return tried, stored


def _matches(stored: str, pin: str) -> bool:
    try:
        return len(pin) <= rule.LONGEST and _hasher.verify(stored, pin)
    except (VerificationError, UnicodeEncodeError):
        return False


def _log(session: Session, actor: Actor, there: DeviceUser, outcome: str, now: datetime) -> None:
    session.add(SwitchLog(
        id=new_id(), device_id=there.device_id, from_id=actor.user_id, to_id=there.user_id,
        organisation_id=actor.organisation_id, province_id=actor.province_id, outcome=outcome, at=now,
    ))  # fmt: skip


def sweep(now: datetime) -> int:
    """Forget browsers in which nobody signed in for a day; the log stays."""
    old = now - rule.TRUSTED - timedelta(hours=12)
    with write() as session:
        session.execute(delete(DeviceUser).where(DeviceUser.password_at <= old))
        gone = delete(Device).where(Device.seen_at <= old, ~exists().where(DeviceUser.device_id == Device.id))
        return changed(session, gone)
