"""Another system's tickets come in with their past, once, and nothing leaves the house because of them."""

from __future__ import annotations

import csv
import gzip
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from app.domain.history_toml import MappingError, read
from app.models import (
    Clock,
    Connection,
    Counter,
    Event,
    FreeText,
    ImportedFile,
    ImportedTicket,
    Organisation,
    Outbox,
    Party,
    PlatformOrder,
    Reminder,
    Ticket,
    WorkItem,
    together,
)
from app.services import (
    connections,
    history,
    history_report,
    journal,
    pulse,
    queue,
    recounts,
    replies,
    search_index,
    sweep,
    ticket_view,
    work,
)
from app.services.history import Import, import_file
from app.services.history_files import FileError
from app.services.transaction import write
from tests.cast import NOON, post
from tests.services.search_steps import documents, numbers

FOREVER = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4000000000) SELECT max(n) FROM c"
MAPPING = """
name = "old"
title = "旧系统"
[file]
delimiter = ";"
[columns]
ticket = "SR"
at = "Changed"
state = ["Status", "Sub"]
group = "Team"
sla = "SLA"
waybill = "Waybill"
name = "Who"
phone = "Phone"
[states]
"Queued / *" = "open"
"Accepted / *" = "in_progress"
"Accepted / Wait - User" = { to = "in_progress", pauses = true }
"Completed / Resolved" = "replied"
"Completed / Closed" = "closed"
[policy]
hours = 72
[defaults]
text = "工单 {ticket}，产品 {Product}"
[[groups]]
match = "V5"
organisation = "330106-01"
[[groups]]
match = "* 2nd"
organisation = "44-{1}"
name = "历史 {1} 站"
parent = "44"
level = 1
"""
HEADER = ("SR", "Changed", "Status", "Sub", "Team", "SLA", "Waybill", "Who", "Phone", "Product")


def row(number, at, state, team="V5", sla="true", waybill="", who="", phone="", product="PROD1"):
    status, sub = state.split(" / ")
    return (number, at, status, sub, team, sla, waybill, who, phone, product)


CLOSED = [
    row("1-364285768", "2026-10-01T10:00:00+01:00", "Queued / Awaiting", "G97 2nd"),
    row("1-364285768", "2026-10-01T11:00:00+01:00", "Accepted / In Progress", "V5"),
    row("1-364285768", "2026-10-02T11:00:00+01:00", "Completed / Closed", "V5"),
]
OPEN = [
    row("1-9", "2026-11-17T10:00:00+08:00", "Queued / Awaiting"),
    row("1-9", "2026-11-17T11:00:00+08:00", "Accepted / In Progress", waybill="YT0001112223334", who="王小明",
        phone="13812345678"),
]  # fmt: skip
TRAY = [row("1-7", "2026-11-18T10:00:00+08:00", "Accepted / Assigned", "?")]


def write_csv(folder: Path, rows, name="old.csv", header=HEADER, bom="\ufeff") -> Path:
    path = folder / name
    opener = gzip.open if name.endswith(".gz") else open
    with opener(path, "wt", encoding="utf-8", newline="") as target:
        target.write(bom)
        csv.writer(target, delimiter=";").writerows([header, *rows])
    return path


@pytest.fixture
def bring(cast, tmp_path):
    """Write rows into a file and import it; the summary and the rejected rows."""

    def run(rows, *, mapping=MAPPING, name="old.csv", now=NOON, dry_run=False, **form):
        refused = []
        source = rows if isinstance(rows, Path) else write_csv(tmp_path, rows, name, **form)
        done = Import(read(mapping), now, lambda *fault: refused.append(fault), dry_run=dry_run)
        return import_file(source=source, run=done), refused

    return run


def count(session, model, *where) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model).where(*where))


def ticket_of(session, number: str) -> Ticket:
    session.rollback()
    kept = select(ImportedTicket.ticket_id).where(ImportedTicket.number == number)
    return session.scalars(select(Ticket).where(Ticket.id.in_(kept))).one()


