"""Placeholders are a fixed list, and nothing that they bring is read again."""

from __future__ import annotations

from app.domain import placeholders

VALUES = {"number": "KF1", "waybill": "YT1", "customer": "{{单号}}", "site": "{7*7}"}


def test_names_in_both_languages_are_filled_and_spaces_do_not_matter() -> None:
    assert placeholders.fill("{{单号}} {{ 运单号 }} {{number}}", VALUES) == "KF1 YT1 KF1"


def test_what_a_value_brings_is_not_read_again() -> None:
    assert placeholders.fill("{{客户}}{{站点}}", VALUES) == "{{单号}}{7*7}"


def test_unknown_names_are_named_and_left_alone() -> None:
    assert placeholders.unknown("{{单号}} {{地址}} {{ a.b }}") == ["地址", "a.b"]
    assert placeholders.fill("{{地址}} {单号}", VALUES) == "{{地址}} {单号}"
