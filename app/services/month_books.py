"""Everybody's month in one go: the figures of all sites, hubs, provinces and headquarters from the tables.

A fixed number of grouped statements, whatever the size of the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import scorecards as cards
from app.domain.calendars import local_date
from app.domain.scorecards import ABOVE, ASSESSED, Facts, Figures, Node
from app.domain.scoring import Score
from app.domain.scoring_scheme import Scheme
from app.models import DeliveryVolume, FrozenCard, Organisation, Ticket
from app.services import months, penalty_totals, scorecard_facts, scorecard_spread, scoring_schemes
from app.services.scorecard_facts import Span
from app.services.scorecard_spread import EVERYBODY

NOTHING: tuple[None, None] = (None, None)


@dataclass(frozen=True)
class Books:
    """A month of the whole network: who is in it, the figures by organisation id (rolled up), the version."""

    month: str
    nodes: tuple[Node, ...]
    figures: Mapping[int, Figures]
    scheme: Scheme
    people: scorecard_facts.People

    def bodies(self) -> dict[int, dict[str, Any]]:
        """Every card's body by organisation id."""
        return cards.bodies(month=self.month, nodes=self.nodes, figures=self.figures, scheme=self.scheme)


def books(session: Session, month: str, span: Span, scheme: Scheme) -> Books:
    """The month from the tables as they stand."""
    people: scorecard_facts.People = {}
    facts = scorecard_facts.month_facts(session, span, people=people)
    spread = scorecard_spread.handling(session, span)
    nodes = everybody(session, span, facts.keys() | spread.keys())
    beside = _beside(session, month, span, nodes, spread | scorecard_spread.handling_above(session, span))
    whole = cards.roll_up(nodes, facts)
    figures = {node.id: cards.with_facts(beside[node.id], whole[node.id]) for node in nodes}
    return Books(month, nodes, figures, scheme, people)


def everybody(session: Session, span: Span, counted: Any) -> tuple[Node, ...]:
    """Who gets a card, by code: headquarters, provinces, sites and hubs; a closed one only if it has any case, one
    that is not on board yet too."""
    own = Organisation
    statement = select(own).where(own.kind.in_((*ASSESSED, *ABOVE))).order_by(own.code)
    first, last = local_date(span.start), local_date(span.end)
    return tuple(
        node(row) for row in session.scalars(statement)
        if row.id in counted or row.kind in ABOVE
        or not ((row.closed_from and row.closed_from <= first) or (row.onboarded_from and row.onboarded_from >= last))
    )  # fmt: skip


def node(row: Organisation) -> Node:
    """An organisation as the month sees it."""
    return Node(
        row.id, row.code, row.kind, row.name, row.name_en, row.id if row.kind == "province" else row.province_id,
        row.onboarded_from.isoformat() if row.onboarded_from else "",
    )  # fmt: skip


def _beside(
    session: Session, month: str, span: Span, nodes: Sequence[Node], spread: scorecard_spread.Spread
) -> dict[int, Figures]:
    """All but the counts: percentiles, categories, root causes, penalties, volumes, the score of the month before."""
    by_category = scorecard_spread.counts(session, span, Ticket.category)
    by_cause = scorecard_spread.counts(session, span, Ticket.root_cause)
    penalties = {key: vars(own) for key, own in penalty_totals.totals(session, month, None).items()}
    volumes, previous = delivered(session, month), scores_before(session, month)
    members = members_of(nodes)
    return {
        one.id: Figures(
            handling=spread.get(EVERYBODY if one.kind == "headquarters" else one.id, NOTHING),
            penalties=_sum([penalties.get(key) for key in members[one.id]]),
            categories=scorecard_spread.together(by_category.get(key, ()) for key in members[one.id]),
            causes=scorecard_spread.together(by_cause.get(key, ()) for key in members[one.id]),
            delivered=volume_of(one, members[one.id], volumes), previous=previous.get(one.id),
        )
        for one in nodes
    }  # fmt: skip


def members_of(nodes: Sequence[Node]) -> dict[int, list[int]]:
    """Whose cases each card counts: its own; a province's also those of its sites, headquarters' everybody's."""
    members: dict[int, list[int]] = {one.id: [one.id] for one in nodes if one.kind != "headquarters"}
    for one in nodes:
        if one.province_id is not None and one.province_id != one.id and one.province_id in members:
            members[one.province_id].append(one.id)
    everyone = [one.id for one in nodes]
    return members | {one.id: everyone for one in nodes if one.kind == "headquarters"}