def test_a_closed_ticket_comes_in_with_its_history(bring, cast, db_session):
    done, refused = bring(CLOSED)
    assert (done.tickets, done.events, done.reassignments, done.reopenings, done.sla_true) == (1, 3, 1, 0, 1)
    assert not refused
    ticket = ticket_of(db_session, "1-364285768")
    assert (ticket.state, ticket.queue, ticket.handling_site_id) == ("closed", "done", cast.places["330106-01"])
    assert ticket.number.startswith("KF261001-") and ticket.closed_at == ticket.result_at
    assert db_session.get_one(FreeText, ticket.headline_id).body == {"text": "工单 1-364285768，产品 PROD1"}
    clock = db_session.scalars(select(Clock).where(Clock.ticket_id == ticket.id)).one()
    assert clock.state == "met" and clock.next_stage_at is None and clock.organisation_id == ticket.handling_site_id
    assert count(db_session, WorkItem) == 0


def test_the_chain_of_an_imported_ticket_verifies_and_an_edit_breaks_it(bring, db_session):
    bring(CLOSED)
    ticket = ticket_of(db_session, "1-364285768")
    assert journal.verify(db_session, ticket.id) is None
    event = db_session.scalars(select(Event).where(Event.ticket_id == ticket.id, Event.seq == 3)).one()
    event.data = event.data | {"row": 99}
    db_session.commit()
    assert journal.verify(db_session, ticket.id) == 3


def test_an_organisation_that_the_mapping_names_is_created_below_its_parent(bring, cast, db_session):
    assert bring(CLOSED)[0].organisations == 1
    made = db_session.scalars(select(Organisation).where(Organisation.code == "44-G97")).one()
    assert (made.kind, made.name, made.parent_id, made.province_id) == (
        "site", "历史 G97 站", cast.places["44"], cast.places["44"],
    )  # fmt: skip
    parties = db_session.execute(select(Party.organisation_id, Party.role)).all()
    assert set(parties) == {(made.id, "former"), (cast.places["330106-01"], "handling")}


def test_an_open_ticket_stands_in_the_queue_and_in_the_counters(bring, cast, db_session):
    bring(OPEN)
    [shown] = queue.page(db_session, cast["site"], queue.Filters(), NOON).rows
    assert shown.state == "in_progress" and shown.next_clock == "resolve"
    assert queue.counts(db_session, cast["site"], NOON)["todo"] == 1
    assert queue.counts(db_session, cast["lcs"], NOON)["all"] == 1
    assert together.told(db_session, pulse.pulsing(cast["site"])).version > 0


def test_refreshing_the_queues_afterwards_changes_nothing(bring, db_session):
    """The import writes its work items in bulk: they are what the ordinary way would write."""
    again = [row("1-8", "2026-11-10T10:00:00", "Completed / Resolved", "G97 2nd"),
             row("1-8", "2026-11-11T10:00:00", "Accepted / In Progress", "G12 2nd")]  # fmt: skip
    bring(OPEN + TRAY + again + [row("1-6", "2026-11-10T10:00:00", "Completed / Resolved", "V5")])
    before = kept(db_session)
    assert len(before[0]) > 8 and any(overdue for *_, overdue, _turn in before[0])
    with write() as session:
        for ticket in session.scalars(select(Ticket)):
            work.refresh(session, ticket)
        recounts.recount(session, sites=True)
    assert kept(db_session) == before


def kept(session) -> tuple:
    session.rollback()
    one = WorkItem
    columns = (
        one.scope,
        one.ticket_id,
        one.due_at,
        one.activity_at,
        one.queue,
        one.category,
        one.state,
        one.overdue,
        one.turn,
    )
    items = {tuple(line) for line in session.execute(select(*columns))}
    counters = session.execute(select(Counter.scope, Counter.queue, Counter.n).where(Counter.n != 0))
    return items, {tuple(line) for line in counters}


