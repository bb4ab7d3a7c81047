"""What `flask doctor` finds in the database. Select only."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from sqlalchemy import String, cast, func, literal, select, text
from sqlalchemy.orm import Session

from app.domain import doctor
from app.domain.connections import CHANNEL
from app.domain.doctor import Finding
from app.domain.sms_templates import PURPOSES
from app.models import Connection, Heartbeat, Outbox, PlatformOrder, User
from app.models.dialect import server_time
from app.services import gateways, partitions

LOOK_BACK = timedelta(days=7)
PROCESSES = {
    "worker": "start `python worker.py`: nothing is sent without it",
    "exports": "start `python worker.py --exports`: exports wait",
    "scheduler": "start `python worker.py --scheduler`: deadlines and reminders wait",
}


def engine(session: Session) -> Finding:
    """Kind, version and mode of the database."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return doctor.postgresql(int(session.execute(text("SHOW server_version_num")).scalar_one()))
    journal = str(session.execute(text("PRAGMA journal_mode")).scalar_one())
    return doctor.sqlite(sqlite3.sqlite_version_info, journal)


def clock(session: Session, now: datetime) -> Finding:
    """This machine's clock (`now`, UTC) against the database's."""
    theirs = server_time(session)
    return doctor.clock(None if theirs is None else (now - theirs).total_seconds())


def people(session: Session, *, production: bool) -> Finding:
    """Demo accounts that can sign in."""
    found = session.scalar(select(User.id).where(User.demo.is_(True), User.disabled_at.is_(None)).limit(1))
    return doctor.demo_accounts(found is not None, production=production)


def gateway(session: Session, key: str, *, production: bool) -> Finding:
    """The SMS gateway that sends; `key` is SECRET_KEY."""
    driver = gateways.active(session)
    if driver == gateways.CONSOLE:
        return doctor.gateway(driver, "", (), production=production)
    texts = gateways.templates(session, driver)
    missing = tuple(one for one in PURPOSES if one not in texts or texts[one].state != "approved")
    return doctor.gateway(driver, gateways.setup(session, driver, key).problem, missing, production=production)


def platforms(session: Session, now: datetime, *, production: bool) -> list[Finding]:
    """Every active connection, with its answers that were given up lately."""
    counted = (
        select(PlatformOrder.connection_id, func.count())
        .join(Outbox, Outbox.ticket_id == PlatformOrder.ticket_id)
        .where(Outbox.kind == "callback", Outbox.state == "failed", Outbox.created_at > now - LOOK_BACK)
        .where(Outbox.lane == literal("order:") + cast(PlatformOrder.id, String))
        .group_by(PlatformOrder.connection_id)
    )
    failed = dict(list(session.execute(counted)))
    rows = session.scalars(select(Connection).where(Connection.active).order_by(Connection.code))
    known = [
        doctor.Platform(row.code, tuple(row.secrets), row.callback_url, failed.get(row.id, 0), row.driver != CHANNEL)
        for row in rows
    ]
    if not known:
        return [Finding("platforms", doctor.WARN, "no active connection", "no platform can push complaints")]
    return [doctor.platform(one, production=production) for one in known]


def months(session: Session, now: datetime) -> Finding:
    """The partitions of the events."""
    found = partitions.standing(session, now)
    return doctor.months(found.here, found.ahead, found.strays)


def processes(session: Session, now: datetime) -> list[Finding]:
    """Who is alive."""
    beats = {row.process: row.at for row in session.scalars(select(Heartbeat))}
    return [doctor.process(name, beats.get(name), now, advice) for name, advice in PROCESSES.items()]
