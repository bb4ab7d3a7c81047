"""Arbitration (上报仲裁): the LCS inside one province, else CCS, divides the duty; CCS is final (rulebook 3.10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import responsibility as rule
from app.domain.errors import Invalid, NotAllowed
from app.domain.lifecycle import AT_HEADQUARTERS, court_of
from app.domain.roles import SYSTEM, Actor
from app.models import Organisation, PartyCase, Ticket
from app.services import attachments, cases, desk, hands, journal, party_cases
from app.services.desk import Outcome, Post
from app.services.party_cases import Case, data_of
from app.services.transaction import write

# whoever wrote one of these in a ticket has spoken for a side and does not rule on it
SPOKE = (
    *hands.FOR_THE_SITE, "party_added", "party_removed", "party_urged", "party_answered", "party_disputed",
    "dispute_agreed", "dispute_rejected", "arbitration_raised", "evidence_delivered",
)  # fmt: skip


def arbitrate(
    *, actor: Actor, post: Post, party: str, text: str, now: datetime, pictures: Sequence[int] = ()
) -> Outcome:  # fmt: skip
    """Either side reports a rejected dispute to arbitration, or takes an LCS's ruling to CCS, which is final.

    A party speaks for itself; the handling site names the `party`. Raises Invalid (`party`, `text`, `file`), NotFound,
    NotAllowed, Stale.
    """
    party_cases.require(party_cases.text_errors(text, required=False))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "arbitrate", actor)
        case, organisation = _reported(session, ticket, actor, party)
        if case.state == rule.RULED and case.court_id == AT_HEADQUARTERS:
            raise NotAllowed("ccs_is_final")
        court = AT_HEADQUARTERS if case.state == rule.RULED else _court(session, ticket)
        data = data_of(organisation, court_id=court, against_ruling=case.state == rule.RULED)
        words = {"text": text} if text.strip() or pictures else {}
        event = attachments.entry(session, ticket, "arbitration_raised", actor, now, data, words, pictures)
        to_court(session, ticket, case, court, now)
        rehear(session, ticket, now)
        return party_cases.finish(session, ticket, event, now, post)


def _reported(session: Session, ticket: Ticket, actor: Actor, party: str) -> Case:
    states = (rule.REJECTED, rule.RULED)
    if actor.organisation_id in cases.of(ticket).rejected:
        return party_cases.own(session, ticket, actor, states)
    return party_cases.named(session, ticket, party, states)


def _court(session: Session, ticket: Ticket) -> int:
    """Who rules on this ticket's duty. What CCS has or had before it stays there: one ruling divides the whole. Where a
    service desk works the ticket itself it is a side, and CCS rules."""
    rows = party_cases.present(party_cases.of_ticket(session, ticket))
    if ticket.handling_site_id is None or any(case.court_id == AT_HEADQUARTERS for case, _organisation in rows):
        return AT_HEADQUARTERS
    return rule.court_of_case(ticket.province_id, [organisation.province_id for _case, organisation in rows])


def to_court(session: Session, ticket: Ticket, case: PartyCase, court: int, now: datetime) -> None:
    """The case lies before the court, whose clock `ruling` starts."""
    case.state, case.court_id = rule.ARBITRATION, court
    party_cases.start_ruling(session, ticket, case, cases.clock_desk(session, court), now)


def rehear(session: Session, ticket: Ticket, now: datetime) -> None:
    """Cases that lie before an LCS go to CCS once a party of another province is in, or CCS has one of them."""
    rows = party_cases.of_ticket(session, ticket)
    waiting = [(case, o) for case, o in rows if case.state == rule.ARBITRATION and case.court_id != AT_HEADQUARTERS]
    if not waiting or _court(session, ticket) == waiting[0][0].court_id:
        return
    for case, organisation in waiting:
        party_cases.end_ruling(session, ticket, case, now, moved=True)
        to_court(session, ticket, case, AT_HEADQUARTERS, now)
        data = data_of(organisation, court_id=AT_HEADQUARTERS)
        journal.append(session, ticket, "arbitration_moved", actor=SYSTEM, now=now, data=data)


def follow(session: Session, ticket: Ticket, now: datetime) -> None:
    """Somebody else handles the ticket: disputes that waited for the old one's answer wait for the new one's, and what
    lies before an LCS goes to CCS where its province is not everybody's any more."""
    if not ticket.cases:
        return
    for case, _organisation in party_cases.of_ticket(session, ticket):
        if case.state == rule.DISPUTED:
            party_cases.end_ruling(session, ticket, case, now, moved=True)
            party_cases.start_ruling(session, ticket, case, party_cases.handler_id(ticket), now)
    rehear(session, ticket, now)
    cases.fold(session, ticket)


