"""A group hears of its own organisation's reminders, each stage once, and a doubtful message is never sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.integrations.robots import RobotClient
from app.jobs import robots as jobs
from app.jobs import sends
from app.models import Organisation, Outbox, Robot
from app.services import duty, outbox, reminders, robots, sms_fallback, sweep
from app.services.transaction import write
from tests.cast import NOON, Cast, push
from tests.failing import Killed, dying
from tests.integrations import fake_robots as fake

MIN = timedelta(minutes=1)
TOKEN = "0123456789abcdef0123456789ABCDEF"
WECOM = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}"
FEISHU = f"https://open.feishu.cn/open-apis/bot/v2/hook/{TOKEN}"


class Time:
    def __init__(self) -> None:
        self.now = NOON


@pytest.fixture
def there():
    with fake.running() as vendors:
        yield vendors


@pytest.fixture
def time(there, monkeypatch) -> Time:
    made = Time()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    monkeypatch.setattr(jobs, "client", lambda: RobotClient(there.url, (0.5, 0.3)))
    return made


@pytest.fixture
def key(app) -> str:
    return app.extensions["kuaifu"].secret_key


def add(cast: Cast, key: str, who: str = "site-manager", address: str = WECOM) -> None:
    robots.add(actor=cast[who], name="站点群", address=address, key=key, now=NOON)


def rows(session) -> list[Outbox]:
    session.rollback()
    return list(session.scalars(select(Outbox).where(Outbox.kind == "robot").order_by(Outbox.id)))


def remind(session, at) -> None:
    sweep.run(session, at)
    reminders.bundle(session, at)


def deliver_due(session, time: Time, minutes: int) -> None:
    """Let that many minutes pass, delivering whatever of the robots' rows is due."""
    for _ in range(minutes):
        time.now += MIN
        due = set(outbox.due(session, time.now))
        for row in rows(session):
            if row.id in due:
                sends.deliver_one(row.id)


def test_a_bundle_of_reminders_is_posted_in_the_organisations_group_too(cast, db_session, there, time, key) -> None:
    add(cast, key)
    push(cast, waybill="YT1234567898821")
    for _ in range(3):
        remind(db_session, NOON + 16 * MIN)
    (row,) = rows(db_session)
    assert (row.state, row.organisation_id) == ("pending", cast.places["330106-01"])
    time.now = NOON + 16 * MIN
    assert sends.deliver_one(row.id) == "sent"
    assert there.texts == ["快复：您有1单投诉将到期，最急单号尾号8821，首次回复剩14分钟，12:30到期。"]
    assert sends.deliver_one(row.id) == "busy" and len(there.posted) == 1


def test_each_group_hears_of_its_own_organisation_although_one_phone_serves_two(
    cast, db_session, there, time, key
) -> None:
    db_session.query(Organisation).filter(Organisation.kind == "site").update({"duty_phone": "13900000000"})
    db_session.commit()
    add(cast, key)
    push(cast, "W1")
    push(cast, "W2", site="330108-01")
    remind(db_session, NOON + 16 * MIN)
    sms = db_session.scalars(select(Outbox).where(Outbox.lane == "phone:13900000000")).one()
    assert sms.payload["variables"]["count"] == 2
    assert [row.payload["variables"]["count"] for row in rows(db_session)] == [1]


def test_what_goes_further_because_a_phone_was_not_reached_is_not_posted_again(
    cast, db_session, there, time, key
) -> None:
    add(cast, key)
    with write() as session:
        session.get_one(Organisation, cast.places["330106-01"]).manager_phone = "13911110009"
    push(cast)
    remind(db_session, NOON + 16 * MIN)
    with write() as session:
        sms = session.scalars(select(Outbox).where(Outbox.lane == "phone:13800000003")).one()
        sms_fallback.note(session, sms, "E", NOON)
    sms_fallback.run(db_session, NOON + 17 * MIN)
    reminders.bundle(db_session, NOON + 17 * MIN)
    assert db_session.scalars(select(Outbox).where(Outbox.lane == "phone:13911110009")).one()
    assert len(rows(db_session)) == 1


