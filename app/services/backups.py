"""What a backup says about itself, and what has to be put right in a restored portal (promise 14)."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, delete, func, inspect, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from app.extensions import db
from app.models import Attachment, Outbox, Seal, SessionRow, SmsHandover, Ticket
from app.models.dialect import insert_ignoring
from app.services import gateways, sms_sends
from app.services.transaction import write

AT_ONCE = 2000
WAITING = ("pending", "claimed")
RESTORED = "restored"


@dataclass(frozen=True)
class Facts:
    """What must be the same in the copy: the migration, rows per table, the last seal, and one digest over the ends of
    all tickets' chains."""

    revision: str
    rows: dict[str, int]
    seal: int
    seal_digest: str
    chains: str

    def differences(self, other: dict[str, Any]) -> list[str]:
        """What is not as `other` (a manifest's facts) says, in words."""
        mine = asdict(self)
        theirs = other.get("rows", {})
        wrong = [f"{name}: {other.get(name)!r} became {mine[name]!r}" for name in mine if name != "rows"
                 and mine[name] != other.get(name)]  # fmt: skip
        tables = sorted({*self.rows, *theirs})
        return wrong + [f"{t}: {theirs.get(t)} rows became {self.rows.get(t)}" for t in tables
                        if theirs.get(t) != self.rows.get(t)]  # fmt: skip


@dataclass(frozen=True)
class Settled:
    """What was put right: sessions ended, SMS that the gateway is asked for, robots' messages that are given up."""

    sessions: int
    in_doubt: int
    given_up: int


def facts(connection: Connection) -> Facts:
    """Read them in one picture: the transaction is the caller's."""
    known = inspect(connection).get_table_names()
    tables = [table for table in db.metadata.sorted_tables if table.name in known]
    rows = {table.name: int(connection.scalar(select(func.count()).select_from(table)) or 0) for table in tables}
    last = connection.execute(select(Seal.id, Seal.digest).order_by(Seal.id.desc()).limit(1)).first()
    heads = MigrationContext.configure(connection).get_current_heads()
    seal, seal_digest = (last.id, last.digest) if last else (0, "")
    return Facts(",".join(sorted(heads)), rows, seal, seal_digest, _chains(connection))


def _chains(connection: Connection) -> str:
    digest = hashlib.sha256()
    ends = select(Ticket.number, Ticket.version, Ticket.last_hash).order_by(Ticket.id)
    for row in connection.execution_options(yield_per=AT_ONCE).execute(ends):
        digest.update(f"{row.number}|{row.version}|{row.last_hash}\n".encode())
    return digest.hexdigest()


def facts_of_file(path: str) -> Facts:
    """The facts of a SQLite file that nobody uses."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        return facts(connection)


def empty(engine: Engine) -> bool:
    """Whether the database has no table yet."""
    return not inspect(engine).get_table_names()


def pictures(session: Session) -> list[str]:
    """The store's names of all pictures whose bytes must be there."""
    return list(session.scalars(select(Attachment.store_name).where(Attachment.state == "ready")))


def settle(*, key: str, now: datetime) -> Settled:
    """Put right what the world outside went on with after the backup; `key` is SECRET_KEY. Once, before the processes
    start.

    Everybody signs in again: rights may have changed since. An SMS that waited may have gone out meanwhile, so that the
    gateway is asked for it and nothing is sent twice; a robot's message cannot be asked for and is given up. Answers
    to platforms are simply sent again, with the same task and operate time.
    """
    with write() as session:
        ended = _count(session, select(SessionRow.token_hash))
        session.execute(delete(SessionRow))
        waiting = Outbox.state.in_((*WAITING, "sending"))
        texts = list(session.scalars(select(Outbox).where(Outbox.kind == "sms", waiting)))
        for row in texts:
            _doubt(session, row, key, now)
        robots = list(session.scalars(select(Outbox).where(Outbox.kind == "robot", waiting)))
        for row in robots:
            row.state, row.next_try_at, row.lease_until, row.error = "failed", None, None, RESTORED
        return Settled(ended, len(texts), len(robots))


def _doubt(session: Session, row: Outbox, key: str, now: datetime) -> None:
    row.state, row.lease_until, row.next_try_at, row.error = "unknown", None, now, RESTORED
    phone = sms_sends.digest(sms_sends.phone_of(session, row), key)
    values = {"outbox_id": row.id, "driver": gateways.active(session), "phone_digest": phone, "at": row.created_at}
    session.execute(insert_ignoring(session, SmsHandover).values(**values))


def _count(session: Session, statement: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(statement.subquery())) or 0)
