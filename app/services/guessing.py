"""Slows down guessing of passwords: a growing wait per account and per network address, kept in the database.

It works without Redis and is shared by all processes. A sign-in that succeeds is never counted.
"""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import SignInFailure
from app.models.dialect import for_update, insert_ignoring
from app.services.transaction import write

FREE = {"account": 4, "address": 20}  # a site's people share one address, so it forgives more typing errors
LONGEST = 900  # seconds
FORGET_AFTER = timedelta(hours=1)  # without a failure the count starts again
PURGE_AFTER = timedelta(days=1)


def keys_of(account: str, address: str) -> tuple[str, str]:
    """The two keys under which a failure counts: the account's first, then the network address's."""
    digest = hashlib.sha256(account.casefold().encode("utf-8", "replace")).hexdigest()[:40]
    return f"account:{digest}", f"address:{_network(address)}"


def _network(address: str) -> str:
    """One IPv4 address, or the /64 that one IPv6 subscriber has to himself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def delay(kind: str, failures: int) -> int:
    """Seconds to wait after that many failures in a row: none, then 2, 4, 8 … at most 900."""
    beyond = failures - FREE[kind]
    return 0 if beyond <= 0 else int(min(2 ** min(beyond, 10), LONGEST))


def wait_seconds(session: Session, keys: tuple[str, ...], now: datetime) -> int:
    """How long these keys still have to wait, in whole seconds rounded up; 0 = not at all."""
    statement = select(SignInFailure.blocked_until).where(SignInFailure.key.in_(keys))
    waits = [(until - now).total_seconds() for until in session.scalars(statement) if until is not None]
    # a wait longer than the longest comes from a clock that was wrong: it blocks nobody
    return max((int(-(-wait // 1)) for wait in waits if 0 < wait <= LONGEST), default=0)


def failed(*, keys: tuple[str, ...], now: datetime) -> int:
    """Count a failure under each key and return the wait that follows, in seconds."""
    with write() as session:
        return counted(session, keys=keys, now=now)


def counted(session: Session, *, keys: tuple[str, ...], now: datetime) -> int:
    """The same inside the caller's transaction, which has looked at the try under a lock."""
    waits = [0]
    session.execute(delete(SignInFailure).where(SignInFailure.last_at < now - PURGE_AFTER))
    for key in sorted(keys):  # always in one order: two failures never wait for each other
        fresh = {"key": key, "failures": 0, "blocked_until": None, "last_at": now}
        session.execute(insert_ignoring(session, SignInFailure.__table__).values(**fresh))
        row = session.scalars(for_update(select(SignInFailure).where(SignInFailure.key == key))).one()
        row.failures = 1 if now - row.last_at > FORGET_AFTER else row.failures + 1
        seconds = delay(key.split(":")[0], row.failures)
        row.blocked_until, row.last_at = (now + timedelta(seconds=seconds) if seconds else None), now
        waits.append(seconds)
    return max(waits)


def succeeded(session: Session, *, key: str) -> None:
    """Forget the failures of an account. The address keeps its count: an own account must not wash it clean."""
    known = session.scalar(select(SignInFailure.key).where(SignInFailure.key == key))
    session.rollback()
    if known is not None:
        with write() as writing:
            writing.execute(delete(SignInFailure).where(SignInFailure.key == key))
