"""What a transaction adds to counters is written right before its commit, in one order for all, or not at all."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.roles import Actor
from app.models import Inflow, ScopeVersion, ScopeVersionPart
from app.models.work import Counter
from app.services import counts, queue, replies, versions
from app.services.queue import Filters
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push


def site_counts(session: Any) -> dict[str, int]:
    session.rollback()
    return {row.queue: row.n for row in session.scalars(select(Counter).where(Counter.scope == 7))}


def raise_one(session: Any, queue: str, n: int = 1) -> None:
    counts.add(session, Counter, [{"scope": 7, "queue": queue, "n": n}])


def version(session: Any, actor: Actor) -> int:
    session.rollback()
    return queue.by_band(session, actor, Filters(), NOON)[0]


def test_nothing_is_written_before_the_end_and_then_the_sum_of_all(db_session):
    with write() as session:
        for n in (1, 2, -1):
            raise_one(session, "all", n)
        raise_one(session, "todo")
        raise_one(session, "todo", -1)
        assert not session.scalars(select(Counter).where(Counter.scope == 7)).all()
    assert site_counts(db_session) == {"all": 2}


def test_what_fails_adds_nothing_and_the_next_begins_anew(db_session):
    with pytest.raises(ZeroDivisionError), write() as session:
        raise_one(session, "all")
        raise ZeroDivisionError
    with write() as session:
        raise_one(session, "todo")
    assert site_counts(db_session) == {"todo": 1}


def test_without_a_write_transaction_it_is_written_at_once(db_session):
    raise_one(db_session, "all")
    db_session.commit()
    assert site_counts(db_session) == {"all": 1}


@pytest.mark.postgresql_only  # SQLite has one writer at a time
def test_two_that_raise_the_same_in_the_opposite_order_do_not_wait_in_a_circle(app, database, db_session):
    both, wrong = threading.Barrier(2), []

    def raising(queues: list[str]) -> None:
        try:
            with app.app_context(), write() as session:
                raise_one(session, queues[0])
                session.flush()
                both.wait(5)
                raise_one(session, queues[1])
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=raising, args=(order,)) for order in (["all", "todo"], ["todo", "all"])]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert not wrong
    assert site_counts(db_session) == {"all": 2, "todo": 2}


def test_the_number_of_a_scope_grows_with_each_change_whatever_part_it_falls_into(cast: Cast, db_session):
    db_session.add(ScopeVersion(scope=0, n=40))  # what the code before the parts had counted
    db_session.commit()
    number = push(cast)
    seen = [version(db_session, cast["ccs"])]
    for n in range(6):
        replies.note(actor=cast["site"], post=post(number), text=f"记录 {n}", now=NOON)
        seen.append(version(db_session, cast["ccs"]))
    assert seen[0] > 40 and seen == sorted(set(seen))
    parts = set(db_session.scalars(select(ScopeVersionPart.part)))
    assert parts <= set(range(versions.PARTS))


def test_a_refused_change_raises_no_number_and_no_inflow(cast: Cast, db_session, monkeypatch):
    push(cast)
    before = version(db_session, cast["ccs"]), sum(db_session.scalars(select(Inflow.n)))

    def full(*_given: Any) -> None:
        raise OSError

    monkeypatch.setattr(counts, "upsert_add_all", full)
    with pytest.raises(OSError):
        push(cast, "W2", waybill="YT0000000090000")
    monkeypatch.undo()
    assert (version(db_session, cast["ccs"]), sum(db_session.scalars(select(Inflow.n)))) == before
