"""Lists as files: who may, page by page, masked, in scope, resumed after a kill at any step, gone after seven days."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import event, insert, select, update

from app import clock
from app.domain import exports as rule
from app.domain.errors import NotAllowed, NotFound
from app.domain.stores import Address
from app.failpoints import armed
from app.integrations import stores
from app.integrations.store import StoreError
from app.jobs import exports as work
from app.models import Export, ExportLog, ExportPage, Outbox, User
from app.models.ids import new_id
from app.services import export_work, exports, queue, replies
from app.services.exports import OrderIn, TooSoon
from app.services.transaction import write
from tests import cast as people
from tests.cast import NOON, Cast
from tests.failing import Killed, dying

STEPS = ("claimed", "begun", "read", "kept", "turned", "built", "taken", "finished")
PHONE = "13912345678"


@pytest.fixture(autouse=True)
def settings(app: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A data folder of the test's own, small pages, and a clock that the test moves."""
    monkeypatch.setitem(app.extensions, "kuaifu", replace(app.extensions["kuaifu"], data_dir=tmp_path, redis_url=""))
    monkeypatch.setattr(export_work.read, "__kwdefaults__", {"size": 3})
    now = Now()
    monkeypatch.setattr(clock, "now", lambda: now.at)
    return now


class Now:
    """The instant that the test has come to."""

    at = NOON + timedelta(minutes=5)

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def tickets(app: Any, cast: Cast) -> list[str]:
    """Eight tickets at the first site, two at another of the province, one in another province."""
    return list(app.extensions["test_snapshots"].begin("tickets of exports", lambda: pushed(cast)))


def pushed(cast: Cast) -> list[str]:
    mine = [
        people.push(cast, f"W{n}", text=f"=cmd 请打 {PHONE}", waybill=f"YT{n:013d}", now=NOON + timedelta(seconds=n))
        for n in range(8)
    ]
    people.push(cast, "X1", site="330108-01")
    people.push(cast, "X2", site="330108-01")
    people.push(cast, "Y1", site="440305-01")
    return mine


def order(kind: str = "xlsx", list_key: str = "queue", capability: str = "queue", **asked: str) -> OrderIn:
    return OrderIn(list_key, capability, asked or {"queue": "all"}, "全部", kind, "zh")


def ask(cast: Cast, who: str, order_in: OrderIn | None = None, key: str = "") -> int:
    return exports.ask(actor=cast[who], order=order_in or order(), key=key, address="10.0.0.7", now=clock.now())


def row(session: Any, export_id: int) -> Export:
    session.rollback()
    return session.scalars(select(Export).where(Export.id == export_id).execution_options(populate_existing=True)).one()


def sheet(session: Any, export_id: int, folder: Path) -> list[list[Any]]:
    """The table of the finished Excel file, headings first."""
    with stores.exports(folder, Address()).open(row(session, export_id).store_name) as file:
        lines = [
            list(line) for line in openpyxl.load_workbook(io.BytesIO(file.read())).active.iter_rows(values_only=True)
        ]
    return lines[5:]


def table(session: Any, export_id: int, folder: Path) -> list[dict[str, str]]:
    with stores.exports(folder, Address()).open(row(session, export_id).store_name) as file:
        return list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"))))


def files(folder: Path) -> list[Path]:
    """Everything that lies in the store of exports."""
    return [path for path in (folder / "exports").rglob("*") if path.is_file()]


# --- what is in the file ---


def test_a_manager_gets_every_page_of_the_own_queue_and_nothing_else(db_session, cast, tickets, tmp_path):
    export_id = ask(cast, "site-manager")
    assert work.run_one(export_id) == "done"
    lines = sheet(db_session, export_id, tmp_path)
    assert [line[0] for line in lines[1:]] == tickets[::-1]
    assert row(db_session, export_id).rows == row(db_session, export_id).about == 8
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize(("who", "rows"), [("lcs", 10), ("lcs-2", 1), ("ccs", 11)])
def test_each_desk_exports_its_own_scope(db_session, cast, tickets, tmp_path, who, rows):
    export_id = ask(cast, who)
    work.run_one(export_id)
    assert len(sheet(db_session, export_id, tmp_path)) - 1 == rows


def test_phones_inside_free_text_are_masked_and_formulas_stay_text(db_session, cast, tickets, tmp_path):
    for kind, read in (("xlsx", sheet), ("csv", table)):
        export_id = ask(cast, "site-manager", order(kind))
        work.run_one(export_id)
        said = str(read(db_session, export_id, tmp_path))
        assert PHONE not in said and said.count("139******78") == 8
    assert [list(line.values())[13][:5] for line in table(db_session, export_id, tmp_path)] == ["'=cmd"] * 8


