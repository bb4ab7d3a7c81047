"""The house stands: imports point down, only floor 3 reads the clock, only services commit, files stay short."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "app").rglob("*.py"))
FILE_LINES = 300  # a file stays under it
FUNCTION_LINES = 40

_BELOW = {"services", "models", "domain", "extensions", "integrations", "config", "clock", "failpoints"}
# floor -> the floors of ours that it may import
MAY_IMPORT = {
    "domain": {"domain"},
    "extensions": set(),
    "failpoints": set(),
    "config": {"domain"},
    "clock": {"config", "extensions"},
    "logs": {"domain"},
    "web_process": set(),
    "models": {"models", "domain", "extensions"},
    "services": {"services", "models", "domain", "extensions", "failpoints"},
    "integrations": {"integrations", "domain"},
    "jobs": {"jobs", "wiring"} | _BELOW,  # an entry point makes its application, as wsgi.py does
    "web": {"web", "jobs"} | _BELOW,  # same floor: rings the bell after a commit
    "start": {"logs"} | _BELOW,
    "cli": {"cli", "jobs"} | _BELOW,
    "wiring": {"wiring", "web", "jobs", "cli"} | _BELOW,
}
CALENDAR_DATA = {"chinese_calendar", "holidays"}
# floor -> libraries that have no business there
FOREIGN = {
    "services": ("flask", "rq", "redis", "requests"),
    "models": ("flask_wtf", "flask_babel", "rq", "redis", "requests"),
    "integrations": ("flask", "sqlalchemy"),
}
# Pages whose SQL is their own; the second engine runs their tests, as it runs no other page's (tests/conftest.py).
SQL_OF_ITS_OWN = {"app.web.card_bundle"}
NO_QUESTION = ("sqlalchemy.exc", "sqlalchemy.orm.Session")  # what a page may have of the library: errors and a type
ASKING = {"execute", "scalar", "scalars", "exec_driver_sql", "get_one", "query"}
CLOCKLESS = {"domain", "models", "services"}
CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.localtime"}


@lru_cache(maxsize=1)
def nodes(tree: ast.AST) -> list[ast.AST]:
    """Every node of a file, which several questions go through."""
    return list(ast.walk(tree))


def floor_of(module: str) -> str:
    """`app.services.intake` stands on `services`; `app` itself and what is named *_cli are wiring and cli."""
    parts = module.split(".")
    if len(parts) == 1:
        return "wiring"
    return "cli" if parts[1] == "cli" or parts[1].endswith("_cli") else parts[1]


def module_of(file: Path) -> str:
    """The dotted name of a file below the root."""
    parts = list(file.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every import, wherever it stands in the file: line and dotted name."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "app":
                yield from ((node.lineno, f"app.{name.name}") for name in node.names)
            else:
                yield node.lineno, node.module


def import_faults(module: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The imports of a module that its floor forbids."""
    floor = floor_of(module)
    for line, name in imports(tree):
        top = name.split(".")[0]
        # `from app import create_app` asks for a name of the wiring, which only the wiring has
        if top == "app":
            target = floor_of(name) if floor_of(name) in MAY_IMPORT else "wiring"
            if target not in MAY_IMPORT[floor]:
                yield line, f"{floor} imports {name}, which points up"
        elif floor == "domain" and top not in sys.stdlib_module_names | CALENDAR_DATA:
            yield line, f"domain imports {name}: standard library and calendar data only"
        elif any(top == banned or top.startswith(f"{banned}_") for banned in FOREIGN.get(floor, ())):
            yield line, f"{floor} imports {name}"


