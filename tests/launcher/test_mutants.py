"""The planted faults fit the code as it is, and a fault that no test notices is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from launcher import mutants
from launcher.mutants import Fault


def test_there_are_at_least_twenty_five_and_each_fits_its_file() -> None:
    found = mutants.faults()
    assert len({one.name for one in found}) == len(found) >= 25
    assert mutants.misfits(found) == []


def test_each_names_tests_that_are_there() -> None:
    for one in mutants.faults():
        for test in one.tests:
            file, _colons, name = test.partition("::")
            assert f"def {name.partition('[')[0]}(" in (mutants.ROOT / file).read_text(), test


def test_a_noticed_and_a_surviving_fault_are_told_apart_and_the_copy_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # three processes, none of which needs them
    (tmp_path / "rule.py").write_text("LIMIT = 3\n")
    (tmp_path / "test_rule.py").write_text(
        "from rule import LIMIT\ndef test_tight(): assert LIMIT == 3\ndef test_loose(): assert LIMIT\n"
    )
    tight = Fault("tight", "rule.py", "3", "4", ("test_rule.py::test_tight",))
    loose = Fault("loose", "rule.py", "3", "4", ("test_rule.py::test_loose",))
    nobody = Fault("nobody", "rule.py", "3", "4", ("test_rule.py::test_missing",))
    assert mutants.plant(tmp_path, tight) == (True, "")
    assert mutants.plant(tmp_path, loose) == (False, "SURVIVED")
    noticed, why = mutants.plant(tmp_path, nobody)
    assert not noticed and "no test could run" in why
    assert (tmp_path / "rule.py").read_text() == "LIMIT = 3\n"


def test_a_word_that_no_fault_has_is_no_success() -> None:
    done = subprocess.run([sys.executable, "-m", "launcher.mutants", "no such"], cwd=mutants.ROOT, check=False,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 1 and "0 planted" in done.stdout
