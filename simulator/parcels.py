"""The road of a parcel: scans from collection to wherever the complaint says that it went wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from simulator.protocol import stamp

COURIERS = ("王师傅", "李师傅", "张师傅", "陈师傅", "刘师傅", "赵师傅")
SIGN_NOTES = {
    "FALSE_SIGN": ("本人签收", "家门口", "已签收"),
    "LOCKER": ("丰巢快递柜", "菜鸟驿站代收", "放入快递柜，取件码已发送"),
    "PROXY": ("门卫代收", "邻居代收", "前台代收"),
}
NEVER_OUT = frozenset({"LOST", "DELAYED"})  # these never leave the last hub or site
NOT_SIGNED = frozenset({"NOT_TO_DOOR", "WRONG_INFO"})


def scans_for(
    draw: random.Random, category: str, site: str, sites: Sequence[str], mail_no: str, now: datetime
) -> list[dict[str, str]]:
    """The scans of one parcel in time order, the last one some hours before `now`."""
    origin = draw.choice([other for other in sites if other != site] or [site])
    courier = draw.choice(COURIERS)
    steps = [
        ("COLLECT", origin, courier, "已揽收"), ("DEPART", origin, "", ""), ("ARRIVE", _hub(origin), "", ""),
        ("DEPART", _hub(origin), "", f"发往{_hub(site)}"), ("ARRIVE", _hub(site), "", ""),
    ]  # fmt: skip
    if category != "LOST":
        steps += [("DEPART", _hub(site), "", ""), ("ARRIVE", site, "", "到达派件站点")]
    if category not in NEVER_OUT:
        steps.append(("DELIVER", site, courier, "派送中"))
        if category not in NOT_SIGNED:
            steps.append(("SIGN", site, courier, draw.choice(SIGN_NOTES.get(category, ("本人签收",)))))
    return _timed(draw, steps, mail_no, now)


def _timed(
    draw: random.Random, steps: Sequence[tuple[str, str, str, str]], mail_no: str, now: datetime
) -> list[dict[str, str]]:
    at = now - timedelta(hours=draw.randint(2, 20))
    scans = []
    for kind, place, courier, note in reversed(steps):
        scans.append({
            "mail_no": mail_no, "scan_time": stamp(at), "scan_type": kind, "site_code": place, "courier": courier,
            "note": note,
        })  # fmt: skip
        at -= timedelta(minutes=draw.randint(40, 600))
    return scans[::-1]


def _hub(site: str) -> str:
    return f"{site[:2]}-H01"
