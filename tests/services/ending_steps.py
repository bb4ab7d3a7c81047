"""Steps that several tests of a complaint's end share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.domain.errors import NotAllowed, NotFound
from app.domain.pictures import Picture
from app.models import Clock, Event, Ticket
from app.services import attachments, intake, replies
from app.services.intake import Arrival, ComplaintIn, OrderIn
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post

FINE = ResultIn(text="已重新派送到您手中", contact_outcome="reached_accepts")
EVERYBODY = ("site", "site-manager", "site-2", "lcs", "lcs-manager", "lcs-2", "ccs", "ccs-manager", "admin")


def by_hand(cast: Cast, waybill: str = "YT1000000000011", phone: str = "13812345678", now: datetime = NOON) -> str:
    """A telephone complaint that no platform knows, routed to the first site."""
    complaint = ComplaintIn(
        text="快递放驿站没有通知", category="LOCKER", waybill=waybill, channel="telephone", name="王小明", phone=phone,
        address="杭州市文三路 1 号", site_code="330106-01",
    )  # fmt: skip
    return intake.manual(actor=cast["site"], complaint=complaint, key="", now=now)


def push_from(
    cast: Cast, connection_id: int, code: str, waybill: str, *, now: datetime = NOON, answers: Any = (),
    expires_at: datetime | None = None, phone: str = "",
) -> str:  # fmt: skip
    """A pushed work order of any connection; the ticket's number."""
    arrival = Arrival(connection_id, intake.ISSUE, f"{connection_id}{code}".encode(), now)
    order = OrderIn(code, f"T-{code}", answers=list(answers), expires_at=expires_at)
    complaint = ComplaintIn(text="没有收到", category="FALSE_SIGN", waybill=waybill, site_code="330106-01", phone=phone)
    return intake.issue(arrival=arrival, order=order, complaint=complaint)


def answer(cast: Cast, number: str, now: datetime = NOON, said: ResultIn = FINE) -> Any:
    """The site's result."""
    return replies.result(actor=cast["site"], post=post(number), answer=said, now=now)


def picture(cast: Cast, who: str, number: str, box: str = "withdraw", now: datetime = NOON) -> int:
    """A finished upload that waits in a sheet; its id."""
    place = attachments.begin(actor=cast[who], number=number, box=box, file_name="通话.jpg", now=now)
    attachments.ready(attachment_id=place.id, picture=Picture(b"x", b"t", 1, 1, "0" * 64))
    return place.id


def runs(session: Any, number: str, kind: str) -> list[Clock]:
    """Every run of one clock of a ticket, the first one first."""
    session.rollback()
    statement = select(Clock).join(Ticket, Ticket.id == Clock.ticket_id)
    return list(session.scalars(statement.where(Ticket.number == number, Clock.kind == kind).order_by(Clock.run)))


def events(session: Any, number: str, kind: str) -> list[Event]:
    """Every event of one type of a ticket."""
    session.rollback()
    statement = select(Event).join(Ticket, Ticket.id == Event.ticket_id)
    return list(session.scalars(statement.where(Ticket.number == number, Event.type == kind).order_by(Event.seq)))


def change(session: Any, number: str, **values: Any) -> None:
    """Set what another part of the rulebook would have written into the ticket's row."""
    with write() as inner:
        row = inner.scalars(select(Ticket).where(Ticket.number == number)).one()
        for name, value in values.items():
            setattr(row, name, value)


def tries(verb: Any) -> bool:
    """Whether the lifecycle and the scope let somebody do it."""
    try:
        verb()
    except (NotAllowed, NotFound):
        return False
    return True
