"""Scorecards, first version: a site's month from four measures, its rank, and the list of a province (rulebook 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, true
from sqlalchemy.orm import Session, aliased

from app.domain import scoring
from app.domain.calendars import month_bounds, month_of
from app.domain.errors import NotAllowed, NotFound
from app.domain.roles import Actor
from app.domain.scoring import Measure, Score
from app.extensions import db
from app.models import Organisation, Ticket
from app.services import journal, scorecard_facts
from app.services.scorecard_facts import Facts, Span

ASSESSED = ("site", "hub")
PAGE = 100
FIRST_MONTH = "2000-01"  # nothing can lie before it


@dataclass(frozen=True)
class Site:
    """The organisation of a card with its province, both labels each."""

    id: int
    code: str
    kind: str
    name: str
    name_en: str
    province: str
    province_en: str


@dataclass(frozen=True)
class Card:
    """One month of one site. Times are whole seconds, scores tenths of a point; None is printed as "—"."""

    month: str
    site: Site
    draft: bool
    facts: Facts
    score: Score
    rank: tuple[int, int] | None
    previous_tenths: int | None
    handling_median_seconds: int | None
    handling_p90_seconds: int | None
    categories: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Line:
    """One site in the list of a month."""

    site: Site
    facts: Facts
    score: Score
    rank: tuple[int, int] | None


@dataclass(frozen=True)
class Listing:
    """A page of the month's list, best score first; `more` tells that another page follows."""

    lines: tuple[Line, ...]
    more: bool


def site_month(*, actor: Actor, month: str, organisation_code: str, now: datetime) -> Card:
    """The card of a site or hub for a month "YYYY-MM" (Asia/Shanghai); the current month is a running draft.

    The number of statements does not depend on how many sites or tickets there are. Raises NotFound for a malformed
    or future month and for an organisation that is unknown or outside the scope, NotAllowed for a role without cards.
    """
    session = db.session()
    span = span_of(month, now)
    site = load_site(session, actor, organisation_code)
    peers = _peers(session, span, site.kind)
    own = peers.get(site.id, Facts())
    scored = score_of(own)
    seconds = scorecard_facts.handling_seconds(session, span, site.id)
    return Card(
        month=month, site=site, draft=month == month_of(now), facts=own, score=scored,
        rank=_rank(site.id, own, peers), previous_tenths=_previous(session, site.id, span),
        handling_median_seconds=scoring.median(seconds), handling_p90_seconds=scoring.percentile(seconds, 90),
        categories=tuple(scorecard_facts.category_counts(session, span, site.id)),
    )  # fmt: skip


def province_list(*, actor: Actor, month: str, now: datetime, page: int = 1) -> Listing:
    """The sites in the actor's scope with their scores, at most 100 a page. Raises NotFound, NotAllowed."""
    session = db.session()
    span = span_of(month, now)
    sites = _sites(session, assessed_by(actor))
    facts = scorecard_facts.month_facts(session, span)
    scores = {site.id: score_of(facts.get(site.id, Facts())) for site in sites}
    sites.sort(key=lambda site: (-(_total(scores[site.id])), site.code))
    shown = sites[(page - 1) * PAGE : page * PAGE]
    kinds = {kind: _of_kind(session, facts, kind) for kind in sorted({site.kind for site in shown})}
    lines = (
        Line(s, own, scores[s.id], _rank(s.id, own, kinds[s.kind])) for s in shown for own in [facts.get(s.id, Facts())]
    )
    return Listing(tuple(lines), len(sites) > page * PAGE)


def below(session: Session, actor: Actor, month: str, now: datetime, site_id: int, limit: int) -> list[Line]:
    """The sites in scope by falling id below `site_id` with their scores and ranks; one more than `limit` if any.

    Raises NotFound, NotAllowed.
    """
    span = span_of(month, now)
    own = Organisation.id
    asked = select(own).where(own < site_id, Organisation.kind.in_(ASSESSED), assessed_by(actor))
    ids = list(session.scalars(asked.order_by(own.desc()).limit(limit + 1)))
    sites = sorted(_sites(session, own.in_(ids)), key=lambda site: -site.id)
    facts = scorecard_facts.month_facts(session, span)
    kinds = {kind: _of_kind(session, facts, kind) for kind in sorted({site.kind for site in sites})}
    return [
        Line(s, own_facts, score_of(own_facts), _rank(s.id, own_facts, kinds[s.kind]))
        for s in sites for own_facts in [facts.get(s.id, Facts())]
    ]  # fmt: skip


def count(session: Session, actor: Actor, month: str, now: datetime, site_id: int, most: int) -> int:
    """How many sites `below` has, at most `most`."""
    span_of(month, now)
    ids = select(Organisation.id).where(Organisation.id < site_id, Organisation.kind.in_(ASSESSED), assessed_by(actor))
    return session.scalar(select(func.count()).select_from(ids.limit(most).subquery())) or 0


def measures_of(facts: Facts) -> tuple[Measure, ...]:
    """The eight measures of the rulebook with their weights; what is not recorded yet has no cases."""
    return (
        Measure("first_reply", 20, facts.first_reply_in_time, facts.first_reply_due),
        Measure("result", 25, facts.resolve_in_time, facts.resolve_due),
        Measure("party_reply", 5, facts.party_reply_in_time, facts.party_reply_due),
        Measure("audit", 20, 0, 0),
        Measure("appeal", 10, facts.upheld, facts.results, inverse=True),
        Measure("promise", 10, 0, 0),
        Measure("satisfaction", 5, 0, 0, scale=scoring.SATISFACTION_SCALE),
        Measure("repeat", 5, facts.repeats, facts.tickets, inverse=True),
    )


