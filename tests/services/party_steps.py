"""What people do with responsible parties, step by step, through the real services."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.domain.roles import Actor
from app.models import Clock, Event, Organisation, PartyCase, User
from app.models.ids import new_id
from app.services import arbitration, disputes, parties, replies
from app.services.desk import Outcome
from app.services.disputes import DisputeIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket

MIN, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE, SIBLING, ELSEWHERE, HUB = "330106-01", "330108-01", "440305-01", "HQ-H01"
T0 = NOON + 5 * MIN  # the first reply


def place(cast: Cast, code: str, kind: str, parent: str, **columns: Any) -> Actor:
    """One more organisation below `parent`, and a clerk of it, who is also in the cast under its code."""
    with write() as session:
        above = session.get_one(Organisation, cast.places[parent])
        row = Organisation(id=new_id(), code=code, kind=kind, name=f"组织 {code}", parent_id=above.id, **columns)
        row.province_id = above.province_id or (above.id if above.kind == "province" else None)
        row.duty_phone = f"139{row.id % 10**8:08d}"
        session.add(row)
        session.flush()
        user = User(id=new_id(), account=code, name=code, password_hash="", role="site_clerk", organisation_id=row.id)
        session.add(user)
        cast.places[code] = row.id
        cast.people[code] = Actor(user.id, "site_clerk", row.id, row.province_id, code)
    return cast.people[code]


def colleague(cast: Cast, role: str, code: str, account: str) -> Actor:
    """One more person at an organisation."""
    with write() as session:
        user = User(id=new_id(), account=account, name=account, password_hash="", role=role)
        user.organisation_id = cast.places[code]
        session.add(user)
        place = session.get_one(Organisation, cast.places[code])
        province = place.id if place.kind == "province" else place.province_id
        cast.people[account] = Actor(user.id, role, place.id, province, account)
    return cast.people[account]


def replied(cast: Cast, code: str = "W1") -> str:
    """A ticket of the first site with its first reply."""
    number = push(cast, code)
    replies.follow_up(
        actor=cast["site"], post=post(number), text="已联系客户", contact_outcome="no_answer",
        next_update_at=NOON + 3 * HOUR, now=T0,
    )  # fmt: skip
    return number


def add(cast: Cast, number: str, code: str = SIBLING, who: str = "site", now: datetime = T0, most: int = 2) -> Outcome:
    return parties.add(actor=cast[who], post=post(number), code=code, text="请说明派送情况", most=most, now=now)


def answer(cast: Cast, number: str, who: str = "site-2", now: datetime = T0 + HOUR) -> Outcome:
    return parties.answer(actor=cast[who], post=post(number), text="已交站点，有底单", now=now)


def urge(cast: Cast, number: str, party: str = SIBLING, who: str = "site", now: datetime = T0 + HOUR) -> Outcome:
    return parties.urge(actor=cast[who], post=post(number), party=party, now=now)


def dispute(
    cast: Cast,
    number: str,
    who: str = "site-2",
    now: datetime = T0 + HOUR,
    reason: str = "not_our_scan",
    other: str = "",
) -> Outcome:
    why = DisputeIn(reason, "不是我方扫描", other)
    return disputes.dispute(actor=cast[who], post=post(number), why=why, now=now)


def agree(
    cast: Cast, number: str, party: str = SIBLING, who: str = "site", now: datetime = T0 + 2 * HOUR, named: bool = False
) -> Outcome:
    return disputes.agree(
        actor=cast[who],
        post=post(number),
        party=party,
        add_named=named,
        text="请说明" if named else "",
        most=2,
        now=now,
    )


def reject(cast: Cast, number: str, party: str = SIBLING, who: str = "site", now: datetime = T0 + 2 * HOUR) -> Outcome:
    return disputes.reject(actor=cast[who], post=post(number), party=party, text="有贵方签收扫描", now=now)


def arbitrate(
    cast: Cast, number: str, party: str = SIBLING, who: str = "site", now: datetime = T0 + 3 * HOUR
) -> Outcome:
    return arbitration.arbitrate(actor=cast[who], post=post(number), party=party, text="请裁定", now=now)


def rule(
    cast: Cast, number: str, shares: dict[str, int | None], who: str = "lcs", now: datetime = T0 + 4 * HOUR
) -> Outcome:
    return arbitration.rule_on(actor=cast[who], post=post(number), shares=shares, text="依据扫描记录", now=now)


def at_court(cast: Cast, party: str = SIBLING, who: str = "site-2", code: str = "W1") -> str:
    """A ticket whose dispute was rejected and reported to arbitration."""
    number = replied(cast, code)
    add(cast, number, party)
    dispute(cast, number, who)
    reject(cast, number, party)
    arbitrate(cast, number, party)
    return number


def case(session: Any, number: str, code: str = SIBLING) -> PartyCase:
    """The party's case as it is now."""
    row = ticket(session, number)
    statement = select(PartyCase).join(Organisation, Organisation.id == PartyCase.organisation_id)
    return session.scalars(statement.where(PartyCase.ticket_id == row.id, Organisation.code == code)).one()


def runs(session: Any, number: str, kind: str) -> list[Clock]:
    """The runs of a clock, the first one first."""
    row = ticket(session, number)
    return list(session.scalars(select(Clock).where(Clock.ticket_id == row.id, Clock.kind == kind).order_by(Clock.run)))


def said(session: Any, number: str, kind: str) -> list[dict[str, Any]]:
    """The data of all events of a type, in order."""
    row = ticket(session, number)
    rows = select(Event).where(Event.ticket_id == row.id, Event.type == kind).order_by(Event.seq)
    return [event.data for event in session.scalars(rows)]
