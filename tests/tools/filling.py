"""A house with so many tickets and what stands around them, written as rows: for the trials of what lists cost.

A fifth of the tickets are open. Sites grow with the tickets, so that a site has about as many as before; provinces do
not, so that a province and headquarters have ever more.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from app import models
from app.domain import search as words
from app.domain.roles import Actor
from app.models.dialect_many import insert_rows
from app.models.dialect_search import Document
from app.models.ids import new_id
from app.services import recounts
from tests.tools import bulk, filling_beside, lists

NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
PROVINCES, SITES = 30, 10  # sites in a province for each thousand tickets; at least these
SITE = "330106-01"  # the first one's code, which lists of one site ask for
CHUNK = 20_000
CATEGORIES = ("FALSE_SIGN", "LOCKER", "PROXY", "NOT_TO_DOOR", "LOST", "DAMAGED", "DELAYED", "ATTITUDE")
SAID = ("显示签收没有收到", "放在驿站没有通知", "外包装破损，玻璃碎了", "说好今天送到", "态度很差，一直不接电话")
STATES = ("open", "in_progress", "replied", "appealed")
ORDER = (
    "Ticket", "FreeText", "Person", "Party", "Event", "Clock", "WorkItem", "PlatformOrder", "Outbox", "Notice", "Appeal",
    "IncidentTicket", "Exemption", "ExemptedClock", "ExemptionScope", *filling_beside.ORDER,
)  # fmt: skip
COUNTED = """INSERT INTO incident_count (incident_id, scope, answered, n)
SELECT incident_id, scope, answered, count(*) FROM incident_ticket GROUP BY incident_id, scope, answered"""
BESIDE = (filling_beside.scans, filling_beside.problem, filling_beside.penalty, filling_beside.audit)
QUEUES = {"open": "to_accept", "in_progress": "working", "replied": "replied", "appealed": "appealed"}


class Company:
    """Places and people, made once; sites grow with the tickets, so that a site has as many as before."""

    def __init__(self, tickets: int, provinces: int = PROVINCES) -> None:
        self.sites = max(SITES, min(3000, tickets // 300))
        self.provinces = [new_id() for _ in range(provinces)]
        self.houses = [(new_id(), self.provinces[n % provinces]) for n in range(self.sites)]
        self.headquarters, self.connection = new_id(), new_id()
        self.incidents = [new_id() for _ in range(max(3, tickets // 2000))]
        self.people = {role: new_id() for role in ("site_clerk", "lcs", "ccs", "ccs_manager")}

    def actor(self, role: str) -> Actor:
        """Somebody of the first site, the first province or headquarters."""
        site, province = self.houses[0]
        places = {"site_clerk": (site, province), "lcs": (province, province)}
        return Actor(self.people[role], role, *places.get(role, (self.headquarters, None)), name=role)


def places(session: Any, company: Company) -> None:
    """Organisations, people, categories, the platform."""
    tree = [(company.headquarters, "HQ", "headquarters", None)]
    tree += [(one, f"P{n}", "province", None) for n, one in enumerate(company.provinces)]
    tree += [(one, f"S{n}" if n else SITE, "site", province) for n, (one, province) in enumerate(company.houses)]
    insert_rows(session, models.Organisation.__table__, [
        {"id": i, "code": code, "kind": kind, "name": code, "province_id": province} for i, code, kind, province in tree
    ])  # fmt: skip
    insert_rows(session, models.User.__table__, [
        {"id": user_id, "account": role, "name": role, "password_hash": "", "role": role,
         "organisation_id": company.actor(role).organisation_id}
        for role, user_id in company.people.items()
    ])  # fmt: skip
    known = set(session.scalars(select(models.Category.code)))
    fresh = [code for code in (*CATEGORIES, lists.RARE) if code not in known]
    if fresh:
        insert_rows(session, models.Category.__table__, [{"code": c, "name": c, "name_en": c} for c in fresh])
    insert_rows(session, models.Connection.__table__, [{
        "id": company.connection, "code": "many", "name": "many", "secrets": [], "category_map": {},
        "charset": "utf-8", "callback_url": "http://127.0.0.1:9/",
    }])  # fmt: skip


def tickets(session: Any, company: Company, start: int, end: int, whole: int) -> None:
    """The tickets from `start` to `end` with everything that lists read of them."""
    made: dict[str, list[dict[str, Any]]] = {}
    documents = [_ticket(company, n, whole, made) for n in range(start, end)]
    bulk.unchecked(session)
    for name in ORDER:
        if made.get(name):
            insert_rows(session, getattr(models, name).__table__, made[name])
    bulk.documents(session, documents)


def _ticket(company: Company, n: int, whole: int, made: dict[str, list[dict[str, Any]]]) -> Document:
    def add(table: str, /, **values: Any) -> None:
        made.setdefault(table, []).append(values)

    site, province = company.houses[n % company.sites]
    alive = n >= whole - whole // 5
    at = NOW - timedelta(minutes=max(1, (whole - n) * 200_000 // whole))
    kind = filling_beside.kind_of(n // company.sites)
    appealed = kind == "complaint" and (n % 40 == 0 or n % 997 == 0)
    state = STATES[3 if appealed else n % 3] if alive else "closed"
    one = Made(
        n, new_id(), f"KF261101-{n:06d}", site, province, state, alive, at, at + timedelta(minutes=30 + n % 3000),
        kind, _category(n, kind),
        company.people["site_clerk"] if n % (2 * company.sites) == 0 else None,
        words.rank(at, f"KF261101-{n:06d}"), SAID[n // company.sites % len(SAID)],
        company.incidents[n % len(company.incidents)] if n % 50 == 0 else None,
        company.houses[(n + len(company.provinces)) % company.sites][0] if kind in ("problem", "inquiry") else None,
    )  # fmt: skip
    for part in (_row, _history, _work, _left_the_house, _told, _beside, *BESIDE):
        part(company, one, add)
    terms = tuple(
        dict.fromkeys(
            (*words.tails(f"YT{one.n:013d}", f"139{one.n:08d}"), *words.tokens(one.said), *words.tokens(one.number))
        )
    )
    return Document(one.id, one.rank, [site, province], terms)


@dataclass(frozen=True)
class Made:
    """One ticket as the rows about it want it."""

    n: int
    id: int
    number: str
    site: int
    province: int
    state: str
    alive: bool
    at: datetime
    due: datetime
    kind: str
    category: str
    owner: int | None
    rank: int
    said: str
    incident: int | None
    reporter: int | None  # of the house


def _category(n: int, kind: str) -> str:
    of_kind = {"expedite": ("PARCEL_QUERY", "ORDER"), "problem": filling_beside.PROBLEMS, "inquiry": ("CONSULT",)}
    if n % 4999 == 0 and kind == "complaint":
        return lists.RARE
    names = of_kind.get(kind, CATEGORIES)
    return names[n % len(names)]


def _row(_company: Company, one: Made, add: Any) -> None:
    text_id, waybill = new_id(), f"YT{one.n:013d}"
    add("FreeText", id=text_id, ticket_id=one.id, salt="x", body=json.dumps({"text": one.said}))
    add("Ticket", id=one.id, number=one.number, kind=one.kind, category=one.category, priority="high", channel="platform",
        state=one.state, queue=QUEUES.get(one.state, "done"), overdue=one.due < NOW, province_id=one.province,
        handling_site_id=one.site, owner_id=one.owner, headline_id=text_id, waybill=waybill,
        waybill_reversed=waybill[::-1], policy_version=1, search_rank=one.rank, opened_at=one.at, received_at=one.at,
        activity_at=one.at, next_clock="resolve", next_due_at=one.due if one.alive else None,
        closed_at=None if one.alive else one.at, incident_id=one.incident, reporter_id=one.reporter,
        delivery_promise=("inside", "outside")[one.n % 2] if one.kind == "expedite" else "")  # fmt: skip
    add("Person", ticket_id=one.id, name="王", phone=f"139{one.n:08d}", phone_last4=f"{one.n % 10000:04d}")
    add("Party", ticket_id=one.id, organisation_id=one.site, province_id=one.province, role="handling",
        added_at=one.at)  # fmt: skip
    add("Event", id=new_id(), ticket_id=one.id, seq=1, type="received", at=one.at, actor_role="system", data="{}",
        text_id=text_id, hash="0" * 64, text_digest="")  # fmt: skip


def _history(company: Company, one: Made, add: Any) -> None:
    missed = one.n // company.sites % 2  # every other one of a site
    clock_id = new_id()
    add("Clock", id=clock_id, ticket_id=one.id, kind="first_reply", run=1, organisation_id=one.site,
        province_id=one.province, minutes=30, calendar="service", started_at=one.at, due_at=one.due,
        stopped_at=None if one.alive else one.due + timedelta(hours=missed), breached_at=one.due if missed else None,
        state="running" if one.alive else "met")  # fmt: skip
    if one.n % 49 == 7:
        exemption_id, state = new_id(), "asked" if one.n % 9 == 0 else "granted"
        add("Exemption", id=exemption_id, reason="power_network", state=state, facts="x", from_at=one.at, tickets=1,
            clocks=1, asked_by_id=company.people["lcs"], asked_at=one.at)  # fmt: skip
        add("ExemptedClock", exemption_id=exemption_id, clock_id=clock_id, ticket_id=one.id, organisation_id=one.site,
            state="asked" if state == "asked" else "exempt")  # fmt: skip
        for scope in (one.site, one.province):
            add("ExemptionScope", exemption_id=exemption_id, scope=scope, state=state)


def _work(_company: Company, one: Made, add: Any) -> None:
    if not one.alive:
        return
    late = one.due < NOW
    turn = {one.site: one.state in ("open", "in_progress"), one.province: late and one.state == "open",
            0: one.state == "appealed"}  # fmt: skip
    for scope, mine in turn.items():
        add("WorkItem", scope=scope, ticket_id=one.id, due_at=one.due, activity_at=one.at, queue=QUEUES[one.state],
            category=one.category, state=one.state, overdue=late, turn=mine, owner_id=one.owner)  # fmt: skip


def _left_the_house(company: Company, one: Made, add: Any) -> None:
    add("PlatformOrder", id=new_id(), connection_id=company.connection, code=f"ORDER-{one.n}", ticket_id=one.id,
        issued_at=one.at)  # fmt: skip
    for kind in ("callback", "sms") if one.n % 3 == 0 else ("callback",):
        failed = kind == "callback" and one.n % 20_011 == 0
        add("Outbox", id=new_id(), kind=kind, key=f"{kind}-{one.n}", lane=f"{kind}-{one.n}", ticket_id=one.id,
            organisation_id=one.site, province_id=one.province, payload='{"order_id": "0"}',
            state="failed" if failed else "sent", created_at=one.at)  # fmt: skip


def _told(company: Company, one: Made, add: Any) -> None:
    if one.n % 3 == 0:
        lcs = "lcs" if one.province == company.provinces[0] else "ccs_manager"
        whose = "site_clerk" if one.site == company.houses[0][0] else lcs
        add("Notice", id=new_id(), user_id=company.people[whose], kind="urged", ticket_id=one.id, event_id=new_id(),
            at=one.at, read_at=None if one.n % 300 == 0 else one.at)  # fmt: skip


def _beside(company: Company, one: Made, add: Any) -> None:
    """The appeal and the incident, where it has one."""
    waits = one.state == "appealed"
    if waits or one.n % 50 == 1:
        add("Appeal", id=new_id(), ticket_id=one.id, site_id=one.site, opened_at=one.at,
            ruling="" if waits else "rejected_close", ruled_at=None if waits else one.at,
            ruled_by_id=None if waits else company.people["ccs_manager"])  # fmt: skip
    for scope in (0, one.province) if one.incident else ():
        add("IncidentTicket", ticket_id=one.id, scope=scope, incident_id=one.incident, number=one.number,
            answered=one.state not in ("open", "in_progress"))  # fmt: skip


def others(session: Any, company: Company, whole: int) -> None:
    """What people make by hand: fewer than tickets, and more with more of them."""
    by, places = company.people["lcs"], (company.provinces[0], company.provinces[-1], None)
    insert_rows(session, models.Incident.__table__, [
        {"id": i, "number": f"INC{n}", "title": "x", "kind": "truck_fire", "province_id": places[n % 3],
         "opened_at": NOW, "opened_by_id": by} for n, i in enumerate(company.incidents)
    ])  # fmt: skip
    insert_rows(session, models.Alarm.__table__, [
        {"id": new_id(), "kind": "silent_site", "organisation_id": company.houses[n % company.sites][0],
         "province_id": company.houses[n % company.sites][1], "at": NOW - timedelta(minutes=n), "data": "{}",
         "seen_at": NOW if n % 50 else None} for n in range(max(100, whole // 200))
    ])  # fmt: skip


def fill(session: Any, whole: int, *, provinces: int = PROVINCES, fast: bool = False, told: bool = False) -> Company:
    """A company with so many tickets. `fast`: indexes are made afterwards; `told`: how far it is, on the terminal."""
    company, begun = Company(whole, provinces), time.monotonic()
    places(session, company)
    others(session, company, whole)
    session.commit()
    with bulk.unindexed(session) if fast else nullcontext():
        for start in range(0, whole, CHUNK):
            end = min(whole, start + CHUNK)
            tickets(session, company, start, end, whole)
            session.commit()
            if told:
                print(f"\r{end:>9} tickets, {time.monotonic() - begun:.0f} s", end="", file=sys.stderr)
    session.execute(text(COUNTED))
    recounts.recount(session, sites=True)
    bulk.settle(session)
    if told:
        print(f", indexes and statistics {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return company
