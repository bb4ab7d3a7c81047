"""Turns folded tickets into the rows of our tables, so that a batch of them is a handful of statements."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from app.domain.calendars import SHANGHAI
from app.domain.history import Moment, Past
from app.domain.roles import SYSTEM, Actor
from app.domain.search import rank, tails
from app.domain.waybills import normalise
from app.models import Clock, Event, FreeText, ImportedTicket, Party, Person, PlatformOrder, Ticket, WorkItem
from app.models import dialect_search as documents
from app.models.dialect_many import insert_rows
from app.models.ids import new_id
from app.services import history_work, journal, search_index

# parents before children, for the foreign keys
TABLES: Any = tuple(
    model.__table__
    for model in (Ticket, Person, FreeText, Party, Clock, PlatformOrder, Event, ImportedTicket, WorkItem)
)
TICKET, PERSON, TEXT, PARTY, CLOCK, ORDER, EVENT, IMPORTED, WORK = TABLES
NOT_WANTED = "cancelled"  # an order's verdict with which nothing is ever sent for it
Rows = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """Where the tickets go: the file's row, the connection of their orders, the policy version, whether to answer."""

    file_id: int
    connection_id: int
    policy_version: int
    complainant: str
    answers: bool


@dataclass
class Batch:
    """Rows by table, and the tickets that are still open with their work items."""

    rows: dict[Any, list[Rows]] = field(default_factory=lambda: {table: [] for table in TABLES})
    open: list[tuple[Past, list[Rows]]] = field(default_factory=list)
    found: list[documents.Document] = field(default_factory=list)

    def write(self, session: Session) -> None:
        """Insert everything. The caller commits."""
        for table in TABLES:
            if self.rows[table]:
                insert_rows(session, table, self.rows[table])
        documents.insert(session, self.found)
        history_work.count(session, self.open)


def add(batch: Batch, past: Past, number: int, target: Target) -> None:
    """Put one ticket with all that belongs to it into the batch; `number` is its place in our sequence."""
    ticket_id, words = new_id(), _text(past)
    words["ticket_id"] = ticket_id
    events, parties = _events(past, ticket_id, words), list(_parties(past, ticket_id))
    ticket = _ticket(past, ticket_id, number, words["id"], target) | _head(events)
    ticket["search_rank"] = rank(past.activity_at, ticket["number"])
    terms = search_index.terms_of([(events[0]["type"], words["body"])])
    terms = (*tails(ticket["waybill"], _person(past, ticket_id)["phone_last4"]), *terms)
    batch.found.append(documents.Document(ticket_id, ticket["search_rank"], _scopes(parties), terms))
    batch.rows[TICKET].append(ticket)
    batch.rows[TEXT].append(words)
    batch.rows[EVENT] += events
    batch.rows[CLOCK].append(_clock(past, ticket_id))
    batch.rows[PARTY] += parties
    batch.rows[ORDER].append(_order(past, ticket_id, target))
    batch.rows[IMPORTED].append(_imported(past, ticket_id, target))
    if past.last.name or past.last.phone or past.last.address:
        batch.rows[PERSON].append(_person(past, ticket_id))
    if past.open:
        rows = history_work.items(past, ticket_id)
        batch.rows[WORK] += rows
        batch.open.append((past, rows))


def _scopes(parties: list[Rows]) -> list[int]:
    return search_index.scopes_of([(row["organisation_id"], row["province_id"]) for row in parties])


def _ticket(past: Past, ticket_id: int, number: int, headline: int, target: Target) -> Rows:
    site = past.place.site_id if past.place else None
    waybill = normalise(past.last.waybill or "")[:40]
    running = past.run.stopped_at is None
    return {
        "id": ticket_id, "number": f"KF{past.opened_at.astimezone(SHANGHAI):%y%m%d}-{number:06d}", "kind": "complaint",
        "category": past.category, "priority": past.priority, "channel": past.channel,
        "complainant_kind": target.complainant,
        "state": past.state, "queue": past.queue, "overdue": past.overdue, "level": past.level if past.open else 0,
        "province_id": past.place.province_id if past.place else None, "handling_site_id": site, "owner_id": None,
        "headline_id": headline, "tray_reason": "no_match" if past.queue == "tray" else "", "waybill": waybill,
        "waybill_reversed": waybill[::-1], "policy_version": target.policy_version, "repeat_count": 0, "urge_count": 0,
        "open_promises": 0, "customer_accepted": False, "objection_over": past.state == "replied", "root_cause": "",
        "opened_at": past.opened_at, "received_at": past.opened_at, "activity_at": past.activity_at,
        "accepted_at": past.accepted_at, "closed_at": past.closed_at, "first_reply_at": past.replied_at,
        "result_at": past.run.stopped_at, "next_clock": "resolve" if running else "",
        "next_due_at": past.run.due_at if running else None,
    }  # fmt: skip


