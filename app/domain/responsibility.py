"""Who is responsible for what went wrong: parties, disputes, arbitration, duty shares (rulebook 3.10).

Organisations are ids, provinces too; None is a province that a place does not have (headquarters, its own hubs).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.calendars import add_working_days, local_date
from app.domain.lifecycle import AT_HEADQUARTERS

MAX_HOPS = 3  # party to party to party; after it CCS decides
URGE_EVERY = timedelta(minutes=30)
CONTEST_DAYS = 1  # working days in which a presumption can be contested
WHOLE = 100  # percent

PARTY_KINDS = frozenset({"site", "hub", "department"})
EVIDENCE_KINDS = PARTY_KINDS | {"province"}
REASONS = ("not_our_scan", "delivered_properly", "other_party", "force_majeure", "data_error")

# where a case stands
ASKED, ANSWERED, PRESUMED = "asked", "answered", "presumed"
DISPUTED, REJECTED, ARBITRATION = "disputed", "rejected", "arbitration"
RULED, NOT_LIABLE, REMOVED, DROPPED = "ruled", "not_liable", "removed", "dropped"
GONE = frozenset({REMOVED, DROPPED, NOT_LIABLE})
MAY_LEAVE = frozenset({ASKED, ANSWERED, PRESUMED})  # what is disputed is decided, not taken away
OPEN = frozenset({ASKED, DISPUTED, REJECTED, ARBITRATION})
UNHEARD = frozenset({ASKED, DISPUTED})  # still has to say something, or to be answered by the handling site


@dataclass(frozen=True)
class Candidate:
    """An organisation that somebody wants to name."""

    id: int
    kind: str
    closed_from: date | None = None


@dataclass(frozen=True)
class ReplyRun:
    """A party's answering time: due and stopped as its clock has them, and when the party was urged first."""

    organisation_id: int
    due_at: datetime
    stopped_at: datetime | None
    urged_at: datetime | None


def refusal(
    candidate: Candidate, *, own_id: int | None, known: Collection[int], present: int, most: int, now: datetime
) -> str:
    """Why an organisation cannot become a responsible party, as a code; empty when it can.

    `own_id` is the handling site, `known` everyone who is a party or was found not liable, `present` how many parties
    the ticket has, `most` how many it may have at once.
    """
    if candidate.kind not in PARTY_KINDS:
        return "not_a_party"
    if candidate.id == own_id:
        return "own_organisation"
    if candidate.id in known:
        return "party_already"
    if is_closed(candidate, now):
        return "organisation_closed"
    return "too_many_parties" if present >= most else ""


def is_closed(candidate: Candidate, now: datetime) -> bool:
    """Whether the organisation works no more on that day in Shanghai."""
    return candidate.closed_from is not None and candidate.closed_from <= local_date(now)


def next_hop(named_by: Iterable[int]) -> int:
    """The hop of a new party: one more than the last of those who named it, 1 for one that nobody named."""
    return max(named_by, default=0) + 1


def urge_possible_at(urged_at: datetime | None, now: datetime) -> datetime:
    """The earliest instant at which a party may be urged (again)."""
    return now if urged_at is None else max(now, urged_at + URGE_EVERY)


def court_of_case(site_province: int | None, party_provinces: Iterable[int | None]) -> int:
    """Who rules: the one province of all, else CCS; a hub under headquarters has none, so it is CCS."""
    provinces = {site_province, *party_provinces}
    only = provinces.pop() if len(provinces) == 1 else None
    return AT_HEADQUARTERS if only is None else only


def contest_until(days: Mapping[date, bool], presumed_at: datetime) -> datetime:
    """Until when a presumption can be contested: one working day later at the same wall time."""
    return add_working_days(days, presumed_at, CONTEST_DAYS)


def share_errors(shares: Mapping[int, int | None], heard: Collection[int]) -> dict[int, str]:
    """What is wrong with duty shares in percent, by organisation: each one of `heard` has a whole 0 to 100, and all
    together are exactly 100. A wrong sum is told at every share."""
    errors = {}
    for organisation_id in heard:
        share = shares.get(organisation_id)
        if share is None:
            errors[organisation_id] = "required"
        elif not 0 <= share <= WHOLE:
            errors[organisation_id] = "share_range"
    if not errors and sum(shares[organisation_id] or 0 for organisation_id in heard) != WHOLE:
        return dict.fromkeys(heard, "shares_not_100")
    return errors


def late_party(runs: Iterable[ReplyRun], at: datetime) -> int | None:
    """To whom a lateness that begins at `at` is booked: the party that was urged before, whose answer was due before
    and had not come; of several the one whose answer was due first. None: it stays with the handling site."""
    late = [
        run
        for run in runs
        if run.due_at <= at
        and (run.stopped_at is None or run.stopped_at > at)
        and run.urged_at is not None
        and run.urged_at <= at
    ]
    return min(late, key=lambda run: (run.due_at, run.organisation_id)).organisation_id if late else None
