"""`flask retention`: how much is past its time, and its deletion by hand; the scheduler does the same."""

from __future__ import annotations

from functools import partial

import click
from flask import current_app
from flask.cli import AppGroup

from app import clock
from app.cli import require_tables
from app.domain import retention as rule
from app.extensions import db
from app.integrations import store, stores
from app.services import retention as service

retention = AppGroup("retention", help="Personal data and texts that are past their time.")
DAYS = click.option("--days", type=int, help="Days after the last entry of an ended ticket (default: RETENTION_DAYS).")


def _days(given: int | None) -> int:
    days = given if given is not None else current_app.extensions["kuaifu"].retention_days
    if not days:
        raise click.ClickException("nothing is deleted: RETENTION_DAYS is not set; name a number with --days")
    if days < rule.SHORTEST:
        raise click.ClickException(f"at least {rule.SHORTEST} days, not {days}")
    return int(days)


@retention.command("due")
@DAYS
def due(days: int | None) -> None:
    """Say how many ended tickets still hold personal data that are past their time."""
    require_tables()
    click.echo(f"retention: {service.due(db.session(), _days(days), clock.now())} tickets")


@retention.command("run")
@DAYS
def run(days: int | None) -> None:
    """Delete them now: people, words, the platforms' messages, pictures. The facts and the event chain stay."""
    require_tables()
    config = current_app.extensions["kuaifu"]
    kept = stores.attachments(config.data_dir, config.store)
    done = service.run(days=_days(days), now=clock.now(), drop=partial(store.drop, kept))
    click.echo(
        f"retention: {done.tickets} tickets cleared of {done.texts} texts, {done.messages} messages and "
        f"{done.pictures} pictures"
    )
