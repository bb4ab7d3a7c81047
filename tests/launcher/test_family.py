"""Programs that are forked from one process are as much on their own as those that were started from a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.settings import ROOT

PROGRAM = """
import json, os, sys
print(json.dumps({"words": sys.argv[1:], "env": dict(os.environ), "folder": os.getcwd(), "leads": os.getsid(0) == os.getpid(),
                  "name": open("/proc/self/cmdline").read().rstrip("\\0 "), "files": sorted(os.listdir("/proc/self/fd"), key=int)}))
print("said at the end", file=sys.stderr)
sys.exit(7)
"""
PARENT = """
import sys, fcntl
from pathlib import Path
from launcher import family
held = open(sys.argv[1] + "/lock", "a")
family.getproctitle()
child = family.fork([sys.executable, sys.argv[1] + "/program.py", "--exports"], {"ONLY": "this"}, Path(sys.argv[1]) / "log")
print(child.wait(10), child.poll())
"""
SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
WAITING = """
import os, signal, subprocess, sys
from pathlib import Path
from launcher import family
child = family.fork([sys.executable, sys.argv[1] + "/program.py"], dict(os.environ), Path(sys.argv[1]) / "log")
try:
    child.wait(0.3)
except subprocess.TimeoutExpired:
    print("waited", child.poll())
os.killpg(child.pid, signal.SIGKILL) if os.getpgid(child.pid) == child.pid else None
print(child.wait())
"""
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def told(parent: str, program: str, folder: Path) -> str:
    (folder / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-c", parent, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


@pytest.fixture
def child(tmp_path: Path) -> dict[str, Any]:
    """What a forked program says of itself."""
    assert told(PARENT, PROGRAM, tmp_path) == "7 7\n"
    first, last = (tmp_path / "log").read_text().splitlines()
    assert last == "said at the end"
    found: dict[str, Any] = json.loads(first)
    return found


def test_a_forked_program_has_words_environment_folder_and_session_of_its_own(child: dict[str, Any]) -> None:
    assert child["words"] == ["--exports"]
    assert {name: child["env"].get(name) for name in ("ONLY", "PATH")} == {"ONLY": "this", "PATH": None}
    assert child["folder"] == str(ROOT) and child["leads"]


def test_it_is_seen_under_its_own_name(child: dict[str, Any]) -> None:
    assert child["name"].replace("\0", " ").endswith("program.py --exports")


def test_it_holds_no_file_of_its_parent(child: dict[str, Any]) -> None:
    assert child["files"][:3] == ["0", "1", "2"] and len(child["files"]) == 4  # and the folder that it lists


def test_it_is_waited_for_and_killed_like_any_other(tmp_path: Path) -> None:
    assert told(WAITING, SLEEPER, tmp_path).splitlines() == ["waited None", "-9"]


def test_no_library_for_pdf_or_excel_is_loaded_before_a_file_is_written_or_read() -> None:
    files = ("weasyprint", "pikepdf", "xlsxwriter", "openpyxl", "minio")
    code = f"import sys, app, worker; app.create_app(); print([one for one in {files} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
