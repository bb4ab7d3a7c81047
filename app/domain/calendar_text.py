"""Calendars as people write them: "08:00-12:00 13:30-20:00", and a year's days pasted from a table.

Nothing here guesses: what cannot be read is named with its row and a code.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from app.domain import names
from app.domain.calendars import MIDNIGHT, Calendar

Spans = tuple[tuple[time, time], ...]

MOST_ROWS = 400
NAME_LENGTH = 60
LONGEST_LINE = 1_000  # characters
WORKING = frozenset(
    {"working", "work", "workday", "make-up", "makeup", "true", "1", "上班", "工作日", "调休", "补班", "班"}
)
HOLIDAY = frozenset({"holiday", "off", "rest", "false", "0", "放假", "休息", "休息日", "节假日", "假", "休"})
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_DATE = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")


@dataclass(frozen=True)
class Day:
    """A day that differs from its weekday, with its name."""

    day: date
    working: bool
    name: str = ""


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be taken: its number as an editor counts, its text, and what is wrong."""

    row: int
    text: str
    code: str


def spans_text(spans: Spans) -> str:
    """Spans as a person writes them; the end of a day as 24:00."""
    return " ".join(f"{a:%H:%M}-{'24:00' if b == MIDNIGHT else f'{b:%H:%M}'}" for a, b in spans)


def parse_spans(text: str) -> Spans:
    """The spans of a text, divided by blanks, commas or lines. Raises ValueError with a code as its only argument:
    "required", "bad_span", "bad_order" (empty, overlapping or out of order: what `Calendar` refuses)."""
    plain = re.sub(r"\s*[-–—~～至]\s*", "-", text.strip().replace("：", ":"))
    parts = [part for part in re.split(r"[\s,;，；、]+", plain) if part]
    if not parts:
        raise ValueError("required")
    spans = tuple(_span(part) for part in parts)
    try:
        Calendar(spans)
    except ValueError:
        raise ValueError("bad_order") from None
    return spans


def _span(part: str) -> tuple[time, time]:
    match = _SPAN.fullmatch(part)
    if match is None:
        raise ValueError("bad_span")
    begin_hour, begin_minute, end_hour, end_minute = map(int, match.groups())
    if (end_hour, end_minute) == (24, 0):
        end_hour = 0
    try:
        return time(begin_hour, begin_minute), time(end_hour, end_minute)
    except ValueError:
        raise ValueError("bad_span") from None


def parse_days(text: str, year: int) -> tuple[list[Day], list[BadRow]]:
    """The days of a year from rows "date, working or holiday, name", divided by commas or tabs; a heading is skipped.

    Codes of bad rows: "bad_date", "other_year", "bad_kind", "too_long", "twice", "too_many".
    """
    days: dict[date, Day] = {}
    bad: list[BadRow] = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = _cells(line)
        if not any(cells) or (not days and not bad and cells[0].lower() in ("date", "day", "日期")):
            continue
        try:
            day = _day(cells, year)
            if day.day in days:
                raise ValueError("twice")
            if len(days) >= MOST_ROWS:
                raise ValueError("too_many")
            days[day.day] = day
        except ValueError as wrong:
            bad.append(BadRow(number, line.strip()[:80], str(wrong)))
    return sorted(days.values(), key=lambda day: day.day), bad


def days_text(days: Iterable[Day]) -> str:
    """Days as rows that `parse_days` reads."""
    return "\n".join(f"{d.day.isoformat()},{'working' if d.working else 'holiday'},{d.name}" for d in days)


def _cells(line: str) -> list[str]:
    if len(line) > LONGEST_LINE:
        return [line]  # no date, and more than a reader of CSV takes
    plain = line.replace("，", ",").replace("\ufeff", "")
    delimiter = "\t" if "\t" in plain else ","
    return [cell.strip() for cell in next(csv.reader([plain], delimiter=delimiter), [])] or [""]


def _day(cells: list[str], year: int) -> Day:
    day = parse_date(cells[0])
    if day.year != year:
        raise ValueError("other_year")
    kind = cells[1].lower() if len(cells) > 1 else ""
    if kind not in WORKING | HOLIDAY:
        raise ValueError("bad_kind")
    name = names.plain(cells[2]) if len(cells) > 2 else ""
    if len(name) > NAME_LENGTH:
        raise ValueError("too_long")
    return Day(day, kind in WORKING, name)


def parse_date(text: str) -> date:
    """A day written 2027-01-01, 2027/1/1 or 2027年1月1日. Raises ValueError("bad_date")."""
    match = _DATE.fullmatch(text.strip())
    try:
        if match is not None:
            return date(*map(int, match.groups()))
    except ValueError:
        pass
    raise ValueError("bad_date")
