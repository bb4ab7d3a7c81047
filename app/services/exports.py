"""Lists as files: somebody asks for one, gives it up, takes the file; each of it on record.

The row that is written here is the job: `export_work` finds and runs it, the queue only rings.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import exports as rule
from app.domain.errors import DomainError, Invalid, NotAllowed, NotFound
from app.domain.form_digest import digest
from app.domain.roles import Actor
from app.models import Export, ExportLog, Organisation, User
from app.models.dialect import for_update, lock_key
from app.models.ids import new_id
from app.services.transaction import write

PAGE = 50
KEY_SHOWN = 40  # characters of a form's key that stand in its order's, beside the digest of all of it


class TooSoon(DomainError):
    """This person has asked for as many exports as one may within the window; `wait` are the seconds until the next."""

    def __init__(self, wait: int) -> None:
        super().__init__("too_many_exports")
        self.wait = wait


@dataclass(frozen=True)
class OrderIn:
    """What is asked for: a list with the capability that opens it, the filters of its address and those in words."""

    list_key: str
    capability: str
    asked: Mapping[str, str]
    asked_words: str
    format: str
    locale: str


@dataclass(frozen=True)
class Download:
    """A finished file: under which name it lies in the store, and what it is."""

    id: int
    store_name: str
    list_key: str
    format: str
    asked_at: datetime


def ask(*, actor: Actor, order: OrderIn, key: str, address: str, now: datetime) -> int:
    """Order an export; its id. The same form again gives the first one, another list, filter or format another one.

    Raises Invalid(format), NotAllowed without the right to the list or with three under way, TooSoon beyond the rate.
    """
    if order.format not in (*rule.FORMATS, rule.BUNDLE):
        raise Invalid({"format": "required"})
    require(actor, order.capability)
    with write() as session:
        lock_key(session, f"exports:{actor.user_id}")
        key = key or secrets.token_urlsafe(24)
        said = digest([key, order.list_key, order.format, dict(order.asked)])
        key = f"{actor.user_id}:{key[:KEY_SHOWN]}:{said[:32]}"
        before = session.scalar(select(Export.id).where(Export.key == key))
        if before is not None:
            return int(before)
        _within_limits(session, actor, now)
        return _store(session, actor, order, key, address, now)


def hand_out(*, actor: Actor, order: OrderIn, rows: int, address: str, now: datetime) -> int:
    """Note a file that is made and handed out in one answer, within the same limits as those made beside the page; the
    id that its mark names. Before anything is handed out.

    Raises NotAllowed without the right to it or with three under way, TooSoon beyond the rate.
    """
    require(actor, order.capability)
    with write() as session:
        lock_key(session, f"exports:{actor.user_id}")
        _within_limits(session, actor, now)
        row_id = _store(session, actor, order, f"{actor.user_id}:{secrets.token_urlsafe(24)}", address, now)
        row = session.get_one(Export, row_id)
        row.state, row.rows, row.complete, row.next_try_at = rule.HANDED, rows, True, None
        row.ended_at = row.swept_at = now
        _note(session, actor, row_id, "downloaded", address, now)
        return row_id


def require(actor: Actor, capability: str) -> None:
    """Raise NotAllowed unless the role may export, and export this."""
    if not (actor.can("export") and actor.can(capability)):
        raise NotAllowed("not_allowed")


def _within_limits(session: Session, actor: Actor, now: datetime) -> None:
    mine = Export.user_id == actor.user_id
    running = session.scalar(select(func.count()).where(mine, Export.state.in_(rule.ACTIVE))) or 0
    if running >= rule.MOST_RUNNING:
        raise NotAllowed("exports_running")
    recent = select(Export.asked_at).where(mine, Export.asked_at > now - rule.WINDOW).order_by(Export.id.desc())
    if wait := rule.wait(list(session.scalars(recent.limit(rule.MOST_IN_WINDOW))), now):
        raise TooSoon(wait)


def _store(session: Session, actor: Actor, order: OrderIn, key: str, address: str, now: datetime) -> int:
    row_id = new_id()
    session.add(Export(
        id=row_id, key=key, user_id=actor.user_id, role=actor.role, organisation_id=actor.organisation_id,
        province_id=actor.province_id, list_key=order.list_key, format=order.format, locale=order.locale,
        asked=dict(order.asked), asked_words=order.asked_words[:300], below=row_id, spool=secrets.token_hex(16),
        asked_at=now, next_try_at=now,
    ))  # fmt: skip
    session.flush()
    _note(session, actor, row_id, "asked", address, now)
    return row_id


def _note(session: Session, actor: Actor, export_id: int, what: str, address: str, now: datetime) -> None:
    session.add(
        ExportLog(id=new_id(), export_id=export_id, what=what, user_id=actor.user_id, at=now, address=address[:45])
    )


def cancel(*, actor: Actor, export_id: int, now: datetime) -> None:
    """Give up an own export that is under way; the worker that has it stops at its next page. Raises NotFound."""
    with write() as session:
        row = load(session, actor, export_id, lock=True)
        if row.state in rule.ACTIVE:
            row.state, row.token, row.next_try_at, row.ended_at = "cancelled", row.token + 1, None, now


def download(*, actor: Actor, export_id: int, capability: str, address: str, now: datetime) -> Download:
    """The finished file of an own export; noted before it is handed out.

    Raises NotFound for another person's, NotAllowed ("not_done", "export_expired", "rights_changed").
    """
    with write() as session:
        row = load(session, actor, export_id, lock=True)
        if row.state == "expired" or (row.expires_at is not None and row.expires_at <= now):
            raise NotAllowed("export_expired")
        if row.state != "done":
            raise NotAllowed("not_done")
        if not same_rights(row, actor, capability):
            raise NotAllowed("rights_changed")
        _note(session, actor, row.id, "downloaded", address, now)
        return Download(row.id, row.store_name, row.list_key, row.format, row.asked_at)


def same_rights(row: Export, actor: Actor, capability: str) -> bool:
    """Whether the person still has the role and place under which it was asked for, and the list is open to them."""
    held = (row.role, row.organisation_id, row.province_id)
    same = held == (actor.role, actor.organisation_id, actor.province_id)
    return same and actor.can("export") and actor.can(capability)


def load(session: Session, actor: Actor, export_id: int, *, lock: bool = False) -> Export:
    """An own export. Raises NotFound."""
    statement: Any = select(Export).where(Export.id == export_id, Export.user_id == actor.user_id)
    if lock:
        statement = for_update(statement).execution_options(populate_existing=True)
    row = session.scalars(statement).one_or_none()
    if row is None:
        raise NotFound("export_not_found")
    return row


def mine(session: Session, actor: Actor, before: int | None = None) -> list[Export]:
    """The own exports, newest first; 51 where there is a further page."""
    statement = select(Export).where(Export.user_id == actor.user_id).order_by(Export.id.desc()).limit(PAGE + 1)
    return list(session.scalars(statement.where(Export.id < before) if before is not None else statement))


def log(
    session: Session, export_id: int | None = None, before: int | None = None
) -> list[tuple[ExportLog, Export, User, Organisation | None]]:
    """Who asked for and took what, newest first; of one export where `export_id` names it. 51 where there is more."""
    statement = (
        select(ExportLog, Export, User, Organisation)
        .join(Export, Export.id == ExportLog.export_id)
        .join(User, User.id == ExportLog.user_id)
        .outerjoin(Organisation, Organisation.id == Export.organisation_id)
        .order_by(ExportLog.id.desc())
        .limit(PAGE + 1)
    )
    if export_id is not None:
        statement = statement.where(ExportLog.export_id == export_id)
    if before is not None:
        statement = statement.where(ExportLog.id < before)
    return [(entry, row, user, house) for entry, row, user, house in session.execute(statement)]
