"""A party disputes its liability (责任申诉), the handling site agrees or rejects (rulebook 3.10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import responsibility as rule
from app.domain.errors import Invalid, NotAllowed
from app.domain.lifecycle import AT_HEADQUARTERS
from app.domain.roles import Actor
from app.models import Organisation, PartyCase, Ticket
from app.services import (
    acting,
    arbitration,
    attachments,
    desk,
    journal,
    organisations,
    parties,
    party_cases,
    presumption,
)
from app.services.desk import Outcome, Post
from app.services.party_cases import data_of
from app.services.transaction import write


@dataclass(frozen=True)
class DisputeIn:
    """Why a party is not liable: one of REASONS, its words and pictures, and whom it names instead, if anybody."""

    reason: str
    text: str
    other_code: str = ""
    pictures: Sequence[int] = ()


def dispute(*, actor: Actor, post: Post, why: DisputeIn, now: datetime) -> Outcome:
    """Contest that the own organisation is liable; stops its clock, and the handling site has the limit `ruling`.

    One that is presumed responsible may until its day to contest is over. Raises Invalid (`reason`, `text`,
    `other_code`, `file`), NotFound, NotAllowed ("contest_over"), Stale.
    """
    errors = {} if why.reason in rule.REASONS else {"reason": "required"}
    party_cases.require(errors | party_cases.text_errors(why.text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "dispute", actor)
        case, organisation = party_cases.own(session, ticket, actor, (rule.ASKED, rule.PRESUMED))
        presumption.catch_up(session, ticket, case, organisation, now)
        if case.state == rule.PRESUMED and (case.contest_until is None or now > case.contest_until):
            raise NotAllowed("contest_over")
        other = _other(session, ticket, organisation, why, now)
        case.state, case.contest_until, case.named_id = rule.DISPUTED, None, other.id if other else None
        data = data_of(organisation, reason=why.reason, hop=case.hop)
        data |= {"named_id": other.id, "named_code": other.code} if other else {}
        words = {"text": why.text}
        event = attachments.entry(session, ticket, "party_disputed", actor, now, data, words, why.pictures)
        party_cases.stop_reply(session, ticket, case, now)
        party_cases.start_ruling(session, ticket, case, party_cases.handler_id(ticket), now)
        return party_cases.finish(session, ticket, event, now, post)


def _other(
    session: Session, ticket: Ticket, own: Organisation, why: DisputeIn, now: datetime
) -> Organisation | None:  # fmt: skip
    """Whom the dispute names. Raises Invalid(other_code)."""
    if not why.other_code.strip():
        party_cases.require({"other_code": "required"} if why.reason == "other_party" else {})
        return None
    other = organisations.find(session, why.other_code)
    if other is None:
        raise Invalid({"other_code": "unknown_organisation"})
    known = [o.id for case, o in party_cases.of_ticket(session, ticket) if case.state != rule.REMOVED]
    if ticket.handling_site_id is not None:
        known.append(ticket.handling_site_id)
    candidate = party_cases.candidate(other)
    refused = rule.refusal(candidate, own_id=own.id, known=known, present=0, most=1, now=now)
    party_cases.require({"other_code": refused} if refused else {})
    return other


def agree(
    *, actor: Actor, post: Post, party: str, add_named: bool, text: str, most: int, now: datetime
) -> Outcome:  # fmt: skip
    """The handling site agrees: the party is not liable. With `add_named` the one it named is asked instead (`text`
    says what); beyond the third hop CCS decides.

    Raises Invalid (`party`, `text`, `add_named`), NotFound, NotAllowed, Stale.
    """
    party_cases.require(party_cases.text_errors(text, required=False))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "agree_dispute", actor)
        case, organisation = party_cases.named(session, ticket, party, (rule.DISPUTED,))
        named = session.get(Organisation, case.named_id) if case.named_id and add_named else None
        too_far = named is not None and rule.next_hop([case.hop]) > rule.MAX_HOPS
        party_cases.end_ruling(session, ticket, case, now)
        case.state = rule.NOT_LIABLE
        data = data_of(organisation, to_ccs=too_far) | acting.said(session, ticket, actor)
        said = {"text": text} if text.strip() and (named is None or too_far) else None
        event = journal.append(session, ticket, "dispute_agreed", actor=actor, now=now, data=data, text=said)
        if too_far:
            arbitration.to_court(session, ticket, case, AT_HEADQUARTERS, now)
        elif named is not None:
            _ask_instead(session, ticket, actor, named, text, most, now)
        return party_cases.finish(session, ticket, event, now, post)


def _ask_instead(
    session: Session, ticket: Ticket, actor: Actor, named: Organisation, text: str, most: int, now: datetime
) -> None:
    party_cases.require(party_cases.text_errors(text))
    try:
        parties.name(session, ticket, actor, named.code, text, most, now)
    except Invalid as error:
        raise Invalid(
            {"add_named" if field == "code" else field: code for field, code in error.fields.items()}
        ) from None


def reject(
    *, actor: Actor, post: Post, party: str, text: str, now: datetime, pictures: Sequence[int] = ()
) -> Outcome:  # fmt: skip
    """The handling site rejects a dispute with counter-evidence; either side may then report to arbitration.

    Raises Invalid (`party`, `text`, `file`), NotFound, NotAllowed, Stale.
    """
    party_cases.require(party_cases.text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "reject_dispute", actor)
        case, organisation = party_cases.named(session, ticket, party, (rule.DISPUTED,))
        data = data_of(organisation) | acting.said(session, ticket, actor)
        event = attachments.entry(session, ticket, "dispute_rejected", actor, now, data, {"text": text}, pictures)
        _rejected_by(case, actor)
        party_cases.end_ruling(session, ticket, case, now)
        return party_cases.finish(session, ticket, event, now, post)


def _rejected_by(case: PartyCase, actor: Actor) -> None:
    case.state = rule.REJECTED
    case.rejected_by_id, case.rejected_by_user_id = actor.organisation_id, actor.user_id