def test_an_unknown_group_lies_in_the_tray(bring, cast, db_session):
    bring(TRAY)
    ticket = ticket_of(db_session, "1-7")
    assert (ticket.state, ticket.queue, ticket.handling_site_id) == ("open", "tray", None)
    assert queue.counts(db_session, cast["ccs"], NOON)["tray"] == 1


def test_the_tray_of_a_province_takes_unknown_groups_when_the_mapping_says_so(bring, cast, db_session):
    bring(TRAY, mapping=MAPPING.replace("[defaults]", '[defaults]\norganisation = "44"'))
    assert queue.counts(db_session, cast["lcs-2"], NOON)["tray"] == 1


def test_a_ticket_is_found_by_its_old_number_in_scope_only(bring, cast, db_session):
    bring(CLOSED)
    assert len(numbers(db_session, cast["site"], "1-364285768")) == 1
    assert numbers(db_session, cast["site-2"], "1-364285768") == []


def test_an_import_fills_the_search_as_a_rebuild_would(bring, cast, db_session):
    bring(OPEN)
    brought = {(ticket, frozenset(scopes), frozenset(words)) for _, ticket, scopes, words in documents(db_session)}
    assert brought
    search_index.rebuild()
    built = {(ticket, frozenset(scopes), frozenset(words)) for _, ticket, scopes, words in documents(db_session)}
    assert brought == built


def test_a_person_on_it_is_kept_apart(bring, cast, db_session):
    bring(OPEN)
    view = ticket_view.view(db_session, cast["site"], ticket_of(db_session, "1-9").number)
    assert (view.person.name, view.person.phone_last4, view.ticket.waybill) == ("王小明", "5678", "YT0001112223334")
    assert "王小明" not in str([entry.data for entry in view.entries])


def test_again_nothing_is_new_and_the_summary_is_the_same(bring, db_session):
    first, _ = bring(CLOSED + OPEN + TRAY)
    tables = (Ticket, Event, Clock, Party, PlatformOrder, FreeText, WorkItem, Organisation, Connection, Counter)
    before = [count(db_session, table) for table in tables]
    second, _ = bring(CLOSED + OPEN + TRAY, now=NOON + timedelta(days=9))
    assert (first.added, second.added) == (3, 0)
    assert (
        (second.tickets, second.events, second.sla_true) == (first.tickets, first.events, first.sla_true) == (3, 6, 3)
    )
    assert [count(db_session, table) for table in tables] == before


def test_the_same_content_is_the_same_file_however_it_is_packed(bring, db_session):
    bring(CLOSED)
    assert bring(CLOSED, name="other.csv.gz")[0].added == 0
    assert count(db_session, ImportedFile) == 1


def test_an_import_that_breaks_off_is_completed_by_the_next(bring, db_session, monkeypatch):
    rows = [one for n in range(9) for one in [row(f"N{n}", f"2026-11-0{n + 1}T10:00:00", "Queued / Awaiting"),
                                              row(f"N{n}", f"2026-11-0{n + 1}T11:00:00", "Completed / Closed")]]  # fmt: skip
    monkeypatch.setattr(history, "BATCH", 2)
    real, done = history.Batch.write, []

    def breaks(batch, session):
        real(batch, session)
        done.append(batch)
        if len(done) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(history.Batch, "write", breaks)
    with pytest.raises(KeyboardInterrupt):
        bring(rows)
    assert count(db_session, Ticket) == 4  # the batch that was interrupted is gone as a whole
    summary, _ = bring(rows)
    assert (summary.tickets, summary.added, count(db_session, Ticket), count(db_session, Event)) == (9, 5, 9, 45)
    numbers = sorted(int(number.split("-")[1]) for number in db_session.scalars(select(Ticket.number)))
    assert numbers == list(range(numbers[0], numbers[0] + 9))  # as if nothing had happened


