"""What is stored at once is what a flush would have stored, and stays the session's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.models import Clock, FreeText, Ticket
from app.models.ids import new_id
from app.models.pending import store
from app.services.transaction import write
from bench.statements import counted, written_down
from tests.cast import NOON


def ticket() -> Ticket:
    return Ticket(
        id=new_id(), number=f"KF-{new_id()}", category="LOST", priority="high", channel="phone", policy_version=1,
        opened_at=NOON, received_at=NOON, activity_at=NOON,
    )  # fmt: skip


def clock(of: Ticket) -> Clock:
    return Clock(
        ticket_id=of.id, kind="resolve", run=1, minutes=60, calendar="always", started_at=NOON,
        due_at=NOON + timedelta(hours=1), state="running",
    )  # fmt: skip


def test_parents_are_stored_before_their_children_in_whatever_order_they_were_made(cast, db_session):
    with write() as session:
        made = ticket()
        session.add_all([clock(made), FreeText(id=new_id(), ticket_id=made.id, salt="", body={"text": "好"}), made])
        store(session)
        assert not session.new
        assert session.scalar(select(func.count()).select_from(Clock).where(Clock.ticket_id == made.id)) == 1


@pytest.mark.postgresql_only  # SQLite takes one table at a time, and no way is saved
def test_rows_of_several_tables_are_one_statement_whatever_their_numbers(cast, db_session, database):
    made = [ticket(), ticket()]
    with write() as session:
        session.add_all([*made, clock(made[0]), clock(made[1])])
        session.add(FreeText(id=new_id(), ticket_id=made[1].id, salt="", body={"text": "100% 好 %(id)s"}))
        with written_down(database.engine) as said:
            store(session)
    assert counted(said) == 1
    assert db_session.scalar(select(func.count()).select_from(Clock)) == 2
    assert db_session.scalars(select(FreeText)).one().body == {"text": "100% 好 %(id)s"}


def test_what_is_left_out_gets_its_default_and_reads_so_without_asking(cast, db_session):
    with write() as session:
        made = ticket()
        session.add(made)
        store(session)
        said = (made.state, made.cases, made.owner_id, made.tier)
        session.expire(made)
        assert said == (made.state, made.cases, made.owner_id, made.tier) == ("open", {}, None, "")


def test_a_later_change_is_written_and_the_row_is_not_read_again(cast, db_session):
    with write() as session:
        made = ticket()
        session.add(made)
        store(session)
        made.queue = "working"
        assert session.get(Ticket, made.id) is made
    assert db_session.scalar(select(Ticket.queue).where(Ticket.id == made.id)) == "working"


def test_a_rollback_forgets_what_was_stored(cast, db_session):
    made = ticket()
    with pytest.raises(ZeroDivisionError), write() as session:
        session.add(made)
        store(session)
        raise ZeroDivisionError
    assert made not in db_session
    assert db_session.get(Ticket, made.id) is None
