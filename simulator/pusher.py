"""Sends the platform's messages: in due order, at least once, each again and again until the portal says success."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from simulator.ledger import Ledger
from simulator.protocol import SCANS, Answer, Link

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
SCAN_TRIES = 3  # scans are a help, never a reason to hold a complaint back


@dataclass(order=True)
class Delivery:
    """One message on its way. `due` is on the monotonic clock; `after` runs once when it was taken."""

    due: float
    number: int
    msg_type: str = field(compare=False)
    order_code: str = field(compare=False)
    body: bytes = field(compare=False)
    after: Callable[[], None] | None = field(compare=False, default=None)
    tries: int = field(compare=False, default=0)


class Pusher:
    """A thread with a heap of deliveries. `duplicate` is the chance that a taken message is sent once more."""

    def __init__(self, link: Link, ledger: Ledger, *, seed: int = 0, duplicate: float = 0.0) -> None:
        self.link, self.ledger, self.duplicate = link, ledger, duplicate
        self._random = random.Random(seed)
        self._heap: list[Delivery] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._stopping = False
        self.reached = False
        self._thread = threading.Thread(target=self._run, name="pusher", daemon=True)

    def start(self) -> None:
        """Begin to send, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the message in flight; what is not sent stays unsent."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(self.link.timeout + 1)

    def push(
        self, msg_type: str, order_code: str, body: bytes, *,
        delay: float = 0.0, after: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Put a message on its way, `delay` seconds from now."""
        self._put(Delivery(time.monotonic() + delay, next(self._numbers), msg_type, order_code, body, after))

    def waiting(self) -> int:
        """How many messages are not sent yet."""
        with self._wake:
            return len(self._heap)

    def _put(self, delivery: Delivery) -> None:
        with self._wake:
            heapq.heappush(self._heap, delivery)
            self._wake.notify_all()

    def _run(self) -> None:
        while (delivery := self._next()) is not None:
            self._send(delivery)

    def _next(self) -> Delivery | None:
        with self._wake:
            while not self._stopping:
                pause = self._heap[0].due - time.monotonic() if self._heap else None
                if pause is not None and pause <= 0:
                    return heapq.heappop(self._heap)
                self._wake.wait(pause)
        return None

    def _send(self, delivery: Delivery) -> None:
        delivery.tries += 1
        try:
            answer = self.link.send(delivery.msg_type, delivery.body)
            self.reached = True
        except requests.RequestException as error:
            answer = Answer(False, "UNREACHABLE", type(error).__name__, 0)
        self.ledger.pushed(delivery.order_code, delivery.msg_type, success=answer.success, error=answer.code)
        if answer.success or (delivery.msg_type == SCANS and delivery.tries >= SCAN_TRIES and answer.status):
            self._taken(delivery)
        else:
            delivery.due = time.monotonic() + self._pause(delivery.tries)
            self._put(delivery)

    def _taken(self, delivery: Delivery) -> None:
        if delivery.after is not None:
            delivery.after()
        if self._random.random() < self.duplicate:
            self.push(delivery.msg_type, delivery.order_code, delivery.body, delay=self._random.uniform(0.2, 5))

    def _pause(self, tries: int) -> float:
        """Doubling, with a spread; short while the portal has never answered, for it is only starting."""
        longest = LONGEST_PAUSE if self.reached else 2.0
        return min(longest, FIRST_PAUSE * 2 ** (tries - 1)) * self._random.uniform(0.8, 1.2)
