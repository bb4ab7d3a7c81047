"""`make bench SIZE=10000 ENGINE=sqlite OUT=bench.json`: one table, and one JSON array. Times are told, never judged."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import data
from bench.own_work import own_work
from bench.places import Place
from bench.result import Result
from bench.served_work import Run
from bench.stage import environment, opened

DATABASE = "postgresql+psycopg://127.0.0.1:5432/postgres"  # as whoever runs it


def results(place: Place) -> Iterator[Result]:
    """Every operation, as it is done."""
    with opened(place) as stage:
        run = Run(stage)
        yield from run.pages()
        yield run.poll()
        yield run.push()
        yield run.reply()
        yield run.search()
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
    address = os.environ.get("BENCH_DATABASE_URL") or DATABASE
    if address.startswith("postgresql://"):
        address = "postgresql+psycopg://" + address.removeprefix("postgresql://")
    place = Place(engine, size, address if engine == "postgresql" else "")
    data.ensure(place)
    head = f"{'operation':<20} {'ours':>12} {'limit':>12} {'unit':<11} {'ratio':>6} {'queries':>8} {'bytes':>9}"
    print(f"{size} tickets, {engine}\n{head}", flush=True)
    found = []
    for one in results(place):
        print(told(one), flush=True)
        found.append(one.plain())
    if out:
        Path(out).write_text(json.dumps(found, indent=1) + "\n")
        print(f"written: {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
