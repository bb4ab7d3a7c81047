"""Not ours: a site returns a ticket, and it moves by itself, or the LCS rules on it (rulebook 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed
from app.domain.lifecycle import AT_HEADQUARTERS, MAX_HOPS
from app.domain.roles import SYSTEM, Actor
from app.models import Event, Organisation, Pause, Ticket, Transfer, entries
from app.models.ids import new_id
from app.services import (
    addresses,
    arbitration,
    cases,
    clocks,
    closures,
    desk,
    hands,
    journal,
    organisations,
    pauses,
    returns,
    routing,
    scans,
)
from app.services import attachments as pictures
from app.services.desk import Outcome, Post
from app.services.transaction import write

REASONS = ("outside_area", "already_forwarded", "site_changed")
GRANT, REFUSE, KEEP = "grant", "refuse", "keep"
DECISIONS = (GRANT, REFUSE, KEEP)


@dataclass(frozen=True)
class ReturnIn:
    """Why the ticket is not the site's own: one of REASONS, the proof in words, pictures, and whose it may be."""

    reason: str
    text: str
    site_code: str = ""
    attachments: Sequence[int] = ()


@dataclass(frozen=True)
class RulingIn:
    """The ruling on a return: one of DECISIONS, the site that gets it, whether to learn the street, and why."""

    decision: str
    text: str = ""
    site_code: str = ""
    learn: bool = False


def give_up(*, actor: Actor, post: Post, asked: ReturnIn, now: datetime) -> Outcome:
    """Return the ticket as not the site's own. Its own clocks run on until somebody else has it.

    It moves by itself where the platform's site and the last delivery scan differ, goes to the LCS itself at the third
    return, and else waits for the LCS's ruling. Raises Invalid (`reason`, `text`, `site_code`, `file`), NotFound,
    NotAllowed, Stale.
    """
    _check_return(asked)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "return", actor)
        site_id = _site_id(ticket)
        proposed = _site(session, asked.site_code, site_id, now) if asked.site_code.strip() else None
        event = _entry(session, ticket, actor, asked, proposed, now)
        transfer = _open(session, ticket, actor, asked.reason, proposed, event, now)
        _by_itself(session, ticket, transfer, now)
        return desk.finish(session, ticket, event, now, post)


def rule(*, actor: Actor, post: Post, ruling: RulingIn, now: datetime) -> Outcome:
    """Decide the open return: another site gets it, it stays, or the LCS works it itself.

    Raises Invalid (`decision`, `site_code`, `text`, `learn`), NotFound, NotAllowed ("own_work" too), Stale.
    """
    _check_ruling(ruling)
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        transfer = returns.open_return(session, ticket)
        if transfer is None:
            raise NotAllowed("no_return")
        if not cases.sits_in(actor, transfer.court_id):
            raise NotAllowed("not_allowed")
        hands.refuse(session, ticket, actor)
        event = _carry_out(session, ticket, transfer, actor, ruling, now)
        return desk.finish(session, ticket, event, now, post)


def _carry_out(
    session: Session, ticket: Ticket, transfer: Transfer, actor: Actor, ruling: RulingIn, now: datetime
) -> Event:
    if ruling.decision == REFUSE:
        return _refuse(session, ticket, transfer, actor, ruling.text, now)
    if ruling.decision == KEEP:
        return _keep(session, ticket, transfer, actor, "kept_by_lcs", now, ruling.text)
    site = _site(session, ruling.site_code, transfer.from_site_id, now)
    if ruling.learn:
        addresses.learn(session, ticket, site, actor, now)
    return _move_to(session, ticket, transfer, site, actor, now, ruling.text)


def _open(
    session: Session, ticket: Ticket, actor: Actor, reason: str, proposed: Organisation | None, event: Event,
    now: datetime,
) -> Transfer:  # fmt: skip
    transfer = Transfer(
        id=new_id(), ticket_id=ticket.id, from_site_id=_site_id(ticket), reason=reason, state="open",
        court_id=ticket.province_id or AT_HEADQUARTERS, event_id=event.id, raised_at=now, raised_by_id=actor.user_id,
        to_site_id=proposed.id if proposed else None, wrong=False,
    )  # fmt: skip
    session.add(transfer)
    cases.fold(session, ticket)
    return transfer


