"""`flask backup` and `flask restore`: the whole portal in one folder, made while it runs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app import clock
from app.cli import require_tables
from app.config import Config
from app.domain.stores import folder_of
from app.extensions import db
from app.integrations import dumps, stores
from app.integrations.dumps import DumpError
from app.integrations.store import thumb_of
from app.models.dialect import exported_snapshot, prepare_schema
from app.services import backups, chain

FORMAT = 1
MANIFEST, PICTURES, LISTING = "manifest.json", "attachments", "attachments.sha256"
FILES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


@contextmanager
def _told() -> Iterator[None]:
    """One plain line instead of a traceback."""
    try:
        yield
    except DumpError as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise click.ClickException(f"the database cannot be used: {reason}") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@with_appcontext
def backup(folder: Path | None) -> None:
    """Copy database and pictures into FOLDER (default: DATA_DIR/backups/<time>) while the portal runs."""
    require_tables()
    config, now = current_app.extensions["kuaifu"], clock.now()
    target = folder or config.data_dir / "backups" / f"{now:%Y%m%dT%H%M%SZ}"
    if target.exists():
        raise click.ClickException(f"{target} exists already")
    beside = target.with_name(f".{target.name}.partial")
    with _told():
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(mode=0o700, parents=True)
        try:
            manifest = _make(config, beside, now)
            os.replace(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    pictures = manifest["attachments"]
    click.echo(f"backup: {target}, {sum(manifest['facts']['rows'].values())} rows, {pictures['files']} picture files")
    for name in pictures["missing"]:
        click.echo(f"backup: the picture {name} is not in the store", err=True)
    if pictures["missing"]:
        raise SystemExit(1)


def _make(config: Config, folder: Path, now: datetime) -> dict[str, Any]:
    """Write everything into `folder`: the database first, so that no picture of it is missing."""
    engine = db.engine
    file = folder / FILES[engine.dialect.name]
    facts, schema = _dump(engine, file)
    wanted = backups.pictures(db.session())
    copied = _copy_pictures(config, wanted, folder / PICTURES)
    (folder / LISTING).write_text("".join(f"{digest}  {name}\n" for digest, name, _size in copied))
    there = {name.rpartition("/")[2] for _digest, name, _size in copied}
    manifest = {
        "format": FORMAT, "made_at": now.isoformat(), "engine": engine.dialect.name, "schema": schema,
        "database": {"file": file.name, "bytes": file.stat().st_size, "sha256": dumps.digest(file)},
        "attachments": {"files": len(copied), "bytes": sum(size for _digest, _name, size in copied),
                        "missing": sorted(name for name in wanted if name not in there)},
        "facts": asdict(facts),
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    for path in folder.iterdir():
        path.chmod(0o700 if path.is_dir() else 0o600)
    return manifest


def _copy_pictures(config: Config, wanted: list[str], target: Path) -> list[tuple[str, str, int]]:
    """Every picture of the store, whichever it is; (digest, name, bytes) of each."""
    if config.store.bucket:
        kept = stores.attachments(config.data_dir, config.store)
        return dumps.copy_out(kept, [each for name in wanted for each in (name, thumb_of(name))], target)
    return dumps.copy_folder(folder_of(config.store.url, config.data_dir) / PICTURES, target)


def _bring_pictures(config: Config, source: Path) -> None:
    if config.store.bucket:
        dumps.copy_in(source, stores.attachments(config.data_dir, config.store))
    else:
        dumps.copy_folder(source, folder_of(config.store.url, config.data_dir) / PICTURES)


def _dump(engine: Engine, file: Path) -> tuple[backups.Facts, str]:
    """One picture of the database and its facts; the name of the schema on PostgreSQL."""
    if engine.dialect.name == "sqlite":
        dumps.copy_sqlite(Path(str(engine.url.database)), file)
        return backups.facts_of_file(str(file)), ""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        schema, snapshot = exported_snapshot(connection)
        dumps.dump_postgresql(*_address(engine), schema, snapshot, file)
        return backups.facts(connection), schema


def _address(engine: Engine) -> tuple[str, str]:
    """What PostgreSQL's programs take: the address without its password, and the password."""
    url = make_url(engine.url)
    return url.set(drivername="postgresql", password=None).render_as_string(), str(url.password or "")


@click.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_appcontext
def restore(folder: Path) -> None:
    """Put the backup in FOLDER into the empty database and the DATA_DIR of this portal, and prove that it is whole."""
    config = current_app.extensions["kuaifu"]
    with _told():
        manifest = _manifest(folder)
        _put_back(db.engine, folder, manifest)
        _bring_pictures(config, folder / PICTURES)
        wrong = _compare(manifest)
    if wrong:
        raise click.ClickException("\n  ".join(["what was restored is not what was saved:", *wrong[:20]]))
    require_tables()
    report = chain.verify(db.session())
    db.session.rollback()
    done = backups.settle(key=config.secret_key, now=clock.now())
    click.echo(
        f"restore: {sum(manifest['facts']['rows'].values())} rows as they were, {report.tickets} tickets and "
        f"{report.events} events {'whole' if report.whole else 'CHANGED: run `flask audit verify`'}"
    )
    click.echo(
        f"restore: {done.sessions} sessions ended, the gateway will be asked for {done.in_doubt} SMS, "
        f"{done.given_up} group messages given up"
    )
    if not report.whole:
        raise SystemExit(1)


def _manifest(folder: Path) -> dict[str, Any]:
    """What the folder says it holds, checked against its files. Raises DumpError."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        raise DumpError(f"{folder} is no backup: {MANIFEST} is missing or cannot be read") from None
    if manifest.get("format") != FORMAT:
        raise DumpError(f"{folder} was made by another version: format {manifest.get('format')!r}")
    file = folder / manifest["database"]["file"]
    if not file.is_file() or dumps.digest(file) != manifest["database"]["sha256"]:
        raise DumpError(f"{file} is damaged or missing")
    broken = dumps.damaged(folder / PICTURES, folder / LISTING)
    if broken:
        raise DumpError(f"{len(broken)} pictures are damaged or missing, the first is {broken[0]}")
    return manifest


def _put_back(engine: Engine, folder: Path, manifest: dict[str, Any]) -> None:
    """The database from its file. Raises DumpError for another engine, or where tables are already."""
    if manifest["engine"] != engine.dialect.name:
        raise DumpError(f"the backup is of {manifest['engine']}, and DATABASE_URL is {engine.dialect.name}")
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            if prepare_schema(connection, manifest["schema"]) != manifest["schema"]:
                raise DumpError(f"the backup is of schema {manifest['schema']!r}: let search_path begin with it")
    if not backups.empty(engine):
        raise DumpError("the database is not empty: restore into a new one, and keep the old one until you are sure")
    engine.dispose()
    file = folder / manifest["database"]["file"]
    if engine.dialect.name == "postgresql":
        dumps.restore_postgresql(*_address(engine), file)
        return
    target = Path(str(engine.url.database))
    for leftover in ("-wal", "-shm"):
        target.with_name(target.name + leftover).unlink(missing_ok=True)
    beside = target.with_name(f".{target.name}.restoring")
    shutil.copyfile(file, beside)
    beside.chmod(0o600)
    os.replace(beside, target)


def _compare(manifest: dict[str, Any]) -> list[str]:
    with db.engine.connect() as connection:
        return backups.facts(connection).differences(manifest["facts"])
