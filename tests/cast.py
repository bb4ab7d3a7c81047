"""The people, places and policies that every test plays with."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from flask import current_app
from sqlalchemy import select

from app.domain.penalty_rules import defaults as penalty_defaults
from app.domain.policies import default_rules
from app.domain.roles import Actor
from app.models import Category, Connection, Organisation, Ticket, User
from app.models.ids import new_id
from app.services import intake, penalty_rules, policies
from app.services.desk import Post
from app.services.intake import Arrival, ComplaintIn, OrderIn
from app.services.transaction import write

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)  # Wednesday 12:00 in Shanghai
EPOCH = datetime(2016, 1, 1, tzinfo=UTC)
CATEGORIES = ("FALSE_SIGN", "LOCKER", "LOST", "DAMAGED", "DELAYED", "OTHER")
PEOPLE = {
    "site": ("site_clerk", "330106-01"),
    "site-manager": ("site_manager", "330106-01"),
    "site-2": ("site_clerk", "330108-01"),
    "site-3": ("site_clerk", "440305-01"),
    "lcs": ("lcs", "33"),
    "lcs-manager": ("lcs_manager", "33"),
    "lcs-2": ("lcs", "44"),
    "ccs": ("ccs", "HQ"),
    "ccs-manager": ("ccs_manager", "HQ"),
    "admin": ("admin", "HQ"),
}


@dataclass
class Cast:
    """Organisations and people by name, and the demo connection's id."""

    places: dict[str, int]
    people: dict[str, Actor]
    connection_id: int
    begun: int = -1  # how much was written when the company was laid down: nothing else is there until more is

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]


def assemble() -> Cast:
    """Write the smallest company: headquarters, two provinces, three sites, ten people, one platform."""
    with write() as session:
        policies.store_version(session, default_rules(EPOCH))
        penalty_rules.store(session, penalty_defaults(EPOCH))
        for code in CATEGORIES:
            note = code in ("FALSE_SIGN", "LOCKER")
            session.add(Category(code=code, name=code, name_en=code, legal_note=note, position=0))
        places = _places(session)
        people = _people(session, places)
        connection = Connection(
            id=new_id(), code="demo", name="Demo", secrets=["demo-secret"], category_map={}, charset="utf-8",
            callback_url="http://127.0.0.1:9/callback",
        )  # fmt: skip
        session.add(connection)
        return Cast(places, people, connection.id)


def begin() -> Cast:
    """The smallest company in an empty database, and the beginning of a test: see `tests/snapshots.py`."""
    snapshots = current_app.extensions["test_snapshots"]
    if not snapshots.clean:
        return assemble()  # beside what another fixture wrote
    made: Cast = snapshots.begin("company", assemble)
    return Cast(dict(made.places), dict(made.people), made.connection_id, snapshots.written)


def beginning(key: str, play: Callable[[], Cast]) -> Cast:
    """What all tests of a file begin with, played once in a process where nothing else is there, then laid down."""
    snapshots = current_app.extensions["test_snapshots"]
    made: Cast = snapshots.begin(key, play, often=1) if snapshots.clean else play()
    return Cast(dict(made.places), dict(made.people), made.connection_id)


def _places(session) -> dict[str, int]:
    tree = (
        ("HQ", "headquarters", None), ("33", "province", "HQ"), ("44", "province", "HQ"),
        ("330106-01", "site", "33"), ("330108-01", "site", "33"), ("440305-01", "site", "44"),
    )  # fmt: skip
    ids: dict[str, int] = {}
    for number, (code, kind, parent) in enumerate(tree):
        ids[code] = new_id()
        province = ids[code] if kind == "province" else ids[parent] if kind == "site" else None
        session.add(
            Organisation(
                id=ids[code],
                code=code,
                kind=kind,
                name=f"组织 {code}",
                parent_id=ids.get(parent or ""),
                province_id=province,
                duty_phone=f"1380000000{number}",
                address_prefix="",
            )
        )
        session.flush()
    return ids


def _people(session, places: dict[str, int]) -> dict[str, Actor]:
    people = {}
    for account, (role, place) in PEOPLE.items():
        user = User(id=new_id(), account=account, name=account, password_hash="", role=role)
        user.organisation_id = places[place]
        session.add(user)
        province = places[place[:2]] if place[:2] in places and place != "HQ" else None
        people[account] = Actor(user.id, role, places[place], province, account)
    return people


def push(
    cast: Cast, code: str = "W1", *, now: datetime = NOON, waybill: str = "", site: str = "330106-01",
    category: str = "FALSE_SIGN", text: str = "显示签收，没有收到", answers=(), expires: timedelta | None = None,
) -> str:  # fmt: skip
    """Push one issue through the real service; the ticket's number. The first of a test may be a kept one."""
    key = (code, now, waybill, site, category, text, repr(answers), expires)
    play = partial(_push, cast, code, now, waybill, site, category, text, answers, expires)
    snapshots = current_app.extensions["test_snapshots"]
    alone = threading.current_thread() is threading.main_thread()  # pushes that race are played
    return snapshots.begin(key, play) if alone and cast.begun == snapshots.written else play()


def _push(
    cast: Cast, code: str, now: datetime, waybill: str, site: str, category: str, text: str, answers,
    expires: timedelta | None,
) -> str:  # fmt: skip
    body = json.dumps({"work_order_code": code, "text": text, "waybill": waybill}).encode()
    arrival = Arrival(cast.connection_id, intake.ISSUE, body, now)
    order = OrderIn(code, f"T-{code}", answers=list(answers), expires_at=now + expires if expires else None)
    complaint = ComplaintIn(
        text=text, category=category, waybill=waybill or f"YT{abs(hash(code)) % 10**13:013d}", name="王小明",
        phone="13812345678", address="浙江省杭州市西湖区文三路 1 号", site_code=site,
    )  # fmt: skip
    return intake.issue(arrival=arrival, order=order, complaint=complaint)


def tell(cast: Cast, kind: str, code: str = "W1", *, at: datetime = NOON, now: datetime = NOON, key: str = "") -> None:
    """Push a later message of the order through the real service."""
    body = json.dumps({"kind": kind, "code": code, "key": key, "at": at.isoformat()}).encode()
    arrival = Arrival(cast.connection_id, f"WORK_ORDER_{kind}", body, now)
    intake.follow_up(
        arrival=arrival, order_code=code, event_id=key or f"{kind}-{at.isoformat()}", event_at=at, text=kind
    )


def ticket(session, number: str) -> Ticket:
    """The row as it is now."""
    session.rollback()
    return session.scalars(select(Ticket).where(Ticket.number == number)).one()


def post(number: str, key: str = "", version: int | None = None) -> Post:
    """Where a form stood."""
    return Post(number, version, key)
