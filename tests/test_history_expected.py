"""The import of the real log, held against arithmetic of its own, and killed in the middle."""

from __future__ import annotations

import contextvars
import csv
import gc
import gzip
import json
import signal
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.domain.history_toml import read
from app.models import Clock, Event, ImportedFile, ImportedTicket, Outbox, Party, Reminder, Ticket
from app.services import demo, history, history_report, journal
from app.services.history import Import, import_file
from simulator import history_expected
from tests.cast import NOON
from tests.failing import kill

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parent.parent
MAPPING = ROOT / "data" / "mappings" / "incident_event_log.toml"
LINES, FEW, LAST = 5000, 1000, 500
BATCH = 50  # tickets a transaction here
NTH = 4  # the transaction in which the process dies


@cache
def the_log() -> list[list[str]]:
    with gzip.open(history_expected.LOG, "rt", encoding="utf-8-sig", newline="") as source:
        header, *lines = csv.reader(source)
    return [header, *lines[:LINES], *lines[-LAST:]]


def a_slice(folder: Path, many: int) -> Path:
    """The first lines of the real log and some of its last, unsorted and with a byte order mark."""
    header, *lines = the_log()
    path = folder / "slice.csv.gz"
    with gzip.open(path, "wt", encoding="utf-8-sig", newline="") as target:
        csv.writer(target).writerows([header, *lines[-LAST:], *reversed(lines[:many])])
    return path


@pytest.fixture
def company(database):
    """The demo company without a ticket."""
    demo.load(now=NOON, callback_url="http://127.0.0.1:9/callback", tickets=False)
    return database.session


def bring(source: Path):
    rules = read(MAPPING.read_text(encoding="utf-8"))
    return import_file(source=source, run=Import(rules, NOON, lambda *_fault: None))


def test_the_import_counts_what_the_raw_file_says(company, tmp_path):
    slice_of_log = a_slice(tmp_path, LINES)
    done = bring(slice_of_log)
    expected = history_expected.compute(history_expected.read(slice_of_log))
    told = history_report.report(source="incident-event-log", now=NOON)
    assert history_expected.compare(expected, told) == []
    totals = expected["totals"]
    assert {name: getattr(done, name) for name in history_expected.COUNTS if name != "met"} | {
        "met": totals["met"]
    } == totals
    assert 0 < totals["met"] < totals["tickets"] and totals["reopenings"] and done.rejected == 0


def test_the_comparison_finds_a_ticket_that_is_missing(company, tmp_path):
    slice_of_log = a_slice(tmp_path, FEW)
    bring(slice_of_log)
    told = history_report.report(now=NOON)
    told["groups"][3]["met"] -= 1
    expected = history_expected.compute(history_expected.read(slice_of_log))
    assert len(history_expected.compare(expected, told)) == 1


def test_no_import_leaves_the_house_and_every_chain_verifies(company, tmp_path):
    slice_of_log = a_slice(tmp_path, FEW)
    bring(slice_of_log)
    assert company.scalar(select(func.count()).select_from(Outbox)) == 0
    assert company.scalar(select(func.count()).select_from(Reminder)) == 0
    assert company.scalar(select(func.count()).where(Clock.next_stage_at.is_not(None))) == 0
    ids = company.scalars(select(ImportedTicket.ticket_id).order_by(ImportedTicket.number).limit(150)).all()
    assert [ticket_id for ticket_id in ids if journal.verify(company, ticket_id) is not None] == []


@pytest.mark.engine_free  # the raw file is counted, and no database asked
def test_the_whole_log_has_the_figures_that_its_readme_names():
    totals = history_expected.compute(history_expected.read())["totals"]
    assert totals == {
        "tickets": 20_769, "events": 119_998, "reassignments": 20_520, "reopenings": 276, "sla_true": 12_595, "met": 15_421,
    }  # fmt: skip


# --- killed ---


def rows(session) -> list[tuple]:
    """All that an import wrote, without ids, which are of the moment, and with numbers counted from the file's first."""
    session.rollback()
    first = session.scalars(select(ImportedFile.first_number)).one()
    tickets = session.execute(
        select(ImportedTicket.number, ImportedTicket.rows, ImportedTicket.sla, Ticket, Clock)
        .join(Ticket, Ticket.id == ImportedTicket.ticket_id).join(Clock, Clock.ticket_id == Ticket.id)
        .order_by(ImportedTicket.number)
    )  # fmt: skip
    found = [
        (number, many, sla, ticket.number[:9], int(ticket.number[9:]) - first, ticket.state, ticket.queue, ticket.category,
         ticket.opened_at, ticket.closed_at, ticket.result_at, ticket.version, clock.due_at, clock.stopped_at, clock.state)
        for number, many, sla, ticket, clock in tickets
    ]  # fmt: skip
    events = session.execute(
        select(ImportedTicket.number, Event.seq, Event.type, Event.at, Event.data)
        .join(ImportedTicket, ImportedTicket.ticket_id == Event.ticket_id).order_by(ImportedTicket.number, Event.seq)
    )  # fmt: skip
    ours = {"site_id", "organisation_id"}
    found += [(n, s, t, a, sorted((k, v) for k, v in data.items() if k not in ours)) for n, s, t, a, data in events]
    return [*found, session.scalar(select(func.count()).select_from(Party))]


def command(app, source: Path, folder: Path) -> str:
    """What the command says, which runs in a context of its own as in a process of its own."""
    words = ["import-history", source, "--mapping", MAPPING, "--json", "--rejects", folder / "rejects.csv"]
    threshold = gc.get_threshold()
    try:
        told = contextvars.Context().run(app.test_cli_runner().invoke, args=[str(word) for word in words])
    finally:
        gc.set_threshold(*threshold)
    assert told.exit_code == 0, told.output
    return told.output


def test_killed_in_the_middle_and_run_again_it_ends_with_the_same_rows(app, company, tmp_path, monkeypatch):
    monkeypatch.setattr(history, "BATCH", BATCH)
    slice_of_log = a_slice(tmp_path, FEW)
    bring(slice_of_log)
    wanted = rows(company)
    app.extensions["test_cleaner"].clean()
    demo.load(now=NOON, callback_url="http://127.0.0.1:9/callback", tickets=False)
    assert kill(lambda: bring(slice_of_log), "write.commit", NTH) == -signal.SIGKILL
    assert BATCH <= _imported(company) < len({row[0] for row in wanted[:-1]})
    summary = json.loads(command(app, slice_of_log, tmp_path).splitlines()[-1])
    assert summary["events"] == FEW + LAST and 0 < summary["added"] < summary["tickets"]
    assert {"tickets", "events", "reassignments", "reopenings", "sla_true", "rejected", "seconds"} <= summary.keys()
    assert rows(company) == wanted


def _imported(session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(ImportedTicket))
