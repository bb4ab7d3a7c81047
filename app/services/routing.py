"""Sends a ticket to the site that must answer, else to a tray with the reason; nothing is dropped (rulebook 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.domain.calendars import local_date
from app.domain.errors import Invalid
from app.domain.roles import SYSTEM, Actor
from app.domain.routing import Decision, Place, RoutingFacts, decide
from app.domain.waybills import normalise
from app.models import Organisation, Party, Ticket, together
from app.models.among import among
from app.models.together import Question, Step
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
    work,
)
from app.services.desk import Outcome, Post
from app.services.scans import ScanRow
from app.services.transaction import begun, kept, write

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
    site = organisations.known(session, site_id) or session.get_one(Organisation, site_id)
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


_PRESENT = select(Party).where(
    Party.ticket_id == bindparam("ticket_id"), Party.role.in_(("handling", "acting", "deputy", "tray"))
)


def leave(session: Session, ticket: Ticket, now: datetime) -> None:
    """Who handled it so far keeps its view of the past and nothing to do; nobody owns it or acts for it any more, and
    whoever is next has its own first reply to give. What it wished for its category is nobody's any more."""
    work.parties_change(session, ticket)
    if not begun(session, ticket.id):
        for row in session.scalars(_PRESENT, {"ticket_id": ticket.id}):
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
    row = None if begun(session, ticket.id) else session.get(Party, (ticket.id, organisation_id))
    work.parties_change(session, ticket)
    if row is None:
        row = Party(ticket_id=ticket.id, organisation_id=organisation_id, province_id=province_id, added_at=now)
        session.add(row)
        search_index.admit(session, ticket, row)
    row.role = role


GONE = Question(
    select(Organisation.id).where(
        Organisation.id.in_(select(Organisation.deputy_id).where(Organisation.deputy_id.is_not(None))),
        Organisation.closed_from <= bindparam("today"),
    )
)
NAMED = Question(select(Organisation).where(among(Organisation.id, "organisations")))


@dataclass(frozen=True)
class Reading:
    """What the tables say of where a parcel was and who takes work today."""

    line: list[ScanRow]
    named: Organisation | None  # the platform's site
    learned: Organisation | None
    areas: list[Organisation]
    closed: Closed
    gone: frozenset[int]  # deputies that are closed themselves: few, because few sites have a deputy
    places: dict[int, Organisation]  # of the scans

    def known(self) -> list[Organisation]:
        """Every organisation that was read, for whoever asks for one of them next."""
        return [*self.places.values(), *self.areas, *(one for one in (self.learned, self.named) if one)]


def reading(waybill: str, site_code: str, address: str, now: datetime) -> Step[Reading]:
    """Everything that routing looks up, as a step: at once, and once more for what that names."""
    today, text = local_date(now), "".join(address.split())
    found, named, closed, learned, areas, gone = yield (
        scans.LINE(scanned=[normalise(waybill)] if waybill else []), organisations.BY_CODE(code=site_code.strip()),
        closures.TODAY(today=today), addresses.LEARNED(starts=addresses.starts(address)),
        organisations.areas_of(text), GONE(today=today),
    )  # fmt: skip
    line, deputies = scans.rows_of(found), {row.deputy_id for row in closed if row.deputy_id}
    wanted = deputies | {one for one in scans.places_in(line) if one}
    rows: list[Organisation] = []
    if wanted:
        (rows,) = yield (NAMED(organisations=sorted(wanted)),)
    ended = {row.id for row in rows if row.id in deputies and row.closed_from and row.closed_from <= today}
    return Reading(
        line, named[0] if named else None, addresses.longest(learned),
        organisations.narrowest(text, areas) if text else [], dict(closed),
        frozenset({*gone, *ended, *(row.organisation_id for row in closed)}), {row.id: row for row in rows},
    )  # fmt: skip


def _facts(session: Session, ticket: Ticket, site_code: str, address: str, rule: str, now: datetime) -> RoutingFacts:
    read: Reading = kept(
        session, ("routing", ticket.waybill, site_code, address),
        lambda: together.run(session, {"": reading(ticket.waybill, site_code, address, now)})[""],
    )  # fmt: skip
    delivery, origin, last = (read.places.get(one or 0) for one in scans.places_in(read.line))
    matches = [read.learned] if read.learned else read.areas
    return RoutingFacts(
        category=ticket.category,
        connection_rule=rule,
        platform_site=_place(read.named, read.closed, now),
        platform_site_code=site_code,
        delivery_scan=_place(delivery, read.closed, now),
        origin_scan=_place(origin, read.closed, now),
        last_scan=_place(last, read.closed, now),
        learned=_place(read.learned, read.closed, now),
        address_matches=tuple(place for match in matches if (place := _place(match, read.closed, now))),
        province_hint=None,
        closed_deputies=read.gone,
        by_sender=ticket.complainant_kind == "sender",
    )


def _place(site: Organisation | None, closed: Closed, now: datetime) -> Place | None:
    """The site as routing sees it today: the calendar's deputy stands before the usual one."""
    if site is None or site.kind not in closures.PLACES:
        return None
    deputy = closed.get(site.id) or site.deputy_id
    return Place(site.id, site.code, site.kind, site.province_id, closures.is_closed(site, closed, now), deputy)
