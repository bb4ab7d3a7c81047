"""`python -m chaos.platform`: a fake platform that pushes, takes callbacks, and logs what was said on both sides.

Each message is sent until the portal says success, some of them twice and at two addresses at once. Moods: refuse
(200 with a failure) · html · 429 · 401 · redirect · slow · failing (500) · lost (stored, answered with 500). Planted,
for the oracle to see: unsent (some messages count as taken and were never sent).
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import itertools
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from chaos import clock
from chaos.lines import Lines
from chaos.messages import Message, Orders
from chaos.serving import Answer, Mood, answer, serve
from simulator import ledger, protocol
from simulator.protocol import Link, ProtocolError, open_envelope

HANDS = 20  # one that waits for a paused process holds up no other
PLANTED = "7"  # the last digit of the orders that are planted
TWICE, AGAIN = 0.05, 0.10  # shares that go out twice at once, and again after they were taken
UNSTORED: dict[str, Answer] = {
    "failing": answer(ledger.refusal("SYSTEM_ERROR", "系统繁忙"), 500),
    "html": (200, "text/html; charset=utf-8", "<html><body>网关维护中</body></html>".encode(), {}),
    "429": answer(ledger.refusal("TOO_MANY_REQUESTS", "请求过于频繁"), 429, Retry_After="3"),
    "401": answer(ledger.refusal("UNAUTHORIZED", "签名失效"), 401),
    "redirect": (302, "text/html", b"", {"Location": "http://127.0.0.1:9/callback"}),
}


class Pushes:
    """The messages on their way: a heap by time, and hands that send them."""

    def __init__(self, portals: list[str], connection: str, secret: str, log: Lines, seed: int) -> None:
        self.addresses, self.log = portals, log
        self.link: Callable[[str], Link] = lambda portal: Link(portal, connection, secret, timeout=12)
        self.draw = random.Random(f"pushes {seed}")
        self.heap: list[tuple[float, int, Message, int, bool]] = []
        self.numbers, self.wake = itertools.count(), threading.Condition()
        self.flying = 0
        self.taken = 0  # messages that were told success
        self.unsent = False  # planted: some messages are logged as taken and were never sent
        for hand in range(HANDS):
            threading.Thread(target=self.run, args=(hand,), daemon=True).start()

    def put(self, message: Message, delay: float = 0.0, tries: int = 0, *, first: bool = True) -> None:
        """Send a message so many seconds from now."""
        with self.wake:
            heapq.heappush(self.heap, (time.monotonic() + delay, next(self.numbers), message, tries, first))
            self.wake.notify()

    def start(self, message: Message) -> None:
        """A message for the first time; a few at two addresses at once."""
        self.put(message, message.delay)
        if self.draw.random() < TWICE:
            self.put(message, message.delay, first=False)
        if self.draw.random() < AGAIN:
            self.put(message, message.delay + self.draw.uniform(1, 8), first=False)

    def run(self, hand: int) -> None:
        """One hand: take the next message that is due, send it, and put it back unless it was taken."""
        links = [self.link(address) for address in self.addresses]
        while True:
            with self.wake:
                while not self.heap or self.heap[0][0] > time.monotonic():
                    self.wake.wait(max(0.005, self.heap[0][0] - time.monotonic()) if self.heap else None)
                _due, number, message, tries, first = heapq.heappop(self.heap)
                self.flying += 1
            try:
                self.send(links[(number + tries + hand) % len(links)], message, tries, first)
            finally:
                with self.wake:
                    self.flying -= 1

    def send(self, link: Link, message: Message, tries: int, first: bool) -> None:
        """One try, logged when it is over."""
        begun = time.monotonic()
        try:
            planted = self.unsent and message.code.endswith(PLANTED)
            said = protocol.Answer(True, "", "", 200) if planted else link.send(message.msg_type, message.body)
            success, code, status = said.success, said.code, said.status
        except requests.RequestException as error:
            success, code, status = False, type(error).__name__, 0
        said_of = {"type": message.msg_type, "code": message.code, "event": message.event_id, "tries": tries}
        sha = hashlib.sha256(message.body).hexdigest()
        self.log.write("push", **said_of, success=success, sha=sha, error=code, status=status,
                       to=link.address, seconds=round(time.monotonic() - begun, 2))  # fmt: skip
        if success:
            with self.wake:
                self.taken += 1
        else:
            self.put(message, min(3.0, 0.3 * 2**tries), tries + 1, first=first)

    def left(self) -> int:
        """How many are not taken yet."""
        with self.wake:
            return len(self.heap) + self.flying


class Callbacks:
    """Takes the portal's answers; each arrival is one line of the log, in the order of arrival."""

    def __init__(self, log: Lines, secret: str) -> None:
        self.log, self.secret, self.mood = log, secret, Mood()
        self.orders: dict[str, ledger.Order] = {}
        self.lock = threading.Lock()

    def request(self, path: str, _headers: dict[str, str], body: bytes) -> Answer:
        """One callback in the mood of the moment."""
        mood, seconds = self.mood.now, self.mood.seconds
        if path != "/callback":
            return answer({"error": "not found"}, 404)
        if mood == "slow":
            time.sleep(seconds)
        if mood in UNSTORED:
            return UNSTORED[mood]
        try:
            _type, message = open_envelope(body, self.secret)
        except ProtocolError as error:
            self.log.write("callback", took=False, error=error.code, message={})
            return answer(ledger.refusal(error.code, str(error)))
        with self.lock:
            return self.take(message, mood)

    def take(self, message: dict[str, Any], mood: str) -> Answer:
        """Check and log it."""
        wrong = ledger.check(message, self.orders.get(str(message.get("work_order_code"))))
        if mood == "refuse":
            self.log.write("callback", took=False, error="refused by mood", message=message)
            return answer(ledger.refusal("TASK_CLOSED", "任务已关闭，不能回复"))
        self.log.write("callback", took=wrong is None, error=wrong[0] if wrong else "", message=message)
        if wrong:
            return answer(ledger.refusal(*wrong))
        order = self.orders[message["work_order_code"]]
        key = (str(message["operate_time"]), str(message["operate_type"]))
        again = key in order.seen
        order.seen.add(key)
        order.results.append(key[0])
        if mood == "lost":
            return UNSTORED["failing"]
        return answer({"success": True, "error_code": "DUPLICATE" if again else "", "error_msg": ""})


