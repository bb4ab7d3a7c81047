"""`flask audit …`: draw a day's audits again, and check that no event was changed."""

from __future__ import annotations

from datetime import date

import click
from flask.cli import AppGroup

from app import clock
from app.cli import require_tables
from app.extensions import db
from app.services import audit_draws, chain, seals

audit = AppGroup("audit", help="The audit's draws, and the proof of the event log.")


@audit.command("sample")
@click.argument("day", metavar="YYYY-MM-DD")
def sample(day: str) -> None:
    """Draw that day's audits again from the stored seed and compare them with what was drawn."""
    require_tables()
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise click.ClickException(f"not a day YYYY-MM-DD: {day}") from None
    found = audit_draws.again(db.session(), wanted)
    if not found:
        raise click.ClickException(f"nothing was drawn on {day}")
    for one in found:
        said = "the same" if one.same else "DIFFERENT"
        click.echo(
            f"{one.draw.job} {day}: policy {one.draw.policy_version}, seed {one.draw.seed}, {one.inputs} to draw from"
            f" ({'same' if one.same_inputs else 'others'}), {one.draw.chosen} drawn: {said}"
        )
        for label, ids in (("only stored", one.missing), ("only drawn again", one.extra)):
            for result_id in ids:
                click.echo(f"  {label}: result {result_id}")
    if not all(one.same for one in found):
        raise SystemExit(1)


@audit.command("seal")
def seal() -> None:
    """Seal all new events now; the scheduler does it every minute."""
    require_tables()
    click.echo(f"audit: {seals.run(clock.now())} events sealed")


@audit.command("verify")
def verify() -> None:
    """Check every ticket's chain, every stored text and every seal; exit code 1 when anything was changed."""
    require_tables()
    report = chain.verify(db.session())
    for fault in report.faults:
        click.echo(f"{fault.what}: {'seal' if fault.what == 'seal' else 'ticket'} {fault.where}, entry {fault.seq}")
    if report.more:
        click.echo(f"… and {report.more} more")
    looked = f"{report.tickets} tickets, {report.events} events, {report.seals} seals, {report.unsealed} not sealed yet"
    click.echo(f"audit: {looked}: {'whole' if report.whole else 'CHANGED'}")
    if not report.whole:
        raise SystemExit(1)
