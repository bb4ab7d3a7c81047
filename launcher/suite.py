"""`make test`: SQLite and the embedded Redis, again TEST_DATABASE_URL and TEST_REDIS_URL, then the browser.

What goes through every case there is (each page as each role, each form with junk) takes as long as all the rest: a
round has a sample of it, and with THOROUGH=1 every case has a round of its own on each engine. Every round runs,
whatever the one before said; the last lines tell how each went and how much was skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

THOROUGH = "thorough"
NO_TESTS = 5  # pytest's word for "nothing to do"
HERE, WAITING = 1, 2  # processes beyond one for each core: where they work themselves, and where a server works too
# Each process reads every test and plugin that it is not told to leave alone.
WITHOUT_BROWSER = [
    "--ignore=tests/browser",
    *("-p", "no:playwright"), *("-p", "no:schemathesis"), *("-p", "no:anyio"),
]  # fmt: skip


@dataclass(frozen=True)
class Round:
    """One run of pytest."""

    name: str
    arguments: list[str]
    env: dict[str, str]


def rounds(env: dict[str, str]) -> list[Round]:
    """What to run for the settings in `env`."""
    database, redis = env.get("TEST_DATABASE_URL", ""), env.get("TEST_REDIS_URL", "")
    engines = [("SQLite, embedded Redis", "", "")]
    if database or redis:
        name = f"{'PostgreSQL' if database else 'SQLite'}, {'Redis' if redis else 'embedded Redis'}"
        engines.append((name, database, redis))
    plan = [_engine(*engine, env, thorough=False) for engine in engines]
    if env.get("THOROUGH"):
        plan += [_engine(*engine, env, thorough=True) for engine in engines]
    plan.append(Round("browser", ["-m", "browser"], {"TEST_DATABASE_URL_RUN": "", "TEST_REDIS_URL_RUN": ""}))
    return plan


def _engine(name: str, database: str, redis: str, env: dict[str, str], *, thorough: bool) -> Round:
    """Everything but the browser tests, in several processes: what goes through every case, or all the rest."""
    processes = env.get("TEST_PROCESSES") or str(cores() + (WAITING if database else HERE))
    wanted = THOROUGH if thorough else f"not browser and (not {THOROUGH} or sample)"
    arguments = [*WITHOUT_BROWSER, "-m", wanted, "-n", processes, "--dist", "worksteal"]
    servers = {"TEST_DATABASE_URL_RUN": database, "TEST_REDIS_URL_RUN": redis}
    return Round(f"thorough: {name}" if thorough else name, arguments, servers)


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(plan: list[Round], words: list[str]) -> int:
    """Run all rounds; 0 when none failed."""
    worst = 0
    lines = []
    for part in plan:
        print(f"\n== {part.name}", flush=True)
        code, line = run_one(part, words)
        lines.append(f"{part.name:<34} {line}")
        worst = worst or code
    print("\n" + "\n".join(lines), flush=True)
    return worst


def run_one(part: Round, words: list[str]) -> tuple[int, str]:
    """One run of pytest: its exit code (0 also without a test) and a line that sums it up."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        env = {**os.environ, **part.env, "TEST_REPORT": str(report)}
        begun = time.monotonic()
        code = subprocess.run(
            [sys.executable, "-m", "pytest", *part.arguments, *words], env=env, check=False
        ).returncode
        counts = json.loads(report.read_text()) if report.exists() else {}
    seconds = time.monotonic() - begun
    if code == NO_TESTS:
        return 0, "no tests"
    told = ", ".join(f"{counts.get(kind, 0)} {kind}" for kind in ("passed", "failed", "error", "skipped"))
    return code, f"{told}, {seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(run(rounds(dict(os.environ)), sys.argv[1:]))
