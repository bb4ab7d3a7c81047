"""Correcting a complaint's category: at once, or with the LCS's consent where it eases a limit (rulebook 2, 7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import corrections as rule
from app.domain.clocks import Limit
from app.domain.errors import Invalid
from app.domain.lifecycle import AT_HEADQUARTERS
from app.domain.policies import Facts, limits_for
from app.domain.roles import Actor
from app.models import Category, Event, Ticket, entries
from app.services import cases, clocks, desk, hands, journal, linked, policies, scans
from app.services.desk import Outcome, Post
from app.services.transaction import kept, write

REASON = 500
CONSENT = "consent"  # the clock of whoever has to agree: the province, or headquarters where there is none


def flags_at_intake(session: Session, ticket: Ticket) -> list[str]:
    """What a new complaint's parcel makes doubtful: signed for by name, and no scan of a signature under any
    of its numbers."""
    if ticket.category != rule.FALSE_SIGN or not ticket.waybill:
        return []
    parcel = kept(session, ("parcel", ticket.waybill), lambda: linked.numbers(session, ticket.waybill))
    line = kept(session, ("trace", *parcel), lambda: scans.trace(session, *parcel))
    return [] if any(scan.scan_type == rule.SIGN_SCAN for scan in line) else [rule.NO_SIGN_SCAN]


def correct(*, actor: Actor, post: Post, category: str, reason: str, now: datetime) -> Outcome:
    """Give the complaint its right category. Where that eases a limit and a site asks, it waits for the LCS's consent.

    Raises Invalid (category, text), NotFound, NotAllowed, Stale.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        _require(_errors(session, ticket, category, reason))
        desk.move(ticket, "correct_category", actor)
        if actor.desk == "site" and _eases(session, ticket, category):
            event = _ask(session, ticket, actor, category, reason, now)
        else:
            event = _apply(session, ticket, actor, category, reason, now, asked=False)
        return desk.finish(session, ticket, event, now, post)


def consent(*, actor: Actor, post: Post, agreed: bool | None, reason: str, now: datetime) -> Outcome:
    """The LCS agrees to an easing correction, or refuses it with a reason. Raises Invalid (agreed, text), NotFound,
    NotAllowed, Stale."""
    errors = {} if agreed is not None else {"agreed": "required"}
    if agreed is False and not reason.strip():
        errors["text"] = "required"
    _require(errors | ({"text": "too_long"} if len(reason) > REASON else {}))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "consent_category", actor)
        hands.refuse(session, ticket, actor, ("category_asked",))
        category, ticket.category_wanted = ticket.category_wanted, ""
        clocks.stop(session, ticket, [CONSENT], now)
        if agreed:
            event = _apply(session, ticket, actor, category, reason, now, asked=True)
        else:
            data = {"from": ticket.category, "to": category}
            event = journal.append(session, ticket, "category_refused", actor=actor, now=now, data=data,
                                   text={"text": reason.strip()})  # fmt: skip
        return desk.finish(session, ticket, event, now, post)


def known(session: Session, kind: str = "") -> list[Category]:
    """All categories in their order; those of one kind where it is named."""
    statement = select(Category).order_by(Category.position, Category.code)
    return list(session.scalars(statement.where(Category.kind == kind) if kind else statement))


def _ask(session: Session, ticket: Ticket, actor: Actor, category: str, reason: str, now: datetime) -> Event:
    ticket.category_wanted = category
    desk_id = cases.clock_desk(session, ticket.province_id or AT_HEADQUARTERS)
    limit = clocks.limits(session, ticket)["ruling"]
    clocks.start(session, ticket, CONSENT, limit, now, organisation_id=desk_id)
    data = {"from": ticket.category, "to": category, "site_id": ticket.handling_site_id}
    text = {"text": reason.strip()}
    return journal.append(session, ticket, "category_asked", actor=actor, now=now, data=data, text=text)


def _apply(
    session: Session, ticket: Ticket, actor: Actor, category: str, reason: str, now: datetime, *, asked: bool
) -> Event:
    """The new category with its priority; clocks get shorter at once, and longer where somebody may allow it."""
    eased = _eases(session, ticket, category)
    data = {"from": ticket.category, "to": category, "priority_from": ticket.priority, "consent": asked, "eased": eased}
    ticket.priority = _priority(session, ticket, category)
    ticket.category = category
    ticket.flags = [flag for flag in ticket.flags or [] if flag != rule.NO_SIGN_SCAN]
    data |= {"priority": ticket.priority, "site_id": ticket.handling_site_id}
    text = {"text": reason.strip()} if reason.strip() else None
    event = journal.append(session, ticket, "category_corrected", actor=actor, now=now, data=data, text=text)
    clocks.shorten(session, ticket, now)
    if eased:
        clocks.lengthen(session, ticket, now)
    return event


def _eases(session: Session, ticket: Ticket, category: str) -> bool:
    before = _limits(session, ticket, ticket.category, ticket.priority)
    return rule.eases(before, _limits(session, ticket, category, _priority(session, ticket, category)))


def _limits(session: Session, ticket: Ticket, category: str, priority: str) -> Mapping[str, Limit]:
    facts = Facts(ticket.kind, category, priority, ticket.channel, ticket.tier or None, ticket.opened_at)
    return clocks.own(session, ticket, limits_for(policies.rules(session), facts, ticket.policy_version))


def _priority(session: Session, ticket: Ticket, category: str) -> str:
    """What a platform had marked, or was repeated, stays urgent; of older tickets nobody knows, so they stay too."""
    first = (
        select(Event.data).where(entries.of_ticket(ticket.id), Event.type == "received").order_by(Event.seq).limit(1)
    )
    received = session.scalar(first) or {}
    otherwise = ticket.repeat_count > 0 or bool(received.get("marked", True))
    return rule.priority_after(category, ticket.category, ticket.priority, otherwise_urgent=otherwise)


def _errors(session: Session, ticket: Ticket, category: str, reason: str) -> dict[str, str]:
    errors = {}
    row = session.get(Category, category) if category else None
    if row is None or row.kind != ticket.kind:
        errors["category"] = "required"
    elif category == ticket.category:
        errors["category"] = "same_category"
    if not reason.strip():
        errors["text"] = "required"
    return errors | ({"text": "too_long"} if len(reason) > REASON else {})


def _require(errors: Mapping[str, str]) -> None:
    if errors:
        raise Invalid(errors)