def _by_itself(session: Session, ticket: Ticket, transfer: Transfer, now: datetime) -> None:
    """What needs nobody's ruling; else the LCS's 30 minutes of service begin."""
    if ticket.hops >= MAX_HOPS:
        _keep(session, ticket, transfer, SYSTEM, "hop_limit", now)
        return
    site = _scanned_elsewhere(session, ticket, transfer, now)
    if site is not None:
        _move_to(session, ticket, transfer, site, SYSTEM, now)
        return
    limit, court = clocks.limits(session, ticket)["transfer"], cases.clock_desk(session, transfer.court_id)
    transfer.clock_id = clocks.start(session, ticket, "ruling", limit, now, organisation_id=court).id


def _scanned_elsewhere(session: Session, ticket: Ticket, transfer: Transfer, now: datetime) -> Organisation | None:
    """The open site of the last delivery scan, where it is neither the platform's site nor the one that returns.

    Only until a person has ruled on a return of this ticket: after that scans overrule nobody.
    """
    ruled = select(Transfer.id).where(Transfer.ticket_id == ticket.id, Transfer.decided_by_id.is_not(None))
    if not ticket.waybill or session.scalar(ruled.limit(1)) is not None:
        return None
    scanned_id = scans.places(session, ticket.waybill)[0]
    site = session.get(Organisation, scanned_id) if scanned_id else None
    named = _platforms_site(session, ticket)
    if site is None or site.kind != "site" or not named or site.code == named:
        return None
    return None if site.id == transfer.from_site_id or closures.is_closed_now(session, site, now) else site


def _platforms_site(session: Session, ticket: Ticket) -> str:
    """The site code that the platform named; empty where none did."""
    if ticket.channel != "platform":
        return ""
    statement = select(Event.data).where(entries.of_ticket(ticket.id), Event.type == "received").order_by(Event.seq)
    data = session.scalars(statement.limit(1)).one_or_none() or {}
    return str(data.get("site_code", "")).strip()


def _move_to(
    session: Session, ticket: Ticket, transfer: Transfer, site: Organisation, actor: Actor, now: datetime,
    text: str = "",
) -> Event:  # fmt: skip
    """Another site gets it with fresh clocks; the losing site's are void and the platform's deadline stays."""
    desk.move(ticket, "transfer", actor)
    ticket.hops, transfer.to_site_id = ticket.hops + 1, site.id
    data = {**_facts(transfer), "to_site_id": site.id, "site_code": site.code, "hops": ticket.hops}
    event = _note(session, ticket, "transferred", actor, now, data, text)
    _lose(session, ticket, transfer, now)
    routing.to_site(session, ticket, site.id, "transferred", now, actor)
    _decide(session, ticket, transfer, "granted" if actor.user_id else "moved", actor, now)
    return event


def _keep(
    session: Session, ticket: Ticket, transfer: Transfer, actor: Actor, why: str, now: datetime, text: str = ""
) -> Event:
    """The court's own desk works it: in its tray, with clocks of its own, until it hands it to a site."""
    desk.move(ticket, "keep_at_lcs", actor)
    event = _note(session, ticket, "kept_at_lcs", actor, now, {**_facts(transfer), "why": why}, text)
    _lose(session, ticket, transfer, now)
    routing.leave(session, ticket, now)
    ticket.handling_site_id, ticket.queue, ticket.tray_reason = None, "tray", why
    ticket.acting_id = cases.clock_desk(session, transfer.court_id)
    if transfer.court_id != AT_HEADQUARTERS:
        cases.admit(session, ticket, session.get_one(Organisation, transfer.court_id), "acting", now)
    clocks.start_site_clocks(session, ticket, now)
    arbitration.follow(session, ticket, now)
    _decide(session, ticket, transfer, "kept", actor, now)
    return event


