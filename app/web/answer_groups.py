"""What a result form asks for each group of platform orders, and what it is told there (rulebook 3.5 and 7.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain.answers import Answer, AnswerField, find
from app.services import outward
from app.services.outward import Choice, Group
from app.services.ticket_view import Answerable, View
from app.web.context import translate as _


@dataclass(frozen=True)
class AnswerGroup:
    """Orders that allow the same answers. `key` and `label` are empty for the only group."""

    group: Group
    label: str

    @property
    def key(self) -> str:
        """The group's name in forms and texts."""
        return self.group.key

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers that its orders allow."""
        return self.group.answers

    def field(self, name: str) -> str:
        """The name of a form field of this group."""
        return self.group.field(name)

    def demanded(self) -> dict[str, AnswerField]:
        """Every extra field that one of the answers demands, by its name. Answers that share a name share the input:
        it offers what any of them allows, and is required where all of them require it."""
        found: dict[str, AnswerField] = {}
        for field in (field for answer in self.answers for field in answer.fields):
            found[field.name] = _shared(found[field.name], field) if field.name in found else field
        return found


def _shared(one: AnswerField, other: AnswerField) -> AnswerField:
    options = tuple(dict.fromkeys(one.options + other.options)) if one.options and other.options else ()
    return replace(one, required=one.required and other.required, value=one.value or other.value, options=options)


def of(view: View | Answerable) -> list[AnswerGroup]:
    """The groups of a ticket's open orders, where there are several named by their platforms, and by the orders' codes
    where one platform has several."""
    found = outward.groups([order for order, _connection in view.orders])
    platforms = [connection.id for _order, connection in view.orders]
    several = len(set(platforms)) < len(platforms)
    names = {o.id: f"{connection.name} {o.code}" if several else connection.name for o, connection in view.orders}
    return [
        AnswerGroup(group, ", ".join(names[order.id] for order in group.orders) if group.key else "")
        for group in found
    ]  # fmt: skip


def read(form: Any, group: AnswerGroup) -> Choice:
    """What a bound result form says to one group."""
    supplements = {name: form[group.field(f"supplement-{name}")].data or "" for name in group.demanded()}
    return Choice(form[group.field("answer")].data or "", supplements)


def leaving(groups: Sequence[AnswerGroup], posted: Mapping[str, str]) -> list[tuple[str, str]]:
    """What leaves the house beside the text: each group's answer and the fields that it demands, for the preview."""
    found: list[tuple[str, str]] = []
    for group in groups:
        chosen = find(group.answers, posted.get(group.field("answer"), ""))
        if chosen is None:
            continue
        label = _("Answer to the platform") + (f" · {group.label}" if group.label else "")
        fields = [(f.label or f.name, posted.get(group.field(f"supplement-{f.name}"), "")) for f in chosen.fields]
        found += [(label, chosen.label or chosen.value), *((name, value) for name, value in fields if value)]
    return found
