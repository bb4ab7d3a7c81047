"""The commands of `flask`."""

from __future__ import annotations

import click
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from app.domain import lifecycle_page as lifecycle
from app.extensions import db
from app.services import health
from app.services import seed as seed_service

UPGRADE = "run `flask --app wsgi db upgrade` first, with the DATA_DIR or DATABASE_URL of the portal"


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    from app import (
        accounts_cli,
        archive_cli,
        audit_cli,
        backup_cli,
        demo_cli,
        doctor_cli,
        history_cli,
        partitions_cli,
        penalties_cli,
        retention_cli,
        scorecards_cli,
        search_cli,
        second_factor_cli,
    )

    app.cli.add_command(accounts_cli.accounts)
    app.cli.add_command(archive_cli.archive)
    app.cli.add_command(audit_cli.audit)
    app.cli.add_command(demo_cli.demo)
    app.cli.add_command(doctor_cli.doctor)
    app.cli.add_command(retention_cli.retention)
    app.cli.add_command(second_factor_cli.second_factor)
    app.cli.add_command(backup_cli.backup)
    app.cli.add_command(backup_cli.restore)
    app.cli.add_command(scorecards_cli.scorecards)
    app.cli.add_command(partitions_cli.partitions)
    app.cli.add_command(penalties_cli.penalties)
    app.cli.add_command(scorecards_cli.volumes)
    app.cli.add_command(search_cli.search)
    history_cli.register(app)
    app.cli.command("lifecycle")(lifecycle_page)
    app.cli.command("seed")(seed)


def lifecycle_page() -> None:
    """Print docs/lifecycle.md: the transition table as a page."""
    print(lifecycle.page(), end="")


def seed() -> None:
    """Add the categories, the default policy and the free days that the portal lacks; nothing else changes."""
    require_tables()
    done = seed_service.run()
    click.echo(
        f"seed: {done.categories} categories, {done.policies} policy lines, {done.days} free days, "
        f"{done.penalties} penalty rules added"
    )
    tell_missing("seed", done.missing_years)


def tell_missing(command: str, years: tuple[int, ...]) -> None:
    """Say which years' working days nobody has published yet."""
    for year in years:
        click.echo(f"{command}: the working days of {year} are not published yet; weekends count as free", err=True)


def require_tables() -> None:
    """End a command with one plain line where the database cannot be reached or lacks this version's tables."""
    directory = str(current_app.extensions["migrate"].directory)
    session = db.session()
    try:
        pending = health.migrations_pending(session, directory, made_without=bool(current_app.config["TESTING"]))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise click.ClickException(f"the database cannot be opened: {reason}") from None
    finally:
        session.rollback()
    if pending:
        raise click.ClickException(f"the database has not the tables of this version: {UPGRADE}")