def _sum(every: Sequence[Mapping[str, int] | None]) -> dict[str, int]:
    found = dict(vars(penalty_totals.Totals()))
    for own in every:
        for name, value in (own or {}).items():
            found[name] += value
    return found


def delivered(session: Session, month: str) -> dict[int, int]:
    """The imported volumes of a month by organisation id."""
    statement = select(DeliveryVolume.organisation_id, DeliveryVolume.delivered).where(DeliveryVolume.month == month)
    return {key: int(number) for key, number in session.execute(statement)}


def volume_of(one: Node, members: Sequence[int], volumes: Mapping[int, int]) -> int | None:
    """Its own imported volume; without one the sum of its members', if any has one."""
    if one.id in volumes:
        return volumes[one.id]
    known = [volumes[key] for key in members if key in volumes]
    return sum(known) if known else None


def scores_before(session: Session, month: str) -> dict[int, int | None]:
    """The frozen scores of the month before, in tenths, by organisation id; empty where it is not frozen."""
    statement = select(FrozenCard.organisation_id, FrozenCard.score).where(FrozenCard.month == months.before(month))
    return {row.organisation_id: row.score for row in session.execute(statement)}


def facts_alone(session: Session, span: Span, nodes: Sequence[Node]) -> dict[int, Facts]:
    """The rolled-up counts without anything beside them."""
    return cards.roll_up(nodes, scorecard_facts.month_facts(session, span))


def scores(
    session: Session, span: Span, scheme: Scheme
) -> tuple[dict[int, Facts], dict[int, Score], dict[int, tuple[int, int]]]:
    """Facts, scores and ranks of everybody who has a card, by organisation id."""
    counted = scorecard_facts.month_facts(session, span)
    nodes = everybody(session, span, counted.keys())
    facts = cards.roll_up(nodes, counted)
    found = {one.id: cards.score_of(facts[one.id], scheme) for one in nodes}
    placed = cards.ranks(nodes, facts, {key: own.total_tenths for key, own in found.items()}, scheme)
    return facts, found, placed


def one(session: Session, month: str, span: Span, scheme: Scheme, organisation_id: int) -> dict[str, Any]:
    """The body of one organisation's card from the tables as they stand. Others are scored only as far as they are
    ranked with it. While the month before is not frozen its score is counted, too."""
    counted = scorecard_facts.month_facts(session, span)
    nodes = everybody(session, span, {*counted, organisation_id})
    facts, members = cards.roll_up(nodes, counted), members_of(nodes)
    own = next(node for node in nodes if node.id == organisation_id)
    peers = cards.peers(own, nodes, facts, scheme)
    totals = {peer.id: cards.score_of(facts[peer.id], scheme).total_tenths for peer in peers}
    spread = scorecard_spread.handling_of(session, span, scorecard_facts.members(own.id, own.kind))
    penalties = penalty_totals.totals(session, month, None if own.kind in ABOVE else [own.id])
    figures = Figures(
        facts=facts[own.id], handling=spread,
        penalties=_sum([vars(penalties[key]) for key in members[own.id] if key in penalties]),
        categories=scorecard_spread.counts_of(session, span, Ticket.category, own.id, own.kind),
        causes=scorecard_spread.counts_of(session, span, Ticket.root_cause, own.id, own.kind),
        delivered=volume_of(own, members[own.id], delivered(session, month)),
        previous=_previous(session, month, span, own),
    )  # fmt: skip
    score = cards.score_of(figures.facts, scheme)
    return cards.body(month, own, figures, score, cards.ranks(peers, facts, totals, scheme).get(own.id), scheme)


def _previous(session: Session, month: str, span: Span, own: Node) -> int | None:
    earlier = months.before(month)
    if months.is_frozen(session, earlier):
        return scores_before(session, month).get(own.id)
    before = Span.of(earlier, span.now)
    alone = None if own.kind in ABOVE else own.id
    counted = scorecard_facts.month_facts(session, before, alone)
    nodes = [own] if alone else everybody(session, before, counted.keys())
    facts = cards.roll_up(nodes, counted)[own.id]
    return cards.score_of(facts, scoring_schemes.of_month(session, earlier)).total_tenths
