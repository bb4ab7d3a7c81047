"""What lies around the demo's tickets: couriers of a site, who is on duty there, a closure that is announced."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.domain.calendars import local_date
from app.models import Organisation
from app.services import closures, duty
from app.services.closures import ClosureIn
from app.services.demo_stage import Play
from app.services.duty import EntryIn

COURIERS = (
    ("王师傅", "13950001101", "courier"),
    ("李师傅", "13950001102", "courier"),
    ("翠苑一区驿站", "13950001103", "station"),
)
CLOSING, DEPUTY = "330106-02", "330106-01"
SOON, LONG = timedelta(days=9), timedelta(days=2)


def place(session: Session, stage: Play, now: datetime) -> None:
    """Put it there; whoever is on duty has the site's own duty phone, so that reminders ring where they always did."""
    manager, lcs = stage.actors["site-manager"], stage.actors["lcs"]
    phone = session.get_one(Organisation, manager.organisation_id or 0).duty_phone
    for name, number, kind in COURIERS:
        duty.add_courier(actor=manager, name=name, phone=number, kind=kind)
    shift = EntryIn(stage.actors["site"].name, phone, "daily", "08:00", "20:00")
    duty.add(actor=manager, code="", entry=shift, now=now)
    begin = local_date(now) + SOON
    closures.announce(actor=lcs, closure=ClosureIn(CLOSING, begin, begin + LONG, DEPUTY, "rebuilding"), now=now)
