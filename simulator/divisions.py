"""Names of provinces, cities and counties by their codes, from `data/divisions`."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "data" / "divisions"
NOT_A_NAME = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})


@cache
def _names(table: str) -> dict[str, str]:
    with (FOLDER / f"{table}.csv").open(encoding="utf-8-sig", newline="") as source:
        return {row["code"]: row["name"] for row in csv.DictReader(source)}


def province(code: str) -> str:
    """The province of a county or site code; "浙江省" for one that is not known."""
    return _names("provinces").get(code[:2], "浙江省")


def city(code: str) -> str:
    """The city of a county or site code; in a municipality the municipality itself."""
    name = _names("cities").get(code[:4], "")
    return province(code) if not name or name in NOT_A_NAME else name


def county(code: str) -> str:
    """The county of a county or site code; empty for one that is not known."""
    return _names("areas").get(code[:6], "")


def address_start(code: str) -> str:
    """Province, city and county as an address begins."""
    parts = [province(code), city(code), county(code)]
    return "".join(dict.fromkeys(part for part in parts if part))
