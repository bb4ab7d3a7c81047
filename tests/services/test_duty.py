"""The roster decides who is told; a stage is told to one phone once, whatever changes meanwhile."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Courier, DutyShift, Organisation, Outbox, Reminder
from app.services import duty, reminders, sweep
from app.services.duty import EntryIn
from tests.cast import NOON, Cast, push

MIN = timedelta(minutes=1)
SITE, OWN_PHONE = "330106-01", "13800000003"
TODAY = date(2026, 11, 18)


def entry(name: str = "张三", phone: str = "13911110001", when: str = "daily", **more) -> EntryIn:
    return EntryIn(**{"name": name, "phone": phone, "when": when, "from_time": "08:00", "until_time": "20:00", **more})


def add(cast: Cast, who: str = "site-manager", code: str = "", **more) -> int:
    return duty.add(actor=cast[who], code=code, entry=entry(**more), now=NOON)


def told(session) -> list[str]:
    session.rollback()
    return sorted(session.scalars(select(Outbox.payload["phone"].as_string()).where(Outbox.kind == "sms")))


def remind(session, at) -> None:
    sweep.run(session, at)
    reminders.bundle(session, at)


def test_reminders_go_to_whoever_holds_the_phone_at_that_instant(cast: Cast, db_session) -> None:
    add(cast)
    add(cast, name="替班", phone="13911110002", when="day", day=TODAY, from_time="12:20", until_time="13:00")
    push(cast)
    remind(db_session, NOON + 16 * MIN)
    assert told(db_session) == ["13800000001", "13911110001"]  # the province hears that nobody accepted
    remind(db_session, NOON + 31 * MIN)
    assert "13911110002" in told(db_session) and OWN_PHONE not in told(db_session)


def test_where_nobody_is_entered_the_organisations_own_phone_is_told(cast: Cast, db_session) -> None:
    add(cast, from_time="20:00", until_time="23:00")
    push(cast)
    remind(db_session, NOON + 16 * MIN)
    assert OWN_PHONE in told(db_session)


def test_a_stage_is_told_once_although_the_phone_on_duty_changes_and_everything_runs_again(cast, db_session) -> None:
    add(cast)
    push(cast)
    for at in (16, 17, 18):
        remind(db_session, NOON + at * MIN)
        shift = db_session.scalars(select(DutyShift.id).order_by(DutyShift.id.desc()).limit(1)).one()
        duty.end(actor=cast["site-manager"], shift_id=shift, now=NOON + at * MIN)
        add(cast, phone=f"139111100{at}")
    stages = db_session.execute(
        select(Reminder.clock_id, Reminder.stage, func.count()).group_by(Reminder.clock_id, Reminder.stage)
    )
    assert {n for _clock, _stage, n in stages} == {1}


def test_an_ended_entry_is_kept_and_holds_nothing_any_more(cast: Cast, db_session) -> None:
    add(cast, when="0")
    shift = db_session.scalars(select(DutyShift)).one()
    for later in (1, 2):
        assert duty.end(actor=cast["lcs"], shift_id=shift.id, now=NOON + later * MIN) == SITE
    db_session.rollback()
    assert db_session.scalars(select(DutyShift.ended_at)).one() == NOON + MIN
    assert duty.shifts(db_session, cast.places[SITE]) == []


def test_the_same_entry_twice_is_one_and_monday_to_friday_are_five(cast: Cast, db_session) -> None:
    assert [add(cast, when="weekdays"), add(cast, when="weekdays"), add(cast, when="daily")] == [5, 0, 2]
    db_session.rollback()
    assert db_session.scalar(select(func.count()).select_from(DutyShift)) == 7


def test_an_entry_ends_with_all_its_weekdays_and_no_other_does(cast: Cast, db_session) -> None:
    add(cast, when="weekdays")
    add(cast, name="李四", when="weekdays")
    add(cast, when="day", day=TODAY)
    shift = db_session.scalars(select(DutyShift.id).where(DutyShift.name == "张三", DutyShift.weekday == 3)).one()
    duty.end(actor=cast["site-manager"], shift_id=shift, now=NOON)
    left = [(row.name, row.weekday) for row in duty.shifts(db_session, cast.places[SITE])]
    assert sorted(left, key=str) == sorted([*(("李四", n) for n in range(5)), ("张三", None)], key=str)


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"name": " "}, {"name": "required"}), ({"name": "张" * 61}, {"name": "too_long"}),
        ({"phone": "12345"}, {"phone": "bad_duty_phone"}), ({"phone": ""}, {"phone": "required"}),
        ({"from_time": "25:00"}, {"from_time": "bad_wall_time"}), ({"until_time": ""}, {"until_time": "required"}),
        ({"when": "day"}, {"day": "not_a_date"}), ({"when": "7"}, {"when": "required"}),
        ({"when": "day", "day": date(2026, 11, 17)}, {"day": "in_the_past"}),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_named_beside_its_field(cast: Cast, db_session, wrong, fields) -> None:
    with pytest.raises(Invalid) as caught:
        add(cast, **wrong)
    assert caught.value.fields == fields
    assert db_session.scalar(select(func.count()).select_from(DutyShift)) == 0


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("site-manager", "330108-01"), ("site-manager", "33"), ("lcs", "440305-01"), ("lcs", "HQ"), ("lcs", "44"),
        ("lcs-2", SITE), ("ccs", SITE), ("ccs-manager", "33"), ("lcs", "nowhere"),
    ],
)  # fmt: skip
def test_a_roster_outside_the_scope_does_not_exist(cast: Cast, db_session, who: str, code: str) -> None:
    with pytest.raises(NotFound):
        duty.place(db_session, cast[who], code)
    with pytest.raises(NotFound):
        add(cast, who, code)
    with pytest.raises(NotFound):
        duty.set_manager_phone(actor=cast[who], code=code, phone="13911110009")


def test_each_desk_keeps_its_own_roster_and_an_lcs_those_of_its_sites(cast: Cast, db_session) -> None:
    for who, code in (("site-manager", ""), ("lcs", ""), ("lcs", "330108-01"), ("lcs-manager", SITE), ("ccs", "")):
        add(cast, who, code, name=f"{who} {code}", when="0")
    rows = db_session.execute(
        select(Organisation.code, DutyShift.name).join(Organisation, Organisation.id == DutyShift.organisation_id)
    )
    assert sorted(map(tuple, rows)) == [
        ("33", "lcs"), (SITE, "lcs-manager 330106-01"), (SITE, "site-manager"), ("330108-01", "lcs 330108-01"),
        ("HQ", "ccs"),
    ]  # fmt: skip
    offered = [row.code for row in duty.places(db_session, cast["lcs"])]
    assert offered == ["33", SITE, "330108-01"]


def test_a_clerk_reads_the_roster_and_changes_nothing(cast: Cast, db_session) -> None:
    add(cast, when="0")
    shift = db_session.scalars(select(DutyShift.id)).one()
    assert duty.place(db_session, cast["site"]).code == SITE
    for verb in (
        lambda: add(cast, "site"), lambda: duty.end(actor=cast["site"], shift_id=shift, now=NOON),
        lambda: duty.set_manager_phone(actor=cast["site"], code="", phone=None),
        lambda: duty.add_courier(actor=cast["site"], name="李四", phone="13911110005", kind="courier"),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            verb()


def test_an_entry_of_another_site_is_not_ended(cast: Cast, db_session) -> None:
    add(cast, when="0")
    shift = db_session.scalars(select(DutyShift.id)).one()
    for who in ("lcs-2", "ccs"):
        with pytest.raises(NotFound):
            duty.end(actor=cast[who], shift_id=shift, now=NOON)


def test_a_courier_of_the_list_gets_a_new_number_instead_of_a_second_line(cast: Cast, db_session) -> None:
    for phone in ("13911110005", "139 1111 0006"):
        duty.add_courier(actor=cast["site-manager"], name="李四", phone=phone, kind="courier")
    row = db_session.scalars(select(Courier)).one()
    assert (row.phone, row.active) == ("13911110006", True)
    duty.end_courier(actor=cast["site-manager"], courier_id=row.id)
    assert duty.couriers(db_session, cast.places[SITE]) == []
    with pytest.raises(Invalid) as caught:
        duty.add_courier(actor=cast["site-manager"], name="", phone="0571-87654321", kind="x")
    assert caught.value.fields == {"name": "required", "phone": "bad_phone", "kind": "required"}
