"""Settings, folders, ports and the order of a start."""

from __future__ import annotations

import shutil
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from app.config import Config
from launcher import banner, prepare, suite
from launcher.run import programs
from launcher.settings import HOST, Settings, StartError, make_folders, require_free
from tests.rights import without_rights


def settings(folder: Path, **env: str) -> Settings:
    return Settings.from_env({"DATA_DIR": str(folder), **env})


def test_the_defaults_are_port_8000_and_var() -> None:
    plain = Settings.from_env({})
    assert (plain.port, plain.data_dir.name, plain.environment) == (8000, "var", "demo")


@pytest.mark.parametrize("port", ["", "0", "65535", "http", "-1", "80.5"])
def test_a_port_that_is_none_is_refused_plainly(tmp_path: Path, port: str) -> None:
    if port == "":
        assert settings(tmp_path, PORT=port).port == 8000
        return
    with pytest.raises(StartError, match="PORT must be a number"):
        settings(tmp_path, PORT=port)


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        with pytest.raises(StartError, match="is in use") as caught:
            require_free(other.getsockname()[1], "portal")
    assert "\n" not in str(caught.value)


def test_the_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    start = settings(tmp_path / "data")
    make_folders(start)
    key = start.data_dir / "secret_key"
    first = key.read_text()
    make_folders(start)
    assert key.read_text() == first
    assert len(first) == 64
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_new_data_folder_is_its_owners_alone_whoever_makes_it(tmp_path: Path) -> None:
    start = settings(tmp_path / "launched")
    make_folders(start)
    Config.from_env({"DATA_DIR": str(tmp_path / "asked"), "KUAIFU_ENV": "demo"})
    for folder in (start.data_dir, tmp_path / "asked"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_a_folder_that_cannot_be_written_is_one_line() -> None:
    folder = Path(tempfile.mkdtemp(prefix="kuaifu-launcher-"))
    start = settings(folder)
    make_folders(start)
    folder.chmod(0o555)

    def tried() -> str:
        try:
            make_folders(start)
        except StartError as error:
            return str(error)
        return ""

    try:
        said = without_rights(tried)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    assert said.startswith(f"DATA_DIR {folder} cannot be written") and "\n" not in said


def test_a_proxy_never_stands_between_our_own_processes(tmp_path: Path) -> None:
    env = settings(tmp_path).child_env({"HTTP_PROXY": "http://proxy", "NO_PROXY": "example.org"}, "unix:///x")
    assert env["NO_PROXY"] == "example.org,127.0.0.1,localhost"
    assert env["REDIS_URL"] == "unix:///x"
    assert env["PLATFORM_CALLBACK_URL"] == "http://127.0.0.1:8001/callback"


def test_the_simulator_listens_beside_the_portal(tmp_path: Path) -> None:
    command = programs(settings(tmp_path, PORT="9000"))["simulator"]
    assert command[command.index("--portal") + 1] == "http://127.0.0.1:9000"
    assert command[command.index("--listen") + 1] == "127.0.0.1:9001"


def test_the_first_start_migrates_and_the_second_only_refreshes(tmp_path: Path) -> None:
    start = settings(tmp_path)
    assert prepare.commands(start) == (["db upgrade", "demo load", "demo refresh"], True)
    (tmp_path / "kuaifu.sqlite3").touch()
    prepare.mark(start)
    assert prepare.commands(start) == (["demo refresh"], False)
    (tmp_path / "kuaifu.sqlite3").unlink()
    assert prepare.commands(start)[1]


def test_a_database_elsewhere_is_always_migrated_first(tmp_path: Path) -> None:
    (tmp_path / "kuaifu.sqlite3").touch()
    start = settings(tmp_path, DATABASE_URL="postgresql+psycopg://elsewhere/db")
    prepare.mark(start)
    assert prepare.commands(start)[1]


def test_production_gets_no_demo_data(tmp_path: Path) -> None:
    assert prepare.commands(settings(tmp_path, KUAIFU_ENV="production")) == (["db upgrade", "seed"], True)


def test_the_banner_names_every_account_in_straight_columns() -> None:
    rows = banner.accounts().splitlines()
    assert len(rows) == len(banner.ACCOUNTS) + 1
    starts = {
        banner.width(row[: row.rindex(english)]) for row, (_, _, english) in zip(rows[1:], banner.ACCOUNTS, strict=True)
    }
    assert len(starts) == 1


def test_every_case_has_a_round_of_its_own_where_that_is_asked_for() -> None:
    engines = ["SQLite, embedded Redis", "PostgreSQL, Redis"]
    asked = {"TEST_DATABASE_URL": "postgresql://x", "TEST_REDIS_URL": "redis://x", "THOROUGH": "1"}
    plan = suite.rounds(asked)
    assert [part.name for part in plan] == [*engines, *(f"thorough: {name}" for name in engines), "browser"]
    words = [part.arguments[part.arguments.index("-m") + 1] for part in plan]
    assert words == ["not browser and (not thorough or sample)"] * 2 + ["thorough"] * 2 + ["browser"]


def test_the_suite_takes_as_many_processes_as_there_are_processors_and_a_little_more() -> None:
    plan = suite.rounds({"TEST_DATABASE_URL": "postgresql://x"})
    taken = [int(part.arguments[part.arguments.index("-n") + 1]) - suite.cores() for part in plan[:2]]
    assert taken == [suite.HERE, suite.WAITING]


def test_the_suite_runs_twice_only_where_servers_are_named() -> None:
    assert [part.name for part in suite.rounds({})] == ["SQLite, embedded Redis", "browser"]
    both = suite.rounds({"TEST_DATABASE_URL": "postgresql://x", "TEST_REDIS_URL": "redis://x"})
    assert [part.name for part in both] == ["SQLite, embedded Redis", "PostgreSQL, Redis", "browser"]
    assert both[0].env["TEST_DATABASE_URL_RUN"] == ""
