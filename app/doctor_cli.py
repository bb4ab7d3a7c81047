"""`flask doctor`: looks at everything the portal stands on and says in plain words what is to be done."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import clock
from app.config import Config
from app.domain import doctor as rules
from app.domain.doctor import BAD, WARN, Finding
from app.extensions import db, redis_client
from app.integrations import pdf, stores
from app.integrations.store import StoreError
from app.services import doctor as service
from app.services import health


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The findings as one JSON list.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Look at everything the portal stands on and say what to do; exit code 1 when something is BAD."""
    found = list(findings(current_app.extensions["kuaifu"]))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{one.level:<5}{one.what:<18} {one.said}")
            if one.advice:
                click.echo(f"{'':<24}→ {one.advice}")
        bad, warned = (sum(one.level == level for one in found) for level in (BAD, WARN))
        click.echo(f"doctor: {len(found)} looked at, {bad} bad, {warned} to be looked after")
    if any(one.level == BAD for one in found):
        raise SystemExit(1)


def findings(config: Config) -> Iterator[Finding]:
    """Everything in the order in which one would mend it; a database that is away leaves out what it would know."""
    yield rules.python(sys.version_info[:3])
    yield rules.secret_key(config.secret_key, production=config.production)
    yield rules.second_factor(config.second_factor_required, production=config.production)
    yield _disk(config)
    yield rules.store(_store_fault(config), bucket=config.store.bucket)
    yield rules.redis(_redis(config.redis_url))
    yield rules.font(pdf.FONT.exists(), pdf.available())
    yield from _from_database(config)


def _from_database(config: Config) -> Iterator[Finding]:
    session = db.session()
    directory = str(current_app.extensions["migrate"].directory)
    try:
        yield service.engine(session)
        pending = health.migrations_pending(session, directory, made_without=bool(current_app.config["TESTING"]))
        yield rules.migrations(pending)
        if not pending:
            yield from _rows(session, config)
        yield service.clock(session, clock.now())
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        yield Finding("database", BAD, f"cannot be used: {reason}", "start it, or mend DATABASE_URL")
    finally:
        session.rollback()


def _rows(session: Session, config: Config) -> Iterator[Finding]:
    now, real = clock.now(), config.production
    yield service.people(session, production=real)
    yield service.gateway(session, config.secret_key, production=real)
    yield from service.platforms(session, now, production=real)
    yield service.months(session, now)
    yield from service.processes(session, now)


def _disk(config: Config) -> Finding:
    try:
        usage = shutil.disk_usage(config.data_dir)
    except OSError as error:
        return Finding("disk", BAD, f"{config.data_dir}: {error.strerror}", "make the folder, or mend DATA_DIR")
    return rules.disk(usage.free, usage.total)


def _store_fault(config: Config) -> str:
    """What the store of pictures says to a file that is put, read and deleted; empty when it does all three."""
    name, kept = secrets.token_hex(16), stores.attachments(config.data_dir, config.store)
    try:
        kept.put(name, b"doctor")
        same = kept.get(name) == b"doctor"
        kept.delete(name)
    except StoreError as error:
        return error.code
    return "" if same else "changed"


def _redis(url: str) -> dict[str, object] | None:
    """INFO of the configured server; None when it does not answer, empty when none is configured."""
    client = redis_client(url)
    if client is None:
        return {}
    try:
        return dict(client.info())
    except Exception:
        return None
