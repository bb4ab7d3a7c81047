"""What a month of the imported log must count on the scorecards, from the raw file alone.

Standard library only, like `history_expected`, whose reading of the file it shares; the rulebook's month is written
down here a second time: volume by opening, a result at the instant it was given, a deadline at the earlier of result
and due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from simulator.history_expected import LIMIT, UNKNOWN, WAITS, Line, ended_at, local

FULL, ZERO, LEAST = Fraction(98, 100), Fraction(85, 100), 5
BANDS = (30, 100, 300)  # tickets from which on the next volume band begins
WEIGHTS = {"result": 25, "appeal": 10, "repeat": 5}  # what the log has cases of


def month_of(at: datetime) -> str:
    """The month of a time of the log."""
    return f"{at:%Y-%m}"


def due_of(lines: Sequence[Line], opened: datetime, ended: datetime) -> datetime:
    """72 hours from the opening; every wait for the user that begins before the due moves it by as long as it lasts."""
    due = opened + LIMIT
    begin: datetime | None = None
    for line in [*lines, None]:
        waits = line is not None and line["incident_state"] == WAITS
        at = local(line["sys_updated_at"]) if line is not None else ended
        if waits and begin is None:
            begin = max(at, opened)
        elif not waits and begin is not None:
            end = min(at, ended)
            if begin <= due and end > begin:
                due += end - begin
            begin = None
    return due


def compute(found: Mapping[str, Sequence[Line]], month: str) -> dict[str, dict[str, Any]]:
    """By group the counts of the month, the median and 90th percentile in seconds, and the score in tenths."""
    return {group: _finished(own) for group, own in counted(found, month).items()}


def together(groups: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The same of several counted groups as one: what a province's card or the network's must say."""
    every = list(groups)
    names = ("tickets", "open", "resolve_due", "resolve_in_time", "results")
    seconds = [n for own in every for n in own["seconds"]]
    return _finished({**{name: sum(own[name] for own in every) for name in names}, "seconds": seconds})


def grade(score: int | None) -> str | None:
    """The grade of a score in tenths."""
    return None if score is None else "A" if score >= 900 else "B" if score >= 800 else "C" if score >= 700 else "D"


def ranks(groups: Mapping[str, Mapping[str, Any]]) -> dict[str, list[int] | None]:
    """Rank and number of ranked of each group inside its volume band; equal scores share the better rank."""
    bands = {group: sum(own["tickets"] >= least for least in BANDS) for group, own in groups.items()}
    found: dict[str, list[int] | None] = {}
    for group, own in groups.items():
        peers = [one["score"] for key, one in groups.items() if bands[key] == bands[group] and one["score"] is not None]
        better = sum(score > own["score"] for score in peers) if own["score"] is not None else 0
        found[group] = None if own["score"] is None else [1 + better, len(peers)]
    return found


def counted(found: Mapping[str, Sequence[Line]], month: str) -> dict[str, dict[str, Any]]:
    """By group the counts of the month and every handling time in seconds; groups with any."""
    groups: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"tickets": 0, "open": 0, "resolve_due": 0, "resolve_in_time": 0, "results": 0, "seconds": []}
    )
    for lines in found.values():
        _results(groups, lines, month)
        group = lines[-1]["assignment_group"]
        if group != UNKNOWN:
            _ticket(groups[group], lines, month)
    return {group: own for group, own in groups.items() if any(own.values())}


def _results(groups: Mapping[str, dict[str, Any]], lines: Sequence[Line], month: str) -> None:
    """Each row that brings a ticket into Resolved is a result of the group that has it then."""
    before = ""
    for line in lines:
        state, group = line["incident_state"], line["assignment_group"]
        entered = state == "Resolved" and before != "Resolved"
        if entered and group != UNKNOWN and month_of(local(line["sys_updated_at"])) == month:
            groups[group]["results"] += 1
        before = state


def _ticket(own: dict[str, Any], lines: Sequence[Line], month: str) -> None:
    opened, ended = local(lines[0]["opened_at"]), ended_at(lines)
    if month_of(opened) == month:
        own["tickets"] += 1
        own["open"] += lines[-1]["incident_state"] != "Closed"
    if ended is None:
        return
    ended = max(ended, opened)
    due = due_of(lines, opened, ended)
    if month_of(min(ended, due)) == month:
        own["resolve_due"] += 1
        own["resolve_in_time"] += ended <= due
    if month_of(ended) == month:
        own["seconds"].append(int((ended - opened) / timedelta(seconds=1)))


def _finished(own: dict[str, Any]) -> dict[str, Any]:
    seconds, rest = sorted(own["seconds"]), {name: n for name, n in own.items() if name != "seconds"}
    places = [-(-p * len(seconds) // 100) - 1 for p in (50, 90)]
    return {**rest, "handling": [seconds[place] if seconds else None for place in places], "score": score(own)}


def score(own: Mapping[str, int]) -> int | None:
    """The score in tenths: nobody rejected or repeated anything in the log."""
    cases = {"result": own["resolve_due"], "appeal": own["results"], "repeat": own["tickets"]}
    counted = {key: WEIGHTS[key] for key, n in cases.items() if n >= LEAST}
    if not counted:
        return None
    total = 0
    for key, weight in counted.items():
        rate = Fraction(own["resolve_in_time"], own["resolve_due"]) if key == "result" else Fraction(1)
        share = min(max((rate - ZERO) / (FULL - ZERO), Fraction(0)), Fraction(1))
        total += int(Fraction(weight * 1000, sum(counted.values())) * share + Fraction(1, 2))
    return min(total, 1000)
