"""A site with new tickets and nobody there for twenty minutes of service time rings its superiors (rulebook 4)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.errors import NotFound
from app.models import Alarm, User
from app.services import acting, alarms, closures, replies, silent_sites
from app.services.closures import ClosureIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)


def seen(cast: Cast, who: str, at: datetime | None) -> None:
    with write() as session:
        session.execute(update(User).where(User.id == cast[who].user_id).values(last_seen_at=at))


def raised(session: Any) -> list[Alarm]:
    session.rollback()
    return list(session.scalars(select(Alarm).where(Alarm.kind == "silent_site").order_by(Alarm.id)))


def test_the_alarm_comes_after_twenty_minutes_and_once(cast: Cast, db_session: Any) -> None:
    push(cast)
    seen(cast, "site", NOON)
    seen(cast, "site-2", NOON)
    assert silent_sites.watch(db_session, NOON + 20 * MIN) == 0
    assert [silent_sites.watch(db_session, NOON + 20 * MIN + n * MIN) for n in (1, 2, 60)] == [1, 0, 0]
    (row,) = raised(db_session)
    site, province = cast.places["330106-01"], cast.places["33"]
    assert (row.organisation_id, row.province_id, row.user_id, row.data["tickets"]) == (site, province, None, 1)


def test_a_colleague_who_is_there_is_enough_and_a_new_silence_is_a_new_alarm(cast: Cast, db_session: Any) -> None:
    push(cast)
    seen(cast, "site-manager", NOON)
    assert silent_sites.watch(db_session, NOON + 10 * MIN) == 0
    assert silent_sites.watch(db_session, NOON + 30 * MIN) == 1
    seen(cast, "site", NOON + 40 * MIN)
    assert silent_sites.watch(db_session, NOON + 50 * MIN) == 0
    assert silent_sites.watch(db_session, NOON + 61 * MIN) == 1


def test_sites_that_were_told_of_do_not_stand_before_those_that_were_not(
    cast: Cast, db_session: Any, monkeypatch
) -> None:
    monkeypatch.setattr(silent_sites, "AT_ONCE", 1)
    push(cast)
    push(cast, "W2", site="330108-01", waybill="YT9999999999992")
    for who in ("site", "site-manager", "site-2"):
        seen(cast, who, NOON)
    assert [silent_sites.watch(db_session, NOON + n * MIN) for n in (21, 22, 23)] == [1, 1, 0]


def test_the_night_is_no_silence_and_the_morning_begins_anew(cast: Cast, db_session: Any) -> None:
    push(cast)
    evening = datetime.fromisoformat("2026-11-18T19:50+08:00")
    seen(cast, "site", evening)
    night = evening + 6 * HOUR
    assert silent_sites.watch(db_session, night) == 0
    morning = datetime.fromisoformat("2026-11-19T08:00+08:00")
    assert [silent_sites.watch(db_session, morning + n * MIN) for n in (5, 11, 30)] == [0, 1, 0]
    assert silent_sites.watch(db_session, morning + 24 * HOUR + 30 * MIN) == 1  # the next day is told again


@pytest.mark.parametrize("why", ["nothing new", "claimed", "acting", "closed"])
def test_where_nothing_waits_for_the_site_nobody_is_rung(cast: Cast, db_session: Any, why: str) -> None:
    if why != "nothing new":
        number = push(cast)
    if why == "claimed":
        replies.claim(actor=cast["site"], post=post(number), now=NOON)
        seen(cast, "site", None)
    if why == "acting":
        acting.act_for(actor=cast["lcs"], post=post(number), now=NOON)
    if why == "closed":
        away = ClosureIn("", date(2026, 11, 18), None, "330108-01", "holiday")
        closures.announce(actor=cast["site-manager"], closure=away, now=NOON)
    assert silent_sites.watch(db_session, NOON + HOUR) == 0


def test_the_province_and_headquarters_see_it_and_look_into_it(cast: Cast, db_session: Any) -> None:
    push(cast)
    silent_sites.watch(db_session, NOON + HOUR)
    (row,) = raised(db_session)
    for who, sees in {"lcs": True, "site-manager": True, "ccs-manager": True, "lcs-2": False}.items():
        assert [alarm.id for alarm, *_names in alarms.listed(db_session, cast[who])] == [row.id] * sees, who
    db_session.rollback()
    with pytest.raises(NotFound):
        alarms.seen(actor=cast["lcs-2"], alarm_id=row.id, now=NOON)
    alarms.seen(actor=cast["lcs"], alarm_id=row.id, now=NOON + 2 * HOUR)
    assert raised(db_session)[0].seen_by_id == cast["lcs"].user_id
