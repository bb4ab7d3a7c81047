"""Real work played through a fresh portal: `python -m simulator.replay --tickets 1000 --clock-file var/clock …`.

The portal's processes read "now" from the clock file, which this program steps from event to event. It pushes each
real ticket as the platform, takes the callbacks, and acts as clerks and CCS through the portal's pages.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from simulator import expected, plan, protocol, worklog
from simulator import replay_report as report
from simulator.complaint_texts import ACCEPTS, CATEGORY_NAMES, REJECTS, TEXTS
from simulator.complaints import DEFAULT_SITES, replies_for
from simulator.ledger import Ledger
from simulator.people import Office, PeopleError
from simulator.plan import Plan
from simulator.protocol import Link, encode, stamp
from simulator.receiver import Receiver

TASK_DAYS = 30
PUSH_TRIES = 30
CALLBACK_SECONDS, SETTLE_SECONDS = 60.0, 5.0
LAST_STEPS = [timedelta(hours=h) for h in (1, 4, 8, 13, 25, 37, 49, 60, 72, 24 * 5, 24 * 8, 24 * 16)]


class Clock:
    """The file that holds the portal's time; replaced as a whole, so that nobody reads half of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = datetime(2000, 1, 1, tzinfo=UTC)

    def set(self, at: datetime) -> None:
        """Step to an instant; the clock never goes back."""
        if at <= self.now:
            return
        self.now = at
        beside = self.path.with_name(self.path.name + ".new")
        beside.write_text(at.astimezone(UTC).isoformat() + "\n", encoding="ascii")
        os.replace(beside, self.path)


@dataclass
class Settings:
    """What a replay needs to know; see `main` for the meaning."""

    tickets: int
    portal: str
    clock_file: Path
    out: Path
    listen: str = "127.0.0.1:8001"
    connection: str = "demo"
    secret: str = "demo-secret"  # noqa: S105 - the documented secret of the demo
    sites: tuple[str, ...] = DEFAULT_SITES
    portal_facts: str = ""
    sms_log: Path | None = None
    settle: float = 3.0
    log: Path = worklog.LOG


