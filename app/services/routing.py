"""Sends a ticket to the site that must answer, else to a tray with the reason; nothing is dropped (rulebook 3.1)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.calendars import local_date
from app.domain.errors import Invalid
from app.domain.roles import SYSTEM, Actor
from app.domain.routing import Decision, Place, RoutingFacts, decide
from app.models import Organisation, Party, Ticket
from app.services import (
    addresses,
    arbitration,
    cases,
    clocks,
    closures,
    desk,
    emergency_rules,
    journal,
    organisations,
    ownership,
    scans,
    search_index,
)
from app.services.desk import Outcome, Post
from app.services.transaction import write

NOBODY = "nobody"  # the routing rule of what no site can answer in time
Closed = dict[int, int | None]  # sites whose announced closure holds today, each with its deputy


def route(session: Session, ticket: Ticket, site_code: str, address: str, rule: str, now: datetime) -> None:
    """Decide where the ticket goes and put it there; `rule` NOBODY sends it to the CCS tray (platform time over)."""
    if rule == NOBODY:
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


def to_desk(session: Session, ticket: Ticket, desk_id: int, now: datetime) -> None:
    """A service desk answers it itself, as asked: a province, or headquarters, whose clocks they are."""
    place = session.get_one(Organisation, desk_id)
    leave(session, ticket, now)
    ticket.handling_site_id, ticket.acting_id, ticket.tray_reason = None, place.id, ""
    ticket.queue = "to_accept"
    ticket.province_id = place.id if place.kind == "province" else None
    if ticket.province_id is not None:
        _party(session, ticket, place.id, place.id, "acting", now)
    journal.append(session, ticket, "to_desk", actor=SYSTEM, now=now, data={"organisation_id": place.id})
    clocks.start_site_clocks(session, ticket, now)


def to_site(session: Session, ticket: Ticket, site_id: int, reason: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Make `site_id` the handling site and start its clocks: it is assessed from this moment (rulebook 4)."""
    site = session.get_one(Organisation, site_id)
    leave(session, ticket, now)
    ticket.handling_site_id, ticket.province_id, ticket.tray_reason = site.id, site.province_id, ""
    ticket.queue = "to_accept"
    _party(session, ticket, site.id, site.province_id, "handling", now)
    cases.becomes_handling(session, ticket, site.id, now)
    data = {"site_id": site.id, "site_code": site.code, "reason": reason}
    journal.append(session, ticket, "routed", actor=actor, now=now, data=data)
    emergency_rules.adopt(session, ticket, now)
    clocks.start_site_clocks(session, ticket, now)
    arbitration.follow(session, ticket, now)
    _before_onboarding(session, ticket, now)
    ownership.auto_assign(session, ticket, site, now)


def _before_onboarding(session: Session, ticket: Ticket, now: datetime) -> None:
    """A site that is not on board yet has its tickets worked by its province, whose clocks they are (rulebook 1)."""
    assessed = clocks.assessed_id(session, ticket)
    if assessed == ticket.handling_site_id:
        return
    ticket.acting_id, ticket.acting_counts = assessed, True
    data = {"site_id": ticket.handling_site_id, "organisation_id": assessed, "reason": "onboarding"}
    journal.append(session, ticket, "acting_started", actor=SYSTEM, now=now, data=data)


def leave(session: Session, ticket: Ticket, now: datetime) -> None:
    """Who handled it so far keeps its view of the past and nothing to do; nobody owns it or acts for it any more, and
    whoever is next has its own first reply to give. What it wished for its category is nobody's any more."""
    roles = ("handling", "acting", "deputy", "tray")
    former = select(Party).where(Party.ticket_id == ticket.id, Party.role.in_(roles))
    for row in session.scalars(former):
        row.role = "former"
    ticket.owner_id, ticket.acting_id, ticket.acting_counts = None, None, False
    ticket.help_asked_at = ticket.urged_at = ticket.first_reply_at = None
    ticket.category_wanted = ""
    clocks.void(session, ticket, ["consent"], now)


