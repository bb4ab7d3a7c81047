"""Fetches platforms' pictures before their addresses expire, and sweeps away uploads that no entry took.

Fetching runs in a thread beside the schedule: a slow host delays no deadline, and no Redis is needed.
"""

from __future__ import annotations

import logging
import threading
from functools import partial

from flask import Flask, current_app

from app import clock
from app.domain import pictures as rule
from app.domain.pictures import BadPicture, Picture
from app.extensions import db
from app.integrations import store, stores
from app.integrations.fetch import FetchError, fetch
from app.integrations.pictures import prepare
from app.integrations.store import StoreError
from app.services import attachments, platform_pictures, retention
from app.services.platform_pictures import Wanted

log = logging.getLogger(__name__)
_running = threading.Lock()


def begin() -> bool:
    """Start fetching where something is due and nobody here is at it; True when a thread was started."""
    due = platform_pictures.due(db.session(), clock.now(), limit=1)
    db.session.rollback()
    if not due or not _running.acquire(blocking=False):
        return False
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    threading.Thread(target=_fetch_all, args=(app,), name="fetches", daemon=True).start()
    return True


def _fetch_all(app: Flask) -> None:
    try:
        with app.app_context():
            fetch_due()
    except Exception:
        log.exception("fetches: stopped")
    finally:
        _running.release()


def fetch_due() -> int:
    """Fetch what is due, one after the other; the number of tries."""
    ids = platform_pictures.due(db.session(), clock.now())
    db.session.rollback()
    for attachment_id in ids:
        fetch_one(attachment_id)
    return len(ids)


def fetch_one(attachment_id: int) -> str:
    """Fetch one picture; its new state, or "busy" when another has it. The address never reaches a log."""
    wanted = platform_pictures.claim(attachment_id=attachment_id, now=clock.now())
    if wanted is None:
        return "busy"
    try:
        picture = _bring(wanted)
    except (FetchError, BadPicture, StoreError) as error:
        permanent = getattr(error, "permanent", True)
        log.warning("fetches: %s: %s", attachment_id, error.code)
        return platform_pictures.failed(
            attachment_id=attachment_id, code=error.code, permanent=permanent, now=clock.now()
        )
    except Exception:  # a picture that nobody thought of keeps no other one waiting
        log.exception("fetches: %s", attachment_id)
        return platform_pictures.failed(attachment_id=attachment_id, code="error", permanent=False, now=clock.now())
    platform_pictures.fetched(attachment_id=attachment_id, picture=picture, now=clock.now())
    return "ready"


def _bring(wanted: Wanted) -> Picture:
    config = current_app.extensions["kuaifu"]
    file = fetch(wanted.address, config.attachment_hosts, limit=rule.MAX_BYTES)
    picture = prepare(file.data, file.media_type)
    store.keep(stores.attachments(config.data_dir, config.store), wanted.store_name, picture.data, picture.thumb)
    return picture


def clear() -> int:
    """Delete personal data, words and pictures that are past their time (RETENTION_DAYS); how many tickets."""
    config = current_app.extensions["kuaifu"]
    if not config.retention_days:
        return 0
    kept = stores.attachments(config.data_dir, config.store)
    done = retention.run(days=config.retention_days, now=clock.now(), drop=partial(store.drop, kept), most=500)
    return done.tickets


def sweep_unposted() -> int:
    """Delete uploads that waited for 24 h: first the bytes, then the row; how many."""
    config = current_app.extensions["kuaifu"]
    kept = stores.attachments(config.data_dir, config.store)
    places = attachments.unposted(now=clock.now())
    for place in places:
        try:
            store.drop(kept, place.store_name)
        except StoreError as error:  # its row stays, and with it the next look
            log.warning("uploads: %s stays: %s", place.id, error.code)
            continue
        attachments.forget(attachment_id=place.id)
    return len(places)
