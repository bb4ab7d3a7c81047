"""Nobody of a ticket can be told from its typical case."""

from __future__ import annotations

import time

import pytest

from app.domain.case_masking import Known, masked
from app.domain.masking import mask_waybill

KNOWN = Known(
    frozenset({"王小明", "李师傅", "本人", "A"}), frozenset({"浙江省杭州市西湖区文三路 18 号 3 幢 502 室"}),
    frozenset({"YT0000000000501", "LP00123456789"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("王小明说没收到", "王**说没收到"),
        ("打 13812345678 无人接", "打 138******78 无人接"),
        ("送到浙江省杭州市西湖区文三路 18 号 3 幢 502 室", "送到浙江省杭州市西湖区文三路***"),
        ("住文三路18号3幢502室", "住文三路***"),
        ("住文三路１８号", "住文三路***"),
        ("在三单元", "在***"),
        ("运单 YT0000000000501 已签收", "运单 YT******0501 已签收"),
        ("另一单 773012345678901", "另一单 ******8901"),
        ("另一单 SF1234567890123", "另一单 SF******0123"),
        ("平台单号 LP00123456789", "平台单号 LP******6789"),
        ("李师傅 放在驿站", "李** 放在驿站"),
        ("本人签收", "本人签收"),
        ("11月18号送达，18 日再来", "11月18号送达，18 日再来"),
        ("13 点 20 分，3 次外呼", "13 点 20 分，3 次外呼"),
        ("", ""),
    ],
)
def test_what_tells_who_it_was_is_hidden_and_the_rest_stays(text: str, said: str) -> None:
    assert masked(text, KNOWN) == said
    assert masked(said, KNOWN) == said


@pytest.mark.parametrize(
    ("waybill", "said"),
    [("YT0000000000501", "YT******0501"), ("773012345678901", "******8901"), ("YT123", "YT******"), ("", "")],
)
def test_a_waybill_keeps_its_letters_and_last_four_digits(waybill: str, said: str) -> None:
    assert mask_waybill(waybill) == said


def test_a_chain_of_numbers_without_end_costs_no_time() -> None:
    begun = time.process_time()
    masked("1-" * 20_000, Known(frozenset(), frozenset(), frozenset()))
    assert time.process_time() - begun < 4
    assert masked("住在3-2-1-4-5号的", Known(frozenset(), frozenset(), frozenset())) == "住在***的"
