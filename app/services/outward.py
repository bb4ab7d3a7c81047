"""One result, several platforms: each order gets an answer that it allows (rulebook 3.5, 3.12 and 7.1).

Orders that allow the same answers form a group, which is asked once. Where all that list any allow the same, the group
has no key: the form is the plain one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from app.domain.answers import ANSWER_FIELD, Answer, check, find, parse_answers
from app.models import Event, PlatformOrder, Ticket
from app.services import call_results, callbacks


@dataclass(frozen=True)
class Choice:
    """The answer chosen for a group of orders, and the extra fields that it demands."""

    answer: str = ""
    supplements: Mapping[str, str] = field(default_factory=dict)


class Chosen(Protocol):
    """What a result says to the platforms: one choice, or one for each group by its key."""

    @property
    def answer(self) -> str: ...
    @property
    def supplements(self) -> Mapping[str, str]: ...
    @property
    def choices(self) -> Mapping[str, Choice]: ...


@dataclass(frozen=True)
class Group:
    """Orders that allow the same answers; `key` names the group in forms and texts, empty for the only one."""

    key: str
    answers: tuple[Answer, ...]
    orders: tuple[PlatformOrder, ...]

    def field(self, name: str) -> str:
        """The name of a form field of this group: "answer", or "answer-<key>" where there are several groups."""
        head, _, rest = name.partition("-")
        return "-".join(part for part in (head, self.key, rest) if part)


def groups(orders: Sequence[PlatformOrder]) -> list[Group]:
    """The groups of those open orders that list allowed answers, in the order in which they came."""
    found: dict[tuple[Answer, ...], list[PlatformOrder]] = {}
    for order in orders:
        answers = parse_answers(order.answers) if order.verdict != "cancelled" else ()
        if answers:
            found.setdefault(answers, []).append(order)
    several = len(found) > 1
    return [Group(str(members[0].id) if several else "", answers, tuple(members)) for answers, members in found.items()]


def errors(orders: Sequence[PlatformOrder], result: Chosen) -> dict[str, str]:
    """What is wrong with the answers by form field: each group wants one that it allows, with what that demands."""
    return errors_in(groups(orders), result)


def errors_in(asked: Sequence[Group], result: Chosen) -> dict[str, str]:
    """The same for groups made already."""
    found: dict[str, str] = {}
    for group in asked:
        choice = _choice(group, result)
        for name, code in check(group.answers, choice.answer, choice.supplements).items():
            found[group.field("answer" if name == ANSWER_FIELD else f"supplement-{name}")] = code
    return found


def fitting(orders: Sequence[PlatformOrder], result: Chosen) -> dict[str, Any]:
    """`answer`, `supplements` and `choices` of a result as the platforms asked for them, and nothing beside: what was
    typed for another answer, or for another ticket's platform, stays in the house."""
    asked = {group.key: _fit(group, _choice(group, result)) for group in groups(orders)}
    plain = asked.pop("", Choice())
    return {"answer": plain.answer, "supplements": plain.supplements, "choices": asked}


def _fit(group: Group, choice: Choice) -> Choice:
    offered = find(group.answers, choice.answer)
    names = {field.name for field in offered.fields} if offered else set()
    return Choice(choice.answer, {name: value for name, value in choice.supplements.items() if name in names})


def send(
    session: Session, ticket: Ticket, event: Event, orders: Sequence[PlatformOrder], result: Chosen, now: datetime,
    hold: timedelta = timedelta(0),
) -> None:  # fmt: skip
    """One callback an order, with its own group's answer; an order that lists none takes what the others get. They
    leave after `hold` at the earliest."""
    call_results.enqueue(session, ticket, event, orders, now, hold)
    asked = groups(orders)
    by_order = {order.id: group for group in asked for order in group.orders}
    only = asked[0] if len(asked) == 1 else None
    for order in orders:
        group = by_order.get(order.id, only)
        choice = _choice(group, result) if group else Choice(result.answer, result.supplements)
        callbacks.enqueue(
            session, ticket, event, [order], operate_type=_operate_type(group, choice.answer), now=now,
            supplements=choice.supplements, group=group.key if group else "", hold=hold,
        )  # fmt: skip


def _choice(group: Group, result: Chosen) -> Choice:
    if not group.key:
        return Choice(result.answer, result.supplements)
    return result.choices.get(group.key, Choice())


def _operate_type(group: Group | None, value: str) -> str:
    offered = find(group.answers, value) if group else None
    return (offered.operate_type or offered.value) if offered else value or "REPLY"