def test_the_next_tickets_are_folded_while_those_before_are_stored(bring, db_session, monkeypatch):
    monkeypatch.setattr(history, "BATCH", 1)
    fold, store, made, begun = history._folded, history._store, threading.Condition(), [0, 0]

    def folded(*given):
        with made:
            begun[0] += 1
            made.notify_all()
        return fold(*given)

    def stored(batch, at_work):
        begun[1] += 1
        with made:  # nothing comes after the third
            assert made.wait_for(lambda: begun[0] >= min(begun[1] + 1, 3), timeout=10), "the next one has to wait"
        store(batch, at_work)

    monkeypatch.setattr(history, "_folded", folded)
    monkeypatch.setattr(history, "_store", stored)
    bring([row(f"SR{n}", f"2026-10-0{n} 09:00:00", "Queued / New") for n in (1, 2, 3)])
    assert begun == [3, 3] and count(db_session, Ticket) == 3


def test_who_breaks_an_import_off_does_not_wait_for_what_it_waits_for(bring, db_session, monkeypatch):
    begun, store = threading.Event(), history.Batch.write

    def waits(batch, session):
        begun.set()
        forever = "SELECT pg_sleep(60)" if session.get_bind().dialect.name == "postgresql" else FOREVER
        session.connection().exec_driver_sql(forever)
        store(batch, session)

    def broken_off(*_given):
        assert begun.wait(10)
        time.sleep(0.2)
        raise KeyboardInterrupt

    monkeypatch.setattr(history.Batch, "write", waits)
    monkeypatch.setattr(history, "_stored", broken_off_after(broken_off))
    since = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        bring(CLOSED)
    assert time.monotonic() - since < 30 and count(db_session, Ticket) == 0


def broken_off_after(broken_off):
    """Stands for `_stored`: nothing at first, then somebody presses Ctrl-C while a batch is under way."""

    def stored(under_way):
        return broken_off() if under_way else iter(())

    return stored


def test_rows_in_any_order_come_out_the_same(bring, db_session):
    bring(list(reversed(CLOSED)))
    ticket = ticket_of(db_session, "1-364285768")
    events = db_session.execute(
        select(Event.data["row"].as_integer()).where(Event.ticket_id == ticket.id).order_by(Event.seq)
    )
    assert [line for (line,) in events if line] == [4, 3, 2]
    assert ticket.state == "closed"


def test_rows_that_cannot_be_used_are_told_with_line_and_reason(bring, db_session):
    bad = [
        row("", "2026-10-01T10:00:00", "Queued / Awaiting"),
        row("X1", "yesterday", "Queued / Awaiting"),
        row("X2", "2026-10-01T10:00:00", "Lost / Found"),
        row("X3", "2026-10-01T10:00:00", "Queued / Awaiting", sla="maybe"),
        row("X4", "2026-10-01T10:00:00", "Queued / Awaiting", who="a\0b"),
        ("X5", "2026-10-01T10:00:00"),
        row("X" * 65, "2026-10-01T10:00:00", "Queued / Awaiting"),
        row("X7", "", "Queued / Awaiting"),
    ]
    done, refused = bring([*bad, *CLOSED])
    assert (done.tickets, done.rejected, count(db_session, Ticket)) == (1, 8, 1)
    assert [line for line, _, _ in refused] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert [ticket for _, ticket, _ in refused[:6]] == ["", "X1", "X2", "X3", "X4", "X5"]
    words = (
        "SR: is empty",
        "Changed: 'yesterday'",
        "'Lost / Found'",
        "SLA: 'maybe'",
        "NUL",
        "2 values",
        "longer",
        "Changed: is empty",
    )
    for word, (_, _, reason) in zip(words, refused, strict=True):
        assert word in reason


def test_a_line_that_is_not_text_is_a_fault_of_that_line(bring, tmp_path):
    path = write_csv(tmp_path, [*CLOSED, row("Y", "2026-10-01T10:00:00", "Queued / Awaiting", product="@")])
    path.write_bytes(path.read_bytes().replace(b"@", b"\xff\xfe"))
    done, refused = bring(path)
    assert (done.tickets, refused) == (1, [(5, "Y", "is not utf-8-sig")])


