"""Routing (rulebook 3.1): the site the rule names, or a tray with the reason; nothing is dropped."""

import itertools

import pytest

from app.domain.routing import Decision, Place, RoutingFacts, decide

ZHEJIANG, GUANGDONG = 33, 44


def site(number, *, province=ZHEJIANG, closed=False, deputy=None, kind="site"):
    return Place(number, f"code-{number}", kind, province, closed, deputy)


HANGZHOU, BINJIANG, SHENZHEN = site(1), site(2), site(3, province=GUANGDONG)
HUB = site(9, kind="hub")


@pytest.mark.parametrize("category", ["FALSE_SIGN", "LOCKER", "PROXY"])
@pytest.mark.parametrize("rule", ["delivery", "origin", "last_scan"])
def test_false_sign_and_delivery_without_consent_go_to_the_delivery_site_whatever_the_connection(category, rule):
    facts = RoutingFacts(
        category, rule, platform_site=BINJIANG, delivery_scan=HANGZHOU, origin_scan=SHENZHEN, last_scan=HUB
    )
    assert decide(facts) == Decision(1, ZHEJIANG, "delivery_scan")


def test_without_a_delivery_scan_the_platforms_site_is_the_delivery_site():
    assert decide(RoutingFacts("FALSE_SIGN", platform_site=BINJIANG)) == Decision(2, ZHEJIANG, "platform_site")


def test_the_origin_rule_goes_to_the_origin_scan():
    facts = RoutingFacts("DELAYED", "origin", platform_site=BINJIANG, origin_scan=SHENZHEN)
    assert decide(facts) == Decision(3, GUANGDONG, "origin_scan")


def test_the_last_scan_may_be_a_hub():
    assert decide(RoutingFacts("LOST", "last_scan", last_scan=HUB)) == Decision(9, ZHEJIANG, "last_scan")


def test_a_hub_is_never_a_delivery_site():
    decision = decide(RoutingFacts("FALSE_SIGN", delivery_scan=HUB))
    assert (decision.site_id, decision.province_id, decision.candidates) == (None, ZHEJIANG, (9,))


def test_the_address_decides_only_when_exactly_one_site_matches():
    one = RoutingFacts("DELAYED", address_matches=(HANGZHOU, HANGZHOU))
    two = RoutingFacts("DELAYED", address_matches=(BINJIANG, HANGZHOU, BINJIANG))
    assert decide(one) == Decision(1, ZHEJIANG, "address")
    assert decide(two) == Decision(None, ZHEJIANG, "several_match", (2, 1))


def test_matches_in_two_provinces_lie_in_the_ccs_tray_unless_a_hint_tells():
    facts = RoutingFacts("DELAYED", address_matches=(HANGZHOU, SHENZHEN))
    assert decide(facts) == Decision(None, None, "several_match", (1, 3))
    hinted = RoutingFacts("DELAYED", address_matches=(HANGZHOU, SHENZHEN), province_hint=GUANGDONG)
    assert decide(hinted) == Decision(None, GUANGDONG, "several_match", (1, 3))


def test_nothing_known_is_the_ccs_tray_and_a_hint_the_provinces():
    assert decide(RoutingFacts("OTHER")) == Decision(None, None, "no_match")
    assert decide(RoutingFacts("OTHER", province_hint=ZHEJIANG)) == Decision(None, ZHEJIANG, "no_match")


def test_without_its_scan_a_rule_falls_to_the_address_then_to_the_tray():
    assert decide(RoutingFacts("DELAYED", "origin", address_matches=(HANGZHOU,))).reason == "address"
    facts = RoutingFacts("DELAYED", "origin", platform_site=BINJIANG)
    assert decide(facts) == Decision(None, ZHEJIANG, "no_match", (2,))


def test_an_unknown_site_code_waits_in_a_tray_and_is_not_guessed_by_address():
    facts = RoutingFacts("FALSE_SIGN", platform_site_code="999999-01", address_matches=(HANGZHOU,))
    assert decide(facts) == Decision(None, ZHEJIANG, "unknown_site", (1,))
    assert decide(RoutingFacts("FALSE_SIGN", platform_site_code="999999-01")) == Decision(None, None, "unknown_site")


def test_a_delivery_scan_makes_an_unknown_site_code_harmless():
    facts = RoutingFacts("FALSE_SIGN", platform_site_code="999999-01", delivery_scan=HANGZHOU)
    assert decide(facts).site_id == 1


def test_a_code_that_names_a_province_goes_to_its_tray():
    facts = RoutingFacts("FALSE_SIGN", platform_site=site(33, kind="province"), platform_site_code="33")
    assert decide(facts) == Decision(None, ZHEJIANG, "unknown_site")


def test_a_closed_site_hands_over_to_its_deputy():
    facts = RoutingFacts("FALSE_SIGN", platform_site=site(5, closed=True, deputy=6))
    assert decide(facts) == Decision(6, ZHEJIANG, "deputy")


@pytest.mark.parametrize("deputy", [None, 5, 7])
def test_a_closed_site_without_an_open_deputy_lies_in_its_provinces_tray(deputy):
    facts = RoutingFacts(
        "FALSE_SIGN",
        delivery_scan=site(5, closed=True, deputy=deputy),
        platform_site=SHENZHEN,
        address_matches=(HANGZHOU,),
        closed_deputies=frozenset({7}),
    )
    assert decide(facts) == Decision(None, ZHEJIANG, "site_closed", (3, 1))


def test_a_closed_single_match_of_the_address_is_not_chosen_either():
    assert decide(RoutingFacts("DELAYED", address_matches=(site(5, closed=True),))).reason == "site_closed"


def test_an_unknown_rule_counts_as_delivery():
    assert decide(RoutingFacts("DELAYED", "", platform_site=BINJIANG)).site_id == 2


def test_the_senders_province_comes_last_for_a_complaint_about_delivery():
    facts = RoutingFacts("DELAYED", origin_scan=SHENZHEN, province_hint=ZHEJIANG)
    assert decide(facts) == Decision(None, ZHEJIANG, "no_match", (3,))
    assert decide(RoutingFacts("DELAYED", origin_scan=SHENZHEN)).province_id == GUANGDONG


def test_every_combination_of_facts_ends_in_exactly_one_place_with_a_known_reason():
    routed = {"delivery_scan", "platform_site", "origin_scan", "last_scan", "address", "deputy"}
    places = (None, HANGZHOU, HUB, site(5, closed=True), site(6, closed=True, deputy=1))
    for category, rule in itertools.product(("FALSE_SIGN", "LOST"), ("delivery", "origin", "last_scan")):
        for four in itertools.product(places, repeat=4):
            for matches in ((), (BINJIANG,), (BINJIANG, SHENZHEN)):
                decision = decide(RoutingFacts(category, rule, four[0], "x", *four[1:], matches, None))
                assert (decision.site_id is not None) == (decision.reason in routed)
                assert decision.reason in routed | {"site_closed", "unknown_site", "no_match", "several_match"}
                assert not (decision.candidates and decision.site_id)
                assert decision.site_id not in (5, 6)
