"""The second factor of CCS and administrators: enrolment, the check at the sign-in, recovery, and the reset by an
administrator. A code is taken once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.domain import one_time
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import Organisation, RecoveryCode, SecondFactor, SecondFactorLog, SessionRow, User
from app.models.dialect import changed, lock_key
from app.models.ids import new_id
from app.services import guessing, sms_secrets
from app.services.accounts import SignInRefused
from app.services.transaction import write

ISSUER = "Kuaifu"
SHOWN = 50


@dataclass(frozen=True)
class State:
    """A person's second factor: `since` it counts (None: it does not), and how many recovery codes are left.

    `pending`: an authenticator was shown and not confirmed yet.
    """

    since: datetime | None = None
    pending: bool = False
    codes_left: int = 0


def enrolled(session: Session, user_id: int) -> bool:
    """Whether a code is asked for at the sign-in."""
    statement = select(SecondFactor.user_id).where(
        SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
    )
    return session.scalar(statement) is not None


def state(session: Session, user_id: int) -> State:
    """What the person's own page shows."""
    row = session.get(SecondFactor, user_id)
    if row is None:
        return State()
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return State(row.confirmed_at, row.confirmed_at is None, int(session.scalar(left) or 0))


def begin(*, actor: Actor, key: str, now: datetime) -> None:
    """Make a new secret that is to be confirmed; one that counts already stays. `key` is SECRET_KEY.

    The caller has checked the password. Raises NotAllowed for other roles and for who has one.
    """
    user_id = _person(actor)
    with write() as session:
        _lock(session, user_id)
        row = session.get(SecondFactor, user_id)
        if row is not None and row.confirmed_at is not None:
            raise NotAllowed("second_factor_exists")
        sealed = sms_secrets.seal({"totp": pyotp.random_base32()}, key)
        row = row or SecondFactor(user_id=user_id, last_step=0)
        row.secret, row.created_at = sealed, now
        session.add(row)


def address(session: Session, user_id: int, account: str, key: str) -> tuple[str, str]:
    """The otpauth address for the QR code and the secret to type, while it is not confirmed. Raises NotFound."""
    row = session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is not None:
        raise NotFound("second_factor_not_begun")
    secret = _secret(row, key)
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER), secret


def confirm(*, actor: Actor, typed: str, key: str, address: str, now: datetime) -> list[str]:
    """Let it count from now on, proven by its first code; the recovery codes, to be shown once.

    Every other session goes on: their person is the one who typed the code. Raises NotFound, Invalid({"code": …}).
    """
    user_id = _person(actor)
    with write() as session:
        _lock(session, user_id)
        row = session.get(SecondFactor, user_id)
        if row is None or row.confirmed_at is not None:
            raise NotFound("second_factor_not_begun")
        step = _step(_secret(row, key), typed, now)
        if step is None:
            raise Invalid({"code": "wrong_code"})
        row.confirmed_at, row.last_step = now, step
        _log(session, user_id, user_id, "enrolled", address, now)
        return _renew(session, user_id)


def check(
    session: Session, *, user_id: int, typed: str, key: str, address: str, now: datetime
) -> None:  # fmt: skip
    """Take a code of the authenticator or a recovery code, once. Raises SignInRefused("wrong_code" or "wait").

    Tries are counted per person and network address as those with passwords are, and survive Redis being down. Those of
    one person are looked at and counted one after the other: of many side by side none slips in before the count.
    """
    account = session.scalar(select(User.account).where(User.id == user_id)) or ""
    keys = guessing.keys_of(f"code:{account}", address)
    session.rollback()
    with write() as writing:
        lock_key(writing, f"second factor tries:{user_id}")
        refused = _looked_at(writing, keys, user_id, typed, key, address, now)
    if refused is not None:
        raise refused
    guessing.succeeded(session, key=keys[0])


def _looked_at(
    session: Session, keys: tuple[str, ...], user_id: int, typed: str, key: str, address: str, now: datetime
) -> SignInRefused | None:
    if wait := guessing.wait_seconds(session, keys, now):
        return SignInRefused("wait", wait)
    if _take_code(session, user_id, typed, key, now) or _take_recovery(session, user_id, typed, address, now):
        return None
    return SignInRefused("wrong_code", guessing.counted(session, keys=keys, now=now))


def _take_code(session: Session, user_id: int, typed: str, key: str, now: datetime) -> bool:
    row = session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is None:
        return False
    step = _step(_secret(row, key), typed, now)
    if step is None:
        return False
    newer = update(SecondFactor).where(SecondFactor.user_id == user_id, SecondFactor.last_step < step)
    return changed(session, newer.values(last_step=step)) == 1  # of two at once only one is the first


