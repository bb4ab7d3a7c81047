"""PINs: four to six digits that are not everybody's first idea."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain import pins


@pytest.mark.parametrize("pin", ["123", "1234567", "12a4", "１２３４", "", " 4071", "-407"])
def test_four_to_six_plain_digits(pin: str) -> None:
    assert pins.fault(pin) == "pin_digits"


@pytest.mark.parametrize(
    "pin", ["0000", "1111", "999999", "1234", "4321", "0123", "890123", "1212", "1221", "123123", "1987", "2008", "5211", "2580"]
)  # fmt: skip
def test_what_people_choose_first_is_refused(pin: str) -> None:
    assert pins.fault(pin) == "pin_common"


@pytest.mark.parametrize("pin", ["4071", "80415", "374092", "0937"])
def test_others_are_good(pin: str) -> None:
    assert pins.fault(pin) == ""


def test_each_wrong_one_doubles_the_wait() -> None:
    assert [pins.wait(n) for n in range(5)] == [timedelta(seconds=n) for n in (0, 1, 2, 4, 8)]
