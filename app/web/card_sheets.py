"""A scorecard's sections as rows for a sheet: summary, measures, categories, causes, trend, corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from flask import g
from sqlalchemy.orm import Session

from app.domain.scorecards import Counts, Facts, complaint_rate
from app.domain.scoring import ScoredMeasure
from app.integrations.card_book import CELL, Section
from app.services import month_amendments, scorecard_trend
from app.services.scorecards import Card
from app.web import queue_page, scorecard_page, words
from app.web.context import translate as _
from app.web.words_cards import fact_labels, measure_labels


def sections(session: Session, card: Card, now: datetime) -> list[Section]:
    """Every section of the card that has something to say."""
    labels = queue_page.category_labels(session)
    scores = scorecard_trend.scores(session, card.site.id, card.month, card.score.total_tenths)
    found = [
        _summary(card), _measures(card.score.measures), _counted(_("Complaint categories"), card.categories, labels),
        _counted(_("Root causes"), card.causes, words.root_causes()),
        Section(_("Trend"), [_("Month"), _("Score")], [[month, _tenths(score)] for month, score in scores],
                ["", "tenths"], [12, 10]),
    ]  # fmt: skip
    corrections = month_amendments.stored(session, card.month, {card.site.id: card.site.code})
    rows: list[Sequence[CELL]] = [
        [one.number, one.of_month, words.word(fact_labels(), one.name), one.before, one.now] for one in corrections
    ]
    head = [_("Number"), _("Month"), _("What"), _("Before"), _("Now")]
    found.append(Section(_("Corrections"), head, rows, ["int", "", "", "int", "int"], [9, 10, 26, 10, 10]))
    return found


def _summary(card: Card) -> Section:
    """What stands at the head of the card and beside the score."""
    facts, labels, penalties = card.facts, measure_labels(), card.penalties
    rate = complaint_rate(facts.tickets, card.delivered)
    site = scorecard_page.site_of(card.site)
    rows: list[Sequence[CELL]] = [
        [_("Month"), g.fmt.month(card.month)], [_("Organisation"), f"{site['name']} ({site['code']})"],
        [_("Score"), _tenths(card.score.total_tenths)], [_("Grade"), card.score.grade],
        [_("Rank"), card.rank[0] if card.rank else None], [_("Ranked"), card.rank[1] if card.rank else None],
        [_("Score of the month before"), _tenths(card.previous_tenths)],
        *_counts(facts, labels),
        [_("Median handling time (s)"), card.handling_median_seconds],
        [_("90th percentile (s)"), card.handling_p90_seconds],
        [labels["complaint_rate"], None if rate is None else rate / 100], [_("Delivered parcels"), card.delivered],
        *_charges(penalties),
        [_("Scoring version"), card.scheme], [_("Verification code"), scorecard_page.verification_code(card.digest)],
    ]  # fmt: skip
    return Section(_("Summary"), [_("Figure"), _("Value")], rows, ["", ""], [30, 26])


def _counts(facts: Facts, labels: dict[str, str]) -> list[Sequence[CELL]]:
    keys = ("tickets", "open", "overdue", "appeals", "disputes", "interventions")
    return [[labels[key], int(getattr(facts, key))] for key in keys]


def _charges(penalties: Mapping[str, int]) -> list[Sequence[CELL]]:
    labels = {
        "confirmed_fen": _("Penalties charged (yuan)"), "proposed_fen": _("Penalties proposed (yuan)"),
        "contested_fen": _("Penalties contested (yuan)"), "waived_fen": _("Penalties waived (yuan)"),
    }  # fmt: skip
    return [[label, penalties.get(key, 0) / 100] for key, label in labels.items()]


def _measures(measures: Sequence[ScoredMeasure]) -> Section:
    labels = measure_labels()
    rows: list[Sequence[CELL]] = [
        [
            labels[m.key],
            m.numerator,
            m.denominator,
            _number(m.value),
            m.weight,
            _number(m.effective_weight),
            _tenths(m.points_tenths),
        ]
        for m in measures
    ]
    head = [
        _("Measure"),
        _("Numerator"),
        _("Denominator"),
        _("Rate or mean"),
        _("Weight"),
        _("Weight that counts"),
        _("Points"),
    ]
    kinds = ["", "int", "int", "mean", "int", "tenths", "tenths"]
    return Section(_("Measures"), head, rows, kinds, [34, 11, 12, 13, 9, 18, 9])


def _counted(name: str, counts: Counts, labels: dict[str, str]) -> Section:
    rows: list[Sequence[CELL]] = [[labels.get(code, code), number] for code, number in counts]
    return Section(name, [name, _("How many tickets")], rows, ["", "int"], [24, 10])


def _number(value: Fraction | None) -> float | None:
    """For output alone; nothing is computed with it."""
    return None if value is None else round(float(value), 4)


def _tenths(number: int | None) -> float | None:
    return None if number is None else number / 10
