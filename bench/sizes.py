"""`python -m bench.sizes`: the same work at several sizes, in turns, so that the machine's moods change all of them.
SIZES ("10000 100000 1000000") and BENCH_DATABASE_URL; on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from bench import data, load
from bench.load import Answered
from bench.places import Place
from bench.served_work import WARM, Run
from bench.stage import answer, opened, server

SIZES = "10000 100000 1000000"
SECONDS, TURNS = 0.5, 16
PUSHES, REPLIES = 40, 40  # of each turn
EXPECT = {"reply": 303}

Works = dict[str, Iterator[Iterable[bytes]]]  # by operation, what is sent in each turn


def works(run: Run) -> Works:
    """Everything that one size is asked for."""
    pages = {
        "queue_page": "/tickets?queue=all", "queue_page_filtered": "/tickets?queue=working&category=FALSE_SIGN",
        "queue_page_deep": run.deep("/tickets?queue=all"), "ticket_page": f"/tickets/{run.long()}?queue=all",
    }  # fmt: skip
    asked = {name: load.request("GET", path, cookie=run.lcs) for name, path in pages.items()}
    limits = {f"{name}, limit": run.bare(path, run.lcs) for name, path in pages.items()}
    found: Works = {name: _again(sent) for name, sent in (asked | limits).items()}
    for sent in (asked | limits).values():
        load.run(run.stage.port, [sent] * WARM)
    return found | {"push": (run.messages(run.codes(PUSHES)) for _ in range(TURNS)), "reply": _results(run)}


def _again(sent: bytes) -> Iterator[Iterable[bytes]]:
    return (load.during(SECONDS, sent) for _ in range(TURNS))


def _results(run: Run) -> Iterator[Iterable[bytes]]:
    numbers = run.pushed(REPLIES * TURNS + WARM)
    clerks = run.clerks(numbers)
    sent = [
        load.request("POST", f"/tickets/{number}/result", cookie=clerks[number][0], body=answer(clerks[number][1]))
        for number in numbers
    ]
    load.run(run.stage.port, sent[:WARM], expect=(303,))
    return (sent[WARM + at : WARM + at + REPLIES] for at in range(0, REPLIES * TURNS, REPLIES))


def measured(runs: dict[int, tuple[int, Works]]) -> Iterator[tuple[str, dict[int, Answered]]]:
    """Each operation, with what came back at each size: one turn of each after the other."""
    for name in next(iter(runs.values()))[1]:
        found = {size: Answered() for size in runs}
        for _ in range(TURNS):
            for size, (port, mine) in runs.items():
                found[size].add(load.run(port, next(mine[name]), expect=(EXPECT.get(name, 200),)))
        yield name, found


def told(name: str, found: dict[int, Answered]) -> str:
    """A line of the table; the last column is the dearest size as times of the cheapest."""
    figures = [one.rate for one in found.values()]
    return f"{name:<28}" + "".join(f"{one:>12,.1f}" for one in figures) + f"{max(figures) / min(figures):>8.2f}"


def main() -> None:
    """Measure and print requests a second."""
    sizes = [int(one) for one in (os.environ.get("SIZES") or SIZES).split()]
    places = [Place("postgresql", size, server()) for size in sizes]
    for place in places:
        data.ensure(place)
    with ExitStack() as open_ones:
        runs = {}
        for place in places:
            stage = open_ones.enter_context(opened(place, f"run_{place.size}"))
            runs[place.size] = (stage.port, works(Run(stage)))
        print(f"{'':<28}" + "".join(f"{size:>12,}" for size in sizes), flush=True)
        for name, found in measured(runs):
            print(told(name, found), flush=True)


if __name__ == "__main__":
    main()
