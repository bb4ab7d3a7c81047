"""The scorecards on the command line, each command a few lines over one service."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import AppGroup

from app import clock
from app.domain.errors import Invalid, NotFound
from app.domain.roles import SYSTEM
from app.domain.volumes import read_csv
from app.extensions import db
from app.services import month_verify
from app.services import scorecards as service
from app.services import volumes as volumes_service

scorecards = AppGroup("scorecards", help="Monthly scorecards: what they count and how it scores.")
volumes = AppGroup("volumes", help="Delivered volumes, the base of the complaint rate.")
SHOWN = 200  # differences that are printed


@scorecards.command("show")
@click.argument("month", metavar="YYYY-MM")
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="One line of canonical JSON instead of a table.")
def show(month: str, code: str, as_json: bool) -> None:
    """The card of one organisation: numerators, denominators, points, score, rank."""
    try:
        card = service.site_month(actor=SYSTEM, month=month, organisation_code=code, now=clock.now())
    except NotFound as error:
        raise click.ClickException(error.code) from None
    if as_json:
        click.echo(service.as_json(card))
        return
    for m in card.score.measures:
        points = service.decimal(m.points_tenths)
        click.echo(f"{m.key:14}{m.numerator:>8} /{m.denominator:>8}{m.weight:>5}{'—' if points is None else points:>8}")
    score, rank = service.decimal(card.score.total_tenths), card.rank or ("—", "—")
    click.echo(f"{month} {code}: {'—' if score is None else score} {card.score.grade or '—'}, {rank[0]}/{rank[1]}")


@scorecards.command("facts")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a line a site and month.")
def facts(as_json: bool) -> None:
    """What every site's months count, from the first ticket until now: for comparison with another computation."""
    found = service.all_facts(now=clock.now())
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in found["sites"]:
        click.echo(" ".join(f"{name}={value}" for name, value in row.items()))


@scorecards.command("verify")
@click.argument("month", metavar="YYYY-MM")
def verify(month: str) -> None:
    """Recompute a frozen month from the event log and compare it byte for byte; exit code 1 names what differs."""
    try:
        done = month_verify.verify(month=month)
    except NotFound:
        raise click.ClickException(f"{month} is not frozen") from None
    for line in done.differences[:SHOWN]:
        click.echo(line)
    if done.differences:
        raise click.ClickException(f"{month}: {len(done.differences)} differences in {done.cards} cards")
    click.echo(f"{month}: {done.cards} cards from {done.events} events, the same to the byte; digest {done.digest}")


@volumes.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check every row, store nothing.")
def import_volumes(file: Path, dry_run: bool) -> None:
    """Take the delivered volumes of FILE (CSV with month, code, delivered), all rows or none; bad ones are named."""
    try:
        rows = read_csv(file.read_text(encoding="utf-8-sig"))
    except Invalid as error:
        raise click.ClickException(f"{file}: {error.fields['text']}") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{file}: not UTF-8") from None
    told = volumes_service.trial(db.session(), rows)
    for bad in told.bad[:SHOWN]:
        click.echo(f"line {bad.line}: {bad.field}: {bad.why} ({bad.code})")
    if told.bad:
        raise click.ClickException(f"{len(told.bad)} faults, nothing stored")
    if not dry_run:
        volumes_service.store(actor=SYSTEM, rows=rows, now=clock.now())
    click.echo(f"volumes: {told.added} added, {told.changed} changed{', nothing stored (dry run)' if dry_run else ''}")
