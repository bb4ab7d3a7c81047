"""Makes complaints as a platform would push them: seeded, so that the same seed tells the same stories."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulator import complaint_texts as words
from simulator import divisions
from simulator.parcels import scans_for
from simulator.protocol import COMPLAINT_PUSHED, stamp

DEFAULT_SITES = ("330106-01", "330108-01", "440305-01")
TASK_HOURS = 48
PHONE_HEADS = ("130", "131", "135", "136", "137", "138", "139", "150", "151", "158", "177", "180", "186", "188", "199")


@dataclass(frozen=True)
class Complaint:
    """One work order to push: its code and task, the ISSUE body, and the parcel's scans that go before it."""

    code: str
    task_id: str
    body: dict[str, Any]
    scans: list[dict[str, str]]

    @property
    def replies(self) -> list[dict[str, Any]]:
        """The answers that the task allows."""
        replies: list[dict[str, Any]] = self.body["work_order_task"]["structural_replys"]
        return replies


def supplement(
    name: str, label: str, kind: str = "text", *, require: bool = True, value: object = ""
) -> dict[str, Any]:
    """One extra field of an answer."""
    return {"field_label": label, "field_name": name, "field_type": kind, "require": require, "field_value": value}


def reply(value: str, label: str, *fields: dict[str, Any]) -> dict[str, Any]:
    """One allowed answer; its operate type must come back exactly."""
    return {
        "reply_value": value, "reply_label": label, "operate_type": f"OP_{value}", "reply_supplement": list(fields),
    }  # fmt: skip


def replies_for(category: str) -> list[dict[str, Any]]:
    """The answers that the platform allows for a category, with the fields that each demands."""
    redeliver = reply("REDELIVER", "重新派送", supplement("signer", "签收人"),
                      supplement("sign_place", "签收地点", require=False))  # fmt: skip
    proved = reply("PROVED_SIGNED", "核实为本人签收", supplement("signer", "签收人"),
                   supplement("evidence", "核实依据"))  # fmt: skip
    explain = reply("EXPLAINED", "已解释，客户认可", supplement("explain", "解释内容", require=False))
    pay = reply("COMPENSATE", "协商赔付", supplement("amount", "赔付金额（元）", "number"),
                supplement("pay_way", "赔付方式", "select", value=["微信", "支付宝", "银行转账"]))  # fmt: skip
    found = reply("FOUND", "已找到并送达", supplement("signer", "签收人"))
    refund = reply("REFUND", "退还费用", supplement("amount", "退还金额（元）", "number"))
    table = {
        "FALSE_SIGN": (redeliver, proved, pay), "LOCKER": (redeliver, explain), "PROXY": (redeliver, proved, pay),
        "NOT_TO_DOOR": (redeliver, explain), "LOST": (found, pay), "DAMAGED": (pay, explain), "SHORT": (pay, found),
        "DELAYED": (redeliver, explain), "CHARGE": (refund, explain),
    }  # fmt: skip
    return list(table.get(category, (explain, redeliver)))


