"""`flask penalties …`: let the ledger look at what happened before it was there."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, time

import click
from flask.cli import with_appcontext

from app import clock
from app.domain.calendars import at_local, month_bounds, month_of
from app.extensions import db
from app.services import organisations, penalty_due, penalty_totals


@click.group()
def penalties() -> None:
    """The penalty ledger."""


@penalties.command("totals")
@click.argument("month", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@with_appcontext
def totals(month: str | None, as_json: bool) -> None:
    """What a month (YYYY-MM, else the present one) adds up to, by organisation, in fen: as scorecards print it."""
    month = month or month_of(clock.now())
    session = db.session()
    found = penalty_totals.totals(session, month, None)
    codes = organisations.codes_of(session, found)
    rows = [{"month": month, "organisation": codes[key], "organisation_id": key, **asdict(sums)}
            for key, sums in sorted(found.items(), key=lambda one: codes[one[0]])]  # fmt: skip
    session.rollback()
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo("  ".join(f"{name} {row[name]}" for name in row if name not in ("month", "organisation_id")))


@penalties.command("catch-up")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default=None, help="First day; else the month's first.")
@with_appcontext
def catch_up(since: datetime | None) -> None:
    """Note every ticket in which something happened since a day; the scheduler then writes what is missing."""
    now = clock.now()
    begin = at_local(since.date(), time(0)) if since else month_bounds(month_of(now))[0]
    click.echo(f"penalties: {penalty_due.note_since(begin, now)} tickets will be looked at")
