"""An archived ticket that is needed: a message, a look, a deletion by policy, a court, and the proof of all that."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from app import failpoints
from app.domain import archive as rule
from app.domain.errors import NotAllowed
from app.extensions import db
from app.models import (
    ArchivedTicket,
    ArchiveEntry,
    Event,
    FreeText,
    Policy,
    Ticket,
)
from app.services import (
    archive,
    chain,
    month_verify,
    policies,
    retention,
    reveals,
    scope,
    ticket_view,
)
from app.services.transaction import write
from tests.cast import Cast, push, tell, ticket
from tests.services.archive_steps import (
    AT,
    LATER,
    TEXT,
    held,
    long_ago,
    rows_of,
    run,
)

# --- a message for one that lies there ---


def test_a_repeat_finds_it_and_a_linked_ticket_follows(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    before = rows_of(db_session, number)
    run()
    tell(cast, "REPEAT", "W1", at=LATER, now=LATER)
    old = ticket(db_session, number)
    new = db_session.scalars(select(Ticket).where(Ticket.previous_id == old.id)).one()
    assert old.archived_at is None and old.state == "closed" and new.state == "open"
    assert rows_of(db_session, number) == before
    assert chain.verify(db_session).whole


def test_a_rejection_brings_it_back_as_an_appeal(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    run()
    tell(cast, "REJECT", "W1", at=LATER, now=LATER)
    row = ticket(db_session, number)
    assert (row.state, row.archived_at) == ("appealed", None)
    said = [event.type for event in db_session.scalars(
        select(Event).where(Event.ticket_id == row.id).order_by(Event.seq)
    )]  # fmt: skip
    assert said[0] == "received" and said[-2:] != [] and "appeal_opened" in said
    assert chain.verify(db_session).whole and run().moved == 0


def test_a_repeat_inside_a_long_window_opens_it_again(cast: Cast, db_session: Any) -> None:
    with write() as session:
        for row in session.scalars(select(Policy)):
            row.limits = {**row.limits, "reopen": {"minutes": 60 * 24 * 900, "calendar": "always"}}
    policies._cached.clear()
    (number,) = long_ago(cast)
    run()
    again = push(cast, "W9", waybill="YT1000000000001", now=LATER)
    policies._cached.clear()
    row = ticket(db_session, number)
    assert again == number and (row.state, row.archived_at, row.repeat_count) == ("in_progress", None, 1)
    assert chain.verify(db_session).whole


def test_another_complaint_on_the_parcel_follows_it_and_leaves_it_there(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    run()
    again = push(cast, "W9", waybill="YT1000000000001", now=LATER)
    old, new = ticket(db_session, number), ticket(db_session, again)
    assert new.previous_id == old.id and old.archived_at == LATER


def test_the_same_push_again_gives_the_same_number_and_leaves_it_there(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    run()
    again = push(cast, "W1", text=TEXT, waybill="YT1000000000001", now=AT)
    assert again == number and ticket(db_session, number).archived_at == LATER


def test_whoever_looks_at_the_contact_in_full_brings_it_back(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    run()
    shown = reveals.reveal(actor=cast["site"], number=number, now=LATER)
    row = ticket(db_session, number)
    assert shown.phone == "13812345678" and row.archived_at is None and chain.verify(db_session).whole
    assert run().moved == 1  # the look is an entry, and the ticket as old as before


# --- proof ---


def _in_document(change: Callable[[dict[str, Any]], None]) -> Callable[[ArchivedTicket], None]:
    def act(row: ArchivedTicket) -> None:
        value = rule.unpack(row.document, row.digest)
        change(value)
        packed = rule.pack(value)
        row.document, row.digest = packed.body, packed.digest

    return act


def _cut(row: ArchivedTicket) -> None:
    row.document = row.document[:-9]


def _words(row: ArchivedTicket) -> None:
    assert row.texts is not None
    value = rule.unpack(row.texts, row.texts_digest)
    value[0]["body"] = {"text": "nothing"}
    packed = rule.pack(value)
    row.texts, row.texts_digest = packed.body, packed.digest


TAMPERED: dict[str, tuple[Callable[[ArchivedTicket], None], set[str]]] = {
    "an entry edited": (
        _in_document(lambda doc: doc["tables"]["event"][2].update(data={"x": 1})), {"edited", "archive"},
    ),
    "an entry taken away": (_in_document(lambda doc: doc["tables"]["event"].pop(3)), {"missing", "archive", "seal"}),
    "the last entry taken away": (_in_document(lambda doc: doc["tables"]["event"].pop()),
                                  {"truncated", "archive", "seal"}),
    "a clock edited": (_in_document(lambda doc: doc["tables"]["clock"][0].update(minutes=1)), {"archive"}),
    "bytes cut off": (_cut, {"archive", "seal"}),
    "words edited": (_words, {"archive", "seal"}),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_whatever_is_changed_in_a_document_is_found(cast: Cast, db_session: Any, name: str) -> None:
    long_ago(cast, "W1", "W2")
    run()
    change, wanted = TAMPERED[name]
    with write() as session:
        change(session.scalars(select(ArchivedTicket).order_by(ArchivedTicket.ticket_id)).first())
    found = {one.what for one in chain.verify(db_session).faults}
    assert wanted <= found


def test_a_document_that_is_gone_and_a_log_that_was_written_anew_are_found(cast: Cast, db_session: Any) -> None:
    first, _second = long_ago(cast, "W1", "W2")
    run()
    with write() as session:
        session.execute(delete(ArchivedTicket).where(ArchivedTicket.ticket_id == ticket(session, first).id))
    assert {("archive", first)} <= {(one.what, one.where) for one in chain.verify(db_session).faults}
    with write() as session:
        session.execute(update(ArchiveEntry).where(ArchiveEntry.n == 1).values(digest="0" * 64))
    assert {"log"} <= {one.what for one in chain.verify(db_session).faults}


def test_the_archive_is_verified_by_itself_too(cast: Cast, db_session: Any, app: Flask) -> None:
    (number,) = long_ago(cast)
    run()
    db_session.rollback()
    told = app.test_cli_runner().invoke(args=["archive", "verify"])
    assert told.exit_code == 0 and told.stdout.startswith("archive: 1 tickets,") and "whole" in told.stdout
    with write() as session:
        _cut(session.scalars(select(ArchivedTicket)).one())
    told = app.test_cli_runner().invoke(args=["archive", "verify"])
    assert told.exit_code == 1 and f"archive: {number}, entry 1" in told.stdout


# --- personal data ---


def test_words_are_deleted_there_too_and_the_proof_stays_green(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    run()
    kept = held(db_session, number)
    assert kept is not None and "客户说可以" in json.dumps(
        rule.unpack(kept.texts, kept.texts_digest), ensure_ascii=False
    )
    assert retention.run(days=200, now=LATER, drop=lambda _name: None).tickets == 1
    kept = held(db_session, number)
    assert kept is not None and kept.texts is None
    assert "客户说可以" not in json.dumps(rule.unpack(kept.document, kept.digest), ensure_ascii=False)
    assert chain.verify(db_session).whole and not month_verify.verify(month="2026-11").differences
    view = ticket_view.view(db_session, cast["site"], number)
    assert not any(entry.text for entry in view.entries) and view.person.name == ""
    archive.back(number=number)
    assert db_session.scalar(select(FreeText.id)) is None and chain.verify(db_session).whole


def test_what_is_deleted_before_goes_without_words(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    retention.run(days=200, now=LATER, drop=lambda _name: None)
    assert run().moved == 1
    kept = held(db_session, number)
    assert kept is not None and kept.texts is None and chain.verify(db_session).whole


def test_a_court_keeps_a_ticket_its_words_and_its_people(cast: Cast, db_session: Any) -> None:
    (number,) = long_ago(cast)
    run()
    archive.hold(number=number, reason="court", note="（2027）浙0106民初1号", now=LATER)
    assert ticket(db_session, number).archived_at is None
    assert run().moved == 0
    assert retention.run(days=200, now=LATER, drop=lambda _name: None).tickets == 0
    with pytest.raises(NotAllowed):
        archive.hold(number=number, reason="court", note="", now=LATER)
    archive.release(number=number, now=LATER)
    with pytest.raises(NotAllowed):
        archive.release(number=number, now=LATER)
    assert retention.run(days=200, now=LATER, drop=lambda _name: None).tickets == 1 and run().moved == 1


def test_a_message_that_comes_while_it_is_moved_waits_and_finds_it_whole(
    cast: Cast, db_session: Any, app: Flask
) -> None:
    (number,) = long_ago(cast)
    row_id = ticket(db_session, number).id
    db_session.rollback()
    teller: list[threading.Thread] = []

    def message() -> None:
        with app.app_context():
            tell(cast, "REJECT", "W1", at=LATER, now=LATER)
            db.session.remove()

    def hook(point: str) -> None:
        if point == "archive.written":
            teller.append(threading.Thread(target=message))
            teller[0].start()
            time.sleep(0.3)

    with failpoints.armed(hook):
        assert archive.move(ticket_id=row_id, before=LATER, now=LATER) == "moved"
    teller[0].join()
    row = ticket(db_session, number)
    assert (row.state, row.archived_at) == ("appealed", None) and held(db_session, number) is None
    assert chain.verify(db_session).whole


def test_one_that_somebody_has_in_hand_is_left_for_the_next_run(cast: Cast, db_session: Any, app: Flask) -> None:
    (number,) = long_ago(cast)
    row_id = ticket(db_session, number).id
    db_session.rollback()
    said: list[str] = []

    def mover() -> None:
        with app.app_context():
            said.append(archive.move(ticket_id=row_id, before=LATER, now=LATER))
            db.session.remove()

    with write() as session:
        scope.locked_ticket(session, row_id)
        other = threading.Thread(target=mover)
        other.start()
        time.sleep(0.3)
        session.execute(update(Ticket).where(Ticket.id == row_id).values(state="replied"))
    other.join()
    assert said == ["kept"] and held(db_session, number) is None
