"""The scorecards on the command line, each command a few lines over one service."""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup

from app import clock
from app.domain.errors import NotFound
from app.domain.roles import SYSTEM
from app.services import scorecards as service

scorecards = AppGroup("scorecards", help="Monthly scorecards: what they count and how it scores.")


@scorecards.command("show")
@click.argument("month", metavar="YYYY-MM")
@click.argument("code")
@click.option("--json", "as_json", is_flag=True, help="One line of canonical JSON instead of a table.")
def show(month: str, code: str, as_json: bool) -> None:
    """The card of one organisation: numerators, denominators, points, score, rank."""
    try:
        card = service.site_month(actor=SYSTEM, month=month, organisation_code=code, now=clock.now())
    except NotFound as error:
        raise click.ClickException(error.code) from None
    if as_json:
        click.echo(service.as_json(card))
        return
    for m in card.score.measures:
        points = service.decimal(m.points_tenths)
        click.echo(f"{m.key:14}{m.numerator:>8} /{m.denominator:>8}{m.weight:>5}{'—' if points is None else points:>8}")
    score, rank = service.decimal(card.score.total_tenths), card.rank or ("—", "—")
    click.echo(f"{month} {code}: {'—' if score is None else score} {card.score.grade or '—'}, {rank[0]}/{rank[1]}")


@scorecards.command("facts")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a line a site and month.")
def facts(as_json: bool) -> None:
    """What every site's months count, from the first ticket until now: for comparison with another computation."""
    found = service.all_facts(now=clock.now())
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in found["sites"]:
        click.echo(" ".join(f"{name}={value}" for name, value in row.items()))
