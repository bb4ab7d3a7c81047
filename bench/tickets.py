"""The tickets of the data set: complaints of two months, a fifth of them open, written with what lists, counters,
scorecards and the sweep read of them. The busiest sites have many, most have few."""

from __future__ import annotations

import json
import random
from bisect import bisect
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import models
from app.domain import search
from app.domain.roles import SYSTEM, Actor
from app.models import dialect_search
from app.models.dialect_many import insert_rows
from app.models.dialect_search import Document
from app.models.ids import new_id
from app.services import journal
from bench.company import OPEN, Company

CHUNK = 10_000  # tickets a transaction
SPAN = timedelta(days=62)  # so that the month before is whole
SAID = (
    "显示签收但没有收到包裹", "没有打电话就放在驿站，要求送货上门", "外包装破损，里面的玻璃杯碎了",
    "说好今天送到，一直没有更新",
    "快递员态度很差，打电话不接", "催了三天没有人回复", "少了一件，只收到一半", "要求退回运费，多收了十元",
)  # fmt: skip
DONE = ("已联系收件人，确认已经收到", "已重新派送并道歉", "按规定赔付，客户接受", "核实为家人代收，客户认可")
STATES = {"open": "to_accept", "in_progress": "working", "replied": "replied"}
ORDER = ("Ticket", "FreeText", "Person", "Party", "Event", "Clock", "PlatformOrder", "WorkItem", "Inbox")
MESSAGES = 100  # one in so many tickets has the message still that it came with: of an empty table nobody plans well
Rows = dict[str, list[dict[str, Any]]]


def write(session: Session, company: Company, size: int, now: datetime) -> Iterator[int]:
    """Write them chunk by chunk, each committed; yields how many are there."""
    chance = random.Random(size)  # noqa: S311 - the same data set for the same size
    for start in range(0, size, CHUNK):
        rows: Rows = {name: [] for name in ORDER}
        end = min(size, start + CHUNK)
        documents = [_Ticket(company, n, size, now, chance).into(rows) for n in range(start, end)]
        for name in ORDER:
            if rows[name]:
                insert_rows(session, getattr(models, name).__table__, rows[name])
        dialect_search.insert(session, documents)
        session.commit()
        yield end


