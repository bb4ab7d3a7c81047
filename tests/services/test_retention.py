"""Deletion by policy: what names or quotes somebody goes, facts and figures stay, and the event chain stays whole."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from app.config import Config, ConfigError
from app.extensions import db
from app.models import (
    Attachment,
    DayFact,
    Event,
    FreeText,
    Inbox,
    Outbox,
    Person,
    ProblemRow,
    Scan,
    Ticket,
    TicketContact,
)
from app.models.ids import new_id
from app.services import chain, retention, seals, ticket_view
from tests.cast import NOON, Cast, push, tell, ticket
from tests.services.ending_steps import answer, change

DAY = timedelta(days=1)
DAYS = 200
LATER = NOON + DAYS * DAY + timedelta(hours=2)
WORDS, NAME, PHONE = "邻居的狗叫旺财", "王小明", "13812345678"


def ended(cast: Cast, session: Any, code: str = "W1") -> str:
    """A complaint that was answered and has ended, with somebody else in it and a picture."""
    number = push(cast, code, text=WORDS)
    answer(cast, number, NOON + timedelta(hours=1))
    tell(cast, "URGE", code, at=NOON + timedelta(hours=1), now=NOON + timedelta(hours=1))
    held = ticket(session, number)
    session.add(TicketContact(ticket_id=held.id, role="sender", name="赵发货", phone="13900001111"))
    store_name = f"{len(code):02x}{ord(code[-1]):02x}" * 8
    session.add(Attachment(ticket_id=held.id, store_name=store_name, origin="upload", state="ready", created_at=NOON))
    session.commit()
    change(session, number, state="closed", activity_at=NOON + timedelta(hours=1))
    return number


def clear(now: Any = LATER, days: int = DAYS) -> tuple[retention.Done, list[str]]:
    dropped: list[str] = []
    return retention.run(days=days, now=now, drop=dropped.append), dropped


def whole_database(session: Any) -> str:
    """Everything that is stored, as text."""
    session.rollback()
    rows = []
    for table in db.metadata.sorted_tables:
        for row in session.execute(table.select()):
            rows.append(" ".join(v.decode("utf-8", "replace") if isinstance(v, bytes) else
                                 json.dumps(v, ensure_ascii=False, default=str) for v in row))  # fmt: skip
    return "\n".join(rows)


def test_nothing_of_the_person_is_left_anywhere_in_the_database(cast: Cast, db_session) -> None:
    ended(cast, db_session)
    before = whole_database(db_session)
    assert WORDS in before and NAME in before and PHONE in before and "赵发货" in before
    done, dropped = clear()
    after = whole_database(db_session)
    for mark in (WORDS, "旺财", NAME, PHONE, "13900001111", "赵发货", "文三路", "已重新派送到您手中"):
        assert mark not in after, mark
    assert done.tickets == 1 and done.texts >= 3 and done.messages >= 1 and len(dropped) == done.pictures == 1


def test_the_chain_and_the_seals_stay_whole(cast: Cast, db_session) -> None:
    ended(cast, db_session)
    seals.run(NOON + timedelta(hours=2), behind=0)
    events = db_session.execute(select(Event.id, Event.hash, Event.text_digest)).all()
    clear()
    db_session.rollback()
    report = chain.verify(db_session)
    assert report.whole and report.seals == 1 and report.events == len(events)
    assert db_session.execute(select(Event.id, Event.hash, Event.text_digest)).all() == events
    assert db_session.scalar(select(FreeText.id)) is None


def test_what_is_younger_or_has_not_ended_stays(cast: Cast, db_session) -> None:
    old, young, open_one = (ended(cast, db_session, code) for code in ("W1", "W2", "W3"))
    change(db_session, young, activity_at=LATER - DAYS * DAY + timedelta(minutes=1))
    change(db_session, open_one, state="in_progress")
    assert retention.due(db_session, DAYS, LATER) == 1
    assert clear()[0].tickets == 1
    names = {number: db_session.get(Person, ticket(db_session, number).id).name for number in (old, young, open_one)}
    assert names == {old: "", young: NAME, open_one: NAME}
    assert clear()[0].tickets == 0  # and once is enough


def test_a_search_finds_the_words_no_more(cast: Cast, db_session) -> None:
    ended(cast, db_session)
    before = _documents(db_session)
    clear()
    after = _documents(db_session)
    assert len(before) == len(after) == 1 and len(after[0]) < len(before[0])


def _documents(session: Any) -> list[str]:
    session.rollback()
    return [str(row) for row in session.execute(text("SELECT terms FROM search_document")).scalars()]


def test_the_ticket_can_still_be_read_by_those_in_it(cast: Cast, db_session) -> None:
    number = ended(cast, db_session)
    clear()
    shown = ticket_view.view(db_session, cast["site"], number)
    assert shown is not None and ticket(db_session, number).cleared_at == LATER


def test_what_waited_to_leave_the_house_does_not_leave_without_its_words(cast: Cast, db_session) -> None:
    ended(cast, db_session)
    clear()
    db_session.rollback()
    assert {(row.state, row.next_try_at) for row in db_session.scalars(select(Outbox))} == {("failed", None)}


def test_keys_of_messages_stay_so_that_the_same_push_makes_no_second_ticket(cast: Cast, db_session) -> None:
    number = ended(cast, db_session)
    clear()
    assert push(cast, text=WORDS) == number
    db_session.rollback()
    assert len(db_session.scalars(select(Ticket.id)).all()) == 1
    assert not any(db_session.scalars(select(Inbox.body)))


def test_many_go_in_batches_and_a_run_has_a_limit(cast: Cast, db_session, monkeypatch) -> None:
    for n in range(5):
        ended(cast, db_session, f"W{n}")
    monkeypatch.setattr(retention, "BATCH", 2)
    assert retention.run(days=DAYS, now=LATER, drop=lambda _name: None, most=3).tickets == 4  # whole batches
    assert clear()[0].tickets == 1


@pytest.mark.parametrize("days", [0, 1, 179])
def test_nothing_is_deleted_before_its_time(cast: Cast, db_session, days: int) -> None:
    with pytest.raises(ValueError, match="180"):
        clear(days=days)
    if days:
        with pytest.raises(ConfigError):
            Config.from_env({"RETENTION_DAYS": str(days), "SECRET_KEY": "k" * 32})


def test_a_picture_that_the_store_does_not_give_up_keeps_no_other_ticket_from_being_cleared(
    cast: Cast, db_session, monkeypatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    first, second = ended(cast, db_session, "W1"), ended(cast, db_session, "W2")
    change(db_session, first, activity_at=NOON)

    def drop(name: str) -> None:
        if name == f"{len('W1'):02x}{ord('1'):02x}" * 8:
            raise OSError("held")

    assert retention.run(days=DAYS, now=LATER, drop=drop).tickets == 1
    assert [ticket(db_session, number).cleared_at is None for number in (first, second)] == [True, False]
    assert retention.run(days=DAYS, now=LATER, drop=lambda _name: None).tickets == 1


def test_the_command_says_what_went(app, cast: Cast, db_session, monkeypatch) -> None:
    ended(cast, db_session)
    monkeypatch.setattr("app.clock.now", lambda: LATER)
    run = app.test_cli_runner().invoke
    assert "RETENTION_DAYS" in run(args=["retention", "run"]).output
    assert run(args=["retention", "due", "--days", str(DAYS)]).output == "retention: 1 tickets\n"
    assert run(args=["retention", "run", "--days", str(DAYS)]).output.startswith("retention: 1 tickets cleared of ")
    assert run(args=["retention", "due", "--days", str(DAYS)]).output == "retention: 0 tickets\n"


def test_couriers_names_go_and_the_counts_of_their_site_stay(cast: Cast, db_session) -> None:
    number = ended(cast, db_session)
    held, day, late = ticket(db_session, number), NOON.date(), LATER - DAY
    site = cast.places["330106-01"]
    for at, name in ((NOON, "快递员丁"), (late, "快递员戊")):
        db_session.add(
            Scan(id=new_id(), waybill=held.waybill, scan_type="SIGN", scanned_at=at, courier=name, note=name)
        )
    for kind, code in (("courier", f"{site}:快递员丁"), ("site", str(site))):
        db_session.add(DayFact(scope_id=0, kind=kind, day=day, code=code, n=3))
    row = ProblemRow(
        scope=site, ticket_id=held.id, opened_at=NOON, state="closed", category="DAMAGE", courier="快递员丁"
    )
    db_session.add(row)
    db_session.commit()
    assert clear(NOON + DAY)[0].tickets == 0 and "快递员丁" in whole_database(db_session)
    clear(LATER + DAY)
    after = whole_database(db_session)
    assert "快递员丁" not in after and "快递员戊" in after
    assert [(fact.kind, fact.n) for fact in db_session.scalars(select(DayFact))] == [("site", 3)]
