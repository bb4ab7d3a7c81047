"""The filters of the work queue in an address: read from an allow-list, and written again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app.domain.kinds import KINDS
from app.services import queue
from app.services.queue import Filters
from app.web import addresses, context


def of(given: Mapping[str, str], categories: Collection[str] | None = None) -> Filters:
    """The queue, owner, site, category, order and page that an address or a form names; anything else is the default.

    With `categories` a category has to be one of them.
    """
    sort, category = given.get("sort", "due"), given.get("category", "")[:24]
    return Filters(
        queue=given.get("queue", "todo") if given.get("queue") in queue.QUEUES else "todo",
        category=category if categories is None or category in categories or category in KINDS else "",
        sort=sort if sort in queue.SORTS else "due",
        owner=given.get("owner", "") if given.get("owner") in queue.OWNERS else "",
        site=given.get("site", "").strip()[:32], after=given.get("after", "")[:80],
    )  # fmt: skip


def asked(filters: Filters) -> dict[str, Any]:
    """The part of an address that names these filters."""
    named: dict[str, Any] = {"queue": filters.queue if filters.queue != "todo" else "", "category": filters.category}
    named["owner"] = filters.owner
    named["site"] = filters.site
    named["sort"] = filters.sort if filters.sort != "due" else ""
    return {name: value for name, value in named.items() if value}


def address(filters: Filters, q: str = "") -> str:
    """The queue with these filters, or a search within them. The bare address is that of the person's default view."""
    named = {"q": q, **asked(filters)} if q else asked(filters)
    me = context.me()
    if not named and me is not None and me.home:
        named = {"queue": "todo"}
    return f"{addresses.page('tickets.index')}?{urlencode(named)}" if named else addresses.page("tickets.index")


def kept(filters: Filters) -> list[tuple[str, Any]]:
    """The filters that a search takes along."""
    return list(asked(filters).items())


def query_of(filters: Filters) -> str:
    """The filters as a saved view keeps them: allowed names and values in one order."""
    return urlencode(asked(filters) or {"queue": "todo"})


def stored(query: str) -> Filters:
    """The filters of a saved view, through the allow-list again: nothing else that a row might hold is followed."""
    return of(dict(parse_qsl(query)))


def view_href(query: str) -> str:
    """The address of a saved view."""
    return f"{addresses.page('tickets.index')}?{query_of(stored(query))}"
