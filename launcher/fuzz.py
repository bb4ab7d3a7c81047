"""`make fuzz MINUTES=10`: throws new inputs at the parsers for as long; exit code 1 as soon as one of them gives way.

What was found is printed with the line that plays it again. WORD="sheet" for some of the parsers.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from launcher.settings import ROOT

EXAMPLES = 400  # of each parser in a turn, with a seed of its own


def main() -> int:
    """Turn after turn until the time is up."""
    parser = argparse.ArgumentParser(prog="python -m launcher.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--word", default="")
    asked = parser.parse_args()
    env = {**os.environ, "FUZZ_EXAMPLES": str(EXAMPLES)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "tests/fuzz", "-k", asked.word]
    until, turns = time.monotonic() + asked.minutes * 60, 0
    while time.monotonic() < until:
        seed = time.time_ns() % 2**32
        if subprocess.run([*command, f"--hypothesis-seed={seed}"], cwd=ROOT, env=env, check=False).returncode:
            print(f"fuzz: a parser gave way in turn {turns + 1}, seed {seed}")
            return 1
        turns += 1
    print(f"fuzz: {turns} turns of {EXAMPLES} inputs for each parser, and all of them held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
