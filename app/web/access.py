"""Each view says who may open it; a test reads these marks and fails on a route without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def route_access(who: str) -> Callable[[View], View]:
    """Mark a view: "public", "platform", "signed_in", or a capability of `domain.roles`."""

    def mark(view: View) -> View:
        view.access = who  # type: ignore[attr-defined]
        return view

    return mark
