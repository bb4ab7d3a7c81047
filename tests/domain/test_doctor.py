"""The doctor's judgement: what is well, what is to be looked after, what is BAD, and that advice stands beside it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain import doctor
from app.domain.doctor import BAD, GIGABYTE, OK, WARN, Platform
from tests.cast import NOON

GOOD = "8f0c" * 4 + "a1b2c3d4e5f60718"
SECRET = "long-and-random-0123"


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        (doctor.python((3, 11, 2)), OK),
        (doctor.python((3, 10, 9)), BAD),
        (doctor.sqlite((3, 40, 1), "wal"), OK),
        (doctor.sqlite((3, 40, 1), "delete"), BAD),
        (doctor.sqlite((3, 34, 0), "wal"), BAD),
        (doctor.postgresql(150020), OK),
        (doctor.postgresql(120003), BAD),
        (doctor.migrations(True), BAD),
        (doctor.migrations(False), OK),
        (doctor.clock(None), OK),
        (doctor.clock(-1.9), OK),
        (doctor.clock(-2.1), WARN),
        (doctor.clock(31.0), BAD),
        (doctor.disk(100 * GIGABYTE, 200 * GIGABYTE), OK),
        (doctor.disk(4 * GIGABYTE, 20 * GIGABYTE), OK),  # a fifth of a small disk
        (doctor.disk(4 * GIGABYTE, 200 * GIGABYTE), WARN),
        (doctor.disk(GIGABYTE // 4, GIGABYTE), BAD),
        (doctor.redis(None), BAD),
        (doctor.redis({}), WARN),
        (doctor.redis({"redis_version": "7.2.4", "maxmemory_policy": "noeviction", "maxmemory": 5}), OK),
        (doctor.redis({"redis_version": "7.2.4", "maxmemory_policy": "allkeys-lru", "maxmemory": 5}), BAD),
        (doctor.redis({"redis_version": "7.2.4", "maxmemory_policy": "volatile-lru", "maxmemory": 0}), WARN),
        (doctor.redis({"redis_version": "4.0.1"}), BAD),
        (doctor.redis({"redis_version": "7.2.4", "valkey_version": "9.1.2"}), OK),
        (doctor.secret_key(GOOD, production=True), OK),
        (doctor.secret_key(GOOD[:31], production=True), BAD),
        (doctor.secret_key("a" * 64, production=True), BAD),
        (doctor.secret_key("a" * 64, production=False), WARN),
        (doctor.demo_accounts(True, production=True), BAD),
        (doctor.demo_accounts(True, production=False), OK),
        (doctor.second_factor(False, production=True), WARN),
        (doctor.second_factor(False, production=False), OK),
        (doctor.second_factor(True, production=True), OK),
        (doctor.font(False, True), BAD),
        (doctor.font(True, False), WARN),
        (doctor.font(True, True), OK),
        (doctor.gateway("console", "", (), production=True), WARN),
        (doctor.gateway("console", "", (), production=False), OK),
        (doctor.gateway("tencent", "not_set_up", (), production=True), BAD),
        (doctor.gateway("tencent", "", ("overdue",), production=True), WARN),
        (doctor.gateway("tencent", "", (), production=True), OK),
        (doctor.platform(Platform("mall", (), "https://x"), production=True), BAD),
        (doctor.platform(Platform("mall", (SECRET,), ""), production=True), BAD),
        (doctor.platform(Platform("mall", (SECRET, "demo-secret"), "https://x"), production=True), BAD),
        (doctor.platform(Platform("mall", ("demo-secret",), "http://x"), production=False), OK),
        (doctor.platform(Platform("mall", (SECRET,), "http://x"), production=True), WARN),
        (doctor.platform(Platform("mall", (SECRET,), "https://x", failed=3), production=True), WARN),
        (doctor.platform(Platform("mall", (SECRET,), "https://x"), production=True), OK),
        (doctor.process("worker", None, NOON, "start it"), WARN),
        (doctor.process("worker", NOON - timedelta(seconds=31), NOON, "start it"), WARN),
        (doctor.process("worker", NOON - timedelta(seconds=29), NOON, "start it"), OK),
    ],
)
def test_each_measurement_has_its_level_and_what_is_not_well_has_advice(finding: doctor.Finding, level: str) -> None:
    assert finding.level == level
    assert bool(finding.advice) == (level != OK)


def test_no_secret_stands_in_what_is_told() -> None:
    told = [
        doctor.secret_key("hunter2-hunter2", production=True),
        doctor.platform(Platform("mall", ("hunter2-hunter2",), "https://x"), production=True),
    ]
    assert not any("hunter2" in f"{one.said}{one.advice}" for one in told)
