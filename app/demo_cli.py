"""`flask demo …`: the demo company for trying the portal, and the organisation a replay works with."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from app import clock
from app.cli import tell_missing
from app.extensions import db
from app.services import demo as service
from app.services import organisations


@click.group()
def demo() -> None:
    """Demo data: organisation, accounts, tickets."""


@demo.command()
@click.option(
    "--replay-clerks", "--organisation-only", "replay", is_flag=True,
    help="A clerk (clerk-<site code>) for every site, and no tickets: what a replay starts from.",
)  # fmt: skip
@with_appcontext
def load(replay: bool) -> None:
    """Add the demo company; what is there already stays as it is."""
    done = service.load(now=clock.now(), callback_url=_callback_url(), tickets=not replay, site_clerks=replay)
    click.echo(f"demo: {done.organisations} organisations, {done.accounts} accounts, {done.tickets} tickets added")
    tell_missing("demo", done.missing_years)


@demo.command()
@with_appcontext
def refresh() -> None:
    """Add this start's urgent ticket, whose reminder falls within a minute."""
    click.echo(f"demo: urgent ticket {service.refresh(now=clock.now(), callback_url=_callback_url())}")


@demo.command()
@with_appcontext
def sites() -> None:
    """Print the codes of all sites, one a line."""
    click.echo("\n".join(organisations.site_codes(db.session())))


def _callback_url() -> str:
    """Where the demo connections send answers. Refuses in production: these accounts have a known password."""
    config = current_app.extensions["kuaifu"]
    if config.production:
        raise click.ClickException("demo data does not belong into a production portal")
    return str(config.platform_callback_url)
