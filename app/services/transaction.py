"""The write transaction: the only place that commits."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from logging import Logger
from typing import Any, TypeVar, cast

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app import failpoints
from app.extensions import HELD, db
from app.models import Ticket, altered, pending
from app.models.dialect import write_options
from app.models.in_one import Part

DATABASE_AWAY = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
)  # locked, full, unreachable, busy
_KEPT, _DONE, _END = "kept", "done", "end"
COLLIDED = ("40001", "40P01")  # PostgreSQL undid one of two that met: a serialisation failure, a deadlock
MOST_AGAIN = 3
T = TypeVar("T")


@contextmanager
def write(*, one_picture: bool = False) -> Iterator[Session]:
    """Open a write transaction, commit at the end, roll back on any error.

    With `one_picture` all its statements see the database as it was at the first one; what it writes must then be
    nobody else's, or it fails.

    A read transaction of the request is ended first: a read that turns into a write would not wait on SQLite.
    Everything the service needs is loaded inside, scope included.
    """
    session: Session = db.session()
    session.rollback()
    failpoints.reach("write.begin")
    session.info[HELD] = True
    try:
        session.connection(execution_options=write_options(session, one_picture=one_picture))
        session.info[_KEPT] = {}
        failpoints.reach("write.begun")
        yield session
        _end(session)
        failpoints.reach("write.commit")
        session.commit()
        session.info[_DONE] = session.info.get(_DONE, 0) + 1
        failpoints.reach("write.committed")
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_KEPT, None)
        session.info.pop(HELD, None)


def _end(session: Session) -> None:
    put_off = session.info.get(_KEPT, {}).pop(_END, ())
    if put_off:
        session.flush()  # they come after everything else
    for gathered, store in put_off:
        store(session, gathered)


def at_end(session: Session, key: Hashable, make: Callable[[], T], store: Callable[[Session, T], None]) -> T | None:
    """What is gathered under `key` until right before the commit, when `store` writes it; None outside of a write
    transaction, where it has to be written at once."""
    known = session.info.get(_KEPT)
    if known is None:
        return None
    if key not in known:
        known[key] = make()
        known.setdefault(_END, []).append((known[key], store))
    return cast(T, known[key])


def one_transaction(session: Session) -> None:
    """What this request reads from here on stands in one transaction: for settings that last as long as one."""
    if not session.info.get(HELD):
        session.rollback()
        session.info[HELD] = True


def again(act: Callable[[], T]) -> T:
    """What `act` gives; where the engine undid its transaction for another one's sake, done again, three times at most.

    Nothing of it may have been committed: `act` whose second transaction met somebody is not repeated. Raises what the
    last try raised.
    """
    for _ in range(MOST_AGAIN):
        session: Session = db.session()
        done = session.info.get(_DONE, 0)
        try:
            return act()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in COLLIDED or session.info.get(_DONE, 0) != done:
                raise
            session.rollback()
    return act()


def apart(log: Logger, what: str, act: Callable[..., int], *given: Any) -> int:
    """What `act`, one of many that a job does, gives; one that raises is reported as `what` in the log of whose job it
    is, gives 0, and does not stop the others. Raises when it is the database that is away."""
    try:
        return act(*given)
    except DATABASE_AWAY:
        raise
    except Exception:
        log.exception("%s is left as it is", what)
        return 0


def kept(session: Session, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, asked once in a write transaction; a reader outside of one asks every time.

    For what nobody else can change before the commit: rows of a ticket that is locked, and tables of settings, whose
    editors call `drop`.
    """
    store = session.info.get(_KEPT)
    if store is None:
        return make()
    if key not in store:
        store[key] = make()
    return cast(T, store[key])


def keep(session: Session, key: Hashable, value: object) -> None:
    """Give `kept` what was read already, together with other things; a reader outside of a write transaction has no
    use for it."""
    store = session.info.get(_KEPT)
    if store is not None:
        store[key] = value


def stored(session: Session, *, many: bool = False, beside: Sequence[Part] = (), of: int | None = None) -> None:
    """Store what was made and changed so far: new rows first, parents before children. With `many`, changes of rows
    that are locked go out together; what is `beside` is executed with the new rows, and so are the changes of the
    locked ticket `of` and of what belongs to it."""
    changes, states = ([], set()) if of is None else altered.parts(session, partial(_belongs, of))
    pending.store(session, [*beside, *changes], states)
    if many:
        altered.store(session)
    session.flush()


def _belongs(ticket_id: int, one: Any) -> bool:
    return ticket_id == (one.id if isinstance(one, Ticket) else getattr(one, "ticket_id", None))


def taken(session: Session, key: Hashable) -> Any:
    """What was kept, which only one may have; None where nothing is."""
    return session.info.get(_KEPT, {}).pop(key, None)


def read_ahead(session: Session, key: Hashable) -> Any:
    """What was read together with other things, in this write transaction; None where it has to be asked for."""
    return session.info.get(_KEPT, {}).get(key)


def begun(session: Session, ticket_id: int) -> bool:
    """Whether this transaction has made the ticket and nothing was stored beside it yet: what would be looked for is
    not there. `desk.finish` ends that."""
    return ("begun", ticket_id) in session.info.get(_KEPT, {})


def drop(session: Session, key: Hashable) -> None:
    """Ask anew from now on."""
    session.info.get(_KEPT, {}).pop(key, None)