def _refuse(session: Session, ticket: Ticket, transfer: Transfer, actor: Actor, text: str, now: datetime) -> Event:
    """It stays where it is: a wrong return, which the ledger charges by this event."""
    desk.move(ticket, "refuse_return", actor)
    transfer.wrong = True
    data = {**_facts(transfer), "raised_at": transfer.raised_at, "raised_by_id": transfer.raised_by_id}
    event = _note(session, ticket, "return_refused", actor, now, data, text)
    _decide(session, ticket, transfer, "refused", actor, now)
    return event


def _decide(session: Session, ticket: Ticket, transfer: Transfer, state: str, actor: Actor, now: datetime) -> None:
    returns.decide(session, ticket, transfer, state, actor, now)


def _lose(session: Session, ticket: Ticket, transfer: Transfer, now: datetime) -> None:
    """Nothing that the site did or missed counts any more, nor its province in its place. What waits for the customer
    waits no more; an emergency's pause is the next place's to judge."""
    for organisation_id in {transfer.from_site_id, clocks.assessed_id(session, ticket) or 0}:
        clocks.void_all(session, ticket, organisation_id, now)
    waits = (Pause.ticket_id == ticket.id, Pause.ended_at.is_(None), Pause.reason == pauses.CUSTOMER)
    session.execute(update(Pause).where(*waits).values(ended_at=now))
    ticket.waiting_until = None


def _facts(transfer: Transfer) -> dict[str, Any]:
    return {
        "transfer_id": transfer.id, "from_site_id": transfer.from_site_id, "reason": transfer.reason,
        "court_id": transfer.court_id,
    }  # fmt: skip


def _note(
    session: Session, ticket: Ticket, kind: str, actor: Actor, now: datetime, data: Mapping[str, Any], text: str
) -> Event:
    said = {"text": text} if text.strip() else None
    return journal.append(session, ticket, kind, actor=actor, now=now, data=data, text=said)


def _entry(
    session: Session, ticket: Ticket, actor: Actor, asked: ReturnIn, proposed: Organisation | None, now: datetime
) -> Event:
    rows = pictures.take(session, ticket, actor, asked.attachments)
    data = {
        "reason": asked.reason, "from_site_id": _site_id(ticket), "proposed_site_id": proposed.id if proposed else None,
        "proposed_code": proposed.code if proposed else "", **pictures.proof(rows),
    }  # fmt: skip
    event = journal.append(session, ticket, "returned", actor=actor, now=now, data=data, text={"text": asked.text})
    pictures.bind(rows, event)
    return event


def _site(session: Session, code: str, from_site_id: int, now: datetime) -> Organisation:
    """A site or hub anywhere that can take the ticket. Raises Invalid(site_code)."""
    site = organisations.find(session, code)
    if site is None or site.kind not in ("site", "hub"):
        raise Invalid({"site_code": "unknown_site"})
    if site.id == from_site_id:
        raise Invalid({"site_code": "same_site"})
    if closures.is_closed_now(session, site, now):
        raise Invalid({"site_code": "closed_site"})
    return site


def _site_id(ticket: Ticket) -> int:
    if ticket.handling_site_id is None:
        raise NotAllowed("not_allowed")
    return ticket.handling_site_id


def _check_return(asked: ReturnIn) -> None:
    errors = {} if asked.reason in REASONS else {"reason": "required"}
    _require(errors | _text_errors(asked.text, required=True))


def _check_ruling(ruling: RulingIn) -> None:
    errors = {} if ruling.decision in DECISIONS else {"decision": "required"}
    if ruling.decision == GRANT and not ruling.site_code.strip():
        errors["site_code"] = "required"
    _require(errors | _text_errors(ruling.text, required=ruling.decision in (REFUSE, KEEP)))


def _text_errors(text: str, *, required: bool) -> dict[str, str]:
    if required and not text.strip():
        return {"text": "required"}
    return {"text": "too_long"} if len(text) > desk.TEXT_LIMIT else {}


def _require(errors: Mapping[str, str]) -> None:
    if errors:
        raise Invalid(errors)
