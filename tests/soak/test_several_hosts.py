"""A short run with several hosts in network namespaces: each cut off and back, and everybody says the same afterwards.

Left out where no namespaces can be made (tests/conftest.py): it needs root.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from launcher.settings import ROOT

pytestmark = [pytest.mark.thorough, pytest.mark.postgresql_only, pytest.mark.several_hosts]
SECONDS = 900  # the whole run, with its start and its drain, on a busy machine


def namespaces() -> set[str]:
    return {entry.name for entry in Path("/run/netns").iterdir()} if Path("/run/netns").is_dir() else set()


def test_a_minute_of_hosts_cut_off_and_back_loses_and_doubles_nothing():
    command = [sys.executable, "-m", "chaos", "--drill", "hosts", "--seed", "11", "--minutes", "1", "--rate", "2"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    run = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said, _none = run.communicate(timeout=SECONDS)
    assert run.returncode == 0 and "all agrees" in said, said
    assert not [name for name in namespaces() if f"-{run.pid}-" in name]