class Generator:
    """Draws complaints. `prefix` keeps the codes of two runs apart; `sites` are drawn with the first one favoured."""

    def __init__(
        self, seed: int, sites: Sequence[str] = DEFAULT_SITES, *, prefix: str = "LP", odd: float = 0.04
    ) -> None:
        self.random = random.Random(seed)
        self.sites, self.prefix, self.odd = tuple(sites), prefix, odd
        self.count = 0

    def complaint(self, now: datetime, *, category: str = "", site: str = "", priority: int | None = None) -> Complaint:
        """The next complaint at `now`. With chance `odd` its site is one that nobody knows, unless `site` names one."""
        self.count += 1
        code = f"{self.prefix}{self.count:06d}"
        category = category or self.random.choices(list(words.WEIGHTS), list(words.WEIGHTS.values()))[0]
        odd = not site and self.random.random() < self.odd
        weights = [len(self.sites)] + [1] * (len(self.sites) - 1)
        site = site or self.random.choices(self.sites, weights)[0]
        mail_no = self.waybill()
        scans = scans_for(self.random, category, site, self.sites, mail_no, now)
        if odd:
            scans = []
        body = self._body(code, category, "999999-99" if odd else site, mail_no, now, priority)
        return Complaint(code, body["work_order_task"]["task_id"], body, scans)

    def _body(
        self, code: str, category: str, site: str, mail_no: str, now: datetime, priority: int | None
    ) -> dict[str, Any]:
        name, phone, item = self.name(), self.phone(), self.random.choice(words.ITEMS)
        if priority is None:
            priority = self.random.choices((0, 1, 2, 3), (10, 50, 30, 10))[0]
        return {
            "work_order_code": code,
            "work_order_type": COMPLAINT_PUSHED,
            "category_code": category,
            "category": words.CATEGORY_NAMES[category],
            "scenario_code": f"{category}_01",
            "priority": priority,
            "description": self.text(category, site, item),
            "biz_order_code": f"TB{self.random.randrange(10**17, 10**18)}",
            "customer_type": self.random.choices(("consignee", "sender", "merchant"), (85, 8, 7))[0],
            "customer_name": name,
            "start_time": stamp(now),
            "expire_time": stamp(now + timedelta(hours=TASK_HOURS)),
            "status": "PROCESSING",
            "attachments": [],
            "goods_infos": [{"goods_name": item, "quantity": self.random.randint(1, 3)}],
            "extension": {
                "mail_no": mail_no, "site_code": site, "receiver_name": name, "receiver_phone": phone,
                "receiver_address": self.address(site),
            },
            "work_order_task": self._task(code, category, now),
        }  # fmt: skip

    def _task(self, code: str, category: str, now: datetime) -> dict[str, Any]:
        return {
            "task_id": f"T{code}",
            "task_start_time": stamp(now),
            "task_expire_time": stamp(now + timedelta(hours=TASK_HOURS)),
            "task_status": "WAIT_REPLY",
            "description": "请核实后回复处理结果",
            "structural_replys": replies_for(category),
        }

    def text(self, category: str, site: str, item: str) -> str:
        """What the complainant writes."""
        draw = self.random
        return draw.choice(words.TEXTS[category]).format(
            when=draw.choice(words.WHENS), item=item, station=draw.choice(words.STATIONS),
            place=draw.choice(words.ESTATES), city=divisions.city(site), other=self.name(),
            money=draw.choice((1, 2, 3, 5, 10, 20)), days=draw.randint(2, 9),
            price=draw.choice((89, 168, 299, 560, 1280, 3699)),
        )  # fmt: skip

    def name(self) -> str:
        """A person's name."""
        return self.random.choice(words.SURNAMES) + self.random.choice(words.GIVEN)

    def phone(self) -> str:
        """A mobile number; some are virtual ones with an extension, as platforms hand out."""
        number = self.random.choice(PHONE_HEADS) + f"{self.random.randrange(10**8):08d}"
        return f"{number}-{self.random.randint(1000, 9999)}" if self.random.random() < 0.15 else number

    def address(self, site: str) -> str:
        """A delivery address in the county of the site."""
        draw = self.random
        road = draw.choice(words.KNOWN_ROADS.get(site[:6], words.ROADS))
        estate, house = draw.choice(words.ESTATES), draw.randint(1, 30)
        flat = f"{house}幢{draw.randint(1, 4)}单元{draw.randint(1, 28)}0{draw.randint(1, 4)}室"
        return f"{divisions.address_start(site)}{road}{draw.randint(1, 998)}号{estate}{flat}"

    def waybill(self) -> str:
        """A waybill number in the pattern of one of the carriers."""
        draw = self.random
        return draw.choice((
            f"YT{draw.randrange(10**13):013d}", f"{draw.randrange(10**11, 10**12)}",
            f"{draw.randrange(10**12, 10**13)}", f"SF{draw.randrange(10**13):013d}", f"BS{draw.randrange(10**11):011d}",
        ))  # fmt: skip
