"""The operator's commands, each a few lines over one service."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    from app import demo_cli

    app.cli.add_command(demo_cli.demo)
