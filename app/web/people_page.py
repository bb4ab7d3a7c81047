"""Builds the sheet of an organisation's people as plain values, for screen, printer, PDF and workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import g

from app.domain.people import Person
from app.domain.scorecards import Facts
from app.domain.scoring import Score
from app.integrations.card_book import CELL, Section
from app.services.person_cards import People
from app.web import scorecard_page
from app.web.context import translate as _
from app.web.scorecard_page import NONE
from app.web.words_cards import measure_labels, people_signatures

MEASURES: Mapping[str, tuple[str, str]] = {
    "first_reply": ("first_reply_in_time", "first_reply_due"), "result": ("resolve_in_time", "resolve_due"),
    "audit": ("audited_true", "audited"),
}  # fmt: skip


def sheet_of(found: People, now: datetime) -> dict[str, Any]:
    """Everything that stands on it, in words."""
    labels = measure_labels()
    return {
        "site": scorecard_page.site_of(found.site), "month_label": g.fmt.month(found.month),
        "frozen": g.fmt.full(found.frozen_at) if found.frozen_at else "", "head": [labels[key] for key in MEASURES],
        "rows": [_line(one, score) for one, score in found.lines], "least_cases": found.least_cases,
        "scheme": found.scheme, "code": scorecard_page.verification_code(found.digest), "digest": found.digest[:16],
        "printed_at": g.fmt.full(now), "signatures": people_signatures(),
    }  # fmt: skip


def _line(one: Person, score: Score) -> dict[str, Any]:
    pairs = [_pair(one.facts, key) for key in MEASURES]
    return {
        "name": one.name, "account": one.account, "score": scorecard_page.tenths(score.total_tenths),
        "grade": score.grade or NONE, "results": one.facts.results, "points": one.points or NONE,
        "shares": [f"{top} / {bottom}" if bottom else NONE for top, bottom in pairs],
    }  # fmt: skip


def _pair(facts: Facts, key: str) -> tuple[int, int]:
    top, bottom = MEASURES[key]
    return getattr(facts, top), getattr(facts, bottom)


def sections(found: People) -> list[Section]:
    """The sheet as rows of a workbook, numbers as numbers."""
    labels = measure_labels()
    head = [_("Person"), _("Account"), _("Score"), _("Grade"), _("Results given")]
    for key in MEASURES:
        head += [labels[key], _("%(measure)s: of", measure=labels[key])]
    head += [_("Points booked")]
    rows: list[list[CELL]] = []
    for one, score in found.lines:
        pairs = [number for key in MEASURES for number in _pair(one.facts, key)]
        tenths = None if score.total_tenths is None else score.total_tenths / 10
        rows.append([one.name, one.account, tenths, score.grade, one.facts.results, *pairs, one.points])
    kinds = ["", "", "tenths", "", *["int"] * (2 + 2 * len(MEASURES))]
    about: list[list[CELL]] = [
        [_("Month"), g.fmt.month(found.month)],
        [_("Organisation"), f"{scorecard_page.site_of(found.site)['name']} ({found.site.code})"],
        [_("Scoring version"), found.scheme],
        [_("Frozen at"), g.fmt.full(found.frozen_at) if found.frozen_at else ""],
        [_("Verification code"), scorecard_page.verification_code(found.digest)],
    ]
    return [
        Section(_("People"), head, rows, kinds, [16, 16, 8, 8, 12, *[20, 22] * len(MEASURES), 12]),
        Section(_("Summary"), [_("Figure"), _("Value")], about, ["", ""], [30, 26]),
    ]
