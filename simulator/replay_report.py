"""What a replay tells: progress while it runs, and at the end what happened and whether it is what the log demands."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator import expected
from simulator.plan import Plan

if TYPE_CHECKING:
    from simulator.replay import Replay

EVERY = 5.0  # seconds between two lines of progress
SHOWN_ERRORS, SHOWN_DIFFERENCES = 20, 40
FAULTS = ("errors", "left in the outbox", "stops without a sweep")


class Progress:
    """A line every few seconds: how far, the portal's time, how fast."""

    def __init__(self, total: int) -> None:
        self.total, self.begun, self.last = total, time.monotonic(), 0.0

    def show(self, done: int, at: datetime, errors: int) -> None:
        """Print a line when it is time or everything is done."""
        now = time.monotonic()
        if now - self.last < EVERY and done < self.total:
            return
        self.last = now
        spent = max(now - self.begun, 0.001)
        left = (self.total - done) * spent / done
        print(
            f"  {done:>6}/{self.total} steps  {at:%Y-%m-%d %H:%M}  {done / spent:5.1f}/s  {left:4.0f} s left"
            f"  errors {errors}",
            flush=True,
        )


def portal_facts(command: str) -> dict[str, Any]:
    """The facts that a command prints as JSON. Raises SubprocessError, OSError, ValueError."""
    said = subprocess.run(shlex.split(command), check=True, capture_output=True, text=True, timeout=600).stdout
    return expected.from_portal(json.loads(said))


def messages(path: Path | None) -> int | str:
    """How many SMS the console gateway wrote into its file of JSON lines."""
    if path is None or not path.exists():
        return "-"
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def received(replay: Replay, facts: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Order by order what the platform got and what the portal flagged as late, in the shape of the expectation."""
    found = {}
    for code, order in replay.ledger.orders.items():
        found[code] = {
            "results": len(order.results), "rulings": len(order.rulings), "rejects": order.sent["WORK_ORDER_REJECT"],
        }  # fmt: skip
        if "flags" in facts:
            found[code] |= expected.flagged(facts["flags"].get(code, {}))
    return found


def finish(replay: Replay, made: Sequence[Plan], seconds: float) -> int:
    """Write and print the report; the exit code."""
    settings = replay.settings
    wanted = expected.compute(made, expected.load_policy())
    facts = _facts(settings.portal_facts)
    orders = received(replay, facts)
    lines = _lines(replay, wanted, orders, facts, seconds)
    differences = _differences(wanted, orders, facts)
    _write(replay, {"expected": wanted, "facts": facts | {"orders": orders}, "summary": dict(lines)}, differences)
    print("\n" + "\n".join(f"{name:<34}{value:>12}" for name, value in lines))
    for line in differences[:SHOWN_DIFFERENCES]:
        print(f"  DIFFERENT {line}")
    hidden = len(differences) - SHOWN_DIFFERENCES
    print(f"  … {hidden} more in {settings.out}/differences.txt" if hidden > 0 else "", end="\n" if hidden > 0 else "")
    failed = bool(differences or any(replay.counts[name] for name in FAULTS))
    compared = "the scorecards" if facts else "the callbacks (no portal facts were asked for)"
    print("The replay failed." if failed else f"The log and the policy agree with {compared}.")
    return int(failed)


def _facts(command: str) -> dict[str, Any]:
    if not command:
        return {}
    try:
        return portal_facts(command)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        said = getattr(error, "stderr", None) or ""
        print(f"  the portal's facts could not be read: {error}\n{said[-2000:]}")
        return {"unreadable": True}


def _lines(
    replay: Replay, wanted: Mapping[str, Any], orders: Mapping[str, Mapping[str, int]], facts: Mapping[str, Any],
    seconds: float,
) -> list[tuple[str, Any]]:  # fmt: skip
    ledger, counts = replay.ledger, replay.counts
    return [
        ("pushed", ledger.counts["pushed"]),
        ("acknowledged", ledger.counts["acknowledged"]),
        ("refused and pushed again", ledger.counts["refused"]),
        ("tickets", facts.get("tickets", "-")),
        ("followed up", counts["follow_up"]),
        ("answered", counts["result"]),
        ("called back: answers", _total(orders, "results")),
        ("called back: rulings", _total(orders, "rulings")),
        ("called back twice", ledger.counts["callbacks_duplicate"]),
        ("callbacks refused", ledger.counts["callbacks_refused"] + ledger.counts["bad_signatures"]),
        ("rejected", counts["reject"]),
        ("satisfied", counts["satisfied"]),
        ("closed", counts["close"]),
        ("reminded (SMS)", facts.get("reminders", messages(replay.settings.sms_log))),
        *_lateness("first replies", "first_reply", wanted, orders, facts),
        *_lateness("results", "resolve", wanted, orders, facts),
        ("sign-ins", replay.office.sign_ins()),
        *((name, counts[name]) for name in FAULTS),
        ("seconds", round(seconds)),
    ]


def _lateness(
    words: str, clock: str, wanted: Mapping[str, Any], orders: Mapping[str, Mapping[str, int]], facts: Mapping[str, Any]
) -> list[tuple[str, Any]]:
    """In time and late by the scorecards and by the flags on the tickets, each beside what the log and policy say."""
    counted, flag = "sites" in facts, expected.FLAGS[clock]
    return [
        (f"{words} in time", expected.in_time(facts, clock) if counted else "-"),
        (f"{words} in time expected", expected.in_time(wanted, clock)),
        (f"late {words}", expected.late(facts, clock) if counted else "-"),
        (f"late {words} flagged", _total(orders, flag) if "flags" in facts else "-"),
        (f"late {words} expected", expected.late(wanted, clock)),
    ]


def _total(orders: Mapping[str, Mapping[str, int]], name: str) -> int:
    return sum(order[name] for order in orders.values())


def _differences(
    wanted: Mapping[str, Any], orders: Mapping[str, Mapping[str, int]], facts: Mapping[str, Any]
) -> list[str]:
    if facts:
        return expected.compare(wanted, {**facts, "orders": orders})
    return expected.compare(wanted, {**wanted, "orders": orders})  # only what the platform itself saw


def _write(replay: Replay, documents: Mapping[str, Any], differences: Sequence[str]) -> None:
    out = replay.settings.out
    for name, document in documents.items():
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    (out / "differences.txt").write_text("".join(f"{line}\n" for line in differences), encoding="utf-8")
