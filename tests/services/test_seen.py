"""Who saw what: the log stays in the scope, the question finds a number as it is written, and is itself on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed
from app.models import Export, ExportLog, Inbox, PhoneQuery, TicketContact
from app.models.ids import new_id
from app.services import exchange, intake, reveals, seen
from app.services.intake import Arrival
from tests.cast import NOON, Cast, push, ticket

KEY, PHONE = "k" * 32, "13812345678"
HOUR = timedelta(hours=1)


def ask(cast: Cast, who: str, phone: str = PHONE) -> seen.Answer:
    return seen.who_saw(actor=cast[who], phone=phone, key=KEY, address="10.0.0.7", now=NOON + 2 * HOUR)


def show(cast: Cast, who: str, number: str, role: str = "") -> None:
    reveals.reveal(actor=cast[who], number=number, now=NOON + HOUR, role=role)


def took(
    session: Any, cast: Cast, who: str, at: Any = NOON + HOUR, what: str = "downloaded", what_list: str = "queue"
) -> None:
    actor = cast[who]
    row = Export(
        id=new_id(), key=str(new_id()), user_id=actor.user_id, role=actor.role, organisation_id=actor.organisation_id,
        province_id=actor.province_id, list_key=what_list, format="csv", locale="zh", asked={}, below=1, spool="s",
        asked_at=at,
    )  # fmt: skip
    session.add(row)
    session.flush()
    session.add(ExportLog(id=new_id(), export_id=row.id, what=what, user_id=actor.user_id, at=at))
    session.commit()


def test_everybody_who_was_shown_the_number_is_named(cast: Cast, db_session) -> None:
    number, other = push(cast, "W1"), push(cast, "W2", site="330108-01", waybill="YT1000000000099")
    for who, which in (("site", number), ("lcs", number), ("site-2", other)):
        show(cast, who, which)
    found = ask(cast, "ccs-manager")
    assert set(found.tickets) == {number, other} and not found.more
    assert {(line.account, line.number) for line in found.shown} == {
        ("site", number),
        ("lcs", number),
        ("site-2", other),
    }


def test_the_answer_ends_at_the_border_of_the_scope(cast: Cast, db_session) -> None:
    number, far = push(cast, "W1"), push(cast, "W2", site="440305-01", waybill="YT1000000000099")
    show(cast, "site", number)
    show(cast, "site-3", far)
    assert ask(cast, "site-manager").tickets == [number]
    assert {line.account for line in ask(cast, "lcs-manager").shown} == {"site"}
    assert [line.account for _id, line in seen.log(db_session, cast["site-manager"])] == ["site"]
    assert len(seen.log(db_session, cast["ccs-manager"])) == 2


@pytest.mark.parametrize("typed", ["138 1234 5678", "+8613812345678", "0086-138-1234-5678", "13812345678-1234"])
def test_a_number_is_found_however_it_is_written(cast: Cast, db_session, typed: str) -> None:
    number = push(cast)
    assert ask(cast, "ccs-manager", typed).tickets == [number]


def test_the_last_four_digits_alone_are_not_enough(cast: Cast, db_session) -> None:
    push(cast)
    assert ask(cast, "ccs-manager", "13900005678").tickets == []


def test_the_number_of_somebody_else_in_the_ticket_counts_too(cast: Cast, db_session) -> None:
    number = push(cast)
    db_session.add(TicketContact(ticket_id=ticket(db_session, number).id, role="sender", phone="13900001111"))
    db_session.commit()
    show(cast, "site", number, "sender")
    found = ask(cast, "ccs-manager", "13900001111")
    assert found.tickets == [number] and [line.what for line in found.shown] == ["sender"]


def test_files_count_when_they_were_taken_by_somebody_whose_rights_reached_the_ticket(cast: Cast, db_session) -> None:
    push(cast)
    for who in ("site-manager", "site-3", "lcs", "lcs-2", "ccs"):
        took(db_session, cast, who)
    took(db_session, cast, "lcs-manager", what="asked")  # nobody has the file
    took(db_session, cast, "lcs-manager", what_list="closures")  # no complainant stands in it
    took(db_session, cast, "ccs-manager", at=NOON - HOUR)  # before there was the ticket
    assert {line.account for line in ask(cast, "ccs-manager").files} == {"site-manager", "lcs", "ccs"}


def test_the_question_is_on_record_without_the_number(cast: Cast, db_session) -> None:
    push(cast)
    ask(cast, "lcs-manager")
    ask(cast, "lcs-manager", "+86 138 1234 5678")
    ask(cast, "lcs-manager", "13900005678")
    db_session.rollback()
    rows = list(db_session.scalars(select(PhoneQuery).order_by(PhoneQuery.id)))
    assert [(row.user_id, row.tickets, row.address) for row in rows[:1]] == [
        (cast["lcs-manager"].user_id, 1, "10.0.0.7")
    ]
    assert rows[0].phone_digest == rows[1].phone_digest != rows[2].phone_digest
    assert not any(PHONE in row.phone_digest for row in rows)


@pytest.mark.parametrize("who", ["site", "site-2", "lcs", "ccs", "admin"])
def test_only_managers_ask(cast: Cast, db_session, who: str) -> None:
    with pytest.raises(NotAllowed):
        ask(cast, who)
    with pytest.raises(NotAllowed):
        seen.log(db_session, cast[who])


@pytest.mark.parametrize("typed", ["", "abc", "12345", "1" * 30, "'; DROP TABLE ticket; --"])
def test_what_is_no_number_is_said_and_not_recorded(cast: Cast, db_session, typed: str) -> None:
    with pytest.raises(Invalid):
        ask(cast, "ccs-manager", typed)
    db_session.rollback()
    assert db_session.scalar(select(PhoneQuery.id)) is None


def test_a_number_that_was_deleted_by_policy_is_not_found(cast: Cast, db_session) -> None:
    from app.services import retention
    from tests.services.ending_steps import change

    number = push(cast)
    show(cast, "site", number)
    change(db_session, number, state="closed")
    retention.run(days=200, now=NOON + timedelta(days=300), drop=lambda _name: None)
    assert ask(cast, "ccs-manager").tickets == []
    assert len(seen.log(db_session, cast["ccs-manager"])) == 1  # that somebody looked stays


def test_a_message_read_in_full_stands_beside_what_was_shown_in_full(cast: Cast, db_session) -> None:
    number, far = push(cast, "W1"), push(cast, "W2", site="440305-01", waybill="YT1000000000099")
    intake.quarantine(arrival=Arrival(cast.connection_id, "WORK_ORDER_ISSUE", b"{", NOON), error="bad_json")
    for message in db_session.scalars(select(Inbox.id).order_by(Inbox.id)).all():
        exchange.look(actor=cast["admin"], message_id=message, now=NOON + HOUR)
    show(cast, "site", number)
    seen_by = {
        who: [(line.account, line.number, line.what) for _id, line in seen.log(db_session, cast[who])]
        for who in ("lcs-manager", "ccs-manager")
    }
    assert seen_by["lcs-manager"] == [("site", number, "contact"), ("admin", number, seen.MESSAGE)]
    assert seen_by["ccs-manager"] == [
        ("site", number, "contact"), ("admin", "", seen.MESSAGE), ("admin", far, seen.MESSAGE),
        ("admin", number, seen.MESSAGE),
    ]  # fmt: skip
    newest = seen.log(db_session, cast["ccs-manager"], limit=1)
    assert len(newest) == 2 and len(seen.log(db_session, cast["ccs-manager"], before=newest[0][0])) == 3
    assert ("admin", number, seen.MESSAGE) in [(x.account, x.number, x.what) for x in ask(cast, "lcs-manager").shown]
