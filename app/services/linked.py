"""Waybills of one parcel: a return, a re-label or a forward gives it another number (rulebook 3.12).

A parcel has at most MOST numbers, so that whoever starts from any of them finds the same ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from app.domain.customer_links import mobile
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import CCS_ROLES, LCS_ROLES, Actor
from app.domain.waybills import is_acceptable, normalise
from app.models import Ticket, User, WaybillLink, together
from app.models.among import among
from app.models.dialect import attempt, changed, insert_ignoring, lock_key
from app.models.ids import new_id
from app.models.together import Question, Step
from app.services import desk, journal, scope
from app.services.desk import Outcome, Post
from app.services.transaction import write

MOST = 8  # numbers of one parcel
ENDS = ("waybill_a", "waybill_b")
_LINKS = "links"
KINDS = ("return", "relabel", "forward")
OF_SCAN = {"RETURN": "return", "RELABEL": "relabel", "FORWARD": "forward"}
DESKS = LCS_ROLES | CCS_ROLES
NUMBER = re.compile(r"[A-Z0-9-]*[0-9]{6}[A-Z0-9-]*")


@dataclass(frozen=True)
class Linked:
    """Another number of the parcel, what made it, and who said so ("manual", "scan")."""

    waybill: str
    kind: str
    source: str


_TOUCHING = Question(
    select(WaybillLink)
    .where(or_(*(among(getattr(WaybillLink, end), "frontier") for end in ENDS)))
    .order_by(WaybillLink.id)
)
# What a site says by hand brings complaints and scans together, and proves nothing in that site's favour: any parcel's
# delivery would keep its promises. A scan or a service desk has to say so.
WITNESSED = or_(
    WaybillLink.source == "scan",
    exists().where(User.id == WaybillLink.created_by_id, User.role.in_(sorted(DESKS))),
)
_WITNESSED = Question(_TOUCHING.statement.where(WITNESSED))


def of(session: Session, waybill: str) -> list[Linked]:
    """The other numbers of the parcel, however many steps away, the nearest first; one statement if there is none."""
    found: list[Linked] = together.run(session, {"": asking(waybill)})[""]
    return found


def asking(waybill: str, touching: Question = _TOUCHING) -> Step[list[Linked]]:
    """The same as a step of a page."""
    found: dict[str, Linked] = {}
    frontier = {waybill} if waybill else set()
    while frontier and len(found) < MOST - 1:
        (links,) = yield (touching(frontier=sorted(frontier)),)
        frontier = set()
        for link in links:
            for number in (link.waybill_a, link.waybill_b):
                if number != waybill and number not in found and len(found) < MOST - 1:
                    found[number] = Linked(number, link.kind, link.source)
                    frontier.add(number)
    return list(found.values())


def numbers(session: Session, waybill: str) -> list[str]:
    """All numbers of the parcel, the given one first; empty without a waybill."""
    return [waybill, *(link.waybill for link in of(session, waybill))] if waybill else []


def proving(session: Session, waybill: str) -> list[str]:
    """Those whose scans prove something for the ticket's site: its own, and what a scan or a desk linked to it."""
    if not waybill:
        return []
    found: list[Linked] = together.run(session, {"": asking(waybill, _WITNESSED)})[""]
    return [waybill, *(link.waybill for link in found)]


def reach(session: Session, waybills: Collection[str]) -> set[str]:
    """All numbers of many parcels at once, the given ones too."""
    return set(waybills).union(*_pairs(session, waybills))


def parcels(session: Session, waybills: Collection[str]) -> dict[str, list[str]]:
    """All numbers of each of these parcels, the given one first: at most MOST statements, whatever is linked."""
    beside: dict[str, list[str]] = {}
    for one, other in _pairs(session, waybills):
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    found = {}
    for waybill in waybills:
        parcel = [waybill]
        for number in parcel:  # grows while it is walked, the nearest first
            parcel += [near for near in sorted(beside.get(number, ())) if near not in parcel]
        found[waybill] = parcel[:MOST]
    return found


def _pairs(session: Session, waybills: Collection[str]) -> set[tuple[str, str]]:
    """Every link that can be reached from these numbers."""
    found: set[tuple[str, str]] = set()
    known, frontier = set(waybills), set(waybills)
    for _step in range(MOST - 1):  # a parcel has no longer chain
        touching = or_(WaybillLink.waybill_a.in_(frontier), WaybillLink.waybill_b.in_(frontier))
        pairs = session.execute(select(WaybillLink.waybill_a, WaybillLink.waybill_b).where(touching)).all()
        found |= {(one, other) for one, other in pairs}
        frontier = {number for pair in pairs for number in pair} - known
        if not frontier:
            break
        known |= frontier
    return found


def lock(session: Session, *waybills: str) -> list[str]:
    """Serialise what concerns these parcels until the commit, and give all their numbers, the first one first.

    The numbers are locked in one order for everybody; where a link came meanwhile the locks are given back and taken
    anew, so that nobody waits for another in a circle.
    """
    return _locked(session, waybills, lambda: (_all(session, waybills), {}))[0]


