"""What an administrator does at the interfaces: mend a connection's maps, take messages out of the quarantine, look at
one in full."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.connections import CHARSETS
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import Category, Connection, Inbox, MessageReveal
from app.models.dialect import for_update
from app.models.ids import new_id
from app.services import admin_log, connections
from app.services.admin_log import Note
from app.services.connections import Door
from app.services.exchange_view import ASIDE
from app.services.intake import Arrival
from app.services.transaction import write

PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,4}")
MESSAGE_TYPES = (
    "WORK_ORDER_ISSUE", "WORK_ORDER_URGE", "WORK_ORDER_REPEAT", "WORK_ORDER_REJECT", "WORK_ORDER_SATISFIED",
    "WORK_ORDER_CANCEL", "PARCEL_SCANS",
)  # fmt: skip
MOST_LINES, LONGEST = 200, 64
READ_BY = ("category_map", "message_map", "field_map", "charset", "risk_minutes")
AT_ONCE = 50  # messages replayed by one press


def save_maps(
    *, actor: Actor, code: str, category_map: Mapping[str, str], message_map: Mapping[str, str],
    field_map: Mapping[str, str], charset: str, risk_minutes: int | None, now: datetime,
) -> None:  # fmt: skip
    """Store how a connection's messages are read, and when a failing answer counts as at risk (minutes before the
    platform's deadline).

    Raises Invalid (category_map, message_map, field_map, charset, risk_minutes) with the line's left side in the
    detail, NotFound, NotAllowed for all but administrators.
    """
    _administrator(actor)
    with write() as session:
        row = session.scalars(for_update(select(Connection).where(Connection.code == code))).one_or_none()
        if row is None:
            raise NotFound("connection_not_found")
        _check(session, category_map, message_map, field_map, charset, risk_minutes)
        before = {name: getattr(row, name) for name in READ_BY}
        row.category_map, row.message_map, row.field_map = dict(category_map), dict(message_map), dict(field_map)
        row.charset, row.risk_minutes = charset, risk_minutes or 0
        row.changed_at, row.changed_by_id = now, actor.user_id
        told = admin_log.differences(before, {name: getattr(row, name) for name in READ_BY})
        admin_log.write_down(session, actor, [Note("maps_changed", code, told)] if told else [], now)


def _check(
    session: Session, category_map: Mapping[str, str], message_map: Mapping[str, str], field_map: Mapping[str, str],
    charset: str, risk_minutes: int | None,
) -> None:  # fmt: skip
    ours = set(session.scalars(select(Category.code)))
    wrong = {
        "category_map": [theirs for theirs, code in category_map.items() if code not in ours],
        "message_map": [theirs for theirs, kind in message_map.items() if kind not in MESSAGE_TYPES],
        "field_map": [path for path, theirs in field_map.items() if not _paths(path, theirs)],
    }
    codes = {"category_map": "unknown_category", "message_map": "unknown_type", "field_map": "not_a_path"}
    errors = {name: codes[name] for name, lines in wrong.items() if lines}
    for name, table in (("category_map", category_map), ("message_map", message_map), ("field_map", field_map)):
        if len(table) > MOST_LINES or any(len(key) > LONGEST or not key for key in table):
            errors[name] = "too_long"
    if charset not in CHARSETS:
        errors["charset"] = "required"
    if risk_minutes is None or not 0 <= risk_minutes <= 10_080:
        errors["risk_minutes"] = "not_a_number"
    if errors:
        raise Invalid(errors, **{f"{name}_line": lines[0] for name, lines in wrong.items() if lines})


def _paths(ours: str, theirs: str) -> bool:
    return bool(PATH.fullmatch(ours)) and (not theirs or bool(PATH.fullmatch(theirs)))


def look(*, actor: Actor, message_id: int, now: datetime) -> None:
    """Log that this person reads a raw message in full. Raises NotFound, NotAllowed for all but administrators."""
    _administrator(actor)
    with write() as session:
        if message_id >= 2**63 or session.get(Inbox, message_id) is None:
            raise NotFound("message_not_found")
        session.add(MessageReveal(id=new_id(), inbox_id=message_id, user_id=actor.user_id, at=now))


def held(session: Session, code: str, after: int = 0) -> list[int]:
    """Ids of the messages of a connection that lie in quarantine, the oldest first beyond the id `after`; at most
    50."""
    one = select(Connection.id).where(Connection.code == code.replace("\0", "")).scalar_subquery()
    # "+ 0": by its connection a message would be looked for among all that were ever taken
    aside = select(Inbox.id).where(Inbox.state == "quarantined", ASIDE, Inbox.connection_id + 0 == one)
    statement = aside.where(Inbox.id > after)
    return list(session.scalars(statement.order_by(Inbox.id).limit(AT_ONCE)))


def take_out(*, actor: Actor, message_id: int, now: datetime) -> tuple[Door, Arrival]:
    """What is needed to read a quarantined message once more, as if it came now: its site's clocks begin with it.

    Raises NotFound, NotAllowed ("not_quarantined", and for all but administrators).
    """
    _administrator(actor)
    with write() as session:
        row = session.get(Inbox, message_id) if message_id < 2**63 else None
        if row is None:
            raise NotFound("message_not_found")
        if row.state != "quarantined":
            raise NotAllowed("not_quarantined")
        door = connections.door_of(session.get_one(Connection, row.connection_id))
        return door, Arrival(row.connection_id, row.msg_type, row.body, now)


def settle(*, actor: Actor, message_id: int, state: str, error: str, now: datetime) -> None:
    """Write down how a message read once more ended: "replayed", "conflict", or "quarantined" still.

    A crash before this leaves it in quarantine; read again it is known by its key and nothing is doubled.
    """
    with write() as session:
        row = session.get_one(Inbox, message_id)
        if row.state != "quarantined":
            return
        row.state, row.error = state, error[:120] or row.error
        if state != "quarantined":
            row.settled_at, row.settled_by_id = now, actor.user_id


def _administrator(actor: Actor) -> None:
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")
