"""Reads a whole export into a private SQLite file on disk, so that rows in any order come out ticket by ticket, in
order of time, and memory stays small however large the export is."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from app.domain.history import Row
from app.domain.history_mapping import JOINT, SourceMapping
from app.domain.history_times import REMEMBERED, instant, micros, utc
from app.services.history_files import FileError, Lines

BATCH = 2000
SHORT, WORDS = 40, 5000  # characters of a word that is remembered, and how many of them
NUMBER_LIMIT, GROUP_LIMIT, WORD_LIMIT, TEXT_LIMIT = 64, 120, 300, 2000
COUNT_LIMIT = 2**31 - 1
NOT_KNOWN = "—"
EARLIEST, AHEAD = datetime(2000, 1, 1), timedelta(days=1)  # noqa: DTZ001 - a wall time of the mapping's zone
PLAIN = ("group", "category", "priority", "channel", "waybill", "name", "phone", "address")
FIELDS = (
    "number", "at", "line", "state", "group", "opened", "resolved", "category", "priority", "channel", "waybill",
    "name", "phone", "address", "reassignments", "reopenings", "sla", "text",
)  # fmt: skip
_HOLE = re.compile(r"\{([^{}]+)\}")
Reject = Callable[[int, str, str], None]


class _Bad(ValueError):
    """Why a row cannot be used."""


class _Far(ValueError):
    """A time that no ticket of any portal has: a broken year, or a word for "none"."""


class Stage:
    """The staged rows of one file. Use as a context; the file is gone with it, also after a crash."""

    def __init__(self, mapping: SourceMapping, now: datetime) -> None:
        self.mapping, self.now = mapping, now
        self.base = sqlite3.connect("")  # an unnamed file of SQLite's own, already deleted from its folder
        self.base.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        columns = ", ".join(f'"{name}"' for name in FIELDS)
        self.base.execute(f"CREATE TABLE row ({columns})")
        self.insert = f"INSERT INTO row VALUES ({', '.join('?' * len(FIELDS))})"  # noqa: S608 - names of ours

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_error: object) -> None:
        self.base.close()

    def load(self, lines: Lines, reject: Reject, told: Callable[[int, int], None]) -> None:
        """Take every usable row; `reject(line, ticket, reason)` gets the others. Raises FileError for a missing column.

        `told(done, size)` is called now and then, in bytes of the file.
        """
        make = _maker(self.mapping, lines.header, self.now)
        batch: list[tuple[Any, ...]] = []
        for line, values in lines.rows:
            try:
                if isinstance(values, str):
                    raise _Bad(values)
                row = make(line, values)
            except _Bad as error:
                reject(line, _number(self.mapping, lines.header, values), str(error))
                continue
            if row is not None:
                batch.append(row)
            if len(batch) >= BATCH:
                self._store(batch)
                told(lines.position(), lines.size)
        self._store(batch)
        told(lines.size, lines.size)
        self._sort()

    def _store(self, batch: list[tuple[Any, ...]]) -> None:
        self.base.executemany(self.insert, batch)
        batch.clear()

    def _sort(self) -> None:
        self.base.execute('CREATE INDEX ix ON row (number, "at", line)')
        self.base.execute(
            "CREATE TABLE head AS SELECT number, min(coalesce(opened, at)) AS first FROM row GROUP BY number"
        )

    def count(self) -> int:
        """How many tickets there are."""
        return int(self.base.execute("SELECT count(*) FROM head").fetchone()[0])

    def groups(self) -> list[str]:
        """Every known group, in order."""
        found = self.base.execute('SELECT DISTINCT "group" FROM row WHERE "group" IS NOT NULL ORDER BY 1')
        return [group for (group,) in found]

    def tickets(self) -> Iterator[tuple[str, list[Row]]]:
        """The tickets by opening and number, each with its rows by time and, where that is equal, by line."""
        for (number,) in self.base.execute("SELECT number FROM head ORDER BY first, number"):
            rows = self.base.execute('SELECT * FROM row WHERE number = ? ORDER BY "at", line', (number,))
            yield number, [_row(values) for values in rows]


def _row(values: tuple[Any, ...]) -> Row:
    (_, at, line, state, group, opened, resolved, category, priority, channel, waybill, name, phone, address,
     reassignments, reopenings, sla, text) = values  # fmt: skip
    return Row(
        line, instant(at), state, group, None if opened is None else instant(opened),
        None if resolved is None else instant(resolved), category, priority, channel, reassignments, reopenings,
        None if sla is None else bool(sla), waybill, name, phone, address, text,
    )  # fmt: skip


def _number(mapping: SourceMapping, header: list[str], values: Any) -> str:
    """The ticket's number on a line that is no good, as far as it can be told."""
    if isinstance(values, str) or mapping.columns.ticket not in header:
        return ""
    place = header.index(mapping.columns.ticket)
    return _text(values[place])[:NUMBER_LIMIT] if place < len(values) else ""


