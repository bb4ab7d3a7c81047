"""Platform connections as an administrator keeps them: added, changed, their secrets renewed. A stored secret leaves
this module only in the answer to whoever has just made it."""

from __future__ import annotations

import secrets as random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import connections as rule
from app.domain.connections import SECRET, Entry, Setting
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import Connection
from app.models.dialect import for_update, lock_key
from app.models.ids import new_id
from app.services import admin_log
from app.services.admin_log import Note
from app.services.transaction import write

GENERATED = 24  # random bytes of a secret made here
COLUMNS = ("name", "charset", "callback_url", "routing_rule", "active")


@dataclass(frozen=True)
class Rules:
    """What the caller knows of drivers: which there are, the settings of this one, and whether plain http will do."""

    drivers: Collection[str]
    settings: Sequence[Setting] = ()
    plain_http: bool = False


def add(*, actor: Actor, entry: Entry, rules: Rules, now: datetime) -> str:
    """Add a connection, still without a secret and its driver's settings; its code. One that cannot work without
    settings is not in use until they are there. Raises Invalid by field, NotAllowed.
    """
    _administrator(actor)
    with write() as session:
        lock_key(session, "connections")
        wrong = _faults(entry, replace(rules, settings=()), {})
        if session.scalar(select(Connection.id).where(Connection.code == entry.code)) is not None:
            wrong["code"] = "connection_code_taken"
        if wrong:
            raise Invalid(wrong)
        row = Connection(id=new_id(), code=entry.code, driver=entry.driver, secrets=[], category_map={})
        told = _fill(row, replace(entry, active=entry.active and not _needs(rules)), rules, actor, now)
        session.add(row)
        admin_log.write_down(session, actor, [Note("connection_added", row.code, {"driver": row.driver, **told})], now)
        return row.code


def change(*, actor: Actor, entry: Entry, rules: Rules, now: datetime) -> None:
    """Change the connection with the entry's code; code and driver stay: what is stored was read by them.

    Raises Invalid by field, NotFound, NotAllowed.
    """
    _administrator(actor)
    with write() as session:
        row = _locked(session, entry.code)
        wrong = _faults(entry, rules, row.settings)
        if wrong:
            raise Invalid(wrong)
        before = {name: getattr(row, name) for name in COLUMNS}
        told = {name: value for name, value in _fill(row, entry, rules, actor, now).items() if name not in COLUMNS}
        told |= admin_log.differences(before, {name: getattr(row, name) for name in COLUMNS})
        if told:
            admin_log.write_down(session, actor, [Note("connection_changed", row.code, told)], now)


def add_secret(*, actor: Actor, code: str, secret: str | None, now: datetime) -> str:
    """Let one more secret count from now on, the given one or (None) a new one; the secret.

    What we send stays signed with the one before until that is retired. Raises Invalid(secret), NotFound, NotAllowed.
    """
    _administrator(actor)
    with write() as session:
        row = _locked(session, code)
        fresh = random.token_urlsafe(GENERATED) if secret is None else secret.strip()
        wrong = rule.secret_fault(fresh, row.secrets)
        if wrong:
            raise Invalid({"secret": wrong})
        since = _since(row)
        row.secrets, row.secrets_at = [*row.secrets, fresh], [*since, now.isoformat(timespec="seconds")]
        row.changed_at, row.changed_by_id = now, actor.user_id
        detail = {"made_here": secret is None, "valid": len(row.secrets)}
        admin_log.write_down(session, actor, [Note("secret_added", code, detail)], now)
        return fresh


def retire_secret(*, actor: Actor, code: str, place: int, of: int, now: datetime) -> None:
    """Let the secret at that place (from 0) of the `of` that were shown count no longer.

    Raises NotAllowed("secrets_changed") where meanwhile there are others, ("last_secret") for the only one of a
    connection in use, and for all but administrators; NotFound.
    """
    _administrator(actor)
    with write() as session:
        row = _locked(session, code)
        if len(row.secrets) != of or not 0 <= place < of:
            raise NotAllowed("secrets_changed")
        if of == 1 and row.active:
            raise NotAllowed("last_secret")
        since = _since(row)
        row.secrets = [one for at, one in enumerate(row.secrets) if at != place]
        row.secrets_at = [one for at, one in enumerate(since) if at != place]
        row.changed_at, row.changed_by_id = now, actor.user_id
        admin_log.write_down(session, actor, [Note("secret_retired", code, {"valid": len(row.secrets)})], now)


def _needs(rules: Rules) -> bool:
    return any(one.required for one in rules.settings)


def secret_dates(row: Connection) -> list[datetime | None]:
    """Since when each secret counts, in their order; None where nobody knows."""
    return [datetime.fromisoformat(one) if one else None for one in _since(row)]


def _since(row: Connection) -> list[str]:
    known = [str(one) for one in row.secrets_at[: len(row.secrets)]]
    return ["" for _ in row.secrets[len(known) :]] + known


def _faults(entry: Entry, rules: Rules, stored: Any) -> dict[str, str]:
    kept = [one.name for one in rules.settings if one.kind == SECRET and stored.get(one.name)]
    return rule.faults(
        entry, drivers=rules.drivers, settings=rules.settings, kept=kept, plain_http=rules.plain_http
    )  # fmt: skip


def _fill(row: Connection, entry: Entry, rules: Rules, actor: Actor, now: datetime) -> dict[str, Any]:
    """Write the entry into the row; what is new in it, for the log: of a secret setting only that it is new."""
    before = dict(row.settings or {})
    for name in COLUMNS:
        setattr(row, name, getattr(entry, name))
    row.settings = rule.stored(rules.settings, entry.settings, before)
    row.changed_at, row.changed_by_id = now, actor.user_id
    hidden = {one.name for one in rules.settings if one.kind == SECRET}
    told = admin_log.differences(before, row.settings) | {n: [before[n], None] for n in before.keys() - row.settings}
    plain = {name: values for name, values in told.items() if name not in hidden}
    columns = {name: [None, getattr(row, name)] for name in COLUMNS}
    return columns | plain | {name: ["•••", "•••"] for name in told.keys() & hidden}


def _locked(session: Session, code: str) -> Connection:
    statement = for_update(select(Connection).where(Connection.code == code.replace("\0", "")))
    row = session.scalars(statement).one_or_none()
    if row is None:
        raise NotFound("connection_not_found")
    return row


def _administrator(actor: Actor) -> None:
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")
