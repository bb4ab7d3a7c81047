"""What stops an import is told before anything is stored, by a dry run as by the real one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from openpyxl import Workbook
from sqlalchemy import delete, select

from app.domain.history_toml import MappingError
from app.extensions import db
from app.models import Category, Clock, Connection, Event, ImportedFile, Organisation, Policy, Ticket
from app.models.dialect_locks import hold
from app.services import history, history_report
from app.services.history import Busy
from app.services.history_files import FileError
from tests.cast import NOON
from tests.services.test_history_import import (  # noqa: F401 - `bring` is a fixture
    CLOSED,
    HEADER,
    MAPPING,
    OPEN,
    bring,
    count,
    row,
    write_csv,
)

STORED = (Ticket, Event, Organisation, Connection, ImportedFile)
ANY_GROUP = MAPPING + '[[groups]]\nmatch = "*"\norganisation = "33-{0}"\nparent = "33"\n'
SERVICE = MAPPING.replace("hours = 72", 'hours = 72\ncalendar = "service"')


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "import"])
@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        (MAPPING.replace('parent = "44"', 'parent = "99"'), "with the code 99, the parent of 44-G97: create it"),
        (MAPPING.replace('parent = "44"\n', ""), "44-G97 is a site, and its `parent` is missing"),
        (MAPPING.replace('"44-{1}"', f'"{"4" * 40}"'), "is longer than 32 characters"),
        (MAPPING.replace('"44-{1}"', '"44-{2}"'), "{2} stands for nothing here; known are {0}, {1}"),
        (MAPPING.replace('"44-{1}"', '"44-{group}"'), "{group} stands for nothing here"),
        (MAPPING + '[effects]\nsend = "nobody"\n', "no connection nobody; there is demo"),
        (MAPPING + '[categories]\n"*" = "MISPLACED"\n', "has no MISPLACED; it has DAMAGED"),
        (
            MAPPING.replace("[defaults]", '[defaults]\norganisation = "330106-01"'),
            "330106-01 is not the code of a prov",
        ),
        (
            MAPPING + '[[organisations]]\ncode = "ZB"\nkind = "headquarters"\nname = "总部"\n',
            "its code is HQ: not also ZB",
        ),
    ],
)
def test_what_cannot_stand_is_told_in_words_and_nothing_is_stored(bring, db_session, mapping, told, dry_run):  # noqa: F811
    before = [count(db_session, model) for model in STORED]
    with pytest.raises(MappingError) as raised:
        bring(CLOSED, mapping=mapping, dry_run=dry_run)
    assert told in "\n".join(raised.value.faults)
    assert [count(db_session, model) for model in STORED] == before


def test_a_portal_without_categories_or_policy_names_the_command_that_brings_them(bring, db_session):  # noqa: F811
    db_session.execute(delete(Category))
    db_session.execute(delete(Policy))
    db_session.commit()
    with pytest.raises(MappingError) as raised:
        bring(CLOSED)
    assert ["categories" in fault or "policy" in fault for fault in raised.value.faults] == [True, True]
    assert all("flask --app wsgi seed" in fault for fault in raised.value.faults)


def test_a_dry_run_tells_how_many_organisations_would_be_made(bring, db_session):  # noqa: F811
    before = count(db_session, Organisation)
    assert bring(CLOSED, dry_run=True)[0].organisations == 1
    assert count(db_session, Organisation) == before
    assert bring(CLOSED)[0].organisations == 1


def test_a_group_may_stand_below_one_that_is_made_later_in_the_alphabet(bring, db_session):  # noqa: F811
    tree = MAPPING + '[[groups]]\nmatch = "Z"\norganisation = "55"\nkind = "province"\nparent = "HQ"\nlevel = 1\n'
    tree += '[[groups]]\nmatch = "A"\norganisation = "55-A"\nparent = "55"\n'
    rows = [row("1", f"2026-10-01T1{n}:00:00", "Queued / Awaiting", team) for n, team in enumerate("AZ")]
    assert bring(rows, mapping=tree, dry_run=True)[0].organisations == bring(rows, mapping=tree)[0].organisations == 2
    made = db_session.scalars(select(Organisation).where(Organisation.code == "55-A")).one()
    assert made.province_id == made.parent_id


def test_a_dry_run_refuses_numbers_that_another_file_brought(bring):  # noqa: F811
    bring(CLOSED)
    done, refused = bring([*CLOSED, *OPEN], dry_run=True)
    assert (done.tickets, done.events, done.rejected) == (1, 2, 3)
    assert {reason for _, _, reason in refused} == {history.KNOWN}
    assert bring(CLOSED, dry_run=True)[0].tickets == 1


def test_an_open_ticket_that_waited_for_years_comes_in(bring, db_session):  # noqa: F811
    waits = [
        row("W", "2021-03-01T09:00:00", "Queued / Awaiting"),
        row("W", "2021-03-01T10:00:00", "Accepted / Wait - User"),
    ]
    for hours in (72, 6000):
        mapping = SERVICE.replace("hours = 72", f"hours = {hours}").replace('"old"', f'"old{hours}"')
        done, refused = bring(waits, mapping=mapping)
        assert (done.tickets, refused) == (1, [])
    dues = db_session.scalars(select(Clock.due_at).order_by(Clock.minutes)).all()
    assert all(due > NOON for due in dues) and dues[1] - dues[0] > timedelta(days=400)


@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "import"])
def test_a_ticket_that_cannot_be_computed_is_refused_and_the_others_come_in(bring, monkeypatch, dry_run):  # noqa: F811
    real = history.fold

    def fold(number, rows, world):
        if number == "1-9":
            raise ValueError("the calendar does not open")
        return real(number, rows, world)

    monkeypatch.setattr(history, "fold", fold)
    done, refused = bring(CLOSED + OPEN, dry_run=dry_run)
    assert (done.tickets, done.rejected) == (1, 2)
    assert refused == [(line, "1-9", "cannot be computed: the calendar does not open") for line in (5, 6)]


def test_times_before_2000_and_after_tomorrow_are_refused(bring):  # noqa: F811
    tomorrow = (NOON + timedelta(hours=23)).isoformat()
    times = ("1899-12-31T00:00:00", "2031-01-01T00:00:00", tomorrow, "2000-01-01T00:00:00", "0001-01-01T00:00:00+08:00")
    done, refused = bring([row(f"T{n}", at, "Queued / Awaiting") for n, at in enumerate(times)])
    assert done.tickets == 2
    assert [(line, reason.split(" is ")[1]) for line, _, reason in refused] == [
        (2, "before the year 2000"), (3, "later than tomorrow"), (6, "no time of the mapping's format"),
    ]  # fmt: skip


def test_a_file_without_a_good_row_leaves_nothing_behind(bring, db_session):  # noqa: F811
    before = [count(db_session, model) for model in STORED]
    tree = MAPPING + '[[organisations]]\ncode = "66"\nkind = "province"\nparent = "HQ"\nname = "省"\n'
    assert bring([row("1", "never", "Queued / Awaiting")], mapping=tree)[0].rejected == 1
    assert [count(db_session, model) for model in STORED] == before


def test_a_file_whose_tickets_are_all_known_leaves_no_row(bring, db_session):  # noqa: F811
    bring(CLOSED)
    again = [*CLOSED, row("1-364285768", "2026-10-05T10:00:00+01:00", "Accepted / In Progress")]
    assert bring(again)[0].tickets == 0
    assert count(db_session, ImportedFile) == 1


# --- beside another import ---


def test_beside_another_import_a_second_one_is_refused_and_a_dry_run_is_not(bring, db_session):  # noqa: F811
    with hold(db.engine, "import") as free:
        assert free
        with pytest.raises(Busy, match="start again when it has ended"):
            bring(CLOSED)
        assert bring(CLOSED, dry_run=True)[0].tickets == 1
    assert bring(CLOSED)[0].added == 1


# --- the same bytes again ---


def test_a_breach_says_the_same_whenever_the_import_ran(bring, app, db_session):  # noqa: F811
    late = [
        row("B", "2026-10-01T10:00:00", "Queued / Awaiting"),
        row("B", "2026-10-20T10:00:00", "Accepted / Wait - User"),
    ]
    data = []
    for name, days in (("one", 0), ("two", 5)):
        bring(late, mapping=MAPPING.replace('"old"', f'"{name}"'), now=NOON + timedelta(days=days))
    for event in db_session.scalars(select(Event).where(Event.type == "clock_breached").order_by(Event.id)):
        data.append(event.data)
    assert len(data) == 2 and data[0] == data[1] and data[0]["paused_seconds"] == 0


def test_a_wait_before_the_due_counts_in_the_breach_and_a_later_one_only_in_the_stop(bring, db_session):  # noqa: F811
    bring([
        row("B", "2026-10-01T10:00:00", "Accepted / Wait - User"), row("B", "2026-10-01T12:00:00", "Accepted / On"),
        row("B", "2026-10-10T10:00:00", "Accepted / Wait - User"), row("B", "2026-10-10T11:00:00", "Completed / Closed"),
    ])  # fmt: skip
    kinds = {e.type: e.data["paused_seconds"] for e in db_session.scalars(select(Event)) if "paused_seconds" in e.data}
    assert kinds == {"clock_breached": 7200, "clock_stopped": 10800}


# --- files of another kind ---


@pytest.mark.parametrize(
    ("name", "head", "told"),
    [
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        ("old.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        ("old.csv", b"PK\x03\x04", "save it as .xlsx, or unpack it"),
        ("old.csv", b"%PDF-1.7", "a PDF"),
        ("old.csv.xz", b"\xfd7zXZ\x00", "unpack it"),
        ("old.csv", "\ufeffSR;Changed".encode("utf-16-le"), 'encoding = "utf-16"'),
    ],
)
def test_a_file_of_another_kind_is_told_plainly(bring, tmp_path, name, head, told):  # noqa: F811
    (tmp_path / name).write_bytes(head + b"\0" * 600)
    with pytest.raises(FileError) as raised:
        bring(tmp_path / name)
    assert told in str(raised.value) and name in str(raised.value)


def test_unicode_text_of_windows_is_read_when_the_mapping_says_so(bring, tmp_path):  # noqa: F811
    path = write_csv(tmp_path, CLOSED)
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16-le"))
    assert bring(path, mapping=MAPPING.replace("[file]", '[file]\nencoding = "utf-16"'))[0].tickets == 1
    assert history_report.report(now=NOON)["totals"]["tickets"] == 1


# --- what the manual says of single values ---


def test_an_empty_second_state_is_the_state_alone_and_a_star_takes_it_too(bring):  # noqa: F811
    rows = [row(f"S{n}", "2026-10-01T10:00:00", state) for n, state in enumerate(("Done / ", "Done / Unexpected"))]
    alone = MAPPING.replace("[policy]", '"Done / " = "replied"\n[policy]')
    done, refused = bring(rows, mapping=alone)
    assert (done.tickets, [ticket for _, ticket, _ in refused]) == (1, ["S1"])
    assert bring(rows, mapping=alone.replace('"Done / "', '"Done / *"'), dry_run=True)[0].tickets == 2


def test_iso_times_with_offset_with_z_with_a_blank_and_without_offset_stand_in_one_file(bring):  # noqa: F811
    times = ("2026-10-01T10:00:00+08:00", "2026-10-01T02:00:00Z", "2026-10-01 10:00", "2026-10-01T10:00:00")
    assert bring([row("I", at, "Queued / Awaiting") for at in times])[0].events == 4


def test_words_of_the_mapping_for_true_replace_the_usual_ones(bring):  # noqa: F811
    rows = [
        row("A", "2026-10-01T10:00:00", "Queued / Awaiting", sla="JA"),
        row("B", "2026-10-01T10:00:00", "Queued / A"),
    ]
    done, refused = bring(rows, mapping=MAPPING.replace("[file]", '[file]\ntrue = ["ja"]'))
    assert (done.sla_true, refused) == (1, [(3, "B", "SLA: 'true' is neither true nor false")])


def test_a_date_of_excel_that_stands_for_none_is_named_in_unknown(bring, tmp_path):  # noqa: F811
    book = Workbook()
    book.active.append([*HEADER, "Solved"])
    for line, solved in enumerate((datetime(9999, 12, 31), datetime(2026, 10, 1, 9)), 1):
        values = list(row(f"D{line}", "", "Completed / Closed"))
        book.active.append([values[0], datetime(2026, 10, 1, 8), *values[2:], solved])
    book.save(tmp_path / "old.xlsx")
    solved = MAPPING.replace("[columns]", '[columns]\nresolved = "Solved"')
    told = bring(tmp_path / "old.xlsx", mapping=solved, dry_run=True)[1]
    assert told == [(2, "D1", "Solved: '9999-12-31 00:00:00' is later than tomorrow")]
    unknown = solved.replace("[file]", '[file]\nunknown = ["?", "9999-12-31"]')
    assert bring(tmp_path / "old.xlsx", mapping=unknown, dry_run=True)[0].tickets == 2


def test_an_unknown_group_between_two_known_ones_is_no_reassignment(bring):  # noqa: F811
    rows = [
        row("R", f"2026-10-01T1{n}:00:00", "Queued / A", team)
        for n, team in enumerate(("V5", "?", "V5", "?", "G1 2nd"))
    ]
    assert bring(rows)[0].reassignments == 1
