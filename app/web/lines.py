"""The lines of a list and the entries of a thread as they are shown, kept for a minute: colleagues look at one list
again and again, and its lines cost more than half of what the page does. One is looked for by all that it shows, its
language included."""

from __future__ import annotations

import time
from operator import itemgetter
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup

from app.web.context import words

MOST = 4_000  # of a process
SECONDS = 60.0  # after which all are forgotten: what is deleted stays nowhere for longer
_shown = itemgetter("kind", "by", "sub", "text", "red", "time_text", "time_full", "undone")  # with the findings
_kept: dict[tuple[Any, ...], Markup] = {}
_since = [0.0]


def init(app: Flask) -> None:
    """Give templates `line` and `post`."""
    app.jinja_env.globals |= {"line": line, "post": post}


def line(row: dict[str, Any], band: str, pick: bool, ticked: bool, sited: bool) -> Markup:
    """One line: `pick` with its box, which is `ticked`; `sited` with the name of its site."""
    if "hits" in row:  # of a search, which nobody else makes
        return drawn(row, band, pick, ticked, sited)
    key = (words().locale, band, pick, ticked, sited, *row.values())
    return _known(key) or _keep(key, drawn(row, band, pick, ticked, sited))


def post(entry: dict[str, Any]) -> Markup:
    """One entry of a thread. What has pictures or may be sent again is drawn each time."""
    if entry["pictures"] or entry["callback"]:
        return drawn_post(entry)
    key = (words().locale, *_shown(entry), *[pair for one in entry["findings"] for pair in one.values()])
    return _known(key) or _keep(key, drawn_post(entry))


def drawn(*given: Any) -> Markup:
    """The line as its template makes it, anew each time."""
    template: Any = current_app.jinja_env.get_template("_line.html").module
    return Markup(template.line(*given))  # noqa: S704 - a macro of ours, which escapes


def drawn_post(entry: dict[str, Any]) -> Markup:
    """The entry as its template makes it, anew each time."""
    template: Any = current_app.jinja_env.get_template("_post.html").module
    return Markup(template.post(entry))  # noqa: S704 - a macro of ours, which escapes


def _known(key: tuple[Any, ...]) -> Markup | None:
    _forget_in_time()
    return _kept.get(key)


def _keep(key: tuple[Any, ...], made: Markup) -> Markup:
    _kept[key] = made
    return made


def _forget_in_time() -> None:
    if len(_kept) >= MOST or time.monotonic() - _since[0] > SECONDS:
        _kept.clear()
        _since[0] = time.monotonic()
