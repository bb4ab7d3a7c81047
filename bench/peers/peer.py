"""What every peer does in the same way: be made ready, filled, copied, served, asked, and be gone."""

from __future__ import annotations

import shutil
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

from bench.peers import measure
from bench.peers.places import SAID, PeerPlace
from bench.peers.processes import Missing, run
from bench.peers.table import ALONE, TOGETHER, Measured
from bench.peers.web import Browser, Refused, Work
from launcher.settings import HOST

QUEUES = 10  # that the tickets lie in
OPEN, ENTRIES = 0.2, 50  # the last ones are open; the very last has so many entries
MOST_DUE, ESCALATION = 20_000, 120.0  # tickets, and the seconds after which the run is stopped


class Peer(ABC):
    """One of them, with so many tickets."""

    name: str

    def __init__(self, size: int, admin: str) -> None:
        self.place = PeerPlace(self.name, size, admin)
        self.size = size
        self.port = _free()
        self.measured = Measured(self.name)
        self.browser = Browser(self.port)

    # --- what each does in its own way ---

    @abstractmethod
    def install(self) -> str:
        """Have the program; its version. Raises Missing."""

    @abstractmethod
    def make(self) -> None:
        """Its schema, its people and its tickets in the empty database."""

    @abstractmethod
    def serve(self) -> AbstractContextManager[None]:
        """Its server at `port`, as its documentation has it for production, with two processes or more."""

    @abstractmethod
    def signed_in(self) -> Browser:
        """An agent who sees every ticket."""

    @abstractmethod
    def queue_page(self) -> Work:
        """50 open tickets, the most urgent ones first."""

    @abstractmethod
    def ticket_page(self) -> Work:
        """The ticket with ENTRIES entries."""

    @abstractmethod
    def search(self) -> Work:
        """WORD, as its own box for searching asks it."""

    @abstractmethod
    def reply(self, n: int) -> Work:
        """An answer to the n-th open ticket."""

    @abstractmethod
    def create(self, n: int) -> Work:
        """A new ticket with a text."""

    def escalate(self) -> tuple[float, int, int] | None:
        """Its own run over the open tickets: seconds, how many it did, how many there were to do. None where it has
        no such run."""
        return None

    # --- what is the same ---

    def measure(self) -> Measured:
        """Everything, on a copy of its tickets; its server and the copy are gone afterwards."""
        self.ready()
        self.place.copy()
        try:
            with self.serve():
                self.browser = self.signed_in()
                self._asked(self.browser)
            self._try("escalate", self._escalated)
        finally:
            self.place.drop()
        return self.measured

    def ready(self) -> None:
        """Installed, and its tickets there, which are kept once they are made. Raises Missing."""
        self.place.home.mkdir(parents=True, exist_ok=True)
        self.measured.version = self.install()
        if self.place.whole():
            return
        self._say(f"making {self.size} tickets (once)")
        begun = time.monotonic()
        self.place.begin()
        try:
            self.make()
            self.place.finish()
        finally:
            self.place.drop()
        self._say(f"made in {time.monotonic() - begun:.0f} s")

    def _asked(self, browser: Browser) -> None:
        pages = {"queue_page": self.queue_page, "ticket_page": self.ticket_page}
        for operation, page in pages.items():
            self._try(operation, lambda o=operation, p=page: self._both(o, browser, measure.forever(p())))  # type: ignore[misc]
        self._try("search", lambda: self._alone("search", browser, measure.forever(self.search())))
        for operation, deed in (("reply", self.reply), ("create", self.create)):
            self._try(operation, lambda o=operation, d=deed: self._both(o, browser, map(d, count())))  # type: ignore[misc]
        browser.close()

    def _alone(self, operation: str, browser: Browser, works: Iterator[Work]) -> None:
        measure.warm(browser, works)
        self.measured.figures[operation, ALONE] = measure.alone(browser, works)

    def _both(self, operation: str, browser: Browser, works: Iterator[Work]) -> None:
        self._alone(operation, browser, works)
        self.measured.figures[operation, TOGETHER] = measure.together(browser, works)

    def _escalated(self) -> None:
        found = self.escalate()
        if found is None:
            self.measured.notes.append(f"{self.name} has no run of its own that escalates")
            return
        took, done, due = found
        end = "in" if done >= due else "when it was stopped after"
        self.measured.notes.append(f"{self.name} escalated {done:,} of {due:,} open tickets {end} {took:.0f} s")
        if done:
            self.measured.figures["escalate", "tickets/s"] = done / took

    def _try(self, operation: str, work: Callable[[], None]) -> None:
        """What one cannot do leaves a dash and a sentence, and the rest is measured all the same."""
        self._say(operation)
        try:
            work()
        except (Refused, Missing) as error:
            self.measured.notes.append(f"{self.name} could not: {operation}: {str(error)[:400]}")

    def _say(self, what: str) -> None:
        print(f"{self.name}: {what}", file=sys.stderr, flush=True)

    # --- for those below ---

    @property
    def first_open(self) -> int:
        """The number of the first open ticket; they go up to `size`."""
        return int(self.size * (1 - OPEN)) + 1

    def open_ticket(self, n: int) -> int:
        """Another one for each n, as long as there are; never the one with the many entries."""
        return self.first_open + n % (self.size - self.first_open)

    @staticmethod
    def title(ticket: int) -> str:
        """What the customer of that ticket said, as the statements that filled the tables have it."""
        return SAID[ticket // 3 % len(SAID)]

    @property
    def queues_due(self) -> int:
        """How many of the queues hold about MOST_DUE open tickets."""
        return min(QUEUES, max(1, int(MOST_DUE / (self.size * OPEN / QUEUES))))

    @property
    def due(self) -> int:
        """How many open tickets lie in those."""
        return sum(1 for n in range(self.first_open, self.size + 1) if n % QUEUES < self.queues_due)


def environment(place: PeerPlace, requirements: Path) -> Path:
    """A virtual environment of the peer's own with what the file pins; its folder of programs."""
    programs, stamp = place.home / "venv" / "bin", place.home / "venv" / "installed"
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return programs
    shutil.rmtree(place.home / "venv", ignore_errors=True)
    run([sys.executable, "-m", "venv", str(place.home / "venv")])
    run([str(programs / "python"), "-m", "pip", "install", "-q", "--no-input", "-r", str(requirements)])
    stamp.write_text(requirements.read_text())
    return programs


def _free() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
