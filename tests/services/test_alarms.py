"""Somebody shows very many numbers in a row: an alarm for the superiors (rulebook 7.9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import NotFound
from app.models import Alarm, Event
from app.services import alarms, reveals
from tests.cast import NOON, Cast, push

SECOND = timedelta(seconds=1)


def look(cast: Cast, number: str, times: int, who: str = "site", at=NOON, step=SECOND) -> None:
    for place in range(times):
        reveals.reveal(actor=cast[who], number=number, now=at + place * step)


def alarm_count(session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Alarm))


def test_the_thirty_first_number_within_ten_minutes_raises_one_alarm(cast: Cast, db_session) -> None:
    number = push(cast)
    look(cast, number, 30)
    assert alarm_count(db_session) == 0
    look(cast, number, 5, at=NOON + 40 * SECOND)
    assert alarm_count(db_session) == 1
    row = db_session.scalars(select(Alarm)).one()
    assert (row.kind, row.user_id, row.organisation_id) == (
        "mass_reveal",
        cast["site"].user_id,
        cast["site"].organisation_id,
    )
    assert db_session.scalar(select(func.count()).where(Event.type == "mass_reveal")) == 1


def test_thirty_one_in_a_longer_time_or_by_two_people_are_none(cast: Cast, db_session) -> None:
    number = push(cast)
    look(cast, number, 40, step=timedelta(seconds=21))
    look(cast, number, 16, who="site-manager")
    look(cast, number, 16, who="lcs")
    assert alarm_count(db_session) == 0


SEES = {
    "site-manager": True, "lcs": True, "lcs-manager": True, "ccs-manager": True, "admin": True, "lcs-2": False,
    "site-2": False,
}  # fmt: skip


@pytest.mark.parametrize("who", SEES)
def test_the_own_manager_and_the_superiors_see_it(cast: Cast, db_session, who: str) -> None:
    look(cast, push(cast), 31)
    db_session.rollback()
    assert (len(alarms.listed(db_session, cast[who])), db_session.scalar(select(alarms.unseen(cast[who])))) == (
        SEES[who],
        SEES[who],
    )


def test_a_superior_notes_that_it_was_looked_into_and_nobody_for_the_own_house(cast: Cast, db_session) -> None:
    look(cast, push(cast), 31)
    db_session.rollback()
    known = db_session.scalars(select(Alarm.id)).one()
    for who in ("site-manager", "lcs-2", "site"):
        with pytest.raises(NotFound):
            alarms.seen(actor=cast[who], alarm_id=known, now=NOON)
    alarms.seen(actor=cast["lcs-manager"], alarm_id=known, now=NOON + SECOND)
    alarms.seen(actor=cast["ccs-manager"], alarm_id=known, now=NOON + 9 * SECOND)
    db_session.rollback()
    row = db_session.scalars(select(Alarm)).one()
    assert (row.seen_at, row.seen_by_id) == (NOON + SECOND, cast["lcs-manager"].user_id)
