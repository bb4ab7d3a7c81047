"""Steps of problem parcels: a company with their types, and reports of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain import problems as rule
from app.domain.kinds import PROBLEM
from app.domain.pictures import Picture
from app.models import Category
from app.services import problem_types, problems
from app.services.problems import Photo, ReportIn
from app.services.transaction import write
from tests.cast import NOON, Cast

LOST, DAMAGED, SLIP = "PROBLEM_LOST", "PROBLEM_DAMAGED", "PROBLEM_SLIP_MISSING"
VALUES = {
    LOST: {"last_place": "分拨 2 号格口", "searched": "全场"},
    DAMAGED: {"packing": "内外均破损", "damage": "左上角"},
    SLIP: {"due_on": "2026-11-10"},
}


def with_types(cast: Cast) -> Cast:
    """The company, with the types that every portal begins with."""
    with write() as session:
        for place, one in enumerate(rule.TYPES):
            session.add(Category(code=one.code, name=one.name, name_en=one.name_en, kind=PROBLEM, position=place))
        session.flush()
        problem_types.seed(session)
    return cast


def photo(n: int = 1) -> Photo:
    return Photo(f"{n}.jpg", Picture(b"x", b"y", 10, 10, f"{n:064d}"))


def wish(kind: str = LOST, waybill: str = "YT1234567890123", site: str = "330108-01", **more: Any) -> ReportIn:
    values = VALUES[kind] | more.pop("values", {})
    return ReportIn(kind, waybill, site, more.pop("text", "到件时发现"), more.pop("courier", "张师傅"), values)


def reported(cast: Cast, n: int = 0, *, who: str = "site", now: datetime = NOON, **more: Any) -> str:
    """One report through the service; its number."""
    more.setdefault("waybill", f"YT{n:013d}")
    photos = [photo()] if more.get("kind") == DAMAGED else []
    return problems.report(actor=cast[who], report=wish(**more), photos=photos, key="", now=now).number
