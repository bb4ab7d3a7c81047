"""`flask archive`: tickets that ended long ago, moved, looked at, proved and brought back by hand; the scheduler moves
them at night."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import func, select

from app import clock
from app.cli import require_tables
from app.domain import archive as rule
from app.domain.errors import NotAllowed, NotFound
from app.extensions import db
from app.models import ArchivedTicket, Ticket
from app.services import archive as service
from app.services import archive_reading, archive_rules, chain

archive = AppGroup("archive", help="Tickets that ended long ago, each as one document.")
MONTHS = click.option("--months", type=int, help="Months after the last entry (default: ARCHIVE_MONTHS).")
NO_MONTHS = "nothing is moved: ARCHIVE_MONTHS is not set; name a number with --months"


def _months(given: int | None) -> int:
    months = given if given is not None else current_app.extensions["kuaifu"].archive_months
    if not months:
        raise click.ClickException(NO_MONTHS)
    if months < rule.SHORTEST:
        raise click.ClickException(f"at least {rule.SHORTEST} months, not {months}")
    return int(months)


@archive.command("run")
@MONTHS
@click.option("--most", type=click.IntRange(min=1), default=100_000, help="Tickets at most.")
def run(months: int | None, most: int) -> None:
    """Move what is due now. Stopped half-way, it goes on next time."""
    require_tables()
    kept, now = _months(months), clock.now()
    if archive_rules.boundary(db.session(), kept, now) is None:
        raise click.ClickException("nothing is moved before three months are frozen: a freeze looks at three again")
    done = service.run(months=kept, now=now, most=most)
    click.echo(f"archive: {done.moved} tickets moved, {done.kept} needed meanwhile, {done.broken} not whole")
    if done.broken:
        raise SystemExit(1)


@archive.command("show")
@click.argument("number", required=False)
@MONTHS
def show(number: str | None, months: int | None) -> None:
    """Say how much lies in the archive and how much is due; or of one ticket where it is, or what keeps it."""
    require_tables()
    if number:
        return _show_one(number, months)
    session = db.session()
    held = select(func.count(), func.sum(ArchivedTicket.events), func.sum(func.length(ArchivedTicket.document)))
    tickets, events, size = session.execute(held).one()
    click.echo(f"archive: {tickets} tickets, {events or 0} events, {size or 0} bytes")
    if months or current_app.extensions["kuaifu"].archive_months:
        click.echo(f"archive: {service.due(session, _months(months), clock.now())} tickets due")


def _show_one(number: str, months: int | None) -> None:
    session = db.session()
    ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one_or_none()
    if ticket is None:
        raise click.ClickException(f"no ticket {number}")
    if ticket.archived_at is None:
        before = archive_rules.boundary(session, _months(months), clock.now())
        kept = archive_rules.why(session, ticket, before)
        click.echo(f"{number}: {'kept by ' + ', '.join(kept) if kept else 'due'}")
        return
    held = session.get_one(ArchivedTicket, ticket.id)
    words = "no words" if held.texts is None else f"{len(archive_reading.words(session, ticket))} texts"
    at = ticket.archived_at.isoformat(timespec="seconds")
    click.echo(f"{number}: archived {at}, {held.events} events, {words}, sha256 {held.digest}")


@archive.command("verify")
def verify() -> None:
    """Check every document, its chain and the log of moving them; exit code 1 when anything was changed."""
    require_tables()
    report = chain.verify_archive(db.session())
    for fault in report.faults:
        click.echo(f"{fault.what}: {fault.where}, entry {fault.seq}")
    looked = f"{report.archived} tickets, {report.events} events"
    click.echo(f"archive: {looked}: {'whole' if report.whole else 'CHANGED'}")
    if not report.whole:
        raise SystemExit(1)


@archive.command("back")
@click.argument("number", required=False)
@click.option("--all", "every", is_flag=True, help="Every ticket that is there.")
def back(number: str | None, every: bool) -> None:
    """Bring a ticket back, whole; the next night moves it again where nothing keeps it."""
    require_tables()
    if every == bool(number):
        raise click.ClickException("name a ticket, or --all")
    if every:
        n = 0
        while some := service.all_back():
            n += some
        click.echo(f"archive: {n} tickets brought back")
        return
    try:
        moved = service.back(number=number or "")
    except NotFound:
        raise click.ClickException(f"no ticket {number}") from None
    click.echo(f"{number}: {'brought back' if moved else 'was not in the archive'}")


@archive.command("hold")
@click.argument("number")
@click.option("--reason", type=click.Choice(rule.HOLDS), required=True)
@click.option("--note", default="", help="A file number; nobody's name.")
def hold(number: str, reason: str, note: str) -> None:
    """Keep a ticket and its personal data as they are until `release`: a court or the regulator needs it."""
    require_tables()
    try:
        service.hold(number=number, reason=reason, note=note, now=clock.now())
    except NotFound:
        raise click.ClickException(f"no ticket {number}") from None
    except NotAllowed:
        raise click.ClickException(f"{number} is held already") from None
    click.echo(f"{number}: held ({reason})")


@archive.command("release")
@click.argument("number")
def release(number: str) -> None:
    """Let go of a ticket that was held."""
    require_tables()
    try:
        service.release(number=number, now=clock.now())
    except NotFound:
        raise click.ClickException(f"no ticket {number}") from None
    except NotAllowed:
        raise click.ClickException(f"{number} is not held") from None
    click.echo(f"{number}: released")
