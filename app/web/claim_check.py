"""Warns before a result leaves the house that claims what the trace does not show."""

from __future__ import annotations

from datetime import datetime

from app.domain.red_flags import NO_SCAN
from app.domain.roles import Actor
from app.extensions import db
from app.jobs import traces as carriers
from app.services import claims, scope, traces
from app.services.replies import ResultIn
from app.web import words_waybills


def warnings(actor: Actor, number: str, answer: ResultIn, now: datetime) -> list[str]:
    """The doubts in words. Where a delivery scan is missed, the carrier is asked first: it may know of one."""
    found, waybill = _doubts(actor, number, answer, now)
    carrier = carriers.carrier()
    if NO_SCAN in found and carrier is not None:
        traces.ask(carrier=carrier, waybills=[waybill], now=now)
        found, waybill = _doubts(actor, number, answer, now)
    words = words_waybills.doubts()
    return [words[flag] for flag in found]


def _doubts(actor: Actor, number: str, answer: ResultIn, now: datetime) -> tuple[tuple[str, ...], str]:
    session = db.session()
    ticket = scope.load(session, actor, number)
    found = claims.doubts(session, ticket, measure=answer.action_taken, signed_by=answer.signed_by, now=now)
    return found, ticket.waybill
