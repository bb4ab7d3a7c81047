"""A carrier is asked once in a while, what it says is kept like every scan, and its faults are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.config import Config, ConfigError
from app.domain.scans import ScanIn
from app.services import scans, traces
from app.services.traces import Answer
from tests.cast import NOON, Cast

A, B = "YT1234567890123", "SF1234567890123"
MINUTE = timedelta(minutes=1)


class Carrier:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[list[str]] = []

    def __call__(self, waybills: Sequence[str]) -> Answer:
        self.asked.append(list(waybills))
        return self.answer


def outcomes(session) -> dict[str, str]:
    session.rollback()
    return {number: row.outcome for number, row in traces.known(session, [A, B]).items()}


def test_what_the_carrier_says_is_kept_and_not_asked_for_again_within_ten_minutes(cast: Cast, db_session) -> None:
    carrier = Carrier(Answer([ScanIn(A, "SIGN", NOON, "330106-01")]))
    for minutes in (0, 1, 9, 10):
        traces.ask(carrier=carrier, waybills=[A, B], now=NOON + minutes * MINUTE)
    assert [sorted(one) for one in carrier.asked] == [sorted([A, B])] * 2
    assert [row.scan_type for row in scans.trace(db_session, A)] == ["SIGN"]
    assert outcomes(db_session) == {A: "ok", B: "none"}


@pytest.mark.parametrize(("permanent", "again"), [(False, 1), (True, 10)])
def test_a_fault_is_told_and_asked_for_again_sooner_unless_it_is_for_good(cast, db_session, permanent, again) -> None:
    carrier = Carrier(Answer(fault="timeout", permanent=permanent))
    traces.ask(carrier=carrier, waybills=[A], now=NOON)
    assert outcomes(db_session) == {A: "timeout"}
    assert traces.due(db_session, [A, B], NOON + (again * MINUTE) - timedelta(seconds=1)) == [B]
    assert traces.due(db_session, [A], NOON + again * MINUTE) == [A]


def test_no_more_than_twenty_are_asked_for_and_nobody_is_asked_for_nothing(cast, db_session) -> None:
    carrier = Carrier(Answer())
    many = [f"YT{n:013d}" for n in range(25)]
    traces.ask(carrier=carrier, waybills=many, now=NOON)
    assert len(carrier.asked[0]) == traces.MOST
    assert traces.ask(carrier=carrier, waybills=many[:20], now=NOON) is None


def test_old_questions_are_forgotten(cast, db_session) -> None:
    traces.ask(carrier=Carrier(Answer()), waybills=[A], now=NOON)
    assert traces.sweep(NOON + timedelta(days=29)) == 0
    assert traces.sweep(NOON + timedelta(days=31)) == 1


def test_settings_that_cannot_work_make_a_start_impossible(tmp_path) -> None:
    good = {"DATA_DIR": str(tmp_path), "TRACE_URL": "https://trace.example/q", "TRACE_SECRET": "s"}
    assert Config.from_env({**good, "TRACE_TIMEOUT": "1.5"}).trace_timeout == 1.5
    for wrong in ({"TRACE_URL": "ftp://x"}, {"TRACE_SECRET": ""}, {"TRACE_TIMEOUT": "soon"}, {"TRACE_TIMEOUT": "60"}):
        with pytest.raises(ConfigError):
            Config.from_env({**good, **wrong})
