"""What the platform knows: its work orders, what was pushed, and every callback that came back.

Kept in memory and in a log of JSON lines, from which a new start reads its orders again.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.protocol import COMPLAINT_ANSWERED, ProtocolError, read_stamp

RULING_TYPES = frozenset({"UPHELD", "REJECTED"})  # how the company's ruling on a rejected answer comes back
REQUIRED = ("work_order_code", "operate_time", "operate_type", "operator_name", "description")
ANSWER_LIMIT = 2000


@dataclass
class Order:
    """One work order of the platform. `replies` are the allowed answers as pushed; the lists hold operate times."""

    code: str
    task_id: str
    replies: list[dict[str, Any]] = field(default_factory=list)
    acknowledged: bool = False
    refused: int = 0
    results: list[str] = field(default_factory=list)
    rulings: list[str] = field(default_factory=list)
    duplicates: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def summary(self) -> dict[str, Any]:
        """The order for GET /state and for reports."""
        return {
            "task_id": self.task_id, "acknowledged": self.acknowledged, "refused": self.refused,
            "results": self.results, "rulings": self.rulings, "duplicates": self.duplicates, "sent": dict(self.sent),
        }  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """How a callback was received: the answer to give, and whether it was new and a result or a ruling."""

    reply: dict[str, Any]
    order_code: str = ""
    kind: str = "refused"  # result | ruling | duplicate | refused


class Ledger:
    """All orders and counts, safe to use from the receiver's threads. `strict` refuses orders it does not know."""

    def __init__(self, log: Path | None = None, *, strict: bool = False) -> None:
        self.orders: dict[str, Order] = {}
        self.counts: Counter[str] = Counter()
        self.changed = threading.Condition()
        self.strict = strict
        self._log = log
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
            self._read_again(log)

    def add(self, code: str, task_id: str, replies: Sequence[Mapping[str, Any]]) -> Order:
        """Book a new order before it is pushed."""
        with self.changed:
            order = self.orders[code] = Order(code, task_id, [dict(reply) for reply in replies])
            self.note("order", code=code, task_id=task_id, replies=order.replies)
        return order

    def pushed(self, code: str, msg_type: str, *, success: bool, error: str = "") -> None:
        """Count one push and the portal's answer to it."""
        with self.changed:
            self.counts["pushed"] += 1
            self.counts["acknowledged" if success else "refused"] += 1
            order = self.orders.get(code)
            if order is not None:
                self._book_push(order, msg_type, success)
            self.note("push", code=code, msg_type=msg_type, success=success, error=error)
            self.changed.notify_all()

    def _book_push(self, order: Order, msg_type: str, success: bool) -> None:
        if not success:
            order.refused += 1
        elif msg_type.endswith("_ISSUE"):
            order.acknowledged = True
        if success:
            order.sent[msg_type] += 1

    def take(self, message: Mapping[str, Any]) -> Taken:
        """Receive one correctly signed callback: check it, store it once, and say what to answer."""
        with self.changed:
            self.counts["callbacks"] += 1
            taken = self._take(message)
            self.counts[f"callbacks_{taken.kind}"] += 1
            self.note("callback", kind=taken.kind, reply=taken.reply, message=message)
            self.changed.notify_all()
        return taken

    def bad(self, code: str) -> None:
        """Count a callback that could not be read, by its reason."""
        with self.changed:
            self.counts["bad_signatures" if code == "BAD_SIGNATURE" else "unreadable"] += 1
            self.note("bad", code=code)

    def _take(self, message: Mapping[str, Any]) -> Taken:
        code = str(message.get("work_order_code", ""))
        order = self.orders.get(code)
        error = check(message, order, strict=self.strict)
        if error:
            return Taken(refusal(*error), code)
        if order is None:
            self.counts["unknown_orders"] += 1
            order = self.orders[code] = Order(code, str(message.get("task_id") or ""), acknowledged=True)
        key = (str(message["operate_time"]), str(message["operate_type"]))
        if key in order.seen:
            order.duplicates += 1
            return Taken({"success": True, "error_code": "DUPLICATE", "error_msg": "该任务已回复"}, code, "duplicate")
        order.seen.add(key)
        kind = "ruling" if key[1] in RULING_TYPES else "result"
        (order.rulings if kind == "ruling" else order.results).append(key[0])
        return Taken({"success": True, "error_code": "", "error_msg": ""}, code, kind)

    def note(self, what: str, **facts: Any) -> None:
        """Add one line to the log."""
        if self._log is None:
            return
        line = json.dumps({"at": datetime.now().astimezone().isoformat(), "what": what, **facts}, ensure_ascii=False)
        with self._log.open("a", encoding="utf-8") as log:
            log.write(line + "\n")

    def _read_again(self, path: Path) -> None:
        """Bring back the orders of an earlier run, so that answers to them are still known."""
        log, self._log = self._log, None
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # the last line of a run that was cut off
            if entry.get("what") == "order":
                self.orders[entry["code"]] = Order(entry["code"], entry["task_id"], entry["replies"])
            elif entry.get("what") == "push" and entry["code"] in self.orders:
                self._book_push(self.orders[entry["code"]], entry["msg_type"], entry["success"])
            elif entry.get("what") == "callback" and entry["kind"] in ("result", "ruling"):
                self._take(entry["message"])
        self.counts.clear()
        self._log = log

    def state(self) -> dict[str, Any]:
        """Counts and orders as JSON."""
        with self.changed:
            return {"counts": dict(self.counts), "orders": {c: o.summary() for c, o in self.orders.items()}}

    def wait(self, condition: Any, seconds: float) -> bool:
        """Wait until `condition()` holds or the time is over; whether it held."""
        with self.changed:
            return bool(self.changed.wait_for(condition, seconds))


