"""One SMS on its way to a gateway: what the driver needs, and which gateway has the message (promise 7)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import customer_links, sms_content, sms_templates
from app.models import Outbox, Person, SmsHandover, SmsReceipt, SmsTemplate
from app.services import gateways
from app.services.gateways import Setup

TOO_OLD = timedelta(hours=24)  # promise 14: nothing older goes out, a restored backup included
GIVE_UP_ASKING = timedelta(hours=72)  # carriers report within three days; what is unknown then stays so, visibly


@dataclass(frozen=True)
class Message:
    """A message as the driver takes it. `problem` names why it cannot go out now, `fault` why it never can.

    at: when it was first handed over, or now; ours: the gateway's ids of other messages to this phone; accepted: a
    receipt has come, so the gateway has it.
    """

    setup: Setup
    phone: str
    template: str
    values: dict[str, str]
    out_id: str
    at: datetime
    ours: frozenset[str] = field(default_factory=frozenset)
    accepted: bool = False
    problem: str = ""
    fault: str = ""


def prepare(session: Session, row: Outbox, key: str, now: datetime) -> Message:
    """What the driver needs for a row; notes in the same transaction which gateway is about to get it.

    The row's payload is complete: what stands in no table (a customer's number and link) has been put in.
    """
    handover = session.get(SmsHandover, row.id)
    driver = handover.driver if handover else gateways.active(session)
    phone = phone_of(session, row)
    if handover is None:
        session.add(SmsHandover(outbox_id=row.id, driver=driver, phone_digest=digest(phone, key), at=now))
    (template, values), problem, fault = _text(session, driver, row)
    setup = gateways.setup(session, driver, key)
    accepted = session.scalar(select(SmsReceipt.serial).where(SmsReceipt.outbox_id == row.id)) is not None
    if driver != gateways.CONSOLE and now - row.created_at > TOO_OLD:  # from the console nothing leaves the house
        fault = "too_old"
    return Message(
        setup=setup, phone=phone, template=template, values=values, out_id=str(row.id), accepted=accepted,
        at=handover.at if handover else now, ours=_ours(session, driver, digest(phone, key), row.id),
        problem=setup.problem or problem, fault=fault,
    )  # fmt: skip


def in_doubt(session: Session, row_id: int) -> bool:
    """Whether a gateway may have the message: it was handed over, and nobody said that it did not arrive."""
    return session.get(SmsHandover, row_id) is not None


def phone_of(session: Session, row: Outbox) -> str:
    """The number a row goes to, which for a customer stands with the ticket only; empty where it was deleted."""
    if row.payload.get("phone") or row.ticket_id is None:
        return str(row.payload.get("phone") or "")
    person = session.get(Person, row.ticket_id)
    return customer_links.mobile(person.phone) if person else ""


def digest(phone: str, key: str) -> str:
    """What is kept of a number to find its messages again; `key` is SECRET_KEY."""
    return hmac.new(key.encode(), f"sms:{phone}".encode(), hashlib.sha256).hexdigest()[:40]


def _text(session: Session, driver: str, row: Outbox) -> tuple[tuple[str, dict[str, str]], str, str]:
    """Approved code and values in order; what is missing; what must not go out. The console takes everything."""
    template, variables = str(row.payload["template"]), dict(row.payload["variables"])
    if driver == gateways.CONSOLE:
        return (template, {name: str(value) for name, value in variables.items()}), "", ""
    return approved(session, driver, sms_templates.purpose_of(template, variables), variables)


def approved(
    session: Session, driver: str, purpose: str, variables: Mapping[str, object]
) -> tuple[tuple[str, dict[str, str]], str, str]:
    """The approved text's code with the values in its order; else a problem or, for values, a fault."""
    try:
        return fitted(session, driver, purpose, sms_templates.values_of(purpose, variables))
    except (KeyError, ValueError):
        return ("", {}), "", "template_values" if purpose in sms_templates.PURPOSES else "no_template"


def fitted(
    session: Session, driver: str, purpose: str, values: Mapping[str, str]
) -> tuple[tuple[str, dict[str, str]], str, str]:
    """The same for values that are words already. Raises KeyError where the text asks for another one."""
    stored = session.get(SmsTemplate, (driver, purpose))
    if stored is None or stored.state != "approved":
        return ("", {}), "no_template", ""
    chosen = sms_templates.ordered(stored.text, values)
    faults = sms_content.value_faults(purpose, chosen)
    return (stored.code, chosen), "", faults[0].code if faults else ""


def _ours(session: Session, driver: str, phone_digest: str, row_id: int) -> frozenset[str]:
    """The gateway's ids that belong to other messages to this phone."""
    known = (
        select(Outbox.external_id)
        .join(SmsHandover, SmsHandover.outbox_id == Outbox.id)
        .where(SmsHandover.phone_digest == phone_digest, SmsHandover.driver == driver)
        .where(Outbox.id != row_id, Outbox.external_id != "")
        .order_by(SmsHandover.at.desc())
        .limit(500)
    )
    return frozenset(session.scalars(known))


def not_arrived(session: Session, row_id: int) -> None:
    """It is certain that no gateway has the message: the next try goes to whichever is chosen then."""
    session.execute(delete(SmsHandover).where(SmsHandover.outbox_id == row_id))