def assign(*, actor: Actor, post: Post, site_code: str, now: datetime) -> Outcome:
    """LCS or CCS hands a ticket of the tray to a site; an LCS only to one of its province. Raises Invalid."""
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "assign_site", actor)
        site = target(session, actor, site_code, now)
        event = journal.append(session, ticket, "assigned", actor=actor, now=now, data={"site_id": site.id})
        clocks.void(session, ticket, clocks.SITE_CLOCKS, now)  # those of a desk that worked it itself
        to_site(session, ticket, site.id, "by_hand", now, actor)
        return desk.finish(session, ticket, event, now, post)


def target(session: Session, actor: Actor, site_code: str, now: datetime) -> Organisation:
    """The open site a ruling or assignment names, inside what the actor may give work to. Raises Invalid."""
    site = organisations.find(session, site_code)
    outside = site is not None and actor.desk == "lcs" and site.province_id != actor.province_id
    if site is None or outside or site.kind not in ("site", "hub"):
        raise Invalid({"site_code": "unknown_site"})
    if closures.is_closed_now(session, site, now):
        raise Invalid({"site_code": "closed_site"})
    return site


def _party(
    session: Session, ticket: Ticket, organisation_id: int, province_id: int | None, role: str, now: datetime
) -> None:
    row = session.get(Party, (ticket.id, organisation_id))
    if row is None:
        row = Party(ticket_id=ticket.id, organisation_id=organisation_id, province_id=province_id, added_at=now)
        session.add(row)
        search_index.admit(session, ticket, row)
    row.role = role


def _facts(session: Session, ticket: Ticket, site_code: str, address: str, rule: str, now: datetime) -> RoutingFacts:
    delivery, origin, last = scans.places(session, ticket.waybill) if ticket.waybill else (None, None, None)
    named = organisations.find_by_code(session, site_code) if site_code else None
    closed = closures.closed_today(session, now)
    learned = addresses.site_of(session, address) if address else None
    matches = [learned] if learned else organisations.matching_address(session, address) if address else []
    return RoutingFacts(
        category=ticket.category,
        connection_rule=rule,
        platform_site=_place(named, closed, now),
        platform_site_code=site_code,
        delivery_scan=_place_of(session, delivery, closed, now),
        origin_scan=_place_of(session, origin, closed, now),
        last_scan=_place_of(session, last, closed, now),
        learned=_place(learned, closed, now),
        address_matches=tuple(place for match in matches if (place := _place(match, closed, now))),
        province_hint=None,
        closed_deputies=_closed_deputies(session, closed, now),
        by_sender=ticket.complainant_kind == "sender",
    )


def _closed_deputies(session: Session, closed: Closed, now: datetime) -> frozenset[int]:
    """Deputies that are closed themselves: few, because few sites have a deputy."""
    deputies = select(Organisation.deputy_id).where(Organisation.deputy_id.is_not(None))
    named = Organisation.id.in_([deputy for deputy in closed.values() if deputy])
    gone = Organisation.closed_from <= local_date(now)
    statement = select(Organisation.id).where(Organisation.id.in_(deputies) | named, gone)
    return frozenset(session.scalars(statement)) | closed.keys()


def _place_of(session: Session, organisation_id: int | None, closed: Closed, now: datetime) -> Place | None:
    return _place(session.get(Organisation, organisation_id), closed, now) if organisation_id else None


def _place(site: Organisation | None, closed: Closed, now: datetime) -> Place | None:
    """The site as routing sees it today: the calendar's deputy stands before the usual one."""
    if site is None or site.kind not in closures.PLACES:
        return None
    deputy = closed.get(site.id) or site.deputy_id
    return Place(site.id, site.code, site.kind, site.province_id, closures.is_closed(site, closed, now), deputy)
