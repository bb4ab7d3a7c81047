"""What a replay must end with, from the log and the policy alone: `python -m simulator.expected --tickets 1000`.

Own arithmetic on Shanghai wall times; nothing of the portal is imported or asked. With `--compare facts.json` the
portal's facts are held against it: every difference is listed, and the exit code is 1 when there is one.

Shape of the facts (and of `--json`): {"tickets": n, "sites": [{"site", "month", "tickets", "first_reply_due",
"first_reply_in_time", "resolve_due", "resolve_in_time"}], "orders": {code: {"results", "rulings", "rejects",
"late_first_replies", "late_results"}}}. What `flask scorecards facts --json` prints has this shape, without the orders.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from simulator import plan, worklog
from simulator.complaints import DEFAULT_SITES
from simulator.plan import Plan

POLICY = Path(__file__).resolve().parent / "policy.json"
MEASURES = ("tickets", "first_reply_due", "first_reply_in_time", "resolve_due", "resolve_in_time")
FLAGS = {"first_reply": "late_first_replies", "resolve": "late_results"}  # clock -> its late runs of one order
PER_ORDER = ("results", "rulings", "rejects", *FLAGS.values())
Policy = Mapping[str, Any]


def load_policy(path: Path = POLICY) -> dict[str, Any]:
    """The limits: minutes, service hours, and what is urgent. Raises OSError, ValueError."""
    policy: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return policy


def is_urgent(made: Plan, policy: Policy) -> bool:
    """Whether the complaint is urgent by its category or by the platform's mark."""
    marked: bool = made.priority == policy["urgent_platform_priority"]
    return marked or made.category in policy["urgent_categories"]


def first_reply_due(start: datetime, policy: Policy) -> datetime:
    """The end of the allowed minutes of service time after `start`, every day from opening to closing."""
    rule = policy["first_reply"]
    opens, closes = time.fromisoformat(rule["service_from"]), time.fromisoformat(rule["service_to"])
    left, at = timedelta(minutes=rule["minutes"]), start
    while True:
        begin = max(at, datetime.combine(at.date(), opens, at.tzinfo))
        end = datetime.combine(at.date(), closes, at.tzinfo)
        if begin + left <= end:
            return begin + left
        left -= max(end - begin, timedelta(0))
        at = datetime.combine(at.date() + timedelta(days=1), time(0), at.tzinfo)


def resolve_due(start: datetime, urgent: bool, policy: Policy) -> datetime:
    """The end of the first run: 24 h; urgent 12 h, and outside service hours the next noon, but never beyond 24 h."""
    rules, hours = policy["resolve"], policy["first_reply"]
    high = start + timedelta(minutes=rules["high"]["minutes"])
    if not urgent:
        return high
    due = start + timedelta(minutes=rules["urgent"]["minutes"])
    if time.fromisoformat(hours["service_from"]) <= due.time() <= time.fromisoformat(hours["service_to"]):
        return due
    noon = datetime.combine(due.date(), time.fromisoformat(rules["urgent"]["outside_service_hours_until"]), due.tzinfo)
    return min(high, noon if noon >= due else noon + timedelta(days=1))


def runs(made: Plan, policy: Policy) -> list[tuple[str, datetime, datetime | None]]:
    """Every clock run that the scorecard counts, as (clock, due, stop or None)."""
    pushed = made.times(plan.PUSH)[0]
    results = made.times(plan.RESULT)
    replies = sorted(made.times(plan.FOLLOW_UP) + results)
    found = [("first_reply", first_reply_due(pushed, policy), replies[0] if replies else None)]
    found.append(("resolve", resolve_due(pushed, is_urgent(made, policy), policy), results[0] if results else None))
    rework = timedelta(minutes=policy["resolve"]["rework"]["minutes"])
    for ruled in made.times(plan.RULING):
        stop = next((at for at in results if at > ruled), None)
        found.append(("resolve", ruled + rework, stop))
    return found


