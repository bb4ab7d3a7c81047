"""Every request has an id, which stands in its answer and beside every line that is logged on its way."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import Any

import structlog
from flask import Flask, g, request
from flask.wrappers import Response
from flask_login import current_user

log = logging.getLogger("request")
GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
QUIET = frozenset({"static", "health.healthz", "metrics.show"})


def init(app: Flask) -> None:
    """Bind the id first of all, and write one line at the end.

    What runs before a request reads forms, which can fail; and a line about that under the id of the request before it
    would tell of the wrong person. So the id is bound by what runs before all that, in whatever order they were added.
    """
    app.url_value_preprocessor(_begin)
    app.after_request(_end)
    app.log_exception = _broken  # type: ignore[method-assign, assignment]


def _begin(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if GIVEN.fullmatch(given) else secrets.token_hex(8)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _end(response: Response) -> Response:
    """The view's name and not the address: that may hold a number, a word that was searched for, or a secret."""
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if request.endpoint in QUIET:
        return response
    begun = g.get("begun")
    log.info(
        "answered %s %s %s in %d ms for %s", request.method, request.endpoint or "none", response.status_code,
        (time.perf_counter() - begun) * 1000 if begun else 0, _who(),
    )  # fmt: skip
    return response


def _broken(info: Any) -> None:
    """What Flask tells of an error that nobody expected, without the address."""
    log.error("failed %s %s", request.method, request.endpoint or "none", exc_info=info)


def _who() -> str:
    """The id of the signed-in person; a person's name stands nowhere in a log."""
    return str(current_user.get_id()) if current_user.is_authenticated else "nobody"
