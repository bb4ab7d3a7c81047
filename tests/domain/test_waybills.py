"""Waybills: what they become, what is refused, what only warns."""

import pytest

from app.domain.errors import Invalid
from app.domain.waybills import LONGEST_PASTE, PATTERNS, carrier_warning, is_acceptable, normalise, pasted, tail


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


# --- what somebody pasted ---

A, B, C = "YT1234567890123", "SF1234567890123", "773412345678"


@pytest.mark.parametrize(
    "mess",
    [
        f"{A} {B} {C}", f"{A},{B},{C}", f"{A}，{B}、{C}；", f"{A}\r\n\r\n{B}\n\t{C}", f"（{A}）【{B}】“{C}”",
        f"{A}\u3000{B}\u00a0{C}", "ｙｔ１２３４５６７８９０１２３｜SF1234567890123/773412345678",
        f"运单号：{A}已签收，{B}破损\n单号{C}", f"{A} {A},{B}\n{C} {B}", f"1. {A}；2. {B}；3. {C}", f"\ufeff{A}\u200b\n{B},,,{C}。",
    ],
)  # fmt: skip
def test_numbers_come_out_of_any_mess_once_and_in_their_order(mess):
    found = pasted(mess)
    assert found.numbers == (A, B, C)
    assert found.beyond == ()


def test_what_is_no_number_is_named_as_it_was_written_and_only_once():
    found = pasted(f"{A} yt12, hello {B}；yt12 ，你好 YT12*4567890123")
    assert (found.numbers, found.invalid) == ((A, B), ("yt12", "hello", "YT12*4567890123"))


def test_a_wrong_sign_inside_never_makes_two_numbers_of_one():
    assert pasted("YT12345678*90123456").numbers == ()


def test_a_number_in_groups_is_one_number_where_no_group_is_one():
    assert pasted("7312 7050 0933\n7312 7050 0934").numbers == ("731270500933", "731270500934")
    assert pasted(f"{A} 7312 7050").invalid == ("7312", "7050")


def test_the_last_group_of_one_or_two_digits_belongs_to_its_number_and_a_count_before_it_does_not():
    assert pasted("YT8820 0000 9006 3").numbers == ("YT8820000090063",)
    assert pasted("2. YT88200 000 9 0063").numbers == ("YT8820000090063",)
    assert pasted("1 7312 7050 0933\n2 7312 7050 09 34").numbers == ("731270500933", "731270500934")
    assert pasted(f"1 {A} 2 {B}").numbers == (A, B) and pasted(f"1 {A} 2 {B}").invalid == ()


def test_repeated_numbers_are_counted_and_those_beyond_twenty_named():
    many = [f"YT{n:013d}" for n in range(23)]
    found = pasted("\n".join([*many, many[0]]))
    assert (found.numbers, found.beyond, found.doubled) == (tuple(many[:20]), tuple(many[20:]), 1)


def test_a_text_that_is_too_long_is_not_cut_in_the_middle_of_a_number():
    with pytest.raises(Invalid):
        pasted("9" * (LONGEST_PASTE + 1))
    assert pasted("").numbers == pasted(" ，\n").numbers == ()