def test_an_excel_cell_that_begins_with_an_equals_sign_is_a_text(db_session, cast, tickets, tmp_path):
    export_id = ask(cast, "site-manager")
    work.run_one(export_id)
    with stores.exports(tmp_path, Address()).open(row(db_session, export_id).store_name) as file:
        page = openpyxl.load_workbook(io.BytesIO(file.read())).active
    assert {cell.data_type for cell in page["N"][6:]} == {"s"}
    assert page["N7"].value.startswith("=cmd")
    assert page["F7"].is_date and page["F7"].value == NOON.replace(hour=12, minute=10, second=7, tzinfo=None)
    assert page["H7"].data_type == "n" and page["B7"].data_type == "s"
    assert page.freeze_panes == "A7" and page.auto_filter.ref == "A6:N14"


def test_the_watermark_names_person_place_time_number_and_filter(db_session, cast, tickets, tmp_path):
    export_id = ask(cast, "site-manager")
    work.run_one(export_id)
    with stores.exports(tmp_path, Address()).open(row(db_session, export_id).store_name) as file:
        page = openpyxl.load_workbook(io.BytesIO(file.read())).active
    head = " ".join(str(line[0].value) for line in page["A1:A4"])
    for word in ("site-manager", "组织 330106-01", "2026-11-18 12:05", rule.label(export_id), "全部"):
        assert word in head
    assert rule.label(export_id) in page.oddFooter.left.text
    export_id = ask(cast, "site-manager", order("csv"))
    work.run_one(export_id)
    assert all(rule.label(export_id) in list(line.values())[-1] for line in table(db_session, export_id, tmp_path))


def test_a_used_key_answers_for_the_same_order_alone(db_session, cast, tickets):
    """Whoever goes back and chooses the other format under the same key is not shown the first file as if it were it."""
    first = ask(cast, "site-manager", key="once")
    assert ask(cast, "site-manager", key="once") == first
    others = (order("csv"), order(queue="mine"))
    assert len({first, *(ask(cast, "site-manager", other, key="once") for other in others)}) == 3


def test_a_ticket_that_comes_after_the_request_is_not_in_the_file(db_session, cast, tickets, tmp_path):
    export_id = ask(cast, "site-manager")
    people.push(cast, "LATER")
    work.run_one(export_id)
    assert row(db_session, export_id).rows == 8


def test_a_row_that_moves_in_the_list_meanwhile_is_neither_doubled_nor_lost(db_session, cast, tickets, tmp_path):
    export_id, moved = ask(cast, "site-manager"), []

    def move(step: str) -> None:
        if step == "export.turned" and not moved:
            moved.append(tickets[0])
            for number in (tickets[0], tickets[7]):
                replies.claim(actor=cast["site"], post=people.post(number), now=clock.now())

    with armed(move):
        assert work.run_one(export_id) == "done"
    assert [line[0] for line in sheet(db_session, export_id, tmp_path)[1:]] == tickets[::-1]


# --- killed, cancelled, refused ---


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("nth", [1, 2])
def test_a_worker_killed_at_any_step_loses_and_doubles_no_row(db_session, cast, tickets, tmp_path, settings, step, nth):
    export_id = ask(cast, "site-manager")
    try:
        with dying(f"export.{step}", nth=nth):
            work.run_one(export_id)
    except Killed:
        db_session.rollback()
        before = row(db_session, export_id).pages
        assert work.run_one(export_id) == "busy"
        settings.pass_(61)
        work.run_one(export_id)
        assert row(db_session, export_id).pages >= before
    assert row(db_session, export_id).state == "done"
    assert [line[0] for line in sheet(db_session, export_id, tmp_path)[1:]] == tickets[::-1]
    work.sweep()
    assert [path.name for path in files(tmp_path)] == [row(db_session, export_id).store_name]
    assert not list((tmp_path / "exports").glob("build-*"))
    assert db_session.scalars(select(ExportPage)).all() == []


def test_a_worker_that_slept_through_its_lease_changes_nothing(db_session, cast, tickets, tmp_path, settings):
    export_id, states = ask(cast, "site-manager"), []

    def sleep(step: str) -> None:
        if step == "export.kept" and not states:
            settings.pass_(61)
            states.append("sleeps")
            states[0] = work.run_one(export_id)

    with armed(sleep):
        assert work.run_one(export_id) == "lost"
    assert states == ["done"]
    assert [line[0] for line in sheet(db_session, export_id, tmp_path)[1:]] == tickets[::-1]
    assert len(files(tmp_path)) == 1