class _Ticket:
    """One complaint on its way into the rows."""

    def __init__(self, company: Company, n: int, size: int, now: datetime, chance: random.Random) -> None:
        place = bisect(company.weights, chance.random() * company.weights[-1])
        self.site, self.code, self.province = company.sites[place]
        clerks = company.clerks.get(self.site)
        self.company, self.n, self.chance = company, n, chance
        self.id, self.said_id = new_id(), new_id()
        self.at = now - SPAN * ((size - n) / size)
        self.open = n >= size * (1 - OPEN)
        self.state = chance.choice(tuple(STATES)) if self.open else "closed"
        self.clerk = chance.choice(clerks) if clerks and self.state != "open" else None  # that one is nobody's yet
        self.due = now + timedelta(minutes=chance.randint(60, 4000)) if self.open else self.at + timedelta(hours=24)
        self.number, self.waybill = f"KF{self.at:%y%m%d}-{n:07d}", f"YT{n:013d}"
        self.category = company.categories[min(int(chance.expovariate(0.5)), len(company.categories) - 1)]
        self.hash, self.seq = "", 0

    def into(self, rows: Rows) -> Document:
        """Add the ticket's rows; the document of its search."""
        said = SAID[self.n % len(SAID)]
        self._event(rows, "received", self.at, SYSTEM, {"category": self.category}, self.said_id, {"text": said})
        self._event(rows, "routed", self.at, SYSTEM, {"site_id": self.site, "reason": "platform_site"})
        self._clocks(rows)
        terms = [*search.tokens(said), *search.tokens(self.number), *search.tokens(self.waybill)]
        if self.state not in ("open", "in_progress"):
            actor = Actor(self.clerk, "site_clerk", self.site, self.province)
            done = {"text": DONE[self.n % len(DONE)]}
            self._event(rows, "result", self._answered(), actor, {"outcome": "reached_accepts"}, new_id(), done)
            terms += search.tokens(done["text"])
        if self.state == "closed":
            self._event(rows, "closed", self.due, SYSTEM, {"root_cause": "courier"})
        self._row(rows)
        self._work(rows)
        rank = search.rank(self.at, self.number)
        return Document(self.id, rank, [self.site, self.province], tuple(dict.fromkeys(terms)))

    def _answered(self) -> datetime:
        return self.at + timedelta(minutes=5 + self.n % 900)

    def _event(
        self, rows: Rows, kind: str, at: datetime, actor: Actor, data: dict[str, Any], text_id: int | None = None,
        text: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        digest, self.seq = "", self.seq + 1
        if text is not None:
            digest = journal.text_digest("0" * 32, text)
            body = json.dumps(text, ensure_ascii=False)
            rows["FreeText"].append({"id": text_id, "ticket_id": self.id, "salt": "0" * 32, "body": body})
        self.hash = journal.link(self.hash, self.seq, kind, at, actor, data, digest)
        rows["Event"].append({
            "id": new_id(), "ticket_id": self.id, "seq": self.seq, "type": kind, "at": at, "actor_id": actor.user_id,
            "actor_role": actor.role, "organisation_id": actor.organisation_id, "data": journal.canonical(data),
            "text_id": text_id, "text_digest": digest, "hash": self.hash,
        })  # fmt: skip

    def _clocks(self, rows: Rows) -> None:
        late = self.n % 17 == 0
        for kind, minutes in (("first_reply", 30), ("resolve", 1440)):
            runs = self.state == "open" or (self.state == "in_progress" and kind == "resolve")
            due = self.due if runs else self.at + timedelta(minutes=minutes)
            stopped = None if runs else due + timedelta(minutes=20 if late else -3)
            state = "running" if runs else "breached" if late else "met"
            rows["Clock"].append({
                "id": new_id(), "ticket_id": self.id, "kind": kind, "run": 1, "organisation_id": self.site,
                "minutes": minutes, "calendar": "service" if kind == "first_reply" else "always",
                "started_at": self.at, "due_at": due, "stopped_at": stopped,
                "breached_at": due if late and not runs else None, "state": state, "stage": 1 if runs else 2,
                "next_stage_at": due if runs else None,
            })  # fmt: skip

    def _row(self, rows: Rows) -> None:
        answered = self._answered() if self.state in ("replied", "closed") else None
        ended = self.state == "closed"
        rows["Ticket"].append({
            "id": self.id, "number": self.number, "category": self.category, "priority": "high",
            "channel": "platform", "state": self.state, "queue": STATES.get(self.state, "done"),
            "province_id": self.province, "handling_site_id": self.site, "owner_id": self.clerk,
            "headline_id": self.said_id, "waybill": self.waybill, "waybill_reversed": self.waybill[::-1],
            "policy_version": self.company.policy, "version": self.seq, "last_hash": self.hash,
            "search_rank": search.rank(self.at, self.number), "opened_at": self.at, "received_at": self.at,
            "activity_at": self.at, "closed_at": self.due if ended else None, "first_reply_at": answered,
            "result_at": answered, "root_cause": "courier" if ended else "",
            "next_clock": "" if ended else "resolve", "next_due_at": None if ended else self.due,
        })  # fmt: skip
        rows["Person"].append({
            "ticket_id": self.id, "name": "王小明", "phone": f"138{self.n % 10**8:08d}",
            "address": "浙江省杭州市西湖区文三路 1 号", "phone_last4": f"{self.n % 10**4:04d}",
        })  # fmt: skip
        rows["Party"].append({
            "ticket_id": self.id, "organisation_id": self.site, "province_id": self.province, "role": "handling",
            "added_at": self.at,
        })  # fmt: skip
        rows["PlatformOrder"].append({
            "id": new_id(), "connection_id": self.company.connection, "code": f"B{self.n}", "ticket_id": self.id,
            "task_id": f"T{self.n}", "issued_at": self.at, "answered_at": answered,
        })  # fmt: skip

        if self.n % MESSAGES == 0:
            self._message(rows)

    def _message(self, rows: Rows) -> None:
        rows["Inbox"].append({
            "id": new_id(), "connection_id": self.company.connection, "msg_type": "WORK_ORDER_ISSUE",
            "order_code": f"B{self.n}", "received_at": self.at, "sha256": f"{self.n:064x}",
            "body": f"logistics_interface=B{self.n}".encode().ljust(900, b"."), "state": "applied",
        })  # fmt: skip

    def _work(self, rows: Rows) -> None:
        if not self.open:
            return
        for scope in (self.site, self.province, 0):
            rows["WorkItem"].append({
                "scope": scope, "ticket_id": self.id, "due_at": self.due, "activity_at": self.at,
                "queue": STATES[self.state], "category": self.category, "state": self.state,
                "turn": scope == self.site and self.state != "replied", "owner_id": self.clerk,
            })  # fmt: skip
