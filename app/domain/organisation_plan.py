"""What a list of organisations would do to the tree: each bad row named, or what is added and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain import organisations as rule
from app.domain.organisation_rows import read
from app.domain.organisations import Entry, province_of
from app.domain.sheet_rows import Line


@dataclass(frozen=True)
class Fault:
    """What is wrong: the row's number (1: the headings), the column, the error's code, and what was typed there."""

    n: int
    column: str
    code: str
    typed: str = ""


@dataclass(frozen=True)
class Plan:
    """The tree as it would be. `moved` are the organisations known before whose province changes, `rekinded` those
    whose kind does, each with the row that is the reason."""

    tree: Mapping[str, Entry]
    added: tuple[Entry, ...] = ()
    changed: tuple[tuple[Entry, Entry], ...] = ()
    unchanged: int = 0
    moved: Mapping[str, int] = field(default_factory=dict)
    rekinded: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def plan(known: Mapping[str, Entry], lines: Sequence[Line]) -> Plan:
    """Hold the rows against the tree as it is. A superior may stand anywhere, below its inferiors too."""
    rows: dict[str, tuple[Line, Entry]] = {}
    faults: list[Fault] = []
    for line in lines:
        entry, wrong = read(line.cells, known.get(_code(line)))
        wrong |= {name: code for name, code in rule.own_faults(entry).items() if name not in wrong}
        if entry.code in rows:
            wrong["code"] = "code_twice"
        else:
            rows[entry.code] = line, entry
        faults += [_fault(line, name, code) for name, code in wrong.items()]
    faulty = {(one.n, one.column) for one in faults}
    tree = {**known, **{code: entry for code, (_line, entry) in rows.items()}}
    found = Plan(
        tree,
        added=tuple(entry for code, (_line, entry) in rows.items() if code not in known),
        changed=tuple((known[code], entry) for code, (_l, entry) in rows.items() if known.get(code, entry) != entry),
        unchanged=sum(known.get(code) == entry for code, (_line, entry) in rows.items()),
        moved=_moved(known, tree, rows),
        rekinded={code: line.n for code, (line, entry) in rows.items()
                  if code in known and known[code].kind != entry.kind},
    )  # fmt: skip
    more = [*_standing(rows, known, tree), *_around(found, rows, known)]
    faults += [one for one in more if (one.n, one.column) not in faulty]
    return Plan(**{**vars(found), "faults": tuple(sorted(faults, key=lambda one: one.n))})


def _code(line: Line) -> str:
    return read({"code": line.cells.get("code", "")}, None)[0].code


def _fault(line: Line, name: str, code: str) -> Fault:
    return Fault(line.n, name, code, line.cells.get(name, ""))


def _standing(
    rows: Mapping[str, tuple[Line, Entry]], known: Mapping[str, Entry], tree: Mapping[str, Entry]
) -> list[Fault]:
    """The rows' own places in the tree, and one headquarters."""
    faults = [
        _fault(line, name, code)
        for line, entry in rows.values()
        for name, code in rule.standing_faults(entry, tree).items()
    ]
    second = rule.headquarters_faults([entry for _line, entry in rows.values()], known)
    return faults + [_fault(rows[code][0], "kind", why) for code, why in second.items()]


def _around(found: Plan, rows: Mapping[str, tuple[Line, Entry]], known: Mapping[str, Entry]) -> list[Fault]:
    """What the change of one does to others that are in no row: inferiors of one that closes or becomes another kind,
    deputies that stand in another province afterwards."""
    faults, by_n = [], {line.n: line for line, _entry in rows.values()}
    for code, entry in found.tree.items():
        if code in rows:
            continue
        reason = found.moved.get(code) or found.moved.get(entry.deputy)
        new = rule.standing_faults(entry, found.tree).items() - rule.standing_faults(entry, known).items()
        for name, why in sorted(new):
            if name == "deputy" and reason:
                faults.append(_fault(by_n[reason], "superior", why))
            elif name != "deputy" and entry.superior in rows:
                line, column = rows[entry.superior][0], "kind" if name == "superior" else "closed_from"
                faults.append(_fault(line, column, "kind_in_use" if column == "kind" else "open_below"))
    return list(dict.fromkeys(faults))


def _moved(
    known: Mapping[str, Entry], tree: Mapping[str, Entry], rows: Mapping[str, tuple[Line, Entry]]
) -> dict[str, int]:
    """Whose province is another afterwards, with the row of itself or of the nearest superior that moves."""
    moving = {
        code
        for code, (_line, entry) in rows.items()
        if code in known and (known[code].superior, known[code].kind) != (entry.superior, entry.kind)
    }
    if not moving:
        return {}
    moved = {}
    for code in known:
        if province_of(code, known) != province_of(code, tree):
            moved[code] = _reason(code, moving, tree, rows)
    return moved


def _reason(
    code: str, moving: set[str], tree: Mapping[str, Entry], rows: Mapping[str, tuple[Line, Entry]]
) -> int:  # fmt: skip
    at = code
    for _step in rule.KINDS:
        if at in moving:
            break
        at = tree[at].superior if at in tree else ""
    return rows[at if at in rows else next(iter(moving))][0].n
