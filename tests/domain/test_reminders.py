from datetime import UTC, datetime, timedelta

import pytest

from app.domain.calendars import SHANGHAI
from app.domain.reminders import (
    Decision,
    Due,
    bundle_variables,
    counts_in_cap,
    may_send,
    outside_cap,
    quiet,
    send_after,
)


def at(text: str) -> datetime:
    """A wall time in Shanghai in March 2026: "2 08:00"."""
    day, wall = text.split()
    return datetime.fromisoformat(f"2026-03-{int(day):02d} {wall}").replace(tzinfo=SHANGHAI)


def due(number: str = "KF260302-000001", when: str = "2 10:30", stage: str = "50", **changes) -> Due:
    given = {"waybill_tail": "4471", "clock": "first_reply", "urgent": False, **changes}
    return Due(ticket_number=number, due_at=at(when), stage=stage, **given)


def ask(now: str, last: str | None = None, sent: int = 0, dues=None, night_desk: bool = False, **more) -> Decision:
    return may_send(
        now=at(now),
        last_sent_at=at(last) if last else None,
        sent_today=sent,
        dues=[due()] if dues is None else dues,
        night_desk=night_desk,
        **more,
    )


@pytest.mark.parametrize(
    ("now", "night"),
    [
        ("2 21:59:59", False),
        ("2 22:00", True),
        ("3 00:00", True),
        ("3 07:59:59", True),
        ("3 08:00", False),
    ],
)
def test_the_night_is_from_22_to_8_in_shanghai(now, night) -> None:
    assert quiet(at(now)) is night
    assert quiet(at(now).astimezone(UTC)) is night


@pytest.mark.parametrize(
    ("now", "when"),
    [
        ("2 12:00", "2 12:00"),
        ("2 22:00", "3 08:00"),
        ("3 00:30", "3 08:00"),
        ("3 07:59", "3 08:00"),
        ("3 08:00", "3 08:00"),
    ],
)
def test_what_falls_in_the_night_is_sent_at_8(now, when) -> None:
    assert send_after(at(now)) == at(when)
    assert send_after(at(now)).tzinfo is UTC


def test_a_first_reminder_by_day_is_sent() -> None:
    assert ask("2 10:15") == Decision(True, None, "ok")


def test_nothing_due_sends_nothing_and_asks_for_no_retry() -> None:
    assert ask("2 10:15", dues=[]) == Decision(False, None, "nothing_due")


def test_a_site_is_not_woken_at_night_also_not_for_an_urgent_breach() -> None:
    assert ask("2 23:00", dues=[due(stage="breach", urgent=True)]) == Decision(False, at("3 08:00"), "quiet_hours")


def test_the_night_desk_is_told_at_night() -> None:
    assert ask("2 23:00", night_desk=True).send


def test_a_site_gets_at_most_one_sms_in_ten_minutes() -> None:
    assert ask("2 10:15", last="2 10:10") == Decision(False, at("2 10:20"), "spacing")
    assert ask("2 10:20", last="2 10:10").send


def test_breaches_and_urgent_ones_wait_for_the_next_bundle_too() -> None:
    assert ask("2 10:15", last="2 10:10", dues=[due(stage="breach", urgent=True)]).reason == "spacing"


def test_a_bundle_that_waits_into_the_night_waits_for_the_morning() -> None:
    assert ask("2 21:55", last="2 21:52") == Decision(False, at("3 08:00"), "spacing")
    assert ask("2 21:55", last="2 21:52", night_desk=True).retry_at == at("2 22:02")


def test_a_clock_set_back_silences_a_phone_no_longer_than_the_spacing() -> None:
    assert ask("2 10:15", last="2 12:00").retry_at == at("2 10:25")


def test_the_eleventh_sms_of_a_day_waits_for_the_next_day() -> None:
    assert ask("2 18:00", sent=9).send
    assert ask("2 18:00", sent=10) == Decision(False, at("3 08:00"), "daily_cap")
    assert ask("2 23:00", sent=10, night_desk=True).retry_at == at("3 00:00")


@pytest.mark.parametrize("extra", [due(stage="breach"), due(stage="80", urgent=True)])
def test_breaches_and_urgent_ones_are_outside_the_cap_and_take_the_others_along(extra) -> None:
    assert ask("2 18:00", sent=10, dues=[due(), extra]).send


@pytest.mark.parametrize(
    ("stage", "urgent", "outside"),
    [
        ("50", False, False),
        ("80", False, False),
        ("breach", False, True),
        ("after_1", False, False),
        ("50", True, True),
    ],
)
def test_only_the_breach_itself_and_urgent_tickets_are_outside_the_cap(stage, urgent, outside) -> None:
    assert outside_cap(due(stage=stage, urgent=urgent)) is outside


def test_a_bundle_with_a_breach_does_not_use_up_the_cap() -> None:
    assert counts_in_cap([due(), due(stage="80")])
    assert not counts_in_cap([due(), due(stage="breach")])


def test_cap_and_spacing_can_be_set() -> None:
    assert ask("2 18:00", sent=2, cap=2).reason == "daily_cap"
    assert ask("2 10:15", last="2 10:10", spacing=timedelta(minutes=5)).send


@pytest.mark.parametrize("night_desk", [True, False])
@pytest.mark.parametrize("sent", [0, 10])
@pytest.mark.parametrize("last", [None, "2 07:55", "2 21:58", "3 06:00"])
def test_a_retry_lies_in_the_future_and_then_succeeds_or_moves_on(night_desk, sent, last) -> None:
    for minute in range(0, 1440, 7):
        now = at("2 00:00") + timedelta(minutes=minute)
        answer = may_send(
            now=now, last_sent_at=at(last) if last else None, sent_today=sent, dues=[due()], night_desk=night_desk
        )
        assert answer.send is (answer.retry_at is None)
        if answer.retry_at is not None:
            assert answer.retry_at > now
            assert night_desk or not quiet(answer.retry_at)


def test_a_bundle_names_the_count_and_the_most_urgent_ticket() -> None:
    dues = [due("KF260302-000002", "2 11:00", waybill_tail="0000"), due("KF260302-000001", "2 10:30")]
    assert bundle_variables(dues, at("2 10:17:30")) == {
        "count": 2,
        "overdue": 0,
        "minutes": 12,
        "waybill_tail": "4471",
        "clock": "first_reply",
        "due_time": "10:30",
    }


def test_a_bundle_counts_tickets_and_not_stages() -> None:
    dues = [due(), due(stage="breach"), due(clock="resolve", when="2 20:00")]
    assert bundle_variables(dues, at("2 10:00"))["count"] == 1


def test_an_overdue_bundle_says_for_how_long() -> None:
    variables = bundle_variables([due(stage="breach"), due("KF260302-000002", "2 12:00")], at("2 10:35:59"))
    assert (variables["overdue"], variables["minutes"]) == (1, 5)


def test_a_bundle_is_the_same_whatever_the_order_of_its_stages() -> None:
    dues = [due("KF260302-000003"), due("KF260302-000001", waybill_tail="1111"), due("KF260302-000002")]
    assert bundle_variables(dues, at("2 10:00")) == bundle_variables(dues[::-1], at("2 10:00"))


def test_a_bundle_never_carries_more_than_four_places_of_a_waybill() -> None:
    assert bundle_variables([due(waybill_tail="YT8800123456789")], at("2 10:00"))["waybill_tail"] == "6789"


def test_an_empty_bundle_is_refused() -> None:
    with pytest.raises(ValueError):
        bundle_variables([], at("2 10:00"))
