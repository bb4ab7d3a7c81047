"""One run: begin, harm, drain, read the logs, compare, print."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from chaos import clock, facts, lines, network, plan, portal_logs, table
from chaos.browser import Away
from chaos.doorway import set_up_gateway
from chaos.drills import DRILLS, WHOLE
from chaos.evidence import Finding, Logs
from chaos.felt import faults_felt
from chaos.harm import Harm
from chaos.hosts import Hosts
from chaos.machine import Machine, free_port
from chaos.network import NoNetwork
from chaos.oracle import CHECKS, OF_PUSHES, compare
from chaos.postgres import Guest, NoServer, Server, bring
from chaos.stage import Stage, Wish
from launcher.redis import RedisError
from launcher.run import Signals, Stopped
from launcher.settings import ROOT, StartError

FOLDER = ROOT / "var" / "chaos"
KEPT = 6  # earlier runs whose logs stay
LOOK = 0.1
AGENTS_SECONDS, PUSH_SECONDS, OUTBOX_SECONDS = 90.0, 90.0, 150.0  # the longest that each part of the drain may take
SWEEP_SECONDS = 60.0  # of ours, within which a deadline has to be flagged
STILL = 6.0  # seconds on a clock that stands still: all other work has come round


class Impossible(Exception):
    """The run cannot be made here; the message is one plain line."""


def chaos(wish: Wish, elsewhere: str = "") -> int:
    """The whole run: 0 when nothing differs, else 1. Raises Impossible."""
    signals = Signals()
    stage = _stage(wish, elsewhere)
    own = stage.server is None or stage.server.own
    if wish.drill:
        faults = DRILLS[wish.drill].faults(wish)
    else:
        faults = plan.faults(wish.seed, wish.seconds, wish.engine, own_database=own)
    print(f"chaos: seed {wish.seed}, {wish.seconds:.0f} s on {wish.engine}, {len(faults)} faults ({stage.folder})",
          flush=True)  # fmt: skip
    try:
        stage.open()
        set_up_gateway(stage)
        harm = Harm(stage, lines.Lines(stage.log("faults")))
        lasted = _harmed(stage, harm, faults, signals)
        left = _drained(stage, signals)
        findings = _judged(stage)
    except (Stopped, StartError, RedisError, NoServer, NoNetwork, Away) as error:
        raise Impossible(str(error) or "stopped") from error
    finally:
        stage.close()
    findings += _after(stage)
    print(table.told(stage, findings, faults[: stage.begun], lasted, left), flush=True)
    return int(any(one.differences for one in findings))


def _folder(wish: Wish) -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in sorted(FOLDER.glob("run-*"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    folder = FOLDER / time.strftime(f"run-%Y%m%d-%H%M%S-{wish.engine}-{wish.seed}")
    folder.mkdir()
    return folder


def _stage(wish: Wish, elsewhere: str) -> Stage:
    if wish.drill != "hosts":
        folder = _folder(wish)
        return Stage(wish, folder, Machine(folder, free_port()), _server(wish, elsewhere))
    try:
        network.require()
        hosts = Hosts(_folder(wish))
    except (NoNetwork, NoServer) as reason:
        raise Impossible(str(reason)) from reason
    return Stage(wish, hosts.folder, hosts, hosts.first)


def _server(wish: Wish, elsewhere: str) -> Server | Guest | None:
    if wish.engine == "sqlite":
        return None
    try:
        server, told = bring(elsewhere)
    except NoServer as reason:
        raise Impossible(str(reason)) from reason
    if told:
        print(f"chaos: {told}", flush=True)
    return server


def _harmed(stage: Stage, harm: Harm, faults: list[plan.Fault], signals: Signals) -> float:
    """Load and faults for the time that was asked for; then every fault is over. Gives the seconds that passed."""
    stage.tell("platform", push=True)
    if stage.wish.plant:
        stage.tell("gateway" if stage.wish.plant == "double" else "platform", plant=stage.wish.plant)
    stage.begin_agents()
    begun, coming, late = time.monotonic(), list(faults), 0.0
    whole = stage.wish.drill in WHOLE
    while (passed := time.monotonic() - begun) < stage.wish.seconds or (whole and coming):
        if _enough(stage, passed):
            break
        while coming and coming[0].at + late <= passed:
            if stage.wish.drill and not stage.ready(coming[0]):
                late = passed + LOOK - coming[0].at  # a machine on which a start takes long is not drilled to death
                break
            harm.begin(coming.pop(0))
        harm.check()
        stage.check()
        signals.pause(LOOK)
    harm.check(all_of_them=True)
    for program in stage.programs.values():
        program.again_at = 0.0
    stage.check()
    stage.tell("platform", push=False)
    stage.begun = len(faults) - len(coming)
    return passed


def _enough(stage: Stage, passed: float) -> bool:
    """Whether the pushes that the run is about are acknowledged; asked about once a second."""
    if not stage.wish.pushes or passed < stage.asked_at + 1.0:
        return False
    stage.asked_at = passed
    return stage.state("platform")["taken"] >= stage.wish.pushes


def _drained(stage: Stage, signals: Signals) -> dict[str, int]:
    """Let all that was begun come to its end, each part within its time; what was left then."""
    left = {"agents at work": int(stage.wish.agents and not _agents_done(stage, signals))}
    left["pushes"] = _until(lambda: stage.state("platform")["left"], PUSH_SECONDS, stage, signals)
    left["receipts"] = _until(lambda: stage.state("gateway")["unreported"], PUSH_SECONDS, stage, signals)
    if not stage.complete:
        return left  # nobody is there who would send or sweep
    left["outbox"] = _until(stage.backlog, OUTBOX_SECONDS, stage, signals)
    stage.end("clock", 5)
    now = clock.read(stage.clock_file)
    left["late stages"] = _until(lambda: facts.behind(stage.database, now), SWEEP_SECONDS, stage, signals)
    end = time.monotonic() + STILL
    while time.monotonic() < end:
        stage.check()
        signals.pause(LOOK)
    return left


def _agents_done(stage: Stage, signals: Signals) -> bool:
    """Ask the agents to finish."""
    agents = stage.programs.pop("agents")
    agents.signal(signal.SIGTERM)
    end = time.monotonic() + AGENTS_SECONDS
    while agents.process is not None and agents.process.poll() is None and time.monotonic() < end:
        stage.check()
        signals.pause(LOOK)
    done = agents.process is None or agents.process.poll() is not None
    agents.signal(signal.SIGKILL)
    return done


def _until(count: Callable[[], int | None], seconds: float, stage: Stage, signals: Signals) -> int:
    """Wait until nothing is left; how much is. Twice nothing, a moment apart, is nothing."""
    end, calm, last = time.monotonic() + seconds, 0, -1
    while time.monotonic() < end and calm < 3:
        found = count()
        last = -1 if found is None else found
        calm = calm + 1 if last == 0 else 0
        for _look in range(5):
            stage.check()
            signals.pause(LOOK)
    return last


def _judged(stage: Stage) -> list[Finding]:
    """Read the database, and hold the logs against each other."""
    command = [sys.executable, "-m", "chaos.facts", "--database", stage.database, "--log", str(stage.log("database"))]
    subprocess.run(command, cwd=ROOT, check=True)
    platform, gateway, agents, database = (
        lines.read(stage.log(name)) for name in ("platform", "gateway", "agents", "database")
    )
    months = sorted({line["month"] for line in database if line["what"] == "penalty"})
    sheets = [_asked(stage, "penalties", "totals", month, "--json").stdout for month in months]
    printed = [row for sheet in sheets for row in json.loads(sheet)]
    logs = Logs(platform, gateway, agents, database, clock.read(stage.clock_file), printed, speed=stage.wish.speed)
    findings = compare(logs, CHECKS if stage.complete else OF_PUSHES)
    verify = _asked(stage, "audit", "verify")
    told = verify.stdout.strip().splitlines()
    return [*findings, Finding("chain of entries (flask audit verify)", 1, told[:20] if verify.returncode else [])]


def _asked(stage: Stage, *words: str) -> subprocess.CompletedProcess[str]:
    """What one of the portal's own commands says."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *words], cwd=ROOT, env=stage.env, check=False,
        capture_output=True, text=True,
    )  # fmt: skip


def _after(stage: Stage) -> list[Finding]:
    """What the programs' logs and ends say."""
    n, wrong = portal_logs.unexplained(stage.folder / "log", lines.read(stage.log("faults")))
    ends = [f"{name} ended with code {code}" for name, one in stage.programs.items() for _at, code in one.ended]
    starts = sum(one.starts for one in stage.programs.values())
    apart = [_felt(stage)] if isinstance(stage.place, Hosts) else []
    return [
        *apart,
        Finding("errors in the portal's logs, explained", n, wrong),
        Finding("programs, ended by nobody but us", starts, ends),
    ]


def _felt(stage: Stage) -> Finding:
    faults, pushes = lines.read(stage.log("faults")), lines.read(stage.log("platform"))
    return faults_felt(faults, pushes, stage.folder / "log", stage.folder / "redis")
