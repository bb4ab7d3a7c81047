"""A reply that the trace contradicts marks its ticket; a truthful one, and a later one, take the mark away."""

from __future__ import annotations

from datetime import timedelta

from app.services import claims, replies, scans, undo
from app.services.replies import ResultIn
from app.services.scans import ScanIn
from tests.cast import NOON, Cast, post, push, tell, ticket

WAYBILL = "YT1234567890123"
LATER = NOON + timedelta(minutes=30)


def answer(cast: Cast, number: str, *, now=LATER, hold=timedelta(0), **found: str) -> None:
    said = ResultIn("已送到", "reached_accepts", **found)
    replies.result(actor=cast["site"], post=post(number), answer=said, now=now, hold=hold)


def scanned(kind: str, minutes: int, note: str = "") -> None:
    at = NOON + timedelta(minutes=minutes)
    scans.store_scans(scans=[ScanIn(WAYBILL, kind, at, "330106-01", note=note)], now=at)


def test_delivered_without_a_delivery_scan_since_the_complaint_marks_the_ticket(cast, db_session):
    scanned("DELIVER", -60)
    number = push(cast, waybill=WAYBILL)
    answer(cast, number, action_taken="redelivered")
    assert "no_delivery_scan" in ticket(db_session, number).flags


def test_delivered_with_a_scan_marks_nothing_and_other_measures_need_none(cast, db_session):
    number = push(cast, waybill=WAYBILL)
    answer(cast, number, action_taken="explained")
    assert not set(ticket(db_session, number).flags) & set(claims.DOUBTS)
    tell(cast, "REPEAT", now=LATER)
    scanned("DELIVER", 20)
    answer(cast, number, action_taken="redelivered")
    assert not set(ticket(db_session, number).flags) & set(claims.DOUBTS)


def test_another_signer_than_the_scan_names_marks_the_ticket_until_a_better_answer(cast, db_session):
    number = push(cast, waybill=WAYBILL)
    scanned("SIGN", 10, "门卫代收")
    answer(cast, number, signed_by="本人签收")
    assert "signer_contradicts" in ticket(db_session, number).flags
    tell(cast, "REPEAT", now=LATER)
    answer(cast, number, signed_by="门卫", now=LATER + timedelta(minutes=1))
    assert not set(ticket(db_session, number).flags) & set(claims.DOUBTS)


def test_a_result_taken_back_takes_its_mark_along(cast, db_session):
    number = push(cast, waybill=WAYBILL)
    answer(cast, number, action_taken="found", hold=timedelta(seconds=10))
    assert "no_delivery_scan" in ticket(db_session, number).flags
    undo.take_back(actor=cast["site"], number=number, now=LATER)
    assert not set(ticket(db_session, number).flags) & set(claims.DOUBTS)
