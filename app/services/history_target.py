"""Where imported tickets go: the organisations that groups stand for, the file's own row, and its connection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid
from app.domain.history import Place
from app.domain.history_mapping import SourceMapping, Unit
from app.domain.policies import NoPolicy, version_in_force
from app.extensions import db
from app.models import Category, Connection, ImportedFile, Organisation
from app.models.dialect import lock_key
from app.models.history import reserve_numbers
from app.models.ids import new_id
from app.services import organisations, policies
from app.services.history_rows import Target
from app.services.organisations import Node
from app.services.transaction import write

DRIVER = "import"  # of a connection that only tells where a number comes from; it is never active
TRAYS = ("headquarters", "province")


@dataclass(frozen=True)
class Kept:
    """The file's row: where its tickets go, their first number, and when it was first imported (UTC)."""

    target: Target
    first_number: int
    imported_at: datetime


def count(session: Session) -> int:
    """How many organisations there are."""
    return session.scalar(select(func.count()).select_from(Organisation)) or 0


def create(mapping: SourceMapping, groups: Iterable[str]) -> dict[str, Place]:
    """The place of each group, organisations that do not exist made first. "" is the place of an unknown group.

    Raises Invalid for one that cannot stand (a parent that nobody knows, a code too long).
    """
    nodes = [_node(unit) for unit in mapping.units]
    nodes += [_node(unit) for group in groups if (unit := mapping.unit(group)) is not None]
    unique = {node.code: node for node in reversed(nodes)}
    organisations.import_tree(nodes=[unique[code] for code in dict.fromkeys(node.code for node in nodes)])
    return _places(db.session(), mapping, groups)


def imagined(mapping: SourceMapping, groups: Iterable[str]) -> dict[str, Place]:
    """The places as `create` would give them; organisations that do not exist yet have made-up ids below zero."""
    session = db.session()
    require_categories(session, mapping)
    found = _places(session, mapping, groups)
    for number, group in enumerate(groups, 1):
        unit = mapping.unit(group)
        if unit is not None and group not in found:
            found[group] = Place(-number, unit.code, -number, -number, unit.level)
    return found


def register(mapping: SourceMapping, digest: str, tickets: int, now: datetime) -> Kept:
    """The file's row, made at the first attempt together with the ticket numbers it will need."""
    with write() as session:
        lock_key(session, f"import:{digest}")
        require_categories(session, mapping)
        connection = _connection(session, mapping)
        known = select(ImportedFile).where(ImportedFile.digest == digest, ImportedFile.name == mapping.name)
        row = session.scalars(known).one_or_none()
        if row is None:
            row = ImportedFile(id=new_id(), digest=digest, name=mapping.name, imported_at=now)
        if row.mapping_digest != mapping.digest or row.numbers != tickets:
            # another mapping may let other rows in, and with them other tickets: their places are not the old ones
            row.first_number, row.numbers = reserve_numbers(session, tickets), tickets
        row.mapping_digest, row.zone, row.connection_id = mapping.digest, mapping.zone.key, connection.id
        row.fines, row.reminds = mapping.effects.fine, mapping.effects.remind
        version = _policy_version(session, row.imported_at)
        session.add(row)
        target = Target(row.id, connection.id, version, mapping.defaults.complainant, bool(mapping.effects.send))
        return Kept(target, row.first_number, row.imported_at)


def require_categories(session: Session, mapping: SourceMapping) -> None:
    """Raises Invalid for categories of the mapping that the portal does not have."""
    missing = mapping.category_codes - set(session.scalars(select(Category.code)))
    if missing:
        raise Invalid({f"categories {', '.join(sorted(missing))}": "unknown"})


def _node(unit: Unit) -> Node:
    return Node(unit.code, unit.kind, unit.name[:80], unit.parent, unit.name_en[:120])


def _places(session: Session, mapping: SourceMapping, groups: Iterable[str]) -> dict[str, Place]:
    rows = {row.code: row for row in session.scalars(select(Organisation))}
    found = {}
    for group in groups:
        unit = mapping.unit(group)
        if unit is not None and unit.code in rows:
            found[group] = _place(rows[unit.code], unit.level)
    if mapping.defaults.organisation:
        tray = rows.get(mapping.defaults.organisation)
        if tray is None or tray.kind not in TRAYS:
            raise Invalid({"defaults.organisation": "is not the code of a province or headquarters"})
        found[""] = _place(tray, 0)
    session.rollback()
    return found


def _place(row: Organisation, level: int) -> Place:
    return Place(row.id, row.code, None if row.kind in TRAYS else row.id, row.province_id, level)


def _connection(session: Session, mapping: SourceMapping) -> Connection:
    """The connection whose orders carry the old numbers: one of its own, or the live one that the mapping names."""
    live = mapping.effects.send
    code = live or f"{DRIVER}-{mapping.name}"[:32]
    row = session.scalars(select(Connection).where(Connection.code == code)).one_or_none()
    if row is not None:
        return row
    if live:
        raise Invalid({"effects.send": f"there is no connection {live}"})
    row = Connection(
        id=new_id(), code=code, name=mapping.title[:60], driver=DRIVER, secrets=[], category_map={}, active=False,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def _policy_version(session: Session, at: datetime) -> int:
    """The version that governs what happens to a ticket from now on; its imported clock has the mapping's limit."""
    try:
        return version_in_force(policies.rules(session), at)
    except NoPolicy:
        raise Invalid({"policy": "the portal has none in force yet"}) from None
