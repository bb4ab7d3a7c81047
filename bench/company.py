"""The company of the data set: the demo's tree, with more sites where there are more tickets, and its people."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.policies import version_in_force
from app.models import Category, Connection, Organisation, User
from app.models.dialect_many import insert_rows
from app.models.ids import new_id
from app.services import policies

BUSY = "330106-01"  # the busiest site, in the province of the demo's people
MOST_SITES, TICKETS_A_SITE = 10_000, 100
OPEN, EACH = 0.2, 200  # the share of tickets that are open, and how many of them a clerk has at most, about
SKEW = 0.8  # the n-th busiest site has 1/n^SKEW of what the busiest has


@dataclass(frozen=True)
class Company:
    """What tickets are made of. `sites` are (id, code, province id); `weights` grow up to the last site."""

    sites: list[tuple[int, str, int]]
    weights: list[float]
    categories: list[str]
    connection: int
    policy: int
    clerks: dict[int, list[int]]  # by site, where it has accounts


def assemble(session: Session, size: int, now: datetime) -> Company:
    """The company for so many tickets; the caller commits."""
    _more_sites(session, min(MOST_SITES, size // TICKETS_A_SITE))
    rows = select(Organisation.id, Organisation.code, Organisation.province_id).where(Organisation.kind == "site")
    sites = [(one.id, one.code, one.province_id) for one in session.execute(rows.order_by(Organisation.id))]
    random.Random(7).shuffle(sites)  # noqa: S311 - the same for the same size
    sites.sort(key=lambda one: one[1] != BUSY)
    shares = [1 / (n + 1) ** SKEW for n in range(len(sites))]
    _more_clerks(session, sites, [1 + int(size * OPEN * one / sum(shares) / EACH) for one in shares])
    clerks: dict[int, list[int]] = {}
    known = select(User.organisation_id, User.id).where(User.role == "site_clerk").order_by(User.id)
    for site, clerk in session.execute(known):
        clerks.setdefault(site, []).append(clerk)
    return Company(
        sites, list(accumulate(shares)),
        list(session.scalars(select(Category.code).order_by(Category.position))),
        session.scalars(select(Connection.id).where(Connection.code == "demo")).one(),
        version_in_force(policies.rules(session), now),
        clerks,
    )  # fmt: skip


def _more_sites(session: Session, wanted: int) -> None:
    provinces = list(session.scalars(select(Organisation.id).where(Organisation.kind == "province")))
    known = len(list(session.scalars(select(Organisation.id).where(Organisation.kind == "site"))))
    fresh = [
        {"id": new_id(), "code": f"B{n:05d}", "kind": "site", "name": f"网点 {n}", "name_en": f"Site {n}",
         "parent_id": provinces[n % len(provinces)], "province_id": provinces[n % len(provinces)], "duty_phone": "",
         "address_prefix": f"第{n % len(provinces)}省第{n % 300}市第{n}区"}
        for n in range(known, wanted)
    ]  # fmt: skip
    if fresh:
        insert_rows(session, Organisation.__table__, fresh)  # type: ignore[arg-type]


def _more_clerks(session: Session, sites: list[tuple[int, str, int]], wanted: list[int]) -> None:
    """So many at each site who answer, without a password: the bench opens their sessions itself."""
    staff = Counter(session.scalars(select(User.organisation_id).where(User.role == "site_clerk")))
    fresh = [
        {"id": new_id(), "account": f"bench-{code}-{n}", "name": f"客服 {code}-{n}", "password_hash": "",
         "role": "site_clerk", "organisation_id": site}
        for (site, code, _province), most in zip(sites, wanted, strict=True) for n in range(staff[site] + 1, most + 1)
    ]  # fmt: skip
    if fresh:
        insert_rows(session, User.__table__, fresh)  # type: ignore[arg-type]
