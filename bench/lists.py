"""`python -m bench.lists`: what each list of the work queue costs that a screen offers, each filter, order and depth,
beside the first page of the same desk. SIZE, ENGINE and BENCH_DATABASE_URL as for the bench."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from urllib.parse import urlencode

from app.services import queue
from app.services.queue import Filters
from app.web import filters as of_address
from app.web import queue_page
from bench import data
from bench.places import Place
from bench.served_work import Run
from bench.stage import environment, opened, server

DESKS = ("site", "lcs", "ccs")  # the demo's people: of the busiest site, its province, headquarters
MOST = 1.5
CATEGORIES = ("", "FALSE_SIGN", "OTHER")  # all, the most frequent one, a rare one
DEPTHS = (1, 2, 20)  # pages
TIMES = 12  # of which the quickest counts


@dataclass(frozen=True)
class Asked:
    """One page of one list: milliseconds, and how many lines it shows."""

    filters: Filters
    page: int
    ms: float
    lines: int


def offered(desk: str) -> Iterator[Filters]:
    """Every list that the screens of a desk offer."""
    owners = queue_page.OWNED_BY.get(desk, ("",))
    for name, category, owner, sort in product(queue_page.RAIL[desk], CATEGORIES, owners, queue.SORTS):
        wanted = Filters(queue=name, category=category, owner=owner, sort=sort)
        if queue.offered(desk, wanted) == wanted:
            yield wanted


def costs(run: Run, desk: str) -> Iterator[Asked]:
    """Each list's pages, the whole one first."""
    cookie, _ = run.stage.token(run.stage.person(desk))
    with run.stage.app.test_request_context():
        paths = {one: f"/tickets?{urlencode(of_address.asked(one) or {'queue': 'todo'})}" for one in offered(desk)}
    whole = Filters(queue="all")
    for filters in (whole, *(one for one in paths if one != whole)):
        path, page = paths[filters], 1
        while path and page <= DEPTHS[-1]:
            if page in DEPTHS:
                yield _timed(run, filters, page, path, cookie)
            path, page = _next(run.ask("GET", path, cookie)[0].text), page + 1


def _next(text: str) -> str:
    found = re.search(r'href="(/tickets\?[^"]*after=[^"]*)"', text)
    return found[1].replace("&amp;", "&") if found else ""


def _timed(run: Run, filters: Filters, page: int, path: str, cookie: str) -> Asked:
    least, text = 1e9, ""
    for _ in range(TIMES):
        begun = time.perf_counter()
        text = run.ask("GET", path, cookie)[0].text
        least = min(least, 1000 * (time.perf_counter() - begun))
    return Asked(filters, page, least, text.count('<a class="row"'))


def told(one: Asked, first: float) -> str:
    """A line of the table: how many times the first page it costs, milliseconds, lines shown, and the list."""
    named = urlencode(of_address.asked(one.filters)) or "queue=todo"
    return f"{one.ms / first:>6.2f} {one.ms:>8.1f} {one.lines:>5}  {named} page {one.page}"


def main() -> None:
    """Measure and print, the dearest first."""
    size, engine, _ = environment()
    place = Place(engine, size, server() if engine == "postgresql" else "")
    data.ensure(place)
    with opened(place) as stage:
        run = Run(stage)
        for desk in DESKS:
            found = list(costs(run, desk))
            over = sum(one.ms > MOST * found[0].ms for one in found)
            head = f"{desk}: {len(found)} pages, {over} over {MOST} times the first page of all"
            print(f"{size} tickets, {engine}, {head}\n times       ms lines", flush=True)
            for one in sorted(found, key=lambda one: -one.ms):
                print(told(one, found[0].ms), flush=True)


if __name__ == "__main__":
    main()
