"""The corner cases of the first week, one test each (rulebook 7). What lies deeper stands in the file of its part.

Cases 3 (a frozen month) and 10 (the survey) come with the assessment.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid
from app.domain.roles import Actor
from app.models import Alarm, Connection, Organisation, Outbox, PlatformOrder
from app.models.ids import new_id
from app.services import (
    callbacks,
    categories,
    closing,
    closures,
    contacts,
    courier_sms,
    duty,
    exemption_rulings,
    exemptions,
    parties,
    replies,
    reveals,
    scorecard_facts,
    sweep,
    ticket_view,
)
from app.services.closing import WithdrawalIn
from app.services.closures import ClosureIn
from app.services.courier_sms import DELIVERY, CourierIn
from app.services.exemptions import AskIn
from app.services.replies import ResultIn
from app.services.scorecard_facts import Facts, Span
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket
from tests.services.ending_steps import FINE, answer, by_hand, events, picture, push_from, runs

MIN, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HOME, SIBLING = "330106-01", "330108-01"
WAYBILL = "YT1000000000011"


def facts(session: Any, cast: Cast, place: int) -> Facts:
    session.rollback()
    return scorecard_facts.month_facts(session, Span.of("2026-11", NOON + 5 * DAY)).get(place, Facts())


def test_case_1_two_orders_of_two_platforms_on_one_waybill_are_one_ticket_with_a_callback_each(
    cast: Cast, db_session: Any
) -> None:
    with write() as session:
        other = Connection(id=new_id(), code="pdd", name="PDD", secrets=["x"], category_map={}, charset="utf-8")
        session.add(other)
    numbers = {
        push_from(cast, cast.connection_id, "W1", WAYBILL), push_from(cast, cast.connection_id, "W2", WAYBILL),
        push_from(cast, other.id, "W1", WAYBILL),
    }  # fmt: skip
    (number,) = numbers
    answer(cast, number)
    lanes = {f"order:{order_id}" for order_id in db_session.scalars(select(PlatformOrder.id))}
    sent = db_session.scalars(select(Outbox.lane).where(Outbox.kind == "callback")).all()
    assert (len(sent), set(sent)) == (3, lanes) and ticket(db_session, number).repeat_count == 2


def test_case_2_a_refused_callback_lies_with_the_site_in_chinese_and_the_first_reply_stays_in_time(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast)
    answer(cast, number, NOON + 10 * MIN)
    with write() as session:
        callbacks.refused(session, session.scalars(select(Outbox)).one(), "E1", "缺少签收人", NOON + HOUR)
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.first_reply_at) == ("in_progress", "returned", NOON + 10 * MIN)
    view = ticket_view.view(db_session, cast["site"], number)
    assert [one.text["text"] for one in view.entries if one.type == "callback_refused"] == ["缺少签收人"]
    sweep.run(db_session, NOON + 5 * HOUR)
    assert [run.state for run in runs(db_session, number, "first_reply")] == ["met"]
    assert facts(db_session, cast, cast.places[HOME]).first_reply_in_time == 1


def test_case_4_an_expired_virtual_number_is_said_by_its_code_asked_for_anew_and_nobodys_fault(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast)
    called = contacts.start(actor=cast["site"], post=post(number), now=NOON)
    ending = {"contact_id": called.contact_id, "outcome": "number_off", "answers": {}}
    contacts.end(actor=cast["site"], post=post(number), **ending, now=NOON + MIN)
    with pytest.raises(Invalid):  # one attempt alone is not enough
        answer(cast, number, NOON + 5 * MIN, ResultIn("号码已失效", ""))
    answer(cast, number, NOON + 5 * MIN, ResultIn("号码已失效", "", no_contact_code="number_expired"))
    asked = events(db_session, number, "number_requested")
    assert [one.data["site_id"] for one in asked] == [cast.places[HOME]]
    assert {run.state for kind in ("first_reply", "resolve") for run in runs(db_session, number, kind)} == {"met"}


def test_case_5_signed_for_by_name_without_any_sign_scan_is_flagged_and_the_clock_is_the_same(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast)
    due = runs(db_session, number, "resolve")[0].due_at
    assert ticket(db_session, number).flags == ["no_sign_scan"]
    correction = {"category": "DELAYED", "reason": "没有签收记录"}
    categories.correct(actor=cast["site"], post=post(number), **correction, now=NOON + MIN)
    row = ticket(db_session, number)
    assert (row.category, row.flags, runs(db_session, number, "resolve")[0].due_at) == ("DELAYED", [], due)


def test_case_6_a_courier_who_left_and_a_station_need_no_login_and_the_site_stays_answerable(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast)
    duty.add_courier(actor=cast["site-manager"], name="文三路驿站", phone="13911110007", kind="station")
    (station,) = duty.couriers(db_session, cast.places[HOME])
    db_session.rollback()
    wanted = CourierIn(DELIVERY, courier_id=station.id, request="to_door", due_at=NOON + 3 * HOUR)
    courier_sms.tell(actor=cast["site"], post=post(number), message=wanted, now=NOON)
    (said,) = events(db_session, number, "courier_sms")
    assert said.data["external"] is True
    duty.end_courier(actor=cast["site-manager"], courier_id=station.id)  # left: out of the list, in the history
    with pytest.raises(Invalid, match="invalid"):
        courier_sms.tell(actor=cast["site"], post=post(number), message=wanted, now=NOON + MIN)
    answer(cast, number, NOON + 2 * MIN)
    with pytest.raises(Invalid) as refused:  # a responsible party can answer; a station cannot
        asked = {"code": "文三路驿站", "text": "请答复", "most": 2}
        parties.add(actor=cast["site"], post=post(number), **asked, now=NOON + 3 * MIN)
    assert refused.value.fields == {"code": "unknown_organisation"}
    row = ticket(db_session, number)
    assert row.handling_site_id == cast.places[HOME]
    assert {run.organisation_id for run in runs(db_session, number, "resolve")} == {cast.places[HOME]}


def test_case_7_a_withdrawal_by_telephone_needs_its_screenshot_and_is_marked_for_the_audit(
    cast: Cast, db_session: Any
) -> None:
    number = by_hand(cast)
    said = {"actor": cast["site"], "post": post(number), "now": NOON + HOUR}
    with pytest.raises(Invalid) as missing:
        closing.withdraw(withdrawal=WithdrawalIn("by_phone", "客户来电撤销"), **said)
    assert missing.value.fields == {"file": "no_picture"}
    proof = picture(cast, "site", number)
    closing.withdraw(withdrawal=WithdrawalIn("by_phone", "客户来电撤销", [proof]), **said)
    (event,) = events(db_session, number, "withdrawn")
    assert (ticket(db_session, number).state, event.data["to_audit"]) == ("withdrawn", True)


def test_case_8_a_malicious_claimant_is_marked_with_evidence_and_exempted_by_the_lcs_and_still_answered(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast)
    ids = [run.id for run in runs(db_session, number, "first_reply")]
    db_session.rollback()
    proof = picture(cast, "site", number, "exemption")
    asked = AskIn("malicious_claimant", text="同一号码本月第九次", attachments=[proof])
    exemptions.ask(actor=cast["site"], post=post(number), clock_ids=ids, asked=asked, now=NOON + HOUR)
    assert ticket(db_session, number).malicious == "asked"
    (event,) = events(db_session, number, "exemption_asked")
    asking = event.data["exemption_id"]
    exemption_rulings.decide(actor=cast["lcs"], exemption_id=asking, granting=True, text="", now=NOON + HOUR)
    assert ticket(db_session, number).malicious == "granted" and runs(db_session, number, "first_reply")[0].exempt
    answer(cast, number, NOON + 2 * HOUR)
    assert ticket(db_session, number).state == "replied"


def test_case_9_a_mass_reveal_of_numbers_raises_the_alarm(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    for n in range(31):
        reveals.reveal(actor=cast["site"], number=number, now=NOON + n * timedelta(seconds=1))
    alarm = db_session.scalars(select(Alarm)).one()
    assert (alarm.kind, alarm.user_id, alarm.data["shown"]) == ("mass_reveal", cast["site"].user_id, 31)


@pytest.mark.parametrize(("deputy", "site", "reason"), [(SIBLING, SIBLING, ""), ("", None, "site_closed")])
def test_case_11_a_ticket_for_a_site_closed_today_goes_to_its_deputy_or_the_lcs_tray(
    cast: Cast, db_session: Any, deputy: str, site: str | None, reason: str
) -> None:
    away = ClosureIn("", date(2026, 11, 18), date(2026, 11, 18), deputy, "holiday")
    closures.announce(actor=cast["site-manager"], closure=away, now=NOON)
    row = ticket(db_session, push(cast))
    assert (row.handling_site_id, row.tray_reason) == (cast.places.get(site or ""), reason)
    assert row.province_id == cast.places["33"]


def test_case_12_a_site_split_or_merged_in_mid_month_leaves_each_part_its_facts(cast: Cast, db_session: Any) -> None:
    old = push(cast, "W1", now=NOON)
    answer(cast, old, NOON + 5 * MIN)
    with write() as session:
        part = Organisation(
            id=new_id(), code="330106-02", kind="site", name="新站", province_id=cast.places["33"],
            onboarded_from=date(2026, 11, 19),
        )  # fmt: skip
        session.add(part)
        home = session.get_one(Organisation, cast.places[HOME])
        home.closed_from, home.deputy_id = date(2026, 11, 19), cast.places[SIBLING]  # merged into its neighbour
    split = push(cast, "W2", site="330106-02", now=NOON + DAY)
    merged = push(cast, "W3", site=HOME, now=NOON + DAY)
    clerk = Actor(cast["site-2"].user_id, "site_clerk", part.id, cast.places["33"])
    replies.result(actor=clerk, post=post(split), answer=FINE, now=NOON + DAY + HOUR)
    replies.result(actor=cast["site-2"], post=post(merged), answer=FINE, now=NOON + DAY + MIN)
    found = [facts(db_session, cast, place) for place in (cast.places[HOME], part.id, cast.places[SIBLING])]
    assert [(one.tickets, one.first_reply_in_time, one.results) for one in found] == [(1, 1, 1), (1, 0, 1), (1, 1, 1)]
