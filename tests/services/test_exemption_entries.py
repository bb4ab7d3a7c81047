"""One request for very many tickets: written in batches, resumed after a crash, one exemption all the time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, select

from app.domain.errors import Invalid
from app.extensions import db
from app.models import Clock, Event, ExemptedClock, Exemption, FreeText, Ticket
from app.services import exemption_entries, exemption_rulings, exemption_view, incidents, sweep
from app.services.exemptions import AskIn
from app.services.incidents import IncidentIn
from tests.cast import NOON, Cast, push, tell, ticket

LATER = NOON + timedelta(hours=1)
ASKED = AskIn("force_majeure", text="起火证明在省区档案 11-18")
COUNT = 7


@pytest.fixture(autouse=True)
def small(monkeypatch: Any) -> None:
    monkeypatch.setattr(exemption_entries, "BATCH", 3)


@pytest.fixture
def numbers(cast: Cast, db_session: Any) -> list[str]:
    made = [push(cast, f"E{n}", waybill=f"YT{n:013d}") for n in range(COUNT)]
    sweep.run(db_session, LATER)
    return made


@pytest.fixture
def incident(cast: Cast, numbers: list[str]) -> str:
    name = incidents.open_incident(actor=cast["lcs"], incident=IncidentIn("货车起火", "fire", "33"), now=NOON)
    incidents.add(actor=cast["lcs"], number=name, words=" ".join(numbers), now=NOON)
    return name


def ask(cast: Cast, incident: str) -> int:
    return incidents.ask_exemption(actor=cast["lcs"], number=incident, kind="first_reply", asked=ASKED, now=LATER)


def told(session: Any, kind: str = "exemption_asked") -> list[str]:
    session.rollback()
    statement = select(Ticket.number).join(Event, Event.ticket_id == Ticket.id).where(Event.type == kind)
    return list(session.scalars(statement.order_by(Event.id)))


def test_the_request_names_every_run_at_once_and_its_entries_follow_a_batch_a_transaction(
    cast: Cast, db_session: Any, incident: str, numbers: list[str]
) -> None:
    exemption_id = ask(cast, incident)
    assert told(db_session) == numbers[:3]
    row = db_session.get_one(Exemption, exemption_id)
    assert (row.state, row.tickets, row.clocks) == ("asked", COUNT, COUNT)
    assert len(exemption_view.page(db_session, cast["lcs"], "asked")) == 1
    db_session.rollback()
    commits: list[int] = []

    def count(_connection: Any) -> None:
        commits.append(1)

    sql_event.listen(db.engine, "commit", count)
    assert exemption_rulings.run(LATER) == 0  # nothing is decided, so no clock is marked
    sql_event.remove(db.engine, "commit", count)
    assert told(db_session) == numbers and len(commits) >= 3
    words = select(func.count()).select_from(FreeText).where(FreeText.id.in_(select(Event.text_id)))
    assert db_session.scalar(words.where(FreeText.ticket_id == ticket(db_session, numbers[-1]).id)) == 2
    assert exemption_entries.run(LATER) == 0 and len(told(db_session)) == COUNT


def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_doubles_and_loses_nothing(
    cast: Cast, db_session: Any, incident: str, numbers: list[str], monkeypatch: Any
) -> None:
    ask(cast, incident)
    known, written = exemption_entries.on_ticket, []

    def dying(*given: Any, **named: Any) -> Any:
        written.append(1)
        if len(written) == 2:
            raise KeyboardInterrupt
        return known(*given, **named)

    monkeypatch.setattr(exemption_entries, "on_ticket", dying)
    with pytest.raises(KeyboardInterrupt):
        exemption_entries.run(LATER)
    assert told(db_session) == numbers[:3]
    monkeypatch.setattr(exemption_entries, "on_ticket", known)
    exemption_entries.run(LATER)
    assert told(db_session) == numbers


def test_a_decision_between_two_batches_reaches_every_ticket_after_its_entry(
    cast: Cast, db_session: Any, incident: str, numbers: list[str]
) -> None:
    exemption_id = ask(cast, incident)
    exemption_rulings.decide(actor=cast["ccs-manager"], exemption_id=exemption_id, granting=True, text="", now=LATER)
    for _ in range(2):
        exemption_rulings.run(LATER)
    assert sorted(told(db_session, "clock_exempted")) == numbers
    for number in numbers:
        kinds = select(Event.type).where(Event.ticket_id == ticket(db_session, number).id).order_by(Event.seq)
        line = list(db_session.scalars(kinds))
        assert line.index("exemption_asked") < line.index("clock_exempted")
    assert db_session.scalar(select(func.count()).where(Clock.exempt.is_(True))) == COUNT
    assert db_session.get_one(Exemption, exemption_id).done_at == LATER


def test_a_ticket_that_was_withdrawn_meanwhile_is_left_out_and_not_counted(
    cast: Cast, db_session: Any, incident: str, numbers: list[str]
) -> None:
    exemption_id = ask(cast, incident)
    tell(cast, "CANCEL", "E6")
    exemption_entries.run(LATER)
    assert told(db_session) == numbers[:6]
    row = db_session.get_one(Exemption, exemption_id)
    assert (row.tickets, row.clocks) == (6, 6)
    states = db_session.scalars(select(ExemptedClock.state).order_by(ExemptedClock.ticket_id)).all()
    assert states == ["asked"] * 6 + ["released"]


def test_runs_whose_entries_are_still_missing_are_asked_for_already(cast: Cast, incident: str) -> None:
    ask(cast, incident)
    with pytest.raises(Invalid) as wrong:
        ask(cast, incident)
    assert wrong.value.fields == {"kind": "no_clock"}
