"""How a ticket ends without its site: a superior closes it, or it is withdrawn with proof (rulebook 3.11, 7.7).

The site's own closing stands with its other verbs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain import endings as rule
from app.domain import lifecycle
from app.domain.errors import Invalid, NotAllowed
from app.domain.roles import Actor
from app.models import Clock, Ticket
from app.services import attachments as pictures
from app.services import callbacks, clocks, desk, journal, moves
from app.services.desk import Outcome, Post
from app.services.replies import ROOT_CAUSES
from app.services.transaction import write


@dataclass(frozen=True)
class WithdrawalIn:
    """Why a ticket is withdrawn, in which words, and the ids of the pictures that prove it."""

    reason: str
    text: str
    attachments: Sequence[int] = ()


def intervene(*, actor: Actor, post: Post, root_cause: str, text: str, now: datetime) -> Outcome:
    """Close a ticket in the place of a site that did not, from the close clock's due + 4 h (rulebook 3.9, 3.11).

    The clock ends as late; the event with the run and its due proves the fee, which absorbs that lateness.
    Raises Invalid(root_cause, text), NotFound, Stale, NotAllowed ("too_early" with `at`, "no_close_clock",
    "not_urged", "help_open").
    """
    errors = {} if root_cause in ROOT_CAUSES else {"root_cause": "required"}
    _require(errors | _text_errors(text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        run = _late_close(session, ticket, actor, now)
        desk.move(ticket, "intervene", actor)
        ticket.root_cause, ticket.closed_at = root_cause, now
        data = {
            "site_id": ticket.handling_site_id, "kind": run.kind, "run": run.run, "due_at": run.due_at,
            "urged_at": ticket.urged_at, "root_cause": root_cause,
        }  # fmt: skip
        event = journal.append(session, ticket, "intervened", actor=actor, now=now, data=data, text={"text": text})
        clocks.stop(session, ticket, ["close", "objection", "delivery", "legal"], now)
        return desk.finish(session, ticket, event, now, post)


def _late_close(session: Session, ticket: Ticket, actor: Actor, now: datetime) -> Clock:
    """The close run that is overdue enough. A superior hears why not; to everybody else the step is not open."""
    facts = desk.facts_of(ticket)
    line = lifecycle.BY_ACTION["intervene"]
    if facts.state not in line.sources or not line.desks & lifecycle.desks_of(actor, facts):
        raise NotAllowed("not_allowed")
    run = next(iter(clocks.running(session, ticket, ["close"])), None)
    against = rule.hindrance(
        now, close_started=run.started_at if run else None, close_due=run.due_at if run else None,
        urged_at=ticket.urged_at, help_open=ticket.help_asked_at is not None,
    )  # fmt: skip
    if run is None:
        raise NotAllowed(against)
    if against:
        raise NotAllowed(against, at=rule.intervention_from(run.due_at))
    return run


def withdraw(*, actor: Actor, post: Post, withdrawal: WithdrawalIn, now: datetime) -> Outcome:
    """Withdraw a complaint with a reason and its proof: out of all measures, and sampled for audit (rulebook 7.7).

    While a platform's order is open only the platform can cancel it: its complainant is the platform's. Raises
    Invalid(reason, text, file), NotFound, NotAllowed ("platform_must_cancel"), Stale.
    """
    errors = {} if withdrawal.reason in rule.WITHDRAWALS else {"reason": "required"}
    errors |= {} if withdrawal.attachments else {"file": "no_picture"}
    _require(errors | _text_errors(withdrawal.text))
    with write() as session:
        ticket = desk.take(session, actor, post)
        if before := desk.done_before(session, post):
            return before
        desk.move(ticket, "withdraw", actor)
        if callbacks.orders_of(session, ticket):
            raise NotAllowed("platform_must_cancel")
        data = {"reason": withdrawal.reason, "site_id": ticket.handling_site_id, "to_audit": True}
        said = {"text": withdrawal.text}
        event = pictures.entry(session, ticket, "withdrawn", actor, now, data, said, withdrawal.attachments)
        moves.take_out(session, ticket, now)
        return desk.finish(session, ticket, event, now, post)


def _text_errors(text: str) -> dict[str, str]:
    if not text.strip():
        return {"text": "required"}
    return {"text": "too_long"} if len(text) > desk.TEXT_LIMIT else {}


def _require(errors: dict[str, str]) -> None:
    if errors:
        raise Invalid(errors)
