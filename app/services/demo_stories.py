"""The demo's complaints as data: what is complained about, by whom, when, and the course that it takes.

`app/demo/demo_stories.json` holds them with times relative to the moment of loading, so that the demo is always fresh.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

from app.domain.calendars import ONE_DAY, at_local, local_date
from app.services import demo_tree
from app.services.scans import ScanIn

SIGNED = frozenset({"FALSE_SIGN", "LOCKER", "PROXY", "DAMAGED", "SHORT", "ATTITUDE", "CHARGE"})
OUT = SIGNED | {"NOT_TO_DOOR", "OTHER"}
SIGN_NOTES = {"FALSE_SIGN": "本人签收", "LOCKER": "放入快递柜，取件码已发送", "PROXY": "门卫代收"}
ORIGINS = ("330782-01", "440309-02", "330281-02", "440106-02")


@dataclass(frozen=True)
class Story:
    """One complaint: its facts, and its course as (instant, verb, argument) in order. Instants are UTC."""

    order_code: str
    site: str
    category: str
    opened_at: datetime
    text: str
    channel: str
    priority: int
    waybill: str
    name: str
    phone: str
    address: str
    courier: str
    steps: tuple[tuple[datetime, str, Any], ...] = field(default=())


@cache
def book() -> dict[str, Any]:
    """The whole file of stories."""
    found: dict[str, Any] = json.loads((demo_tree.DEMO / "demo_stories.json").read_text(encoding="utf-8"))
    return found


def stories(now: datetime) -> list[Story]:
    """Every story with its times before and around `now`; steps that lie after `now` have not happened yet."""
    return [_story(place, raw, now) for place, raw in enumerate(book()["stories"], start=1)]


def words(kind: str, category: str = "") -> str:
    """What people write at this step, in the category's own words where it has some."""
    found: dict[str, str] = book()["words"][kind]
    return found.get(category) or found[""]


def offered(category: str) -> list[dict[str, Any]]:
    """The answers that the platform allows, as it would send them."""
    offers = book()["offers"]
    return [book()["answers"][name] for name in offers.get(category, offers[""])]


def measure(category: str) -> str:
    """What a result says was done. No scan shows that lockers' parcels were delivered again: a red flag to see."""
    measures: dict[str, str] = book()["measures"]
    return measures.get(category, measures[""])


def filled(category: str) -> tuple[str, dict[str, str]]:
    """The first allowed answer with its demanded fields filled in."""
    answer = offered(category)[0]
    fields = [row["field_name"] for row in answer["reply_supplement"] if row["require"]]
    return answer["reply_value"], {name: book()["fills"][name] for name in fields}


def scans_of(story: Story) -> list[ScanIn]:
    """The road of the story's parcel up to where it went wrong; none for a parcel that nobody knows."""
    if story.channel != "platform" or story.site.startswith("99"):
        return []
    origin, hub = ORIGINS[len(story.text) % len(ORIGINS)], f"{story.site[:2]}-H01"
    start = f"{origin[:2]}-H01"
    road = [
        (58, "COLLECT", origin, "已揽收"), (54, "DEPART", origin, ""), (50, "ARRIVE", start, ""),
        (47, "DEPART", start, f"发往{hub}"), (24, "ARRIVE", hub, ""),
    ]  # fmt: skip
    if story.category != "LOST":
        road += [(19, "DEPART", hub, ""), (13, "ARRIVE", story.site, "到达派件站点")]
    if story.category in OUT:
        road.append((8, "DELIVER", story.site, "派送中"))
    if story.category in SIGNED:
        road.append((4, "SIGN", story.site, SIGN_NOTES.get(story.category, "已签收")))
    shift = timedelta(minutes=len(story.text) % 37)
    return [
        ScanIn(story.waybill, kind, story.opened_at - timedelta(hours=hours) + shift, place,
               story.courier if kind in ("COLLECT", "DELIVER", "SIGN") else "", note)
        for hours, kind, place, note in road
    ]  # fmt: skip


def urgent(now: datetime) -> Story:
    """The urgent complaint of a start; its order code names the second, so that no two starts share one."""
    raw = {"site": "330106-01", "minutes": 0, "priority": 3, "course": "new"} | book()["urgent"]
    code = int(now.timestamp())
    return _story(code, raw, now, prefix="DEMO-URGENT")


def address(site: str, place: int) -> str:
    """An invented address in the area of a site."""
    streets = book()["streets"].get(site) or book()["streets"][""]
    return demo_tree.address_start(site) + str(streets[place % len(streets)])


def _story(place: int, raw: dict[str, Any], now: datetime, prefix: str = "DEMO") -> Story:
    opened = _opened(raw, now)
    course = book()["courses"][raw["course"]]
    steps = tuple(
        (opened + timedelta(minutes=minutes), verb, rest[0] if rest else None) for minutes, verb, *rest in course
    )
    people, couriers = book()["people"], book()["couriers"]
    return Story(
        order_code=f"{prefix}-{place:04d}", site=raw["site"], category=raw["category"], opened_at=opened,
        text=raw["text"], channel=raw.get("channel", "platform"), priority=raw.get("priority", 1),
        waybill=f"YT{8_800_000_000_000 + place * 7_919 % 10**12:013d}", name=people[place % len(people)],
        phone=f"1390000{1000 + place * 37 % 9000}", address=raw.get("address") or address(raw["site"], place),
        courier=couriers[place % len(couriers)], steps=steps,
    )  # fmt: skip


def _opened(raw: dict[str, Any], now: datetime) -> datetime:
    if "minutes" in raw:
        return now - timedelta(minutes=raw["minutes"])
    return at_local(local_date(now) - raw["days"] * ONE_DAY, time.fromisoformat(raw["time"]))
