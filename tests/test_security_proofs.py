"""Each line of docs/security-proofs.md names tests, and they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security-proofs.md").read_text()


def names_in(file: str) -> set[str]:
    path = ROOT / "tests" / file
    return (
        {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
        if path.exists()
        else set()
    )


def test_every_promise_names_a_test_that_is_there() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(lines) > 30
    missing = []
    for line in lines:
        named = re.findall(r"`(\w+/\w+\.py)::(\w+)`", line)
        missing += [line[:60]] if not named else []
        missing += [f"{file}::{name}" for file, name in named if name not in names_in(file)]
    assert missing == []