def call_faults(module: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Calls that a floor must not make: the clock below floor 3, a commit outside services."""
    floor = floor_of(module)
    for node in nodes(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        called = ".".join(ast.unparse(node.func).split(".")[-2:])
        if floor in CLOCKLESS and called in CLOCK_CALLS:
            yield node.lineno, f"{floor} reads the clock with {called}(): `now` is an argument"
        if floor != "services" and node.func.attr == "commit":
            yield node.lineno, f"{floor} commits: only services do"


def sql_faults(module: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """A page that asks the database itself: its test would have to run on both engines."""
    if floor_of(module) != "web" or module in SQL_OF_ITS_OWN:
        return
    for line, name in imported_names(tree):
        if name.split(".")[0] == "sqlalchemy" and not name.startswith(NO_QUESTION):
            yield line, f"{name} on the web's floor: a service asks the database"
    for node in nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKING:
            if ast.unparse(node.func.value).split(".")[-1] in ("session", "session()", "connection", "connection()"):
                yield node.lineno, f"the web calls {node.func.attr}(): a service asks the database"


def imported_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every imported name with the module that it comes from."""
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)


def length_faults(source: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Files and functions that grew too long."""
    lines = source.count("\n")
    if lines >= FILE_LINES:
        yield 1, f"{lines} lines: a file stays under {FILE_LINES}"
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            if size > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {size} lines: a function has at most {FUNCTION_LINES}"


def faults(module: str, source: str) -> list[str]:
    """Everything that is wrong with one module, a line each."""
    if floor_of(module) not in MAY_IMPORT:
        return [f"{module} stands on no floor: give it one in tests/test_floors.py or move it"]
    tree = ast.parse(source)
    found = [
        *import_faults(module, tree),
        *call_faults(module, tree),
        *sql_faults(module, tree),
        *length_faults(source, tree),
    ]
    return [f"{module}:{line} {what}" for line, what in found]


def test_every_module_keeps_to_its_floor() -> None:
    found = [fault for file in FILES for fault in faults(module_of(file), file.read_text())]
    assert not found, "\n" + "\n".join(found)


def test_nothing_else_imports_the_portal() -> None:
    """Who speaks HTTP, starts processes or judges them from outside does not know the portal's code."""
    outside = [file for name in ("simulator", "launcher", "chaos", "capacity") for file in (ROOT / name).rglob("*.py")]
    found = [
        f"{module_of(file)}:{line} imports {name}"
        for file in outside
        for line, name in imports(ast.parse(file.read_text()))
        if name.split(".")[0] == "app"
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("app.domain.clocks", "import flask"),
        ("app.domain.clocks", "from app.models import ticket"),
        ("app.domain.clocks", "from datetime import datetime, UTC\ndatetime.now(UTC)"),
        ("app.models.ticket", "from app.services import replies"),
        ("app.services.replies", "from app.web import tickets"),
        ("app.services.replies", "from app import jobs"),
        ("app.services.replies", "def f():\n    from app.integrations.sms import console"),
        ("app.services.replies", "import flask_login"),
        ("app.services.replies", "from app import create_app"),
        ("app.integrations.platform", "from app.models.ticket import Ticket"),
        ("app.web.tickets", "db.session.commit()"),
        ("app.jobs.sends", "from app.web import tickets"),
        ("app.web.tickets", "from sqlalchemy import select"),
        ("app.web.tickets", "db.session.scalars(asked)"),
        ("app.web.tickets", "session = db.session()\nsession.execute(asked)"),
        ("app.extensions", "from app.config import Config"),
        ("app.helpers", "x = 1"),
        ("app.web.tickets", "x = 1\n" * 300),
        ("app.web.tickets", "def f():\n" + "    x = 1\n" * 40),
    ],
)
def test_a_fault_is_found(module: str, source: str) -> None:
    assert faults(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("app.domain.calendars", "import chinese_calendar"),
        (
            "app.services.replies",
            "from app.domain import lifecycle\nfrom app.models.ticket import Ticket\ndb.session.commit()",
        ),
        ("app.web.tickets", "from app import clock\nfrom app.services import replies"),
        ("app.demo_cli", "from app.services import demo"),
        ("app.jobs.sends", "from app.integrations import platform"),
        ("app", "from app import cli, web"),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert not faults(module, source)