def _places(mapping: SourceMapping, header: list[str]) -> tuple[dict[str, int], list[int], dict[str, int]]:
    """Where the mapping's columns stand: by our name, the parts of the state, and by the names in the text's holes."""
    columns = mapping.columns
    wanted = {name: column for name, column in vars(columns).items() if name != "state" and column}
    holes = [hole for hole in _HOLE.findall(mapping.defaults.text) if hole != "ticket"]
    missing = sorted({*wanted.values(), *columns.state, *holes} - set(header))
    if missing:
        raise FileError(f"the file has no column {', '.join(missing)}; it has {', '.join(header)}")
    own = {name: header.index(column) for name, column in wanted.items()}
    return own, [header.index(name) for name in columns.state], {hole: header.index(hole) for hole in holes}


def _maker(mapping: SourceMapping, header: list[str], now: datetime) -> Callable[[int, Any], tuple[Any, ...] | None]:
    """The function that turns a line's values into a staged row: None for one after the mapping's cut."""
    own, state_places, holes = _places(mapping, header)
    reading, width = _Reading(mapping, now), len(header)
    plain = [own.get(name) for name in PLAIN]
    at, ticket = own["at"], own["ticket"]
    dates = own.get("opened"), own.get("resolved")
    counts = own.get("reassignments"), own.get("reopenings")
    sla = own.get("sla")
    limit = None if mapping.cut.until is None else micros(mapping.cut.until)
    text = reading.template(holes)

    def make(line: int, raw: Any) -> tuple[Any, ...] | None:
        values = reading.values(raw, width)
        number = reading.number(values[ticket])
        moment = reading.when(values[at], mapping.columns.at)
        if moment is None:
            raise _Bad(f"{mapping.columns.at}: is empty")
        state = reading.state([values[place] for place in state_places])
        group, *words = [None if place is None else reading.word(values[place]) for place in plain]
        opened, resolved = [None if place is None else reading.when(values[place], header[place]) for place in dates]
        again = [None if place is None else reading.count(values[place], header[place]) for place in counts]
        flag = None if sla is None else reading.flag(values[sla], header[sla])
        if limit is not None:
            if moment > limit:
                return None
            resolved = resolved if resolved is not None and resolved <= limit else None
        return (number, moment, line, state, group[:GROUP_LIMIT] if group else None, opened, resolved, *words,
                *again, flag, text(number, values))  # fmt: skip

    return make


