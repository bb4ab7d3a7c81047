"""Gathers by what the red flags of a day's results are told, a few statements a batch. Select only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, aliased

from app.domain import red_flags as rule
from app.domain.audit_policy import AuditPolicy
from app.domain.customer_links import mobile
from app.domain.red_flags import ResultFacts, ScanFact
from app.domain.waybills import normalise
from app.models import Attachment, Event, FreeText, Person, Scan, Ticket, WaybillLink
from app.services import linked, own_numbers
from app.services.audit_pool import Given

BATCH = 300  # results
BEGUN = ("claimed", "taken", "routed", "assigned", "handed_over", "transferred")


@dataclass(frozen=True)
class _Said:
    """What a result says: its measure, its words without what changes, who signed."""

    measure: str
    spelled: str
    signed_by: str
    received_at: datetime
    complainant: str
    phone: str
    waybill: str
    in_incident: bool


def flagged(session: Session, given: Sequence[Given], policy: AuditPolicy) -> Iterator[tuple[Given, tuple[str, ...]]]:
    """The results of one day that have any flag, with their flags."""
    said: dict[int, _Said] = {}
    for batch in _batches(given):
        said |= _said(session, [one.event_id for one in batch])
    often = Counter(
        (one.site_id, said[one.event_id].spelled) for one in given if not said[one.event_id].in_incident
    )  # one reply to a whole incident is one text by intention
    for batch in _batches(given):
        facts = _facts(session, batch, said, often)
        for one in batch:
            flags = rule.of(
                facts[one.event_id], same_text_most=policy.same_text_most, quick_seconds=policy.quick_seconds
            )
            if flags:
                yield one, flags


def _batches(given: Sequence[Given]) -> Iterator[Sequence[Given]]:
    return (given[start : start + BATCH] for start in range(0, len(given), BATCH))


def _said(session: Session, ids: list[int]) -> dict[int, _Said]:
    statement = (
        select(
            Event.id,
            Event.data,
            FreeText.body,
            Ticket.received_at,
            Person.name,
            Person.phone,
            Ticket.waybill,
            Ticket.incident_id,
        )
        .join(Ticket, Ticket.id == Event.ticket_id)
        .outerjoin(FreeText, FreeText.id == Event.text_id)
        .outerjoin(Person, Person.ticket_id == Event.ticket_id)
        .where(Event.id.in_(ids))
    )
    return {
        event_id: _Said(
            str(data.get("action_taken", "")), rule.spelled(str((body or {}).get("text", ""))),
            str((body or {}).get("signed_by", "")), received_at, name or "", mobile(phone or ""), waybill,
            incident_id is not None,
        )
        for event_id, data, body, received_at, name, phone, waybill, incident_id in session.execute(statement)
    }  # fmt: skip


def _facts(
    session: Session, batch: Sequence[Given], said: dict[int, _Said], often: Counter[tuple[int, str]]
) -> dict[int, ResultFacts]:
    begun, pictures = _begun(session, batch), _pictures(session, batch)
    own = own_numbers.of(session, {one.site_id for one in batch})
    scans = scans_of(session, {said[one.event_id].waybill for one in batch} - {""})
    found = {}
    for one in batch:
        words, shots = said[one.event_id], pictures.get(one.event_id, [])
        same = often[(one.site_id, words.spelled)] if words.spelled and not words.in_incident else 1
        found[one.event_id] = ResultFacts(
            at=one.at, received_at=words.received_at, begun_at=_last_before(begun.get(one.ticket_id, []), one.at),
            measure=words.measure, signed_by=words.signed_by, complainant=words.complainant, same_text=same,
            reused=any(reused for reused, _taken in shots), taken=[at for _reused, at in shots if at is not None],
            scans=scans.get(words.waybill, []), own_number=words.phone in own.get(one.site_id, ()),
        )  # fmt: skip
    return found


def _begun(session: Session, batch: Sequence[Given]) -> dict[int, list[datetime]]:
    statement = select(Event.ticket_id, Event.at).where(Event.ticket_id.in_({one.ticket_id for one in batch}))
    found: dict[int, list[datetime]] = {}
    for ticket_id, at in session.execute(statement.where(Event.type.in_(BEGUN))):
        found.setdefault(ticket_id, []).append(at)
    return found


def _last_before(instants: Sequence[datetime], at: datetime) -> datetime | None:
    return max((one for one in instants if one <= at), default=None)


def _pictures(session: Session, batch: Sequence[Given]) -> dict[int, list[tuple[bool, datetime | None]]]:
    """Of each picture of these results: does an older one on another ticket have its content, and when was it taken."""
    other = aliased(Attachment)
    again = exists().where(
        other.sha256 == Attachment.sha256, other.ticket_id != Attachment.ticket_id, other.event_id.is_not(None),
        other.created_at < Attachment.created_at,
    )  # fmt: skip
    events, tickets = {one.event_id for one in batch}, {one.ticket_id for one in batch}
    statement = select(Attachment.event_id, again, Attachment.taken_at).where(
        Attachment.ticket_id.in_(tickets), Attachment.event_id.in_(events), Attachment.sha256 != ""
    )
    found: dict[int, list[tuple[bool, datetime | None]]] = {}
    for event_id, reused, taken_at in session.execute(statement):
        found.setdefault(event_id or 0, []).append((bool(reused), taken_at))
    return found


def scans_of(session: Session, waybills: set[str]) -> dict[str, list[ScanFact]]:
    """The scans of each parcel, those under numbers that a scan or a desk linked directly to it included."""
    of: dict[str, set[str]] = {waybill: {normalise(waybill)} for waybill in waybills}
    pairs = select(WaybillLink.waybill_a, WaybillLink.waybill_b)
    touching: Any = or_(WaybillLink.waybill_a.in_(waybills), WaybillLink.waybill_b.in_(waybills))
    for one, other in session.execute(pairs.where(touching, linked.WITNESSED)):
        for own, more in ((one, other), (other, one)):
            if own in of:
                of[own].add(more)
    known: dict[str, list[ScanFact]] = {}
    statement = select(Scan.waybill, Scan.scan_type, Scan.scanned_at, Scan.note)
    for number, kind, at, note in session.execute(statement.where(Scan.waybill.in_(set().union(*of.values())))):
        known.setdefault(number, []).append(ScanFact(kind, at, note))
    return {waybill: [scan for number in numbers for scan in known.get(number, [])] for waybill, numbers in of.items()}
