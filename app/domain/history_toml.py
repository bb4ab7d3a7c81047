"""Reads a mapping file (TOML) and says everything that is wrong with it at once, each with the key it stands at."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.clocks import Limit
from app.domain.history_mapping import (
    STATES,
    Columns,
    Cut,
    Defaults,
    Effects,
    FileForm,
    GroupRule,
    HistoryPolicy,
    SourceMapping,
    StateRule,
    Unit,
)
from app.domain.history_match import STAR, Patterns
from app.domain.history_times import reader, utc

TABLES = (
    "name", "title", "file", "columns", "time", "states", "groups", "organisations", "categories", "priorities",
    "channels", "defaults", "policy", "effects", "cut",
)  # fmt: skip
PRIORITIES = ("urgent", "high", "normal")
CALENDARS = ("always", "service", "working")
CHANNELS = ("platform", "telephone", "wechat", "alipay", "qq", "web", "email", "letter", "regulator")
COMPLAINANTS = ("consignee", "sender", "merchant", "platform", "regulator")
KINDS = ("headquarters", "province", "district", "site", "hub", "department")
UNIT_KEYS = ("code", "kind", "name", "name_en", "parent")
GROUP_KEYS = ("match", "organisation", "level", "kind", "parent", "name", "name_en")
_HOLE = re.compile(r"\{[^{}]*\}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,24}")


class MappingError(ValueError):
    """The mapping file cannot be used. `faults` has a line for each reason."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = list(faults)


