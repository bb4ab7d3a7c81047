"""Everybody's month in one go: the figures of all sites, hubs, provinces and headquarters from the tables.

A fixed number of grouped statements, whatever the size of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
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


@dataclass(frozen=True)
class Counted:
    """Who is in a month and the rolled-up counts by organisation id. `at`: from when they are, where they are kept ones
    (`month_kept`). Nobody changes them."""

    nodes: tuple[Node, ...]
    facts: Mapping[int, Facts]
    scheme: Scheme
    at: datetime | None = None
    known: dict[int, Score] = field(default_factory=dict)  # the scores that were asked for

    def score(self, key: int) -> Score:
        """The score of one of them."""
        if key not in self.known:
            self.known[key] = cards.score_of(self.facts[key], self.scheme)
        return self.known[key]

    def with_own(self, own: Node, facts: Facts) -> Counted:
        """The same with other counts of a site or hub; provinces stay as they are."""
        nodes = (*(node for node in self.nodes if node.id != own.id), own)
        known = self.known.copy()
        known.pop(own.id, None)
        return replace(self, nodes=nodes, facts={**self.facts, own.id: facts}, known=known)


Count = Callable[[Session, Span, Scheme], Counted]


def counted(session: Session, span: Span, scheme: Scheme) -> Counted:
    """Everybody's counts as the tables stand."""
    facts = scorecard_facts.month_facts(session, span)
    nodes = everybody(session, span, facts.keys())
    return Counted(nodes, cards.roll_up(nodes, facts), scheme)


def scores(
    session: Session, span: Span, scheme: Scheme
) -> tuple[Mapping[int, Facts], dict[int, Score], dict[int, tuple[int, int]]]:
    """Facts, scores and ranks of everybody who has a card, by organisation id."""
    return placed(counted(session, span, scheme))


def placed(found: Counted) -> tuple[Mapping[int, Facts], dict[int, Score], dict[int, tuple[int, int]]]:
    """The same of counts that are there already."""
    every = {one.id: found.score(one.id) for one in found.nodes}
    totals = {key: own.total_tenths for key, own in every.items()}
    return found.facts, every, cards.ranks(found.nodes, found.facts, totals, found.scheme)


def one(
    session: Session, month: str, span: Span, scheme: Scheme, organisation_id: int, count: Count = counted
) -> tuple[dict[str, Any], datetime | None]:
    """The body of one organisation's card from the tables as they stand, and from when the kept counts in it are.

    Others are scored only as far as they are ranked with it. Where `count` gives kept counts, a site's or hub's own
    ones are counted all the same. While the month before is not frozen its score is counted, too.
    """
    own, found = _own(session, span, count(session, span, scheme), organisation_id)
    members = members_of(found.nodes)
    peers = cards.peers(own, found.nodes, found.facts, scheme)
    totals = {peer.id: found.score(peer.id).total_tenths for peer in peers}
    spread = scorecard_spread.handling_of(session, span, scorecard_facts.members(own.id, own.kind))
    penalties = penalty_totals.totals(session, month, None if own.kind in ABOVE else [own.id])
    previous, earlier = _previous(session, month, span, own, count)
    figures = Figures(
        facts=found.facts[own.id], handling=spread,
        penalties=_sum([vars(penalties[key]) for key in members[own.id] if key in penalties]),
        categories=scorecard_spread.counts_of(session, span, Ticket.category, own.id, own.kind),
        causes=scorecard_spread.counts_of(session, span, Ticket.root_cause, own.id, own.kind),
        delivered=volume_of(own, members[own.id], delivered(session, month)), previous=previous,
    )  # fmt: skip
    rank = cards.ranks(peers, found.facts, totals, scheme).get(own.id)
    body = cards.body(month, own, figures, found.score(own.id), rank, scheme)
    return body, min((at for at in (found.at, earlier) if at), default=None)


def _own(session: Session, span: Span, found: Counted, organisation_id: int) -> tuple[Node, Counted]:
    """The organisation, among everybody and with its own counts of now: of a site or hub they cost little."""
    own = next((node for node in found.nodes if node.id == organisation_id), None)
    if own is not None and (found.at is None or own.kind in ABOVE):
        return own, found
    own = own or node(session.get_one(Organisation, organisation_id))
    alone = {} if found.at is None else scorecard_facts.month_facts(session, span, own.id)
    return own, found.with_own(own, alone.get(own.id, Facts()))


def _previous(session: Session, month: str, span: Span, own: Node, count: Count) -> tuple[int | None, datetime | None]:
    """The score of the month before, and from when it is where it follows from kept counts."""
    earlier = months.before(month)
    if months.is_frozen(session, earlier):
        return scores_before(session, month).get(own.id), None
    before, scheme = Span.of(earlier, span.now), scoring_schemes.of_month(session, earlier)
    if own.kind in ABOVE and own.id in (found := count(session, before, scheme)).facts:
        return found.score(own.id).total_tenths, found.at
    alone = scorecard_facts.month_facts(session, before, own.id).get(own.id, Facts())
    return cards.score_of(alone, scheme).total_tenths, None
