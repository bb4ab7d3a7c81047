"""What a ticket's clocks may take: the policy version it was opened under, the emergency of its day, its customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import clocks as rule
from app.domain.clocks import Limit
from app.domain.own_limits import variation
from app.domain.policies import FALLBACK, Facts
from app.models import Ticket
from app.services import calendars, emergency_rules, policies


def limits(session: Session, ticket: Ticket) -> dict[str, Limit]:
    """The ticket's limits under the policy version it was opened with, the emergency that it was opened in, and its
    customer's own limits."""
    return _limits(session, ticket, ticket.priority)


def regulator_limit(session: Session, ticket: Ticket) -> Limit:
    """The time in which the postal regulator is answered, whatever channel the ticket came by (rulebook 4 "legal")."""
    return _limits(session, ticket, ticket.priority, channel="regulator")["legal"]


def _limits(session: Session, ticket: Ticket, priority: str, channel: str = "") -> dict[str, Limit]:
    by = channel or ticket.channel
    facts = Facts(ticket.kind, ticket.category, priority, by, ticket.tier or None, ticket.opened_at)
    return own(session, ticket, {**FALLBACK, **policies.stated(session, facts, ticket.policy_version)})


def own(session: Session, ticket: Ticket, stated: Mapping[str, Limit]) -> dict[str, Limit]:
    """What holds for this ticket of the limits that the policy states."""
    return variation(emergency_rules.stated(session, ticket), ticket.customer_limits).of(stated)


def resolve_due(session: Session, ticket: Ticket, limit: Limit, now: datetime) -> datetime:
    """Due of a `resolve` run; urgent ones follow the rule of the following service day."""
    high = _limits(session, ticket, "high")["resolve"]
    table = calendars.calendars(session)
    return rule.resolve_due(limit, now, table, urgent=ticket.priority == "urgent", high_limit=high)
