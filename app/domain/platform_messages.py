"""What the messages of one platform order add up to, in whatever order they arrived (interfaces, section 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.domain.errors import DomainError

ISSUE, URGE, REPEAT, REJECT, SATISFIED, CANCEL = "ISSUE", "URGE", "REPEAT", "REJECT", "SATISFIED", "CANCEL"
RETREAT = "RETREAT"  # the platform sends our answer back: no word of the customer's, work for the site
TYPES = (ISSUE, URGE, REPEAT, RETREAT, REJECT, SATISFIED, CANCEL)
RANK = {name: rank for rank, name in enumerate(TYPES)}
VERDICTS = {REJECT: "rejected", SATISFIED: "satisfied", CANCEL: "cancelled"}


@dataclass(frozen=True)
class Message:
    """One message: its type, the platform's own time (aware UTC), and the key that makes it unique in its type."""

    type: str
    event_time: datetime
    event_key: str


@dataclass(frozen=True)
class Fold:
    """The sum of an order's messages. `verdict` is the customer's or platform's last word, with its message's key."""

    urges: int = 0
    repeats: int = 0
    rejects: int = 0
    verdict: str | None = None
    verdict_key: str | None = None


def ordered(messages: Iterable[Message]) -> tuple[Message, ...]:
    """The messages, each once, by (event_time, rank, key); of two with one type and key the earlier one counts.

    The key is the last tie-break, so that the order never depends on arrival. Raises DomainError
    (code "unknown_message_type") for a type that has no rank.
    """
    unique: dict[tuple[str, str], Message] = {}
    for message in sorted(messages, key=_sort_key):
        unique.setdefault((message.type, message.event_key), message)
    return tuple(unique.values())


def _sort_key(message: Message) -> tuple[datetime, int, str]:
    if message.type not in RANK:
        raise DomainError("unknown_message_type", type=message.type)
    return message.event_time, RANK[message.type], message.event_key


def fold(messages: Iterable[Message]) -> Fold:
    """Counts and verdict, the same for every arrival order and for duplicates.

    The verdict is the last REJECT, SATISFIED or CANCEL in the order of `ordered`: at one instant CANCEL wins by its
    rank, but a platform that rejects after it cancelled has taken the cancellation back. A REPEAT re-opens work
    and is counted; it is no verdict.
    """
    line = ordered(messages)
    last = next((message for message in reversed(line) if message.type in VERDICTS), None)
    return Fold(
        urges=sum(message.type == URGE for message in line),
        repeats=sum(message.type == REPEAT for message in line),
        rejects=sum(message.type == REJECT for message in line),
        verdict=VERDICTS[last.type] if last else None,
        verdict_key=last.event_key if last else None,
    )
