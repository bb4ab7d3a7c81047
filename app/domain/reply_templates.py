"""Reply templates: whose they are, what they may hold, in which order a clerk is offered them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.domain import placeholders
from app.domain.roles import Actor

OWN, TEAM, COMPANY = "own", "team", "company"
SCOPES = (OWN, TEAM, COMPANY)
BOXES = ("result", "follow_up")
TITLE_LIMIT, TEXT_LIMIT = 40, 1000  # characters; a filled text still fits into an entry
MOST: Mapping[str, int] = {OWN: 50, TEAM: 100, COMPANY: 200}
RECENT = 5  # how many stand before all others because they were used last
_KEEPS: Mapping[str, str] = {OWN: "templates_own", TEAM: "templates_team", COMPANY: "templates_company"}


def may_keep(actor: Actor, scope: str) -> bool:
    """Whether this actor writes templates of that scope: everybody at a desk the own ones, its head those of the team
    (a site, a province), the head of CCS and the administrator those of the company."""
    return scope in _KEEPS and actor.can(_KEEPS[scope])


def errors(title: str, text: str, box: str) -> dict[str, str]:
    """What is wrong with a template by field: `title`, `text`, `box`; a placeholder that is none of ours is refused."""
    wrong: dict[str, str] = {}
    for name, value, limit in (("title", title, TITLE_LIMIT), ("text", text, TEXT_LIMIT)):
        if not value.strip():
            wrong[name] = "required"
        elif len(value) > limit:
            wrong[name] = "too_long"
    if "text" not in wrong and placeholders.unknown(text):
        wrong["text"] = "unknown_placeholder"
    return wrong | ({} if box in ("", *BOXES) else {"box": "invalid"})


def suits(category: str, box: str, *, ticket_category: str, ticket_box: str) -> bool:
    """Whether a template is offered in that box of a ticket of that category; an empty filter suits everything."""
    return category in ("", ticket_category) and box in ("", ticket_box)


def order_of(category: str, title: str) -> tuple[bool, str]:
    """The sort key beside what was used last: those made for the category first, then by title."""
    return category == "", title


def recent(used: Mapping[int, datetime]) -> list[int]:
    """The ids of those used last, newest first and at most RECENT, out of when each was used."""
    return sorted(used, key=lambda one: used[one], reverse=True)[:RECENT]
