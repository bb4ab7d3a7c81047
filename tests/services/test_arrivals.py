"""What a complaint brings with it when it comes: who sent it, how late it is, and what was said before (3.1, 3.12, 4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid
from app.models import Clock, Outbox
from app.services import exemptions, intake, replies, routing, scans, scorecard_facts, sweep, ticket_view
from app.services.exemptions import AskIn
from app.services.intake import ComplaintIn
from app.services.scans import ScanIn
from app.services.scorecard_facts import Facts, Span
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import FINE, answer, events, picture, runs

MIN, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HOME, SIBLING, FAR = "330106-01", "330108-01", "440305-01"
WAYBILL = "YT5555666677778"


def entered(cast: Cast, category: str, kind: str, site: str = HOME) -> str:
    complaint = ComplaintIn(
        text="一直没有物流", category=category, waybill=WAYBILL, channel="telephone", complainant_kind=kind, name="张三",
        phone="13812345678", site_code=site,
    )  # fmt: skip
    return intake.manual(actor=cast["site"], complaint=complaint, key="", now=NOON)


@pytest.mark.parametrize(
    ("category", "kind", "place"),
    [("DELAYED", "sender", FAR), ("DELAYED", "consignee", SIBLING), ("FALSE_SIGN", "sender", SIBLING)],
)
def test_a_senders_complaint_goes_to_the_origin_site_but_for_what_only_the_delivery_site_knows(
    cast: Cast, db_session: Any, category: str, kind: str, place: str
) -> None:
    parcel = [ScanIn(WAYBILL, "COLLECT", NOON - DAY, FAR), ScanIn(WAYBILL, "SIGN", NOON - HOUR, SIBLING)]
    scans.store_scans(scans=parcel, now=NOON)
    row = ticket(db_session, entered(cast, category, kind))
    assert row.handling_site_id == cast.places[place]


def test_a_sender_whose_parcel_nobody_collected_by_scan_is_heard_where_everybody_is(
    cast: Cast, db_session: Any
) -> None:
    assert ticket(db_session, entered(cast, "DELAYED", "sender")).handling_site_id == cast.places[HOME]


def month(session: Any, cast: Cast) -> Facts:
    session.rollback()
    return scorecard_facts.month_facts(session, Span.of("2026-11", NOON + 5 * DAY)).get(cast.places[HOME], Facts())


def test_a_ticket_whose_platform_time_is_over_on_arrival_goes_to_ccs_and_is_never_charged(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast, expires=-MIN)
    row = ticket(db_session, number)
    assert (row.queue, row.tray_reason, row.province_id, row.handling_site_id) == (
        "tray", "platform_expired", None, None,
    )  # fmt: skip
    assert "late_on_arrival" in row.flags
    routing.assign(actor=cast["ccs"], post=post(number), site_code=HOME, now=NOON + HOUR)
    sweep.run(db_session, NOON + 3 * DAY)
    answer(cast, number, NOON + 3 * DAY)
    assert {run.state for run in runs(db_session, number, "first_reply")} == {"breached"}  # the real times stay
    assert (month(db_session, cast).first_reply_due, month(db_session, cast).resolve_due) == (0, 0)
    ids = [run.id for run in runs(db_session, number, "first_reply")]
    db_session.rollback()
    asked = AskIn("power_network", text="停电", attachments=[picture(cast, "site", number, "exemption")])
    with pytest.raises(Invalid):  # there is nothing left to exempt
        exemptions.ask(actor=cast["site"], post=post(number), clock_ids=ids, asked=asked, now=NOON + 3 * DAY)


def test_a_ticket_that_came_in_time_is_charged(cast: Cast, db_session: Any) -> None:
    number = push(cast, expires=MIN)
    assert ticket(db_session, number).handling_site_id == cast.places[HOME]
    answer(cast, number, NOON + DAY)
    assert (month(db_session, cast).first_reply_due, month(db_session, cast).first_reply_in_time) == (1, 0)


def test_the_site_is_assessed_from_its_routing_and_never_by_the_platforms_time(cast: Cast, db_session: Any) -> None:
    late = NOON + 11 * HOUR  # 23:00 in Shanghai, one minute before the platform's time is over
    number = push(cast, expires=MIN, now=late)
    opening = NOON + 20 * HOUR  # 08:00
    due = {run.kind: run.due_at for run in db_session.scalars(select(Clock))}
    assert (due["accept"], due["first_reply"]) == (opening + 10 * MIN, opening + 30 * MIN)
    assert due["platform"] == late + MIN
    db_session.rollback()
    answer(cast, number, opening + 5 * MIN)
    assert {run.state for kind in ("accept", "first_reply", "resolve") for run in runs(db_session, number, kind)} == {
        "met"
    }


def test_a_repeat_gives_running_clocks_the_earlier_due_and_a_breach_stands(cast: Cast, db_session: Any) -> None:
    begin = NOON + 5 * HOUR  # 17:00 in Shanghai
    number = push(cast, category="LOCKER", now=begin)
    before = runs(db_session, number, "first_reply")[0].due_at
    assert runs(db_session, number, "resolve")[0].due_at == begin + 24 * HOUR
    sweep.run(db_session, begin + HOUR)
    tell(cast, "REPEAT", at=begin + 2 * HOUR, now=begin + 2 * HOUR)
    row, late = ticket(db_session, number), runs(db_session, number, "first_reply")[0]
    assert (row.priority, row.repeat_count, row.state) == ("urgent", 1, "open")
    assert (late.state, late.due_at) == ("breached", before)
    assert [run.due_at for run in runs(db_session, number, "resolve")] == [NOON + DAY]  # 12 h end at night: noon
    assert events(db_session, number, "repeat")[0].data["after_first_reply_due"] is True
    tell(cast, "REPEAT", at=begin + 17 * HOUR, now=begin + 17 * HOUR, key="again")  # 12 h from now would be later
    assert [run.due_at for run in runs(db_session, number, "resolve")] == [NOON + DAY]


def test_another_category_by_another_channel_on_the_same_waybill_is_the_same_ticket(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast, waybill=WAYBILL)
    assert entered(cast, "DAMAGED", "merchant") == number
    row = ticket(db_session, number)
    assert (row.category, row.repeat_count) == ("FALSE_SIGN", 1)
    view = ticket_view.view(db_session, cast["site"], number)
    assert [one.text["text"] for one in view.entries if one.type == "repeat"] == ["一直没有物流"]


@pytest.mark.parametrize(("kind", "state"), [("CANCEL", "void"), ("SATISFIED", "met")])
def test_before_the_due_a_cancel_voids_a_clock_and_a_satisfied_customer_stops_it_in_time(
    cast: Cast, db_session: Any, kind: str, state: str
) -> None:
    number = push(cast)
    tell(cast, kind, at=NOON + 5 * MIN, now=NOON + 5 * MIN)
    found = {run.state for name in ("accept", "first_reply", "resolve") for run in runs(db_session, number, name)}
    assert found == {state}


@pytest.mark.parametrize("kind", ["CANCEL", "SATISFIED"])
def test_after_the_due_neither_heals_a_breach(cast: Cast, db_session: Any, kind: str) -> None:
    number = push(cast)
    tell(cast, kind, at=NOON + HOUR, now=NOON + HOUR)
    assert [run.state for run in runs(db_session, number, "first_reply")] == ["breached"]


def test_a_result_needs_no_next_update_and_a_follow_up_never_leaves_the_house(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    news = {"text": "已联系派件员", "contact_outcome": "no_answer", "next_update_at": NOON + 2 * HOUR}
    replies.follow_up(actor=cast["site"], post=post(number), **news, now=NOON + MIN)
    assert db_session.scalars(select(Outbox).where(Outbox.kind == "callback")).all() == []
    db_session.rollback()
    other = push(cast, "W2")
    replies.result(actor=cast["site"], post=post(other), answer=FINE, now=NOON + MIN)
    assert [run.state for name in (number, other) for run in runs(db_session, name, "first_reply")] == ["met", "met"]


def test_closing_needs_the_tick_that_the_parties_answers_were_verified(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    answer(cast, number)
    tell(cast, "SATISFIED", at=NOON + MIN, now=NOON + MIN)
    closing = {"actor": cast["site"], "post": post(number), "root_cause": "courier", "now": NOON + 2 * MIN}
    with pytest.raises(Invalid) as refused:
        replies.close(verified=False, **closing)
    assert refused.value.fields == {"verified": "required"} and ticket(db_session, number).state == "replied"
    replies.close(verified=True, **closing)
    assert events(db_session, number, "closed")[0].data["verified"] is True
