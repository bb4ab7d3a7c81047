"""`python -m chaos.gateway`: a fake Aliyun SMS gateway that logs every message it accepts and pushes its receipts.

Like the real one it recognises no repetition: the same message again is a second message. Signatures
(ACS3-HMAC-SHA256) are checked after the vendor's description.

Moods: error (500) · hang (no answer, not accepted) · hang_accept (accepted after a while, the answer too late) · lost
(accepted, the line drops) · drop (the line drops unread) · limit (a minute's) · day_limit (refused) · duplicate
(receipts come three times). Planted, for the oracle to see: double (now and then it accepts a message twice).
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import itertools
import json
import queue
import signal
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import requests

from chaos import clock
from chaos.lines import Lines
from chaos.serving import LOSE, Answer, Mood, answer, serve

KEY_ID, KEY_SECRET, SIGN = "AKIDchaos0000", "secret-of-the-chaos-run", "快复"
SHANGHAI = timezone(timedelta(hours=8))
UNDELIVERED = 10  # every tenth message does not reach its phone
RECEIPT_TRIES = 150
PLANTED = 5  # every fifth message is accepted twice where that is planted
CODES = {
    "limit": ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1"),
    "day_limit": ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:40"),
}


@dataclass
class Message:
    """One accepted message. `shown` is the portal's time, by which the gateway lists it."""

    number: int
    phone: str
    template: str
    out_id: str
    shown: datetime
    reported: bool = False

    @property
    def serial(self) -> str:
        """The gateway's own id."""
        return f"9006^{self.number:012d}"

    @property
    def delivered(self) -> bool:
        """Whether it reaches its phone."""
        return self.number % UNDELIVERED != 0

    def wall(self) -> str:
        """When it was accepted, as the gateway writes it."""
        return self.shown.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


