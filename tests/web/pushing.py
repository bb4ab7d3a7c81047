"""A platform for tests: builds, signs and sends LINK messages, also many at once from real threads."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient

from app.integrations.platform.link.envelope import signature
from app.models import Connection
from app.models.ids import new_id
from app.services.transaction import write
from tests.cast import Cast

SECRET = "demo-secret"
SERVER_THREADS = 8


def issue(code: str, charset: str = "utf-8", /, **changed: Any) -> bytes:
    """The body of a new work order for the first site; every order has a waybill of its own."""
    extension = {
        "mail_no": f"YT{sum(map(ord, code)):04d}{code[1:]:0>9}", "site_code": "330106-01", "receiver_name": "王小明",
        "receiver_phone": "13812345678", "receiver_address": "浙江省杭州市西湖区文三路 1 号",
    } | changed.pop("extension", {})  # fmt: skip
    body = {
        "work_order_code": code, "work_order_type": 2, "category_code": "FALSE_SIGN", "description": "没有收到",
        "work_order_task": {"task_id": f"T-{code}"}, "extension": extension,
    }  # fmt: skip
    return json.dumps(body | changed, ensure_ascii=False).encode(charset)


def later(code: str, **changed: Any) -> bytes:
    """The body of an urge, repeat, reject, satisfied or cancel."""
    body = {"work_order_code": code, "event_id": "E1", "event_time": "2026-11-18 12:10:00", "description": "再说一次"}
    return json.dumps(body | changed, ensure_ascii=False).encode()


def envelope(body: bytes, msg_type: str = "WORK_ORDER_ISSUE", secret: str = SECRET) -> bytes:
    """The form around a body, signed."""
    return urlencode(
        {"logistics_interface": body, "data_digest": signature(body, secret), "msg_type": msg_type}
    ).encode()


@dataclass
class Door:
    """The portal's door for one company."""

    app: Flask
    company: Cast
    now: list[datetime]

    @property
    def client(self) -> FlaskClient:
        """A new client: platforms keep no cookies."""
        return self.app.test_client()

    def push(self, body: bytes, msg_type: str = "WORK_ORDER_ISSUE", connection: str = "demo") -> Any:
        """Sign and send one message."""
        return self.client.post(f"/platform/link/{connection}", data=envelope(body, msg_type))

    def connect(self, code: str, **settings: Any) -> None:
        """Another connection with the same secret."""
        with write() as session:
            session.add(Connection(id=new_id(), code=code, name=code, secrets=[SECRET], category_map={}, **settings))


def together(bodies: Sequence[bytes], door: Door) -> list[Any]:
    """Send all from a thread each, released at one moment; the answers in the order of the messages.

    As in front of a real server all stand in line at once, and its threads take eight at a time.
    """
    gate, threads = threading.Barrier(len(bodies)), threading.BoundedSemaphore(SERVER_THREADS)

    def send(raw: bytes) -> Any:
        gate.wait(timeout=30)
        with threads:
            return door.app.test_client().post("/platform/link/demo", data=raw)

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, bodies))
