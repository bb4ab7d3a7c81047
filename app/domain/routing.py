"""Which site a complaint goes to (rulebook 3.1). What cannot be routed lies in a tray with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.masking import mask_address

DELIVERY, ORIGIN, LAST_SCAN = "delivery", "origin", "last_scan"
ALWAYS_DELIVERY = frozenset({"FALSE_SIGN", "LOCKER", "PROXY"})
SHORTEST_STREET = 6  # characters
_SITE_ONLY = frozenset({"site"})
_SITE_OR_HUB = frozenset({"site", "hub"})


@dataclass(frozen=True)
class Place:
    """An organisation as routing sees it on the day of the message. `closed` covers closures and pauses."""

    organisation_id: int
    code: str
    kind: str
    province_id: int | None
    closed: bool = False
    deputy_id: int | None = None


@dataclass(frozen=True)
class RoutingFacts:
    """What is known of a complaint's parcel. `address_matches` are the sites whose area holds the address."""

    category: str
    connection_rule: str = DELIVERY
    platform_site: Place | None = None
    platform_site_code: str = ""
    delivery_scan: Place | None = None
    origin_scan: Place | None = None
    last_scan: Place | None = None
    address_matches: tuple[Place, ...] = ()
    province_hint: int | None = None
    closed_deputies: frozenset[int] = frozenset()
    learned: Place | None = None  # the site that the address was granted to by an earlier return
    by_sender: bool = False


@dataclass(frozen=True)
class Decision:
    """Where it goes: a site; or no site and a province (its tray); or neither (the CCS tray)."""

    site_id: int | None
    province_id: int | None
    reason: str
    candidates: tuple[int, ...] = ()


def street_of(address: str) -> str:
    """An address up to its first house number, without blanks; empty where that is too little to name a street."""
    text = "".join(mask_address("".join(address.split())).removesuffix("***").split())
    return text if len(text) >= SHORTEST_STREET else ""


def decide(facts: RoutingFacts) -> Decision:
    """The handling site of a complaint, or the tray it waits in (rulebook 3.1).

    FALSE_SIGN, LOCKER and PROXY always go to the delivery site, other complaints of the sender to the origin site
    where it is known, the rest by the connection's rule (an unknown rule counts as "delivery"). The delivery site is
    the delivery scan's, else the one that an earlier return of the same street was granted to, else the platform's own
    site code; a code that nobody knows, or that names no site, goes to a tray rather than to a guess by address.
    Reasons of a routed ticket: delivery_scan, learned_address, platform_site, origin_scan, last_scan, address, deputy;
    of one in a tray: site_closed, unknown_site, no_match, several_match. `candidates` is only filled in a tray,
    likeliest first.
    """
    target = _by_rule(facts)
    if target is not None:
        return _settle(facts, *target)
    if _rule(facts) == DELIVERY and facts.platform_site_code.strip():
        return _tray(facts, "unknown_site")
    matches = _distinct(facts.address_matches)
    if len(matches) == 1:
        return _settle(facts, matches[0], "address")
    return _tray(facts, "several_match" if matches else "no_match")


def _rule(facts: RoutingFacts) -> str:
    if facts.category in ALWAYS_DELIVERY or facts.connection_rule not in (ORIGIN, LAST_SCAN):
        return DELIVERY
    return facts.connection_rule


def _by_rule(facts: RoutingFacts) -> tuple[Place, str] | None:
    """The first place that the rule names and that can handle a ticket, with the reason code."""
    origin = facts.origin_scan
    if facts.by_sender and facts.category not in ALWAYS_DELIVERY and origin is not None and origin.kind in _SITE_ONLY:
        return origin, "origin_scan"
    steps: dict[str, tuple[tuple[Place | None, str], ...]] = {
        DELIVERY: (
            (facts.delivery_scan, "delivery_scan"),
            (facts.learned, "learned_address"),
            (facts.platform_site, "platform_site"),
        ),
        ORIGIN: ((facts.origin_scan, "origin_scan"),),
        LAST_SCAN: ((facts.last_scan, "last_scan"),),
    }
    rule = _rule(facts)
    kinds = _SITE_OR_HUB if rule == LAST_SCAN else _SITE_ONLY
    for place, reason in steps[rule]:
        if place is not None and place.kind in kinds:
            return place, reason
    return None


def _settle(facts: RoutingFacts, place: Place, reason: str) -> Decision:
    """To the place itself, its deputy while it is closed, or its province's tray (rulebook 7.11).

    A deputy is booked under the closed site's province, whose tray and desk it answers to.
    """
    if not place.closed:
        return Decision(place.organisation_id, place.province_id, reason)
    deputy = place.deputy_id
    if deputy is not None and deputy != place.organisation_id and deputy not in facts.closed_deputies:
        return Decision(deputy, place.province_id, "deputy")
    return _tray(facts, "site_closed", place)


def _tray(facts: RoutingFacts, reason: str, place: Place | None = None) -> Decision:
    province = place.province_id if place is not None and place.province_id is not None else _province(facts)
    return Decision(None, province, reason, _candidates(facts))


def _province(facts: RoutingFacts) -> int | None:
    """Whose tray: the places of the delivery end first, the sender's end last unless the rule asks for it."""
    near = [facts.platform_site, facts.delivery_scan, facts.last_scan]
    if _rule(facts) == ORIGIN:
        near.insert(0, facts.origin_scan)
    known = [place.province_id for place in near if place is not None and place.province_id is not None]
    if known:
        return known[0]
    of_address = {place.province_id for place in facts.address_matches if place.province_id is not None}
    if len(of_address) == 1:
        return of_address.pop()
    if facts.province_hint is not None:
        return facts.province_hint
    return facts.origin_scan.province_id if facts.origin_scan is not None else None


def _candidates(facts: RoutingFacts) -> tuple[int, ...]:
    """Open places that appear in the facts, each once: what a person at the tray is offered first."""
    ends = (facts.delivery_scan, facts.platform_site, facts.last_scan, facts.origin_scan)
    places = _distinct([place for place in ends if place is not None] + list(facts.address_matches))
    return tuple(place.organisation_id for place in places if not place.closed and place.kind in _SITE_OR_HUB)


def _distinct(places: Iterable[Place]) -> list[Place]:
    first: dict[int, Place] = {}
    for place in places:
        first.setdefault(place.organisation_id, place)
    return list(first.values())
