"""Rectification forms (整改书): by which thresholds one is asked for, until when, and who does what with it (5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta

from app.domain.calendars import add_working_days, month_bounds, month_of
from app.domain.roles import Actor

SCORE, GRADE, UNTRUTHFUL, CATEGORY, LOSS, OTHER = "score", "grade", "untruthful", "category", "loss", "other"
KINDS = (SCORE, GRADE, UNTRUTHFUL, CATEGORY, LOSS, OTHER)
ASKED, FILLED, ACCEPTED = "asked", "filled", "accepted"
STATES = (ASKED, FILLED, ACCEPTED)
LIMITS = {"cause": 2000, "measures": 2000, "responsible": 60}  # characters of what the site fills in
TEXT_LIMIT = 1000  # of the reason of an order and of a decision
LOWEST_GRADE = "D"
BEFORE_DUE, AFTER_DUE, MOST_AFTER = timedelta(hours=24), timedelta(hours=24), 3
RANGES = {
    "score_below": (0, 100), "lowest_grade": (0, 1), "untruthful_from": (0, 100), "category_from": (0, 10000),
    "due_days": (1, 30), "again_months": (1, 36),
}  # fmt: skip


@dataclass(frozen=True)
class Policy:
    """One version (D). A threshold of 0 asks for nothing.

    `score_below`: points of the month's score; `lowest_grade`: 1 where grade D asks for one; `untruthful_from`: replies
    found untruthful in the month; `category_from`: complaints of one category in this month and in the one before;
    `due_days`: working days of the site; `again_months`: within so many months the same ground is a recurrence (再犯).
    """

    version: int = 1
    score_below: int = 0
    lowest_grade: int = 1
    untruthful_from: int = 2
    category_from: int = 10
    due_days: int = 3
    again_months: int = 6

    def numbers(self) -> dict[str, int]:
        """The numbers alone, as they are stored."""
        return {name: value for name, value in asdict(self).items() if name != "version"}


NAMES = tuple(field.name for field in fields(Policy) if field.name != "version")


def parse(typed: Mapping[str, str]) -> tuple[dict[str, int], dict[str, str]]:
    """The numbers that a person typed, and what is wrong by field: not_a_number, out_of_range."""
    numbers: dict[str, int] = {}
    errors: dict[str, str] = {}
    for name in NAMES:
        text, (low, high) = typed.get(name, "").strip(), RANGES[name]
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            errors[name] = "not_a_number"
        elif low <= int(text) <= high:
            numbers[name] = int(text)
        else:
            errors[name] = "out_of_range"
    return numbers, errors


def of(version: int, numbers: Mapping[str, int]) -> Policy:
    """A stored version; a number that is younger than it has its default."""
    return Policy(version, **{name: int(numbers[name]) for name in NAMES if name in numbers})


@dataclass(frozen=True)
class Ground:
    """Why one is asked for: `kind`, what was counted (`value`; the score in tenths) and the threshold, and for a
    category its code."""

    kind: str
    value: int = 0
    limit: int = 0
    category: str = ""

    def plain(self) -> dict[str, object]:
        """As it is stored."""
        return asdict(self)


@dataclass(frozen=True)
class Month:
    """A site's frozen month as the thresholds want it; `before` are the categories of the month before."""

    score_tenths: int | None
    grade: str | None
    untruthful: int
    categories: Mapping[str, int]
    before: Mapping[str, int]


def grounds(month: Month, policy: Policy) -> tuple[Ground, ...]:
    """Every threshold that the month crosses, in the order of KINDS, categories by their code."""
    found: list[Ground] = []
    if policy.score_below and month.score_tenths is not None and month.score_tenths < policy.score_below * 10:
        found.append(Ground(SCORE, month.score_tenths, policy.score_below))
    if policy.lowest_grade and month.grade == LOWEST_GRADE:
        found.append(Ground(GRADE, month.score_tenths or 0))
    if policy.untruthful_from and month.untruthful >= policy.untruthful_from:
        found.append(Ground(UNTRUTHFUL, month.untruthful, policy.untruthful_from))
    least = policy.category_from
    twice = [code for code, n in month.categories.items() if least and min(n, month.before.get(code, 0)) >= least]
    return (*found, *(Ground(CATEGORY, month.categories[code], least, code) for code in sorted(twice)))


def same(ours: Sequence[Mapping[str, object]], theirs: Sequence[Mapping[str, object]]) -> bool:
    """Whether two forms share a ground: the same kind, and for a category the same one. OTHER is never the same."""
    keys = [{(one["kind"], one["category"]) for one in side if one["kind"] != OTHER} for side in (ours, theirs)]
    return bool(keys[0] & keys[1])


def again_since(now: datetime, months: int) -> datetime:
    """From when on an earlier form with the same ground makes this one a recurrence: the start of the month that lies
    so many months back."""
    month = month_of(now)
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - months, 12)
    return month_bounds(f"{year:04d}-{number + 1:02d}")[0]


def due(days: Mapping[date, bool], asked_at: datetime, policy: Policy) -> datetime:
    """The same wall time in Shanghai so many of the site's working days later; `days` has its closures in."""
    return add_working_days(days, asked_at, policy.due_days)


def next_reminder(due_at: datetime, told: int) -> datetime | None:
    """When the site is told next, after it was told `told` times: a day before due, at due, then daily up to three
    times; None when that is over."""
    if told == 0:
        return due_at - BEFORE_DUE
    return due_at + (told - 1) * AFTER_DUE if told <= 1 + MOST_AFTER else None


def fill_errors(texts: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with what the site fills in, by field."""
    return text_errors(texts, LIMITS)


def text_errors(texts: Mapping[str, str], limits: Mapping[str, int]) -> dict[str, str]:
    """`required` for an empty text, `too_long` beyond its limit, by field."""
    wrong = {name: "too_long" for name, most in limits.items() if len(texts.get(name, "").strip()) > most}
    return wrong | {name: "required" for name in limits if not texts.get(name, "").strip()}


def may_fill(actor: Actor, organisation_id: int, state: str) -> bool:
    """Whether this actor fills the form in now: the manager of the organisation that it is asked of."""
    return state == ASKED and actor.can("rectify") and actor.organisation_id == organisation_id


def may_decide(actor: Actor, province_id: int | None, state: str) -> bool:
    """Whether this actor accepts it or sends it back: the province's desk; headquarters for any."""
    mine = actor.desk == "ccs" or (actor.province_id is not None and actor.province_id == province_id)
    return state == FILLED and actor.can("rectify_order") and mine