def test_a_bundle_of_old_and_new_posts_the_new_alone(cast, db_session, there, time, key) -> None:
    """The manager gets what went further and, being on duty by now, the next stage, in one SMS."""
    add(cast, key)
    with write() as session:
        session.get_one(Organisation, cast.places["330106-01"]).manager_phone = "13911110009"
    push(cast, "W1")
    remind(db_session, NOON + 16 * MIN)
    with write() as session:
        sms = session.scalars(select(Outbox).where(Outbox.lane == "phone:13800000003")).one()
        sms_fallback.note(session, sms, "E", NOON)
    sms_fallback.run(db_session, NOON + 17 * MIN)
    entry = duty.EntryIn("负责人", "13911110009", "daily", "08:00", "20:00")
    duty.add(actor=cast["site-manager"], code="", entry=entry, now=NOON)
    push(cast, "W2", now=NOON + 2 * MIN)
    remind(db_session, NOON + 18 * MIN)
    both = db_session.scalars(select(Outbox).where(Outbox.lane == "phone:13911110009")).one()
    assert both.payload["variables"]["count"] == 2
    assert [row.payload["variables"]["count"] for row in rows(db_session)] == [1, 1]


def test_the_database_holds_no_address_and_the_text_no_person(cast, db_session, there, time, key) -> None:
    add(cast, key)
    push(cast)
    remind(db_session, NOON + 16 * MIN)
    robot = db_session.scalars(select(Robot)).one()
    assert TOKEN.encode() not in bytes(robot.token) and robot.shown == "…CDEF"
    said = str(rows(db_session)[0].payload)
    assert not [secret for secret in (TOKEN, "王小明", "13812345678", "文三路", "13800000003") if secret in said]


@pytest.mark.parametrize("step", ["claimed", "sending", "sent"])
def test_a_worker_killed_at_any_step_posts_at_most_once(cast, db_session, there, time, key, step) -> None:
    add(cast, key)
    push(cast)
    remind(db_session, NOON + 16 * MIN)
    (row,) = rows(db_session)
    time.now = NOON + 16 * MIN
    with pytest.raises(Killed), dying(f"outbox.{step}"):
        sends.deliver_one(row.id)
    deliver_due(db_session, time, 30)
    (row,) = rows(db_session)
    assert len(there.posted) == {"claimed": 1, "sending": 0, "sent": 1}[step]
    assert (row.state, row.next_try_at) == ("sent" if step == "claimed" else "unknown", None)


@pytest.mark.parametrize(
    ("mode", "state", "posted"),
    [("hang", "unknown", 0), ("lose", "unknown", 1), ("html", "unknown", 1), ("error", "unknown", 0),
     ("refuse", "failed", 0), ("redirect", "failed", 0), ("limit", "sent", 1)],
)  # fmt: skip
def test_only_what_arrived_nowhere_is_tried_again(cast, db_session, there, time, key, mode, state, posted) -> None:
    add(cast, key, address=FEISHU)
    push(cast)
    remind(db_session, NOON + 16 * MIN)
    time.now, there.mode = NOON + 16 * MIN, mode
    sends.deliver_one(rows(db_session)[0].id)
    there.mode = "ok"
    deliver_due(db_session, time, 20)
    assert (rows(db_session)[0].state, len(there.posted)) == (state, posted)


def test_a_robot_that_was_taken_away_posts_nothing_more(cast, db_session, there, time, key) -> None:
    add(cast, key)
    push(cast)
    remind(db_session, NOON + 16 * MIN)
    robot = db_session.scalars(select(Robot.id)).one()
    robots.end(actor=cast["site-manager"], robot_id=robot, now=NOON + 17 * MIN)
    assert sends.deliver_one(rows(db_session)[0].id) == "failed"
    assert rows(db_session)[0].error == "no_longer_wanted" and there.asked == []
    push(cast, "W2")
    remind(db_session, NOON + 40 * MIN)
    assert len(rows(db_session)) == 1


def test_nothing_older_than_a_day_is_posted_after_a_restore(cast, db_session, there, time, key) -> None:
    add(cast, key)
    push(cast)
    remind(db_session, NOON + 16 * MIN)
    time.now = NOON + timedelta(hours=25)
    assert sends.deliver_one(rows(db_session)[0].id) == "failed"
    assert rows(db_session)[0].error == "too_old" and there.asked == []


