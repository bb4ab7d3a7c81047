"""`flask partitions`: the months in which PostgreSQL keeps the events."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app import clock
from app.cli import require_tables
from app.domain.errors import NotAllowed, NotFound
from app.extensions import db
from app.services import partitions as service

partitions = AppGroup("partitions", help="The months in which PostgreSQL keeps the events; SQLite has one table.")
WHY = {"needed": "rows are in it: their tickets have to go to the archive first", "not_over": "it is not over"}


@partitions.command("ahead")
def ahead() -> None:
    """Make the months to come, and those of events that no month took; the scheduler does it every hour."""
    require_tables()
    made = service.ahead(clock.now())
    click.echo(f"partitions: {', '.join(made) or 'nothing'} made")


@partitions.command("list")
def list_() -> None:
    """Every month with about how many events and how many bytes."""
    require_tables()
    parts = service.listed(db.session())
    if not parts:
        click.echo("partitions: none, events lie in one table")
    for part in parts:
        until = "what no month takes" if part.rest else f"until {service.until(part)}"
        click.echo(f"{part.name:<16} {part.rows:>12} events {part.size:>14} bytes  {until}")
    standing = service.standing(db.session(), clock.now())
    if standing.strays:
        click.echo(f"partitions: {standing.strays} events lie in no month: run `flask --app wsgi partitions ahead`")
        raise SystemExit(1)


@partitions.command("detach")
@click.argument("name")
def detach(name: str) -> None:
    """Take a month off in which nothing is left."""
    require_tables()
    try:
        service.detach(name=name, now=clock.now())
    except NotFound:
        raise click.ClickException(f"no partition {name}") from None
    except NotAllowed as error:
        raise click.ClickException(f"{name} stays: {WHY[error.code]}") from None
    click.echo(f"{name}: taken off")
