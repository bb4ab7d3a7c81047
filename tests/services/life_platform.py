"""The platform in the model: its orders, its messages in any order, and what becomes of our answers (rulebook 3.12).

A message counts once. Its effect is the one of its place in the order of (event time, rank): what a later *satisfied*
or *cancel* has overtaken does nothing, and the later repeats and rejections of one that comes late act after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.services import life_says as says
from tests.services.life_model import AT_WORK, Life

WAYBILLS = ("YT1000000000011", "YT2000000000022")
CODES = ("W1", "W2", "W3", "W4")
WAYBILL_OF = dict(zip(CODES, (*WAYBILLS, WAYBILLS[0], WAYBILLS[0]), strict=True))
RANK = ("ISSUE", "URGE", "REPEAT", "REJECT", "SATISFIED", "CANCEL")
MESSAGES = RANK[1:]
EFFECT = {"REPEAT": says.repeated, "REJECT": says.rejected, "SATISFIED": says.satisfied}
WINDOW = timedelta(days=7)

Message = tuple[datetime, int, str]  # event time, rank, key


@dataclass(repr=False)
class Order:
    """One work order. `life` is the ticket that it belongs to now; `unsent` are answers that have not left yet."""

    code: str
    life: Life | None = None
    expires: datetime | None = None
    messages: list[Message] = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    answered: bool = False
    verdict: str = ""
    rejects: bool = False  # the present result
    unsent: list[tuple[Life, str, int]] = field(default_factory=list)  # whose answer, its type, its result's number

    def __repr__(self) -> str:
        return self.code

    @property
    def wants_answer(self) -> bool:
        return self.verdict != "CANCEL"

    def say(self, operate_type: str, number: int) -> None:
        """An answer goes into the outbox."""
        assert self.life is not None
        self.life.callbacks.append((self.code, operate_type))
        self.unsent.append((self.life, operate_type, number))


def on_waybill(lives: list[Life], waybill: str, now: datetime) -> Life | None:
    """The ticket that a new complaint belongs to: an open one, else one closed at most 7 days ago; the newest first."""
    found = [life for life in reversed(lives) if life.waybill == waybill and life.state != "withdrawn"]
    live = [life for life in found if life.state != "closed"]
    fresh = [life for life in found if reopens(life, now)]
    return next(iter([*live, *fresh]), None)


def reopens(life: Life, now: datetime) -> bool:
    return life.state == "closed" and life.closed_at is not None and now - life.closed_at <= WINDOW


def begins_anew(order: Order, message: Message, now: datetime) -> bool:
    """A repeat after the re-open window is a new ticket, unless a later verdict has overtaken it."""
    assert order.life is not None
    over = order.life.state == "closed" and not reopens(order.life, now)
    return RANK[message[1]] == "REPEAT" and over and not _overtaken(order, message)


def _overtaken(order: Order, message: Message) -> bool:
    return any(one > message and one[1] >= RANK.index("SATISFIED") for one in order.messages)


def apply(order: Order, message: Message, orders: list[Order], now: datetime) -> None:
    """One message of the platform: counted, shown, and its effect."""
    life = order.life
    assert life is not None
    kind = RANK[message[1]]
    life.contact_ends_waiting(now)
    life.urges += kind == "URGE"
    if kind == "REPEAT":
        says.count_repeat(life)
    if kind != "URGE" and not _overtaken(order, message):
        _effect(order, kind, message, orders, now)
    order.messages.append(message)
    order.rejects = order.rejects or kind == "REJECT"
    last = max((one for one in order.messages if one[1] >= RANK.index("REJECT")), default=None)
    order.verdict = RANK[last[1]] if last else ""
    if kind == "CANCEL" and life.state not in ("closed", "withdrawn"):
        follow_deadline(life, orders, now)
    life.moved(now)


def _effect(order: Order, kind: str, message: Message, orders: list[Order], now: datetime) -> None:
    life = order.life
    assert life is not None
    others = [one for one in orders if one.life is life and one is not order and one.wants_answer]
    if kind == "CANCEL":
        done = not others and not life.by_hand and says.withdrawn(life, now)
    elif kind == "SATISFIED" and any(_still_waits(one, life) for one in others):
        done = False
    else:
        done = EFFECT[kind](life, now)
    elders = [one for one in sorted(order.messages) if one > message and one[1] != RANK.index("URGE")]
    if done:
        for _at, rank, _key in elders:
            EFFECT[RANK[rank]](life, now)


def _still_waits(order: Order, life: Life) -> bool:
    """Whether another order's complaint is not settled by what the complainant of this one says."""
    if life.state == "appealed":
        return order.rejects
    return life.state in AT_WORK and (order.verdict == "REJECT" or not (order.verdict or order.answered))


def follow_deadline(life: Life, orders: list[Order], now: datetime) -> None:
    """The earliest platform deadline of the orders that still want an answer (3.12)."""
    dues = [o.expires for o in orders if o.life is life and o.wants_answer and not o.answered and o.expires]
    running = life.runs.going(("platform",))
    due = min(dues, default=None)
    if due is None:
        life.runs.stop(("platform",), now)
    elif not running:
        life.runs.start("platform", now, due=due)
    elif running[0].due < now and due > running[0].due:
        life.runs.stop(("platform",), now)
        life.runs.start("platform", now, due=due)
    else:
        running[0].due = due


def answer_taken(order: Order, orders: list[Order], now: datetime) -> None:
    """The platform took the oldest answer: the time to object begins, if it was the present result."""
    life, _type, number = order.unsent.pop(0)
    order.answered = True
    follow_deadline(life, orders, now)
    if number == life.result_no:
        life.start_objection(now)
    life.moved(now)


def answer_refused(order: Order, now: datetime) -> None:
    """Back in the site's queue, if it was the present result that was refused (7.2)."""
    life, kind, number = order.unsent.pop(0)
    if kind not in ("UPHELD", "REJECTED") and number == life.result_no and life.state == "replied":
        life.runs.void(("delivery", "objection", "close"), now)
        life.rework(now, new_round=False)
    life.moved(now)
