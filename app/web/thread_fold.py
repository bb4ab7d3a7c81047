"""The thread as a ticket's page shows it: what the system says stands together."""

from __future__ import annotations

from typing import Any

from app.domain.roles import Actor
from app.services.ticket_view import View
from app.web import thread


def of(view: View, actor: Actor) -> list[dict[str, Any]]:
    """The posts: what the system says, one entry after the other, in one `fold`, and what stands between two of them
    in one `posts`, what is red of the system's too."""
    found: list[dict[str, Any]] = []
    for post in thread.posts_of(view, actor):
        kind = "posts" if post["kind"] != "system" or post["red"] else "fold"
        if found and kind in found[-1]:
            found[-1][kind].append(post)
        else:
            found.append({kind: [post]})
    return found