class _Table:
    """A table of the file while it is read: takes values out by type, collects what is wrong."""

    def __init__(self, values: Any, place: str, faults: list[str]) -> None:
        self.place, self.faults = place, faults
        self.values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        if not isinstance(values, dict):
            self.fault("", "is not a table")

    def fault(self, key: str, reason: str) -> None:
        self.faults.append(f"{'.'.join(part for part in (self.place, key) if part)}: {reason}")

    def only(self, keys: Sequence[str]) -> None:
        for key in self.values:
            if key not in keys:
                self.fault(key, f"is not known here; known are {', '.join(keys)}")

    def take(self, key: str, kind: Any, default: Any = None) -> Any:
        """A value of the type, or the default; without a default the key must be there."""
        value = self.values.get(key, default)
        if value is None:
            self.fault(key, "is missing")
        elif not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, "is not text" if kind is str else "has the wrong type")
        else:
            return value
        return default if default is not None else "" if kind is str else None

    def one_of(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value: str = self.take(key, str, default)
        if value and value not in allowed:
            self.fault(key, f"{value!r} is none of {', '.join(allowed)}")
        return value

    def table(self, key: str) -> _Table:
        place = f"{self.place}.{key}" if self.place else key
        return _Table(self.values.get(key, {}), place, self.faults)


def read(text: str) -> SourceMapping:
    """The mapping in the text of a file. Raises MappingError with everything that is wrong."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError([f"not TOML: {error}"]) from None
    faults: list[str] = []
    top = _Table(values, "", faults)
    top.only(TABLES)
    made = _mapping(top, text)
    if faults:
        raise MappingError(faults)
    return made


def _mapping(top: _Table, text: str) -> SourceMapping:
    name = top.take("name", str)
    if not _NAME.fullmatch(name):
        top.fault("name", "is 1 to 25 small letters, digits and hyphens")
    zone, layout = _time(top.table("time"))
    categories = _words(top.table("categories"), None)
    defaults = _simple(top.table("defaults"), Defaults)
    _check_defaults(top.table("defaults"), defaults)
    return SourceMapping(
        name=name, title=top.take("title", str, name), digest=hashlib.sha256(text.encode()).hexdigest(), zone=zone,
        read_time=reader(layout, zone), columns=_columns(top.table("columns")), file=_file(top.table("file")),
        states=_states(top.table("states")), policy=_policy(top.table("policy")), groups=_groups(top),
        categories=Patterns(categories), priorities=Patterns(_words(top.table("priorities"), PRIORITIES)),
        channels=Patterns(_words(top.table("channels"), CHANNELS)), units=_units(top), defaults=defaults,
        category_codes=frozenset(code for _, code in categories) | {defaults.category},
        effects=_simple(top.table("effects"), Effects), cut=_cut(top.table("cut"), zone),
    )  # fmt: skip


def _time(table: _Table) -> tuple[ZoneInfo, str]:
    table.only(("format", "zone"))
    layout, zone = table.take("format", str, "iso"), table.take("zone", str, "Asia/Shanghai")
    try:
        return ZoneInfo(zone), layout
    except (ZoneInfoNotFoundError, ValueError, OSError):
        table.fault("zone", f"{zone!r} is not a time zone, as Asia/Shanghai is one")
        return ZoneInfo("UTC"), layout


def _columns(table: _Table) -> Columns:
    names = [one.name for one in fields(Columns)]
    table.only(names)
    found = {name: table.take(name, str, "") for name in names if name not in ("ticket", "at", "state")}
    state = table.values.get("state")
    parts = [state] if isinstance(state, str) else state
    if not isinstance(parts, list) or not parts or not all(isinstance(part, str) and part for part in parts):
        table.fault("state", "is the name of a column, or a list of such names")
        parts = []
    return Columns(ticket=table.take("ticket", str), at=table.take("at", str), state=tuple(parts), **found)


def _file(table: _Table) -> FileForm:
    table.only([one.name for one in fields(FileForm)])
    plain = FileForm()
    delimiter = table.take("delimiter", str, plain.delimiter)
    if len(delimiter) != 1:
        table.fault("delimiter", "is one character")
    try:
        "".encode(table.take("encoding", str, plain.encoding))
    except LookupError:
        table.fault("encoding", "is not an encoding, as utf-8-sig or gbk is one")
    sets = {}
    for key in ("unknown", "true", "false"):
        words = table.take(key, list, sorted(getattr(plain, key)))
        if not all(isinstance(word, str) for word in words):
            table.fault(key, "is a list of texts")
        sets[key] = frozenset(str(word) if key == "unknown" else str(word).lower() for word in words)
    sets["unknown"] |= {""}
    encoding, sheet = table.take("encoding", str, plain.encoding), table.take("sheet", str, "")
    return FileForm(encoding=encoding, delimiter=delimiter, sheet=sheet, **sets)


def _states(table: _Table) -> Patterns[StateRule]:
    rules = []
    for word, value in table.values.items():
        own = _Table({"to": value} if isinstance(value, str) else value, f"states.{word}", table.faults)
        own.only(("to", "pauses"))
        rules.append((word, StateRule(own.one_of("to", STATES), bool(own.take("pauses", bool, False)))))
    if not rules:
        table.fault("", "is missing: say what each state of the old system is here")
    return Patterns(rules)


def _groups(top: _Table) -> Patterns[GroupRule]:
    rules = []
    for own in _list(top, "groups"):
        own.only(GROUP_KEYS)
        words = own.values.get("match")
        words = [words] if isinstance(words, str) else words
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            own.fault("match", "is a group's name or a list of names; * stands for anything")
            words = []
        level = own.take("level", int, 0)
        if level not in (0, 1, 2):
            own.fault("level", "is 0 (site), 1 (province) or 2 (headquarters)")
        texts = {key: own.take(key, str, "{0}") for key in ("name", "name_en")}
        kind, parent = own.one_of("kind", KINDS, "site"), own.take("parent", str, "")
        _check_holes(own, words)
        rule = GroupRule(own.take("organisation", str), level, kind, parent, **texts)
        rules += [(word, rule) for word in words]
    return Patterns(rules)


def _check_holes(own: _Table, words: Sequence[str]) -> None:
    """`{1}` needs a star in every word of the rule, `{2}` a second one; nothing else stands in braces."""
    stars = min((word.count(STAR) for word in words), default=0)
    known = [f"{{{place}}}" for place in range(stars + 1)]
    for key in ("organisation", "parent", "name", "name_en"):
        for hole in _HOLE.findall(str(own.values.get(key, ""))):
            if hole not in known:
                own.fault(key, f"{hole} stands for nothing here; known are {', '.join(known)}")


def _units(top: _Table) -> tuple[Unit, ...]:
    found = []
    for own in _list(top, "organisations"):
        own.only(UNIT_KEYS)
        code, name = own.take("code", str), own.take("name", str)
        kind, parent = own.one_of("kind", KINDS, "site"), own.take("parent", str, "")
        found.append(Unit(code, 0, kind, parent, name, own.take("name_en", str, name)))
    return tuple(found)


def _list(top: _Table, key: str) -> list[_Table]:
    values = top.values.get(key, [])
    if not isinstance(values, list):
        top.fault(key, f"is a list: each entry begins with [[{key}]]")
        return []
    return [_Table(value, f"{key}[{place}]", top.faults) for place, value in enumerate(values, 1)]


def _words(table: _Table, allowed: Sequence[str] | None) -> list[tuple[str, str]]:
    return [(word, table.one_of(word, allowed) if allowed else table.take(word, str)) for word in table.values]


def _policy(table: _Table) -> HistoryPolicy:
    table.only(("hours", "calendar", "by_priority"))
    calendar, own = table.one_of("calendar", CALENDARS, "always"), table.table("by_priority")
    own.only(PRIORITIES)
    limits = {priority: _limit(own, priority, calendar) for priority in own.values}
    return HistoryPolicy(_limit(table, "hours", calendar), limits)


def _limit(table: _Table, key: str, calendar: str) -> Limit:
    hours = table.take(key, (int, float))
    if not isinstance(hours, (int, float)) or not 0 < hours <= 24 * 366:
        if hours is not None:
            table.fault(key, "is a number of hours above 0, at most a year")
        hours = 1
    return Limit(round(hours * 60), calendar)


def _simple(table: _Table, made: type[Any]) -> Any:
    """A table whose keys are the fields of a dataclass, each with the type of its default."""
    plain = made()
    table.only([one.name for one in fields(made)])
    return made(**{one.name: table.take(one.name, type(getattr(plain, one.name)), getattr(plain, one.name))
                   for one in fields(made)})  # fmt: skip


def _check_defaults(table: _Table, defaults: Defaults) -> None:
    for key, allowed in (("priority", PRIORITIES), ("channel", CHANNELS), ("complainant", COMPLAINANTS)):
        if getattr(defaults, key) not in allowed:
            table.fault(key, f"is none of {', '.join(allowed)}")


def _cut(table: _Table, zone: ZoneInfo) -> Cut:
    table.only(("until", "open_only", "move_to_now"))
    if not table.values:
        return Cut()
    until = table.take("until", datetime)
    at = utc(until, zone) if isinstance(until, datetime) else None
    return Cut(at, bool(table.take("open_only", bool, False)), bool(table.take("move_to_now", bool, False)))