def heard(session: Session, ticket: Ticket) -> tuple[list[Organisation], list[Organisation]]:
    """Who gets a share, whoever handles the ticket first, and of them those who still have to be heard before a
    ruling."""
    rows = party_cases.present(party_cases.of_ticket(session, ticket))
    handler = session.get(Organisation, party_cases.handler_id(ticket) or 0)
    places = {organisation.id: organisation for _case, organisation in rows}
    return [*([handler] if handler else []), *places.values()], unheard([case for case, _organisation in rows], places)


def unheard(found: Iterable[PartyCase], places: Mapping[int, Organisation]) -> list[Organisation]:
    """The parties that can still speak, or whose dispute the handling site has not answered."""
    waiting = [case for case in found if case.state in rule.UNHEARD or case.contest_until is not None]
    return [places[case.organisation_id] for case in waiting]


def rule_on(*, actor: Actor, post: Post, shares: Mapping[str, int | None], text: str, now: datetime) -> Outcome:
    """The court divides the duty: whole percent by organisation code, exactly 100 in all, with reasons.

    Raises Invalid (`share-<code>`, `text`), NotFound, NotAllowed ("own_work" for whoever wrote in the case,
    "party_not_heard" while a party may still speak), Stale.
    """
    party_cases.require(party_cases.text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "rule_dispute", actor)
        if is_own_work(session, ticket, actor):
            raise NotAllowed("own_work")
        sharers, waiting = heard(session, ticket)
        if waiting:
            raise NotAllowed("party_not_heard")
        given = {o.id: shares.get(o.code) for o in sharers}
        _check_shares(sharers, given)
        court = court_of(actor) or AT_HEADQUARTERS
        divided = [[o.id, o.code, given[o.id]] for o in sharers]
        data = {"court_id": court, "final": court == AT_HEADQUARTERS, "shares": divided}
        event = journal.append(session, ticket, "dispute_ruled", actor=actor, now=now, data=data, text={"text": text})
        for case, organisation in party_cases.present(party_cases.of_ticket(session, ticket)):
            _settle(session, ticket, actor, case, organisation, court, given[organisation.id] or 0, now)
        return party_cases.finish(session, ticket, event, now, post)


def is_own_work(session: Session, ticket: Ticket, actor: Actor) -> bool:
    """Whether the actor has spoken for a side of this ticket, or gave the ruling that is contested now."""
    ruled = select(PartyCase.id).where(
        PartyCase.ticket_id == ticket.id, PartyCase.state == rule.ARBITRATION, PartyCase.ruled_by_id == actor.user_id
    )
    return hands.has(session, ticket, actor, SPOKE) or session.scalar(ruled.limit(1)) is not None


def _check_shares(sharers: Sequence[Organisation], given: Mapping[int, int | None]) -> None:
    wrong = rule.share_errors(given, [organisation.id for organisation in sharers])
    if wrong:
        raise Invalid({f"share-{o.code}": wrong[o.id] for o in sharers if o.id in wrong})


def _settle(
    session: Session, ticket: Ticket, actor: Actor, case: PartyCase, organisation: Organisation, court: int,
    share: int, now: datetime,
) -> None:  # fmt: skip
    """Write the ruling on one party. Who rejected its dispute and is overturned by a share of 0 pays (rulebook 5); a
    final ruling that restores the rejection says so, too."""
    was, now_free = case.ruled_at is not None and case.share == 0, share == 0
    party_cases.end_ruling(session, ticket, case, now)
    case.state, case.court_id, case.share = rule.RULED, court, share
    case.ruled_at, case.ruled_by_id = now, actor.user_id
    if case.rejected_by_id is not None and was != now_free:
        kind = "rejection_overturned" if now_free else "rejection_restored"
        data = {
            "organisation_id": case.rejected_by_id, "user_id": case.rejected_by_user_id, "court_id": court,
            "party_id": organisation.id, "code": organisation.code, "share": share,
        }  # fmt: skip
        journal.append(session, ticket, kind, actor=actor, now=now, data=data)
