"""`flask accounts create-admin ACCOUNT NAME` and `flask accounts link ACCOUNT`: the first administrator of a portal,
and one who has nobody else to ask. Both print the address with which the person sets the password."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app import clock
from app.cli import require_tables
from app.domain.errors import Invalid, NotFound
from app.domain.people_accounts import AccountIn
from app.domain.roles import ADMIN
from app.extensions import db
from app.services import organisations, password_links, people_admin
from app.services.organisations import Node

accounts = AppGroup("accounts", help="The first administrator, and password links from the machine.")


@accounts.command("create-admin")
@click.argument("account")
@click.argument("name")
def create_admin(account: str, name: str) -> None:
    """Make an administrator; where the portal has no headquarters yet, that too (code HQ)."""
    require_tables()
    place = organisations.headquarters(db.session())
    db.session.rollback()
    if place is None:
        organisations.import_tree(nodes=[Node("HQ", "headquarters", "总部", name_en="Headquarters")])
    typed = AccountIn(account, name, ADMIN, place.code if place else "HQ")
    try:
        people_admin.create_by_operator(typed=typed, now=clock.now())
    except Invalid as wrong:
        raise click.ClickException(", ".join(f"{field}: {code}" for field, code in wrong.fields.items())) from None
    _link(account)


@accounts.command("link")
@click.argument("account")
def link(account: str) -> None:
    """Print a link with which the person of ACCOUNT sets a new password once, within 30 minutes."""
    require_tables()
    try:
        _link(account)
    except NotFound:
        raise click.ClickException(f"there is no account {account} that may sign in") from None


def _link(account: str) -> None:
    made = password_links.make_by_operator(account=account, now=clock.now())
    click.echo(f"accounts: {made.account} sets a password once, until {made.expires_at:%Y-%m-%d %H:%M} UTC, at")
    click.echo(f"/password/{made.secret}")