def score_of(facts: Facts) -> Score:
    """Points, score and grade of a month."""
    return scoring.score(measures_of(facts))


def as_json(card: Card) -> str:
    """The card's numbers in the one canonical spelling (sorted keys, no blanks). Points and score have one decimal."""
    measures = {
        m.key: {
            "numerator": m.numerator,
            "denominator": m.denominator,
            "weight": m.weight,
            "points": decimal(m.points_tenths),
        }
        for m in card.score.measures
    }
    return journal.canonical({
        "month": card.month, "code": card.site.code, "measures": measures,
        "tickets": card.facts.tickets, "open": card.facts.open,
        "handling_median_seconds": card.handling_median_seconds, "handling_p90_seconds": card.handling_p90_seconds,
        "score": decimal(card.score.total_tenths), "grade": card.score.grade,
        "rank": list(card.rank) if card.rank else None,
    })  # fmt: skip


def decimal(tenths: int | None) -> float | None:
    """Tenths as a number with one decimal for output; nothing is computed with it."""
    return None if tenths is None else tenths / 10


def all_facts(*, now: datetime) -> dict[str, Any]:
    """Every site's and month's counts from the first ticket until `now`, to be held against another computation.

    {"tickets": all there are, "sites": [{"site": code, "month": "YYYY-MM", and the counts of `Facts`}]}, by month and
    code.
    """
    session = db.session()
    total, first = session.execute(select(func.count(), func.min(Ticket.opened_at))).one()
    codes = {row.id: row.code for row in session.execute(select(Organisation.id, Organisation.code))}
    rows: list[dict[str, Any]] = []
    month = month_of(first) if first else ""
    while month and month <= month_of(now):
        found = scorecard_facts.month_facts(session, span_of(month, now))
        named = sorted(((codes[key], facts) for key, facts in found.items()), key=lambda pair: pair[0])
        rows += ({"site": code, "month": month, **asdict(facts)} for code, facts in named)
        month = month_of(month_bounds(month)[1])
    return {"tickets": total, "sites": rows}


def span_of(month: str, now: datetime) -> Span:
    """The month as instants. Raises NotFound for one that is malformed or lies in the future."""
    try:
        span = Span.of(month, now)
    except (ValueError, OverflowError):
        raise NotFound("month_not_found") from None
    if span.start > now or month < FIRST_MONTH:
        raise NotFound("month_not_found")
    return span


def assessed_by(actor: Actor) -> ColumnElement[bool]:
    """The condition on `organisation`: whose cards the actor sees (rulebook 1). Raises NotAllowed for other roles."""
    if actor.role == "system":
        return true()
    if not actor.can("scorecard"):
        raise NotAllowed("not_allowed")
    if actor.desk == "site" and actor.organisation_id is not None:
        return Organisation.id == actor.organisation_id
    if actor.desk == "lcs" and actor.province_id is not None:
        return Organisation.province_id == actor.province_id
    return true() if actor.desk == "ccs" else false()


def load_site(session: Session, actor: Actor, code: str) -> Site:
    """The assessed organisation with that code inside the scope. Raises NotFound, NotAllowed."""
    found = _sites(session, assessed_by(actor) & (Organisation.code == code))
    if not found:
        raise NotFound("organisation_not_found")
    return found[0]


def _sites(session: Session, condition: ColumnElement[bool]) -> list[Site]:
    above = aliased(Organisation)
    own = Organisation
    statement = (
        select(own.id, own.code, own.kind, own.name, own.name_en, above.name, above.name_en)
        .outerjoin(above, above.id == own.province_id)
        .where(own.kind.in_(ASSESSED), condition)
        .order_by(own.code)
    )
    rows = session.execute(statement)
    return [Site(*row[:5], province=row[5] or "", province_en=row[6] or "") for row in rows]


def _peers(session: Session, span: Span, kind: str) -> dict[int, Facts]:
    return _of_kind(session, scorecard_facts.month_facts(session, span), kind)


def _of_kind(session: Session, facts: Mapping[int, Facts], kind: str) -> dict[int, Facts]:
    """Sites are ranked among sites, hubs among hubs."""
    ids: Iterable[int] = session.scalars(select(Organisation.id).where(Organisation.kind == kind))
    return {key: facts[key] for key in ids if key in facts}


def _rank(site_id: int, own: Facts, peers: Mapping[int, Facts]) -> tuple[int, int] | None:
    """Rank in the own volume band; the other bands are left out before scoring, which is the expensive part."""
    band = scoring.volume_band(own.tickets)
    same = ((str(key), score_of(f).total_tenths) for key, f in peers.items() if scoring.volume_band(f.tickets) == band)
    return scoring.rank_in_band(str(site_id), [(key, band, total) for key, total in same])


def _previous(session: Session, site_id: int, span: Span) -> int | None:
    before = Span.of(month_of(span.start - timedelta(seconds=1)), span.now)
    facts = scorecard_facts.month_facts(session, before, site_id).get(site_id)
    return score_of(facts).total_tenths if facts else None


def _total(score: Score) -> int:
    return -1 if score.total_tenths is None else score.total_tenths
