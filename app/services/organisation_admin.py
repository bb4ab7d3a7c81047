"""The tree as an administrator keeps it: one organisation by a form, or a whole list, all of it or nothing.

Both go through the same plan (`domain/organisation_plan`); what the plan cannot know, open tickets and accounts, is
asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, aliased

from app.domain import organisation_rows as rows_rule
from app.domain import organisations as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.lifecycle import OPEN_STATES
from app.domain.masking import mask_phone
from app.domain.organisation_plan import Fault, Plan, plan
from app.domain.organisations import Entry, province_of
from app.domain.roles import Actor
from app.domain.sheet_rows import Line
from app.models import Organisation, Party, Ticket, User
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.services import admin_log, closures
from app.services.admin_log import Note
from app.services.transaction import write

MOST = 20_000  # rows of one list
AT_ONCE = 500  # values in one condition
LOCK = "organisation tree"
PLAIN = ("kind", "name", "name_en", "address_prefix", "duty_phone", "manager_phone", "onboarded_from", "closed_from")


@dataclass(frozen=True)
class Trial:
    """What a list would do, or did: how many would be added, changed, stay as they are; and every fault."""

    added: int
    changed: int
    unchanged: int
    faults: tuple[Fault, ...]


def tried(session: Session, rows: Sequence[Sequence[str]]) -> Trial:
    """Check a whole list, headings first, without storing anything."""
    return _told(_checked(session, *rows_rule.lines_of(rows)))


def store(*, actor: Actor, rows: Sequence[Sequence[str]], now: datetime) -> Trial:
    """Take a list in, all of it or nothing; the same one again changes nothing. Raises Invalid(rows), NotAllowed."""
    _administrator(actor)
    with write() as session:
        lock_key(session, LOCK)
        found = _checked(session, *rows_rule.lines_of(rows))
        told = _told(found)
        if told.faults:
            raise Invalid({"rows": "has_faults"})
        _apply(session, actor, found, now)
        if told.added or told.changed:
            counts = {"added": told.added, "changed": told.changed, "unchanged": told.unchanged}
            admin_log.write_down(session, actor, [Note("organisations_imported", "", counts)], now)
        return told


def save(*, actor: Actor, cells: Mapping[str, str], now: datetime, known: str = "") -> str:
    """Add one organisation, or change the one with the code `known`, whose code stays; its code.

    Raises Invalid by field, NotFound, NotAllowed.
    """
    _administrator(actor)
    with write() as session:
        lock_key(session, LOCK)
        line = Line(2, {**cells, "code": known} if known else cells)
        code = rows_rule.read({"code": line.cells.get("code", "")}, None)[0].code
        tree = _tree(session)
        if known and known not in tree:
            raise NotFound("organisation_not_found")
        if not known and code in tree:
            raise Invalid({"code": "place_code_taken"})
        found = _planned(session, tree, [line])
        if found.faults:
            raise Invalid({one.column: one.code for one in found.faults})
        _apply(session, actor, found, now)
        return code


def entry(session: Session, code: str) -> Entry:
    """One organisation as its form has it. Raises NotFound."""
    found = _tree(session, Organisation.code == code) if "\0" not in code else {}
    if code not in found:
        raise NotFound("organisation_not_found")
    return found[code]


# --- what the plan cannot know ---


def _checked(session: Session, lines: Sequence[Line], missing: Sequence[str]) -> Plan:
    if missing or not lines:
        wrong = tuple(Fault(1, name, "no_column") for name in missing) or (Fault(1, "", "no_rows"),)
        return Plan({}, faults=wrong)
    return _planned(session, _tree(session), lines)


def _planned(session: Session, tree: Mapping[str, Entry], lines: Sequence[Line]) -> Plan:
    found = plan(tree, lines)
    more = [*_stuck(session, found.moved, "superior", "open_tickets", _with_open_tickets)]
    more += _stuck(session, found.rekinded, "kind", "kind_in_use", _in_use)
    typed = {(line.n, name): cell for line in lines for name, cell in line.cells.items()}
    kept = [replace(one, typed=typed.get((one.n, one.column), "")) for one in more]
    everything = dict.fromkeys((*found.faults, *kept))
    return replace(found, faults=tuple(sorted(everything, key=lambda one: one.n)))


def _stuck(
    session: Session, codes: Mapping[str, int], column: str, why: str,
    asked: Callable[[Session, Collection[str]], Collection[str]],
) -> list[Fault]:  # fmt: skip
    """Those that cannot change so, at the rows that are the reason."""
    names = list(codes)
    parts = (names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE))
    found = sorted({codes[code] for some in parts for code in asked(session, some)})
    return [Fault(n, column, why) for n in found]


def _with_open_tickets(session: Session, codes: Collection[str]) -> Collection[str]:
    """Their tickets lie in the lists and with the people of their province: they end, or are passed on, first."""
    mine = select(Organisation.code).join(Party, Party.organisation_id == Organisation.id)
    mine = mine.join(Ticket, Ticket.id == Party.ticket_id).where(Ticket.state.in_(OPEN_STATES))
    return list(session.scalars(mine.where(Organisation.code.in_(codes)).distinct()))


def _in_use(session: Session, codes: Collection[str]) -> Collection[str]:
    """Another kind is another desk: only for what has no account and was never in a ticket."""
    people = select(Organisation.code).join(User, User.organisation_id == Organisation.id)
    tickets = select(Organisation.code).join(Party, Party.organisation_id == Organisation.id)
    asked = [one.where(Organisation.code.in_(codes)).distinct() for one in (people, tickets)]
    return {code for statement in asked for code in session.scalars(statement)}


def _told(found: Plan) -> Trial:
    return Trial(len(found.added), len(found.changed), found.unchanged, found.faults)


# --- reading and writing ---


def _tree(session: Session, *which: Any) -> dict[str, Entry]:
    superior, deputy = aliased(Organisation), aliased(Organisation)
    statement = (
        select(Organisation.code, *(getattr(Organisation, name) for name in PLAIN), superior.code, deputy.code)
        .outerjoin(superior, superior.id == Organisation.parent_id)
        .outerjoin(deputy, deputy.id == Organisation.deputy_id)
    )
    return {
        code: Entry(code, superior=above or "", deputy=stands_in or "", **dict(zip(PLAIN, plain, strict=True)))
        for code, *plain, above, stands_in in session.execute(statement.where(*which))
    }


def _apply(session: Session, actor: Actor, found: Plan, now: datetime) -> None:
    """Write the plan: superiors before inferiors, deputies when all are there."""
    if not (found.added or found.changed):
        return
    ids: dict[str, int] = dict(list(session.execute(select(Organisation.code, Organisation.id))))
    added = sorted(found.added, key=lambda one: rule.KINDS.index(one.kind))
    ids |= {one.code: new_id() for one in added}
    if added:
        session.execute(insert(Organisation), [_values(one, found, ids) for one in added])
    later = [
        {"id": ids[one.code], "deputy_id": ids.get(one.deputy), **_values(one, found, ids)}
        for one in _after(found)
    ]  # fmt: skip
    if later:
        session.execute(update(Organisation), later)
    for before, after in found.changed:
        if after.kind in rule.PLACES and (before.closed_from, before.deputy) != (after.closed_from, after.deputy):
            _close(session, actor, before, after, ids, now)
    admin_log.write_down(session, actor, _notes(found), now)


def _after(found: Plan) -> Iterator[Entry]:
    """Those whose row is written once all are there."""
    changed = {after.code: after for _before, after in found.changed}
    yield from changed.values()
    yield from (one for one in found.added if one.deputy)
    yield from (found.tree[code] for code in found.moved if code not in changed)


def _values(one: Entry, found: Plan, ids: Mapping[str, int]) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in ("code", *PLAIN)}
    province = province_of(one.code, found.tree)
    return {"id": ids[one.code], "parent_id": ids.get(one.superior), "province_id": ids.get(province), **values}


def _close(
    session: Session, actor: Actor, before: Entry, after: Entry, ids: Mapping[str, int], now: datetime
) -> None:  # fmt: skip
    """Closing a place, and opening it again, is the closure calendar's."""
    if before.closed_from is None and after.closed_from is None:
        return
    closures.for_good(
        session, actor, place_id=ids[after.code], day=after.closed_from, deputy_id=ids.get(after.deputy), now=now
    )


def _notes(found: Plan) -> list[Note]:
    notes = [Note("organisation_added", one.code, admin_log.differences({}, _shown(one))) for one in found.added]
    for before, after in found.changed:
        told = admin_log.differences(_shown(before), _shown(after))
        hidden = [name for name in rows_rule.PHONES if getattr(before, name) != getattr(after, name)]
        told |= {name: [_shown(before)[name], _shown(after)[name]] for name in hidden}
        notes.append(Note("organisation_changed", after.code, told))
    return notes


def _shown(one: Entry) -> dict[str, str]:
    """An entry for the log: telephone numbers masked, what is empty left out."""
    cells = rows_rule.cells_of(one)
    return {
        name: mask_phone(text) if name in rows_rule.PHONES and text else text
        for name, text in cells.items()
    }  # fmt: skip


def _administrator(actor: Actor) -> None:
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")
