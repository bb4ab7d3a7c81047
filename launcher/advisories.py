"""`make audit`: known holes in the pinned libraries, asked of the public advisories through pip-audit.

Exit code 1 when there is one. Where the advisories cannot be reached it says so and ends with 0: that is no
finding, and no proof either.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from launcher.settings import ROOT

LISTS = ("requirements.txt",)  # what a portal runs with
SECONDS = 180


def ask(lists: tuple[str, ...] = LISTS) -> tuple[int, str, str]:
    """pip-audit's exit code, what it found as JSON, and what it complained about."""
    named = [word for name in lists for word in ("--requirement", str(Path(ROOT) / name))]
    command = [sys.executable, "-m", "pip_audit", *named, "--no-deps", "--disable-pip", "--format", "json",
               "--progress-spinner", "off", "--timeout", "15"]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return 1, "", "no answer in time"
    return done.returncode, done.stdout, done.stderr


def judge(code: int, found: str, complaint: str) -> tuple[int, list[str]]:
    """The exit code and the lines to print."""
    try:
        libraries: list[dict[str, Any]] = json.loads(found)["dependencies"]
    except (ValueError, KeyError, TypeError):
        reason = (complaint.strip().splitlines() or [f"pip-audit ended with code {code}"])[-1][:200]
        return 0, ["audit: NOTHING WAS CHECKED, the advisories cannot be reached from here", f"audit: {reason}"]
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in libraries
        for hole in one.get("vulns", [])
    ]
    skipped = [f"{one['name']}: not checked ({one['skip_reason']})" for one in libraries if one.get("skip_reason")]
    asked = len(libraries) - len(skipped)
    if not asked:  # a mirror without advisories answers, and knows nothing
        first = skipped[0] if skipped else "no library is pinned"
        return 0, ["audit: NOTHING WAS CHECKED, whoever answers here knows no advisories", f"audit: {first}"]
    return (1 if holes else 0), [*holes, *skipped, f"audit: {asked} libraries checked, {len(holes)} known holes"]


def main() -> int:
    """Ask and tell."""
    code, lines = judge(*ask())
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
