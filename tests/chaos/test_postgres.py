"""Where no PostgreSQL server can be brought, the run says so in one line and ends with 2."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from chaos import __main__, postgres


@pytest.fixture(name="without_programs")
def without_programs_fixture(monkeypatch):
    def none() -> None:
        raise postgres.NoServer("no initdb on this machine")

    monkeypatch.setattr(postgres, "programs", none)
    for name in ("CHAOS_DATABASE_URL", "BENCH_DATABASE_URL", "TEST_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["chaos", "--engine", "postgresql", "--minutes", "0.1"])


def test_nothing_is_said_plainly_and_ends_with_2(without_programs, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("chaos.run.FOLDER", tmp_path)
    assert __main__.main() == 2
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0
    assert "no initdb on this machine" in said and "CHAOS_DATABASE_URL" in said


def test_a_server_that_is_not_there_is_said_plainly_too(without_programs, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("chaos.run.FOLDER", tmp_path)
    monkeypatch.setenv("CHAOS_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:9/none")
    assert __main__.main() == 2
    assert "no database can be made there" in capsys.readouterr().err


def test_a_database_elsewhere_is_a_new_one_with_a_name_of_its_own():
    guest = postgres.Guest("postgresql+psycopg://user:secret@host:5433/postgres?sslmode=disable")
    assert guest.url == f"postgresql+psycopg://user:secret@host:5433/{guest.name}?sslmode=disable"
    assert not guest.own and postgres.Server.own


def test_its_port_is_none_that_an_outgoing_connection_gets_while_it_is_down():
    low = Path("/proc/sys/net/ipv4/ip_local_port_range")
    lowest = int(low.read_text().split()[0]) if low.exists() else 32_768
    assert postgres._free_port() <= postgres.LAST_PORT < lowest


def test_a_server_that_cannot_start_says_why(tmp_path, monkeypatch):
    (tmp_path / "postgres").write_text("#!/bin/sh\necho 'FATAL: no room left' >&2\nexit 1\n")
    (tmp_path / "postgres").chmod(0o755)
    monkeypatch.setattr(postgres, "programs", lambda: tmp_path)
    monkeypatch.setattr(postgres, "servant", lambda: ([], os.getuid()))
    server = postgres.Server()
    try:
        with pytest.raises(postgres.NoServer, match="FATAL: no room left"):
            server.start()
    finally:
        server.remove()


def test_a_server_that_runs_is_not_started_a_second_time(tmp_path, monkeypatch):
    (tmp_path / "postgres").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "postgres").chmod(0o755)
    monkeypatch.setattr(postgres, "programs", lambda: tmp_path)
    monkeypatch.setattr(postgres, "servant", lambda: ([], os.getuid()))
    monkeypatch.setattr(postgres, "SECONDS", 0.3)
    server = postgres.Server()
    try:
        with pytest.raises(postgres.NoServer):
            server.start()
        first = server.process
        server.start()
        assert server.process is first
    finally:
        server.remove()
