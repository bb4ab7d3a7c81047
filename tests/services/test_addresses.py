"""A granted return teaches a street: the next complaint from there goes to the right site at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.domain.errors import Invalid, NotFound
from app.models import AddressRule, Organisation, Person
from app.services import addresses, scans, transfers
from app.services.scans import ScanIn
from app.services.transaction import write
from app.services.transfers import ReturnIn, RulingIn
from tests.cast import NOON, Cast, post, push, ticket

OURS, SIBLING, FAR = "330106-01", "330108-01", "440305-01"
STREET = "浙江省杭州市西湖区文三路"


def teach(cast: Cast, number: str, site: str = SIBLING, who: str = "lcs") -> None:
    asked = ReturnIn("outside_area", "地址不属本站")
    transfers.give_up(actor=cast["site"], post=post(number), asked=asked, now=NOON)
    ruling = RulingIn("grant", "", site, learn=True)
    transfers.rule(actor=cast[who], post=post(number), ruling=ruling, now=NOON)


def live(session) -> list[tuple[str, int]]:
    session.rollback()
    rows = session.scalars(select(AddressRule).where(AddressRule.ended_at.is_(None)).order_by(AddressRule.id))
    return [(row.prefix, row.site_id) for row in rows]


def routed(cast: Cast, session, code: str, **more) -> int | None:
    return ticket(session, push(cast, code, **more)).handling_site_id


def test_a_street_is_learned_without_its_house_number_and_beats_the_platforms_site(cast: Cast, db_session) -> None:
    teach(cast, push(cast))
    assert live(db_session) == [(STREET, cast.places[SIBLING])]
    assert routed(cast, db_session, "W2") == cast.places[SIBLING]


def test_a_delivery_scan_beats_what_was_learned(cast: Cast, db_session) -> None:
    teach(cast, push(cast))
    scans.store_scans(scans=[ScanIn("YT1000000000001", "DELIVER", NOON, OURS)], now=NOON)
    assert routed(cast, db_session, "W2", waybill="YT1000000000001") == cast.places[OURS]


def test_the_longest_learned_street_wins_and_others_are_not_touched(cast: Cast, db_session) -> None:
    teach(cast, push(cast))
    with write() as session:
        rule = session.scalars(select(AddressRule)).one()
        facts = {"ticket_id": rule.ticket_id, "created_by_id": rule.created_by_id, "created_at": NOON}
        session.add(AddressRule(prefix=f"{STREET}东段", site_id=cast.places[FAR], **facts))
    shown = [
        addresses.site_of(db_session, text)
        for text in (f"{STREET} 东段 8 号", f"{STREET}1号", "浙江省杭州市上城区", "")
    ]
    assert [site and site.code for site in shown] == [FAR, SIBLING, None, None]


def test_learning_a_street_again_ends_what_was_learned_before(cast: Cast, db_session) -> None:
    teach(cast, push(cast))
    number = push(cast, "W2")
    with write() as session:
        session.execute(update(AddressRule).values(site_id=cast.places[OURS]))
    again = push(cast, "W3")
    assert ticket(db_session, number).handling_site_id == cast.places[SIBLING]
    teach(cast, again)
    assert live(db_session) == [(STREET, cast.places[SIBLING])]


@pytest.mark.parametrize(
    ("address", "why"), [("3 号楼", "no_street"), ("", "no_street"), (f"{STREET}8号", "too_broad")]
)
def test_what_names_no_street_or_a_whole_area_is_not_learned(cast: Cast, db_session, address: str, why: str) -> None:
    number = push(cast)
    with write() as session:
        session.execute(update(Person).values(address=address))
        session.execute(update(Organisation).where(Organisation.code == OURS).values(address_prefix=f"{STREET}东段"))
    with pytest.raises(Invalid) as error:
        teach(cast, number)
    assert error.value.fields == {"learn": why}
    assert live(db_session) == []


def test_an_lcs_teaches_no_street_to_a_site_of_another_province(cast: Cast, db_session) -> None:
    """What the other province never saw would come to its site from then on."""
    number = push(cast)
    with pytest.raises(Invalid) as error:
        teach(cast, number, FAR)
    assert error.value.fields == {"learn": "another_province"} and live(db_session) == []
    ruling = RulingIn("grant", "", FAR)
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=ruling, now=NOON)
    assert ticket(db_session, number).handling_site_id == cast.places[FAR]


def test_only_the_province_of_the_site_lists_and_ends_a_rule(cast: Cast, db_session) -> None:
    number = push(cast)
    teach(cast, number)
    rule, site, of, who = addresses.listed(db_session, cast["lcs"])[0]
    assert (rule.prefix, site.code, of, who) == (STREET, SIBLING, number, "lcs")
    assert addresses.listed(db_session, cast["lcs-2"]) == []
    rule_id = rule.id
    for name in ("lcs-2", "ccs", "admin"):
        with pytest.raises(NotFound):
            addresses.end(actor=cast[name], rule_id=rule_id, now=NOON)
    for _ in range(2):
        addresses.end(actor=cast["lcs"], rule_id=rule_id, now=NOON)
    assert live(db_session) == []
    assert routed(cast, db_session, "W2") == cast.places[OURS]
