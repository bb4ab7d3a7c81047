"""Runs an export: claim with a lease and a token, page by page under rights that are looked up anew, finish, sweep.

A page is written down after its bytes lie in the store. Who is killed in between has written a file that nobody
knows; its name can be computed, and the sweep deletes it. A worker without the right token changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from app.domain import exports as rule
from app.domain.exports import Cell, Sheet
from app.domain.notices import EXPORTED, NOT_EXPORTED
from app.domain.roles import Actor
from app.extensions import db
from app.models import Export, ExportPage, Organisation, User
from app.models.dialect import changed, for_update
from app.services import exports, notices, reading, sessions
from app.services.sessions import SignedIn
from app.services.transaction import write

PAGE = 2000  # rows read at once: what a page costs beside them is little then, and memory stays small
ENDED = ("done", "failed", "cancelled", "expired")


class Stopped(Exception):
    """The export must not go on; `reason` is one of the rule's REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Lost(Exception):
    """Somebody else has the export, or it was given up."""


@dataclass(frozen=True)
class Order:
    """For whom a list is read: the person as of now, the filters of the address, and the instant of the request."""

    actor: Actor
    asked: dict[str, str]
    now: datetime
    locale: str
    number: str = ""  # of the export, as people read it


class Listing(Protocol):
    """A list that can be exported: what the web's registry hands in, as it hands a driver to the outbox."""

    @property
    def capability(self) -> str:
        """What opens the list."""

    @property
    def size(self) -> int:
        """Rows read at once."""

    def count(self, session: Session, order: Order, below: int, most: int) -> int:
        """How many rows there are, at most `most`."""

    def page(self, session: Session, order: Order, below: int, limit: int) -> tuple[list[list[Cell]], int | None]:
        """Rows by falling id below `below`, masked, and the id of the last one read; None after the last page."""

    def sheet(self, session: Session, export: Export, person: SignedIn) -> Sheet:
        """Headings and watermark."""


@dataclass(frozen=True)
class Page:
    """A page that was read: which one it is, its rows, and where the next one begins (None: there is none)."""

    seq: int
    name: str
    rows: list[list[Cell]]
    below: int | None


def due(session: Session, now: datetime, limit: int = 20) -> list[int]:
    """Ids of exports whose turn has come: waiting ones, and those whose worker's lease is over."""
    statement = select(Export.id).where(Export.next_try_at <= now)
    return list(session.scalars(statement.order_by(Export.next_try_at, Export.id).limit(limit)))


def claim(*, export_id: int, now: datetime, lease: int) -> tuple[int, str] | None:
    """Take the export: its token and the key of its list. None when it cannot be taken or was tried too often."""
    with write() as session:
        mine = select(Export).where(Export.id == export_id, Export.state.in_(rule.ACTIVE))
        row = session.scalars(for_update(mine, skip_locked=True)).one_or_none()
        if row is None or (row.lease_until is not None and row.lease_until > now):
            return None
        if row.tries >= rule.MOST_TRIES:
            _fail(session, row, now, row.reason or "error")
            return None
        row.token, row.tries, row.state = row.token + 1, row.tries + 1, "running"
        row.started_at = row.started_at or now
        row.lease_until = row.next_try_at = now + timedelta(seconds=lease)
        return row.token, row.list_key


def begin(*, export_id: int, token: int, listing: Listing) -> bool:
    """Count the rows of an export that has none yet; True when all its pages are there already.

    Raises Lost, Stopped.
    """
    session = db.session()
    session.rollback()
    row, order, _person = _held(session, export_id, token, listing)
    if row.complete or row.pages:
        return row.complete
    below = row.below
    about = reading.read(lambda near: listing.count(near, order, below, rule.MOST_ROWS + 1))
    session.rollback()
    if about > rule.MOST_ROWS:
        raise Stopped("too_many_rows")
    with write() as writing:
        _guarded(writing, export_id, token, about=about)
    return False


def read(*, export_id: int, token: int, listing: Listing, size: int = 0) -> Page:
    """The next page, under the rights that the person has now. Raises Lost, Stopped."""
    session = db.session()
    session.rollback()
    row, order, _person = _held(session, export_id, token, listing)
    begin_below = row.below
    rows, below = reading.read(lambda near: listing.page(near, order, begin_below, size or listing.size))
    if row.rows + len(rows) > rule.MOST_ROWS:
        raise Stopped("too_many_rows")
    page = Page(row.pages, rule.page_name(row.spool, token, row.pages), rows, below)
    session.rollback()
    return page


def turned(*, export_id: int, token: int, page: Page, now: datetime, lease: int, more: bool) -> None:
    """The page lies in the store: write it down and go on; without `more` time the next worker does. Raises Lost."""
    with write() as session:
        until = now + timedelta(seconds=lease)
        _guarded(
            session, export_id, token, pages=page.seq + 1, rows=Export.rows + len(page.rows), tries=0, reason="",
            below=page.below if page.below is not None else Export.below, complete=page.below is None,
            lease_until=until if more else None, next_try_at=until if more else now,
        )  # fmt: skip
        session.add(ExportPage(export_id=export_id, seq=page.seq, token=token, rows=len(page.rows)))


