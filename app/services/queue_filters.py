"""What a list of the work queue is filtered by, and the conditions that this makes; as parameters where it is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnExpressionArgument, bindparam, false, func

from app.domain import bands as day
from app.domain.kinds import KINDS
from app.domain.roles import Actor
from app.models import WorkItem
from app.services import scope
from app.services.queue_scope import HELPED, given, within

SOON = day.AT_ONCE
IN_BANDS = frozenset(
    {"todo", "returned", "to_accept", "working", "appealed", "to_answer", "to_rule", "help", "tray", "urged"}
)
QUEUES = (
    "todo",
    "overdue",
    "due_soon",
    "returned",
    "urged",
    "to_answer",
    "to_rule",
    "help",
    "to_accept",
    "working",
    "waiting",
    "appealed",
    "replied",
    "elsewhere",
    "tray",
    "all",
)
ANY = "?"  # in the shape of a list: some code
SORTS = ("due", "activity")
OWNERS = ("", "mine", "unclaimed", HELPED)  # the team's, my own, nobody's; of the sites that one helps


@dataclass(frozen=True)
class Filters:
    """What the address asks for; every value is from an allow-list or a code."""

    queue: str = "todo"
    category: str = ""  # a code, or a kind: all of its categories
    sort: str = "due"
    owner: str = ""  # one of OWNERS
    site: str = ""  # the code of a site that a superior looks into
    after: str = ""  # "<iso instant>~<ticket id>" of the last row of the page before


def offered(desk: str, filters: Filters) -> Filters:
    """The filters as a desk may have them. The order of the last activity has one index: over all of the open work. A
    site's work is small enough to look through for a queue or what nobody has, but not for a category or what one
    person has; a province's and the network's grow with the house.
    """
    plain = filters.queue == "all" and not filters.category and not filters.owner
    small = desk == "site" and filters.owner != "mine" and not filters.category
    return filters if filters.sort == "due" or small or plain else replace(filters, sort="due")


def banded(filters: Filters) -> bool:
    """Whether the list is divided in bands: by time left, in a queue of what is to be done."""
    return filters.sort == "due" and filters.queue in IN_BANDS


def filtered(statement: Any, actor: Actor, filters: Filters, now: Any, soon: Any = None) -> Any:
    """The statement with what the filters ask for, but for whose work it is."""
    queue = filters.queue if filters.queue in QUEUES else "todo"
    wanted: list[Any] = [*conditions(queue, now, soon)]
    if filters.owner == "mine":  # one person has few: by that person's own index, whatever the queue
        statement = statement.where(WorkItem.owner_id == actor.user_id)
    if filters.owner == "mine" or (filters.sort == "activity" and queue == "todo"):  # or by that of the order, where
        wanted = [func.coalesce(one, false()) for one in wanted]  # most are to be done
    statement = statement.where(*wanted)
    if filters.owner == "unclaimed":
        statement = statement.where(WorkItem.owner_id.is_(None))
    if not given(filters.category):
        return statement
    column = WorkItem.kind if isinstance(filters.category, str) and filters.category in KINDS else WorkItem.category
    return statement.where(column == filters.category)


def conditions(queue: str, now: Any, soon: Any = None) -> list[ColumnExpressionArgument[bool]]:
    """What a work item must be to lie in a queue; `now` and the end of what is due at once may be parameters."""
    if queue == "todo":
        return [WorkItem.turn]
    if queue == "overdue":
        return [WorkItem.overdue]
    if queue == "urged":
        return [WorkItem.urged]
    if queue == "due_soon":
        return [WorkItem.turn, WorkItem.due_at > now, WorkItem.due_at <= (now + SOON if soon is None else soon)]
    return [WorkItem.queue == queue] if queue != "all" else []


def _within(actor: Actor, filters: Filters, now: Any) -> list[ColumnExpressionArgument[bool]]:
    return [*within(actor, now, site=filters.site, owner=filters.owner)]


# --- questions that are kept: the same for whoever has the role and sets the same filters ---


def shape_of(filters: Filters) -> Filters:
    """Which filters are set; what a code says is a parameter."""
    kind = filters.category if filters.category in KINDS else filters.category and ANY
    return replace(filters, category=kind, site=filters.site and ANY, after="")


def asking(statement: Any, pattern: Actor, shape: Filters) -> Any:
    """The statement with all conditions, made of parameters."""
    one: Any = bindparam
    asked = replace(
        shape,
        category=one("category") if shape.category == ANY else shape.category,
        site=shape.site and one("site_code"),
    )
    now = at(day.LATE)
    statement = statement.where(*_within(pattern, asked, now))
    return filtered(statement, pattern, asked, now, at(day.SOON))


def at(band: str) -> Any:
    """The last due of a band, as a parameter; that of the late ones is now."""
    return bindparam(f"{band}_end", type_=WorkItem.due_at.type)


def ends_of(now: datetime) -> dict[str, datetime]:
    """The values of those."""
    return {f"{band}_end": at for band, at in day.ends(now).items()}


def values_of(actor: Actor, filters: Filters, now: datetime) -> dict[str, Any]:
    """The values of every parameter of `asking`."""
    return {"category": filters.category, "site_code": filters.site, **ends_of(now), **scope.ids(actor)}
