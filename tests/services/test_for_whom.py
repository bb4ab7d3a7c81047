"""Whoever acts for a site says so in every entry, and what it is worth to the site (rulebook 3.11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.models import Event, Promise
from app.services import promises, replies, scans, verdicts
from app.services.promises import PromiseIn
from app.services.scans import ScanIn
from tests.cast import NOON, Cast, post, push
from tests.services.test_contacts import call
from tests.services.test_help import DO, FINE, MIN, clock, event

HOUR = timedelta(hours=1)


def test_calls_promises_and_verdicts_say_for_whom_somebody_acted(cast: Cast, db_session: Any) -> None:
    number, site = push(cast), cast.places["330106-01"]
    DO["act_for"](cast["lcs"], number, NOON)
    call(cast, number, "reached_accepts", NOON, who="lcs")
    promise = PromiseIn("call_back", NOON + 5 * HOUR)
    promises.make(actor=cast["lcs"], post=post(number), promise=promise, now=NOON + HOUR)
    replies.result(actor=cast["lcs"], post=post(number), answer=FINE, now=NOON + HOUR)
    verdicts.told(actor=cast["lcs"], post=post(number), outcome="told", text="已告知", now=NOON + HOUR)
    call(cast, number, "reached_accepts", NOON + 2 * HOUR, who="lcs")
    known = db_session.scalars(select(Promise.id)).one()
    db_session.rollback()
    again = {"promise_id": known, "due_at": NOON + 6 * HOUR, "text": ""}
    promises.renegotiate(actor=cast["lcs"], post=post(number), **again, now=NOON + 2 * HOUR + 2 * MIN)
    verdicts.customer_accepts(actor=cast["lcs"], post=post(number), text="认可", now=NOON + 3 * HOUR)
    kinds = ("contact", "promise_made", "told", "promise_renegotiated", "customer_accepts")
    said = db_session.scalars(select(Event).where(Event.type.in_(kinds))).all()
    assert {one.type for one in said} == set(kinds)
    assert {(one.data["acting_for"], one.data["acting_for_code"]) for one in said} == {(site, "330106-01")}


@pytest.mark.parametrize(("asks", "state"), [(True, "met"), (False, "breached")])
def test_a_promise_kept_by_a_call_of_whoever_acts_counts_where_the_site_had_asked(
    cast: Cast, db_session: Any, asks: bool, state: str
) -> None:
    number = push(cast)
    promises.make(actor=cast["site"], post=post(number), promise=PromiseIn("call_back", NOON + 5 * HOUR), now=NOON)
    if asks:
        DO["ask_help"](cast["site"], number, NOON)
    DO["act_for"](cast["lcs"], number, NOON)
    call(cast, number, "reached_accepts", NOON + HOUR, who="lcs")
    known = db_session.scalars(select(Promise.id)).one()
    db_session.rollback()
    promises.keep(actor=cast["lcs"], post=post(number), promise_id=known, proof="call", now=NOON + 2 * HOUR)
    assert (db_session.get_one(Promise, known).state, clock(db_session, number, "promise").state) == ("kept", state)
    assert event(db_session, "promise_settled").data["counts"] is asks


def test_a_delivery_scan_keeps_the_sites_promise_for_the_site_whoever_writes_it_down(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast, waybill="YT5555666677778")
    promises.make(actor=cast["site"], post=post(number), promise=PromiseIn("compensation", NOON + 5 * HOUR), now=NOON)
    DO["act_for"](cast["lcs"], number, NOON)
    scans.store_scans(scans=[ScanIn("YT5555666677778", "SIGN", NOON + HOUR)], now=NOON + HOUR)
    known = db_session.scalars(select(Promise.id)).one()
    db_session.rollback()
    promises.keep(actor=cast["lcs"], post=post(number), promise_id=known, proof="scan", now=NOON + 2 * HOUR)
    assert clock(db_session, number, "promise").state == "met"
    assert event(db_session, "promise_settled").data["acting_for_code"] == "330106-01"
