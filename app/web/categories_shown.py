"""Categories and kinds in words: read once a request."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy.orm import Session

from app.services import queue
from app.web import words_clocks
from app.web.context import translate as _


def category_labels(session: Session, kind: str = "") -> dict[str, str]:
    """Category codes and their labels in the reader's language; those of one kind where it is named."""
    english = g.fmt.english
    rows = [row for row in _categories(session) if kind in ("", row[0])]
    return {code: name_en if english else name for _kind, code, name, name_en in rows}


def category_names(session: Session) -> list[tuple[str, str]]:
    """The name of each category in Chinese and in English."""
    return [(name, name_en) for _kind, _code, name, name_en in _categories(session)]


def _categories(session: Session) -> list[tuple[str, str, str, str]]:
    """Kind, code and both labels of all categories, read once a request."""
    if "categories" not in g:
        know(queue.categories(session))
    found: list[tuple[str, str, str, str]] = g.categories
    return found


def know(rows: list[Any]) -> None:
    """All categories, where a statement that asked for something else has brought them along."""
    g.categories = [(row.kind, row.code, row.name, row.name_en) for row in rows]


def filter_labels(session: Session) -> dict[str, str]:
    """All that a list may be narrowed to, in words: kinds and categories."""
    return {**words_clocks.kinds(), **category_labels(session)}


def category_groups(session: Session) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a list may be narrowed to, under the name of each kind: all of the kind, then its categories."""
    labels, found = words_clocks.kinds(), []
    for kind, label in labels.items():
        own = list(category_labels(session, kind).items())
        if own:
            found.append((label, [(kind, _("All: %(kind)s", kind=label)), *own]))
    return found
