"""What an import of the real log must add up to, from the raw file alone: `python -m simulator.history_expected`.

Standard library only; nothing of the portal is imported or asked, and the rules of the mapping (in data/mappings) are
written down here a second time. With `--compare report.json` (what `flask history report --json` prints) every
difference is listed, and the exit code is 1 when there is one.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

LOG = Path(__file__).resolve().parent.parent / "data" / "incident_event_log.csv.gz"
SOURCE = "incident-event-log"
UNKNOWN = "?"
LIMIT = timedelta(hours=72)
WAITS = "Awaiting User Info"
COUNTS = ("tickets", "events", "reassignments", "reopenings", "sla_true", "met")
Line = Mapping[str, str]


def local(text: str) -> datetime:
    """A time of the log: day first. All are of one zone without summer time, so they are compared as they stand."""
    day, clock = text.split()
    d, m, y = day.split("/")
    hour, minute = clock.split(":")
    return datetime(int(y), int(m), int(d), int(hour), int(minute))  # noqa: DTZ001


def read(path: Path = LOG) -> dict[str, list[Line]]:
    """The lines of each ticket, by time and, where times are equal, by their place in the file."""
    opener = gzip.open if path.suffix == ".gz" else open
    found: dict[str, list[Line]] = defaultdict(list)
    with opener(path, "rt", encoding="utf-8-sig", newline="") as source:  # type: ignore[operator]
        for line in csv.DictReader(source):
            found[line["number"]].append(line)
    for lines in found.values():
        lines.sort(key=lambda line: local(line["sys_updated_at"]))  # stable
    return found


def waited(lines: Sequence[Line], opened: datetime, ended: datetime) -> timedelta:
    """The time between opening and end in which the ticket waited for the user: from such a row to the next one."""
    total = timedelta(0)
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        if line["incident_state"] == WAITS:
            until = local(following["sys_updated_at"]) if following else ended
            total += max(min(until, ended) - max(local(line["sys_updated_at"]), opened), timedelta(0))
    return total


def ended_at(lines: Sequence[Line]) -> datetime | None:
    """When the result was given: `resolved_at`; where that is unknown the last row in Resolved, else in Closed."""
    if lines[-1]["resolved_at"] != UNKNOWN:
        return local(lines[-1]["resolved_at"])
    for state in ("Resolved", "Closed"):
        times = [local(line["sys_updated_at"]) for line in lines if line["incident_state"] == state]
        if times:
            return times[-1]
    return None


def met(lines: Sequence[Line]) -> bool:
    """Whether the time from opening to result, without the waits, is at most 72 hours."""
    opened, ended = local(lines[0]["opened_at"]), ended_at(lines)
    return ended is not None and ended - opened - waited(lines, opened, ended) <= LIMIT


def counts_of(lines: Sequence[Line]) -> dict[str, int]:
    """What one ticket adds to each count."""
    highest = {name: max(int(line[name]) for line in lines) for name in ("reassignment_count", "reopen_count")}
    values = (1, len(lines), *highest.values(), int(lines[-1]["made_sla"] == "true"), int(met(lines)))
    return dict(zip(COUNTS, values, strict=True))


def compute(found: Mapping[str, Sequence[Line]]) -> dict[str, Any]:
    """{"totals": counts, "groups": [{"group", "month", counts}]}; the group is the last row's, "" the unknown one."""
    groups: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for lines in found.values():
        group = lines[-1]["assignment_group"]
        month = f"{local(lines[0]['opened_at']):%Y-%m}"
        groups["" if group == UNKNOWN else group, month].update(counts_of(lines))
    rows = [{"group": group, "month": month} | _plain(counts) for (group, month), counts in sorted(groups.items())]
    return {"totals": _plain(_sum(groups.values())), "groups": rows}


def _sum(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _plain(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in COUNTS}


def compare(expected: Mapping[str, Any], report: Mapping[str, Any]) -> list[str]:
    """Every difference as one line; empty when the portal counted the same."""
    wanted = {(row["group"], row["month"]): row for row in expected["groups"]}
    given = {(row["group"], row["month"]): row for row in report["groups"] if row["source"] == SOURCE}
    nothing = dict.fromkeys(COUNTS, 0)
    found = []
    for key in sorted(wanted.keys() | given.keys()):
        row, other = wanted.get(key, nothing), given.get(key, nothing)
        for name in COUNTS:
            if row[name] != other[name]:
                found.append(f"{key[0] or '?'} {key[1]} {name}: expected {row[name]}, portal {other[name]}")
        if key in given and (other["numerator"], other["denominator"]) != (row["met"], row["tickets"]):
            found.append(f"{key[0] or '?'} {key[1]}: share is of {other['numerator']} / {other['denominator']}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the expectation, or what differs from it."""
    parser = argparse.ArgumentParser(prog="python -m simulator.history_expected", description=__doc__)
    parser.add_argument("--log", type=Path, default=LOG)
    parser.add_argument("--compare", type=Path, help="the portal's report as JSON")
    chosen = parser.parse_args(arguments)
    expected = compute(read(chosen.log))
    if chosen.compare is None:
        print(json.dumps(expected, ensure_ascii=False, indent=1))
        return 0
    differences = compare(expected, json.loads(chosen.compare.read_text(encoding="utf-8")))
    print("\n".join(differences) or f"no difference in {len(expected['groups'])} groups and months")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
