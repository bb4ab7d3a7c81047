"""The platform as a running process: pushes complaints at a rate, takes answers, and reacts as customers do."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator import complaint_texts as words
from simulator import pdd_life, pictures, protocol
from simulator.complaints import DEFAULT_SITES, Complaint, Generator
from simulator.ledger import Ledger, Order, Taken
from simulator.protocol import SHANGHAI, Link, encode, stamp
from simulator.pusher import Pusher
from simulator.receiver import Receiver

MOST_REJECTS = 2  # an order is not rejected for ever
RATES = ("rate", "pdd", "reject", "repeat", "satisfied", "urge", "duplicate", "reorder")


@dataclass
class Settings:
    """How the platform behaves. `rate` is complaints a minute, the chances are 0 to 1, `pause` seconds from-to."""

    portal: str = "http://127.0.0.1:8000"
    listen: str = "127.0.0.1:8001"
    connection: str = "demo"
    secret: str = "demo-secret"  # noqa: S105 - the documented secret of the demo
    rate: float = 2.0
    pdd: float = 0.0  # tickets a minute on the second platform
    seed: int = 1
    reject: float = 0.1
    repeat: float = 0.05
    satisfied: float = 0.4
    urge: float = 0.1
    duplicate: float = 0.02
    reorder: float = 0.02
    limit: int = 0
    sites: tuple[str, ...] = DEFAULT_SITES
    pause: tuple[float, float] = (20.0, 90.0)
    log: Path | None = None
    strict: bool = False


class Simulator:
    """Receiver, pusher and generator put together."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.random = random.Random(settings.seed + 1)
        self.ledger = Ledger(settings.log, strict=settings.strict)
        link = Link(settings.portal, settings.connection, settings.secret)
        self.pusher = Pusher(link, self.ledger, seed=settings.seed + 2, duplicate=settings.duplicate)
        self.receiver = Receiver(
            settings.listen, self.ledger, settings.secret, on_callback=self.react, on_control=self.control
        )
        prefix = f"LP{datetime.now(SHANGHAI):%y%m%d%H%M%S}"  # two starts never use one code
        self.generator = Generator(settings.seed, settings.sites, prefix=prefix)
        pictures.hang(self)
        pdd_life.hang(self)
        self._lock = threading.Lock()
        self.stopped = threading.Event()

    def start(self) -> None:
        """Listen and send, in the background."""
        self.receiver.start()
        self.pusher.start()

    def run(self) -> None:
        """Push complaints at the rate until stopped; the first one at once. A rate of 0 pushes none."""
        pushed = 0
        begun = time.monotonic() - 3600
        while not self.stopped.wait(0.1):
            self.pdd.look()
            rate = self.settings.rate
            room = self.pusher.reached or self.pusher.waiting() == 0  # a portal that is not up gets one, not a heap
            if rate > 0 and room and time.monotonic() - begun >= 60 / rate and not (0 < self.settings.limit <= pushed):
                self.issue()
                begun, pushed = time.monotonic(), pushed + 1

    def stop(self) -> None:
        """End cleanly: no new message, the one in flight finishes, the port is free."""
        self.stopped.set()
        self.pusher.stop()
        self.receiver.stop()

    def issue(self, wish: Mapping[str, Any] | None = None) -> Complaint:
        """Make one complaint and put its scans and then itself on the way; `wish` may name category, site, priority."""
        wish = wish or {}
        with self._lock:
            complaint = self.generator.complaint(
                datetime.now(SHANGHAI), category=str(wish.get("category", "")), site=str(wish.get("site", "")),
                priority=wish.get("priority"),
            )  # fmt: skip
            early = self.random.random() < self.settings.reorder
            urge = early or self.random.random() < self.settings.urge
        self.ledger.add(complaint.code, complaint.task_id, complaint.replies)
        if urge:
            self.later(complaint.code, protocol.URGE, words.URGES, 0.0 if early else None)
        self._deliver(complaint, hold=1.5 if early else 0.0)
        return complaint

    def _deliver(self, complaint: Complaint, hold: float) -> None:
        body = encode(complaint.body)

        def push_issue() -> None:
            self.pusher.push(protocol.ISSUE, complaint.code, body, delay=hold)

        if not complaint.scans:
            push_issue()
            return
        self.pusher.push(protocol.SCANS, complaint.code, encode({"scans": complaint.scans}), after=push_issue)

    def later(self, code: str, msg_type: str, texts: tuple[str, ...], delay: float | None = None) -> None:
        """Put a follow-up message of an order on its way; without `delay` after a customer's pause."""
        with self._lock:
            wait = self.random.uniform(*self.settings.pause) if delay is None else delay
            text = self.random.choice(texts)
        order = self.ledger.orders.get(code)
        task_id = order.task_id if order else f"T{code}"
        at = datetime.fromtimestamp(time.time() + wait, SHANGHAI)
        message = {
            "work_order_code": code, "task_id": task_id, "event_id": uuid.uuid4().hex, "event_time": stamp(at),
            "description": text, "extension": {},
        }  # fmt: skip
        self.pusher.push(msg_type, code, encode(message), delay=wait)

    def react(self, taken: Taken) -> None:
        """What the customer does about an answer: rejects it, complains again, is satisfied, or says nothing."""
        order = self.ledger.orders.get(taken.order_code)
        if order is None or taken.kind != "result":
            return
        with self._lock:
            drawn = self.random.random()
        chosen = self._reaction(order, drawn)
        if chosen is not None:
            self.later(order.code, *chosen)

    def _reaction(self, order: Order, drawn: float) -> tuple[str, tuple[str, ...]] | None:
        wish = self.settings
        if drawn < wish.reject:
            rejected = order.sent[protocol.REJECT] >= MOST_REJECTS
            return (protocol.SATISFIED, words.ACCEPTS) if rejected else (protocol.REJECT, words.REJECTS)
        if drawn < wish.reject + wish.repeat:
            return protocol.REPEAT, words.REPEATS
        if drawn < wish.reject + wish.repeat + wish.satisfied:
            return protocol.SATISFIED, words.ACCEPTS
        return None

    def control(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """POST /control beyond the mood: rates and chances, {"push": {...}} one complaint now, {"send": {...}} one
        follow-up (`order`, `type`: URGE, REPEAT, REJECT, SATISFIED, CANCEL). Raises ValueError."""
        for name in RATES:
            if name in wish:
                setattr(self.settings, name, max(0.0, float(wish[name])))
        self.pusher.duplicate = self.settings.duplicate
        said: dict[str, Any] = {name: getattr(self.settings, name) for name in RATES}
        if isinstance(wish.get("push"), Mapping):
            said["pushed"] = self.issue(wish["push"]).code
        if isinstance(wish.get("send"), Mapping):
            said["sent"] = self._send(wish["send"])
        return said

    def _send(self, wish: Mapping[str, Any]) -> str:
        kind, code = f"WORK_ORDER_{wish.get('type')}", str(wish.get("order", ""))
        texts = {
            protocol.URGE: words.URGES, protocol.REPEAT: words.REPEATS, protocol.REJECT: words.REJECTS,
            protocol.SATISFIED: words.ACCEPTS, protocol.CANCEL: ("消费者撤销投诉。",),
        }  # fmt: skip
        if kind not in texts or not code:
            raise ValueError("send wants an order and a type of URGE, REPEAT, REJECT, SATISFIED, CANCEL")
        chosen = (str(wish["text"]),) if wish.get("text") else texts[kind]
        self.later(code, kind, chosen, float(wish.get("delay", 0)))
        return kind
