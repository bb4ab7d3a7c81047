"""The commands of `flask`."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    from app import demo_cli, history_cli, scorecards_cli

    app.cli.add_command(demo_cli.demo)
    app.cli.add_command(scorecards_cli.scorecards)
    history_cli.register(app)
