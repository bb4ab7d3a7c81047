"""Many parcels at once: in the order asked for, each with what its reader may see, at a cost that does not grow."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from app.services import linked, lookup, scans
from app.services.scans import ScanIn
from app.services.transaction import write
from tests import cast as company
from tests.cast import NOON, Cast
from tests.tools.lists import overheard

A, B, C = "YT1111111111111", "YT2222222222222", "YT3333333333333"
HOUR = timedelta(hours=1)
ROAD = [
    ScanIn(A, "COLLECT", NOON - 9 * HOUR, "440305-01", "王师傅"),
    ScanIn(A, "DELIVER", NOON - 2 * HOUR, "330106-01", "李师傅", "已派"),
    ScanIn(B, "SIGN", NOON - HOUR, "330108-01", "赵师傅", "门卫"),
]


@pytest.fixture
def parcels(cast: Cast) -> Cast:
    """A ticket of the first site on A, one of the other site on B; nothing known of C."""
    scans.store_scans(scans=ROAD, now=NOON)
    company.push(cast, "W1", waybill=A)
    company.push(cast, "W2", waybill=B, site="330108-01")
    return cast


def look(session, cast: Cast, who: str, *numbers: str) -> list[lookup.Parcel]:
    session.rollback()
    return lookup.look_up(session, cast[who], numbers)


def test_numbers_keep_their_order_and_an_unknown_one_is_there_too(parcels, db_session):
    found = look(db_session, parcels, "ccs", C, B, A)
    assert [parcel.waybill for parcel in found] == [C, B, A]
    assert [len(parcel.trace) for parcel in found] == [0, 1, 2]
    assert (found[0].last, found[0].tickets) == (None, ())
    assert [found[2].last.scan_type, found[2].delivery.organisation_name] == ["DELIVER", "组织 330106-01"]


@pytest.mark.parametrize(
    ("who", "seen"), [("site", [1, 0]), ("site-2", [0, 1]), ("site-3", [0, 0]), ("lcs", [1, 1]), ("lcs-2", [0, 0])]
)
def test_only_tickets_of_the_own_scope_are_told(parcels, db_session, who, seen):
    assert [len(parcel.tickets) for parcel in look(db_session, parcels, who, A, B)] == seen


def test_where_a_parcel_went_is_open_but_couriers_and_notes_only_to_whom_it_concerns(parcels, db_session):
    told = {}
    for who in ("site", "site-2", "site-3", "lcs", "lcs-2", "ccs"):
        (parcel,) = look(db_session, parcels, who, B)
        assert [row.scan_type for row in parcel.trace] == ["SIGN"]
        told[who] = parcel.trace[0].note
    assert told == {"site": "", "site-2": "门卫", "site-3": "", "lcs": "门卫", "lcs-2": "", "ccs": "门卫"}


def test_a_parcel_with_two_numbers_is_found_whole_by_either(parcels, db_session):
    scans.store_scans(scans=[ScanIn(C, "RETURN", NOON, "330106-01", note=f"原单 {A}")], now=NOON)
    for asked, other in ((A, C), (C, A)):
        (parcel,) = look(db_session, parcels, "site", asked)
        assert parcel.others == (other,)
        assert [row.scan_type for row in parcel.trace] == ["RETURN", "DELIVER", "COLLECT"]
        assert len(parcel.tickets) == 1


def test_twenty_numbers_cost_as_many_statements_as_one(parcels, db_session, database):
    costs = []
    for numbers in ([A], [A, B, *(f"YT{n:013d}" for n in range(18))]):
        db_session.rollback()
        with overheard(database.engine) as said:
            lookup.look_up(db_session, parcels["lcs"], numbers)
        costs.append(len(said))
    assert costs == [4, 4]


def test_the_longest_chain_of_linked_numbers_stays_bounded(parcels, db_session, database):
    chain = [f"SF{n:013d}" for n in range(30)]
    with write() as session:
        for one, other in itertools.pairwise(chain):
            linked._store(session, one, other, "forward", "manual", NOON)
    db_session.rollback()
    with overheard(database.engine) as said:
        (parcel,) = lookup.look_up(db_session, parcels["ccs"], [chain[0]])
    assert len(parcel.others) == linked.MOST - 1
    assert len(said) <= 4 + linked.MOST
