"""Each line of the two pages of proofs names tests, commands and measures, and they are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from launcher import soak

ROOT = Path(__file__).resolve().parent.parent
MAKE = (ROOT / "Makefile").read_text()
PAGES = {"security-proofs.md": 30, "promise-proofs.md": 85}  # and how many lines each has at the least
PROMISES = ["INV", *(str(n) for n in range(1, 17))]
WITHOUT_COMMAND = ("all of it in the suite", "LIFE_EXAMPLES=")


def lines_of(page: str) -> list[str]:
    """The rows of all its tables, without their heads."""
    text = (ROOT / "docs" / page).read_text().splitlines()
    heads = {n - 1 for n, line in enumerate(text) if line.startswith("| ---")}
    return [line for n, line in enumerate(text) if line.startswith("| ") and "| ---" not in line and n not in heads]


@cache
def names_in(file: str) -> set[str]:
    path = ROOT / "tests" / file
    if not path.exists():
        return set()
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", list(PAGES))
def test_every_line_names_a_test_that_is_there(page: str) -> None:
    lines = lines_of(page)
    assert len(lines) >= PAGES[page]
    missing = []
    for line in lines:
        named = re.findall(r"`((?:\w+/)?\w+\.py)::(\w+)`", line)
        missing += [line[:60]] if not named or line.count("::") != len(named) else []
        missing += [f"{file}::{name}" for file, name in named if name not in names_in(file)]
    assert missing == []


def test_every_promise_has_its_line_and_each_line_says_what_takes_its_figure() -> None:
    lines = lines_of("promise-proofs.md")
    assert [line.split("|")[1].strip() for line in lines[: len(PROMISES)]] == PROMISES
    for line in lines:
        said = line.rstrip(" |").rpartition("|")[2]
        commands = re.findall(r"`make ([a-z]+)", said)
        assert commands or any(word in said for word in WITHOUT_COMMAND), line[:60]
        assert all(f"\n{command}: " in MAKE for command in commands), said
        for word in re.findall(r'WORD="([^"]+)"', said):
            assert any(word in name for name in soak.measures()), word


def test_every_measure_stands_in_a_line() -> None:
    page = "".join(lines_of("promise-proofs.md"))
    assert [name for name in soak.measures() if f'WORD="{name}"' not in page] == []
