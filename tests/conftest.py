"""What every test stands on: no network, a database and a Redis of its own, an application, a client."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import ipaddress
import json
import math
import os
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache

from tests.databases import Cleaner, postgresql_schema

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # no test is timed
settings.load_profile("suite")
BOTH, THOROUGH, SAMPLE, HOSTS = "both_engines", "thorough", "sample", "several_hosts"
EVERY = 8  # of the cases of a thorough test that stand in its sample
DATABASE_URL = os.environ.get("TEST_DATABASE_URL_RUN", "")
REDIS_URL = os.environ.get("TEST_REDIS_URL_RUN", "")
STATEMENTS = 5000
LONG = {  # what takes seconds begins first, so that no process works alone at the end
    "test_sizes.py", "test_queries.py", "test_list_plans.py", "test_list_costs.py", "test_backup.py",
    "test_audit_draws.py", "test_month_of_the_log.py", "test_scorecards.py",
}  # fmt: skip
ENGINE_FREE = {
    "domain", "fuzz", "integrations", "launcher", "simulator", "chaos", "capacity", "browser",
    "test_floors.py", "test_translations.py",
}  # fmt: skip


# --- which tests run, and what is told at the end ---


def pytest_configure() -> None:
    """Nothing that the collection makes is rubbish: to look for some takes a tenth of its time."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What stands now stands till the end; rubbish is looked for among what the tests leave, and less often."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 20, 20)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What has nothing for a round is not even read: the second engine's, and the thorough one's."""
    if config.option.markexpr == THOROUGH and not _thorough(collection_path):
        return True
    return True if DATABASE_URL and (_without_database(collection_path) or _first_alone(collection_path)) else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Of a thorough test with many cases the ordinary round has some, always the same."""
    many = getattr(item, "callspec", None) is not None and item.get_closest_marker(THOROUGH) is not None
    if many and zlib.crc32(item.nodeid.encode()) % EVERY == 0:
        item.add_marker(SAMPLE)


