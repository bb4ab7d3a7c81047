"""Waybills: what they become, what is refused, what only warns."""

import pytest

from app.domain.waybills import PATTERNS, carrier_warning, is_acceptable, normalise, tail


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("yt1234567890123", "YT1234567890123"),
        (" 7731 2345\u30006789\t0 ", "773123456789" + "0"),
        ("ＹＴ１２３４５６７８９０１２３", "YT1234567890123"),
        ("ｙｔ１２", "YT12"),
        ("\u200b773123456789\ufeff", "773123456789"),
        ("773\u00a0123", "773123"),
        ("KF－2026", "KF-2026"),
        ("", ""),
        ("ß", "ß"),
    ],
)
def test_spaces_case_and_width_are_normalised(typed, stored):
    assert normalise(typed) == stored
    assert normalise(stored) == stored


@pytest.mark.parametrize("waybill", ["12345678", "A" * 20, "SF1234567890123", "2026-KF-0001"])
def test_eight_to_twenty_letters_digits_hyphens_are_acceptable(waybill):
    assert is_acceptable(waybill)


@pytest.mark.parametrize(
    "waybill",
    [
        "",
        "1234567",
        "A" * 21,
        "yt1234567890123",
        "7731 23456789",
        "773123456789\n",
        "七七三一二三四五",
        "１２３４５６７８",
    ],
)
def test_everything_else_is_not_acceptable(waybill):
    assert not is_acceptable(waybill)


@pytest.mark.parametrize(
    ("carrier", "waybill", "warned"),
    [
        ("yto", "YT1234567890123", False),
        ("yto", "12345", True),
        ("sto", "773123456789", False),
        ("sto", "77312345678", True),
        ("zto", "7312345678901", True),
        ("yunda", "4312345678901", False),
        ("zjs", "1234567890", False),
        ("sf", "SF1234567890123", False),
        ("sf", "SF12345", True),
        ("best", "A12345678901", False),
        ("nobody", "x", False),
        ("sf", "", False),
    ],
)
def test_a_pattern_only_warns(carrier, waybill, warned):
    assert carrier_warning(carrier, waybill) is warned


def test_the_patterns_are_data_that_a_company_replaces():
    assert carrier_warning("zto", "7312345678901", {**PATTERNS, "zto": r"\d{13}"}) is False


def test_the_tail_names_a_parcel_in_few_characters():
    assert tail("773123456789") == "6789"
    assert tail("773123456789", 6) == "456789"
    assert tail("12") == "12"
    assert tail("12", 0) == ""