class Platform:
    """Both sides, and the pace."""

    def __init__(self, wish: argparse.Namespace) -> None:
        self.wish, self.log = wish, Lines(Path(wish.log))
        self.callbacks = Callbacks(self.log, wish.secret)
        self.pushes = Pushes(wish.portal.split(","), wish.connection, wish.secret, self.log, wish.seed)
        self.orders = Orders(wish.seed, tuple(wish.sites.split(",")))
        self.going, self.pushed = threading.Event(), 0

    def run(self, stopped: threading.Event) -> None:
        """Push at the rate from the word go to the word stop."""
        due = time.monotonic()
        while not stopped.wait(max(0.0, due - time.monotonic()) if self.going.is_set() else 0.1):
            if not self.going.is_set():
                due = time.monotonic()
                continue
            due += 1 / self.wish.rate
            for message in self.orders.next(clock.read(Path(self.wish.clock_file))):
                self.book(message)
                self.pushes.start(message)
                self.pushed += 1

    def book(self, message: Message) -> None:
        """Remember an order before it is pushed."""
        made = self.orders.made[-1]
        code = made["work_order_code"]
        if code not in self.callbacks.orders:
            task = made["work_order_task"]
            with self.callbacks.lock:
                self.callbacks.orders[code] = ledger.Order(code, task["task_id"], task["structural_replys"])
            self.log.write("order", code=code, task=task["task_id"], parcel=made["extension"]["mail_no"])
        if message.msg_type == protocol.REJECT:
            self.callbacks.orders[message.code].sent[protocol.REJECT] += 1

    def control(self, wish: dict[str, Any]) -> object:
        """POST /control: a mood, or `push` to begin (true) and end (false)."""
        if "push" in wish:
            (self.going.set if wish["push"] else self.going.clear)()
        else:
            self.callbacks.mood.set(wish)
            self.pushes.unsent = self.callbacks.mood.plant == "unsent"
        return self.state()

    def state(self) -> object:
        """GET /state."""
        return {
            "pushed": self.pushed,
            "taken": self.pushes.taken,
            "left": self.pushes.left(),
            "mood": self.callbacks.mood.now,
        }


def main() -> None:
    """Serve and push until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m chaos.platform", description=__doc__)
    for name in ("portal", "listen", "clock-file", "log", "connection", "secret", "sites"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    wish, stopped = parser.parse_args(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    platform = Platform(wish)
    serve(wish.listen, platform.callbacks.request, platform.control, platform.state)
    platform.run(stopped)


if __name__ == "__main__":
    main()