def test_a_test_message_is_sent_once_a_form_and_five_times_in_ten_minutes(cast, db_session, there, time, key) -> None:
    add(cast, key)
    robot = db_session.scalars(select(Robot.id)).one()

    def test(form: str, now=NOON) -> int | None:
        return robots.test(actor=cast["site-manager"], robot_id=robot, submission_key=form, now=now)

    first = test("a")
    assert first is not None and test("a") is None
    assert sends.deliver_one(first) == "sent"
    assert there.texts == ["快复：群机器人测试，发送时间12:00，收到说明通道正常。"]
    assert None not in {test(form) for form in "bcde"}
    with pytest.raises(NotAllowed):
        test("f")
    assert test("g", NOON + 11 * MIN)


def test_the_same_address_twice_is_one_robot_and_a_wrong_one_is_none(cast, db_session, key) -> None:
    add(cast, key)
    add(cast, key)
    assert len(robots.of(db_session, cast.places["330106-01"])) == 1
    with pytest.raises(Invalid) as caught:
        robots.add(actor=cast["site-manager"], name="", address="https://example.com/robot", key=key, now=NOON)
    assert caught.value.fields == {"name": "required", "address": "bad_webhook"}


def test_managers_keep_the_robots_of_their_own_organisation_only(cast, db_session, key) -> None:
    for who in ("site-manager", "lcs-manager", "ccs-manager"):
        add(cast, key, who)
    places = db_session.scalars(select(Robot.organisation_id)).all()
    assert set(places) == {cast.places[code] for code in ("330106-01", "33", "HQ")}
    own = db_session.scalars(select(Robot.id).where(Robot.organisation_id == cast.places["330106-01"])).one()
    for who in ("lcs-manager", "ccs-manager"):
        with pytest.raises(NotFound):
            robots.end(actor=cast[who], robot_id=own, now=NOON)
        with pytest.raises(NotFound):
            robots.test(actor=cast[who], robot_id=own, submission_key="x", now=NOON)
    for who in ("site", "lcs", "ccs", "admin"):
        with pytest.raises(NotAllowed):
            add(cast, key, who)


# --- signing secrets (加签) ---

SECRET = "SECa0123456789abcdef0123456789abcdef"
DINGTALK = f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"


def added(cast: Cast, key: str, address: str, secret: str) -> None:
    robots.add(actor=cast["site-manager"], name="站点群", address=address, secret=secret, key=key, now=NOON)


@pytest.mark.parametrize("address", [DINGTALK, FEISHU])
def test_a_group_that_demands_a_signature_gets_it_and_the_secret_is_nowhere_in_the_clear(
    cast, db_session, there, time, key, address
) -> None:
    there.secret = SECRET
    added(cast, key, address, f" {SECRET} ")
    robot = db_session.scalars(select(Robot)).one()
    assert robot.signed and SECRET.encode() not in bytes(robot.token) and SECRET not in robot.shown
    db_session.rollback()
    row_id = robots.test(actor=cast["site-manager"], robot_id=robot.id, submission_key="a", now=NOON)
    assert sends.deliver_one(row_id) == "sent" and len(there.texts) == 1
    assert SECRET not in str(rows(db_session)[0].payload)


def test_the_same_robot_again_takes_a_new_secret_and_keeps_the_one_it_has(cast, db_session, there, time, key) -> None:
    added(cast, key, DINGTALK, "")
    there.secret = SECRET
    test = {"actor": cast["site-manager"], "robot_id": db_session.scalars(select(Robot.id)).one(), "now": NOON}
    db_session.rollback()
    assert sends.deliver_one(robots.test(submission_key="a", **test)) == "failed"
    for secret in (SECRET, ""):
        added(cast, key, DINGTALK, secret)
        assert sends.deliver_one(robots.test(submission_key=f"b{secret}", **test)) == "sent"
    assert db_session.scalars(select(Robot.signed)).all() == [True]


def test_a_secret_that_cannot_be_one_is_refused(cast, db_session, key) -> None:
    for address, secret, why in (
        (WECOM, SECRET, "no_signing"), (DINGTALK, "short", "bad_signing_secret"),
        (FEISHU, "SEC with blanks in", "bad_signing_secret"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            added(cast, key, address, secret)
        assert caught.value.fields == {"secret": why}
    assert robots.of(db_session, cast.places["330106-01"]) == []
