"""Customer accounts as they are typed or imported."""

from __future__ import annotations

import pytest

from app.domain.customers import AccountIn, faults, phone_of, prefixes_of, read_csv
from app.domain.errors import Invalid

GOOD = AccountIn(
    "TB-01", "某某旗舰店", "vip", phones="+86 138-1234-5678\n0571-87654321", prefixes="yt88 ，YT99", names="李店主"
)


def test_what_tells_an_account_is_written_one_way() -> None:
    assert GOOD.matches() == [
        ("phone", "13812345678"), ("phone", "057187654321"), ("prefix", "YT88"), ("prefix", "YT99"), ("name", "李店主"),
    ]  # fmt: skip
    assert faults(GOOD) == {}
    assert phone_of("008613812345678") == "13812345678"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"code": "a b"}, "code"), ({"name": " "}, "name"), ({"tier": "é"}, "tier"), ({"phones": "123"}, "phones"),
        ({"prefixes": "Y"}, "prefixes"), ({"limits": {"legal": "5"}}, "limit-legal"),
        ({"limits": {"resolve": "1.5"}}, "limit-resolve"), ({"requirements": "x" * 4001}, "requirements"),
    ],
)  # fmt: skip
def test_each_fault_is_named_beside_its_field(more: dict, field: str) -> None:
    assert set(faults(AccountIn(**{**vars(GOOD), **more}))) == {field}


def test_a_csv_gives_accounts_with_the_numbers_of_their_lines() -> None:
    rows = read_csv("\ufeffcode,name,phones,resolve,active\nA,甲,13812345678|13912345678,600,\nB,乙,,,否\n")
    assert [(line, one.code, one.minutes(), one.active) for line, one in rows] == [
        (2, "A", {"resolve": 600}, True), (3, "B", {}, False),
    ]  # fmt: skip
    assert len(rows[0][1].matches()) == 2
    endless = '"' + "x" * 200_000  # longer than a reader of CSV takes
    for text in ("", "name\nx", "code,name\n", endless, f"code,name\nA,{endless}"):
        with pytest.raises(Invalid):
            read_csv(text)


def test_a_waybill_begins_with_all_its_prefixes() -> None:
    assert list(prefixes_of("YT88")) == ["YT", "YT8", "YT88"] and list(prefixes_of("")) == []
