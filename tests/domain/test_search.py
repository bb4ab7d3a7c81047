"""Texts and queries are cut into the same tokens, whatever the width, case and script."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain import search
from app.domain.search import excerpt, fold, hits, holds, parse, rank, readable, together, tokens

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("快递破损", ("快递", "递破", "破损")),
        ("破", ()),
        ("快递，破损", ("快递", "破损")),  # no pair reaches across a sign
        ("ＹＴ１２３　Abc-DEF", ("yt123", "abc", "def")),
        ("外包装YT12破损", ("外包", "包装", "yt12", "破损")),
        ("破损😀玻璃👨‍👩‍👧碎了", ("破损", "玻璃", "碎了")),
        ("破损\ud83d玻璃\udc00\x00碎了", ("破损", "玻璃", "碎了")),
        ("𠮷野家", ("𠮷野", "野家")),
        ("破损 破损 破损", ("破损",)),
        ("Ёлка İstanbul ß", ("ёлка", "İstanbul", "ß")),
        ("一二〇三", ("一二", "二〇", "〇三")),
        ("", ()),
    ],
)
def test_a_text_is_cut_into_pairs_and_whole_words(text, found):
    assert tokens(text) == found


def test_a_very_long_text_and_a_very_long_word_end_somewhere():
    many = "".join(chr(0x4E00 + i) for i in range(20_000))
    assert len(tokens(many)) == search.MOST_TOKENS
    assert tokens("A" * 50_000) == ("a" * search.LONGEST_TOKEN,)
    assert parse("b" * 50_000).words[0].prefix == "b" * search.LONGEST_TOKEN


@pytest.mark.parametrize("text", ["Ｋ快É递İ\u3000ß𠮷Ａ", "Σας ﬁ ㈱", "\ud800Ａ"])
def test_folding_moves_no_character(text):
    assert len(fold(text)) == len(text)


def test_a_token_needs_no_quoting_in_any_engine():
    noisy = "".join(chr(i) for i in range(0x3000)) + "'\"\\:*&|!()<>{}-^~"
    assert all(part.isalnum() for part in tokens(noisy))
    word = parse("it's\"a:*b' | c").words[0]
    assert all(part.isalnum() for part in (*word.tokens, word.prefix))


@pytest.mark.parametrize(
    ("asked", "needed", "prefixes"),
    [
        ("破损", [("破损",)], [""]),
        ("破损 玻璃", [("破损",), ("玻璃",)], ["", ""]),
        ("没收到", [("没收", "收到")], [""]),
        ("ＡＢＣ－１２", [("abc",)], ["12"]),  # the last Latin piece of a word is a beginning
        ("YT12破损", [("yt12", "破损")], [""]),
        ("5元", [("5",)], [""]),
        ("破损　！ 玻璃 破损", [("破损",), ("玻璃",)], ["", ""]),
    ],
)
def test_every_word_of_a_query_says_what_it_needs(asked, needed, prefixes):
    query = parse(asked)
    assert ([w.tokens for w in query.words], [w.prefix for w in query.words]) == (needed, prefixes)
    assert query.short == ""


@pytest.mark.parametrize(
    ("asked", "short"), [("破", "破"), ("破损 碎", "碎"), ("a", "a"), ("５", "5"), ("！破！", "!破!")]
)
def test_one_character_alone_is_too_short(asked, short):
    assert parse(asked).short == short


def test_signs_alone_are_no_word_and_a_query_has_an_end():
    assert parse("！！ -- ……") == search.Query(())
    assert len(parse(" ".join(f"w{n}" for n in range(40))).words) == search.MOST_WORDS


@pytest.mark.parametrize(
    ("asked", "code", "order", "last_four"),
    [
        ("kf261118-000001", "KF261118-000001", "kf261118-000001", ""),
        ("ｙｔ１２３４", "YT1234", "yt1234", ""),
        ("5678", "5678", "5678", "5678"),
        ("678", "", "678", ""),
        ("破损", "", "", ""),
        ("Order_x/9", "ORDER_X/9", "Order_x/9", ""),
    ],
)
def test_a_word_may_be_a_number_too(asked, code, order, last_four):
    word = parse(asked).words[0]
    assert (word.code, word.order, word.last_four) == (code, order, last_four)


def test_only_what_the_thread_shows_is_readable():
    assert readable("note", {"text": "门卫代收", "courier_phone": "13812345678", "salt": "x"}) == "门卫代收"
    assert readable("result", {"text": "已处理", "signed_by": "门卫"}) == "已处理\n门卫"
    assert readable("appeal_opened", {"text": "不满意"}) == ""
    assert readable("auto_assigned", {"to": "陈晓燕"}) == ""


def test_pairs_that_lie_apart_are_no_hit():
    assert not holds(["没收了，已收到"], parse("没收到"))
    assert holds(["别的", "客户没收到货"], parse("没收到"))
    assert holds(["价５元"], parse("5元")) and not holds(["价5角"], parse("5元"))


def test_an_excerpt_shows_where_it_was_hit_and_marks_every_word():
    long = "很长的开头" * 20 + "外包装破损，ＡＢＣ－１２３ 的玻璃碎了" + "很长的结尾" * 20
    pieces = excerpt(long, parse("破损 abc-12 玻璃"))
    assert [text for text, marked in pieces if marked] == ["破损", "ＡＢＣ", "１２", "玻璃"]
    assert pieces[0] == ("…", False) and pieces[-1] == ("…", False)
    shown = "".join(text for text, _marked in pieces).strip("…")
    assert shown in long and len(shown) == search.EXCERPT


def test_overlapping_hits_are_marked_once():
    assert excerpt("收到收到货", parse("收到货 收到")) == (("收到收到货", True),)
    assert excerpt("没收到", parse("没收 收到")) == (("没收到", True),)


def test_a_latin_word_is_marked_where_it_begins():
    assert excerpt("abc xabc 货abcd", parse("abc")) == (
        ("abc", True), (" xabc 货", False), ("abc", True), ("d", False),
    )  # fmt: skip
    assert hits("xabc", parse("abc")) == 0


def test_user_text_stays_text_in_an_excerpt():
    assert excerpt("<script>破损</script>", parse("破损")) == (
        ("<script>", False),
        ("破损", True),
        ("</script>", False),
    )


def test_ranks_follow_the_time_and_are_never_shared():
    second = timedelta(seconds=1)
    assert rank(NOON, "KF261118-000009") < rank(NOON + second, "KF261118-000001")
    assert rank(NOON, "KF261118-000001") != rank(NOON, "KF261118-000002")
    assert rank(datetime(2016, 1, 1, tzinfo=UTC), "KF160101-000001") < 0
    assert (
        -(2**63)
        < rank(datetime(1990, 1, 1, tzinfo=UTC), "KF1-1")
        < rank(datetime(2090, 1, 1, tzinfo=UTC), "KF1-1")
        < 2**63
    )
    assert search.written_at(rank(NOON, "KF261118-000009")) == NOON


def test_cutting_is_quick():
    import time

    began = time.perf_counter()
    tokens("客户说没收到货" * 300)
    parse("没收到" * 60)
    assert time.perf_counter() - began < 0.2


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("7312 7050 0933", "731270500933"), ("YT 1968320700939", "YT1968320700939"), ("７０５０　０９３３", "70500933"),
        ("731270500933", ""), ("虚假 签收", ""), ("0933 破损", ""), ("12 34", ""),
    ],
)  # fmt: skip
def test_a_number_written_in_groups_is_one_number(typed, whole):
    assert together(typed) == whole
