"""A polled connection beside its platform on loopback, and a portal's clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.jobs import polls, sends
from app.models import Connection, Event, Inbox, PlatformOrder, PlatformPoll, Ticket
from app.models.ids import new_id
from app.services.transaction import write
from simulator.pdd import TYPES, Tickets
from tests.cast import NOON, Cast
from tests.integrations.loopback import Platform, platform, reply

CLIENT, SECRET = "kuaifu-client", "kuaifu-secret"


@dataclass
class Polled:
    """The connection's id, the platform's tickets, its server, and the time in the portal and on the platform."""

    id: int
    tickets: Tickets
    server: Platform
    company: Cast
    now: datetime = NOON

    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)

    def read(self) -> str:
        """One turn of the poll."""
        return polls.read_one(self.id)

    def catch_up(self) -> None:
        """Poll until the cursor has reached the present."""
        for _turn in range(400):
            said = self.read()
            if said == "done" and self.row().next_try_at > self.now:
                return
            if said != "done":
                self.pass_time(1)
        raise AssertionError("the poll never caught up")

    def deliver(self) -> None:
        """Send what waits to leave."""
        sends.deliver_due()

    def row(self) -> PlatformPoll:
        """How far it is read."""
        from app.extensions import db

        session = db.session()
        session.rollback()
        return session.get_one(PlatformPoll, self.id)


@contextmanager
def polled(company: Cast, *, page_size: int = 100, **settings: Any) -> Iterator[Polled]:
    """A running platform and the connection's row; the portal's clock is the caller's to set."""
    with platform() as server:
        tickets = Tickets(CLIENT, SECRET)

        def answer(handler: Any) -> None:
            reply(200, tickets.answer(server.requests[-1][2]))(handler)

        server.answer = answer
        known = {"client_id": CLIENT, "look_back_hours": 1, "page_size": page_size, "call_results": True, **settings}
        with write() as session:
            row = Connection(
                id=new_id(), code="pdd", name="拼多多", driver="pdd", secrets=[SECRET], settings=known,
                category_map={str(code): name for code, name in TYPES.items()}, callback_url=server.url,
            )  # fmt: skip
            session.add(row)
            row_id = row.id
        it = Polled(row_id, tickets, server, company)
        tickets.now = lambda: int(it.now.timestamp())
        yield it


def said(session: Any, *types: str) -> dict[str, int]:
    """How many entries of each kind there are."""
    session.rollback()
    counted = select(Event.type, func.count()).where(Event.type.in_(types)).group_by(Event.type)
    return dict(session.execute(counted).all())


def picture(session: Any) -> list[tuple[Any, ...]]:
    """What is stored of every order, each once: what a crash must not change."""
    session.rollback()
    rows = session.execute(
        select(PlatformOrder.code, PlatformOrder.retreats, Ticket.state, Ticket.urge_count, Ticket.repeat_count)
        .join(Ticket, Ticket.id == PlatformOrder.ticket_id)
        .order_by(PlatformOrder.code)
    )
    events = dict(session.execute(select(Event.type, func.count()).group_by(Event.type)).all())
    counted = [
        ("tickets", session.scalar(select(func.count(Ticket.id)))),
        ("inbox", session.scalar(select(func.count(Inbox.id)))),
    ]
    return [*map(tuple, rows), *counted, *sorted(events.items())]
