"""What a platform says, on its way into the services: pushed, polled, or taken out of the quarantine, all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.domain.kinds import COMPLAINT, INQUIRY
from app.integrations.platform import driver, messages
from app.integrations.platform.driver import Driver, Reading, Wire
from app.integrations.platform.errors import MessageError
from app.integrations.platform.pictures import sent_pictures
from app.jobs import channel_messages
from app.services import expedites, intake, scans
from app.services.connections import Door
from app.services.intake import Arrival, Back, ComplaintIn, OrderIn
from app.services.platform_pictures import Address
from app.services.ticket_contacts import ContactIn

# whom the message calls the customer, where it is not the receiver
CONSULT = "consult"  # of a platform: somebody asks, suggests or praises
COMPLAINS = {"sender": "sender", "merchant": "merchant", "seller": "merchant", "platform": "platform",
             "regulator": "regulator"}  # fmt: skip


def driver_of(door: Door) -> Driver:
    """The driver that speaks the connection's protocol."""
    return driver.of(door.driver)


def wire_of(door: Door) -> Wire:
    """The connection's row in the driver's words."""
    return Wire(door.address, door.secrets, door.charset, door.settings, door.message_map, door.field_map)


def spoken() -> tuple[str, ...]:
    """The drivers that are there; imported history has a connection that speaks with nobody."""
    return driver.names()


def polled() -> list[str]:
    """The drivers whose platforms are asked instead of pushing."""
    return [name for name in driver.names() if driver.of(name).page is not None]


def take(door: Door, arrival: Arrival) -> None:
    """Read one message and pass on what it says. Raises MessageError, Conflict.

    A message that says several things is read as a whole before the first of them is stored.
    """
    if arrival.msg_type == expedites.MESSAGE:  # every connection's channels speak alike
        channel_messages.take(door, arrival)
        return
    speaks = driver_of(door)
    for reading in speaks.read(arrival.msg_type, arrival.body, wire_of(door)):
        _pass_on(door, replace(arrival, msg_type=reading.msg_type, state=speaks.states), reading)


def take_or_keep(door: Door, arrival: Arrival) -> bool:
    """The same, where nobody waits for an answer: what cannot be read goes to the quarantine. Whether it was taken."""
    try:
        take(door, arrival)
    except MessageError as error:
        intake.quarantine(arrival=arrival, error=str(error))
        return False
    return True


def _pass_on(door: Door, arrival: Arrival, reading: Reading) -> None:
    if reading.issue is not None:
        intake.issue(arrival=arrival, order=_order(reading.issue), complaint=complaint_of(door, reading.issue))
    elif reading.later is not None:
        later = reading.later
        back = Back(later.round, later.task_expire_time) if later.round else None
        intake.follow_up(
            arrival=arrival, order_code=later.work_order_code, event_id=later.event_id, event_at=later.event_time,
            text=later.description, back=back,
        )  # fmt: skip
    else:
        scans.store_scans(scans=reading.scans or (), now=arrival.at)


def _order(message: messages.IssueMessage) -> OrderIn:
    return OrderIn(
        code=message.work_order_code, task_id=message.task_id, order_type=message.work_order_type,
        answers=message.structural_replys, expires_at=message.task_expire_time or message.expire_time,
    )  # fmt: skip


def complaint_of(door: Door, message: messages.IssueMessage) -> ComplaintIn:
    """A canonical order in our words, its category as the connection maps it."""
    return ComplaintIn(
        kind=INQUIRY if message.work_order_type == CONSULT else COMPLAINT,
        text=message.description or message.category or message.task_description or "—",
        category=door.category_map.get(message.category_code, message.category_code),
        waybill=message.mail_no, site_code=message.site_code, platform_priority=message.priority, **_people(message),
        pictures=[Address(p.url, p.name, p.expires_at) for p in sent_pictures(message.attachments)],
    )  # fmt: skip


def _people(message: messages.IssueMessage) -> dict[str, Any]:
    """The complainant and the others: the receiver, unless the message says that somebody else complains."""
    receiver = ContactIn("consignee", message.receiver_name, message.receiver_phone, message.receiver_address)
    sender = ContactIn("sender", message.sender_name, message.sender_phone, message.sender_address)
    kind = COMPLAINS.get(message.customer_type.strip().lower(), "consignee")
    if kind == "consignee" or message.customer_name in ("", message.receiver_name):
        name = message.receiver_name or message.customer_name
        return {"name": name, "phone": receiver.phone, "address": receiver.address, "contacts": [sender]}
    same = sender if kind == "sender" and sender.name in ("", message.customer_name) else ContactIn(kind)
    return {
        "complainant_kind": kind, "name": message.customer_name, "phone": message.customer_phone or same.phone,
        "address": same.address, "contacts": [receiver, sender],
    }  # fmt: skip