def _head(events: list[Rows]) -> Rows:
    return {"version": len(events), "last_hash": events[-1]["hash"]}


def _text(past: Past) -> Rows:
    return {"id": new_id(), "salt": secrets.token_hex(16), "body": {"text": past.last.text}}


def _events(past: Past, ticket_id: int, words: Rows) -> list[Rows]:
    """The ticket's chain: every moment linked to the one before, the text hanging on the first."""
    found: list[Rows] = []
    before, digest = "", journal.text_digest(words["salt"], words["body"])
    text_id: int | None = words["id"]
    for seq, moment in enumerate(past.moments, 1):
        row = _event(ticket_id, seq, moment, before, digest)
        row["text_id"] = text_id
        found.append(row)
        before, digest, text_id = row["hash"], "", None
    return found


def _event(ticket_id: int, seq: int, moment: Moment, before: str, digest: str) -> Rows:
    actor = _actor(moment.organisation_id)
    spelled = journal.canonical(moment.data)
    return {
        "id": new_id(), "ticket_id": ticket_id, "seq": seq, "type": moment.type, "at": moment.at, "actor_id": None,
        "actor_role": actor.role, "organisation_id": moment.organisation_id, "data": spelled, "text_digest": digest,
        "hash": journal.link_spelled(before, seq, moment.type, moment.at, actor, spelled, digest),
    }  # fmt: skip


@lru_cache(1000)
def _actor(organisation_id: int | None) -> Actor:
    """The portal, on behalf of the organisation that had the ticket: who acted there is not brought along."""
    return Actor(None, SYSTEM.role, organisation_id, None)


def _clock(past: Past, ticket_id: int) -> Rows:
    run = past.run
    return {
        "id": new_id(), "ticket_id": ticket_id, "kind": "resolve", "run": 1,
        "organisation_id": past.place.site_id if past.place else None,
        "province_id": past.place.province_id if past.place and past.place.site_id else None,
        "minutes": run.limit.minutes,
        "calendar": run.limit.calendar, "started_at": run.started_at, "due_at": run.due_at,
        "stopped_at": run.stopped_at, "breached_at": run.breached_at, "state": run.state,
        "stage": past.stage, "next_stage_at": past.next_stage_at,
    }  # fmt: skip


def _parties(past: Past, ticket_id: int) -> Iterable[Rows]:
    """Who had the ticket sees it; the one who has it now handles it. Headquarters sees everything anyway."""
    for place in past.parties:
        if place.province_id is None:
            continue
        own = past.place is not None and place.id == past.place.id
        role = ("handling" if place.site_id else "tray") if own else "former"
        yield {
            "ticket_id": ticket_id, "organisation_id": place.id, "province_id": place.province_id, "role": role,
            "added_at": past.opened_at,
        }  # fmt: skip


def _order(past: Past, ticket_id: int, target: Target) -> Rows:
    """Makes the ticket findable by its old number."""
    return {
        "id": new_id(), "connection_id": target.connection_id, "code": past.number, "ticket_id": ticket_id,
        "order_type": "complaint", "task_id": "", "answers": [], "issued_at": past.opened_at, "expires_at": None,
        "verdict": "" if target.answers and past.open else NOT_WANTED, "rejects": 0,
    }  # fmt: skip


def _imported(past: Past, ticket_id: int, target: Target) -> Rows:
    return {
        "file_id": target.file_id, "number": past.number, "ticket_id": ticket_id, "source_group": past.group,
        "organisation_id": past.place.id if past.place else None, "source_rows": past.rows,
        "reassignments": past.reassignments, "reopenings": past.reopenings, "sla": past.sla,
    }  # fmt: skip


def _person(past: Past, ticket_id: int) -> Rows:
    phone = (past.last.phone or "")[:40]
    digits = "".join(letter for letter in normalise(phone) if letter.isdigit())
    return {
        "ticket_id": ticket_id, "name": (past.last.name or "")[:80], "phone": phone,
        "address": (past.last.address or "")[:300], "phone_last4": digits[-4:],
    }  # fmt: skip
