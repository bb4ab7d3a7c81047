"""Scorecards: a month of a site, hub, province or the network, its rank, and the list of a scope (rulebook 5).

A frozen month is served from its stored cards; any other one is counted from the tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import scorecards as cards
from app.domain.calendars import month_bounds, month_of
from app.domain.roles import Actor
from app.domain.scorecards import ASSESSED, Counts, Facts
from app.domain.scoring import Score
from app.extensions import db
from app.models import FrozenCard, MonthClose, Organisation, Ticket
from app.services import journal, month_books, month_kept, scorecard_facts, scoring_schemes
from app.services.scorecard_facts import Span
from app.services.scorecard_scope import FIRST_MONTH as FIRST_MONTH
from app.services.scorecard_scope import Site as Site
from app.services.scorecard_scope import assessed_by as assessed_by
from app.services.scorecard_scope import load_site as load_site
from app.services.scorecard_scope import own_code as own_code
from app.services.scorecard_scope import sites, span_of

PAGE = 100
KINDS = {"sites": ASSESSED, "provinces": ("province",)}  # the lists that there are


@dataclass(frozen=True)
class Card:
    """One month of one organisation. Times are whole seconds, scores tenths of a point, money fen; None prints "—".

    `digest` and `frozen_at` are empty until the month is frozen; `draft` is a month that still runs. `kept_at`: from
    when the counts are of those with whom it is ranked, a province's and headquarters' own ones too, where they are
    kept ones.
    """

    month: str
    site: Site
    draft: bool
    facts: Facts
    score: Score
    rank: tuple[int, int] | None
    previous_tenths: int | None
    handling_median_seconds: int | None
    handling_p90_seconds: int | None
    categories: Counts
    causes: Counts
    penalties: Mapping[str, int]
    delivered: int | None
    scheme: int
    least_cases: int
    digest: str = ""
    frozen_at: datetime | None = None
    kept_at: datetime | None = None


@dataclass(frozen=True)
class Line:
    """One organisation in the list of a month."""

    site: Site
    facts: Facts
    score: Score
    rank: tuple[int, int] | None


@dataclass(frozen=True)
class Listing:
    """A page of the month's list, best score first; `more` tells that another page follows. `kept_at`: from when the
    counts are, where they are kept ones."""

    lines: tuple[Line, ...]
    more: bool
    kept_at: datetime | None = None


def site_month(*, actor: Actor, month: str, organisation_code: str, now: datetime, sparing: bool = False) -> Card:
    """The card of an organisation for a month "YYYY-MM" (Asia/Shanghai); the current month is a running draft.

    `sparing`: those it is ranked with may have been counted a few minutes ago (`month_kept`). The number of statements
    does not depend on how many sites or tickets there are. Raises NotFound for a malformed or future month and for an
    organisation that is unknown or outside the scope, NotAllowed for a role without cards.
    """
    session = db.session()
    span = span_of(month, now)
    site = load_site(session, actor, organisation_code)
    scheme = scoring_schemes.of_month(session, month)
    frozen = session.execute(
        select(FrozenCard.body, FrozenCard.digest, MonthClose.frozen_at)
        .join(MonthClose, MonthClose.month == FrozenCard.month)
        .where(FrozenCard.month == month, FrozenCard.organisation_id == site.id)
    ).one_or_none()
    if frozen is not None:
        return card_of(json.loads(frozen[0]), site, scheme.min_cases, digest=frozen[1], frozen_at=frozen[2])
    plain, kept_at = month_books.one(session, month, span, scheme, site.id, _count(sparing))
    return replace(card_of(plain, site, scheme.min_cases, draft=month == month_of(now)), kept_at=kept_at)


def _count(sparing: bool) -> month_books.Count:
    return month_kept.counted if sparing else month_books.counted


def card_of(
    plain: Mapping[str, Any], site: Site, least_cases: int, *, draft: bool = False, digest: str = "",
    frozen_at: datetime | None = None,
) -> Card:  # fmt: skip
    """A body as a card."""
    median, p90 = plain["handling"]
    return Card(
        month=plain["month"], site=site, draft=draft, facts=cards.facts_of(plain), score=cards.scored(plain),
        rank=tuple(plain["rank"]) if plain["rank"] else None, previous_tenths=plain["previous"],
        handling_median_seconds=median, handling_p90_seconds=p90, categories=_pairs(plain["categories"]),
        causes=_pairs(plain["causes"]), penalties=plain["penalties"], delivered=plain["delivered"],
        scheme=plain["scheme"], least_cases=least_cases, digest=digest, frozen_at=frozen_at,
    )  # fmt: skip


def _pairs(rows: Sequence[Sequence[Any]]) -> Counts:
    return tuple((str(code), int(number)) for code, number in rows)


def province_list(
    *, actor: Actor, month: str, now: datetime, page: int = 1, which: str = "sites", size: int = PAGE,
    sparing: bool = False,
) -> Listing:  # fmt: skip
    """The organisations of KINDS[which] in the actor's scope with their scores, best first, at most `size` a page.

    `sparing`: they may have been counted a few minutes ago (`month_kept`). Raises NotFound, NotAllowed.
    """
    session = db.session()
    span = span_of(month, now)
    found = sites(session, assessed_by(actor), KINDS.get(which, ASSESSED))
    lines, kept_at = _lines(session, month, span, found, _count(sparing))
    lines.sort(key=lambda line: (-_total(line.score), line.site.code))
    return Listing(tuple(lines[(page - 1) * size : page * size]), len(lines) > page * size, kept_at)


def count(session: Session, actor: Actor, month: str, now: datetime, which: str, most: int) -> int:
    """How many organisations of KINDS[which] are in scope, at most `most`. Raises NotFound, NotAllowed."""
    span_of(month, now)
    ids = select(Organisation.id).where(Organisation.kind.in_(KINDS.get(which, ASSESSED)), assessed_by(actor))
    return session.scalar(select(func.count()).select_from(ids.limit(most).subquery())) or 0


def lines_of(session: Session, month: str, span: Span, found: Sequence[Site]) -> list[Line]:
    """These organisations in the order given, counted now; a frozen month from its cards."""
    return _lines(session, month, span, found, month_books.counted)[0]


def _lines(
    session: Session, month: str, span: Span, found: Sequence[Site], count: month_books.Count
) -> tuple[list[Line], datetime | None]:
    plains = _frozen(session, month, [site.id for site in found])
    if plains:
        return [
            Line(site, cards.facts_of(plain), cards.scored(plain), tuple(plain["rank"]) if plain["rank"] else None)
            for site in found if (plain := plains.get(site.id)) is not None
        ], None  # fmt: skip
    scheme = scoring_schemes.of_month(session, month)
    counted = count(session, span, scheme)
    facts, scores, placed = month_books.placed(counted)
    nothing = cards.score_of(Facts(), scheme)
    return [
        Line(site, facts.get(site.id, Facts()), scores.get(site.id, nothing), placed.get(site.id)) for site in found
    ], counted.at


def _frozen(session: Session, month: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = select(FrozenCard.organisation_id, FrozenCard.body).where(FrozenCard.month == month)
    wanted = set(ids)
    if len(ids) <= PAGE:
        rows = rows.where(FrozenCard.organisation_id.in_(ids))
    return {key: json.loads(body) for key, body in session.execute(rows) if key in wanted}


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


def _total(score: Score) -> int:
    return -1 if score.total_tenths is None else score.total_tenths
