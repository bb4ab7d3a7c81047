"""Makes lists into files: takes an export up, page by page into the spool, then the file; and sweeps what is over.

Exports have a queue and a process of their own: a long one never delays an answer or an SMS.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from flask import current_app

from app import clock, failpoints
from app.domain.exports import BUNDLE, Cell, Column
from app.domain.stores import EXPORTS, folder_of
from app.extensions import db
from app.integrations import pdf_processes, sheets, stores
from app.integrations.store import Store, StoreError
from app.jobs import sends
from app.services import export_work
from app.services.export_work import Listing, Lost, Stopped

log = logging.getLogger(__name__)
LANE = "exports"
SECONDS = 60.0  # that one job reads pages; then others have their turn
TIMEOUT = 900  # seconds that a job may take at all, the building of a file included
KEEP_EVERY = 20  # pages written into a file between two renewals of the lease


def ring() -> None:
    """Tell the workers that an export waits. Without Redis nothing is lost: the schedule finds the row."""
    sends.call(LANE, "app.jobs.exports.drain", TIMEOUT)


def relay() -> None:
    """Ring for exports whose turn has come, those of killed workers included."""
    due = export_work.due(db.session(), clock.now(), limit=1)
    db.session.rollback()
    if due:
        ring()


def drain() -> int:
    """RQ entry point: work on what is due, for about a minute; the number of exports taken up."""
    with sends.application().app_context():
        return run_due()


def run_due(seconds: float = SECONDS) -> int:
    """Work on due exports of the present application until none is left or the time is up."""
    until, taken = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        ids = export_work.due(db.session(), clock.now())
        db.session.rollback()
        if not ids:
            return taken
        for export_id in ids:
            run_one(export_id, until=until)
            taken += 1
            if time.monotonic() >= until:
                break
    ring()
    return taken


def run_one(export_id: int, until: float = float("inf")) -> str:
    """Work on one export until it is done or the time is up; its state, "busy" or "lost" when another has it."""
    claimed = export_work.claim(export_id=export_id, now=clock.now(), lease=_lease())
    if claimed is None:
        return "busy"
    token, list_key = claimed
    failpoints.reach("export.claimed")
    try:
        listing: Listing | None = current_app.extensions["export_lists"].get(list_key)
        if listing is None:
            raise Stopped("error")
        if not _read_all(export_id, token, listing, until):
            return "running"
        _build(export_id, token, listing)
        return "done"
    except Lost:
        return "lost"
    except Stopped as stopped:
        export_work.stop(export_id=export_id, token=token, reason=stopped.reason, now=clock.now())
        return "failed"
    except Exception as error:
        full = isinstance(error, StoreError) and error.code == "full"
        log.error("exports: %s: %s", export_id, "disk full" if full else type(error).__name__, exc_info=not full)
        db.session.rollback()
        reason = "full" if full else "error"
        return export_work.put_back(export_id=export_id, token=token, reason=reason, now=clock.now())
    finally:
        pdf_processes.close()
        shutil.rmtree(_workshop(export_id, token), ignore_errors=True)


def _read_all(export_id: int, token: int, listing: Listing, until: float) -> bool:
    """Read pages into the spool; False when the time is up before the last one."""
    kept, complete = _store(), export_work.begin(export_id=export_id, token=token, listing=listing)
    failpoints.reach("export.begun")
    while not complete:
        page = export_work.read(export_id=export_id, token=token, listing=listing)
        failpoints.reach("export.read")
        kept.put(page.name, sheets.pack(page.rows))
        failpoints.reach("export.kept")
        complete, more = page.below is None, time.monotonic() < until
        try:
            export_work.turned(
                export_id=export_id, token=token, page=page, now=clock.now(), lease=_lease(), more=complete or more
            )
        except Lost:
            kept.delete(page.name)
            raise
        failpoints.reach("export.turned")
        if not complete and not more:
            return False
    return True


def _build(export_id: int, token: int, listing: Listing) -> None:
    """Make the file out of the spool, put it into the store, write it down, throw the spool away."""
    made = export_work.finished_pages(export_id=export_id, token=token, listing=listing)
    sheet, kind, names, own_name = made
    folder = _workshop(export_id, token)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / own_name
    rows = _spooled(export_id, token, names, sheet.columns)
    if kind == BUNDLE:
        pdf_processes.put_together(path, rows, sheet.title)
    else:
        (sheets.write_xlsx if kind == "xlsx" else sheets.write_csv)(path, sheet, rows)
    size = path.stat().st_size
    failpoints.reach("export.built")
    _store().take(own_name, path)
    failpoints.reach("export.taken")
    try:
        export_work.finish(export_id=export_id, token=token, store_name=own_name, size=size, now=clock.now())
    except Lost:
        _store().delete(own_name)
        raise
    failpoints.reach("export.finished")
    sweep()


def _spooled(export_id: int, token: int, names: Sequence[str], columns: Sequence[Column]) -> Iterator[list[Cell]]:
    """All rows of the spool in their order; every few pages the lease begins anew."""
    kept = _store()
    for number, name in enumerate(names, 1):
        yield from sheets.unpack(kept.get(name), columns)
        if number % KEEP_EVERY == 0:
            export_work.keep(export_id=export_id, token=token, now=clock.now(), lease=_lease())


def sweep() -> int:
    """Let files expire after their days, and delete what nobody needs any more; how many exports were cleared."""
    export_work.expire(now=clock.now())
    kept, left = _store(), export_work.unswept(db.session(), clock.now())
    db.session.rollback()
    for export_id, state, names in left:
        for name in names:
            kept.delete(name)
        for folder in _folder().glob(f"build-{export_id}-*"):
            shutil.rmtree(folder, ignore_errors=True)
        export_work.swept(export_id=export_id, state=state, now=clock.now())
    return len(left)


def _store() -> Store:
    config = current_app.extensions["kuaifu"]
    return stores.exports(config.data_dir, config.store)


def _workshop(export_id: int, token: int) -> Path:
    """Where a worker builds a file before the store takes it: on the store's own disk."""
    return _folder() / f"build-{export_id}-{token}"


def _folder() -> Path:
    """A bucket's store has no disk of its own: then below DATA_DIR."""
    config = current_app.extensions["kuaifu"]
    return folder_of("" if config.store.bucket else config.store.url, config.data_dir) / EXPORTS


def _lease() -> int:
    return int(current_app.extensions["kuaifu"].outbox_lease)
