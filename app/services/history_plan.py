"""What an import would change in the portal, and everything that would stop it: looked at before anything is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.history import Place
from app.domain.history_mapping import SourceMapping, Unit
from app.domain.history_toml import MappingError
from app.domain.organisations import CODE_LIMIT
from app.domain.policies import NoPolicy, version_in_force
from app.extensions import db
from app.models import Category, Connection, ImportedFile, Organisation
from app.services import policies
from app.services.organisations import Node

TRAYS = ("headquarters", "province")
DRIVER = "import"  # of a connection that only tells where a number comes from; it is never active
SEED = "run `flask --app wsgi seed` first"
SHOWN = 5  # of a long list of codes


@dataclass(frozen=True)
class Plan:
    """The organisations to be made, parents first, and the place of each group; "" is the place of an unknown one.

    The places of organisations that are still to be made have made-up ids below zero.
    """

    nodes: tuple[Node, ...]
    places: dict[str, Place]


@dataclass(frozen=True)
class Kept:
    """What an earlier run of the same file left: the ids of its row and of its connection, 0 where there is none."""

    file_id: int
    connection_id: int
    imported_at: datetime | None


def plan(mapping: SourceMapping, groups: Sequence[str], now: datetime) -> Plan:
    """What has to be made for the mapping and the file's groups. Raises MappingError with all that cannot stand."""
    session = db.session()
    places, heads = _present(session)
    nodes, faults = _ordered(_wanted(mapping, groups), places)
    faults += _heads_faults(heads, nodes) + [fault for node in nodes for fault in _node_faults(node)]
    for number, node in enumerate(nodes, 1):
        places[node.code] = _imagined(-number, node, places)
    units = [(group, mapping.unit(group)) for group in groups]
    found = {g: replace(places[unit.code], level=unit.level) for g, unit in units if unit and unit.code in places}
    if tray := mapping.defaults.organisation:
        if tray in places and places[tray].site_id is None:
            found[""] = places[tray]
        else:
            faults.append(f"defaults.organisation: {tray} is not the code of a province or of headquarters")
    faults += [*_category_faults(session, mapping), *_other_faults(session, mapping, now)]
    session.rollback()
    if faults:
        raise MappingError(faults)
    return Plan(tuple(nodes), found)


def kept(mapping: SourceMapping, digest: str) -> Kept:
    """What is there of the file with that digest, and of its old system."""
    session = db.session()
    row = file_row(session, mapping, digest)
    connection = session.scalar(select(Connection.id).where(Connection.code == connection_code(mapping)))
    found = Kept(row.id if row else 0, connection or 0, row.imported_at if row else None)
    session.rollback()
    return found


def file_row(session: Session, mapping: SourceMapping, digest: str) -> ImportedFile | None:
    """The row of the file with that digest."""
    known = select(ImportedFile).where(ImportedFile.digest == digest, ImportedFile.name == mapping.name)
    return session.scalars(known).one_or_none()


def connection_code(mapping: SourceMapping) -> str:
    """The connection whose orders carry the old numbers: one of its own, or the live one that the mapping names."""
    return mapping.effects.send or f"{DRIVER}-{mapping.name}"[:32]


def _present(session: Session) -> tuple[dict[str, Place], list[str]]:
    """The place of every organisation by code, and the codes of headquarters."""
    columns = (Organisation.id, Organisation.code, Organisation.kind, Organisation.province_id)
    rows = session.execute(select(*columns)).all()
    places = {row.code: _place(row.id, row.code, row.kind, row.province_id) for row in rows}
    return places, [row.code for row in rows if row.kind == "headquarters"]


def _place(id_: int, code: str, kind: str, province_id: int | None) -> Place:
    return Place(id_, code, None if kind in TRAYS else id_, province_id)


def _imagined(id_: int, node: Node, places: dict[str, Place]) -> Place:
    above = places.get(node.parent)
    return _place(id_, node.code, node.kind, id_ if node.kind == "province" else above.province_id if above else None)


def _wanted(mapping: SourceMapping, groups: Iterable[str]) -> list[Node]:
    """The organisations of the mapping, then those of its groups; of two with one code the first."""
    units = [*mapping.units, *(unit for group in groups if (unit := mapping.unit(group)) is not None)]
    nodes: dict[str, Node] = {}
    for unit in units:
        nodes.setdefault(unit.code, _node(unit))
    return list(nodes.values())


def _node(unit: Unit) -> Node:
    return Node(unit.code, unit.kind, unit.name[:80], unit.parent, unit.name_en[:120])


def _ordered(nodes: list[Node], places: dict[str, Place]) -> tuple[list[Node], list[str]]:
    """Those that are not there yet, parents before children; and a fault for each parent that nobody makes."""
    waiting = [node for node in nodes if node.code not in places]
    ordered: list[Node] = []
    known = {"", *places}
    while ready := [node for node in waiting if node.parent in known]:
        ordered += ready
        known |= {node.code for node in ready}
        waiting = [node for node in waiting if node.code not in known]
    orphans: dict[str, list[str]] = defaultdict(list)
    for node in waiting:
        orphans[node.parent].append(node.code)
    lost = "there is no organisation with the code {}, the parent of {}: create it with [[organisations]]"
    return ordered, [lost.format(parent, _some(codes)) for parent, codes in orphans.items()]


def _heads_faults(heads: list[str], nodes: Iterable[Node]) -> list[str]:
    codes = heads + [node.code for node in nodes if node.kind == "headquarters"]
    return [f"there is one headquarters, and its code is {codes[0]}: not also {_some(codes[1:])}"] if codes[1:] else []


def _node_faults(node: Node) -> list[str]:
    faults = []
    if not node.code.strip():
        faults.append("an organisation's code is empty: see `organisation` of [[groups]]")
    if len(node.code) > CODE_LIMIT:
        faults.append(f"the code {node.code} is longer than {CODE_LIMIT} characters")
    if not node.name.strip():
        faults.append(f"the organisation {node.code} has no name")
    if node.kind == "headquarters" and node.parent:
        faults.append(f"headquarters {node.code} has no parent")
    if node.kind != "headquarters" and not node.parent:
        faults.append(f"the new organisation {node.code} is a {node.kind}, and its `parent` is missing")
    return faults


def _some(codes: Sequence[str]) -> str:
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return ", ".join(codes[:SHOWN]) + more


def _category_faults(session: Session, mapping: SourceMapping) -> list[str]:
    known = list(session.scalars(select(Category.code).order_by(Category.position, Category.code)))
    if not known:
        return [f"the portal has no categories yet: {SEED}"]
    missing = sorted(mapping.category_codes - set(known))
    return [f"categories: the portal has no {', '.join(missing)}; it has {', '.join(known)}"] if missing else []


def _other_faults(session: Session, mapping: SourceMapping, now: datetime) -> list[str]:
    faults = []
    live = mapping.effects.send
    if live and session.scalar(select(Connection.id).where(Connection.code == live)) is None:
        codes = session.scalars(select(Connection.code).where(Connection.driver != DRIVER).order_by(Connection.code))
        faults.append(f"effects.send: there is no connection {live}; there is {', '.join(codes) or 'none'}")
    try:
        version_in_force(policies.rules(session), now)
    except NoPolicy:
        faults.append(f"the portal has no policy in force yet: {SEED}")
    return faults
