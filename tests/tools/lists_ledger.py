"""The lists of the ledger and of the audits as calls, for the list of lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.calendars import month_of
from app.domain.roles import Actor
from app.services import audit_view, penalty_contest_view, penalty_view

Call = Callable[[Session, Actor, datetime], object]
PENALTY_FILTERS = {
    "": {}, "to be charged": {"state": "proposed"}, "waived": {"state": "waived"}, "of a rule": {"rule": "result_late"},
    "of a site": {"organisation": "330106-01"},
}  # fmt: skip


def _penalties(given: dict[str, str]) -> Call:
    def call(session: Session, actor: Actor, now: datetime) -> object:
        return penalty_view.page(session, _manager(actor), penalty_view.Filters(month_of(now), **given))

    return call


def _manager(actor: Actor) -> Actor:
    """Whoever of the desk sees money: a clerk of a site does not, which costs nothing."""
    return replace(actor, role={"site": "site_manager", "lcs": "lcs", "ccs": "ccs_manager"}[actor.desk])


def of_desk(desk: str) -> dict[str, Call]:
    """Those that a desk has, by a name that says the filters."""
    found = {f"penalties {name}".strip(): _penalties(given) for name, given in PENALTY_FILTERS.items()}
    found["contests of the scope"] = lambda session, actor, now: penalty_contest_view.of_scope(session, _manager(actor))
    for mark in ("", "untruthful"):
        found[f"audits {mark}".strip()] = _audits(mark)
    if desk != "site":
        found["contests to decide"] = lambda session, actor, now: penalty_contest_view.waiting(session, actor)
        found["audits that wait"] = lambda session, actor, now: audit_view.lines(session, actor)
        found["audits, the head"] = lambda session, actor, now: audit_view.head(session, actor, now)
    return found


def _audits(mark: str) -> Call:
    return lambda session, actor, now: audit_view.page(session, actor, mark)
