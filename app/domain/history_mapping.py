"""What a mapping file says: how another system's export is read, word by word, as tickets of ours (docs/import.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain import lifecycle
from app.domain.clocks import Limit
from app.domain.history_match import Patterns, fill
from app.domain.history_times import Reader

# An appeal is ruled on here or not at all: no imported ticket begins its life with us inside one.
STATES = tuple(state for state in lifecycle.STATES if state != lifecycle.APPEALED)
JOINT = " / "  # between the parts of a state that is spread over several columns


@dataclass(frozen=True)
class StateRule:
    """Our state for one of theirs, and whether the policy's clock stands still in it."""

    to: str
    pauses: bool = False


@dataclass(frozen=True)
class GroupRule:
    """Which organisation a group becomes. Code and names are templates: `{0}` the group's name, `{1}` the first star.

    `level` is who has the ticket: 0 the site, 1 the province (LCS), 2 headquarters (CCS). Kind, names and parent are
    used when the organisation does not exist yet.
    """

    organisation: str
    level: int = 0
    kind: str = "site"
    parent: str = ""
    name: str = "{0}"
    name_en: str = "{0}"


@dataclass(frozen=True)
class Unit:
    """An organisation that a group stands for."""

    code: str
    level: int
    kind: str
    parent: str
    name: str
    name_en: str


@dataclass(frozen=True)
class Columns:
    """Names of the file's columns. A `state` of several columns is one state of several parts."""

    ticket: str
    at: str
    state: tuple[str, ...]
    opened: str = ""
    resolved: str = ""
    group: str = ""
    category: str = ""
    priority: str = ""
    channel: str = ""
    reassignments: str = ""
    reopenings: str = ""
    sla: str = ""
    waybill: str = ""
    name: str = ""
    phone: str = ""
    address: str = ""


@dataclass(frozen=True)
class FileForm:
    """How the file is written."""

    encoding: str = "utf-8-sig"
    delimiter: str = ","
    sheet: str = ""
    unknown: frozenset[str] = frozenset({"", "?"})
    true: frozenset[str] = frozenset({"true", "yes", "y", "1", "是"})
    false: frozenset[str] = frozenset({"false", "no", "n", "0", "否"})


@dataclass(frozen=True)
class Defaults:
    """What holds where a row does not say it, or says something that the mapping has no word for."""

    category: str = "OTHER"
    priority: str = "normal"
    channel: str = "telephone"
    complainant: str = "consignee"
    organisation: str = ""  # of a ticket whose group is unknown: a province or headquarters, whose tray it lies in
    text: str = "历史工单 {ticket}"


@dataclass(frozen=True)
class Effects:
    """What an imported ticket may cause. Nothing, unless the mapping says so."""

    remind: bool = False
    fine: bool = False
    send: str = ""  # code of the connection that gets the answers to tickets that are still open


@dataclass(frozen=True)
class Cut:
    """The history only until an instant (UTC), as if the file had been written then."""

    until: datetime | None = None
    open_only: bool = False
    move_to_now: bool = False


@dataclass(frozen=True)
class HistoryPolicy:
    """The limit of the imported tickets: minutes from opening to result, in whose pausing states nothing counts."""

    limit: Limit
    by_priority: Mapping[str, Limit] = field(default_factory=dict, hash=False)

    def limit_for(self, priority: str) -> Limit:
        """The limit of a ticket of that priority of ours."""
        return self.by_priority.get(priority, self.limit)


@dataclass(frozen=True)
class SourceMapping:
    """A whole mapping file. `digest` is the SHA-256 of its text."""

    name: str
    title: str
    digest: str
    zone: ZoneInfo
    columns: Columns
    read_time: Reader
    states: Patterns[StateRule]
    policy: HistoryPolicy
    file: FileForm = field(default_factory=FileForm)
    groups: Patterns[GroupRule] = field(default_factory=lambda: Patterns[GroupRule](()))
    categories: Patterns[str] = field(default_factory=lambda: Patterns[str](()))
    priorities: Patterns[str] = field(default_factory=lambda: Patterns[str](()))
    channels: Patterns[str] = field(default_factory=lambda: Patterns[str](()))
    category_codes: frozenset[str] = frozenset()
    units: tuple[Unit, ...] = ()
    defaults: Defaults = field(default_factory=Defaults)
    effects: Effects = field(default_factory=Effects)
    cut: Cut = field(default_factory=Cut)

    def unit(self, group: str) -> Unit | None:
        """The organisation that a group stands for, or None where no rule names it: its tickets go to the tray."""
        found = self.groups.find(group)
        if found is None:
            return None
        rule, parts = found
        code, name, name_en = (fill(text, parts) for text in (rule.organisation, rule.name, rule.name_en))
        return Unit(code, rule.level, rule.kind, fill(rule.parent, parts), name, name_en)
