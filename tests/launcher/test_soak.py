"""`make soak` names measures that are there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from launcher import soak
from launcher.settings import ROOT


def test_each_measure_is_a_test_or_a_drill_that_is_there() -> None:
    from chaos.drills import DRILLS

    assert {*soak.DRILLS, *soak.APART} == set(DRILLS)
    for named in soak.TESTS.values():
        file, _colons, name = named.partition("::")
        text = (ROOT / file).read_text()
        assert f"def {name}(" in text and "size(" in text


def test_a_word_that_no_measure_has_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(sys, "argv", ["soak", "nothing like it"])
    assert soak.main() == 1 and "writers" in capsys.readouterr().out


@pytest.mark.parametrize(("ends", "code"), [("0", 0), ("1", 1)])
def test_a_figure_that_does_not_hold_ends_with_1_and_the_full_size_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path, ends: str, code: int
) -> None:
    program = f"import os, sys; open({str(tmp_path / 'size')!r}, 'w').write(os.environ['SOAK']); sys.exit({ends})"
    monkeypatch.setattr(soak, "measures", lambda: {"one": [sys.executable, "-c", program]})
    monkeypatch.setattr(sys, "argv", ["soak"])
    assert soak.main() == code and (tmp_path / "size").read_text() == "full"
    assert ("did NOT hold" in capsys.readouterr().out) == bool(code)
