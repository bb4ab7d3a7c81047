"""The archive: tickets that ended long ago become one document each, whole, readable, and by themselves at night."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import clock
from app.config import Config, ConfigError
from app.domain import search as query_rule
from app.domain.errors import NotFound
from app.extensions import db
from app.jobs import archive as nightly
from app.models import (
    ArchiveEntry,
    Event,
    FreeText,
    Ticket,
)
from app.services import (
    archive,
    archive_back,
    chain,
    month_verify,
    queue,
    search,
    ticket_view,
    typical_cases,
)
from app.services.transaction import write
from tests.cast import Cast, ticket
from tests.failing import Killed, die_everywhere, dying
from tests.services.archive_steps import (
    HOUR,
    KEEP,
    LATER,
    MONTHS,
    TEXT,
    held,
    long_ago,
    rows_of,
    run,
)


def test_a_ticket_moves_and_comes_back_row_for_row(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    before = rows_of(db_session, number)
    assert run().moved == 1
    row = ticket(db_session, number)
    assert row.archived_at == LATER and held(db_session, number) is not None
    assert not any(rows_of(db_session, number).values())
    assert archive.back(number=number)
    assert rows_of(db_session, number) == before and held(db_session, number) is None
    assert ticket(db_session, number).archived_at is None
    assert run().moved == 1  # and goes again


def test_the_log_the_seals_and_the_frozen_months_are_as_provable_as_before(cast: Cast, db_session: Any) -> None:
    numbers = long_ago(cast, "W1", "W2", "W3")
    before = chain.verify(db_session)
    books = [month_verify.verify(month=month) for month in MONTHS]
    assert before.whole and before.archived == 0 and not any(one.differences for one in books)
    assert run(most=2).moved == 2
    after = chain.verify(db_session)
    assert after.whole and after.archived == 2
    assert (after.tickets, after.events, after.seals) == (before.tickets, before.events, before.seals)
    assert [month_verify.verify(month=month) for month in MONTHS] == books
    assert run().moved == 1 and len(numbers) == 3
    assert chain.verify(db_session).whole
    assert [month_verify.verify(month=month) for month in MONTHS] == books


def test_the_page_reads_as_before_and_offers_nothing_to_do(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    before = ticket_view.view(db_session, cast["site"], number)
    run()
    db_session.rollback()
    after = ticket_view.view(db_session, cast["site"], number)
    assert after.actions == () and len(after.entries) == len(before.entries) > 8
    for old, new in zip(before.entries, after.entries, strict=True):
        assert _plain(old) == _plain(new)
    known = ("id", "kind", "run", "due_at", "stopped_at", "breached_at", "state", "exempt", "started_at")
    assert [[getattr(c, k) for k in known] for c in after.clocks] == [
        [getattr(c, k) for k in known] for c in before.clocks
    ]
    assert after.orders == before.orders and after.callbacks == before.callbacks and after.person == before.person
    with pytest.raises(NotFound):
        ticket_view.view(db_session, cast["site-2"], number)


def _plain(entry: Any) -> list[Any]:
    place = entry.organisation.code if entry.organisation else None
    return [getattr(entry, name) for name in ("seq", "type", "at", "role", "who", "data", "text", "event_id")] + [place]


@pytest.mark.parametrize("who", ["site", "lcs", "ccs", "site-2", "lcs-2"])
def test_it_is_found_by_number_waybill_order_and_telephone_by_those_in_it_alone(
    cast: Cast, db_session: Any, who: str
) -> None:
    (number,) = long_ago(cast)
    asked = (number, "YT1000000000001", "w1", "5678", "0001")
    before = [_found(db_session, cast[who], words) for words in asked]
    run()
    sees = [number] if who in ("site", "lcs", "ccs") else []
    assert before == [sees] * len(asked)
    assert [_found(db_session, cast[who], words) for words in asked] == before
    assert _found(db_session, cast[who], "旺财") == []  # the words are the thread's, which lies in the archive
    archive.back(number=number)
    assert _found(db_session, cast[who], "旺财") == sees


def _found(session: Any, actor: Any, words: str) -> list[str]:
    session.rollback()
    page = search.find(session, actor, query_rule.parse(words), queue.Filters(queue="all"), LATER)
    return [hit.row.number for hit in page.hits]


@pytest.mark.thorough
def test_wherever_it_dies_the_ticket_is_whole_in_one_place_and_the_next_run_goes_on(
    cast: Cast, db_session: Any
) -> None:
    numbers = iter(long_ago(cast, *(f"W{n}" for n in range(1, 12))))
    whole = {number: rows_of(db_session, number) for number in _all(db_session)}

    def fresh() -> str:
        return next(numbers)

    def act(number: str) -> None:
        db.session.remove()
        row = ticket(db_session, number)
        archive.move(ticket_id=row.id, before=LATER, now=LATER)

    def check(number: str) -> None:
        assert ticket(db_session, number).archived_at is not None
        assert not any(rows_of(db_session, number).values())
        archive.back(number=number)
        assert rows_of(db_session, number) == whole[number]
        assert chain.verify(db_session).whole

    died = die_everywhere(fresh, act, check)
    assert {"archive.locked", "archive.written", "archive.deleted", "write.commit", "write.committed"} <= died


def test_after_a_death_before_the_commit_nothing_has_happened(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    before = rows_of(db_session, number)
    for point in ("archive.locked", "archive.written", "archive.deleted", "write.commit"):
        row = ticket(db_session, number)
        with pytest.raises(Killed), dying(point):
            archive.move(ticket_id=row.id, before=LATER, now=LATER)
        assert rows_of(db_session, number) == before and held(db_session, number) is None
    assert db_session.scalar(select(ArchiveEntry.n)) is None


def _all(session: Any) -> list[str]:
    session.rollback()
    return list(session.scalars(select(Ticket.number)))


def test_one_that_raises_is_left_and_stops_nobody(cast: Cast, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = long_ago(cast, "W1", "W2")
    real, poisoned = archive._keep, ticket(db_session, first).id

    def raises(session: Any, row: Any, tables: Any) -> None:
        if row.id == poisoned:
            raise RuntimeError("poison")
        real(session, row, tables)

    monkeypatch.setattr(archive, "_keep", raises)
    done = run()
    assert (done.moved, done.broken) == (1, 1)
    assert held(db_session, first) is None and held(db_session, second) is not None


def test_a_chain_that_is_not_whole_stays_where_it_can_be_looked_at(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    with write() as session:
        own = select(Event.id).where(Event.ticket_id == ticket(session, number).id, Event.seq == 3)
        session.execute(update(Event).where(Event.id == own.scalar_subquery()).values(data={"x": 1}))
    done = run()
    assert (done.moved, done.broken) == (0, 1) and held(db_session, number) is None


# --- by hand and by itself ---


def test_the_commands_say_where_a_ticket_is_and_what_keeps_it(cast: Cast, db_session: Any, app: Flask, at: Any) -> None:
    (number,) = long_ago(cast)
    runner = app.test_cli_runner()

    def said(*args: str) -> str:
        db_session.rollback()
        told = runner.invoke(args=["archive", *args])
        return f"{told.exit_code} {told.output.strip()}"

    assert said("run") == "1 Error: nothing is moved: ARCHIVE_MONTHS is not set; name a number with --months"
    assert said("run", "--months", "5") == "1 Error: at least 6 months, not 5"
    assert said("show", number, "--months", "6") == f"0 {number}: due"
    assert said("hold", number, "--reason", "court") == f"0 {number}: held (court)"
    assert said("show", number, "--months", "6") == f"0 {number}: kept by hold"
    assert said("release", number) == f"0 {number}: released"
    assert said("run", "--months", "6") == "0 archive: 1 tickets moved, 0 needed meanwhile, 0 not whole"
    assert f"{number}: archived 2027-08-01T18:00:00+00:00" in said("show", number)
    assert said("show").startswith("0 archive: 1 tickets,")
    assert said("back", number) == f"0 {number}: brought back"
    assert said("back", number) == f"0 {number}: was not in the archive"
    said("run", "--months", "6")
    assert said("back", "--all") == "0 archive: 1 tickets brought back"
    for args in (("back", "KF000000-000001"), ("hold", "x", "--reason", "court"), ("release", "x"), ("show", "x")):
        assert said(*args).startswith("1 Error: no ticket")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: LATER)


def test_the_scheduler_moves_them_at_night(
    cast: Cast, db_session: Any, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago(cast)
    config = app.extensions["kuaifu"]
    monkeypatch.setattr(clock, "now", lambda: LATER)
    assert nightly.nightly() == 0  # off by default
    monkeypatch.setitem(app.extensions, "kuaifu", replace(config, archive_months=KEEP))
    monkeypatch.setattr(clock, "now", lambda: LATER + 8 * HOUR)
    assert nightly.nightly() == 0  # ten in the morning
    monkeypatch.setattr(clock, "now", lambda: LATER)
    assert nightly.nightly() == 1 and nightly.nightly() == 0


@pytest.mark.parametrize("text", ["5", "-1", "x", "１２", "1201"])
def test_months_that_are_too_few_or_none_stop_the_start(text: str) -> None:
    with pytest.raises(ConfigError):
        Config.from_env({"ARCHIVE_MONTHS": text, "SECRET_KEY": "x" * 40})
    assert Config.from_env({"ARCHIVE_MONTHS": "18"}).archive_months == 18


def test_the_words_of_a_mark_stay_beside_it(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    row = ticket(db_session, number)
    kept = db_session.scalars(select(Event.text_id).where(Event.ticket_id == row.id, Event.type == "note")).first()
    headline = row.headline_id
    run()
    left = set(db_session.scalars(select(FreeText.id)))
    assert left == {headline} and kept is None
    view = ticket_view.view(db_session, cast["site"], number)
    assert view.entries[0].text["text"] == TEXT


def test_every_table_of_a_ticket_is_known_to_move_or_to_stay() -> None:
    moving = {model.__tablename__ for model in archive_back.MOVING}
    of_ticket = {
        table.name for table in db.metadata.sorted_tables
        if any(key.column.table.name in {"ticket", *moving} for key in table.foreign_keys) or "ticket_id" in table.c
    }  # fmt: skip
    assert moving <= of_ticket and of_ticket - moving == STAYS


STAYS = {
    "address_rule", "appeal", "appeal_lease", "archive_entry", "archive_hold", "archived_ticket", "attachment", "audit",
    "contact", "customer_link", "draft", "evidence_order", "imported_ticket", "incident_ticket", "inquiry_row",
    "notice", "outbox", "party_case", "penalty", "penalty_contest", "penalty_due", "platform_order", "problem_row",
    "publication", "rectification", "red_flag", "result_undo", "reveal", "submission", "survey", "ticket_contact",
    "ticket_party", "ticket_person", "transfer", "work_item",
}  # fmt: skip


def test_a_case_made_of_it_masks_and_quotes_as_before(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    before = typical_cases.story(db_session, cast["ccs-manager"], number)
    known = typical_cases.known_of(db_session, ticket(db_session, number))
    run()
    assert typical_cases.story(db_session, cast["ccs-manager"], number) == before and len(before.lines) > 1
    assert typical_cases.known_of(db_session, ticket(db_session, number)) == known and "site" in known.names
