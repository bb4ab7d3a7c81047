"""The tree as a plan: who may stand under whom, and what a list of organisations would do, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.domain import organisation_rows as rows_rule
from app.domain.organisation_plan import plan
from app.domain.organisations import SUPERIORS, Entry, province_of, standing_faults
from app.domain.sheet_rows import Line

HQ = Entry("HQ", "headquarters", "总部")
ZJ, GD = Entry("33", "province", "浙江", superior="HQ"), Entry("44", "province", "广东", superior="HQ")
XIHU = Entry("33-A", "district", "西湖管区", superior="33")
ONE, TWO = Entry("330106-01", "site", "一站", superior="33-A"), Entry("330106-02", "site", "二站", superior="33")
FAR = Entry("440305-01", "site", "南山站", superior="44")
TREE = {one.code: one for one in (HQ, ZJ, GD, XIHU, ONE, TWO, FAR)}


def line(n: int, **cells: str) -> Line:
    return Line(n, cells)


def row(n: int, entry: Entry, **changed: str) -> Line:
    return Line(n, {**rows_rule.cells_of(entry), **changed})


def faults(*lines: Line, tree: dict[str, Entry] = TREE) -> set[tuple[int, str, str]]:
    return {(one.n, one.column, one.code) for one in plan(tree, lines).faults}


def test_the_same_list_again_changes_nothing_whatever_order_it_has() -> None:
    entries = list(TREE.values())
    lines = [row(n, entry) for n, entry in enumerate(reversed(entries), 2)]
    first = plan({}, lines)
    assert not first.faults and {one.code for one in first.added} == set(TREE)
    again = plan(first.tree, lines)
    assert (again.added, again.changed, again.unchanged, again.faults) == ((), (), len(TREE), ())


@pytest.mark.parametrize("kind", SUPERIORS)
@pytest.mark.parametrize("above", SUPERIORS)
def test_each_kind_stands_under_its_superiors_alone(kind: str, above: str) -> None:
    tree = {**TREE, "UP": Entry("UP", above, "上", superior="HQ")}
    wrong = standing_faults(Entry("X", kind, "下", superior="UP"), tree)
    if kind == "headquarters":
        assert wrong == {"superior": "no_superior"}
    else:
        assert wrong == ({} if above in SUPERIORS[kind] else {"superior": "bad_superior"})


def test_no_kind_may_stand_under_itself_so_that_no_circle_can_be_written() -> None:
    order = list(SUPERIORS)
    assert all(order.index(above) < order.index(kind) for kind, over in SUPERIORS.items() for above in over)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"code": ""}, ("code", "required")),
        ({"code": "A_1"}, ("code", "bad_place_code")),
        ({"code": "-1"}, ("code", "bad_place_code")),
        ({"code": "X" * 33}, ("code", "bad_place_code")),
        ({"code": "西湖"}, ("code", "bad_place_code")),
        ({"kind": ""}, ("kind", "required")),
        ({"kind": "店"}, ("kind", "unknown_kind")),
        ({"name": " "}, ("name", "required")),
        ({"name": "站" * 81}, ("name", "too_long")),
        ({"name_en": "s" * 121}, ("name_en", "too_long")),
        ({"address_prefix": "省" * 121}, ("address_prefix", "too_long")),
        ({"superior": ""}, ("superior", "required")),
        ({"superior": "99"}, ("superior", "unknown_superior")),
        ({"superior": "HQ"}, ("superior", "bad_superior")),
        ({"duty_phone": "12345"}, ("duty_phone", "bad_duty_phone")),
        ({"manager_phone": "电话"}, ("manager_phone", "bad_duty_phone")),
        ({"deputy": "NOBODY"}, ("deputy", "unknown_site")),
        ({"deputy": "33"}, ("deputy", "unknown_site")),
        ({"deputy": "330106-09"}, ("deputy", "own_deputy")),
        ({"deputy": "440305-01"}, ("deputy", "deputy_elsewhere")),
        ({"onboarded_from": "明天"}, ("onboarded_from", "not_a_date")),
        ({"closed_from": "2026-02-30"}, ("closed_from", "not_a_date")),
        ({"onboarded_from": "2026-05-01", "closed_from": "2026-04-30"}, ("closed_from", "ends_before_it_begins")),
    ],
)
def test_a_bad_row_is_named_with_its_column(changed: dict[str, str], fault: tuple[str, str]) -> None:
    good = Entry("330106-09", "site", "九站", superior="33")
    assert not faults(row(2, good))
    assert (7, *fault) in faults(row(7, good, **changed))
    assert len(faults(row(7, good, **changed))) == 1


def test_what_was_typed_stands_beside_the_fault() -> None:
    (fault,) = plan(TREE, [row(3, TWO, duty_phone="一二三")]).faults
    assert (fault.n, fault.column, fault.typed) == (3, "duty_phone", "一二三")


def test_a_code_twice_in_a_file_is_the_second_rows_fault() -> None:
    assert faults(row(2, TWO), row(3, TWO, name="别的")) == {(3, "code", "code_twice")}


def test_there_is_one_headquarters() -> None:
    second = Entry("HQ2", "headquarters", "另一个总部")
    assert faults(row(2, second)) == {(2, "kind", "second_headquarters")}
    assert faults(row(2, HQ), row(3, second), tree={}) == {(3, "kind", "second_headquarters")}


def test_a_column_that_is_not_there_changes_nothing_and_an_empty_cell_clears() -> None:
    tree = {**TREE, TWO.code: replace(TWO, duty_phone="13800000001", address_prefix="浙江省")}
    found = plan(tree, [line(2, code=TWO.code, kind="站点", name="新名", superior="33", address_prefix="")])
    ((_before, after),) = found.changed
    assert (after.name, after.duty_phone, after.address_prefix) == ("新名", "13800000001", "")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-1-3", date(2026, 1, 3)), ("2026/01/03", date(2026, 1, 3)), ("2026年1月3日", date(2026, 1, 3)),
        ("2026-01-03T00:00:00", date(2026, 1, 3)), ("２０２６-01-03", date(2026, 1, 3)), ("", None), ("03.01.2026", None),
        ("0001-01-01", None), ("2026-13-01", None), ("45000", None),
    ],
)  # fmt: skip
def test_days_are_read_as_people_and_excel_write_them(text: str, day: date | None) -> None:
    assert rows_rule.day_of(text) == day


def test_words_of_a_sheet_are_read_and_telephones_lose_their_signs() -> None:
    entry, wrong = rows_rule.read(
        {"code": "３３", "kind": "网点", "duty_phone": "0571-88880001", "address_prefix": "浙 江"}, None
    )
    assert not wrong
    assert (entry.code, entry.kind, entry.duty_phone, entry.address_prefix) == ("33", "site", "057188880001", "浙江")


def test_whoever_moves_to_another_province_is_known_with_all_below_and_the_row_that_moves_them() -> None:
    found = plan(TREE, [row(9, XIHU, superior="44")])
    assert not found.faults and dict(found.moved) == {"33-A": 9, "330106-01": 9}
    assert province_of("330106-01", found.tree) == "44"
    assert not plan(TREE, [row(9, ONE, superior="33")]).moved  # the same province, without the district


def test_a_move_that_leaves_a_deputy_in_another_province_is_the_movers_fault() -> None:
    tree = {**TREE, ONE.code: replace(ONE, deputy=TWO.code)}
    assert faults(row(4, TWO, superior="44"), tree=tree) == {(4, "superior", "deputy_elsewhere")}
    moved = {**tree, TWO.code: replace(TWO, superior="44")}  # an old fault of others is not this row's
    assert not faults(row(4, FAR, name="新名"), tree=moved)


def test_what_has_inferiors_neither_closes_before_them_nor_becomes_another_kind() -> None:
    assert faults(row(5, ZJ, closed_from="2026-12-01")) == {(5, "closed_from", "open_below")}
    assert (5, "kind", "kind_in_use") in faults(row(5, XIHU, kind="部门"))
    assert faults(row(5, HQ, closed_from="2026-12-01")) == {(5, "closed_from", "never_closed")}
    empty = {one.code: one for one in (HQ, GD, FAR)}
    shut = [row(2, GD, closed_from="2026-12-01"), row(3, FAR, closed_from="2026-12-01")]
    assert not faults(*shut, tree=empty)
    late = row(3, FAR, closed_from="2026-12-02")
    assert faults(shut[0], late, tree=empty) == {(3, "closed_from", "superior_closed")}


def test_the_examples_of_the_template_can_be_imported_as_they_are() -> None:
    heads = [words[0] for words in rows_rule.COLUMNS.values()]
    lines, missing = rows_rule.lines_of([heads, *rows_rule.EXAMPLES])
    assert not missing and not plan({}, lines).faults


def test_a_heading_may_be_any_of_its_words_and_a_missing_one_is_named() -> None:
    lines, missing = rows_rule.lines_of([["机构编号", "Kind", "地址"], ["33", "省", "x"], ["", "", ""]])
    assert missing == ("name", "superior") and [dict(one.cells) for one in lines] == [{"code": "33", "kind": "省"}]


def test_a_telephone_that_comes_back_masked_as_it_was_shown_stays_as_it_was() -> None:
    before = Entry("S1", kind="site", name="站", superior="P1", duty_phone="13812345678", manager_phone="")
    shown = {"duty_phone": "138******78", "manager_phone": ""}
    assert rows_rule.read(shown, before) == (before, {})
    assert rows_rule.read({"duty_phone": "138******79"}, before)[1] == {"duty_phone": "bad_duty_phone"}
    assert rows_rule.read({"duty_phone": "13900000000"}, before)[0].duty_phone == "13900000000"
