"""The big trial: the same lists over so many tickets, what each costs, and what grew.

    python -m tests.tools.many 1000 1000000 [--url postgresql+psycopg://root@127.0.0.1:5432/test]

Without an address a SQLite file under /tmp, deleted at the end; on PostgreSQL a schema of its own, dropped at the end.
A fifth of the tickets are open. Figures are statements, work (rows examined on PostgreSQL, hundreds of virtual machine
steps on SQLite) and milliseconds, the best of three.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from app import create_app, models
from app.config import Config
from app.domain import search as words
from app.domain.roles import Actor
from app.extensions import db
from app.models import dialect_search
from app.models.dialect import insert_rows
from app.models.dialect_search import Document
from app.models.ids import new_id
from tests.databases import postgresql_schema
from tests.tools import lists

NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
PROVINCES, SITES = 30, 10  # sites in a province for each thousand tickets; at least these
CHUNK = 20_000
CATEGORIES = ("FALSE_SIGN", "LOCKER", "PROXY", "NOT_TO_DOOR", "LOST", "DAMAGED", "DELAYED", "ATTITUDE")
SAID = ("显示签收没有收到", "放在驿站没有通知", "外包装破损，玻璃碎了", "说好今天送到", "态度很差，一直不接电话")
STATES = ("open", "in_progress", "replied", "appealed")
QUEUES = {"open": "to_accept", "in_progress": "working", "replied": "replied", "appealed": "appealed"}
GROWN = 3.0  # times as much work as with the fewest tickets, and more than a page of it, is named


class Company:
    """Places and people, made once; sites grow with the tickets, so that a site has as many as before."""

    def __init__(self, tickets: int) -> None:
        self.sites = max(SITES, min(3000, tickets // 300))
        self.provinces = [new_id() for _ in range(PROVINCES)]
        self.houses = [(new_id(), self.provinces[n % PROVINCES]) for n in range(self.sites)]
        self.headquarters, self.connection = new_id(), new_id()
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
    tree += [(one, f"S{n}", "site", province) for n, (one, province) in enumerate(company.houses)]
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
    documents = []
    for n in range(start, end):
        documents.append(_ticket(company, n, whole, made))
    order = ("Ticket", "FreeText", "Person", "Party", "Event", "Clock", "WorkItem", "PlatformOrder", "Outbox",
             "Notice", "Appeal")  # fmt: skip
    for name in order:
        if made.get(name):
            insert_rows(session, getattr(models, name).__table__, made[name])
    dialect_search.insert(session, documents)


def _ticket(company: Company, n: int, whole: int, made: dict[str, list[dict[str, Any]]]) -> Document:
    def add(table: str, /, **values: Any) -> None:
        made.setdefault(table, []).append(values)

    site, province = company.houses[n % company.sites]
    ticket_id, text_id, clock_id = new_id(), new_id(), new_id()
    alive = n >= whole - whole // 5
    age = timedelta(minutes=max(1, (whole - n) * 200_000 // whole))
    at, due = NOW - age, NOW - age + timedelta(minutes=30 + n % 3000)
    state = STATES[min(n % 40, 3) if n % 40 < 1 else n % 3] if alive else "closed"
    if alive and n % 997 == 0:
        state = "appealed"
    category = lists.RARE if n % 4999 == 0 else CATEGORIES[n % len(CATEGORIES)]
    late, number, waybill = due < NOW, f"KF261101-{n:06d}", f"YT{n:013d}"
    rank = words.rank(at, number)
    owner = company.people["site_clerk"] if n % (2 * company.sites) == 0 else None
    missed = n // company.sites % 2  # every other one of a site
    said = SAID[n // company.sites % len(SAID)]
    add("FreeText", id=text_id, ticket_id=ticket_id, salt="x", body=json.dumps({"text": said}))
    add("Ticket", id=ticket_id, number=number, category=category, priority="high", channel="platform", state=state,
        queue=QUEUES.get(state, "done"), overdue=late, province_id=province, handling_site_id=site, owner_id=owner,
        headline_id=text_id, waybill=waybill, waybill_reversed=waybill[::-1], policy_version=1, search_rank=rank,
        opened_at=at, received_at=at, activity_at=at, next_clock="resolve", next_due_at=due if alive else None,
        closed_at=None if alive else at, incident_id=company.incidents[n % len(company.incidents)] if n % 50 == 0 else None)  # type: ignore[attr-defined]  # fmt: skip
    add("Person", ticket_id=ticket_id, name="王", phone=f"139{n:08d}", phone_last4=f"{n % 10000:04d}")
    add("Party", ticket_id=ticket_id, organisation_id=site, province_id=province, role="handling", added_at=at)
    add(
        "Event",
        id=new_id(),
        ticket_id=ticket_id,
        seq=1,
        type="received",
        at=at,
        actor_role="system",
        data="{}",
        text_id=text_id,
        hash="0" * 64,
        text_digest="",
    )
    add(
        "Clock",
        id=clock_id,
        ticket_id=ticket_id,
        kind="first_reply",
        run=1,
        organisation_id=site,
        minutes=30,
        calendar="service",
        started_at=at,
        due_at=due,
        stopped_at=None if alive else due + timedelta(hours=missed),
        breached_at=due if missed else None,
        state="running" if alive else "met",
    )
    if alive:
        turn = {site: state in ("open", "in_progress"), province: late and state == "open", 0: state == "appealed"}
        for scope, mine in turn.items():
            add(
                "WorkItem",
                scope=scope,
                ticket_id=ticket_id,
                due_at=due,
                activity_at=at,
                queue=QUEUES[state],
                category=category,
                state=state,
                overdue=late,
                turn=mine,
                owner_id=owner,
            )
    add(
        "PlatformOrder",
        id=new_id(),
        connection_id=company.connection,
        code=f"ORDER-{n}",
        ticket_id=ticket_id,
        issued_at=at,
    )
    _left_the_house(company, add, n, ticket_id, site, province, at)
    if n % 3 == 0:
        read = None if n % 300 == 0 else at
        whose = (
            "site_clerk"
            if site == company.houses[0][0]
            else "lcs"
            if province == company.provinces[0]
            else "ccs_manager"
        )
        add(
            "Notice",
            id=new_id(),
            user_id=company.people[whose],
            kind="urged",
            ticket_id=ticket_id,
            event_id=new_id(),
            at=at,
            read_at=read,
        )
    if state == "appealed" or n % 50 == 1:
        add(
            "Appeal",
            id=new_id(),
            ticket_id=ticket_id,
            site_id=site,
            opened_at=at,
            ruling="" if state == "appealed" else "rejected_close",
            ruled_at=None if state == "appealed" else at,
            ruled_by_id=None if state == "appealed" else company.people["ccs_manager"],
        )
    terms = tuple(dict.fromkeys((*words.tokens(said), *words.tokens(number))))
    return Document(ticket_id, rank, [site, province], terms)


def _left_the_house(company: Company, add: Any, n: int, ticket_id: int, site: int, province: int, at: Any) -> None:
    for kind in ("callback", "sms") if n % 3 == 0 else ("callback",):
        failed = kind == "callback" and n % 20_011 == 0
        add(
            "Outbox",
            id=new_id(),
            kind=kind,
            key=f"{kind}-{n}",
            lane=f"{kind}-{n}",
            ticket_id=ticket_id,
            organisation_id=site,
            province_id=province,
            payload=json.dumps({"order_id": "0"}),
            state="failed" if failed else "sent",
            created_at=at,
        )


def others(session: Any, company: Company, whole: int) -> None:
    """What people make by hand: fewer than tickets, and more with more of them."""
    by, many = company.people["lcs"], max(20, whole // 1000)
    _site, province = company.houses[0]
    company.incidents = [new_id() for _ in range(max(3, many // 10))]  # type: ignore[attr-defined]
    insert_rows(session, models.Incident.__table__, [
        {"id": i, "number": f"INC{n}", "title": "x", "kind": "truck_fire", "province_id": province if n % 3 else None,
         "opened_at": NOW, "opened_by_id": by} for n, i in enumerate(company.incidents)  # type: ignore[attr-defined]
    ])  # fmt: skip
    insert_rows(session, models.Alarm.__table__, [
        {"id": new_id(), "kind": "silent_site", "organisation_id": company.houses[n % company.sites][0],
         "province_id": company.houses[n % company.sites][1], "at": NOW - timedelta(minutes=n), "data": "{}",
         "seen_at": NOW if n % 50 else None} for n in range(many * 5)
    ])  # fmt: skip
    insert_rows(session, models.Exemption.__table__, [
        {"id": new_id(), "reason": "power_network", "state": "asked" if n % 9 == 0 else "granted", "facts": "x",
         "from_at": NOW,
         "asked_by_id": by, "asked_at": NOW} for n in range(many)
    ])  # fmt: skip


def measured(company: Company) -> dict[str, tuple[int, int, float]]:
    """Statements, work and milliseconds of every list of every desk."""
    found = {}
    for desk, role in (("site", "site_clerk"), ("lcs", "lcs"), ("ccs", "ccs_manager")):
        actor = company.actor(role)
        for name, call in lists.of_desk(desk).items():
            session = db.session()
            with lists.overheard(db.engine) as said:
                call(session, actor, NOW)
            times = []
            for _ in range(3):
                begun = time.perf_counter()
                call(session, actor, NOW)
                times.append(1000 * (time.perf_counter() - begun))
            found[f"{desk}: {name}"] = (len(said), sum(lists.work_of(session, one) for one in said), min(times))
            session.rollback()
    return found


@contextlib.contextmanager
def portal(url: str) -> Iterator[Any]:
    """An application on an empty, migrated database."""
    from flask_migrate import upgrade

    with tempfile.TemporaryDirectory(dir="/tmp") as folder, contextlib.ExitStack() as stack:
        address = stack.enter_context(postgresql_schema(url)) if url else f"sqlite:///{folder}/many.sqlite3"
        app = create_app(Config.for_tests(address, "redis://127.0.0.1:9/0", Path(folder)))
        with app.app_context(), app.test_request_context():
            upgrade()
            yield app
            db.session.remove()
            db.engine.dispose()


def fill(whole: int) -> Company:
    """A company with so many tickets."""
    company, session = Company(whole), db.session()
    places(session, company)
    others(session, company, whole)
    session.commit()
    begun = time.monotonic()
    for start in range(0, whole, CHUNK):
        tickets(session, company, start, min(whole, start + CHUNK), whole)
        session.commit()
        print(f"\r{min(whole, start + CHUNK):>9} tickets, {time.monotonic() - begun:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    from app.services import work

    work.recount(session, sites=True)
    session.commit()
    session.execute(text("ANALYZE"))
    session.commit()
    return company


def main() -> None:
    """Run it for each number of tickets, and print the table."""
    asked = argparse.ArgumentParser()
    asked.add_argument("tickets", nargs="+", type=int)
    asked.add_argument("--url", default="")
    given = asked.parse_args()
    tables = []
    for whole in given.tickets:
        with portal(given.url):
            tables.append(measured(fill(whole)))
    few, many = tables[0], tables[-1]
    for name, (statements, work, took) in many.items():
        before = few[name]
        grew = statements != before[0] or (work > GROWN * before[1] and work > 500)
        told = f"{before[0]:>3} {before[1]:>7} {before[2]:>7.1f} | {statements:>3} {work:>9} {took:>8.1f}"
        print(f"{told}  {'GREW ' if grew else '     '}{name}")


if __name__ == "__main__":
    main()