def test_lists_that_are_read_after_an_import_have_their_own_limits(bring):
    before = csv.field_size_limit()
    bring(CLOSED)
    assert csv.field_size_limit() == before


def test_a_quoted_value_with_line_breaks_keeps_the_line_numbers(bring):
    _, refused = bring(
        [row("A", "2026-10-01T10:00:00", "Queued / Awaiting", product="a\nb\nc"), row("B", "?", "Queued / Awaiting")]
    )
    assert [line for line, _, _ in refused] == [5]


def test_a_missing_column_is_told_before_anything_is_written(bring, db_session):
    with pytest.raises(FileError, match="no column Changed, Product"):
        bring([], header=[name for name in HEADER if name not in ("Changed", "Product")])
    assert count(db_session, ImportedFile) == 0


def test_a_broken_gzip_is_told_plainly(bring, tmp_path):
    whole = write_csv(tmp_path, CLOSED * 50, "whole.csv.gz").read_bytes()
    (tmp_path / "half.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="gzip"):
        bring(tmp_path / "half.csv.gz")


def test_excel_reads_the_same(bring, cast, db_session, tmp_path):
    from datetime import datetime

    book = Workbook()
    book.active.append(HEADER)
    for number, hour, state in (("1-1", 10, "Queued / Awaiting"), ("1-1", 12, "Completed / Closed")):
        values = list(row(number, "", state, waybill=1234567890123))
        values[1] = datetime(2026, 10, 1, hour)
        values[5] = True
        book.active.append(values)
    book.active.append([None] * 3)
    book.save(tmp_path / "old.xlsx")
    done, refused = bring(tmp_path / "old.xlsx")
    assert (done.tickets, done.events, done.sla_true, refused) == (1, 2, 1, [])
    ticket = ticket_of(db_session, "1-1")
    assert ticket.waybill == "1234567890123" and ticket.opened_at.isoformat() == "2026-10-01T02:00:00+00:00"


def test_a_file_that_is_no_workbook_is_told_plainly(bring, tmp_path):
    (tmp_path / "no.xlsx").write_bytes(b"SR;Changed")
    with pytest.raises(FileError, match="not an Excel workbook"):
        bring(tmp_path / "no.xlsx")


def test_a_number_that_another_file_brought_is_refused_and_not_doubled(bring, db_session):
    bring(CLOSED)
    again = [*CLOSED, row("1-364285768", "2026-10-05T10:00:00+01:00", "Accepted / In Progress")]
    done, refused = bring([*again, *OPEN])
    assert (done.tickets, done.rejected, count(db_session, Ticket)) == (1, 4, 2)
    assert {reason for _, _, reason in refused} == {history.KNOWN}


def test_a_dry_run_counts_everything_and_writes_nothing(bring, db_session):
    done, _ = bring(CLOSED + OPEN + TRAY, dry_run=True)
    assert (done.tickets, done.events, done.reassignments, done.sla_true, done.added) == (3, 6, 1, 3, 0)
    models = (Ticket, Event, ImportedFile, Connection)
    assert [count(db_session, model) for model in models] == [0, 0, 0, 1]


def test_groups_without_a_rule_are_named(bring):
    done, _ = bring([row("1", "2026-10-01T10:00:00", "Queued / Awaiting", "Nobody")])
    assert done.unmapped_groups == ["Nobody"]


def test_a_category_that_the_portal_lacks_is_refused(bring, db_session):
    places = count(db_session, Organisation)
    with pytest.raises(MappingError, match=r"no NO_SUCH; it has DAMAGED, .*OTHER"):
        bring(CLOSED, mapping=MAPPING + '[categories]\n"*" = "NO_SUCH"\n')
    assert (count(db_session, ImportedFile), count(db_session, Organisation)) == (0, places)


def test_the_sweep_finds_nothing_to_remind(bring, db_session):
    bring(OPEN, now=NOON)
    sweep.run(db_session, NOON + timedelta(days=20))
    assert [count(db_session, model) for model in (Outbox, Reminder)] == [0, 0]


def test_an_open_ticket_that_falls_due_after_the_import_is_overdue_without_a_word(bring, db_session):
    bring(OPEN, now=NOON)
    due = db_session.scalars(select(Clock.due_at).where(Clock.stopped_at.is_(None))).one()
    assert not ticket_of(db_session, "1-9").overdue
    sweep.run(db_session, due + timedelta(seconds=1))
    assert ticket_of(db_session, "1-9").overdue
    assert count(db_session, Reminder) == 0


def test_an_answer_to_an_imported_ticket_leaves_nothing_for_the_platform(bring, cast, db_session):
    bring(OPEN)
    number = ticket_of(db_session, "1-9").number
    answer(cast, number)
    assert ticket_of(db_session, "1-9").state == "replied"
    assert count(db_session, Outbox, Outbox.kind == "callback") == 0


def test_a_mapping_may_ask_for_reminders_and_callbacks(bring, cast, db_session):
    asked = MAPPING + '[effects]\nremind = true\nsend = "demo"\n'
    bring(OPEN + CLOSED, mapping=asked)
    assert count(db_session, Clock, Clock.next_stage_at.is_not(None)) == 1
    answer(cast, ticket_of(db_session, "1-9").number)
    assert count(db_session, Outbox, Outbox.kind == "callback") == 1


def answer(cast, number: str) -> None:
    said = replies.ResultIn(text="已联系客户并重新派送", contact_outcome="reached_accepts", action_taken="redelivered")
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON + timedelta(minutes=5))


