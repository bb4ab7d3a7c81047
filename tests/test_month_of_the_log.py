"""A month of the real log is closed, and every figure equals arithmetic on the raw file."""

from __future__ import annotations

import csv
import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.history_toml import read
from app.domain.roles import Actor
from app.models import FrozenCard, ImportedTicket, Organisation
from app.services import demo, month_freeze, month_verify
from app.services.history import Import, import_file
from simulator import history_expected, month_expected
from tests.cast import NOON

ROOT = Path(__file__).resolve().parent.parent
MAPPING = ROOT / "data" / "mappings" / "incident_event_log.toml"
LINES, MONTH = 2500, "2016-03"
HEAD = Actor(None, "ccs_manager", None, None)


@pytest.fixture
def closed(app: Any, database: Any, tmp_path: Path) -> tuple[Any, Path]:
    """The first lines of the log imported, and March 2016 frozen."""
    path = tmp_path / "slice.csv.gz"
    with gzip.open(history_expected.LOG, "rt", encoding="utf-8-sig", newline="") as source:
        lines = list(islice(csv.reader(source), 1 + LINES))  # the first one is the head
    with gzip.open(path, "wt", encoding="utf-8-sig", newline="") as target:
        csv.writer(target).writerows(lines)
    app.extensions["test_snapshots"].begin("the log's march", lambda: close(path), often=1)
    return database.session, path


def close(path: Path) -> None:
    demo.load(now=NOON, callback_url="http://127.0.0.1:9/callback", tickets=False)
    rules = read(MAPPING.read_text(encoding="utf-8"))
    import_file(source=path, run=Import(rules, NOON, lambda *_fault: None))
    month_freeze.freeze(actor=HEAD, month=MONTH, now=NOON)


GIVEN = ("tickets", "open", "resolve_due", "resolve_in_time", "results")  # what the log has cases of


def said(body: dict[str, Any]) -> dict[str, Any]:
    """What a card says of these."""
    return {**{name: body["facts"][name] for name in GIVEN}, "handling": body["handling"], "score": body["score"]}


def test_roll_ups_ranks_and_grades_equal_the_raw_files_and_nothing_else_is_counted(closed: tuple[Any, Path]) -> None:
    session, path = closed
    counted = month_expected.counted(history_expected.read(path), MONTH)
    place = select(ImportedTicket.group, Organisation.code, Organisation.province_id).join(
        Organisation, Organisation.id == ImportedTicket.organisation_id
    )
    homes = {group: (code, province) for group, code, province in session.execute(place.distinct()) if group}
    rows = list(session.scalars(select(FrozenCard)))
    bodies = {row.code: json.loads(row.body) for row in rows}
    known = {group: own for group, own in counted.items() if group in homes}
    for row in rows:
        if row.kind in ("province", "headquarters"):
            house = row.kind == "headquarters"
            inside = [own for group, own in known.items() if house or homes[group][1] == row.organisation_id]
            assert said(bodies[row.code]) == month_expected.together(inside), row.code
        rest = {name: n for name, n in bodies[row.code]["facts"].items() if name not in GIVEN}
        assert not any(rest.values()), (row.code, rest)
    finished = {group: month_expected.together([own]) for group, own in known.items()}
    for group, wanted in month_expected.ranks(finished).items():
        body = bodies[homes[group][0]]
        assert (body["rank"], body["grade"]) == (wanted, month_expected.grade(finished[group]["score"])), group


def test_every_figure_of_the_closed_month_equals_the_raw_files(closed: tuple[Any, Path]) -> None:
    session, path = closed
    expected = month_expected.compute(history_expected.read(path), MONTH)
    place = select(ImportedTicket.group, Organisation.code).join(
        Organisation, Organisation.id == ImportedTicket.organisation_id
    )
    codes = {group: code for group, code in session.execute(place.distinct()) if group}
    bodies = {row.code: json.loads(row.body) for row in session.scalars(select(FrozenCard))}
    assert len(expected) > 20
    for group, wanted in expected.items():
        if group in codes:
            facts, body = bodies[codes[group]]["facts"], bodies[codes[group]]
            given = {name: facts[name] for name in ("tickets", "open", "resolve_due", "resolve_in_time", "results")}
            assert given | {"handling": body["handling"], "score": body["score"]} == wanted, group
    network = bodies["HQ"]["facts"]
    assert network["tickets"] == sum(own["tickets"] for own in expected.values()) > 100
    assert month_verify.verify(month=MONTH).differences == ()
