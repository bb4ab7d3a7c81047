"""`make bench SIZE=10000 ENGINE=sqlite OUT=bench.json`: one table, and one JSON array. Times are told, never judged.
With PEERS other systems are measured after it (bench/peers)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import data
from bench.own_work import own_work
from bench.peers import ours
from bench.peers.run import heed_a_kill, measured, tell
from bench.peers.table import Figures
from bench.peers.wanted import wanted
from bench.places import Place
from bench.result import Result
from bench.served_work import Run
from bench.stage import environment, opened, server


def results(place: Place, beside: Figures | None = None) -> Iterator[Result]:
    """Every operation, as it is done; `beside` takes what is compared with the peers, measured as theirs is."""
    with opened(place) as stage:
        run = Run(stage)
        yield from run.pages()
        yield run.poll()
        yield run.push()
        yield run.reply()
        yield run.search()
        if beside is not None:
            beside |= ours.figures(run)
    yield from own_work(place)


def told(one: Result) -> str:
    """A line of the table."""
    ours, limit = (f"{value:,.1f}" if value >= 10 else f"{value:.4f}" for value in (one.ours, one.limit))
    return (
        f"{one.operation:<20} {ours:>12} {limit:>12} {one.unit:<11} {one.ratio:>6.2f} {one.queries:>8} {one.bytes:>9}"
    )


def main() -> None:
    """Measure, print, and write OUT."""
    size, engine, out = environment()
    peers = _peers(engine)
    place = Place(engine, size, server() if engine == "postgresql" else "")
    data.ensure(place)
    head = f"{'operation':<20} {'ours':>12} {'limit':>12} {'unit':<11} {'ratio':>6} {'queries':>8} {'bytes':>9}"
    print(f"{size} tickets, {engine}\n{head}", flush=True)
    found, beside = [], Figures()
    for one in results(place, beside if peers else None):
        print(told(one), flush=True)
        found.append(one.plain())
        if one.operation == "sweep":
            beside["escalate", "tickets/s"] = one.pieces / one.ours
    if out:
        Path(out).write_text(json.dumps(found, indent=1) + "\n")
        print(f"written: {out}", file=sys.stderr)
    if peers:
        heed_a_kill()
        tell(beside, measured(peers, size, place.admin), {"size": size, "engine": engine}, out)


def _peers(engine: str) -> tuple[str, ...]:
    try:
        names = wanted(os.environ.get("PEERS") or "")
    except ValueError as error:
        sys.exit(str(error))
    if names and engine != "postgresql":
        sys.exit("PEERS wants ENGINE=postgresql: the peers work on the same server")
    return names


if __name__ == "__main__":
    main()
