"""`make soak`: takes the promises' figures at their full size. Exit code 1 as soon as one does not hold.

Each measure is named; WORD="writers" takes those whose name holds the word, without it all of them one after the other
(some hours). On PostgreSQL, where the measure is not about SQLite, with TEST_DATABASE_URL_RUN and TEST_REDIS_URL_RUN
as the suite has them, and ENGINE=postgresql for the drills.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from launcher.settings import ROOT

MANY, KILLS, MOVES = (
    "tests/soak/test_many_processes.py", "tests/soak/test_random_kills.py", "tests/services/test_platform_moves.py"
)  # fmt: skip
TESTS = {
    "random kills": f"{KILLS}::test_killed_at_random_instants_each_job_is_resumed_or_unknown_within_two_leases",
    "sweepers": f"{MANY}::test_two_sweepers_make_one_transition_of_each_due_clock_and_a_poisoned_ticket_stops_neither",
    "schedulers": f"{MANY}::test_five_schedulers_do_the_work_of_each_period_once",
    "writers": f"{MANY}::test_twenty_writers_at_once_never_hear_that_the_database_is_locked",
    "permutations": f"{MOVES}::test_every_permutation_of_six_messages_ends_in_the_same_state",
}
DRILLS = ("acknowledged", "workers", "redis", "database", "deploy", "burst")
APART, LONGER = ("hosts",), ("--minutes", "4")  # on PostgreSQL only, with cuts of 22 s


def measures() -> dict[str, list[str]]:
    """Name and command of each."""
    pytest = [sys.executable, "-m", "pytest", "-q", "-s", "--no-header", "-p", "no:cacheprovider"]
    engine = ["--engine", os.environ["ENGINE"]] if os.environ.get("ENGINE") else []
    found = {name: [*pytest, test] for name, test in TESTS.items()}
    drills = {name: [sys.executable, "-m", "chaos", "--drill", name, *engine] for name in DRILLS}
    return found | drills | {name: [sys.executable, "-m", "chaos", "--drill", name, *LONGER] for name in APART}


def main() -> int:
    """One after the other."""
    parser = argparse.ArgumentParser(prog="python -m launcher.soak", description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="only measures whose name holds it")
    word, env = parser.parse_args().word, {**os.environ, "SOAK": "full"}
    wanted = {name: command for name, command in measures().items() if word in name}
    if not wanted:
        print(f"soak: no measure is called so; there are {', '.join(measures())}")
        return 1
    for name, command in wanted.items():
        begun = time.monotonic()
        print(f"soak: {name}", flush=True)
        code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
        print(f"soak: {name} {'held' if code == 0 else 'did NOT hold'} ({time.monotonic() - begun:.0f} s)", flush=True)
        if code:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
