"""What the columns of all exported lists share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import g

from app.domain.calendars import SHANGHAI
from app.domain.exports import NUMBER, TEXT, TIME, Cell, Column
from app.web.context import translate as _

Filled = tuple[Column, Callable[[Any], Cell]]


def text(heading: str, fill: Callable[[Any], Cell], width: int = 14) -> Filled:
    """A column of texts; numbers of tickets and waybills are texts, too."""
    return Column(heading, TEXT, width), fill


def number(heading: str, fill: Callable[[Any], Cell], width: int = 10) -> Filled:
    """A column of numbers that can be reckoned with."""
    return Column(heading, NUMBER, width), fill


def time(heading: str, fill: Callable[[Any], Cell]) -> Filled:
    """A column of instants."""
    return Column(heading, TIME), fill


def yes_no(value: bool) -> str:
    """A yes or a no in words."""
    return _("yes") if value else _("no")


def named(name: str, name_en: str) -> str:
    """A name in the reader's language."""
    return (name_en or name) if g.fmt.english else name


def stamp(at: datetime) -> str:
    """An instant as it stands in a watermark."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
