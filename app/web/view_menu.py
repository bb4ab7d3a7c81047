"""The menu of saved views above the list."""

from __future__ import annotations

from typing import Any

from app.models import SavedView
from app.services import queue, saved_views
from app.services.queue import Filters
from app.web import filters as of_address


def menu(rows: list[SavedView], filters: Filters, desk: str) -> dict[str, Any]:
    """The person's views, which of them is shown, and what the form keeps that saves this one. A view that was saved
    when the desk had other lists is the list that it opens now."""
    shown = _list(filters, desk)
    entries = [
        {"name": row.name, "href": of_address.view_href(row.query),
         "current": _list(of_address.stored(row.query), desk) == shown,
         "default": row.is_default}
        for row in rows
    ]  # fmt: skip
    return {
        "entries": entries, "current": next((one["name"] for one in entries if one["current"]), ""),
        "kept": of_address.kept(filters), "full": len(rows) >= saved_views.MOST, "longest": saved_views.LONGEST_NAME,
    }  # fmt: skip


def _list(filters: Filters, desk: str) -> str:
    return of_address.query_of(queue.offered(desk, filters))
