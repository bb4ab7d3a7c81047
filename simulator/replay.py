"""Real work played through a fresh portal: `python -m simulator.replay --tickets 1000 --clock-file var/clock …`.

The portal's processes read "now" from the clock file, which this program steps from event to event. It pushes each
real ticket as the platform, takes the callbacks, and acts as clerks and CCS through the portal's pages.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import requests

from simulator import expected, plan, protocol, worklog
from simulator import replay_report as report
from simulator.complaint_texts import ACCEPTS, REJECTS
from simulator.complaints import DEFAULT_SITES
from simulator.ledger import Ledger
from simulator.people import Office, PeopleError
from simulator.plan import Plan
from simulator.protocol import Link, encode, stamp
from simulator.receiver import Receiver
from simulator.replay_messages import event_body, issue_body
from simulator.watch import Clock, Watch

PUSH_TRIES = 30
CALLBACK_SECONDS, BOOKED_SECONDS = 60.0, 10.0
CALLED_BACK = (plan.RESULT, plan.RULING)
AT_A_DESK = (plan.FOLLOW_UP, plan.RESULT, plan.RULING, plan.CLOSE)
HANDS = 6  # how much goes on side by side
Step = tuple[datetime, str, Plan]
LAST_STEPS = [timedelta(hours=h) for h in (1, 13, 25, 49, 24 * 5, 24 * 16)]


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
    settle: float = 60.0
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
        self.watch = Watch(settings.portal)
        self.counts: Counter[str] = Counter()
        self.noting = threading.Lock()
        self.left = 0  # messages that did not leave when they were waited for
        self.does: dict[str, Callable[[Plan, datetime], None]] = {
            plan.PUSH: self.push, plan.FOLLOW_UP: self.follow_up, plan.RESULT: self.result, plan.REJECT: self.reject,
            plan.RULING: self.ruling, plan.SATISFIED: self.satisfied, plan.CLOSE: self.close,
        }  # fmt: skip

    def run(self, made: Sequence[Plan]) -> None:
        """Do every step at its moment, then let all clocks run out."""
        agenda = plan.agenda(made)
        moments = [list(steps) for _at, steps in groupby(agenda, key=lambda entry: entry[0])]
        self.receiver.start()
        try:
            progress, done = report.Progress(len(agenda)), 0
            with ThreadPoolExecutor(HANDS) as hands:
                for steps, coming in pairwise([*moments, []]):
                    self._moment(hands, steps, coming)
                    done += len(steps)
                    progress.show(done, steps[0][0], self.counts["errors"])
            self._run_out()
        finally:
            self.receiver.stop()

    def _moment(self, hands: ThreadPoolExecutor, steps: list[Step], coming: list[Step]) -> None:
        """The steps of one instant, each of another ticket: people work side by side, as they did; and those whose turn
        comes next open their tickets.

        The clock stands still until every callback has come and the portal has booked it: a lease counted on a clock
        that jumps would run out in flight.
        """
        self.clock.set(steps[0][0])
        busy = {one.order_code for _at, _what, one in steps}
        work = [hands.submit(self._do, *step) for step in steps]
        work += [hands.submit(self._open, *step) for step in coming if step[2].order_code not in busy]
        for one in work:
            one.result()
        if any(what in CALLED_BACK for _at, what, _one in steps):
            self.left = self.watch.waiting(BOOKED_SECONDS, self.left)

    def _open(self, _at: datetime, what: str, one: Plan) -> None:
        """Whoever finds the page closed when its time has come opens it then."""
        if what in AT_A_DESK:
            with suppress(PeopleError, requests.RequestException):
                self.office.open(one.site, one.order_code, by_ccs=what == plan.RULING)

    def _do(self, at: datetime, what: str, one: Plan) -> None:
        try:
            self.does[what](one, at)
        except (PeopleError, requests.RequestException, protocol.ProtocolError) as error:
            self._note_error(at, what, one, str(error))
        else:
            with self.noting:
                self.counts[what] += 1

    def _note_error(self, at: datetime, what: str, one: Plan, text: str) -> None:
        line = {"at": at.isoformat(), "step": what, "order": one.order_code, "error": text}
        with self.noting:
            self.counts["errors"] += 1
            with (self.settings.out / "errors.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(line, ensure_ascii=False) + "\n")
            if self.counts["errors"] <= report.SHOWN_ERRORS:
                print(f"  {at:%Y-%m-%d %H:%M:%S} {what} {one.order_code}: {text}", flush=True)

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
        self.office.result(one.site, one.order_code, chosen)
        self._await(lambda: stamp(at) in order.results, f"callback of {one.order_code}")

    def ruling(self, one: Plan, at: datetime) -> None:
        """CCS upholds the appeal; the ruling goes to the platform too."""
        order = self.ledger.orders[one.order_code]
        self.office.ruling(one.site, one.order_code)
        self._await(lambda: stamp(at) in order.rulings, f"ruling of {one.order_code}")

    def close(self, one: Plan, at: datetime) -> None:
        """The site closes the ticket."""
        self.office.close(one.site, one.order_code)

    def _await(self, arrived: Callable[[], bool], what: str) -> None:
        if not self.ledger.wait(arrived, CALLBACK_SECONDS):
            raise PeopleError(f"{what} did not come")

    def _run_out(self) -> None:
        """Step past the last deadline, with time for the portal's sweeps and messages at each stop."""
        last = self.clock.now
        for step in LAST_STEPS:
            self.clock.set(last + step)
            if not self.watch.swept(self.clock, self.settings.settle):
                self.counts["stops without a sweep"] += 1
            self.counts["left in the outbox"] = self.watch.waiting(self.settings.settle)


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
    parser.add_argument("--settle", type=float, default=60.0, help="the longest wait for sweeps at each last stop")
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
