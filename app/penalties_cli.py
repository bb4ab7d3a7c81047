"""`flask penalties …`: let the ledger look at what happened before it was there."""

from __future__ import annotations

from datetime import datetime, time

import click
from flask.cli import with_appcontext

from app import clock
from app.domain.calendars import at_local, month_bounds, month_of
from app.services import penalty_due


@click.group()
def penalties() -> None:
    """The penalty ledger."""


@penalties.command("catch-up")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default=None, help="First day; else the month's first.")
@with_appcontext
def catch_up(since: datetime | None) -> None:
    """Note every ticket in which something happened since a day; the scheduler then writes what is missing."""
    now = clock.now()
    begin = at_local(since.date(), time(0)) if since else month_bounds(month_of(now))[0]
    click.echo(f"penalties: {penalty_due.note_since(begin, now)} tickets will be looked at")
