"""Values on their way to PostgreSQL and back: JSON, and lists that become arrays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg import DataError, adapters
from psycopg.adapt import Dumper, PyFormat
from psycopg.types.array import ListDumper
from psycopg.types.json import Json, set_json_loads


def read_and_write_quickly() -> None:
    """What PostgreSQL answers a page is JSON, of which msgspec makes values sooner than the standard library, and most
    of what it keeps comes as arrays, whose values go through fewer hands than the driver's own. JSON is written by the
    standard library, which refuses what is none; msgspec would make something of it."""
    set_json_loads(_values)
    adapters.register_dumper(list, Array)


def _values(told: str | bytes) -> Any:
    try:
        return msgspec.json.decode(told)
    except msgspec.DecodeError:  # half of a pair of surrogates, which a text may hold and PostgreSQL keeps
        return json.loads(told)


class Array(Dumper):
    """A list as the text of an array. Its type is what the statement says that it is, so that there is one statement
    whatever the list holds: the driver's own takes a type from the largest number, and another statement for each."""

    def __init__(self, cls: type, context: Any = None) -> None:
        super().__init__(cls, context)
        self._context = context

    def get_key(self, obj: Any, format: PyFormat) -> type:
        """All lists are alike."""
        return self.cls

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        """And need no other dumper."""
        return self

    def dump(self, obj: list[Any]) -> Any:
        """The text; of values that are not known here by the driver's own dumper. Raises DataError for a NUL."""
        try:
            text = "{" + ",".join([_WAYS[type(value)](value) for value in obj]) + "}"
        except KeyError:
            own = ListDumper(self.cls, self._context)
            return own.upgrade(obj, PyFormat.TEXT).dump(obj)
        if "\0" in text:
            raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
        return text.encode()


def _quoted(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return '"' + text.replace('"', '\\"') + '"'


def _json(value: Json) -> str:
    said = (value.dumps or json.dumps)(value.obj)
    return _quoted(said if isinstance(said, str) else said.decode())


_WAYS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    int: str,
    bool: lambda value: "t" if value else "f",
    str: _quoted,
    bytes: lambda value: f'"\\\\x{value.hex()}"',
    datetime: lambda value: f'"{value}"',
    date: str,
    Json: _json,
}