def _thorough(path: Path) -> bool:
    return path.is_dir() or f"mark.{THOROUGH}" in path.read_text(encoding="utf-8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is meant for the other engine or for root: left out, not skipped, so that a skip always means
    something."""
    other = "sqlite_only" if DATABASE_URL else "postgresql_only"
    out = [item for item in items if item.get_closest_marker(other) or (DATABASE_URL and _engine_free(item))]
    apart = [item for item in items if item not in out and item.get_closest_marker(HOSTS)]
    out += apart if apart and not _several_hosts() else []
    if out:
        config.hook.pytest_deselected(items=out)
        gone = set(out)
        items[:] = [item for item in items if item not in gone]
    items.sort(key=lambda item: item.path.name not in LONG)


def _several_hosts() -> bool:
    from chaos.hosts import possible

    return possible()


def _engine_free(item: pytest.Item) -> bool:
    if item.get_closest_marker("engine_free") is not None or _without_database(item.path):
        return True
    return _of_the_web(item.path) and item.get_closest_marker(BOTH) is None


def _without_database(path: Path) -> bool:
    """Tests of these folders touch no database: the first round has run them."""
    return path.relative_to(Path(__file__).parent).parts[:1] in {(name,) for name in ENGINE_FREE}


def _of_the_web(path: Path) -> bool:
    """The pages' tests, of which the second engine runs those marked `both_engines`.

    A page has no SQL of its own (tests/test_floors.py): what it asks is asked of both engines by the tests of the
    services. So a test over HTTP runs again only where the meaning of what is sent depends on the engine: junk, NUL,
    numbers out of range, search, order and pages by key, counted statements and plans, what happens at once, deaths
    and a database that is away. And each address is asked once by each scope (test_each_role_gets_what_the_table_says).
    """
    return path.relative_to(Path(__file__).parent).parts[:1] == ("web",) and path.name.startswith("test_")


def _first_alone(path: Path) -> bool:
    return _of_the_web(path) and f"mark.{BOTH}" not in path.read_text(encoding="utf-8")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the counts for `make test`; with FAIL_ON_SKIP=1 a skip is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    counts = {kind: len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
    report = os.environ.get("TEST_REPORT")
    if report:
        Path(report).write_text(json.dumps(counts))
    if counts["skipped"] and exitstatus == 0 and os.environ.get("FAIL_ON_SKIP") == "1":
        reporter.write_line(f"{counts['skipped']} skipped, and a skip is a failure here (FAIL_ON_SKIP=1)", red=True)
        session.exitstatus = 1


# --- no network ---


def _allowed(host: Any) -> bool:
    host = host.decode() if isinstance(host, bytes) else host
    if host in (None, "", "localhost", urlsplit(REDIS_URL).hostname, urlsplit(DATABASE_URL).hostname):
        return True
    try:
        return ipaddress.ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Only this machine can be reached: a test that talks to the outside fails and says to whom."""
    patch = pytest.MonkeyPatch()

    def guard(kind: str) -> None:
        real = getattr(socket.socket, kind)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX and not _allowed(address[0]):
                pytest.fail(f"the network is forbidden in tests, and this one connects to {address!r}")
            return real(self, address)

        patch.setattr(socket.socket, kind, connect)

    def lookup(host: Any, *rest: Any, **named: Any) -> Any:
        if not _allowed(host):
            pytest.fail(f"the network is forbidden in tests, and this one looks up {host!r}")
        return real_lookup(host, *rest, **named)

    real_lookup = socket.getaddrinfo
    guard("connect")
    guard("connect_ex")
    patch.setattr(socket, "getaddrinfo", lookup)
    yield
    patch.undo()


# --- database, Redis, application ---


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of this run (each xdist process has its own)."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def engine_url(data_dir: Path) -> Iterator[str]:
    """An empty database of this process: a SQLite file, or a PostgreSQL schema that is dropped at the end."""
    if not DATABASE_URL:
        yield f"sqlite:///{data_dir / 'test.sqlite3'}"
        return
    with postgresql_schema(DATABASE_URL) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(data_dir: Path) -> Iterator[str]:
    """A Redis of this process: an embedded one, or a numbered database of TEST_REDIS_URL, emptied before and after."""
    from redis import Redis

    from launcher.redis import start

    if not REDIS_URL:
        server = start(data_dir)
        yield server.url
        server.stop()
        return
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = urlsplit(REDIS_URL)._replace(path=f"/{number}").geturl()
    with contextlib.closing(Redis.from_url(url)) as client:
        client.flushdb()
        yield url
        client.flushdb()


class IsolatedClient(FlaskClient):
    """A client whose requests never share a context, a session or a read transaction with the test around them."""

    def open(self, *arguments: Any, **named: Any) -> Any:
        """One request, in an empty context of its own as in a real server."""
        from app.extensions import db

        if has_app_context():
            db.session.rollback()
        return contextvars.Context().run(super().open, *arguments, **named)


@pytest.fixture(scope="session")
def app(
    engine_url: str,
    redis_url: str,
    data_dir: Path,
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:
    """The application on its migrated database. Use `database` or `client`, which clean up behind the test."""
    from app import create_app
    from app.config import Config
    from app.extensions import db
    from app.services import month_kept
    from tests import quick_hashes

    quick_hashes.use()
    month_kept.SLOW = math.inf  # however slow the machine is: the rows of a database that is used again are others
    portal = create_app(Config.for_tests(engine_url, redis_url, data_dir))
    portal.test_client_class = IsolatedClient
    # Compiled once for all processes, and until a template changes: its text is a part of the key.
    if kept := getattr(pytestconfig, "cache", None):  # a run for planted faults keeps nothing
        portal.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(kept.mkdir("templates")))
    with portal.app_context():  # every page and service in one process has more statements than SQLAlchemy remembers
        db.engine._compiled_cache.capacity = STATEMENTS
    cleaner = Cleaner(portal)
    several = hasattr(pytestconfig, "workerinput")
    cleaner.build(tmp_path_factory.getbasetemp().parent / "migrated.sqlite3" if several else None)
    portal.extensions["test_cleaner"] = cleaner
    portal.extensions["test_snapshots"] = cleaner.snapshots()
    yield portal
    cleaner.close()


@pytest.fixture
def database(app: Flask) -> Iterator[Any]:
    """`db` inside an application context; afterwards all rows are gone but those that the migrations brought."""
    from app.extensions import db

    with app.app_context():
        yield db
    app.extensions["test_cleaner"].clean()


@pytest.fixture
def db_session(database: Any) -> Any:
    """The database session of the test. Services commit themselves; a test commits what it adds by hand."""
    return database.session


@pytest.fixture
def client(app: Flask, database: Any) -> FlaskClient:
    """A browser without scripting: keeps cookies, runs each request in a context of its own."""
    return app.test_client()
