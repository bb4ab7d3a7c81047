"""Numbers of one parcel belong together: one ticket, one trace, one search, one lock."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed
from app.extensions import db
from app.models import Promise, Ticket, WaybillLink
from app.services import linked, promises, red_flags, scans, sweep, ticket_view
from app.services.promises import PromiseIn
from app.services.scans import ScanIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket
from tests.services.ending_steps import EVERYBODY, by_hand, tries
from tests.services.search_steps import numbers as searched

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ONE, TWO, THREE = "YT1000000000001", "YT1000000000002", "YT1000000000003"


def link(cast: Cast, number: str, waybill: str, who: str = "site", kind: str = "return") -> None:
    linked.link(actor=cast[who], post=post(number), waybill=waybill, kind=kind, now=NOON)


def chain(session, *waybills: str) -> None:
    """Each number linked to the next one."""
    with write() as inner:
        for one, other in itertools.pairwise(waybills):
            linked._store(inner, one, other, "relabel", "scan", NOON)


def numbers(session, waybill: str) -> set[str]:
    session.rollback()
    return set(linked.numbers(session, waybill))


def test_a_complaint_on_a_linked_waybill_is_the_same_ticket(cast: Cast, db_session) -> None:
    number = push(cast, waybill=ONE)
    link(cast, number, " yt１000000000002 ", kind="relabel")
    assert push(cast, "W2", waybill=TWO, now=NOON + HOUR) == number
    assert by_hand(cast, TWO, now=NOON + HOUR) == number
    assert ticket(db_session, number).repeat_count == 2


def test_links_reach_over_several_steps_and_to_both_sides(cast: Cast, db_session) -> None:
    chain(db_session, ONE, TWO, THREE)
    for waybill in (ONE, TWO, THREE):
        assert numbers(db_session, waybill) == {ONE, TWO, THREE}
    number = push(cast, waybill=THREE)
    assert push(cast, "W2", waybill=ONE) == number


def test_a_parcel_has_at_most_eight_numbers_wherever_one_starts(cast: Cast, db_session) -> None:
    many = [f"YT20000000000{n:02d}" for n in range(8)]
    chain(db_session, *many)
    assert all(numbers(db_session, waybill) == set(many) for waybill in many)
    number = push(cast, waybill=many[-1])
    with pytest.raises(Invalid) as error:
        link(cast, number, THREE)
    assert error.value.fields == {"waybill": "too_many_linked"}
    scans.store_scans(scans=[ScanIn(many[0], "RETURN", NOON, note=THREE)], now=NOON)
    assert numbers(db_session, THREE) == {THREE}


@pytest.mark.parametrize(
    ("waybill", "kind", "fields"),
    [
        ("", "", {"waybill": "required", "kind": "required"}),
        ("短号", "return", {"waybill": "bad_waybill"}),
        (ONE, "return", {"waybill": "same_waybill"}),
        (TWO, "return", {"waybill": "linked_already"}),
    ],
)
def test_what_cannot_be_linked_is_said_beside_the_field(cast: Cast, waybill: str, kind: str, fields: dict) -> None:
    number = push(cast, waybill=ONE)
    link(cast, number, TWO)
    with pytest.raises(Invalid) as error:
        link(cast, number, waybill, kind=kind)
    assert error.value.fields == fields


@pytest.mark.parametrize(("who", "may"), [("site", False), ("lcs", False), ("ccs", True)])
def test_nobody_links_a_parcel_to_that_of_a_ticket_which_they_do_not_see(
    cast: Cast, db_session, who: str, may: bool
) -> None:
    """Else the next complaint on one's own parcel were the other site's work, and counted against it."""
    number = push(cast, "A", waybill=ONE)
    theirs = push(cast, "B", waybill=TWO, site="440305-01", now=NOON + MINUTE)
    if may:
        link(cast, number, TWO, who)
    else:
        with pytest.raises(Invalid) as refused:
            link(cast, number, TWO, who)
        assert refused.value.fields == {"waybill": "not_yours_to_link"}
    assert push(cast, "C", waybill=ONE, now=NOON + HOUR) == (theirs if may else number)


def test_a_ticket_without_a_waybill_has_nothing_to_link(cast: Cast) -> None:
    number = by_hand(cast, "")
    with pytest.raises(NotAllowed) as refused:
        link(cast, number, TWO)
    assert refused.value.code == "no_waybill"


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", EVERYBODY)
def test_the_handling_site_its_lcs_and_ccs_link_waybills(cast: Cast, who: str) -> None:
    may = {"site": True, "site-manager": True, "lcs": True, "lcs-manager": True, "ccs": True, "ccs-manager": True}
    number = push(cast, waybill=ONE)
    assert tries(lambda: link(cast, number, TWO, who)) == may.get(who, False)


@pytest.mark.parametrize(
    ("kind", "note", "found"),
    [
        ("RETURN", f"退回件，新单号{TWO}", True),
        ("relabel", f"换单 {TWO.lower()}", True),
        ("FORWARD", TWO, True),
        ("RETURN", "客户拒收，电话13812345678", False),
        ("RETURN", f"{TWO} {THREE}", False),
        ("RETURN", "拒收", False),
        ("ARRIVE", TWO, False),
    ],
)
def test_a_scan_that_names_one_other_number_links_it(cast: Cast, db_session, kind: str, note: str, found: bool) -> None:
    for _ in range(2):
        scans.store_scans(scans=[ScanIn(ONE, kind, NOON, "330106-01", "", note)], now=NOON)
    assert numbers(db_session, ONE) == ({ONE, TWO} if found else {ONE})
    assert db_session.scalar(select(func.count()).select_from(WaybillLink)) == found


def test_the_page_shows_the_linked_numbers_their_scans_and_their_tickets(cast: Cast, db_session) -> None:
    number = push(cast, waybill=ONE)
    scans.store_scans(scans=[ScanIn(TWO, "SIGN", NOON), ScanIn(ONE, "RETURN", NOON - HOUR)], now=NOON)
    other = push(cast, "W2", waybill=TWO)
    link(cast, number, TWO)
    view = ticket_view.view(db_session, cast["site"], number)
    assert [(one.waybill, one.kind, one.source) for one in view.links] == [(TWO, "return", "manual")]
    assert [scan.waybill for scan in view.trace] == [TWO, ONE]
    assert [row.number for row in view.others] == [other]


def test_a_search_for_a_linked_waybill_finds_the_ticket_inside_the_scope_only(cast: Cast, db_session) -> None:
    number = push(cast, waybill=ONE)
    link(cast, number, TWO)
    found = {who: searched(db_session, cast[who], TWO) for who in ("site", "lcs", "site-2")}
    assert found == {"site": [number], "lcs": [number], "site-2": []}


def test_pushes_on_linked_waybills_at_the_same_moment_are_one_ticket(app, cast: Cast, db_session) -> None:
    chain(db_session, ONE, TWO, THREE)
    codes = [(f"W{n}", waybill) for n, waybill in enumerate((ONE, TWO, THREE) * 4)]
    gate = threading.Barrier(len(codes))

    def one(code: str, waybill: str) -> str:
        with app.app_context():
            gate.wait(timeout=30)
            try:
                return push(cast, code, waybill=waybill)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(codes)) as pool:
        found = list(pool.map(lambda args: one(*args), codes))
    assert len(set(found)) == 1
    assert ticket(db_session, found[0]).repeat_count == len(codes) - 1


def test_a_link_and_pushes_at_the_same_moment_end_well(app, cast: Cast, db_session) -> None:
    numbers_before = [push(cast, "A", waybill=TWO)]
    gate = threading.Barrier(7)

    def run(work) -> None:
        with app.app_context():
            gate.wait(timeout=30)
            try:
                work()
            finally:
                db.session.remove()

    jobs = [lambda n=n: push(cast, f"P{n}", waybill=(ONE, TWO)[n % 2]) for n in range(6)]
    jobs.append(lambda: link(cast, numbers_before[0], ONE))
    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(run, jobs))
    db_session.rollback()
    orders = db_session.scalars(select(Ticket).where(Ticket.waybill == ONE)).all()
    assert len(orders) <= 1, "before the link the first push on the other number may open a ticket of its own"
    assert numbers(db_session, ONE) == {ONE, TWO}


# --- a scan under any number of the parcel is a scan of the parcel ---


def promised(cast: Cast, number: str, what: str = "redelivery") -> None:
    promise = PromiseIn(what, NOON + 5 * HOUR)
    promises.make(actor=cast["site"], post=post(number), promise=promise, now=NOON)


def scanned(waybill: str, kind: str = "SIGN", note: str = "") -> None:
    scans.store_scans(scans=[ScanIn(waybill, kind, NOON + HOUR, note=note)], now=NOON + 2 * HOUR)


@pytest.mark.parametrize("kind", linked.KINDS)
def test_a_delivery_scan_of_a_linked_number_keeps_the_promise(cast: Cast, db_session, kind: str) -> None:
    number = push(cast, waybill=ONE)
    link(cast, number, TWO, "lcs", kind)
    chain(db_session, TWO, THREE)
    promised(cast, number)
    scanned(THREE)
    db_session.rollback()
    kept = db_session.scalars(select(Promise)).one()
    assert (kept.state, kept.proof, kept.settled_at) == ("kept", "scan", NOON + HOUR)
    assert ticket(db_session, number).open_promises == 0


def test_a_delivery_scan_of_another_parcel_keeps_nothing(cast: Cast, db_session) -> None:
    promised(cast, push(cast, waybill=ONE))
    chain(db_session, TWO, THREE)
    scanned(THREE)
    assert db_session.scalars(select(Promise.state)).one() == "open"


@pytest.mark.parametrize("says", ["", "lcs", "ccs", "scan"])
def test_what_a_site_links_by_hand_proves_nothing_until_a_desk_or_a_scan_says_so(
    cast: Cast, db_session, says: str
) -> None:
    """Else the delivery of any parcel that nobody complains about kept its promises."""
    number = push(cast, waybill=ONE)
    link(cast, number, TWO)
    promised(cast, number)
    known = db_session.scalars(select(Promise.id)).one()
    db_session.rollback()
    scanned(TWO)
    with pytest.raises(Invalid) as refused:
        promises.keep(actor=cast["site"], post=post(number), promise_id=known, proof="scan", now=NOON + 2 * HOUR)
    assert refused.value.fields == {"proof": "no_scan_since"}
    assert red_flags.scans_of(db_session, {ONE}) == {ONE: []}
    db_session.rollback()
    if says == "scan":
        scanned(ONE, "RETURN", note=TWO)
    elif says:
        link(cast, number, TWO, says)
        with pytest.raises(Invalid):
            link(cast, number, TWO, says)
    sweep.run(db_session, NOON + 6 * HOUR)
    db_session.rollback()
    assert db_session.scalars(select(Promise.state)).one() == ("kept" if says else "broken")


def test_a_number_that_is_linked_after_its_scan_keeps_the_promise_at_its_due(cast: Cast, db_session) -> None:
    number = push(cast, waybill=ONE)
    promised(cast, number)
    scanned(TWO)
    link(cast, number, TWO, "lcs")
    sweep.run(db_session, NOON + 6 * HOUR)
    db_session.rollback()
    assert db_session.scalars(select(Promise.state)).one() == "kept"


def test_a_promise_of_money_is_proven_by_a_scan_of_a_linked_number(cast: Cast, db_session) -> None:
    number = push(cast, waybill=ONE)
    promised(cast, number, "compensation")
    known = db_session.scalars(select(Promise.id)).one()
    db_session.rollback()
    scanned(TWO)
    keeping = {"actor": cast["site"], "post": post(number), "promise_id": known, "proof": "scan"}
    with pytest.raises(Invalid):
        promises.keep(now=NOON + 2 * HOUR, **keeping)
    link(cast, number, TWO, "lcs")
    promises.keep(now=NOON + 2 * HOUR, **keeping)
    assert ticket(db_session, number).open_promises == 0


def test_a_signature_under_a_linked_number_leaves_no_doubt(cast: Cast, db_session) -> None:
    scanned(ONE, "RELABEL", note=f"换单 {TWO}")
    scanned(TWO)
    assert ticket(db_session, push(cast, waybill=ONE)).flags == []
    assert ticket(db_session, push(cast, "W2", waybill=THREE)).flags == ["no_sign_scan"]