class Replay:
    """Platform, people and clock, driven by the agenda of all plans."""

    def __init__(self, settings: Settings) -> None:
        settings.out.mkdir(parents=True, exist_ok=True)
        for name in ("platform.jsonl", "errors.jsonl"):
            (settings.out / name).unlink(missing_ok=True)
        self.settings = settings
        self.clock = Clock(settings.clock_file)
        self.ledger = Ledger(settings.out / "platform.jsonl", strict=True)
        self.receiver = Receiver(settings.listen, self.ledger, settings.secret)
        self.link = Link(settings.portal, settings.connection, settings.secret)
        self.office = Office(settings.portal)
        self.asking = requests.Session()
        self.asking.trust_env = False
        self.counts: Counter[str] = Counter()
        self.does: dict[str, Callable[[Plan, datetime], None]] = {
            plan.PUSH: self.push, plan.FOLLOW_UP: self.follow_up, plan.RESULT: self.result, plan.REJECT: self.reject,
            plan.RULING: self.ruling, plan.SATISFIED: self.satisfied, plan.CLOSE: self.close,
        }  # fmt: skip

    def run(self, made: Sequence[Plan]) -> None:
        """Do every step at its moment, then let all clocks run out."""
        agenda = plan.agenda(made)
        self.receiver.start()
        try:
            progress = report.Progress(len(agenda))
            for done, (at, what, one) in enumerate(agenda, start=1):
                self.clock.set(at)
                self._do(what, one, at)
                progress.show(done, at, self.counts["errors"])
            self._run_out()
        finally:
            self.receiver.stop()

    def _do(self, what: str, one: Plan, at: datetime) -> None:
        try:
            self.does[what](one, at)
            self.counts[what] += 1
        except (PeopleError, requests.RequestException, protocol.ProtocolError) as error:
            self.counts["errors"] += 1
            line = {"at": at.isoformat(), "step": what, "order": one.order_code, "error": str(error)}
            with (self.settings.out / "errors.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(line, ensure_ascii=False) + "\n")
            if self.counts["errors"] <= report.SHOWN_ERRORS:
                print(f"  {at:%Y-%m-%d %H:%M:%S} {what} {one.order_code}: {error}", flush=True)

    def push(self, one: Plan, at: datetime) -> None:
        """The platform issues the complaint."""
        body = issue_body(one, at)
        task = body["work_order_task"]
        self.ledger.add(one.order_code, task["task_id"], task["structural_replys"])
        self._send(protocol.ISSUE, one.order_code, body)

    def reject(self, one: Plan, at: datetime) -> None:
        """The customer rejects the answer."""
        self._send(protocol.REJECT, one.order_code, event_body(one, at, "reject", REJECTS[0]))

    def satisfied(self, one: Plan, at: datetime) -> None:
        """The customer accepts the answer."""
        self._send(protocol.SATISFIED, one.order_code, event_body(one, at, "satisfied", ACCEPTS[0]))

    def _send(self, msg_type: str, code: str, body: dict[str, Any]) -> None:
        raw = encode(body)
        for attempt in range(PUSH_TRIES):
            try:
                answer = self.link.send(msg_type, raw)
            except requests.RequestException as error:
                answer = protocol.Answer(False, "UNREACHABLE", type(error).__name__, 0)
            self.ledger.pushed(code, msg_type, success=answer.success, error=answer.code)
            if answer.success:
                return
            time.sleep(min(2.0, 0.1 * 2**attempt))
        raise protocol.ProtocolError(answer.code, f"{msg_type} refused: {answer.code} {answer.text}")

    def follow_up(self, one: Plan, at: datetime) -> None:
        """The site's first reply."""
        self.office.follow_up(one.site, one.order_code, at)

    def result(self, one: Plan, at: datetime) -> None:
        """The site's answer, and its way to the platform."""
        order = self.ledger.orders[one.order_code]
        chosen = order.replies[len(order.results) % len(order.replies)]
        before = self._backlog()
        self.office.result(one.site, one.order_code, chosen, at)
        self._await(lambda: stamp(at) in order.results, before, f"callback of {one.order_code}")

    def ruling(self, one: Plan, at: datetime) -> None:
        """CCS upholds the appeal; the ruling goes to the platform too."""
        order, before = self.ledger.orders[one.order_code], self._backlog()
        self.office.ruling(one.site, one.order_code, at)
        self._await(lambda: stamp(at) in order.rulings, before, f"ruling of {one.order_code}")

    def close(self, one: Plan, at: datetime) -> None:
        """The site closes the ticket."""
        self.office.close(one.site, one.order_code, at)

    def _await(self, arrived: Callable[[], bool], backlog: int, what: str) -> None:
        """The clock stands still until the callback has come and the portal has booked it: a lease counted on a clock
        that jumps would run out in flight."""
        if not self.ledger.wait(arrived, CALLBACK_SECONDS):
            raise PeopleError(f"{what} did not come")
        self._drain(backlog, SETTLE_SECONDS)

    def _drain(self, backlog: int, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while self._backlog() > backlog:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def _backlog(self) -> int:
        return report.backlog(self.health())

    def health(self) -> dict[str, Any]:
        """What GET /healthz says; empty when it says nothing readable."""
        try:
            said = self.asking.get(f"{self.settings.portal}/healthz", timeout=10).json()
        except (requests.RequestException, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    def _run_out(self) -> None:
        """Step past the last deadline, with time for the portal's sweeps at each stop."""
        last = self.clock.now
        for step in LAST_STEPS:
            self.clock.set(last + step)
            time.sleep(self.settings.settle)
            self._drain(0, 30.0)
        if not self._drain(0, 30.0):
            self.counts["left in the outbox"] = self._backlog()


def issue_body(one: Plan, at: datetime) -> dict[str, Any]:
    """The ISSUE message of a plan: everything in it follows from the plan, so that each run pushes the same bytes."""
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


def settings_from(arguments: Sequence[str] | None = None) -> tuple[Settings, bool]:
    """Read the command line; the second value asks only for the clock's first instant."""
    parser = argparse.ArgumentParser(prog="python -m simulator.replay", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1000, help="the first so many tickets of the log")
    parser.add_argument("--portal", default="http://127.0.0.1:8000")
    parser.add_argument("--clock-file", type=Path, required=True, help="the file that REPLAY_CLOCK_FILE names")
    parser.add_argument("--out", type=Path, default=Path("var/replay"), help="folder for logs and reports")
    parser.add_argument("--listen", default="127.0.0.1:8001", help="where the callbacks arrive")
    parser.add_argument("--connection", default="demo")
    parser.add_argument("--secret", default="demo-secret")
    parser.add_argument("--sites", type=expected.read_sites, default=DEFAULT_SITES, help="file or list of site codes")
    parser.add_argument("--portal-facts", default="", help="command that prints the portal's facts as JSON")
    parser.add_argument("--sms-log", type=Path, help="the file in which the console gateway keeps its messages")
    parser.add_argument("--settle", type=float, default=3.0, help="seconds for the sweeps at each of the last stops")
    parser.add_argument("--log", type=Path, default=worklog.LOG)
    parser.add_argument("--set-clock-only", action="store_true", help="write the first instant, for the portal's start")
    chosen = vars(parser.parse_args(arguments))
    only = chosen.pop("set_clock_only")
    return Settings(**chosen), only


def main(arguments: Sequence[str] | None = None) -> int:
    """Replay, report, compare. 0 when every step worked and, where facts were given, nothing differs."""
    settings, only_clock = settings_from(arguments)
    made = expected.planned(settings.tickets, settings.sites, settings.log)
    first = min(one.steps[0][0] for one in made)
    settings.clock_file.parent.mkdir(parents=True, exist_ok=True)
    if only_clock:
        Clock(settings.clock_file).set(first - timedelta(hours=1))
        return 0
    begun = time.monotonic()
    replay = Replay(settings)
    replay.run(made)
    return report.finish(replay, made, time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
