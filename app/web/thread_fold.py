"""The thread as a ticket's page shows it: what the system says stands together."""

from __future__ import annotations

from typing import Any

from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import thread


def of(view: View, actor: Actor) -> list[dict[str, Any]]:
    """The posts, with what the system says, one entry after the other, in one `fold`; what is red stands alone."""
    found: list[dict[str, Any]] = []
    for post in thread.posts_of(view, actor):
        if post["kind"] != "system" or post["red"]:
            found.append({**post, "fold": ()})
        elif found and found[-1]["fold"]:
            found[-1]["fold"].append(post)
        else:
            found.append({"fold": [post]})
    return found
