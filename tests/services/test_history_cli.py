"""The two commands as an operator types them."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from app import clock
from app.domain import history_mapping
from app.domain.categories import CATEGORIES
from app.domain.history_toml import GROUP_KEYS, TABLES
from app.models.dialect_locks import hold
from app.services import health
from app.services.history import Summary
from tests.cast import NOON
from tests.services.test_history_import import CLOSED, MAPPING, OPEN, row, write_csv

MANUAL = (Path(__file__).resolve().parents[2] / "docs" / "import.md").read_text(encoding="utf-8")


@pytest.fixture
def flask(app, cast, tmp_path, monkeypatch):
    """Run a `flask` command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "now", lambda: NOON)
    (tmp_path / "old.toml").write_text(MAPPING, encoding="utf-8")
    return lambda *words: app.test_cli_runner().invoke(args=list(words))


def bring(flask, folder, *words, rows=(*CLOSED, *OPEN)):
    write_csv(folder, rows)
    return flask("import-history", "old.csv", "--mapping", "old.toml", *words)


def test_the_last_line_is_the_summary(flask, tmp_path):
    done = bring(flask, tmp_path, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.splitlines()[-1])
    wanted = {"tickets": 2, "events": 5, "reassignments": 1, "reopenings": 0, "sla_true": 2, "rejected": 0}
    assert wanted.items() <= told.items() and told["seconds"] >= 0


def test_no_bar_is_drawn_where_nobody_watches(flask, tmp_path):
    assert bring(flask, tmp_path).stderr == ""


def test_rejected_rows_are_listed_in_a_file_whose_cells_are_no_formulas(flask, tmp_path):
    bring(flask, tmp_path, rows=[row("=1+1", "never", "Queued / Awaiting")])
    lines = (tmp_path / "old.csv.rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "line,ticket,reason" and lines[1].startswith("2,'=1+1,Changed: ")


def test_every_fault_of_a_mapping_is_told_and_nothing_happens(flask, tmp_path):
    (tmp_path / "old.toml").write_text('name = "x"\ncolour = 1\n', encoding="utf-8")
    write_csv(tmp_path, CLOSED)
    done = flask("import-history", "old.csv", "--mapping", "old.toml")
    assert done.exit_code == 1 and "colour: is not known" in done.stderr and "columns.ticket: is missing" in done.stderr


def test_what_cannot_stand_is_told_in_prose(flask, tmp_path):
    (tmp_path / "old.toml").write_text(MAPPING.replace('parent = "44"', 'parent = "99"'), encoding="utf-8")
    done = bring(flask, tmp_path)
    assert done.exit_code == 1 and "99, the parent of 44-G97" in done.stderr and "{" not in done.stderr


def test_without_tables_one_line_names_the_command(flask, tmp_path, monkeypatch):
    monkeypatch.setattr(health, "migrations_pending", lambda *_a, **_k: True)
    for done in (bring(flask, tmp_path), flask("history", "report"), flask("seed")):
        assert done.exit_code == 1 and "run `flask --app wsgi db upgrade` first" in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_beside_another_import_the_second_ends_with_one_line(flask, tmp_path, database):
    with hold(database.engine, "import"):
        done = bring(flask, tmp_path)
    assert done.exit_code == 1 and done.stderr.splitlines() == [
        "Error: another run is importing into this portal: start again when it has ended"
    ]


def test_rejects_that_cannot_be_written_are_told(flask, tmp_path):
    done = bring(flask, tmp_path, "--rejects", "nowhere/rejects.csv")
    assert done.exit_code == 1 and "nowhere/rejects.csv" in done.stderr and "--rejects" in done.stderr


def test_the_text_report_names_its_columns(flask, tmp_path):
    bring(flask, tmp_path)
    head, *lines = flask("history", "report").stdout.splitlines()
    assert head.split() == ["month", "organisation", "group", "tickets", "met", "/", "decided", "share"]
    assert lines[0].split() == ["2026-10", "330106-01", "V5", "1", "1", "/", "1", "100.0%"]


def test_the_report_has_numerator_and_denominator_of_each_share(flask, tmp_path):
    bring(flask, tmp_path)
    told = json.loads(flask("history", "report", "--json").stdout)
    assert told["totals"]["tickets"] == 2
    row_of = {(one["organisation"], one["month"]): one for one in told["organisations"]}
    october = row_of["330106-01", "2026-10"]
    assert (october["numerator"], october["denominator"], october["share"], october["events"]) == (1, 1, 1.0, 3)
    assert json.loads(flask("history", "report", "--json", "--source", "other").stdout)["organisations"] == []


def test_a_dry_run_says_what_would_come_in(flask, tmp_path):
    done = bring(flask, tmp_path, "--dry-run", "--json")
    assert "organisations that would be created: 1" in done.stdout
    assert "would be imported" in done.stdout and json.loads(done.stdout.splitlines()[-1])["dry_run"]
    assert json.loads(flask("history", "report", "--json").stdout)["totals"]["tickets"] == 0


def test_the_example_of_the_manual_works_as_it_is_printed(flask, tmp_path):
    example = re.search(r"```\n(SR Number;.*?)```.*?```toml\n(.*?)```", MANUAL, re.DOTALL)
    (tmp_path / "old.csv").write_text(example[1], encoding="utf-8")
    (tmp_path / "manual.toml").write_text(example[2], encoding="utf-8")
    done = flask("import-history", "old.csv", "--mapping", "manual.toml", "--json")
    told = json.loads(done.stdout.splitlines()[-1])
    wanted = {"tickets": 1, "events": 3, "reassignments": 1, "rejected": 0, "unmapped_groups": [], "organisations": 1}
    assert wanted.items() <= told.items()


def test_the_manual_s_organisations_are_enough_for_an_empty_portal(app, database, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flask = app.test_cli_runner()
    example = re.search(r"```\n(SR Number;.*?)```.*?```toml\n(.*?)```.*?```toml\n(.*?)```", MANUAL, re.DOTALL)
    Path("old.csv").write_text(example[1], encoding="utf-8")
    Path("manual.toml").write_text(example[2] + example[3], encoding="utf-8")
    assert flask.invoke(args=["seed"]).exit_code == 0
    told = []
    for words in (["--dry-run"], []):
        done = flask.invoke(args=["import-history", "old.csv", "--mapping", "manual.toml", "--json", *words])
        told.append(json.loads(done.stdout.splitlines()[-1]))
    assert [(one["tickets"], one["organisations"], one["added"]) for one in told] == [(1, 4, 0), (1, 4, 1)]


def test_the_manual_lists_the_categories():
    found = re.findall(r"`([A-Z_]+)` \| ([^|`]+?) (?=\|)", MANUAL)
    assert dict(found) == {category.code: category.name for category in CATEGORIES if category.kind == "complaint"}


def test_the_manual_explains_every_figure_of_a_run():
    keys = [one.name for one in fields(Summary)] + ["seconds", "dry_run"]
    assert [key for key in keys if not re.search(rf"^\| .*`{key}`.* \|", MANUAL, re.MULTILINE)] == []


def test_the_manual_names_every_key_of_a_mapping():
    tables = (history_mapping.Columns, history_mapping.FileForm, history_mapping.Defaults, history_mapping.Effects,
              history_mapping.Cut)  # fmt: skip
    keys = {one.name for table in tables for one in fields(table)} | set(TABLES) | set(GROUP_KEYS)
    assert [key for key in sorted(keys) if not re.search(rf"`\[*{key}[\]` =,]|, {key}`|{key} = ", MANUAL)] == []
