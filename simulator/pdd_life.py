"""The second platform in a demo: tickets open by themselves, and answers are sent back or end them.

`hang` lets the simulator's server take `POST /api/router` beside the first platform's callbacks.
"""

from __future__ import annotations

import random
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from simulator import protocol
from simulator.complaints import Complaint
from simulator.pdd import DONE, TYPES, Ticket, Tickets
from simulator.protocol import SHANGHAI, encode

CLIENT = "kuaifu-demo"
PATH = "/api/router"
ODD_TYPE, ODD = 177, 0.05  # a problem type that no map knows, and how often it comes
MOST_RETREATS = 2
BACK = "回访消费者，反馈问题未解决，请重新核实处理"
CODES = {name: code for code, name in TYPES.items()}


def hang(simulator: Any) -> None:
    """Let the simulator's server answer the second platform's address, and its buyers complain there too."""
    server = simulator.receiver.server
    simulator.pdd = Buyers(simulator)
    kind = type("WithTickets", (_Served, server.RequestHandlerClass), {"tickets": simulator.pdd.tickets})
    server.RequestHandlerClass = kind


class Buyers:
    """Opens tickets at `settings.pdd` a minute and reacts to answers. Its chance leaves the other's stories alone."""

    def __init__(self, simulator: Any) -> None:
        self.simulator = simulator
        self.settings = simulator.settings
        self.random = random.Random(self.settings.seed + 11)
        self.tickets = Tickets(CLIENT, self.settings.secret, on_result=self.react)
        self.next_id = int(time.time()) * 1000  # two starts never use one number
        self.begun = 0.0

    def look(self) -> None:
        """Open a ticket when it is time."""
        rate = self.settings.pdd
        if rate > 0 and time.monotonic() - self.begun >= 60 / rate:
            self.begun = time.monotonic()
            self.issue()

    def issue(self, **wish: str) -> int:
        """One new ticket, after its parcel's scans; its number. `wish` may name category and site."""
        complaint = self.simulator.generator.complaint(datetime.now(SHANGHAI), **wish)
        self.next_id += 1
        number, row = self.next_id, self._row(complaint)
        if complaint.scans:
            self.simulator.pusher.push(
                protocol.SCANS, complaint.code, encode({"scans": complaint.scans}),
                after=lambda: self.tickets.open(number, **row),
            )  # fmt: skip
        else:
            self.tickets.open(number, **row)
        return number

    def _row(self, complaint: Complaint) -> dict[str, Any]:
        body, more = complaint.body, complaint.body["extension"]
        code = ODD_TYPE if self.random.random() < ODD else CODES.get(body["category_code"], CODES["OTHER"])
        return {
            "type_id": code, "title": body["description"], "waybill_no": more["mail_no"],
            "source": int(body["customer_type"] == "merchant"), "urgent_type": int(body["priority"] == 3),
            "receive_name": more["receiver_name"], "receive_contact": more["receiver_phone"],
            "receive_address": more["receiver_address"], "mail_order_sn": body["biz_order_code"],
            "attach_url": [item["url"] for item in body["attachments"]],
        }  # fmt: skip

    def react(self, ticket: Ticket) -> None:
        """After a while the answer is sent back, or the ticket is done, or nobody says anything."""
        drawn, wish = self.random.random(), self.settings
        again = ticket.row["retreat_count"] < MOST_RETREATS and drawn < wish.reject
        if not again and drawn >= wish.reject + wish.satisfied:
            return
        wait = self.random.uniform(*wish.pause)
        timer = threading.Timer(wait, self._back if again else self._done, args=(ticket.row["ticket_id"],))
        timer.daemon = True
        timer.start()

    def _back(self, number: int) -> None:
        self.tickets.retreat(number, BACK)

    def _done(self, number: int) -> None:
        self.tickets.change(number, status=DONE)


class _Served(BaseHTTPRequestHandler):
    """POST /api/router; everything else is what the server answered before."""

    tickets: Tickets

    def do_POST(self) -> None:
        """One call of the open platform."""
        if self.path != PATH:
            super().do_POST()  # type: ignore[misc]
            return
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, body = 200, self.tickets.answer(raw)
        except (ValueError, KeyError, TypeError):
            status, body = 400, b"{}"
        self._answer(status, "application/json; charset=utf-8", body)  # type: ignore[attr-defined]
