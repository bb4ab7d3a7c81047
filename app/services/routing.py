"""Sends a ticket to the site that must answer, else to a tray with the reason; nothing is dropped (rulebook 3.1)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid
from app.domain.roles import SYSTEM, Actor
from app.domain.routing import Decision, Place, RoutingFacts, decide
from app.models import Organisation, Party, Ticket
from app.services import clocks, desk, emergency_rules, journal, organisations, scans
from app.services.desk import Outcome, Post
from app.services.transaction import write

SHANGHAI = ZoneInfo("Asia/Shanghai")


def route(session: Session, ticket: Ticket, site_code: str, address: str, rule: str, now: datetime) -> None:
    """Decide where the ticket goes and put it there; `rule` "nobody" sends it to the CCS tray (platform time over)."""
    if rule == "nobody":
        decision = Decision(None, None, "platform_expired", ())
    else:
        decision = decide(_facts(session, ticket, site_code, address, rule, now))
    if decision.site_id is not None:
        to_site(session, ticket, decision.site_id, decision.reason, now)
        return
    ticket.tray_reason, ticket.queue, ticket.province_id = decision.reason[:24], "tray", decision.province_id
    if decision.province_id is not None:
        _party(session, ticket, decision.province_id, decision.province_id, "tray", now)
    data = {"reason": decision.reason, "candidates": list(decision.candidates), "site_code": site_code[:32]}
    journal.append(session, ticket, "in_tray", actor=SYSTEM, now=now, data=data)


def to_site(session: Session, ticket: Ticket, site_id: int, reason: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Make `site_id` the handling site and start its clocks: it is assessed from this moment (rulebook 4)."""
    site = session.get_one(Organisation, site_id)
    _leave(session, ticket)
    ticket.handling_site_id, ticket.province_id, ticket.tray_reason = site.id, site.province_id, ""
    ticket.queue = "to_accept"
    _party(session, ticket, site.id, site.province_id, "handling", now)
    data = {"site_id": site.id, "site_code": site.code, "reason": reason}
    journal.append(session, ticket, "routed", actor=actor, now=now, data=data)
    session.flush()
    emergency_rules.adopt(session, ticket, now)
    clocks.start_site_clocks(session, ticket, now)


def _leave(session: Session, ticket: Ticket) -> None:
    """Who handled it so far keeps its view of the past and nothing to do; nobody owns it or acts for it any more."""
    if ticket.handling_site_id is not None:
        row = session.get(Party, (ticket.id, ticket.handling_site_id))
        if row is not None:
            row.role = "former"
    ticket.owner_id, ticket.acting_id, ticket.acting_counts = None, None, False
    ticket.help_asked_at = ticket.urged_at = None


def assign(*, actor: Actor, post: Post, site_code: str, now: datetime) -> Outcome:
    """LCS or CCS hands a ticket of the tray to a site; an LCS only to one of its province. Raises Invalid."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "assign_site", actor)
        site = target(session, actor, site_code)
        event = journal.append(session, ticket, "assigned", actor=actor, now=now, data={"site_id": site.id})
        to_site(session, ticket, site.id, "by_hand", now, actor)
        return desk.finish(session, ticket, event, now, post)


def target(session: Session, actor: Actor, site_code: str) -> Organisation:
    """The site a ruling or assignment names, inside what the actor may give work to. Raises Invalid."""
    statement = select(Organisation).where(
        Organisation.code == site_code.strip(), Organisation.kind.in_(("site", "hub"))
    )
    site = session.scalars(statement).one_or_none()
    if site is None or (actor.desk == "lcs" and site.province_id != actor.province_id):
        raise Invalid({"site_code": "unknown_site"})
    return site


def _party(
    session: Session, ticket: Ticket, organisation_id: int, province_id: int | None, role: str, now: datetime
) -> None:
    row = session.get(Party, (ticket.id, organisation_id))
    if row is None:
        row = Party(ticket_id=ticket.id, organisation_id=organisation_id, province_id=province_id, added_at=now)
        session.add(row)
    row.role = role


def _facts(session: Session, ticket: Ticket, site_code: str, address: str, rule: str, now: datetime) -> RoutingFacts:
    delivery, origin, last = scans.places(session, ticket.waybill) if ticket.waybill else (None, None, None)
    named = organisations.find_by_code(session, site_code) if site_code else None
    matches = organisations.matching_address(session, address) if address else []
    return RoutingFacts(
        category=ticket.category,
        connection_rule=rule,
        platform_site=_place(named, now),
        platform_site_code=site_code,
        delivery_scan=_place_of(session, delivery, now),
        origin_scan=_place_of(session, origin, now),
        last_scan=_place_of(session, last, now),
        address_matches=tuple(place for match in matches if (place := _place(match, now))),
        province_hint=None,
        closed_deputies=_closed_deputies(session, now),
    )


def _closed_deputies(session: Session, now: datetime) -> frozenset[int]:
    """Deputies that are closed themselves: few, because few sites have a deputy."""
    deputies = select(Organisation.deputy_id).where(Organisation.deputy_id.is_not(None))
    today = now.astimezone(SHANGHAI).date()
    statement = select(Organisation.id).where(Organisation.id.in_(deputies), Organisation.closed_from <= today)
    return frozenset(session.scalars(statement))


def _place_of(session: Session, organisation_id: int | None, now: datetime) -> Place | None:
    return _place(session.get(Organisation, organisation_id), now) if organisation_id else None


def _place(site: Organisation | None, now: datetime) -> Place | None:
    if site is None or site.kind not in ("site", "hub"):
        return None
    today = now.astimezone(SHANGHAI).date()
    closed = site.closed_from is not None and site.closed_from <= today
    return Place(site.id, site.code, site.kind, site.province_id, closed, site.deputy_id)
