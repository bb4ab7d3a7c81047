"""What the analysis pages compute out of daily counts: ranges, Pareto, weeks and months, before and after a change.

Days are Shanghai dates. Rates are exact fractions; nothing is rounded here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from app.domain.scorecards import PARTS

MOST_DAYS, USUAL_DAYS = 92, 28
EARLIEST = 2000  # year
SIDE_DAYS = (7, 14, 28, 42)  # how many days either side of a change may be compared
STEPS = ("day", "week", "month")
HEAT = 4  # steps of colour
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Range:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def each(self) -> list[date]:
        """Every day in order."""
        return [self.first + n * ONE_DAY for n in range(self.days)]


def parse(first: str, last: str, today: date) -> tuple[Range, dict[str, str]]:
    """The range of an address and what is wrong by field (`from`, `to`): not_a_date, in_the_future,
    ends_before_it_begins, range_too_long. Empty texts mean the last 28 days; what is wrong gives those as well."""
    usual = Range(today - (USUAL_DAYS - 1) * ONE_DAY, today)
    given: dict[str, date] = {}
    wrong: dict[str, str] = {}
    for name, text, other in (("from", first, usual.first), ("to", last, usual.last)):
        try:
            given[name] = date.fromisoformat(text.strip()) if text.strip() else other
        except ValueError:
            wrong[name] = "not_a_date"
        if name in given and given[name].year < EARLIEST:  # the first days of all have no instant in UTC
            wrong[name] = "not_a_date"
    if not first.strip() and "to" in given and "to" not in wrong:
        given["from"] = given["to"] - (USUAL_DAYS - 1) * ONE_DAY
    if not wrong:
        found = Range(given["from"], given["to"])
        if found.last > today:
            wrong["to"] = "in_the_future"
        elif found.days < 1:
            wrong["to"] = "ends_before_it_begins"
        elif found.days > MOST_DAYS:
            wrong["to"] = "range_too_long"
        else:
            return found, {}
    return usual, wrong


@dataclass(frozen=True)
class Bar:
    """One line of a Pareto: its number, share, and the share of it and all before it."""

    code: str
    n: int
    share: Fraction
    running: Fraction


def pareto(counts: Mapping[str, int]) -> list[Bar]:
    """The most frequent first, equal ones by their code; nothing for a number of zero."""
    total, so_far, found = sum(counts.values()), 0, []
    for code, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        if n:
            so_far += n
            found.append(Bar(code, n, Fraction(n, total), Fraction(so_far, total)))
    return found


def heat(n: int, most: int) -> int:
    """The step of colour, 0 (nothing) to HEAT, in even parts of the highest number."""
    return 0 if n <= 0 or most <= 0 else min(HEAT, 1 + (n * HEAT - 1) // most)


def week_table(by_day: Iterable[tuple[date, int, int]]) -> list[list[int]]:
    """Seven rows from Monday on, 24 hours each, out of (day, hour, n)."""
    table = [[0] * 24 for _ in range(7)]
    for day, hour, n in by_day:
        table[day.weekday()][hour] += n
    return table


def begin_of(day: date, step: str) -> date:
    """The first day of the day's week (Monday) or month; the day itself for "day"."""
    if step == "week":
        return day - day.weekday() * ONE_DAY
    return day.replace(day=1) if step == "month" else day


Counts = Mapping[str, int]


def stepped(by_day: Mapping[date, Counts], days: Range, step: str) -> list[tuple[date, Range, Counter[str]]]:
    """(begin of the step, the days of the range that lie in it, the sums of its counts), in order, none left out."""
    found: dict[date, tuple[list[date], Counter[str]]] = {}
    for day in days.each():
        members, sums = found.setdefault(begin_of(day, step), ([], Counter()))
        members.append(day)
        sums.update(by_day.get(day, {}))
    return [(begin, Range(members[0], members[-1]), sums) for begin, (members, sums) in found.items()]


@dataclass(frozen=True)
class Rate:
    """A measure of a period: `top` of `bottom`; `value` is None without a case. `tickets` is a plain count."""

    top: int
    bottom: int

    @property
    def value(self) -> Fraction | None:
        """The share, or the mean of ratings."""
        return Fraction(self.top, self.bottom) if self.bottom else None


RATES = tuple(PARTS)


def rate(counts: Counts, key: str) -> Rate:
    """A measure of the scorecard out of counts of its facts."""
    top, bottom = PARTS[key]
    return Rate(counts.get(top, 0), counts.get(bottom, 0))


def sides(effective: date, days: int, today: date) -> tuple[Range | None, Range | None]:
    """The days before a change and from it on, as many each; the later side ends today, and has then as many days as
    the earlier one is cut to. None for a side without a day."""
    after_last = min(effective + (days - 1) * ONE_DAY, today)
    length = (after_last - effective).days + 1
    if length < 1:
        return None, None
    return Range(effective - length * ONE_DAY, effective - ONE_DAY), Range(effective, after_last)


def total(by_day: Mapping[date, Counts], days: Range | None) -> Counter[str]:
    """The sums over the days of a range."""
    sums: Counter[str] = Counter()
    for day in days.each() if days else ():
        sums.update(by_day.get(day, {}))
    return sums


def top(bars: Sequence[Bar], most: int) -> tuple[Sequence[Bar], int]:
    """The first so many, and the sum of the others."""
    return bars[:most], sum(bar.n for bar in bars[most:])
