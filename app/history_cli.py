"""`flask import-history` and `flask history report`: another system's past, brought in and counted."""

from __future__ import annotations

import csv
import gc
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app import clock
from app.cli import require_tables
from app.domain.exports import harmless
from app.domain.history_toml import MappingError, read
from app.services import history as service
from app.services import history_report
from app.services.history import Busy, Import, Summary
from app.services.history_files import FileError

history = AppGroup("history", help="Tickets that came from another system.")
CALM = 50_000, 20, 50  # many short-lived rows and no cycles: the default would look for garbage all the time
WIDTH = 30  # characters of the progress bar
PATH = click.Path(exists=True, dir_okay=False, path_type=Path)
_drawn: dict[str, int] = {}
STEPS = {"read": "reading", "fold": "checking", "write": "importing"}


def register(app: Flask) -> None:
    """Add both commands to `flask`."""
    app.cli.add_command(import_history)
    app.cli.add_command(history)


@click.command("import-history")
@click.argument("file", type=PATH)
@click.option("--mapping", required=True, type=PATH, help="How FILE is to be read: docs/import.md says what is in it.")
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing into the portal.")
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path),
              help="Where rows that cannot be used are listed (default: FILE's name.rejects.csv, here).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object on the last line.")
@with_appcontext
def import_history(file: Path, mapping: Path, dry_run: bool, rejects: Path | None, as_json: bool) -> None:
    """Bring the tickets of FILE (CSV, CSV.gz or Excel) in with their history. Run again it adds what is missing."""
    begun = time.monotonic()
    gc.set_threshold(*CALM)
    require_tables()
    path = rejects or Path(f"{file.name}.rejects.csv")
    try:
        rules = read(_text(mapping))
        with _rejects(path) as reject:
            run = Import(rules, clock.now(), reject, _bar if sys.stderr.isatty() else _silent, dry_run)
            done = service.import_file(source=file, run=run)
    except MappingError as error:
        raise click.ClickException("\n  ".join([f"{mapping} cannot be used:", *error.faults])) from None
    except (FileError, Busy) as error:
        raise click.ClickException(str(error)) from None
    _tell(done, path, dry_run)
    if as_json:
        click.echo(json.dumps(_figures(done, time.monotonic() - begun, dry_run), ensure_ascii=False))


def _text(mapping: Path) -> str:
    try:
        return mapping.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise MappingError(["it is not UTF-8"]) from None


@contextmanager
def _rejects(path: Path) -> Iterator[Any]:
    """A function that writes one rejected row into the file; the file has only its header when there was none."""
    try:
        target = path.open("w", encoding="utf-8-sig", newline="", errors="replace")
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}; name another file with --rejects") from None
    with target:
        sheet = csv.writer(target)
        sheet.writerow(["line", "ticket", "reason"])
        yield lambda line, ticket, reason: sheet.writerow([line, harmless(ticket), harmless(reason)])


def _figures(done: Summary, seconds: float, dry_run: bool) -> dict[str, Any]:
    return {**asdict(done), "seconds": round(seconds, 2), "dry_run": dry_run}


def _tell(done: Summary, rejects: Path, dry_run: bool) -> None:
    verb = "would be imported" if dry_run else f"in the portal, {done.added} of them new"
    click.echo(f"{done.tickets} tickets with {done.events} events {verb}")
    if done.organisations:
        click.echo(f"organisations {'that would be created' if dry_run else 'created'}: {done.organisations}")
    if done.left_out:
        click.echo(f"{done.left_out} tickets left out by the mapping's cut")
    if done.unmapped_groups:
        shown = ", ".join(done.unmapped_groups[:10])
        click.echo(f"{len(done.unmapped_groups)} groups without a rule, whose tickets go to the tray: {shown}")
    if done.rejected:
        click.echo(f"{done.rejected} rows rejected, see {rejects}")


def _silent(_what: str, _done: int, _whole: int) -> None:
    """No bar where nobody watches."""


def _bar(what: str, done: int, whole: int) -> None:
    """Draws the bar anew when its percentage has changed."""
    percent = 100 if done >= whole else 100 * done // whole
    if _drawn.get(what) == percent:
        return
    _drawn[what] = percent
    bar = f"{'#' * (WIDTH * percent // 100):<{WIDTH}}"
    click.echo(f"\r{STEPS[what]:<10} [{bar}] {percent:>3} %", err=True, nl=percent == 100)


@history.command("report")
@click.option("--source", default="", help="Only what came in with the mapping of this name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a line a group and month.")
def report(source: str, as_json: bool) -> None:
    """Tickets per organisation, group and month of opening, and how many met the limit of their mapping."""
    require_tables()
    found = history_report.report(source=source, now=clock.now())
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    click.echo(f"{'month':<9}{'organisation':<14}{'group':<24}{'tickets':>7}{'met':>8} /{'decided':>8}{'share':>8}")
    for row in found["groups"]:
        share = "—" if row["share"] is None else f"{row['share']:.1%}"
        place = f"{row['organisation'] or '—':<14}{row['group'] or '?':<24}"
        click.echo(
            f"{row['month']}  {place}{row['tickets']:>7}{row['numerator']:>8} /{row['denominator']:>8}{share:>8}"
        )
