"""One entry explained: rule and version, what happened to the second, the arithmetic, who contested it. Select only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.penalty_rules import NoRule, PenaltyRule, cap_of
from app.domain.roles import Actor
from app.models import Event, Organisation, Penalty, PenaltyContest, Ticket
from app.services import explain, penalty_contest_view, penalty_contests, penalty_rules, penalty_view
from app.services.explain import ClockView
from app.services.penalty_contest_view import Row
from app.services.penalty_view import Line
from app.services.scope import visible_to

AROUND = ("exemption_asked", "clock_exempted", "exemption_refused", "exemption_revoked")  # of the same clock run


@dataclass(frozen=True)
class Explained:
    """An entry with everything that its page says. `opens`: the reader sees the ticket itself. `hindrance`: why the
    reader cannot contest it, "" when they can. `before`: capped entries of the ticket that stood before it."""

    line: Line
    ticket: Ticket
    rule: PenaltyRule
    cap_fen: int | None
    run: ClockView | None
    events: Sequence[tuple[Event, Organisation | None]]
    exemptions: Sequence[Event]
    contests: Sequence[Row]
    siblings: Sequence[Penalty]
    corrects: Penalty | None
    opens: bool
    hindrance: str
    hands: Collection[int | None]


def view(session: Session, actor: Actor, penalty_id: int, now: datetime) -> Explained:
    """The explanation of an entry in the actor's scope. Raises NotFound."""
    line = penalty_view.load(session, actor, penalty_id)
    row = line.penalty
    ticket = session.get_one(Ticket, row.ticket_id)
    contests = penalty_contest_view.of_fact(session, row)
    rules = penalty_rules.rules(session)
    rule = next((one for one in rules if (one.code, one.version) == (row.rule, row.rule_version)), None)
    if rule is None:
        raise NoRule("no_penalty_rule", rule=row.rule)
    return Explained(
        line=line, ticket=ticket, rule=rule, cap_fen=cap_of(rules, rule.cap_group, row.decided_at),
        run=_run(session, ticket, row), events=_events(session, ticket, row),
        exemptions=_exemptions(session, ticket, row), contests=contests,
        siblings=[one for one in _all(session, row) if one.id != row.id],
        corrects=session.get(Penalty, row.corrects_id) if row.corrects_id else None,
        opens=session.scalar(select(Ticket.id).where(Ticket.id == ticket.id, visible_to(actor))) is not None,
        hindrance=penalty_contests.hindrance(session, row, line.organisation, _last(contests), actor, now),
        hands=_hands(session, contests, actor),
    )  # fmt: skip


def _last(contests: Sequence[Row]) -> PenaltyContest | None:
    return contests[-1].contest if contests else None


def _hands(session: Session, contests: Sequence[Row], actor: Actor) -> Collection[int | None]:
    """Who may not decide the open contest, the reader among them where they had a hand in the ticket."""
    waiting = [one.contest for one in contests if one.contest.state == "open"]
    return penalty_contests.as_rule(session, waiting, actor)[waiting[0].id].hands if waiting else ()


def _run(session: Session, ticket: Ticket, row: Penalty) -> ClockView | None:
    """The clock run behind it with all its legs, where a clock is behind it."""
    kind, _colon, run = row.cause.partition(":")
    if not run.isdecimal():
        return None
    found = explain.runs_of(session, ticket)
    clock = next((one for one in found if (one.kind, one.run) == (kind, int(run))), None)
    return explain.of_run(session, ticket, clock) if clock else None


def _events(session: Session, ticket: Ticket, row: Penalty) -> list[tuple[Event, Organisation | None]]:
    found = [one for one in explain.events_of(session, ticket, Event.id.in_(row.event_ids)) if one.id in row.event_ids]
    ids = {event.organisation_id for event in found if event.organisation_id}
    places = {place.id: place for place in session.scalars(select(Organisation).where(Organisation.id.in_(ids)))}
    return [(event, places.get(event.organisation_id or 0)) for event in found]


def _exemptions(session: Session, ticket: Ticket, row: Penalty) -> list[Event]:
    """What was asked and decided about leaving this run out of the measures."""
    kind, _colon, run = row.cause.partition(":")
    if not run.isdecimal():
        return []
    found = [one for one in explain.events_of(session, ticket, Event.type.in_(AROUND)) if one.type in AROUND]
    own = [kind, int(run)]
    return [one for one in found if own in (one.data.get("runs") or [[one.data.get("kind"), one.data.get("run")]])]


def _all(session: Session, row: Penalty) -> list[Penalty]:
    """Every entry of the ticket that the organisation pays."""
    mine = select(Penalty).where(Penalty.ticket_id == row.ticket_id, Penalty.organisation_id == row.organisation_id)
    return list(session.scalars(mine.order_by(Penalty.id)))
