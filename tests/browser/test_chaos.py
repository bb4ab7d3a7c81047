"""A short run of faults against the portal's real processes: everybody says the same afterwards."""

from __future__ import annotations

import subprocess
import sys

from launcher.settings import ROOT

SECONDS = 240  # the whole run, with its start and its drain


def test_fifteen_seconds_of_faults_lose_and_double_nothing():
    command = [
        sys.executable,
        "-m",
        "chaos",
        "--engine",
        "sqlite",
        "--seed",
        "11",
        "--minutes",
        "0.25",
        "--speed",
        "60",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all agrees" in done.stdout
