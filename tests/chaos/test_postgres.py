"""Where no PostgreSQL server can be brought, the run says so in one line and ends with 2."""

from __future__ import annotations

import sys

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
