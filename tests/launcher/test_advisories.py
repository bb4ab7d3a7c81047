"""`make audit` tells holes, passes without one, and says plainly when nobody could be asked."""

from __future__ import annotations

import json

from launcher.advisories import judge

HOLE = {"name": "flask", "version": "0.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["0.2"]}]}


def test_a_known_hole_is_named_with_the_version_that_mends_it_and_fails() -> None:
    code, lines = judge(1, json.dumps({"dependencies": [HOLE, {"name": "rq", "version": "3", "vulns": []}]}), "")
    assert code == 1 and lines == ["flask 0.1: PYSEC-1, mended in 0.2", "audit: 2 libraries checked, 1 known holes"]


def test_without_a_hole_it_passes() -> None:
    code, lines = judge(0, json.dumps({"dependencies": [{"name": "rq", "version": "3", "vulns": []}]}), "")
    assert (code, lines) == (0, ["audit: 1 libraries checked, 0 known holes"])


def test_what_could_not_be_asked_is_no_failure_and_no_proof() -> None:
    code, lines = judge(1, "", "Traceback\nrequests.exceptions.ConnectionError: no route to host")
    assert code == 0 and "NOTHING WAS CHECKED" in lines[0] and "no route to host" in lines[1]


def test_a_library_that_nobody_knows_is_told() -> None:
    own = {"name": "own", "skip_reason": "not on PyPI"}
    code, lines = judge(0, json.dumps({"dependencies": [own, {"name": "rq", "version": "3", "vulns": []}]}), "")
    assert code == 0 and lines == ["own: not checked (not on PyPI)", "audit: 1 libraries checked, 0 known holes"]


def test_a_mirror_that_knows_no_library_is_no_proof() -> None:
    own = {"name": "own", "skip_reason": "not on PyPI"}
    code, lines = judge(0, json.dumps({"dependencies": [own]}), "")
    assert code == 0 and "NOTHING WAS CHECKED" in lines[0]
