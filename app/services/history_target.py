"""Makes what imported tickets need: the organisations of a plan, the file's own row, and its connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.history import Place
from app.domain.history_mapping import SourceMapping
from app.domain.policies import version_in_force
from app.models import Connection, ImportedFile
from app.models.dialect import lock_key, reserve_numbers
from app.models.ids import new_id
from app.services import organisations, policies
from app.services.history_plan import DRIVER, Plan, connection_code, file_row, plan
from app.services.history_rows import Target
from app.services.transaction import write


@dataclass(frozen=True)
class Registered:
    """The file's row: where its tickets go, their first number, and when it was first imported (UTC)."""

    target: Target
    first_number: int
    imported_at: datetime


def create(mapping: SourceMapping, groups: Sequence[str], made: Plan, now: datetime) -> dict[str, Place]:
    """Make the plan's organisations; the place of each group."""
    if not made.nodes:
        return made.places
    organisations.import_tree(nodes=made.nodes)
    return plan(mapping, groups, now).places


def register(mapping: SourceMapping, digest: str, tickets: int, now: datetime) -> Registered:
    """The file's row, made at the first attempt together with the ticket numbers it will need."""
    with write() as session:
        lock_key(session, f"import:{digest}")
        connection = _connection(session, mapping)
        row = file_row(session, mapping, digest)
        if row is None:
            row = ImportedFile(id=new_id(), digest=digest, name=mapping.name, imported_at=now)
        if row.mapping_digest != mapping.digest or row.numbers != tickets:
            # another mapping may let other rows in, and with them other tickets: their places are not the old ones
            row.first_number, row.numbers = reserve_numbers(session, tickets), tickets
        row.mapping_digest, row.zone, row.connection_id = mapping.digest, mapping.zone.key, connection.id
        row.fines, row.reminds = mapping.effects.fine, mapping.effects.remind
        # it governs what happens to a ticket from now on; its imported clock has the mapping's limit
        version = version_in_force(policies.rules(session), row.imported_at)
        session.add(row)
        target = Target(row.id, connection.id, version, mapping.defaults.complainant, bool(mapping.effects.send))
        return Registered(target, row.first_number, row.imported_at)


def _connection(session: Session, mapping: SourceMapping) -> Connection:
    code = connection_code(mapping)
    row = session.scalars(select(Connection).where(Connection.code == code)).one_or_none()
    if row is None:
        row = Connection(
            id=new_id(), code=code, name=mapping.title[:60], driver=DRIVER, secrets=[], category_map={}, active=False,
        )  # fmt: skip
        session.add(row)
        session.flush()
    return row
