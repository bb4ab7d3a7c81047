"""The demo organisation: headquarters, all provinces, a hub in each, and sites by county code.

Counties come from `data/divisions`, the company's own names from `app/demo`. Zhejiang and Guangdong have a site in each
county, the other provinces one in the first county of each city.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

from app.services.organisations import Node

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "app" / "demo"
DIVISIONS = ROOT / "data" / "divisions"
FULL_PROVINCES = frozenset({"33", "44"})
ONBOARDED = date(2016, 1, 1)

# Codes that stand for "directly under the province": no part of an address, no part of a name.
NO_CITY = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
# What the company adds to a county's name; a county always gets the same one.
WORDS = (
    "中心",
    "城东",
    "城西",
    "城南",
    "城北",
    "新城",
    "人民路",
    "解放路",
    "建设路",
    "中山路",
    "开发区",
    "东门",
    "湖滨",
)
_PEOPLES = (
    "壮族|瑶族|畲族|回族|苗族|侗族|土家族|满族|蒙古族|蒙古|彝族|藏族|羌族|黎族|白族|傣族|景颇族|傈僳族|哈尼族|布依族|朝鲜族|"
    "哈萨克族|哈萨克|柯尔克孜|维吾尔|塔吉克|锡伯"
)
_SUFFIX = re.compile(rf"(?:(?:{_PEOPLES})*自治[县州旗区]|地区|(?<=..)新区|[区县市旗盟省])$")


def rows(file: Path) -> list[dict[str, str]]:
    """The lines of a CSV file with a header."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def nodes() -> list[Node]:
    """Every organisation of the demo, parents before children. Duty phones are unique and invented."""
    return [
        Node("HQ", "headquarters", "总部", name_en="Headquarters", duty_phone="13800000000", onboarded_from=ONBOARDED),
        *_provinces(),
        *_sites(),
    ]


def _provinces() -> Iterator[Node]:
    for row in rows(DEMO / "demo_provinces.csv"):
        code = row["code"]
        yield Node(code, "province", row["name"], "HQ", row["name_en"], "", f"138000001{code}", ONBOARDED)
        hub = f"{row['hub']}转运中心"
        yield Node(f"{code}-H01", "hub", hub, code, f"{row['name_en']} hub", "", f"138000002{code}", ONBOARDED)


def _sites() -> Iterator[Node]:
    """A phone is 1380000 and a running number from 3001: provinces end below."""
    named = {row["code"]: row for row in rows(DEMO / "demo_sites.csv")}
    codes = sorted({f"{county}-01" for county in _counties()} | named.keys())
    for place, code in enumerate(codes):
        own = named.get(code, {})
        name, name_en = own.get("name") or _name(code[:6]), own.get("name_en") or f"Site {code}"
        prefix = address_start(code) + own.get("street", "")
        yield Node(code, "site", name, code[:2], name_en, prefix, f"1380000{3001 + place}", ONBOARDED)


def _counties() -> Iterator[str]:
    seen: set[str] = set()
    for row in rows(DIVISIONS / "areas.csv"):
        if row["provinceCode"] in FULL_PROVINCES or row["cityCode"] not in seen:
            yield row["code"]
        seen.add(row["cityCode"])


def _name(county: str) -> str:
    """西湖中心站 where a province has its counties to itself; elsewhere with the city in front: 石家庄长安站."""
    own = short(_names("areas")[county])
    if county[:2] in FULL_PROVINCES:
        return f"{own}{WORDS[int(county) % len(WORDS)]}站"
    city = _city(county)
    front = short(_names("provinces")[county[:2]] if city in NO_CITY else city)
    return f"{front}{'' if own == front else own}站"


def short(name: str) -> str:
    """A division's name as people say it: 西湖区 → 西湖, 景宁畲族自治县 → 景宁; never less than two characters."""
    cut = _SUFFIX.sub("", name)
    return cut if len(cut) > 1 else name


def address_start(code: str) -> str:
    """How an address in the county of this code begins: 浙江省杭州市西湖区. Directly governed counties have no city,
    and a city without counties is named once."""
    city = _city(code)
    parts = [_names("provinces")[code[:2]], "" if city in NO_CITY else city, _names("areas")[code[:6]]]
    return "".join(dict.fromkeys(part for part in parts if part))


def _city(code: str) -> str:
    return _names("cities")[code[:4]]


@cache
def _names(table: str) -> dict[str, str]:
    return {row["code"]: row["name"] for row in rows(DIVISIONS / f"{table}.csv")}
