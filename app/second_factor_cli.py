"""`flask second-factor reset ACCOUNT`: for an administrator who lost the authenticator and has nobody else."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app import clock
from app.cli import require_tables
from app.domain.errors import NotFound
from app.services import second_factor as service

second_factor = AppGroup("second-factor", help="One-time codes at the sign-in.")


@second_factor.command("reset")
@click.argument("account")
def reset(account: str) -> None:
    """Let ACCOUNT sign in with the password alone again; ends its sessions and stands in the log."""
    require_tables()
    try:
        service.reset_by_operator(account=account, now=clock.now())
    except NotFound:
        raise click.ClickException(f"{account} has no second factor") from None
    click.echo(f"second-factor: {account} signs in with the password alone")
