"""What is published for everybody to read: the kinds, who keeps them, what they must hold, what counts as unread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.roles import Actor

TITLE_LIMIT, BODY_LIMIT = 120, 8000  # characters
UNREAD_FOR = timedelta(days=90)  # what has been out longer asks nobody any more, so that a newcomer finds no pile
SHOWN = 99  # unread ones are counted no further


@dataclass(frozen=True)
class Kind:
    """A kind of publication. `capability` writes it; `province` tells whether a province may have its own.

    `extra` are the further texts that it holds, each with the most characters; those in `required` must be filled
    before it goes out.
    """

    capability: str
    province: bool
    extra: Mapping[str, int]
    required: frozenset[str] = frozenset()


CASE, ARTICLE, RULE = "case", "article", "rule"
KINDS: dict[str, Kind] = {
    # a typical case (典型案例): what happened is the body, and what is learned from it
    CASE: Kind("case_write", True, {"lesson": 2000, "month": 7, "category": 24, "waybill": 40}, frozenset({"lesson"})),
    # an article of the knowledge base; a province has its own beside the network's
    ARTICLE: Kind("case_write", True, {"keywords": 200}),
    # a rule in force, with its number and the day from which it holds
    RULE: Kind("rule_write", False, {"keywords": 200, "number": 60, "from_day": 10}, frozenset({"from_day"})),
}


def home(actor: Actor, kind: str) -> int | None:
    """The scope that this actor writes that kind for: their province, or None for the whole network."""
    return actor.province_id if KINDS[kind].province and actor.desk == "lcs" else None


def may_write(actor: Actor, kind: str) -> bool:
    """Whether this actor writes publications of that kind at all."""
    return kind in KINDS and actor.can(KINDS[kind].capability)


def keeps(actor: Actor, kind: str, scope_id: int | None) -> bool:
    """Whether this actor changes, publishes and takes back one of that scope; headquarters keeps every province's."""
    return may_write(actor, kind) and (actor.desk != "lcs" or scope_id == home(actor, kind))


def errors(kind: str, title: str, body: str, extra: Mapping[str, str], *, out: bool) -> dict[str, str]:
    """What is wrong by field. A working copy needs a title, what goes `out` also its text and what its kind demands."""
    rule = KINDS[kind]
    texts = {"title": title, "body": body, **{name: extra.get(name, "") for name in rule.extra}}
    limits = {"title": TITLE_LIMIT, "body": BODY_LIMIT, **rule.extra}
    needed = {"title"} | ({"body"} | rule.required if out else set())
    wrong = {name: "too_long" for name, text in texts.items() if len(text.strip()) > limits[name]}
    return wrong | {name: "required" for name in needed if not texts[name].strip()}


def unread_since(now: datetime) -> datetime:
    """From when on a publication must be out to count as unread."""
    return now - UNREAD_FOR