class _Reading:
    """Reads single values by the mapping's words. Raises _Bad with the reason."""

    def __init__(self, mapping: SourceMapping, now: datetime) -> None:
        self.mapping, self.unknown = mapping, mapping.file.unknown
        self.earliest, self.latest = micros(utc(EARLIEST, mapping.zone)), micros(now + AHEAD)
        self.known_states: set[str] = set()
        self.flags = dict.fromkeys(mapping.file.false, False) | dict.fromkeys(mapping.file.true, True)
        read = mapping.read_time
        self.micros = lru_cache(REMEMBERED)(lambda text: None if text in self.unknown else self.within(read(text)))
        self.usual = lru_cache(WORDS)(self._word)  # a column says the same few things again and again

    def values(self, raw: Any, width: int) -> Any:
        """The line's values as text; Excel's dates stay what they are. Raises _Bad for what no database takes."""
        if len(raw) < width or (len(raw) > width and any(raw[width:])):
            raise _Bad(f"has {len(raw)} values, the header {width}")
        texts = raw if isinstance(raw, list) else [v if isinstance(v, datetime) else _text(v) for v in raw]
        whole = "".join(raw if isinstance(raw, list) else [value for value in texts if isinstance(value, str)])
        if "\0" in whole:
            raise _Bad("holds a NUL character")
        if not whole.isascii() and any("\ud800" <= letter <= "\udfff" for letter in whole):
            raise _Bad(f"is not {self.mapping.file.encoding}")
        return texts

    def number(self, value: Any) -> str:
        number = _text(value)
        if number in self.unknown:
            raise _Bad(f"{self.mapping.columns.ticket}: is empty")
        if len(number) > NUMBER_LIMIT:
            raise _Bad(f"{self.mapping.columns.ticket}: is longer than {NUMBER_LIMIT} characters")
        return number

    def word(self, value: Any) -> str | None:
        return self.usual(value) if isinstance(value, str) and len(value) <= SHORT else self._word(value)

    def _word(self, value: Any) -> str | None:
        text = _text(value)
        return None if text in self.unknown else text[:WORD_LIMIT]

    def when(self, value: Any, column: str) -> int | None:
        try:
            if isinstance(value, datetime):
                spelled = {str(value), str(value.date())}
                return None if spelled & self.unknown else self.within(utc(value, self.mapping.zone))
            return self.micros(value.strip())
        except _Far as far:
            raise _Bad(f"{column}: {str(value)[:40]!r} is {far}") from None
        except ValueError:
            raise _Bad(f"{column}: {str(value)[:40]!r} is no time of the mapping's format") from None

    def within(self, at: datetime) -> int:
        """The instant's microseconds. Raises _Far outside the time in which tickets can have been written."""
        value = micros(at)
        if value < self.earliest:
            raise _Far("before the year 2000")
        if value > self.latest:
            raise _Far("later than tomorrow")
        return value

    def state(self, values: list[Any]) -> str:
        state = JOINT.join([_text(value) for value in values])[:GROUP_LIMIT]
        if state not in self.known_states:
            if self.mapping.states.value(state) is None:
                raise _Bad(f"state {state!r} is not in the mapping")
            self.known_states.add(state)
        return state

    def count(self, value: Any, column: str) -> int | None:
        text = _text(value)
        if text.isdecimal() and int(text) <= COUNT_LIMIT:
            return int(text)
        if text in self.unknown:
            return None
        raise _Bad(f"{column}: {text[:40]!r} is not a number")

    def flag(self, value: Any, column: str) -> bool | None:
        text = _text(value).lower()
        if text in self.flags:
            return self.flags[text]
        if text in self.unknown:
            return None
        raise _Bad(f"{column}: {text[:40]!r} is neither true nor false")

    def template(self, holes: dict[str, int]) -> Callable[[str, Any], str]:
        """The function that fills the ticket's text: `{ticket}` is its number, other holes are columns."""
        parts = _HOLE.split(self.mapping.defaults.text)
        columns = [holes.get(name) for name in parts[1::2]]

        def fill(number: str, values: Any) -> str:
            parts[1::2] = [number if c is None else self.word(values[c]) or NOT_KNOWN for c in columns]
            return "".join(parts)[:TEXT_LIMIT]

        return fill


def _text(value: Any) -> str:
    """A cell as text: Excel's whole numbers without ".0", its dates in ISO form, blanks around it gone."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, (datetime, date, time)) else str(value)
