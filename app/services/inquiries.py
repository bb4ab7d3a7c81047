"""Inquiries (咨询): a site asks its province or headquarters, reads the answer, accepts it or sends it back.

What customers and platforms ask, suggest or praise comes in by hand or pushed, like everything from outside; it is
answered with the same result, told and closed as a complaint is, and never penalised (rulebook 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain import kinds
from app.domain.errors import Invalid
from app.domain.lifecycle import AT_HEADQUARTERS
from app.domain.roles import Actor
from app.domain.waybills import is_acceptable, normalise
from app.services import (
    cases,
    clocks,
    desk,
    intake,
    journal,
    linked,
    moves,
    problem_cases,
    routing,
    settling,
    typed_forms,
)
from app.services.desk import Outcome, Post
from app.services.intake import ComplaintIn
from app.services.transaction import write

TO_LCS, TO_CCS = "lcs", "ccs"


@dataclass(frozen=True)
class QuestionIn:
    """What is asked of whom: TO_LCS or TO_CCS, about which parcel, if any."""

    to: str
    text: str
    category: str = "CONSULT"
    waybill: str = ""


def desks_to_ask(actor: Actor) -> tuple[str, ...]:
    """Whom this desk may ask: who stands above it."""
    above = {"site": (TO_LCS, TO_CCS), "lcs": (TO_CCS,)}.get(actor.desk, ())
    return above if actor.province_id is not None else tuple(to for to in above if to != TO_LCS)


def ask(*, actor: Actor, question: QuestionIn, key: str, now: datetime) -> str:
    """Ask one's province or headquarters; the ticket's number. Raises Invalid(to, text, waybill), and Stale where
    `key` was used for another form."""
    waybill = normalise(question.waybill)
    errors = _words(question.text, required=True)
    if question.to not in desks_to_ask(actor):
        errors["to"] = "required"
    if waybill and not is_acceptable(waybill):
        errors["waybill"] = "bad_waybill"
    _require(errors)
    with write() as session:
        if before := typed_forms.done_before(session, actor, key, question):
            return intake.number_of(session, before)
        place = actor.province_id if question.to == TO_LCS else cases.clock_desk(session, AT_HEADQUARTERS)
        if place is None:
            raise Invalid({"to": "no_desk"})
        asked = ComplaintIn(
            kind=kinds.INQUIRY, text=question.text, category=question.category, waybill=waybill, channel="web",
            reporter_id=actor.organisation_id, desk_id=place,
        )  # fmt: skip
        linked.lock(session, waybill)
        desk.drop_page_draft(session, actor, "ask")
        ticket = intake.place(session, asked, actor=actor, key=key, now=now)
        typed_forms.remember(session, actor, key, question, ticket, now)
        return ticket.number


def accept(*, actor: Actor, post: Post, text: str, now: datetime) -> Outcome:
    """Whoever asked accepts the answer, which closes the ticket. Raises Invalid(text), NotFound, NotAllowed, Stale."""
    _require(_words(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "accept_answer", actor)
        ticket.customer_accepted, ticket.closed_at = True, now
        ticket.accepted_at = ticket.accepted_at or now
        said = {"text": text.strip()} if text.strip() else None
        problem_cases.agree(session, ticket, now)
        event = journal.append(session, ticket, "answer_accepted", actor=actor, now=now, text=said)
        clocks.stop(session, ticket, settling.UNTIL_THE_END, now)
        return desk.finish(session, ticket, event, now, post)


def send_back(*, actor: Actor, post: Post, text: str, now: datetime) -> Outcome:
    """Whoever asked is not content: back to work with a new run. Raises Invalid(text), NotFound, NotAllowed, Stale."""
    _require(_words(text, required=True))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "return_answer", actor)
        ticket.customer_accepted = ticket.objection_over = False
        clocks.void(session, ticket, settling.UNTIL_THE_END, now)
        problem_cases.disagree(session, ticket, actor, now)
        event = journal.append(session, ticket, "answer_returned", actor=actor, now=now, text={"text": text.strip()})
        clocks.start_rework(session, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def recall(*, actor: Actor, post: Post, text: str, now: datetime) -> Outcome:
    """Whoever asked or reported takes it back before there is an answer, with the reason: nothing of it runs on.

    Raises Invalid(text), NotFound, NotAllowed, Stale.
    """
    _require(_words(text, required=True))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "recall_report", actor)
        problem_cases.agree(session, ticket, now)
        event = journal.append(session, ticket, "report_recalled", actor=actor, now=now, text={"text": text.strip()})
        moves.take_out(session, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def pass_up(*, actor: Actor, post: Post, text: str, now: datetime) -> Outcome:
    """The province hands an inquiry up: headquarters answers it, with clocks of its own.

    Raises Invalid(text), NotFound, NotAllowed, Stale.
    """
    _require(_words(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "pass_up", actor)
        above = cases.clock_desk(session, AT_HEADQUARTERS)
        if above is None:
            raise Invalid({"text": "no_desk"})
        said = {"text": text.strip()} if text.strip() else None
        event = journal.append(session, ticket, "passed_up", actor=actor, now=now, text=said)
        clocks.void(session, ticket, clocks.SITE_CLOCKS, now)
        routing.to_desk(session, ticket, above, now)
        return desk.finish(session, ticket, event, now, post)


def _words(text: str, *, required: bool = False) -> dict[str, str]:
    if required and not text.strip():
        return {"text": "required"}
    return {"text": "too_long"} if len(text) > desk.TEXT_LIMIT else {}


def _require(errors: dict[str, str]) -> None:
    if errors:
        raise Invalid(errors)
