"""The tree: headquarters, provinces, sites and hubs; found by code, or by the area that an address lies in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import String, bindparam, literal_column, or_, select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotFound
from app.domain.organisations import CODE_LIMIT, KINDS
from app.domain.roles import Actor
from app.models import Organisation
from app.models.among import ends_among
from app.models.ids import new_id
from app.models.organisation import AREA_END
from app.models.together import Asked, Question, ask
from app.services.transaction import keep, kept, write


@dataclass(frozen=True)
class Node:
    """An organisation to be made. `parent` is the code of the one above it, empty only for headquarters.

    `address_prefix` is how the addresses of its area begin, without blanks; `duty_phone` gets the reminders.
    """

    code: str
    kind: str
    name: str
    parent: str = ""
    name_en: str = ""
    address_prefix: str = ""
    duty_phone: str = ""
    onboarded_from: date | None = None


def import_tree(*, nodes: Sequence[Node]) -> int:
    """Add the organisations whose code is new, parents before children; how many were added.

    Known codes stay as they are, whatever the import says: an administrator's change is never undone by it. All or
    nothing; raises Invalid at the first node that cannot stand: `code` required or too_long, `kind` unknown, `name`
    required, `parent` unknown.
    """
    with write() as session:
        known = _by_code(session)
        fresh = [node for node in nodes if node.code not in known]
        for node in fresh:
            errors = _errors(node, known)
            if errors:
                raise Invalid(errors | {"at": node.code})
            _add(session, node, known)
        return len(fresh)


BY_CODE = Question(select(Organisation).where(Organisation.code == bindparam("code")))
_ADDRESS: Any = bindparam("address", type_=String)
AREAS = Question(
    select(Organisation)
    # written out, as the index of these sites has it: of a parameter PostgreSQL would not know that it may be used
    .where(Organisation.kind == literal_column("'site'"), Organisation.address_prefix != literal_column("''"),
           ends_among(Organisation.address_prefix, "ends", AREA_END), _ADDRESS.contains(Organisation.address_prefix))
    .order_by(Organisation.code)
)  # fmt: skip


def areas_of(address: str) -> Asked:
    """The sites of whose areas the address, without blanks, holds the name; of a country's sites few end as some part
    of it does."""
    parts = {address[at - n : at] for n in range(1, AREA_END + 1) for at in range(n, len(address) + 1)}
    return AREAS(address=address, ends=sorted(parts))


_BY_ID = select(Organisation).where(Organisation.id == bindparam("organisation"))


def known(session: Session, organisation_id: int | None) -> Organisation | None:
    """The organisation with that id, for reading: a write transaction asks once, or has it from `know`."""
    if organisation_id is None:
        return None
    look = partial(session.scalars, _BY_ID, {"organisation": organisation_id})
    return kept(session, ("organisation", organisation_id), lambda: look().one_or_none())


def know(session: Session, place: Organisation) -> None:
    """An organisation that was read together with other things."""
    keep(session, ("organisation", place.id), place)


def find_by_code(session: Session, code: str) -> Organisation | None:
    """The organisation with that code (blanks around it do not count), or None."""
    return session.scalars(select(Organisation).where(Organisation.code == code.strip())).one_or_none()


def find(session: Session, word: str) -> Organisation | None:
    """The organisation that a person names by its code or its full name; None where none or several have that name."""
    known = find_by_code(session, word)
    if known is not None or not word.strip():
        return known
    named = or_(Organisation.name == word.strip(), Organisation.name_en == word.strip())
    found = session.scalars(select(Organisation).where(named).limit(2)).all()
    return found[0] if len(found) == 1 else None


def in_area(session: Session, actor: Actor, code: str) -> Organisation:
    """The organisation with that code in the area of a superior: of its province for an LCS, any for CCS.

    Raises NotFound.
    """
    statement = select(Organisation).where(Organisation.code == code)
    if actor.desk != "ccs":
        statement = statement.where(Organisation.province_id == actor.province_id)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound("organisation_not_found")
    return found


def headquarters(session: Session) -> Organisation | None:
    """The root of the tree, or None in an empty portal."""
    return session.scalars(select(Organisation).where(Organisation.kind == "headquarters").limit(1)).one_or_none()


def codes_of(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """The codes of organisations by id."""
    rows = session.execute(select(Organisation.id, Organisation.code).where(Organisation.id.in_(list(ids))))
    return {row.id: row.code for row in rows}


def site_codes(session: Session) -> list[str]:
    """The codes of all sites in order."""
    statement = select(Organisation.code).where(Organisation.kind == "site")
    return list(session.scalars(statement.order_by(Organisation.code)))


def matching_address(session: Session, text: str) -> list[Organisation]:
    """The sites whose area holds the address, by code; of several areas inside each other only the narrowest.

    More than one site comes back where two share an area, or where the text names two places: then a person decides
    (rulebook 3.1: "by address only when exactly one site matches").
    """
    address = "".join(text.split())
    return narrowest(address, ask(session, areas_of(address))[0]) if address else []


def narrowest(address: str, found: Iterable[Organisation]) -> list[Organisation]:
    """Of the answer to AREAS those whose area really holds the address, and no wider area of the same place."""
    sites = [site for site in found if site.address_prefix in address]
    return [site for site in sites if not _inside_another(site.address_prefix, sites)]


def _inside_another(prefix: str, found: Iterable[Organisation]) -> bool:
    """Whether a narrower area of the same place is among those found."""
    return any(other.address_prefix != prefix and prefix in other.address_prefix for other in found)


def _by_code(session: Session) -> dict[str, Organisation]:
    return {row.code: row for row in session.scalars(select(Organisation))}


def _errors(node: Node, known: dict[str, Organisation]) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not node.code.strip():
        errors["code"] = "required"
    elif len(node.code) > CODE_LIMIT:
        errors["code"] = "too_long"
    if node.kind not in KINDS:
        errors["kind"] = "unknown"
    if not node.name.strip():
        errors["name"] = "required"
    if (node.parent not in known) if node.kind != "headquarters" else bool(node.parent):
        errors["parent"] = "unknown"
    return errors


def _add(session: Session, node: Node, known: dict[str, Organisation]) -> Organisation:
    """`province_id` is kept on every organisation of a province, the province itself included: it is its scope."""
    parent = known.get(node.parent)
    row = Organisation(
        id=new_id(), code=node.code, kind=node.kind, name=node.name, name_en=node.name_en,
        parent_id=parent.id if parent else None, address_prefix=node.address_prefix, duty_phone=node.duty_phone,
        onboarded_from=node.onboarded_from,
    )  # fmt: skip
    row.province_id = row.id if node.kind == "province" else parent.province_id if parent else None
    session.add(row)
    known[node.code] = row
    return row