def test_what_fails_five_times_in_a_row_is_given_up_and_says_so(db_session, cast, tickets, settings, monkeypatch):
    export_id = ask(cast, "site-manager")
    monkeypatch.setattr(work.sheets, "pack", lambda rows: 1 / 0)
    for _ in range(8):
        work.run_one(export_id)
        settings.pass_(400)
    assert (row(db_session, export_id).state, row(db_session, export_id).reason) == ("failed", "error")
    assert row(db_session, export_id).tries == rule.MOST_TRIES


def test_a_full_disk_waits_and_recovers_by_itself(db_session, cast, tickets, tmp_path, settings, monkeypatch):
    export_id = ask(cast, "site-manager")

    def full(path: Path, *rest: Any) -> None:
        raise StoreError("full")

    with monkeypatch.context() as patch:
        patch.setattr(work.sheets, "write_xlsx", full)
        assert work.run_one(export_id) == "waiting"
    assert row(db_session, export_id).reason == "full"
    settings.pass_(10)
    assert work.run_one(export_id) == "done"
    assert len(files(tmp_path)) == 1


def test_a_cancelled_export_stops_at_its_next_page_and_leaves_nothing(db_session, cast, tickets, tmp_path, settings):
    export_id = ask(cast, "site-manager")

    def cancel(step: str) -> None:
        if step == "export.read":
            exports.cancel(actor=cast["site-manager"], export_id=export_id, now=clock.now())

    with armed(cancel):
        assert work.run_one(export_id) == "lost"
    assert row(db_session, export_id).state == "cancelled"
    settings.pass_(61)
    work.sweep()
    assert files(tmp_path) == [] and row(db_session, export_id).swept_at is not None
    assert work.run_one(export_id) == "busy"


def withdraw(cast: Cast, how: str) -> None:
    values: dict[str, Any] = {
        "disabled": {"disabled_at": NOON}, "role": {"role": "site_clerk"},
        "place": {"organisation_id": cast.places["330108-01"]},
    }[how]  # fmt: skip
    with write() as session:
        session.execute(update(User).where(User.account == "site-manager").values(**values))


@pytest.mark.parametrize(
    ("how", "reason"), [("disabled", "disabled"), ("role", "rights_changed"), ("place", "rights_changed")]
)
@pytest.mark.parametrize("step", ["claimed", "turned"])
def test_rights_that_are_withdrawn_stop_an_export(db_session, cast, tickets, tmp_path, settings, how, reason, step):
    export_id, done = ask(cast, "site-manager"), []

    def at(reached: str) -> None:
        if reached == f"export.{step}" and not done:
            done.append(withdraw(cast, how))

    with armed(at):
        assert work.run_one(export_id) == "failed"
    assert row(db_session, export_id).reason == reason
    work.sweep()
    assert files(tmp_path) == []


def test_a_file_is_for_whoever_asked_for_it_and_only_under_the_same_rights(db_session, cast, tickets):
    export_id = ask(cast, "site-manager")

    def take(actor: Any) -> Any:
        return exports.download(
            actor=actor, export_id=export_id, capability="queue", address="10.0.0.8", now=clock.now()
        )

    with pytest.raises(NotAllowed, match="not_done"):
        take(cast["site-manager"])
    work.run_one(export_id)
    for other in ("site", "lcs", "ccs-manager", "admin"):
        with pytest.raises(NotFound):
            take(cast[other])
    moved = people.Actor(
        cast["site-manager"].user_id, "site_manager", cast.places["330108-01"], cast.places["33"], "moved"
    )
    with pytest.raises(NotAllowed, match="rights_changed"):
        take(moved)
    assert take(cast["site-manager"]).store_name == row(db_session, export_id).store_name


def test_asking_and_each_download_is_one_row_of_the_log(db_session, cast, tickets):
    export_id = ask(cast, "site-manager", key="form-1")
    work.run_one(export_id)
    for _ in range(2):
        exports.download(
            actor=cast["site-manager"], export_id=export_id, capability="queue", address="10.0.0.8", now=clock.now()
        )
    said = [(entry.what, entry.address) for entry in db_session.scalars(select(ExportLog).order_by(ExportLog.id))]
    assert said == [("asked", "10.0.0.7"), ("downloaded", "10.0.0.8"), ("downloaded", "10.0.0.8")]
    assert len(exports.log(db_session, export_id)) == 3


