"""`make mutants`: takes one rule away at a time and runs the tests that must notice. Exit code 1 when none does.

Works on copies of this folder, two side by side; only the named tests run, after all of them passed on what is
unchanged. Stop it whenever you like: nothing here is touched.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from launcher.settings import ROOT

SIDE_BY_SIDE = 2
SECONDS = 240  # for the tests of one fault; a fault that lets them hang was noticed, too
LEFT_OUT = (".git", ".venv", "var", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis",
            "test-results", "screenshots")  # fmt: skip
FAILED = 1  # how pytest ends when a test fails; other codes mean that none ran


@dataclass(frozen=True)
class Fault:
    """A planted fault, as tests/mutants/faults.py has it."""

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


def faults() -> list[Fault]:
    """The list. It is read as a program of its own: this folder never imports the tests."""
    told = subprocess.run(
        [sys.executable, "-c", "import dataclasses\nfrom tests.mutants.faults import FAULTS\n"
                               "print([tuple(vars(f).values()) for f in FAULTS])"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return [Fault(*row) for row in ast.literal_eval(told)]


def misfits(found: Iterable[Fault]) -> list[str]:
    """Faults whose line is not there exactly once any more."""
    wrong = []
    for one in found:
        path = ROOT / one.file
        times = path.read_text().count(one.before) if path.exists() else 0
        if times != 1 or one.before == one.after:
            wrong.append(f"{one.name}: its line stands {times} times in {one.file}; mend tests/mutants/faults.py")
    return wrong


def copy(folder: Path) -> Path:
    """This folder without what is made anew."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    return folder


def run(folder: Path, tests: Iterable[str]) -> tuple[int, str]:
    """How pytest ended in a copy, and what it said. No byte code is kept: a changed file may have its old time."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TEST_")}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return FAILED, "timed out"
    return done.returncode, done.stdout + done.stderr


def plant(folder: Path, one: Fault) -> tuple[bool, str]:
    """Whether the tests noticed, and why not; the copy is as before afterwards."""
    path = folder / one.file
    kept = path.read_text()
    path.write_text(kept.replace(one.before, one.after))
    try:
        code, said = run(folder, one.tests)
    finally:
        path.write_text(kept)
    if code == FAILED:
        return True, ""
    return False, "SURVIVED" if code == 0 else f"no test could run (code {code}):\n{said[-600:]}"


def all_of(found: list[Fault], folder: Path) -> int:
    """Plant each; the number that survived. Tells one line each."""
    if not found:
        return 0  # pytest without a name would run the whole suite
    free: Queue[Path] = Queue()
    for number in range(SIDE_BY_SIDE):
        free.put(copy(folder / str(number)))
    tests = sorted({test for one in found for test in one.tests})
    code, said = run(free.queue[0], tests)
    if code:
        print(f"The tests fail on what is unchanged:\n{said[-2000:]}")
        return len(found)

    def try_it(one: Fault) -> bool:
        place, begun = free.get(), time.monotonic()
        try:
            noticed, why = plant(place, one)
        finally:
            free.put(place)
        word = "noticed" if noticed else why
        print(f"{time.monotonic() - begun:5.1f} s  {one.name}: {word}", flush=True)
        return noticed

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(try_it, found)).count(False)


def main() -> int:
    """All faults, or those whose name holds a word."""
    parser = argparse.ArgumentParser(prog="python -m launcher.mutants", description=__doc__)
    parser.add_argument("word", nargs="?", default="", help="only faults whose name holds it")
    word = parser.parse_args().word
    known, begun = faults(), time.monotonic()
    wrong = misfits(known)
    if wrong:
        print("\n".join(wrong))
        return 1
    found = [one for one in known if word in one.name]
    with tempfile.TemporaryDirectory(prefix="kuaifu-mutants-") as folder:
        survived = all_of(found, Path(folder))
    print(f"mutants: {len(found)} planted, {survived} survived, {time.monotonic() - begun:.0f} s")
    return 1 if survived or not found else 0


if __name__ == "__main__":
    sys.exit(main())