def compute(made: Sequence[Plan], policy: Policy) -> dict[str, Any]:
    """The facts that must come out, in the shape named above."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for one in made:
        counts[one.site, f"{one.times(plan.PUSH)[0]:%Y-%m}", "tickets"] += 1
        for clock, due, stop in runs(one, policy):
            month = f"{due if stop is None else min(stop, due):%Y-%m}"
            counts[one.site, month, f"{clock}_due"] += 1
            counts[one.site, month, f"{clock}_in_time"] += stop is not None and stop <= due
    places = sorted({(site, month) for site, month, _measure in counts})
    sites = [{"site": s, "month": m} | {name: counts[s, m, name] for name in MEASURES} for s, m in places]
    return {"tickets": len(made), "sites": sites, "orders": {one.order_code: _order(one, policy) for one in made}}


def _order(made: Plan, policy: Policy) -> dict[str, int]:
    steps = {"results": plan.RESULT, "rulings": plan.RULING, "rejects": plan.REJECT}
    late = Counter(clock for clock, due, stop in runs(made, policy) if stop is None or stop > due)
    return {name: len(made.times(kind)) for name, kind in steps.items()} | flagged(late)


def flagged(late_runs: Mapping[str, int]) -> dict[str, int]:
    """How many runs of each clock ("first_reply", "resolve") of one order are late, in the words of the facts."""
    return {name: late_runs.get(clock, 0) for clock, name in FLAGS.items()}


def from_portal(said: Any) -> dict[str, Any]:
    """Facts in our shape from what the portal prints: that shape, or only its rows. Raises ValueError."""
    facts = {"sites": said} if isinstance(said, list) else dict(said)
    if not isinstance(facts.get("sites"), list):
        raise ValueError("no rows of sites in the portal's facts")
    facts.setdefault("tickets", sum(int(row["tickets"]) for row in facts["sites"]))
    return facts


def in_time(facts: Mapping[str, Any], clock: str) -> str:
    """How many runs of a clock ("first_reply" or "resolve") were in time, of how many: "471/1000"."""
    good, due = (sum(int(row[f"{clock}_{name}"]) for row in facts["sites"]) for name in ("in_time", "due"))
    return f"{good}/{due}"


def late(facts: Mapping[str, Any], clock: str) -> int:
    """How many runs of a clock ("first_reply" or "resolve") were decided late."""
    return sum(int(row[f"{clock}_due"]) - int(row[f"{clock}_in_time"]) for row in facts["sites"])


def compare(expected: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """Every difference as one line; empty when the portal counted the same. What `facts` leaves out is a difference,
    except `orders`, which is only compared where it is given."""
    found = []
    if expected["tickets"] != facts.get("tickets"):
        found.append(f"tickets: expected {expected['tickets']}, portal {facts.get('tickets')}")
    wanted, given = _by_place(expected), _by_place(facts)
    for place in sorted(wanted.keys() | given.keys()):
        row, other = wanted.get(place, {}), given.get(place, {})
        for name in MEASURES:
            if row.get(name, 0) != other.get(name, 0):
                found.append(f"{' '.join(place)} {name}: expected {row.get(name, 0)}, portal {other.get(name, 0)}")
    return found + _compare_orders(expected["orders"], facts.get("orders"))


def _by_place(facts: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {(row["site"], row["month"]): row for row in facts.get("sites", ())}


def _compare_orders(wanted: Mapping[str, Any], given: Mapping[str, Any] | None) -> list[str]:
    found = []
    for code in sorted(wanted.keys() | given.keys()) if given is not None else ():
        row, other = wanted.get(code, {}), (given or {}).get(code, {})
        for name in PER_ORDER:
            if name in other and row.get(name, 0) != other[name]:
                found.append(f"order {code} {name}: expected {row.get(name, 0)}, found {other[name]}")
        if row and not other:
            found.append(f"order {code}: missing")
    return found


def planned(tickets: int, sites: Sequence[str], log: Path = worklog.LOG) -> list[Plan]:
    """The plans of the first `tickets` tickets of the log; all its groups are dealt out to `sites`."""
    cases = worklog.read(log)
    return plan.plans(cases[:tickets], plan.site_of_groups(worklog.groups(cases), sites), sites[0])


def read_sites(text: str) -> tuple[str, ...]:
    """Site codes from a file with one on each line, or from a list with commas. Raises ArgumentTypeError."""
    path = Path(text)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else text.split(",")
    codes = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not codes:
        raise argparse.ArgumentTypeError("no site code found")
    return codes


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the expectation, or what differs from it."""
    parser = argparse.ArgumentParser(prog="python -m simulator.expected", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1000)
    parser.add_argument("--sites", type=read_sites, default=DEFAULT_SITES, help="file or list of site codes")
    parser.add_argument("--log", type=Path, default=worklog.LOG)
    parser.add_argument("--policy", type=Path, default=POLICY)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--compare", type=Path, help="the portal's facts as JSON")
    chosen = parser.parse_args(arguments)
    expected = compute(planned(chosen.tickets, chosen.sites, chosen.log), load_policy(chosen.policy))
    if chosen.compare:
        differences = compare(expected, from_portal(json.loads(chosen.compare.read_text(encoding="utf-8"))))
        print("\n".join(differences) or "no difference")
        return 1 if differences else 0
    print(json.dumps(expected, ensure_ascii=False, indent=1) if chosen.json else table(expected))
    return 0


def table(facts: Mapping[str, Any]) -> str:
    """The sites and months as a text table with a line of totals."""
    head = f"{'site':<12}{'month':<9}" + "".join(f"{name.replace('_', ' '):>21}" for name in MEASURES)
    lines = [head]
    for row in facts["sites"]:
        lines.append(f"{row['site']:<12}{row['month']:<9}" + "".join(f"{row[name]:>21}" for name in MEASURES))
    totals = [sum(row[name] for row in facts["sites"]) for name in MEASURES]
    lines.append(f"{'total':<21}" + "".join(f"{total:>21}" for total in totals))
    orders = facts["orders"].values()
    lines.append(" · ".join(f"{name} {sum(order[name] for order in orders)}" for name in PER_ORDER))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