def test_the_past_up_to_an_instant_is_moved_to_now(bring, cast, db_session):
    cut = MAPPING + "[cut]\nuntil = 2026-10-01T18:30:00\nopen_only = true\nmove_to_now = true\n"
    done, _ = bring(CLOSED + [row("2", "2026-10-01T10:00:00", "Completed / Closed")], mapping=cut)
    assert (done.tickets, done.events, done.left_out) == (1, 2, 1)
    ticket = ticket_of(db_session, "1-364285768")
    assert ticket.state == "in_progress" and ticket.activity_at == NOON - timedelta(minutes=30)


def test_the_report_counts_by_group_and_month_of_the_mappings_zone(bring):
    late = [
        row("L", "2026-09-01T00:30:00+08:00", "Queued / Awaiting"),
        row("L", "2026-09-05T23:00:00+08:00", "Accepted / Wait - User"),
        row("L", "2026-09-06T23:00:00+08:00", "Completed / Closed"),
    ]
    still_open = [row("O", "2026-09-20T10:00:00+08:00", "Accepted / In Progress")]
    bring(CLOSED + late + still_open + TRAY)
    assert shares() == {
        ("330106-01", "V5", "2026-09"): (2, 0, 2, 0.0),
        ("330106-01", "V5", "2026-10"): (1, 1, 1, 1.0),
        ("", "", "2026-11"): (1, 0, 0, None),  # its time is not over
    }


def test_the_month_is_that_of_another_zone_when_the_mapping_names_one(bring):
    bring(CLOSED, mapping=MAPPING + '[time]\nzone = "Pacific/Honolulu"\n')
    assert [month for _, _, month in shares()] == ["2026-09"]


def shares() -> dict:
    rows = history_report.report(now=NOON)["groups"]
    return {
        (r["organisation"], r["group"], r["month"]): (r["tickets"], r["numerator"], r["denominator"], r["share"])
        for r in rows
    }


def test_the_connection_of_the_old_numbers_takes_no_push(bring, db_session):
    bring(CLOSED)
    made = db_session.scalars(select(Connection).where(Connection.code == "import-old")).one()
    assert (made.driver, made.name, made.active) == ("import", "旧系统", False)
    assert connections.door(db_session, "import-old") is None
