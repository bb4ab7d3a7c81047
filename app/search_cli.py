"""`flask search …`: the documents that searches read."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.cli import require_tables
from app.services import search_index

search = AppGroup("search", help="What searches read: one document a ticket.")


@search.command("rebuild")
def rebuild() -> None:
    """Make the documents of all tickets anew, in batches, while the portal runs; may be interrupted and repeated."""
    require_tables()
    done = search_index.rebuild(told=_tell)
    click.echo(f"search: {done} tickets")


def _tell(done: int, whole: int) -> None:
    """A line every 10,000 tickets."""
    if done % 10_000 == 0:
        click.echo(f"search: {done} of {whole}", err=True)
