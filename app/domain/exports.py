"""Lists as files: what may be asked for at once, how long a file stays, and how a value becomes harmless in a sheet.

Limits are defaults (D) of the product, times are UTC.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FORMATS = ("xlsx", "csv")
BUNDLE = "pdf"  # of what is no list of rows: cards put together
ACTIVE = ("waiting", "running")
HANDED = "handed"  # made and handed out in one answer, kept nowhere
STATES = (*ACTIVE, "done", "failed", "cancelled", "expired", HANDED)
REASONS = ("too_many_rows", "disabled", "rights_changed", "full", "error")
MOST_RUNNING = 3  # of one person at a time
MOST_ROWS = 200_000
MOST_TRIES = 5  # without a page in between
KEPT = timedelta(days=7)
WINDOW, MOST_IN_WINDOW = timedelta(hours=1), 20  # exports that one person may ask for

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PREFIX = "EX"
TEXT, NUMBER, TIME = "text", "number", "time"
CELL_LIMIT = 32_767  # characters that a cell of Excel holds
# signs that make a spreadsheet read a text as a formula, in their full-width spelling too
FORMULA = frozenset("=+-@\t\r\n＝＋－＠")

Cell = str | int | float | datetime | None


@dataclass(frozen=True)
class Column:
    """A column of a file: its heading in the reader's language, what its cells are, and its width in characters."""

    heading: str
    kind: str = TEXT
    width: int = 14


@dataclass(frozen=True)
class Sheet:
    """Everything about a file but its rows. `head` are the lines above the table, `mark` one line that names it."""

    title: str
    head: Sequence[str]
    mark: str
    mark_heading: str
    columns: Sequence[Column]
    rows: int


def label(export_id: int) -> str:
    """The export's number as people read and type it: EX and its id in base 36."""
    said = ""
    while export_id:
        export_id, rest = divmod(export_id, 36)
        said = DIGITS[rest] + said
    return PREFIX + (said or "0")


def id_of(said: str) -> int | None:
    """The id behind a number that somebody typed; None for what is none."""
    said = said.strip().upper().removeprefix(PREFIX)
    if not 0 < len(said) <= 13 or any(sign not in DIGITS for sign in said):
        return None
    found = int(said, 36)
    return found if found < 2**63 else None


def harmless(text: str) -> str:
    """A text for a CSV file: with an apostrophe in front where a spreadsheet would read it as a formula."""
    return f"'{text}" if text[:1] in FORMULA else text


def wait(asked: Sequence[datetime], now: datetime) -> int:
    """Seconds until the next export may be asked for, 0 for at once; `asked` are the instants of earlier ones."""
    recent = sorted(at for at in asked if at > now - WINDOW)
    if len(recent) < MOST_IN_WINDOW:
        return 0
    free_at = recent[-MOST_IN_WINDOW] + WINDOW
    return max(1, int((free_at - now).total_seconds()))


def pause(tries: int) -> timedelta:
    """How long an export waits after a try that failed, e.g. while the disk is full: from 4 s to 5 min."""
    return timedelta(seconds=min(300, 2 ** (min(tries, 10) + 1)))


def percent(rows: int, about: int, state: str) -> int:
    """How far an export is, for its bar: 100 only when it is done."""
    if state == "done":
        return 100
    return min(99, rows * 100 // about) if about else 0


def page_name(spool: str, token: int, seq: int) -> str:
    """Under which name a worker keeps a page: nobody guesses it, and two workers never share one."""
    return _name(f"{spool}:{token}:{seq}")


def file_name(spool: str, token: int) -> str:
    """Under which name a worker keeps the finished file."""
    return _name(f"{spool}:{token}:file")


def every_name(spool: str, tokens: int, pages: int) -> list[str]:
    """All names that the workers of an export can have used, those killed in the middle of a page included."""
    names = [page_name(spool, token, seq) for token in range(1, tokens + 1) for seq in range(pages + 1)]
    return names + [file_name(spool, token) for token in range(1, tokens + 1)]


def _name(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:32]
