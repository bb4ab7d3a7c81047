"""What does not work as usual is said on every page, plainly; the page itself goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.models import Heartbeat, Outbox
from app.models.ids import new_id
from tests.cast import NOON
from tests.web.stage import NOW, Stage

DELAYED, LATE, AWAY = "提醒有延迟", "发送较慢", "平台暂时不接收"


def say(stage: Stage, *rows: Any) -> None:
    with stage.session() as session:
        session.query(Heartbeat).delete()
        session.query(Outbox).delete()
        session.add_all(rows)
        session.commit()


def row(kind: str = "callback", *, due: timedelta, attempts: int = 0, leased: bool = False) -> Outbox:
    return Outbox(
        id=new_id(), kind=kind, key=str(new_id()), lane="x", payload={}, attempts=attempts, created_at=NOON,
        next_try_at=NOW + due, state="pending", lease_until=NOW + timedelta(seconds=30) if leased else None,
    )  # fmt: skip


def bars(stage: Stage, who: str = "site", path: str = "/tickets") -> str:
    answer = stage.browsers[who].get(path)
    assert answer.status_code == 200
    return " ".join(line for line in answer.text.splitlines() if "troublebar" in line)


@pytest.fixture(autouse=True)
def quiet(stage: Stage):
    """Nothing is said before and after."""
    say(stage)
    yield
    say(stage)


def test_a_portal_that_is_well_says_nothing(stage: Stage) -> None:
    say(stage, Heartbeat(process="scheduler", at=NOW - timedelta(seconds=59)),
        row(due=-timedelta(minutes=2)), row(due=timedelta(minutes=9), attempts=2))  # fmt: skip
    assert bars(stage) == ""


def test_a_silent_scheduler_means_late_deadlines_and_the_time_is_told(stage: Stage) -> None:
    say(stage, Heartbeat(process="scheduler", at=NOW - timedelta(minutes=5)))
    for who, path in (("site", "/tickets"), ("lcs", "/board"), ("admin", "/admin")):
        assert DELAYED in bars(stage, who, path)


def test_what_is_due_and_taken_by_nobody_leaves_late(stage: Stage) -> None:
    say(stage, row("sms", due=-timedelta(minutes=4)))
    assert LATE in bars(stage)
    say(stage, row("sms", due=-timedelta(minutes=4), leased=True))  # a worker has it
    assert bars(stage) == ""


def test_a_platform_that_takes_no_answers_is_said(stage: Stage) -> None:
    say(stage, row(due=timedelta(minutes=10), attempts=3))
    assert AWAY in bars(stage)
    say(stage, row("sms", due=timedelta(minutes=10), attempts=3))
    assert bars(stage) == ""


def test_a_ticket_is_read_and_answered_all_the_same(stage: Stage) -> None:
    say(stage, Heartbeat(process="scheduler", at=NOW - timedelta(hours=5)), row(due=-timedelta(hours=1)),
        row(due=timedelta(minutes=10), attempts=9))  # fmt: skip
    number = stage.numbers["own"]
    page = bars(stage, "site", f"/tickets/{number}")
    assert DELAYED in page and LATE in page and AWAY in page
    data = {"csrf_token": stage.csrf, "text": "已联系驿站", "submission_key": "k" * 20}
    assert stage.browsers["site"].post(f"/tickets/{number}/note", data=data).status_code == 303


def test_visitors_are_told_nothing(stage: Stage) -> None:
    say(stage, Heartbeat(process="scheduler", at=NOW - timedelta(hours=5)))
    assert bars(stage, "anonymous", "/login") == ""
