"""Facts that no event tells of by itself, entered by hand with proof: a loss, a bad sign-off slip (rulebook 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import penalties as rule
from app.domain import penalty_facts, penalty_rules
from app.domain.errors import Invalid, NotAllowed
from app.domain.penalty_facts import LIABLE_KINDS
from app.domain.penalty_rules import BY_HAND, MOST_FEN, RATE
from app.domain.roles import Actor
from app.models import Event, Organisation, Penalty, Ticket, User, entries
from app.services import attachments, desk, organisations, penalties, typed_forms
from app.services import penalty_rules as versions
from app.services.desk import TEXT_LIMIT, Outcome, Post
from app.services.transaction import write


@dataclass(frozen=True)
class HandIn:
    """A fact as typed: the rule, whose it is, the loss in fen where a rate is taken of it, the slip clerk's account,
    what happened, and the ids of the pictures that prove it."""

    rule: str
    organisation: str
    base_fen: int | None
    text: str
    clerk: str = ""
    attachments: Sequence[int] = ()


@dataclass(frozen=True)
class _Typed:
    ticket: str
    fact: HandIn


def enter(*, actor: Actor, post: Post, fact: HandIn, now: datetime) -> Outcome:
    """Enter a fact on a ticket in scope; the ledger prices it within a minute.

    Raises NotFound, Invalid(rule, organisation, base, clerk, text, file), NotAllowed ("not_yours", "never_charged" for
    a ticket that is out of all measures, "entered_already" where a colleague entered the same), Stale where the form's
    key was used for another one.
    """
    if not actor.can("penalty_enter"):
        raise NotAllowed("not_yours")
    with write() as session:
        ticket = desk.take(session, actor, Post(post.number))
        form = _Typed(post.number, replace(fact, attachments=()))  # sent again, the same pictures are other rows
        if before := typed_forms.done_before(session, actor, post.key, form):
            return replace(before, number=post.number)
        place, clerk = _check(session, actor, fact)
        data = {
            "rule": fact.rule, "organisation_id": place.id, "base_fen": fact.base_fen or 0,
            "clerk_id": clerk.id if clerk else None,
        }  # fmt: skip
        if _stands(session, ticket, data):
            raise NotAllowed("entered_already")
        said = {"text": fact.text.strip()}
        event = attachments.entry(session, ticket, penalty_facts.HAND, actor, now, data, said, fact.attachments)
        session.flush()
        if not _charged(session, ticket, event.id):
            raise NotAllowed("never_charged")
        desk.drop_page_draft(session, actor, "hand")
        typed_forms.remember(session, actor, post.key, form, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def _stands(session: Session, ticket: Ticket, data: Mapping[str, Any]) -> bool:
    """Whether the same fact was entered before and is charged, or will be: two who enter it have seen the same parcel
    (rulebook 5: never twice). One that was waived may be entered anew."""
    told = select(Event).where(entries.of_ticket(ticket.id), Event.type == penalty_facts.HAND)
    before = [event for event in session.scalars(told) if {**event.data, **data} == event.data]
    if not before:
        return False
    mine = Penalty.ticket_id == ticket.id, Penalty.rule == data["rule"]
    rows = list(session.scalars(select(Penalty).where(*mine)))
    taken_back = {row.corrects_id for row in rows}
    known = {rule.fact_of(row.occurrence) for row in rows}
    live = {
        rule.fact_of(row.occurrence) for row in rows
        if row.state != rule.WAIVED and row.corrects_id is None and row.id not in taken_back
    }  # fmt: skip
    names = {f"hand:{event.id}" for event in before}
    return bool(names & live or names - known)


def _charged(session: Session, ticket: Ticket, event_id: int) -> bool:
    facts = penalty_facts.facts_of(penalties.case_of(session, ticket))
    return any(event_id in fact.event_ids for fact in facts)


def _check(session: Session, actor: Actor, fact: HandIn) -> tuple[Organisation, User | None]:
    """The liable organisation and the slip's clerk. Raises Invalid."""
    wrong: dict[str, str] = {} if fact.rule in BY_HAND else {"rule": "required"}
    place = organisations.find(session, fact.organisation)
    if place is None or place.kind not in LIABLE_KINDS or not _in_area(actor, place):
        wrong["organisation"] = "unknown_organisation"
    rated = fact.rule in BY_HAND and versions.newest(session, fact.rule).kind == RATE
    if rated and not (fact.base_fen and 0 < fact.base_fen <= MOST_FEN):
        wrong["base"] = "amount_range"
    clerk = _clerk(session, place, fact.clerk) if place and fact.clerk.strip() else None
    if fact.clerk.strip() and clerk is None:
        wrong["clerk"] = "unknown_account"
    if not fact.text.strip():
        wrong["text"] = "required"
    elif len(fact.text) > TEXT_LIMIT:
        wrong["text"] = "too_long"
    if not fact.attachments:
        wrong["file"] = "no_picture"
    if wrong or place is None:
        raise Invalid(wrong)
    return place, clerk


def _in_area(actor: Actor, place: Organisation) -> bool:
    return actor.desk == "ccs" or penalties.province_of(place) == actor.province_id


def _clerk(session: Session, place: Organisation, account: str) -> User | None:
    mine = select(User).where(User.account == account.strip(), User.organisation_id == place.id)
    return session.scalars(mine).one_or_none()


def kinds(session: Session) -> dict[str, penalty_rules.PenaltyRule]:
    """The rules that are entered by hand, in their newest versions."""
    return {code: versions.newest(session, code) for code in BY_HAND}
