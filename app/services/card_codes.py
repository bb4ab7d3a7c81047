"""A printed card's verification code leads to the card that was frozen (rulebook 5)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import FrozenCard, FrozenPeople, MonthClose

_CODE = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Genuine:
    """What a genuine card must say; the score in tenths. `kind` "people" is the sheet of an organisation's people."""

    month: str
    code: str
    kind: str
    name: str
    name_en: str
    score: int | None
    grade: str | None
    digest: str
    frozen_at: datetime | None


def find(session: Session, code: str) -> Genuine | None:
    """The frozen card with that code (twelve signs, dashes and blanks do not matter); None where there is none.

    48 bits are not found by guessing, so whoever reads the code off a paper may see what the paper must say.
    """
    short = re.sub(r"[\s-]", "", code).lower()
    if not _CODE.fullmatch(short):
        return None
    card = _frozen(session, FrozenCard, short)
    if card is not None:
        plain = json.loads(card.body)
        own = plain["organisation"]
        return Genuine(
            card.month, card.code, card.kind, own["name"], own["name_en"], plain["score"], plain["grade"], card.digest,
            _frozen_at(session, card.month),
        )  # fmt: skip
    people = _frozen(session, FrozenPeople, short)
    if people is None:
        return None
    own = json.loads(people.body)["organisation"]
    return Genuine(
        people.month, people.code, "people", own["name"], own["name_en"], None, None, people.digest,
        _frozen_at(session, people.month),
    )  # fmt: skip


def _frozen(session: Session, kind: type[FrozenCard] | type[FrozenPeople], short: str) -> Any:
    return session.scalars(select(kind).where(kind.digest >= short, kind.digest < f"{short}g").limit(1)).first()


def _frozen_at(session: Session, month: str) -> datetime:
    return session.scalars(select(MonthClose.frozen_at).where(MonthClose.month == month)).one()  # type: ignore[return-value]
