"""Responsible parties (rulebook 3.10): the handling site names, urges and removes them, a party answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import responsibility as rule
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import Event, Organisation, Party, PartyCase, Ticket
from app.services import (
    acting,
    arbitration,
    attachments,
    cases,
    clocks,
    desk,
    journal,
    organisations,
    party_cases,
    presumption,
    reminders,
    work,
)
from app.services.desk import Outcome, Post
from app.services.party_cases import data_of
from app.services.transaction import write


def add(
    *, actor: Actor, post: Post, code: str, text: str, most: int, now: datetime, pictures: Sequence[int] = ()
) -> Outcome:
    """Ask a site, hub or department to answer for its part; its clock `party_reply` starts.

    `most` is how many parties a ticket may have at once (a setting). Raises Invalid (`code`, `text`, `file`),
    NotFound, NotAllowed, Stale.
    """
    party_cases.require(({} if code.strip() else {"code": "required"}) | party_cases.text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "add_party", actor)
        event = name(session, ticket, actor, code, text, most, now, pictures)
        return party_cases.finish(session, ticket, event, now, post)


def name(
    session: Session, ticket: Ticket, actor: Actor, code: str, text: str, most: int, now: datetime,
    pictures: Sequence[int] = (),
) -> Event:  # fmt: skip
    """Make an organisation a responsible party. One that a dispute named before stands one hop further."""
    organisation = organisations.find(session, code)
    rows = party_cases.of_ticket(session, ticket)
    hop = _refuse_or_hop(ticket, organisation, rows, most, now)
    if organisation is None or hop > rule.MAX_HOPS:
        raise Invalid({"code": "unknown_organisation" if organisation is None else "hops_used"})
    case = _fresh(session, ticket, organisation, next((c for c, o in rows if o.id == organisation.id), None))
    case.hop, case.added_at, case.added_by_id = hop, now, actor.user_id
    cases.admit(session, ticket, organisation, "party", now)
    data = data_of(organisation, hop=hop) | acting.said(session, ticket, actor)
    event = attachments.entry(session, ticket, "party_added", actor, now, data, {"text": text}, pictures)
    clocks.void(session, ticket, ["close"], now)
    limit = clocks.limits(session, ticket)["party_reply"]
    clocks.start(session, ticket, "party_reply", limit, now, organisation_id=organisation.id)
    arbitration.rehear(session, ticket, now)
    return event


def _refuse_or_hop(
    ticket: Ticket, organisation: Organisation | None, rows: list[party_cases.Case], most: int, now: datetime
) -> int:
    """The hop of the new party. Raises Invalid(code)."""
    if organisation is None:
        raise Invalid({"code": "unknown_organisation"})
    refused = rule.refusal(
        party_cases.candidate(organisation), own_id=ticket.handling_site_id, most=most, now=now,
        known=[o.id for case, o in rows if case.state != rule.REMOVED], present=len(party_cases.present(rows)),
    )  # fmt: skip
    if refused:
        raise Invalid({"code": refused})
    return rule.next_hop(
        case.hop for case, _o in rows if case.named_id == organisation.id and case.state == rule.NOT_LIABLE
    )


def _fresh(session: Session, ticket: Ticket, organisation: Organisation, old: PartyCase | None) -> PartyCase:
    """A case as it begins; one that was removed begins anew in its own row."""
    if old is None:
        old = PartyCase(ticket_id=ticket.id, organisation_id=organisation.id)
        session.add(old)
    old.state, old.urge_count = rule.ASKED, 0
    old.urged_at = old.answered_at = old.contest_until = old.ruled_at = None
    old.named_id = old.rejected_by_id = old.rejected_by_user_id = old.court_id = old.ruled_by_id = old.share = None
    old.ruling_clock_id = None
    return old


def remove(*, actor: Actor, post: Post, party: str, text: str, now: datetime) -> Outcome:
    """Take back that an organisation is a party, with the reason; its clock is void and it has nothing more to do.

    What is disputed is decided and not taken away. Raises Invalid (`party`, `text`), NotFound, NotAllowed, Stale.
    """
    party_cases.require(party_cases.text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "remove_party", actor)
        case, organisation = party_cases.named(session, ticket, party, rule.MAY_LEAVE)
        case.state, case.contest_until = rule.REMOVED, None
        row = session.get_one(Party, (ticket.id, organisation.id))
        work.parties_change(session, ticket)
        row.role = "ordered" if organisation.id in cases.of(ticket).ordered else "former"
        data = data_of(organisation) | acting.said(session, ticket, actor)
        event = journal.append(session, ticket, "party_removed", actor=actor, now=now, data=data, text={"text": text})
        clocks.void(session, ticket, ["party_reply"], now, organisation_id=organisation.id)
        return party_cases.finish(session, ticket, event, now, post)


def urge(*, actor: Actor, post: Post, party: str, now: datetime) -> Outcome:
    """Urge a party that owes its answer (催办), at most once in 30 minutes; its duty phone is told with the next SMS.

    Raises Invalid(party), NotFound, NotAllowed ("urged_recently", with `at`: when it is possible again), Stale.
    """
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "urge_party", actor)
        case, organisation = party_cases.named(session, ticket, party, (rule.ASKED, rule.PRESUMED))
        clock = party_cases.reply_clock(session, ticket, organisation.id)
        if clock is None:
            raise NotAllowed("party_answered")
        possible = rule.urge_possible_at(case.urged_at, now)
        if possible > now:
            raise NotAllowed("urged_recently", at=possible)
        case.urged_at, case.urge_count = now, case.urge_count + 1
        data = data_of(organisation, n=case.urge_count, run=clock.run) | acting.said(session, ticket, actor)
        event = journal.append(session, ticket, "party_urged", actor=actor, now=now, data=data)
        reminders.note(session, ticket, clock, f"urge_{case.urge_count}", now)
        return party_cases.finish(session, ticket, event, now, post)


def answer(*, actor: Actor, post: Post, text: str, now: datetime, pictures: Sequence[int] = ()) -> Outcome:
    """A party says what happened; stops its clock. After its time it stays presumed responsible, but it has answered.

    Raises Invalid (`text`, `file`), NotFound, NotAllowed, Stale.
    """
    party_cases.require(party_cases.text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "answer_as_party", actor)
        case, organisation = party_cases.own(session, ticket, actor, (rule.ASKED, rule.PRESUMED))
        presumption.catch_up(session, ticket, case, organisation, now)
        data = data_of(organisation, late=case.state == rule.PRESUMED)
        event = attachments.entry(session, ticket, "party_answered", actor, now, data, {"text": text}, pictures)
        case.state = rule.ANSWERED if case.state == rule.ASKED else case.state
        party_cases.stop_reply(session, ticket, case, now)
        return party_cases.finish(session, ticket, event, now, post)
