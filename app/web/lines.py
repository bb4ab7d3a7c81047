"""The lines of a list and the entries of a thread as they are shown, kept for a minute: colleagues look at one list
again and again, and its lines cost more than half of what the page does. One is looked for by all that it shows, its
language included."""

from __future__ import annotations

import time
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from flask import Flask, current_app
from markupsafe import Markup

from app.web.context import words

MOST = 4_000  # of a process
SECONDS = 60.0  # after which all are forgotten: what is deleted stays nowhere for longer
_shown = itemgetter("kind", "by", "sub", "text", "red", "time_text", "time_full", "undone")  # with the findings
_kept: dict[tuple[Any, ...], str] = {}
Row = dict[str, Any]
_since = [0.0]


def init(app: Flask) -> None:
    """Give templates `lines` and `posts`."""
    app.jinja_env.globals |= {"lines": lines, "posts": posts}


def lines(rows: Sequence[Row], band: str, pick: bool, ticked: bool, sited: bool) -> Markup:
    """The lines below each other: `pick` with boxes, which are `ticked`; `sited` with the name of the site."""
    _forget_in_time()
    given = (band, pick, ticked, sited)
    way = (words().locale, *given)
    return _below([_line(row, (*way, *row.values()), given) for row in rows])


def posts(entries: Sequence[Row]) -> Markup:
    """The entries of a thread below each other. What has pictures or may be sent again is drawn each time."""
    _forget_in_time()
    language = words().locale
    return _below([_post(entry, language) for entry in entries])


def drawn_lines(rows: Sequence[Row], *given: Any) -> Markup:
    """`lines` anew each time."""
    return _below([_drawn_line(row, *given) for row in rows])


def drawn_posts(entries: Sequence[Row]) -> Markup:
    """`posts` anew each time."""
    return _below([_drawn_post(entry) for entry in entries])


def _line(row: Row, key: tuple[Any, ...], given: tuple[Any, ...]) -> str:
    if "hits" in row:  # of a search, which nobody else makes
        return _drawn_line(row, *given)
    return _kept.get(key) or _keep(key, _drawn_line(row, *given))


def _post(entry: Row, language: str) -> str:
    if entry["pictures"] or entry["callback"]:
        return _drawn_post(entry)
    key = (language, *_shown(entry), *[pair for one in entry["findings"] for pair in one.values()])
    return _kept.get(key) or _keep(key, _drawn_post(entry))


def _drawn_line(*given: Any) -> str:
    template: Any = current_app.jinja_env.get_template("_line.html").module
    return str(template.line(*given))


def _drawn_post(entry: Row) -> str:
    template: Any = current_app.jinja_env.get_template("_post.html").module
    return str(template.post(entry))


def _below(drawn: Sequence[str]) -> Markup:
    return Markup("\n    ".join(drawn))  # noqa: S704 - macros of ours, which escape


def _keep(key: tuple[Any, ...], made: str) -> str:
    if len(_kept) >= MOST:
        _forget()
    _kept[key] = made
    return made


def _forget_in_time() -> None:
    if time.monotonic() - _since[0] > SECONDS:
        _forget()


def _forget() -> None:
    _kept.clear()
    _since[0] = time.monotonic()
