"""Months of events on PostgreSQL: made ahead, never filled in silence, taken off when empty, and left out of questions
about younger tickets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from app import clock
from app.domain.calendars import month_bounds, month_of
from app.domain.errors import NotAllowed, NotFound
from app.extensions import db
from app.jobs import archive as job
from app.models import Event, Ticket, ids
from app.models import dialect_partitions as tables
from app.services import (
    archive,
    chain,
    metrics,
    month_verify,
    partitions,
    queue,
    replies,
    seals,
    sweep,
    ticket_view,
)
from app.services import doctor as look
from app.services.transaction import write
from tests.cast import Cast, post, push, tell, ticket
from tests.services.archive_steps import LATER, MONTHS, held, long_ago, run
from tests.services.ending_steps import answer

pytestmark = pytest.mark.postgresql_only
FAR = "2031-05"


@pytest.fixture(autouse=True)
def as_before(database: Any) -> Iterator[None]:
    """Partitions that a test made are gone after it, with their rows; those of the migration are there again."""
    yield
    db.session.rollback()
    with write() as session:
        known = {part.name: part for part in tables.listed(session)}
        session.execute(text("TRUNCATE event"))
        for name in known.keys() - _migrated(session):
            tables.detach(session, name)


def _migrated(session: Any) -> set[str]:
    return {tables.REST, "event_before", *_kept}


_kept: set[str] = set()


@pytest.fixture(scope="module", autouse=True)
def remembered(app: Flask) -> None:
    with app.app_context():
        _kept.update(part.name for part in tables.listed(db.session()))
        db.session.rollback()


def _names() -> set[str]:
    db.session.rollback()
    return {part.name for part in tables.listed(db.session())}


def _event(session: Any, number: str, key: int, seq: int = 900) -> None:
    row = session.scalars(
        select(Event).join(Ticket, Ticket.id == Event.ticket_id).where(Ticket.number == number)
    ).first()
    values = {column.name: getattr(row, column.name) for column in Event.__table__.columns}
    session.execute(insert(Event).values(**{**values, "id": key, "seq": seq}))


def test_the_migration_left_three_months_ahead_and_an_empty_rest(db_session: Any) -> None:
    now = datetime.now(UTC)
    standing = partitions.standing(db_session, now)
    assert (standing.here, standing.ahead, standing.strays) == (True, 3, 0)
    assert partitions.ahead(now) == [] and {"event_before", "event_rest"} < _names()


def test_months_are_made_ahead_once(db_session: Any) -> None:
    later = datetime.now(UTC) + timedelta(days=62)
    made = partitions.ahead(later)
    assert len(made) == 2 and partitions.ahead(later) == []
    assert {partitions.name_of(month) for month in made} <= _names()
    assert partitions.standing(db_session, later).ahead == 3


def test_what_no_month_takes_is_told_and_gets_its_month(cast: Cast, db_session: Any, app: Flask) -> None:
    number = push(cast)
    low, _high = partitions.ids_of(FAR)
    with write() as session:
        _event(session, number, low + 7)
    now = datetime.now(UTC)
    db_session.rollback()
    assert partitions.standing(db_session, now).strays == 1
    assert metrics.figures(db_session, now).months.strays == 1
    assert look.months(db_session, now).level == "warn"
    told = app.test_cli_runner().invoke(args=["partitions", "list"])
    assert told.exit_code == 1 and "1 events lie in no month" in told.output
    assert partitions.ahead(now) == [FAR]
    assert partitions.standing(db_session, now).strays == 0
    assert db_session.execute(text("SELECT id FROM event_2031_05")).scalars().all() == [low + 7]
    assert look.months(db_session, now).level == "ok"


def test_a_month_guards_the_chain_of_its_tickets(cast: Cast) -> None:
    number = push(cast)
    low, _high = partitions.ids_of(month_of(datetime.now(UTC) + timedelta(days=40)))
    with pytest.raises(IntegrityError), write() as session:
        _event(session, number, low + 1, seq=77)
        _event(session, number, low + 2, seq=77)


def test_only_an_empty_month_that_is_over_is_taken_off(cast: Cast, db_session: Any, app: Flask) -> None:
    number = push(cast)
    low, _high = partitions.ids_of(FAR)
    with write() as session:
        _event(session, number, low + 7)
    partitions.ahead(datetime.now(UTC))
    after = month_bounds(FAR)[1] + timedelta(days=1)
    for name, now, code in (
        ("event_rest", after, "not_over"), ("event_2031_05", datetime.now(UTC), "not_over"),
        ("event_2031_05", after, "needed"), ("event_before", after, "needed"),
    ):  # fmt: skip
        with pytest.raises(NotAllowed) as refused:
            partitions.detach(name=name, now=now)
        assert refused.value.code == code, name
    with pytest.raises(NotFound):
        partitions.detach(name="ticket", now=after)
    told = app.test_cli_runner().invoke(args=["partitions", "detach", "event_rest"])
    assert told.exit_code == 1 and "it is not over" in told.output
    with write() as session:
        session.execute(text("DELETE FROM event WHERE id = :id"), {"id": low + 7})
    partitions.detach(name="event_2031_05", now=after)
    assert "event_2031_05" not in _names()
    with pytest.raises(ValueError):
        tables.detach(db_session, "ticket")


def test_a_ticket_of_a_month_that_was_taken_off_comes_back_and_gets_it_again(
    cast: Cast, db_session: Any, drawn: Callable[[datetime], Any]
) -> None:
    with drawn(month_bounds(FAR)[0] + timedelta(days=3)):
        (number,) = long_ago(cast)
    partitions.ahead(datetime.now(UTC))
    assert FAR.replace("-", "_") in "".join(_names())
    assert run().moved == 1
    partitions.detach(name="event_2031_05", now=month_bounds(FAR)[1] + timedelta(days=1))
    assert chain.verify(db_session).whole
    assert not any(month_verify.verify(month=month).differences for month in MONTHS)
    archive.back(number=number)
    assert held(db_session, number) is None and partitions.standing(db_session, LATER).strays > 5
    assert partitions.ahead(datetime.now(UTC)) == [FAR]
    assert partitions.standing(db_session, LATER).strays == 0 and chain.verify(db_session).whole


# --- which months a question looks into ---


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], Any]:
    """Ids as a machine would draw them at another time."""

    @contextmanager
    def at(when: datetime) -> Iterator[None]:
        before, real = dict(ids._state), ids.time.time_ns
        begun = real()
        monkeypatch.setattr(ids.time, "time_ns", lambda: int(when.timestamp() * 1e9) + real() - begun)
        try:
            yield
        finally:
            monkeypatch.setattr(ids.time, "time_ns", real)
            ids._state.update(before)

    return at


@contextmanager
def _asked() -> Iterator[list[tuple[str, Any]]]:
    """Every SELECT that reads events."""
    found: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if re.search(r"\b(FROM|JOIN) event\b", statement) and statement.lstrip().startswith("SELECT"):
            found.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


def _months(asked: list[tuple[str, Any]]) -> set[str]:
    """The partitions that the plans of these statements look into."""
    found: set[str] = set()
    with db.engine.connect() as connection:
        for statement, parameters in asked:
            said = statement.replace(" FOR UPDATE", "")
            lines = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {said}", parameters).scalars().all()
            found |= set(re.findall(r"\bevent_(?:before|rest|[0-9]{4}_[0-9]{2})\b(?! on)", "\n".join(lines)))
            found -= {name for name in found if name not in _names()}
    return found


def test_work_on_a_ticket_looks_into_no_month_before_its_own(
    cast: Cast, db_session: Any, drawn: Callable[[datetime], Any]
) -> None:
    partitions.ahead(month_bounds(FAR)[0])
    at = datetime(2026, 11, 18, 4, tzinfo=UTC)
    with drawn(month_bounds(FAR)[0] + timedelta(days=3)), _asked() as asked:
        number = push(cast, "W7", now=at, waybill="YT7000000000001")
        while sweep.run(db_session, at + timedelta(minutes=11)):
            pass
        replies.claim(actor=cast["site"], post=post(number), now=at + timedelta(minutes=12))
        tell(cast, "URGE", "W7", at=at + timedelta(minutes=13), now=at + timedelta(minutes=13))
        answer(cast, number, at + timedelta(minutes=20))
        tell(cast, "REJECT", "W7", at=at + timedelta(hours=1), now=at + timedelta(hours=1))
        db_session.rollback()
        for who in ("site", "lcs", "ccs"):
            ticket_view.view(db_session, cast[who], number)
            queue.page(db_session, cast[who], queue.Filters(queue="all"), at)
        db_session.rollback()
    assert len(asked) > 3
    seen = _months(asked)
    assert "event_2031_05" in seen
    assert seen <= {"event_2031_05", "event_2031_06", "event_2031_07", "event_2031_08", "event_rest"}
    assert ticket(db_session, number).id >= partitions.ids_of(FAR)[0]


def test_the_fold_of_a_month_looks_into_no_month_after_its_freeze(cast: Cast, db_session: Any) -> None:
    long_ago(cast)
    with _asked() as asked:
        assert not month_verify.verify(month="2026-11").differences
    (fold,) = [one for one in asked if "ORDER BY event.ticket_id, event.seq" in one[0]]
    assert _months([fold]) == {"event_before"}


def test_a_seal_looks_into_no_month_before_the_last_one(cast: Cast, db_session: Any) -> None:
    push(cast)
    seals.run(LATER, behind=-60)
    low, _high = partitions.ids_of(FAR)
    partitions.ahead(month_bounds(FAR)[0])
    with write() as session:
        session.execute(update(seals.Seal).values(last_event_id=low))
    with _asked() as asked:
        seals.run(LATER, behind=0)
    assert "event_before" not in _months([one for one in asked if "event.hash" in one[0]])


def test_the_clock_of_the_machine_makes_the_months(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(days=31))
    assert job.months_ahead() == 1 and job.months_ahead() == 0
