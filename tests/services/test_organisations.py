"""The tree of organisations, and which site an address belongs to."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from app.domain.errors import Invalid
from app.models import Organisation
from app.services import organisations
from app.services.organisations import Node
from app.services.transaction import write

HQ = Node("HQ", "headquarters", "总部")
ZHEJIANG = Node("33", "province", "浙江省区", "HQ")
WENSAN = Node("330106-01", "site", "西湖文三站", "33", address_prefix="浙江省杭州市西湖区", duty_phone="13800003091")
ZHUANTANG = Node("330106-02", "site", "西湖转塘站", "33", address_prefix="浙江省杭州市西湖区转塘")
TREE = (HQ, ZHEJIANG, WENSAN, ZHUANTANG)


@pytest.fixture
def tree(database):
    organisations.import_tree(nodes=TREE)
    return database.session


def codes(found) -> list[str]:
    return [site.code for site in found]


def test_a_site_stands_below_its_province_and_a_province_is_its_own_scope(tree) -> None:
    province, site = (organisations.find_by_code(tree, code) for code in ("33", " 330106-01 "))
    assert site.parent_id == site.province_id == province.id == province.province_id
    assert organisations.headquarters(tree).province_id is None


def test_importing_again_adds_only_what_is_new_and_changes_nothing(tree) -> None:
    renamed = Node("33", "province", "另一个名字", "HQ")
    assert organisations.import_tree(nodes=[renamed, Node("33-H01", "hub", "杭州转运中心", "33")]) == 1
    assert organisations.find_by_code(tree, "33").name == "浙江省区"


def test_an_import_with_a_bad_node_adds_nothing(tree) -> None:
    with pytest.raises(Invalid) as error:
        organisations.import_tree(nodes=[Node("34", "province", "安徽省区", "HQ"), Node("35-1", "site", "站", "35")])
    assert error.value.fields == {"parent": "unknown", "at": "35-1"}
    assert organisations.find_by_code(tree, "34") is None


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(
    ("node", "fields"),
    [
        (Node("", "site", "站", "33"), {"code": "required"}),
        (Node("x" * 33, "site", "站", "33"), {"code": "too_long"}),
        (Node("X", "shop", "店", "33"), {"kind": "unknown"}),
        (Node("X", "site", " ", "33"), {"name": "required"}),
        (Node("X", "site", "站"), {"parent": "unknown"}),
        (Node("X", "headquarters", "总部", "33"), {"parent": "unknown"}),
    ],
)
def test_an_organisation_that_cannot_stand_is_refused_with_the_field(tree, node: Node, fields: dict[str, str]) -> None:
    with pytest.raises(Invalid) as error:
        organisations.import_tree(nodes=[node])
    assert error.value.fields == fields | {"at": node.code}


@pytest.mark.parametrize("prefix", ["西", "西湖", "西湖区", "浙江省杭州市西湖区", "湖区文三路", "路1号"])
def test_an_area_is_found_wherever_in_an_address_its_name_stands_and_however_short_it_is(tree, prefix) -> None:
    with write() as session:
        session.execute(update(Organisation).values(address_prefix=""))
        session.execute(update(Organisation).where(Organisation.code == "330106-01").values(address_prefix=prefix))
    assert codes(organisations.matching_address(tree, "浙江省杭州市西湖区文三路1号")) == ["330106-01"]
    assert organisations.matching_address(tree, "浙江省宁波市") == []


def test_an_address_belongs_to_the_narrowest_area_that_holds_it(tree) -> None:
    assert codes(organisations.matching_address(tree, "浙江省杭州市西湖区文三路 1 号")) == ["330106-01"]
    assert codes(organisations.matching_address(tree, "浙江省 杭州市 西湖区 转塘街道 3 号")) == ["330106-02"]


def test_an_address_elsewhere_or_empty_belongs_to_nobody(tree) -> None:
    for text in ("", "  ", "浙江省杭州市滨江区江南大道", "%", "西湖区"):
        assert organisations.matching_address(tree, text) == []


def test_two_sites_of_one_area_both_match(tree) -> None:
    second = Node("330106-03", "site", "西湖城西站", "33", address_prefix="浙江省杭州市西湖区")
    organisations.import_tree(nodes=[second])
    assert codes(organisations.matching_address(tree, "浙江省杭州市西湖区文三路1号")) == ["330106-01", "330106-03"]


def test_a_wildcard_in_an_area_is_only_a_letter(tree) -> None:
    organisations.import_tree(nodes=[Node("X-01", "site", "站", "33", address_prefix="浙江省%")])
    assert codes(organisations.matching_address(tree, "浙江省杭州市西湖区文三路1号")) == ["330106-01"]


def test_site_codes_hold_sites_only_and_are_in_order(tree) -> None:
    assert organisations.site_codes(tree) == ["330106-01", "330106-02"]


def test_a_place_is_found_by_its_code_or_its_whole_name_but_not_by_a_name_that_two_have(tree) -> None:
    assert organisations.find(tree, " 西湖文三站 ").code == "330106-01"
    assert organisations.find(tree, "330106-02").name == "西湖转塘站"
    assert [organisations.find(tree, word) for word in ("西湖", "", "nowhere")] == [None, None, None]
    organisations.import_tree(nodes=[Node("330106-03", "site", "西湖文三站", "33")])
    assert organisations.find(tree, "西湖文三站") is None
