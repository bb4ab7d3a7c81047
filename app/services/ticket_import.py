"""A list of tickets from a sheet: every row is checked before the first is stored, and all are stored or none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain import ticket_rows as rule
from app.domain.errors import Invalid, NotAllowed
from app.domain.policies import CHANNELS
from app.domain.roles import Actor
from app.domain.sheet_rows import Line
from app.models import Category, Organisation
from app.services import desk, intake, typed_forms
from app.services.desk import Post
from app.services.intake import ComplaintIn
from app.services.transaction import write

MOST = 300  # rows of one sheet
CAPABILITY = "ticket_import"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: its number in the sheet (1: the headings), the column, and the error's code."""

    n: int
    column: str
    code: str


@dataclass(frozen=True)
class Trial:
    """What the sheet would do: the tickets of its good rows, and every fault."""

    lines: tuple[tuple[int, ComplaintIn], ...]
    faults: tuple[Fault, ...]


def tried(session: Session, rows: Sequence[Sequence[str]]) -> Trial:
    """Check the whole sheet without storing anything."""
    lines, missing = rule.lines_of(rows)
    faults = [Fault(1, name, "no_column") for name in missing]
    if not missing and not lines:
        faults.append(Fault(1, "text", "no_rows"))
    known = _Known(session)
    good = []
    for line in [] if missing else lines:
        complaint = _complaint(line)
        wrong = _faults(line, complaint, known)
        named = known.categories.get((complaint.kind, complaint.category.lower()), complaint.category)
        complaint = replace(complaint, category=named)
        faults += wrong
        if not wrong:
            good.append((line.n, complaint))
    return Trial(tuple(good), tuple(faults))


def store(*, actor: Actor, rows: Sequence[Sequence[str]], key: str, now: datetime) -> list[tuple[int, str]]:
    """Open all tickets of a sheet without a fault: the row numbers with the tickets' numbers. Sent again with the same
    key it answers the same. Raises NotAllowed, Invalid(rows) with faults, and Stale where `key` was used for another
    sheet or by somebody else: that one was never stored."""
    if not actor.can(CAPABILITY):
        raise NotAllowed("not_allowed")
    with write() as session:
        trial = tried(session, rows)
        if trial.faults or not trial.lines:
            raise Invalid({"rows": "has_faults"})
        keys = [_key_of(key, place) for place in range(len(trial.lines))]
        sheet = _Sheet(trial.lines)
        if typed_forms.done_before(session, actor, keys[0], sheet):
            opened = [_opened(session, one) for one in keys]
        else:
            made = [
                intake.place(session, complaint, actor=actor, key=one, now=now)
                for one, (_n, complaint) in zip(keys, trial.lines, strict=True)
            ]
            typed_forms.remember(session, actor, keys[0], sheet, made[0], now)
            opened = [ticket.number for ticket in made]
        return [(n, number) for (n, _complaint), number in zip(trial.lines, opened, strict=True)]


@dataclass(frozen=True)
class _Sheet:
    """All that a sheet says: another one under the same key is no repetition."""

    lines: tuple[tuple[int, ComplaintIn], ...]


def _key_of(key: str, place: int) -> str:
    """The key of one row by its place among the rows: the first row's stands for the whole sheet."""
    return hashlib.sha256(f"sheet:{key}:{place}".encode()).hexdigest() if key else ""


def _opened(session: Session, key: str) -> str:
    before = desk.done_before(session, Post("", None, key))
    return intake.number_of(session, before) if before else ""


class _Known:
    """Codes that a row may name, read once a sheet."""

    def __init__(self, session: Session) -> None:
        self.categories: dict[tuple[str, str], str] = {}
        for code, name, name_en, kind in session.execute(
            select(Category.code, Category.name, Category.name_en, Category.kind)
        ):
            self.categories |= {(kind, word.lower()): code for word in (code, name, name_en)}
        self.sites = set(session.scalars(select(Organisation.code).where(Organisation.kind.in_(("site", "hub")))))


def _complaint(line: Line) -> ComplaintIn:
    def cell(name: str) -> str:
        return rule.code_of(name, line.cells.get(name, ""))

    return ComplaintIn(
        kind=cell("kind"), category=cell("category"), channel=cell("channel"), waybill=cell("waybill"),
        complainant_kind=cell("complainant_kind"), name=cell("name"), phone=cell("phone"), address=cell("address"),
        site_code=cell("site_code"), text=cell("text"),
    )  # fmt: skip


def _faults(line: Line, complaint: ComplaintIn, known: _Known) -> list[Fault]:
    wrong = intake.manual_errors(complaint)
    if complaint.kind not in kinds.BY_HAND:
        wrong["kind"] = "bad_kind"
    elif complaint.category and (complaint.kind, complaint.category.lower()) not in known.categories:
        wrong["category"] = "bad_category"
    if complaint.channel not in CHANNELS or complaint.channel == "platform":
        wrong["channel"] = "bad_channel" if complaint.channel else "required"
    if complaint.site_code and complaint.site_code not in known.sites:
        wrong["site_code"] = "unknown_site"
    return [Fault(line.n, column, code) for column, code in wrong.items()]