def test_a_file_is_deleted_after_seven_days_and_its_row_stays(db_session, cast, tickets, tmp_path, settings):
    export_id = ask(cast, "site-manager")
    work.run_one(export_id)
    settings.pass_(7 * 86_400 - 1)
    work.sweep()
    assert len(files(tmp_path)) == 1
    settings.pass_(1)
    with pytest.raises(NotAllowed, match="export_expired"):
        exports.download(
            actor=cast["site-manager"], export_id=export_id, capability="queue", address="", now=clock.now()
        )
    work.sweep()
    assert files(tmp_path) == [] and row(db_session, export_id).state == "expired"
    assert len(exports.mine(db_session, cast["site-manager"])) == 1


# --- limits ---


def test_the_same_form_twice_is_one_export(db_session, cast):
    assert ask(cast, "lcs", key="once") == ask(cast, "lcs", key="once")
    assert len(exports.mine(db_session, cast["lcs"])) == 1


def test_three_run_at_once_and_the_fourth_is_refused(cast):
    for _ in range(rule.MOST_RUNNING):
        ask(cast, "lcs")
    with pytest.raises(NotAllowed, match="exports_running"):
        ask(cast, "lcs")
    ask(cast, "ccs")


def test_beyond_twenty_an_hour_one_waits(cast, settings):
    for _ in range(rule.MOST_IN_WINDOW):
        exports.cancel(actor=cast["lcs"], export_id=ask(cast, "lcs"), now=clock.now())
        settings.pass_(60)
    with pytest.raises(TooSoon) as refused:
        ask(cast, "lcs")
    assert refused.value.wait == 40 * 60
    settings.pass_(40 * 60)
    ask(cast, "lcs")


def test_clerks_export_nothing_and_nobody_exports_a_list_that_is_closed_to_them(cast):
    with pytest.raises(NotAllowed):
        ask(cast, "site")
    with pytest.raises(NotAllowed):
        ask(cast, "site-manager", order(list_key="sms", capability="sms_outbox"))
    with pytest.raises(NotAllowed):
        ask(cast, "admin")


def test_more_rows_than_allowed_stop_it_with_a_word(db_session, cast, tickets, monkeypatch):
    monkeypatch.setattr(rule, "MOST_ROWS", 7)
    export_id = ask(cast, "site-manager")
    assert work.run_one(export_id) == "failed"
    assert row(db_session, export_id).reason == "too_many_rows"


def test_when_the_time_is_up_the_next_worker_goes_on_at_once(db_session, cast, tickets, tmp_path):
    export_id, states = ask(cast, "site-manager"), []
    for _ in range(5):
        states.append(work.run_one(export_id, until=0.0))
    assert states == ["running", "running", "done", "busy", "busy"]
    assert len(sheet(db_session, export_id, tmp_path)) == 9


# --- what it costs ---


def fill(session: Any, rows: int) -> None:
    """So many SMS that were sent to one province's sites."""
    start = new_id()
    session.execute(insert(Outbox), [
        {
            "id": start - n, "kind": "sms", "key": f"sms-{start - n}", "lane": "phone", "state": "sent",
            "payload": {"phone": PHONE, "variables": {}, "tickets": []}, "attempts": 1, "token": 1, "created_at": NOON,
            "external_id": "", "error": "",
        }
        for n in range(rows)
    ])  # fmt: skip
    session.commit()


@contextmanager
def counted(database: Any) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield said
    event.remove(database.engine, "before_cursor_execute", note)


def test_many_rows_cost_statements_by_pages_alone(database, db_session, cast, tmp_path, monkeypatch):
    monkeypatch.setattr(export_work.read, "__kwdefaults__", {"size": 50})
    costs = []
    for rows in (100, 1_900):
        fill(db_session, rows)
        export_id = ask(cast, "ccs", order("csv", "sms", "sms_outbox"))
        with counted(database) as said:
            assert work.run_one(export_id) == "done"
        exported = row(db_session, export_id)
        costs.append((exported.rows, exported.pages, len(said)))
    (few, few_pages, little), (many, pages, much) = costs
    assert (few, many) == (100, 2_000) and pages == 40
    assert len(table(db_session, export_id, tmp_path)) == 2_000
    assert (much - little) / (pages - few_pages) < 12


def test_a_page_of_the_queue_begins_at_its_place_in_both_tables(database, db_session, cast, tickets):
    """Bounded in one of them, PostgreSQL reads all younger tickets again for each page."""
    with counted(database) as said:
        queue.below(db_session, cast["ccs"], queue.Filters("all"), NOON, 2**62, 2)
    assert "work_item.ticket_id <" in said[-1] and " ticket.id <" in said[-1]
