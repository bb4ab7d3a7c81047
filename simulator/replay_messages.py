"""What the replay pushes: bodies that follow from the plan alone, so that each run pushes the same bytes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simulator import protocol
from simulator.complaint_texts import CATEGORY_NAMES, TEXTS
from simulator.complaints import replies_for
from simulator.plan import Plan
from simulator.protocol import stamp

TASK_DAYS = 30


def issue_body(one: Plan, at: datetime) -> dict[str, Any]:
    """The ISSUE message of a plan."""
    texts = TEXTS[one.category]
    pick = sum(one.order_code.encode()) % len(texts)
    text = texts[pick].format(when="昨天", item="快递", station="菜鸟驿站", place="小区", city="本市", other="陈先生",
                              money=5, days=3, price=168)  # fmt: skip
    expires = stamp(at + timedelta(days=TASK_DAYS))
    return {
        "work_order_code": one.order_code, "work_order_type": protocol.COMPLAINT_PUSHED, "category_code": one.category,
        "category": CATEGORY_NAMES[one.category], "priority": one.priority, "description": text,
        "customer_type": "consignee", "customer_name": "王芳", "start_time": stamp(at), "expire_time": expires,
        "status": "PROCESSING", "attachments": [], "goods_infos": [],
        "extension": {
            "mail_no": one.waybill, "site_code": one.site, "receiver_name": "王芳",
            "receiver_phone": f"138{int(one.order_code[2:]) * 7919 % 10**8:08d}", "receiver_address": "",
        },
        "work_order_task": {
            "task_id": f"T{one.order_code}", "task_start_time": stamp(at), "task_expire_time": expires,
            "task_status": "WAIT_REPLY", "description": "请核实后回复", "structural_replys": replies_for(one.category),
        },
    }  # fmt: skip


def event_body(one: Plan, at: datetime, kind: str, text: str) -> dict[str, Any]:
    """A follow-up message of a plan."""
    return {
        "work_order_code": one.order_code, "task_id": f"T{one.order_code}", "event_id": f"{kind}-{at:%Y%m%d%H%M%S}",
        "event_time": stamp(at), "description": text, "extension": {},
    }  # fmt: skip
