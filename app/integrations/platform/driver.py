"""What a connection is made of: how its messages are read, its answers sent and, where it is polled, its pages got.

Each folder beside this file holds one, under the name that stands in the connection's row.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from typing import Any

from app.domain.connections import Setting
from app.domain.scans import ScanIn
from app.integrations import platform
from app.integrations.platform.errors import CallbackResult
from app.integrations.platform.messages import FollowUpMessage, IssueMessage


@dataclass(frozen=True)
class Wire:
    """What a connection's row says about its wire; secrets are never shown or logged.

    `message_map` gives our name to a message type of theirs, `field_map` says where a field of ours stands in their
    message ("" for: leave it out); see `mapping`.
    """

    address: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    charset: Any = "utf-8"
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    message_map: Mapping[str, str] = field(default_factory=dict)
    field_map: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """One canonical message; exactly one of the three is there."""

    msg_type: str
    issue: IssueMessage | None = None
    later: FollowUpMessage | None = None
    scans: list[ScanIn] | None = None


@dataclass(frozen=True)
class Page:
    """The rows of one page, each as its own message, and how many rows the whole window has."""

    rows: tuple[bytes, ...]
    total: int


@dataclass(frozen=True)
class Driver:
    """One way to talk to a platform.

    `read(msg_type, body, wire)` gives what a message says, MessageError where it cannot be read.
    `answer(payload, wire)` sends one of `services.callbacks.message`, PlatformError where it did not arrive.
    `signature(text, secret)` is what signs a message. `page(wire, start, end, number, size)` is there
    for a platform that is polled: the rows that were changed in [start, end], page numbers from 1. `states` says that
    a message is the present state of an order: the same key with another body is a later state, and no conflict.
    `settings` are what only this one has to know of a connection; they come back as `Wire.options`.
    """

    read: Callable[[str, bytes, Wire], list[Reading]]
    answer: Callable[[Mapping[str, Any], Wire], CallbackResult]
    signature: Callable[[bytes, str], str]
    page: Callable[[Wire, datetime, datetime, int, int], Page] | None = None
    states: bool = False
    settings: tuple[Setting, ...] = ()


def names() -> tuple[str, ...]:
    """The drivers that are there: the folders beside this file."""
    return tuple(sorted(one.name for one in pkgutil.iter_modules(platform.__path__) if one.ispkg))


def of(name: str) -> Driver:
    """The driver of that name. Raises KeyError where there is no such folder."""
    if name not in _loaded:
        if name not in names():
            raise KeyError(name)
        _loaded[name] = import_module(f"{platform.__name__}.{name}").DRIVER
    return _loaded[name]


_loaded: dict[str, Driver] = {}
