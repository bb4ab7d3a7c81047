"""The tree of organisations (rulebook 1): who may stand under whom, and what may be said of one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

HEADQUARTERS, PROVINCE, DISTRICT, SITE, HUB, DEPARTMENT = (
    "headquarters", "province", "district", "site", "hub", "department"
)  # fmt: skip
# Each kind with those that it may stand under: superiors before inferiors, so that no circle can be written.
SUPERIORS: Mapping[str, tuple[str, ...]] = {
    HEADQUARTERS: (),
    PROVINCE: (HEADQUARTERS,),
    DISTRICT: (PROVINCE,),
    SITE: (PROVINCE, DISTRICT),
    HUB: (PROVINCE, DISTRICT),
    DEPARTMENT: (HEADQUARTERS, PROVINCE, DISTRICT, SITE, HUB),
}
KINDS = tuple(SUPERIORS)
PLACES = (SITE, HUB)  # where parcels are: what closes, and what stands in for another
CODE_LIMIT, NAME_LIMIT, NAME_EN_LIMIT, PREFIX_LIMIT = 32, 80, 120, 120
FIRST_YEAR, LAST_YEAR = 1990, 2200
_CODE = re.compile(rf"[A-Za-z0-9](?:[A-Za-z0-9-]{{0,{CODE_LIMIT - 1}}})")
_DEPTH = len(KINDS)


@dataclass(frozen=True)
class Entry:
    """An organisation as people write it; superior and deputy by their codes."""

    code: str
    kind: str = ""
    name: str = ""
    name_en: str = ""
    superior: str = ""
    address_prefix: str = ""
    duty_phone: str = ""
    manager_phone: str = ""
    deputy: str = ""
    onboarded_from: date | None = None
    closed_from: date | None = None


FIELDS = tuple(Entry.__dataclass_fields__)


def own_faults(entry: Entry) -> dict[str, str]:
    """What is wrong with an entry by itself, by field."""
    wrong: dict[str, str] = {}
    if not _CODE.fullmatch(entry.code):
        wrong["code"] = "bad_place_code" if entry.code else "required"
    if entry.kind not in SUPERIORS:
        wrong["kind"] = "unknown_kind" if entry.kind else "required"
    if not entry.name:
        wrong["name"] = "required"
    limits = {"name": NAME_LIMIT, "name_en": NAME_EN_LIMIT, "address_prefix": PREFIX_LIMIT}
    wrong |= {name: "too_long" for name, most in limits.items() if len(getattr(entry, name)) > most}
    if entry.closed_from and entry.kind == HEADQUARTERS:
        wrong["closed_from"] = "never_closed"
    elif entry.closed_from and entry.onboarded_from and entry.closed_from < entry.onboarded_from:
        wrong["closed_from"] = "ends_before_it_begins"
    if entry.deputy and entry.kind in SUPERIORS and entry.kind not in PLACES:
        wrong["deputy"] = "no_deputy_here"
    return wrong


def standing_faults(entry: Entry, tree: Mapping[str, Entry]) -> dict[str, str]:
    """What is wrong with where an entry stands among all of `tree`, by field; its own faults are not repeated."""
    wrong = _superior_faults(entry, tree)
    if entry.deputy and entry.kind in PLACES:
        deputy = tree.get(entry.deputy)
        if deputy is None or deputy.kind not in PLACES:
            wrong["deputy"] = "unknown_site"
        elif deputy.code == entry.code:
            wrong["deputy"] = "own_deputy"
        elif province_of(entry.code, tree) != province_of(deputy.code, tree):
            wrong["deputy"] = "deputy_elsewhere"
    return wrong


def _superior_faults(entry: Entry, tree: Mapping[str, Entry]) -> dict[str, str]:
    if entry.kind == HEADQUARTERS:
        return {"superior": "no_superior"} if entry.superior else {}
    if not entry.superior:
        return {"superior": "required"}
    superior = tree.get(entry.superior)
    if superior is None:
        return {"superior": "unknown_superior"}
    known = entry.kind in SUPERIORS and superior.kind in SUPERIORS
    if known and superior.kind not in SUPERIORS[entry.kind]:
        return {"superior": "bad_superior"}
    if superior.closed_from and (entry.closed_from is None or entry.closed_from > superior.closed_from):
        return {"closed_from": "superior_closed"}
    return {}


def headquarters_faults(entries: Collection[Entry], tree: Mapping[str, Entry]) -> dict[str, str]:
    """The codes that would be a second headquarters; `entries` in their order, `tree` what was there before them."""
    first = next((one.code for one in tree.values() if one.kind == HEADQUARTERS), "")
    wrong = {}
    for entry in entries:
        if entry.kind == HEADQUARTERS:
            first = first or entry.code
            if entry.code != first:
                wrong[entry.code] = "second_headquarters"
    return wrong


def province_of(code: str, tree: Mapping[str, Entry]) -> str:
    """The code of the province that an organisation belongs to, its own for a province; empty above and outside."""
    for _step in range(_DEPTH):
        entry = tree.get(code)
        if entry is None:
            return ""
        if entry.kind == PROVINCE:
            return entry.code
        code = entry.superior
    return ""
