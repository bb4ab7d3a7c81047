"""`make simulate DAILY=100000 PEAK=3 STAFF=3000 WEB=4`: a sale day by the hour. `PLAN=1`: machines for three sizes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from capacity.costs import Cost, NoFigures, checked_in, of_bench
from capacity.machines import PARTS
from capacity.plan import steps
from capacity.simulate import Hour, SaleDay, first_full
from capacity.wishes import Wish, WrongWish


def costs(env: Mapping[str, str]) -> dict[str, Cost]:
    """The figures checked in, or those of BENCH, measured on BENCH_CORES (2). Raises NoFigures, OSError, ValueError."""
    known = checked_in()
    if not env.get("BENCH"):
        return known
    rows = json.loads(Path(env["BENCH"]).read_text())
    if not isinstance(rows, list):
        raise NoFigures("BENCH is not the file of a bench's run")
    return of_bench(rows, known, int(env.get("BENCH_CORES") or 2))


def told(hours: list[Hour]) -> Iterator[str]:
    """The table of a sale day, and what it comes to."""
    yield (
        f"{'hour':<9}{'come':>8}{'answered':>10}{'at door':>9}{'at sites':>10}{'to send':>9}{'late first':>12}"
        f"{'late result':>13}" + "".join(f"{name + ' %':>13}" for name in PARTS) + "  tightest"
    )
    for hour in hours:
        use = "".join(f"{100 * hour.use[name]:>13.1f}" for name in PARTS)
        yield (
            f"d{hour.n // 24 + 1} {hour.n % 24:02d}:00 {hour.came:>8}{hour.answered:>10}{hour.at_door:>9}"
            f"{hour.at_sites:>10}{hour.to_send:>9}{hour.late_first:>12}{hour.late_result:>13}{use}  {hour.tightest}"
        )
    came, answered = sum(hour.came for hour in hours), sum(hour.answered for hour in hours)
    first, result = sum(hour.late_first for hour in hours), sum(hour.late_result for hour in hours)
    yield f"{came} came, {answered} answered, {came - answered} open; {first} first replies and {result} results late"
    yield first_full(hours)


def planned(wish: Wish, known: Mapping[str, Cost]) -> Iterator[str]:
    """The capacity plan as a table of Markdown."""
    yield (
        "| tickets a day | cores used in the busiest hour: "
        + ", ".join(PARTS)
        + " | machines | full at so many tickets a day |"
    )
    yield "| --- | --- | --- | --- |"
    for one in steps(wish, known):
        used = " · ".join(f"{one.needs[name]:.2f}" for name in PARTS)
        full = ", then ".join(f"{name} at {n:,}" for name, n in one.full.items())
        yield f"| {one.daily:,} | {used} | {one.machines} | {full} |"


def main() -> int:
    """Print; 2 when the wish makes no sense."""
    try:
        wish, known = Wish.from_env(os.environ), costs(os.environ)
    except (WrongWish, NoFigures, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    lines = planned(wish, known) if os.environ.get("PLAN") else told(list(SaleDay(wish, known).hours()))
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