def _take_recovery(session: Session, user_id: int, typed: str, address: str, now: datetime) -> bool:
    code = one_time.recovery(typed)
    if not code:
        return False
    mine = RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _digest(code)
    unused = update(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None))
    if changed(session, unused.values(used_at=now)) != 1:
        return False
    _log(session, user_id, user_id, "recovery", address, now)
    return True


def renew_codes(*, actor: Actor, address: str, now: datetime) -> list[str]:
    """New recovery codes; the old ones open nothing any more. Raises NotFound where no second factor counts."""
    user_id = _person(actor)
    with write() as session:
        _counting(session, user_id)
        _log(session, user_id, user_id, "renewed", address, now)
        return _renew(session, user_id)


def remove(*, actor: Actor, address: str, now: datetime) -> None:
    """Sign in with the password alone again. Raises NotFound where no second factor counts."""
    user_id = _person(actor)
    with write() as session:
        _counting(session, user_id)
        _forget(session, user_id)
        _log(session, user_id, user_id, "removed", address, now)


def reset(*, actor: Actor, user_id: int, address: str, now: datetime) -> None:
    """Take somebody's lost authenticator away and end their sessions; by another administrator, and logged.

    Raises NotAllowed for everybody else and for one's own, NotFound where there is none.
    """
    if not actor.can("admin") or actor.user_id is None or actor.user_id == user_id:
        raise NotAllowed("not_allowed")
    with write() as session:
        _counting(session, user_id)
        _forget(session, user_id)
        session.execute(delete(SessionRow).where(SessionRow.user_id == user_id))
        _log(session, user_id, actor.user_id, "reset", address, now)


def reset_by_operator(*, account: str, now: datetime) -> None:
    """The same from the machine's command line, for an administrator who has nobody else. Raises NotFound."""
    with write() as session:
        user_id = session.scalar(select(User.id).where(User.account == account))
        if user_id is None:
            raise NotFound("user_not_found")
        _counting(session, user_id)
        _forget(session, user_id)
        session.execute(delete(SessionRow).where(SessionRow.user_id == user_id))
        _log(session, user_id, user_id, "reset", "command line", now)


def people(session: Session) -> list[tuple[User, str, datetime | None]]:
    """Everybody who may have one: the account, the organisation's name, since when."""
    statement = (
        select(User, Organisation.name, SecondFactor.confirmed_at)
        .join(Organisation, Organisation.id == User.organisation_id)
        .outerjoin(SecondFactor, SecondFactor.user_id == User.id)
        .where(User.role.in_(one_time.ROLES), User.disabled_at.is_(None))
        .order_by(User.account)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(statement)]


def log(session: Session) -> list[tuple[SecondFactorLog, str, str]]:
    """The last entries with whose it is and who did it."""
    whose, who = User.__table__.alias("whose"), User.__table__.alias("who")
    statement = (
        select(SecondFactorLog, whose.c.name, who.c.name)
        .join(whose, whose.c.id == SecondFactorLog.user_id)
        .join(who, who.c.id == SecondFactorLog.by_id)
        .order_by(SecondFactorLog.id.desc())
        .limit(SHOWN)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(statement)]


def _person(actor: Actor) -> int:
    if actor.role not in one_time.ROLES or actor.user_id is None:
        raise NotAllowed("not_allowed")
    return actor.user_id


def _lock(session: Session, user_id: int) -> None:
    """Two pages of one person come one after the other: one secret, one set of recovery codes."""
    lock_key(session, f"second factor:{user_id}")


def _counting(session: Session, user_id: int) -> None:
    _lock(session, user_id)
    if not enrolled(session, user_id):
        raise NotFound("second_factor_missing")


def _forget(session: Session, user_id: int) -> None:
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _renew(session: Session, user_id: int) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = ["".join(secrets.choice(one_time.ALPHABET) for _ in range(10)) for _ in range(one_time.CODES)]
    session.add_all(RecoveryCode(id=new_id(), user_id=user_id, code_hash=_digest(code)) for code in codes)
    return [one_time.shown(code) for code in codes]


def _digest(code: str) -> str:
    """Fifty random bits need no slow hash."""
    return hashlib.sha256(code.encode()).hexdigest()


def _secret(row: SecondFactor, key: str) -> str:
    return sms_secrets.unseal(row.secret, key).get("totp", "")


def _step(secret: str, typed: str, now: datetime) -> int | None:
    """The step whose code was typed; every step is compared, in constant time."""
    code, present = one_time.digits(typed), one_time.step_of(now)
    made = pyotp.TOTP(secret)
    fits = [present + away for away in one_time.AROUND
            if hmac.compare_digest(made.generate_otp(present + away), code)]  # fmt: skip
    return fits[0] if fits else None


def _log(session: Session, user_id: int, by_id: int, what: str, address: str, now: datetime) -> None:
    session.add(SecondFactorLog(id=new_id(), user_id=user_id, by_id=by_id, what=what, at=now, address=address[:45]))
