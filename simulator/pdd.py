"""The second platform: keeps its tickets and lets carriers ask for them, page by page, and take note of answers.

Speaks the open platform's gateway: `POST /api/router`, form-urlencoded, signed parameters. Written apart from the
portal's own code on purpose.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

GET, NOTIFY = "pdd.logistics.ticket.get", "pdd.logistics.ticket.notify"
WINDOW, PAGE = 1800, 100  # seconds between start and end, rows a page: the most that it allows
WAITING, FOLLOWED, REVIEWED, DONE = 0, 1, 2, 3
CALL_CODES = range(1, 6)
TYPES = {101: "FALSE_SIGN", 102: "LOCKER", 103: "LOST", 104: "DAMAGED", 105: "DELAYED", 199: "OTHER"}


def sign(fields: Mapping[str, str], secret: str) -> str:
    """The platform's signature over all parameters but `sign` itself."""
    names = sorted(name for name in fields if name != "sign")
    text = secret + "".join(name + fields[name] for name in names) + secret
    return hashlib.md5(text.encode("utf-8")).hexdigest().upper()  # noqa: S324 - their rule


@dataclass
class Ticket:
    """One ticket as the platform keeps it; `results` and `calls` are what the carrier said about it."""

    row: dict[str, Any]
    results: list[dict[str, str]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)


class Refused(Exception):
    """A request that the gateway says no to, with its code and words."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class Tickets:
    """All tickets, safe to use from several threads. `now` gives Unix seconds; `on_result` hears of each new answer."""

    def __init__(
        self, client_id: str, secret: str, *, now: Callable[[], int] = lambda: int(time.time()),
        on_result: Callable[[Ticket], None] | None = None,
    ) -> None:  # fmt: skip
        self.client_id, self.secret, self.now, self.on_result = client_id, secret, now, on_result
        self.tickets: dict[int, Ticket] = {}
        self.lock = threading.RLock()
        self.asked = 0  # pages that were asked for
        self.before_page: Callable[[int], None] | None = None  # a test's hand between two pages
        self.spoil: Callable[[dict[str, Any]], dict[str, Any]] | None = None  # a test's hand on an answer

    def open(self, ticket_id: int, **values: Any) -> Ticket:
        """A new ticket, or a whole new state of one."""
        at = self.now()
        row: dict[str, Any] = {
            "ticket_id": ticket_id, "type_id": 101, "title": "显示签收，本人未收到", "description": "", "source": 0,
            "urgent_type": 0, "status": WAITING, "retreat_count": 0, "waybill_no": "", "receive_name": "王小明",
            "receive_contact": "13812345678", "receive_address": "浙江省杭州市西湖区文三路1号", "created_at": at,
            "updated_at": at, "attach_url": [], "handle_result": "",
        }  # fmt: skip
        with self.lock:
            self.tickets[ticket_id] = Ticket({**row, **values})
            return self.tickets[ticket_id]

    def change(self, ticket_id: int, **values: Any) -> None:
        """Something happens to a ticket: its time of change is now."""
        with self.lock:
            self.tickets[ticket_id].row.update({"updated_at": self.now(), **values})

    def retreat(self, ticket_id: int, text: str = "") -> None:
        """Send the carrier's answer back."""
        with self.lock:
            count = self.tickets[ticket_id].row["retreat_count"] + 1
            self.change(ticket_id, retreat_count=count, status=FOLLOWED, description=text)

    def answer(self, raw: bytes) -> bytes:
        """The gateway's JSON for one request."""
        fields = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            said = self._answer(fields)
        except Refused as refused:
            said = {"error_response": {"error_code": refused.code, "error_msg": refused.text, "sub_msg": refused.text,
                                       "sub_code": str(refused.code), "request_id": "1"}}  # fmt: skip
        return json.dumps(said, ensure_ascii=False).encode()

    def _answer(self, fields: Mapping[str, str]) -> dict[str, Any]:
        if fields.get("client_id") != self.client_id:
            raise Refused(10001, "client_id错误")
        if not hmac.compare_digest(fields.get("sign", "").encode(), sign(fields, self.secret).encode()):
            raise Refused(20004, "签名sign校验失败")
        if fields.get("type") == GET:
            return {"logistics_ticket_get_response": self._page(fields)}
        if fields.get("type") == NOTIFY:
            return {"logistics_ticket_notify_response": self._notify(fields)}
        raise Refused(10002, "type错误")

    def _page(self, fields: Mapping[str, str]) -> dict[str, Any]:
        start, end = int(fields["start_updated_at"]), int(fields["end_updated_at"])
        number, size = int(fields.get("page", 1)), int(fields.get("page_size", PAGE))
        if end - start > WINDOW or not 1 <= size <= PAGE or number < 1:
            raise Refused(50000, "开始时间结束时间间距不超过30分钟，每页最多100条")
        self.asked += 1
        if self.before_page is not None:
            self.before_page(number)
        with self.lock:
            rows = [t.row for t in self.tickets.values() if start <= t.row["updated_at"] <= end]
            rows.sort(key=lambda row: (row["updated_at"], row["ticket_id"]))
            cut = [dict(row) for row in rows[size * (number - 1) : size * number]]
        said = {"total_count": len(rows), "logistics_ticket_list": cut}
        return self.spoil(said) if self.spoil is not None else said

    def _notify(self, fields: Mapping[str, str]) -> dict[str, Any]:
        with self.lock:
            ticket = self.tickets.get(int(fields.get("ticket_id") or 0))
            if ticket is None:
                raise Refused(50000, "工单不存在")
            if fields.get("reply_type", "1") == "2":
                return self._call(ticket, fields)
            new = self._result(ticket, fields)
        if new and self.on_result is not None:
            self.on_result(ticket)
        return {"is_success": True}

    def _call(self, ticket: Ticket, fields: Mapping[str, str]) -> dict[str, Any]:
        call = json.loads(fields.get("reply_call_result") or "{}")
        if call.get("call_result") not in CALL_CODES or not call.get("call_timestamp") or not call.get("caller_name"):
            raise Refused(50000, "电联结果不完整")
        if call not in ticket.calls:
            ticket.calls.append(call)
        return {"is_success": True}

    def _result(self, ticket: Ticket, fields: Mapping[str, str]) -> bool:
        if not fields.get("handle_result", "").strip():
            raise Refused(50000, "处理结果不能为空")
        if ticket.row["status"] == DONE:
            raise Refused(50000, "工单已完结，不能回复")
        kept = ("handle_result", "duty", "sign_state", "compensate_state", "compensate_amount", "express_dealer")
        said = {name: fields.get(name, "") for name in kept}
        if ticket.row["status"] == REVIEWED and ticket.results and ticket.results[-1] == said:
            return False  # the same answer once more
        ticket.results.append(said)
        self.change(ticket.row["ticket_id"], status=REVIEWED, handle_result=said["handle_result"])
        return True
