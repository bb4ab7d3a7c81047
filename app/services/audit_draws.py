"""The daily draw of what is audited: claimed once a day, with the seed stored, and drawn again to compare (3.13)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import audit_sample as rule
from app.domain.audit_policy import AuditPolicy
from app.domain.audit_sample import RECHECK, SAMPLE, Candidate
from app.domain.calendars import ONE_DAY, at_local, local_date
from app.models import Audit, AuditDraw, Organisation, Party, RedFlag
from app.models.dialect import changed, insert_ignoring
from app.models.ids import new_id
from app.services import audit_policy, audit_pool, red_flags
from app.services.audit_pool import Given, Pool
from app.services.transaction import write

DRAWN_FROM = time(1, 0)  # in Shanghai: by then everything of the day before is committed
MOST_DAYS = 31  # that are made up for after the scheduler stood still
POOLS: dict[str, Callable[[Session, date, AuditPolicy], Pool]] = {
    SAMPLE: audit_pool.of_day,
    RECHECK: audit_pool.of_recheck,
}


@dataclass(frozen=True)
class Compared:
    """A stored draw beside the same one drawn again; ids of results in only one of them."""

    draw: AuditDraw
    inputs: int
    same_inputs: bool
    missing: tuple[int, ...]
    extra: tuple[int, ...]

    @property
    def same(self) -> bool:
        """Whether it came out the same."""
        return self.same_inputs and not self.missing and not self.extra


def run(session: Session, now: datetime) -> int:
    """Draw for today and for earlier days that were missed; how many results were taken. Any number may run this."""
    taken = 0
    for day in _missing(session, now):
        for job in (SAMPLE, RECHECK):
            taken += draw(session, job, day, now)
    return taken


def _missing(session: Session, now: datetime) -> list[date]:
    today = local_date(now)
    last = session.scalar(select(func.max(AuditDraw.day)).where(AuditDraw.job == RECHECK))
    session.rollback()
    if now < at_local(today, DRAWN_FROM):
        today -= ONE_DAY
    first = today if last is None else max(last + ONE_DAY, today - MOST_DAYS * ONE_DAY)
    return [first + n * ONE_DAY for n in range((today - first).days + 1)]


def draw(session: Session, job: str, day: date, now: datetime, seed: str = "") -> int:
    """Draw once for a day; how many results were taken, 0 where it was drawn before. `seed` only for demo data."""
    if session.get(AuditDraw, (job, day)) is not None:
        session.rollback()
        return 0
    policy, seed = audit_policy.current(session), seed or secrets.token_hex(16)
    flags = _flags(session, day, policy) if job == SAMPLE else []
    session.rollback()
    if flags:  # facts of their own, stored before the draw reads them like every later one
        with write() as writing:
            for row in flags:
                writing.execute(insert_ignoring(writing, RedFlag).values(**row))
    pool = POOLS[job](session, day, policy)
    chosen = rule.draw(seed, pool.candidates, pool.strata, pool.plan)
    session.rollback()
    return _store(job, day, seed, policy, pool, chosen, now)


def _flags(session: Session, day: date, policy: AuditPolicy) -> list[dict[str, object]]:
    given = audit_pool.results(session, at_local(day - ONE_DAY, time(0)), at_local(day, time(0)))
    return [
        {"result_event_id": one.event_id, "ticket_id": one.ticket_id, "site_id": one.site_id, "flags": list(flags),
         "day": day}
        for one, flags in red_flags.flagged(session, given, policy)
    ]  # fmt: skip


def _store(
    job: str, day: date, seed: str, policy: AuditPolicy, pool: Pool, chosen: Sequence[Candidate], now: datetime
) -> int:
    with write() as session:
        claim = insert_ignoring(session, AuditDraw).values(
            job=job, day=day, seed=seed, policy_version=policy.version, cut_at=at_local(day, time(0)), drawn_at=now,
            inputs=len(pool.candidates), inputs_digest=pool.digest, chosen=len(chosen),
            chosen_digest=rule.digest((one.id, one.why) for one in chosen),
        )  # fmt: skip
        if changed(session, claim) != 1:
            return 0
        provinces = _provinces(session, [pool.given[one.id] for one in chosen])
        known = select(RedFlag).where(RedFlag.result_event_id.in_([one.id for one in chosen]))
        flags = {row.result_event_id: row.flags for row in session.scalars(known)}
        for one in chosen:
            given = pool.given[one.id]
            session.add(_audit(given, one.why, day, provinces[one.id], flags.get(one.id, [])))
        return len(chosen)


def _provinces(session: Session, given: Sequence[Given]) -> dict[int, int | None]:
    """Whose audit each result is: the province under which the site had the ticket, wherever site and ticket are now.
    That province still sees the ticket, and old months stay with the old owner (rulebook 1)."""
    had = select(Party.ticket_id, Party.organisation_id, Party.province_id).where(
        Party.ticket_id.in_({one.ticket_id for one in given})
    )
    then = {(row.ticket_id, row.organisation_id): row.province_id for row in session.execute(had)}
    sites = select(Organisation.id, Organisation.province_id).where(Organisation.id.in_({one.site_id for one in given}))
    today = {row.id: row.province_id for row in session.execute(sites)}
    return {one.event_id: then.get((one.ticket_id, one.site_id), today.get(one.site_id)) for one in given}


def _audit(given: Given, why: str, day: date, province_id: int | None, flags: list[str]) -> Audit:
    return Audit(
        id=new_id(), ticket_id=given.ticket_id, result_event_id=given.event_id, site_id=given.site_id,
        author_id=given.author_id, province_id=province_id, reason=why, day=day, flags=flags,
    )  # fmt: skip


def again(session: Session, day: date) -> list[Compared]:
    """Draw a day's stored draws anew from the same seed and compare; empty where nothing was drawn that day."""
    stored = select(AuditDraw).where(AuditDraw.day == day).order_by(AuditDraw.job.desc())
    return [_again(session, draw) for draw in session.scalars(stored)]


def _again(session: Session, draw: AuditDraw) -> Compared:
    policy = audit_policy.version(session, draw.policy_version)
    pool = POOLS[draw.job](session, draw.day, policy)
    chosen = {one.id for one in rule.draw(draw.seed, pool.candidates, pool.strata, pool.plan)}
    kind = Audit.reason == RECHECK if draw.job == RECHECK else Audit.reason != RECHECK
    stored = set(session.scalars(select(Audit.result_event_id).where(Audit.day == draw.day, kind)))
    return Compared(
        draw, len(pool.candidates), pool.digest == draw.inputs_digest, tuple(sorted(stored - chosen)),
        tuple(sorted(chosen - stored)),
    )  # fmt: skip