def refusal(code: str, text: str) -> dict[str, Any]:
    """The platform's no."""
    return {"success": False, "error_code": code, "error_msg": text}


def check(message: Mapping[str, Any], order: Order | None, *, strict: bool = True) -> tuple[str, str] | None:
    """What is wrong with a callback as (code, text), or None: required content, task, time, answer and its fields."""
    missing = [name for name in REQUIRED if not str(message.get(name) or "").strip()]
    if missing:
        return "MISSING_FIELD", f"缺少必填字段：{'、'.join(missing)}"
    if order is not None and str(message.get("work_order_type")) != str(COMPLAINT_ANSWERED):
        return "BAD_TYPE", "work_order_type 应为 0（投诉）"
    if len(str(message["description"])) > ANSWER_LIMIT:
        return "TOO_LONG", "回复内容过长"
    try:
        read_stamp(message["operate_time"])
    except ProtocolError as error:
        return error.code, str(error)
    if order is None:
        return ("UNKNOWN_ORDER", "工单不存在") if strict else None
    if str(message.get("task_id") or "") != order.task_id:
        return "UNKNOWN_TASK", "任务不属于该工单"
    return _check_answer(message, order)


def _check_answer(message: Mapping[str, Any], order: Order) -> tuple[str, str] | None:
    """The operate type must be one that came with the task, with the fields that this answer demands."""
    operate = str(message["operate_type"])
    if operate in RULING_TYPES and (order.results or order.sent["WORK_ORDER_REJECT"]):
        return None
    if not order.replies:
        return None
    chosen = [reply for reply in order.replies if reply["operate_type"] == operate]
    if not chosen:
        return "BAD_OPERATE_TYPE", f"不支持的操作类型 {operate}"
    given = supplements(message.get("extension"))
    for item in chosen[0].get("reply_supplement", []):
        if item.get("require") and not str(given.get(item["field_name"]) or "").strip():
            return "MISSING_SUPPLEMENT", f"缺少补充信息：{item['field_label']}"
    return None


def supplements(extension: object) -> dict[str, Any]:
    """The extra fields of an answer, as an object or as JSON text."""
    if isinstance(extension, str):
        try:
            extension = json.loads(extension)
        except ValueError:
            return {}
    return dict(extension) if isinstance(extension, Mapping) else {}
