"""A printed card's verification code leads to the card that was frozen (rulebook 5)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import FrozenCard, MonthClose

_CODE = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class Genuine:
    """What a genuine card must say; the score in tenths."""

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
    statement = select(FrozenCard, MonthClose.frozen_at).join(MonthClose, MonthClose.month == FrozenCard.month)
    row = session.execute(statement.where(FrozenCard.digest >= short, FrozenCard.digest < f"{short}g").limit(1)).first()
    if row is None:
        return None
    card, frozen_at = row
    plain = json.loads(card.body)
    own = plain["organisation"]
    return Genuine(
        card.month, card.code, card.kind, own["name"], own["name_en"], plain["score"], plain["grade"], card.digest,
        frozen_at,
    )  # fmt: skip