def lock_reading(
    session: Session, waybill: str, steps: Callable[[], Mapping[str, Any]]
) -> tuple[list[str], dict[str, Any]]:  # fmt: skip
    """The same for one parcel, and what the steps give under its locks, asked together with its numbers."""

    def look() -> tuple[list[str], dict[str, Any]]:
        found = together.run(session, {**steps(), _LINKS: asking(waybill)})
        return [waybill, *(link.waybill for link in found.pop(_LINKS))], found

    return _locked(session, [waybill], look) if waybill else ([], together.run(session, steps()))


def _locked(
    session: Session, waybills: Sequence[str], look: Callable[[], tuple[list[str], dict[str, Any]]]
) -> tuple[list[str], dict[str, Any]]:  # fmt: skip
    wanted = [waybill for waybill in dict.fromkeys(waybills) if waybill]  # most parcels have no other number
    read: dict[str, Any] = {}
    while wanted:
        held = attempt(session)
        for waybill in sorted(wanted):
            lock_key(session, f"waybill:{waybill}")
        found, read = look()
        if set(found) == set(wanted):
            held.commit()
            break
        held.rollback()
        wanted = found
    return wanted, read


def _all(session: Session, waybills: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(number for waybill in waybills for number in numbers(session, waybill)))


def link(*, actor: Actor, post: Post, waybill: str, kind: str, now: datetime) -> Outcome:
    """Say that a ticket's parcel has another number too: complaints on either belong together from now on. A desk may
    say again what a site said.

    Who links brings the complaints of both together: a number on which others have a ticket is for a desk that sees
    theirs too. Raises Invalid(waybill, kind), NotFound, NotAllowed ("no_waybill"), Stale.
    """
    other = normalise(waybill)
    _check(other, kind)
    with write() as session:
        own = scope.load(session, actor, post.number).waybill
        known = set(lock(session, own, other))
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "link_waybill", actor)
        mine = numbers(session, own)
        _fits(ticket, other, known, proving(session, own) if actor.role in DESKS else mine)
        if _is_others(session, actor, known.difference(mine)):
            raise Invalid({"waybill": "not_yours_to_link"})
        _store(session, own, other, kind, "manual", now, actor.user_id)
        data = {"kind": kind, "source": "manual"}
        text = {"waybill": other}
        event = journal.append(session, ticket, "waybill_linked", actor=actor, now=now, data=data, text=text)
        return desk.finish(session, ticket, event, now, post)


def _check(waybill: str, kind: str) -> None:
    errors = {} if kind in KINDS else {"kind": "required"}
    if not waybill:
        errors["waybill"] = "required"
    elif not is_acceptable(waybill):
        errors["waybill"] = "bad_waybill"
    if errors:
        raise Invalid(errors)


def _fits(ticket: Ticket, other: str, known: set[str], own: list[str]) -> None:
    if not ticket.waybill:
        raise NotAllowed("no_waybill")
    if other == ticket.waybill:
        raise Invalid({"waybill": "same_waybill"})
    if other in own:
        raise Invalid({"waybill": "linked_already"})
    if len(known) > MOST:
        raise Invalid({"waybill": "too_many_linked"})


def _is_others(session: Session, actor: Actor, waybills: Collection[str]) -> bool:
    """Whether a ticket that this actor does not see stands on one of the numbers: what comes next for the actor's own
    parcel would be its site's work, and count against it."""
    hidden = select(Ticket.id).where(Ticket.waybill.in_(waybills), ~scope.visible_to(actor))
    return session.scalar(hidden.where(Ticket.state != "withdrawn").limit(1)) is not None


def _store(
    session: Session, one: str, other: str, kind: str, source: str, now: datetime, user_id: int | None = None
) -> bool:
    first, second = sorted((one, other))
    values = {
        "id": new_id(), "waybill_a": first, "waybill_b": second, "kind": kind, "source": source, "created_at": now,
        "created_by_id": user_id,
    }  # fmt: skip
    if changed(session, insert_ignoring(session, WaybillLink).values(**values)) == 1:
        return True
    this = (WaybillLink.waybill_a == first, WaybillLink.waybill_b == second)
    session.execute(update(WaybillLink).where(*this, ~WITNESSED).values(source=source, created_by_id=user_id))
    return False


def from_scans(session: Session, rows: Iterable[Mapping[str, object]], now: datetime) -> int:
    """Link the numbers that return, re-label and forward scans name in their note; how many links are new.

    A note names a number when exactly one word of it can be one.
    """
    new = 0
    for row in rows:
        kind, waybill = OF_SCAN.get(str(row["scan_type"]), ""), str(row["waybill"])
        named = _named(str(row["note"])) - {waybill} if kind and is_acceptable(waybill) else set()
        if len(named) != 1:
            continue
        other = named.pop()
        if len(_all(session, (waybill, other))) <= MOST:
            new += _store(session, waybill, other, kind, "scan", now)
    return new


def _named(note: str) -> set[str]:
    spelled = " ".join(normalise(word) for word in note.split())
    return {word for word in NUMBER.findall(spelled) if is_acceptable(word) and not mobile(word)}
