"""A request whose transaction the engine undid for another one's sake is done again before anybody hears of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, request

from app.services import transaction


def init(app: Flask) -> None:
    """Answer through `transaction.again`: what still fails after three more tries becomes a 503."""
    answer = app.dispatch_request

    def dispatch() -> Any:
        return transaction.again(_from_its_beginning(answer)) if _can_be_read_again() else answer()

    app.dispatch_request = dispatch  # type: ignore[method-assign]


def _can_be_read_again() -> bool:
    """A form is kept once it was read; what is read as a bare stream is gone, and its view does this by itself."""
    return not request.content_length or "form" in vars(request)


def _from_its_beginning(answer: Callable[[], Any]) -> Callable[[], Any]:
    def act() -> Any:
        for _name, file in vars(request).get("files", {}).items(multi=True) if "files" in vars(request) else ():
            file.stream.seek(0)
        return answer()

    return act