@dataclass
class Gateway:
    """What was accepted, and how the next requests are answered."""

    clock_file: Path
    log: Lines
    mood: Mood = field(default_factory=Mood)
    accepted: list[Message] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    to_report: queue.Queue[Message] = field(default_factory=queue.Queue)

    def request(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """One request of the portal."""
        mood, seconds = self.mood.now, self.mood.seconds
        if mood == "drop":
            return LOSE
        if mood == "hang":
            time.sleep(seconds)
            return LOSE
        query = urlsplit(path).query
        if not signed(headers, query, body):
            self.log.write("forged", path=path)
            return answer({"Code": "SignatureDoesNotMatch", "Message": "", "RequestId": "R-0"}, 400)
        if mood == "error":
            return answer({"Code": "InternalError", "Message": "", "RequestId": "R-0"}, 500)
        asked = dict(parse_qsl(query, keep_blank_values=True))
        if headers["x-acs-action"] == "QuerySendDetails":
            return answer(self.listed(asked))
        return self.send(asked, mood, seconds)

    def send(self, asked: dict[str, str], mood: str, seconds: float) -> Answer:
        """SendSms in the mood of the moment."""
        if mood in CODES:
            code, text = CODES[mood]
            self.log.write("refused", out_id=asked["OutId"], code=code)
            return answer({"Code": code, "Message": text, "RequestId": "R-1"})
        if mood == "hang_accept":
            time.sleep(seconds)
        message = self.accept(asked)
        if self.mood.plant == "double" and message.number % PLANTED == 1:
            self.accept(asked)
        if mood in ("lost", "hang_accept"):
            return LOSE
        return answer({"Code": "OK", "Message": "OK", "RequestId": "R-1", "BizId": message.serial})

    def accept(self, asked: dict[str, str]) -> Message:
        """Take a message, log it, and let its receipt follow."""
        with self.lock:
            message = Message(
                next(self.numbers), asked["PhoneNumbers"], asked["TemplateCode"], asked["OutId"],
                clock.read(self.clock_file),
            )  # fmt: skip
            self.accepted.append(message)
            self.log.write("accepted", serial=message.serial, phone=message.phone, out_id=message.out_id,
                           template=message.template, values=asked["TemplateParam"])  # fmt: skip
        self.to_report.put(message)
        return message

    def listed(self, asked: dict[str, str]) -> dict[str, Any]:
        """QuerySendDetails: what a phone was sent on a day."""
        size, page = int(asked["PageSize"]), int(asked["CurrentPage"])
        with self.lock:
            rows = [
                m for m in self.accepted
                if m.phone == asked["PhoneNumber"]
                and m.shown.astimezone(SHANGHAI).strftime("%Y%m%d") == asked["SendDate"]
            ]  # fmt: skip
        shown = [_row(m) for m in rows[(page - 1) * size : page * size]]
        listed = {"SmsSendDetailDTO": shown}
        return {"Code": "OK", "Message": "OK", "RequestId": "R", "TotalCount": len(rows), "SmsSendDetailDTOs": listed}

    def control(self, wish: dict[str, Any]) -> object:
        """POST /control."""
        self.mood.set(wish)
        return {"mood": self.mood.now}

    def state(self) -> object:
        """GET /state."""
        return {"accepted": len(self.accepted), "unreported": self.to_report.unfinished_tasks}


def _row(m: Message) -> dict[str, Any]:
    status = 1 if not m.reported else 3 if m.delivered else 2
    return {
        "ErrCode": {1: "", 2: "UNDELIV", 3: "DELIVERED"}[status], "TemplateCode": m.template, "OutId": m.out_id,
        "SendDate": m.wall(), "ReceiveDate": m.wall(), "PhoneNum": m.phone, "Content": "", "SendStatus": status,
    }  # fmt: skip


def signed(headers: dict[str, str], query: str, body: bytes) -> bool:
    """Whether the Authorization header is the signature of this request."""
    kind, _, rest = headers.get("authorization", "").partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    names = parts.get("SignedHeaders", "").split(";")
    if kind != "ACS3-HMAC-SHA256" or parts.get("Credential") != KEY_ID or "host" not in names:
        return False
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, keep_blank_values=True))
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names)
    asked = "&".join(f"{name}={value}" for name, value in pairs)
    canonical = "\n".join(["POST", "/", asked, lines, ";".join(names), hashlib.sha256(body).hexdigest()])
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    mine = hmac.new(KEY_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(mine, parts.get("Signature", ""))


def report(gateway: Gateway, portals: list[str], token: str) -> None:
    """Push the receipt of one message after another until the portal has taken it, in one mood three times; one that it
    refuses for a minute is given up."""
    session = requests.Session()
    session.trust_env = False
    turn = itertools.count()
    while True:
        message = gateway.to_report.get()
        time.sleep(0.2)
        message.reported = True
        copies, tries = 3 if gateway.mood.now == "duplicate" else 1, 0
        while copies and tries < RECEIPT_TRIES:
            tries += 1
            address = f"{portals[next(turn) % len(portals)]}/sms/receipts/aliyun/{token}"
            try:
                said = session.post(address, data=_receipt(message, gateway.clock_file), timeout=20)
                taken = said.status_code == requests.codes.ok
            except requests.RequestException:
                taken = False
            copies -= taken
            time.sleep(0.0 if taken else 0.4)
        facts = {"serial": message.serial, "out_id": message.out_id, "delivered": message.delivered}
        gateway.log.write("receipt", **facts, taken=not copies)
        gateway.to_report.task_done()


def _receipt(m: Message, clock_file: Path) -> bytes:
    at = clock.read(clock_file).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    return json.dumps([{
        "phone_number": m.phone, "send_time": m.wall(), "report_time": at, "success": m.delivered,
        "err_code": "DELIVERED" if m.delivered else "UNDELIV", "err_msg": "", "sms_size": "1", "biz_id": m.serial,
        "out_id": m.out_id,
    }]).encode()  # fmt: skip


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m chaos.gateway", description=__doc__)
    for name in ("portal", "listen", "clock-file", "log", "token"):
        parser.add_argument(f"--{name}", required=True)
    wish = parser.parse_args()
    gateway, stopped = Gateway(Path(wish.clock_file), Lines(Path(wish.log))), threading.Event()
    for _hand in range(2):
        threading.Thread(target=report, args=(gateway, wish.portal.split(","), wish.token), daemon=True).start()
    serve(wish.listen, gateway.request, gateway.control, gateway.state)
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    stopped.wait()


if __name__ == "__main__":
    main()
