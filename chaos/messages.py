"""What the platform of a run says and when, out of the seed: new orders, what customers do later, early messages."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator import complaint_texts as words
from simulator import protocol
from simulator.complaints import Generator
from simulator.protocol import encode, stamp

LATER = {
    protocol.URGE: (10, words.URGES), protocol.REPEAT: (5, words.REPEATS), protocol.REJECT: (6, words.REJECTS),
    protocol.SATISFIED: (9, words.ACCEPTS), protocol.CANCEL: (3, ("消费者撤销投诉。",)),
}  # fmt: skip
NEW, EARLY = 0.62, 0.05  # shares of new orders, and of those whose urge or cancellation comes before them
SAME_PARCEL = 0.08  # of new orders that are about a parcel that was complained of before
REACH = 400  # orders back that a later message may be about


@dataclass(frozen=True)
class Message:
    """One message: its exact bytes are sent again and again until taken. `early` ones go out after `delay` seconds."""

    msg_type: str
    code: str
    event_id: str
    body: bytes
    delay: float = 0.0


@dataclass
class Orders:
    """Makes the messages of a run. `now` is the portal's time, which is in the bodies but decides nothing."""

    seed: int
    sites: Sequence[str]
    made: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw = random.Random(f"messages {self.seed}")
        self.generator = Generator(self.seed, self.sites, prefix=f"CH{self.seed:04d}")
        self.events = 0

    def next(self, now: datetime) -> Iterator[Message]:
        """The message of one turn; two where something comes before its order."""
        drawn = self.draw.random()
        if len(self.made) < 3 or drawn < NEW - EARLY:
            yield self.issue(now)
        elif drawn < NEW:
            issue = self.issue(now, delay=self.draw.uniform(0.5, 2.5))
            kind = protocol.CANCEL if self.draw.random() < 0.2 else protocol.URGE
            yield self.later(kind, self.made[-1], now)
            yield issue
        else:
            kinds, shares = list(LATER), [share for share, _texts in LATER.values()]
            kind = self.draw.choices(kinds, shares)[0]
            yield self.later(kind, self.draw.choice(self.made[-REACH:]), now)

    def issue(self, now: datetime, delay: float = 0.0) -> Message:
        """A new order."""
        made = self.generator.complaint(now).body
        if self.made and self.draw.random() < SAME_PARCEL:
            old = self.draw.choice(self.made[-REACH:])
            made["extension"]["mail_no"] = old["extension"]["mail_no"]
            made["extension"]["site_code"] = old["extension"]["site_code"]
        self.made.append(made)
        return Message(protocol.ISSUE, made["work_order_code"], "", encode(made), delay)

    def later(self, kind: str, order: dict[str, Any], now: datetime) -> Message:
        """Something about an order."""
        self.events += 1
        code, event = order["work_order_code"], f"E{self.seed}-{self.events}"
        text = self.draw.choice(LATER[kind][1])
        at = stamp(now + timedelta(seconds=1))
        body = {
            "work_order_code": code, "task_id": order["work_order_task"]["task_id"], "event_id": event,
            "event_time": at, "description": text, "extension": {},
        }  # fmt: skip
        return Message(kind, code, event, encode(body))
