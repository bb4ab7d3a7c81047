"""`make replay TICKETS=1000`: a fresh portal on a clock of its own, driven by the real log of a service desk.

The replay (`simulator.replay`) pushes, answers and steps the clock file; this program gives it the portal's real
processes, and at the end the portal's own figures to hold against what the log and the policy demand.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from launcher import redis
from launcher.processes import stop_processes
from launcher.run import Portal, Signals, Stopped
from launcher.settings import CONNECTION, ROOT, SECRET, Settings, StartError, make_folders, require_free

FOLDER = ROOT / "var" / "replay"
KEPT = 3  # earlier runs whose data stays to be looked at
FIRST_PORT, LAST_PORT = 8300, 8398
COMMANDS = ["db upgrade", "demo load --replay-clerks"]  # no demo ticket stands between the log and the outcome
SITES = 72  # the log knows so many groups: each becomes a site of its own
SETTINGS = {
    "SWEEP_EVERY": "1",  # hours pass in a second here, so due work is looked for more often
    # and between two clicks of one person: with sessions that end, half of the time would go into hashing passwords
    "IDLE_MINUTES": "5270400",
    "ABSOLUTE_HOURS": "87840",
    "UNDO_SECONDS": "0",  # the log has what was sent, and nothing that was taken back
}
FAULT = re.compile(r"\b(ERROR|CRITICAL)\b|^Traceback ")
SHOWN = 20


def fresh_folder() -> Path:
    """A new data folder; of the earlier ones only the last few stay."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in sorted(FOLDER.glob("run-*"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    folder = FOLDER / time.strftime("run-%Y%m%d-%H%M%S")
    folder.mkdir()
    return folder


def free_port() -> int:
    """A port that is free together with the next one. Raises StartError."""
    for port in range(FIRST_PORT, LAST_PORT, 2):
        try:
            require_free(port, "portal")
            require_free(port + 1, "platform")
        except StartError:
            continue
        return port
    raise StartError(f"No two free ports side by side between {FIRST_PORT} and {LAST_PORT}.")


def chosen_sites(codes: list[str], wanted: int = SITES) -> list[str]:
    """So many of the portal's site codes, evenly from all provinces."""
    return [codes[place * len(codes) // wanted] for place in range(wanted)] if len(codes) > wanted else codes


def write_sites(portal: Portal) -> None:
    """Ask the portal for its sites, and put those of the replay into the file that the replay reads."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "sites"]
    told = subprocess.run(command, env=portal.env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    sites_file(portal.settings).write_text("".join(f"{code}\n" for code in chosen_sites(told.split())))


def sites_file(settings: Settings) -> Path:
    """Where the codes of the replay's sites are, one on each line."""
    return settings.data_dir / "sites.txt"


def replay_command(tickets: int, settings: Settings, clock: Path) -> list[str]:
    """The replay as a program of its own."""
    facts = shlex.join([sys.executable, "-m", "launcher.replay_facts"])
    options = {
        "--tickets": str(tickets),
        "--portal": settings.address,
        "--listen": settings.simulator,
        "--clock-file": str(clock),
        "--sites": str(sites_file(settings)),
        "--out": str(settings.data_dir / "report"),
        "--connection": CONNECTION,
        "--secret": SECRET,
        "--portal-facts": facts,
    }
    return [sys.executable, "-m", "simulator.replay", *(word for pair in options.items() for word in pair)]


def set_clock(tickets: int, clock: Path) -> None:
    """Put the first instant of the replay into its clock file: the portal needs a time to start at."""
    command = [sys.executable, "-m", "simulator.replay", "--tickets", str(tickets), "--clock-file", str(clock)]
    subprocess.run([*command, "--set-clock-only"], check=True, cwd=ROOT)


def drive(portal: Portal, command: list[str]) -> int:
    """Run the replay beside the portal; the number of things that went wrong."""
    process = subprocess.Popen(command, env=portal.env, cwd=ROOT, start_new_session=True)
    faults = 0
    try:
        while process.poll() is None:
            portal.signals.pause(0.2)
            for line in portal.check():
                print(line, flush=True)
                faults += 1
    finally:
        stop_processes([process])
    return faults + (process.returncode != 0)


def errors_in_logs(folder: Path) -> list[str]:
    """Every line of the portal's logs that tells of an error."""
    return [
        f"{log.name}:{number} {line}"
        for log in sorted(folder.glob("*.log"))
        for number, line in enumerate(log.read_text(errors="replace").splitlines(), start=1)
        if FAULT.search(line)
    ]


def replay(tickets: int, signals: Signals) -> int:
    """The whole run: 0 when everything agrees and no log holds an error. Raises StartError, RedisError, Stopped."""
    env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "KUAIFU_ENV")}
    env |= {"DATA_DIR": str(fresh_folder()), "PORT": str(free_port())}
    settings = Settings.from_env(env)
    make_folders(settings)
    clock = settings.data_dir / "clock"
    command = replay_command(tickets, settings, clock)
    set_clock(tickets, clock)
    portal = Portal(settings, ("web", "worker", "scheduler"), signals)
    portal.commands = COMMANDS
    portal.extra_env = {"REPLAY_CLOCK_FILE": str(clock), **SETTINGS}
    try:
        portal.open()
        write_sites(portal)
        print(f"Replaying {tickets} real tickets through {settings.address} ({settings.data_dir})", flush=True)
        faults = drive(portal, command)
    finally:
        portal.close()
    errors = errors_in_logs(settings.data_dir / "log")
    for line in errors[:SHOWN]:
        print(f"  LOG {line}")
    print(f"{len(errors)} errors in the portal's logs; everything is in {settings.data_dir}", flush=True)
    return int(bool(faults or errors))


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m launcher.replay", description=__doc__)
    parser.add_argument("--tickets", type=int, default=1000, help="the first so many tickets of the log")
    tickets = parser.parse_args().tickets
    try:
        return replay(tickets, Signals())
    except Stopped:
        print("stopped")
        return 130
    except (StartError, redis.RedisError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
