"""The commands of `flask`."""

from __future__ import annotations

from flask import Flask

from app.domain import lifecycle_page as lifecycle


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    from app import demo_cli, history_cli, scorecards_cli

    app.cli.add_command(demo_cli.demo)
    app.cli.add_command(scorecards_cli.scorecards)
    history_cli.register(app)
    app.cli.command("lifecycle")(lifecycle_page)


def lifecycle_page() -> None:
    """Print docs/lifecycle.md: the transition table as a page."""
    print(lifecycle.page(), end="")
