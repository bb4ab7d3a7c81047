"""One client, then eight, each bounded in count and in time. The same for us and for them."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterable, Iterator

from bench.load import CLIENTS
from bench.peers.web import Browser, Refused, Work

WARM = 8  # before each measure, so that each worker has loaded and prepared what it needs
MOST_ALONE, MOST_TOGETHER = 40, 400
SECONDS = 10.0  # that a measure goes on at most; what is under way then is waited for


def forever(work: Work) -> Iterator[Work]:
    """The same again and again."""
    while True:
        yield work


def warm(browser: Browser, works: Iterator[Work]) -> None:
    """A few that nobody counts, within the time of a measure."""
    _drawn(browser, _bounded(works, WARM, time.perf_counter() + SECONDS), [])


def alone(browser: Browser, works: Iterator[Work]) -> float:
    """Milliseconds of the middle one."""
    took: list[float] = []
    _drawn(browser, _bounded(works, MOST_ALONE, time.perf_counter() + SECONDS), took)
    return 1000 * statistics.median(took)


def together(browser: Browser, works: Iterator[Work]) -> float:
    """Pieces of work a second, by eight windows of the same person."""
    took: list[float] = []
    wrong: list[BaseException] = []
    begun = time.perf_counter()
    shared = _shared(_bounded(works, MOST_TOGETHER, begun + SECONDS))

    def client() -> None:
        window = browser.another()
        try:
            _drawn(window, shared, took)
        except Exception as error:
            wrong.append(error)
        finally:
            window.close()

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise Refused(str(wrong[0]))
    return len(took) / (time.perf_counter() - begun)


def _drawn(browser: Browser, works: Iterable[Work], took: list[float]) -> None:
    for work in works:
        begun = time.perf_counter()
        browser.work(work)
        took.append(time.perf_counter() - begun)


def _bounded(works: Iterator[Work], most: int, end: float) -> Iterator[Work]:
    """At least one, so that what takes longer than the bound has a figure."""
    for n in range(most):
        if n and time.perf_counter() > end:
            return
        work = next(works, None)
        if work is None:
            return
        yield work


class _shared:  # noqa: N801 - used as the function that it would be, were iterators safe to share
    def __init__(self, works: Iterator[Work]) -> None:
        self.works, self.lock = works, threading.Lock()

    def __iter__(self) -> Iterator[Work]:
        while True:
            with self.lock:
                work = next(self.works, None)
            if work is None:
                return
            yield work