def keep(*, export_id: int, token: int, now: datetime, lease: int) -> None:
    """Still at it: the lease begins anew. Raises Lost."""
    until = now + timedelta(seconds=lease)
    with write() as session:
        _guarded(session, export_id, token, lease_until=until, next_try_at=until)


def finished_pages(*, export_id: int, token: int, listing: Listing) -> tuple[Sheet, str, list[str], str]:
    """What the file is made of: headings and watermark, its format, the pages' names, and its own name.

    Raises Lost, Stopped.
    """
    session = db.session()
    session.rollback()
    row, _order, person = _held(session, export_id, token, listing)
    pages = session.scalars(select(ExportPage).where(ExportPage.export_id == row.id).order_by(ExportPage.seq))
    names = [rule.page_name(row.spool, page.token, page.seq) for page in pages]
    made = listing.sheet(session, row, person), row.format, names, rule.file_name(row.spool, token)
    session.rollback()
    return made


def finish(*, export_id: int, token: int, store_name: str, size: int, now: datetime) -> None:
    """The file lies in the store and can be taken for seven days. Raises Lost."""
    with write() as session:
        _guarded(
            session, export_id, token, state="done", reason="", store_name=store_name, size=size, ended_at=now,
            expires_at=now + rule.KEPT, lease_until=None, next_try_at=None,
        )  # fmt: skip
        notices.exported(session, session.get_one(Export, export_id), EXPORTED, now)


def stop(*, export_id: int, token: int, reason: str, now: datetime) -> None:
    """End it for good, with the reason."""
    with write() as session:
        row = session.scalars(for_update(_mine(export_id, token))).one_or_none()
        if row is not None:
            _fail(session, row, now, reason)


def put_back(*, export_id: int, token: int, reason: str, now: datetime) -> str:
    """A try failed: it is made again after a pause, and after five in a row given up; the new state."""
    with write() as session:
        row = session.scalars(for_update(_mine(export_id, token))).one_or_none()
        if row is None:
            return "lost"
        if row.tries >= rule.MOST_TRIES:
            _fail(session, row, now, reason)
        else:
            row.state, row.reason, row.lease_until = "waiting", reason, None
            row.next_try_at = now + rule.pause(row.tries)
        return row.state


# --- what is left over ---


def expire(*, now: datetime) -> int:
    """Files whose days are over become unavailable; how many. The rows stay: they are the log."""
    with write() as session:
        over = update(Export).where(Export.state == "done", Export.expires_at <= now)
        return changed(session, over.values(state="expired", swept_at=None))


def unswept(session: Session, now: datetime, limit: int = 50) -> list[tuple[int, str, list[str]]]:
    """Ended exports with files that nobody needs: id, state, and the names to delete from the store."""
    free = or_(Export.lease_until.is_(None), Export.lease_until <= now)
    statement = select(Export).where(Export.swept_at.is_(None), Export.state.in_(ENDED), free)
    rows = session.scalars(statement.order_by(Export.id).limit(limit))
    return [(row.id, row.state, _leftovers(row)) for row in rows]


def swept(*, export_id: int, state: str, now: datetime) -> None:
    """The files are deleted."""
    with write() as session:
        gone = update(Export).where(Export.id == export_id, Export.state == state)
        if changed(session, gone.values(swept_at=now, lease_until=None)):
            session.execute(delete(ExportPage).where(ExportPage.export_id == export_id))


def _leftovers(row: Export) -> list[str]:
    kept = row.store_name if row.state == "done" else ""
    return [name for name in rule.every_name(row.spool, row.token, row.pages) if name != kept]


# --- shared ---


def _held(session: Session, export_id: int, token: int, listing: Listing) -> tuple[Export, Order, SignedIn]:
    """The export of this worker and its person as of now. Raises Lost, Stopped("disabled" or "rights_changed")."""
    statement = select(Export, User, Organisation).join(User, User.id == Export.user_id)
    statement = statement.join(Organisation, Organisation.id == User.organisation_id)
    fresh = statement.where(and_(*_fence(export_id, token))).execution_options(populate_existing=True)
    found = session.execute(fresh).one_or_none()
    if found is None:
        raise Lost
    row, user, house = found
    if user.disabled_at is not None:
        raise Stopped("disabled")
    person = sessions.facts(user, house)
    actor = Actor(user.id, user.role, person.organisation_id, person.province_id, user.name)
    if not exports.same_rights(row, actor, listing.capability):
        raise Stopped("rights_changed")
    return row, Order(actor, dict(row.asked), row.asked_at, row.locale, rule.label(row.id)), person


def _fence(export_id: int, token: int) -> Sequence[Any]:
    return Export.id == export_id, Export.token == token, Export.state == "running"


def _mine(export_id: int, token: int) -> Any:
    return select(Export).where(*_fence(export_id, token)).execution_options(populate_existing=True)


def _guarded(session: Session, export_id: int, token: int, **values: Any) -> None:
    if changed(session, update(Export).where(*_fence(export_id, token)).values(**values)) != 1:
        raise Lost


def _fail(session: Session, row: Export, now: datetime, reason: str) -> None:
    _end(row, "failed", now, reason)
    notices.exported(session, row, NOT_EXPORTED, now)


def _end(row: Export, state: str, now: datetime, reason: str) -> None:
    row.state, row.reason, row.ended_at = state, reason, now
    row.lease_until = row.next_try_at = None
