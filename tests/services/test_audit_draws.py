"""The daily draw: once, from what was given until midnight, and the same again from the stored seed."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select, update

from app.domain.pictures import Picture
from app.models import AuditDraw, Event, Organisation, RedFlag
from app.services import attachments, audit_draws, audit_policy, closing, journal, moves, replies, scans
from app.services.audits import Verdict
from app.services.closing import WithdrawalIn
from app.services.replies import ResultIn
from app.services.scans import ScanIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services import ending_steps
from tests.services.audit_steps import DAY, MORNING, UNTRUE, answered, audit_of, draw, drawn, mark

HOUR = timedelta(hours=1)


def flags_of(session, number: str) -> list[str]:
    session.rollback()
    row = session.scalars(select(RedFlag).where(RedFlag.ticket_id == ticket(session, number).id)).one_or_none()
    return row.flags if row else []


def test_a_day_is_drawn_once_however_many_schedulers_there_are(cast: Cast, db_session) -> None:
    for n in range(6):
        answered(cast, f"W{n}")
    assert audit_draws.run(db_session, MORNING) == 3  # 5 in a month, spread over 30 days: the 18th of them
    assert audit_draws.run(db_session, MORNING) == 0
    assert audit_draws.draw(db_session, "sample", DAY, MORNING) == 0
    assert len(drawn(db_session)) == 3
    assert {(one.day, one.reason, one.province_id) for one in drawn(db_session)} == {(DAY, "sample", cast.places["33"])}


def test_nothing_is_drawn_before_one_in_the_morning_and_missed_days_are_made_up_for(cast: Cast, db_session) -> None:
    answered(cast)
    audit_draws.run(db_session, NOON + 10 * HOUR)
    assert drawn(db_session) == []
    audit_draws.run(db_session, MORNING + 72 * HOUR)
    days = select(AuditDraw.day).where(AuditDraw.job == "sample").order_by(AuditDraw.day)
    assert list(db_session.scalars(days)) == [date(2026, 11, 18) + timedelta(days=n) for n in range(5)]
    assert [one.day for one in drawn(db_session)] == [DAY]


def test_the_same_draw_comes_out_again_whatever_happened_since(cast: Cast, db_session) -> None:
    numbers = [answered(cast, f"W{n}") for n in range(14)]
    tell(cast, "REJECT", "W7", now=NOON + HOUR)
    draw(db_session)
    mark(cast, drawn(db_session)[0], UNTRUE)
    tell(cast, "REJECT", "W9", at=MORNING, now=MORNING)
    tell(cast, "CANCEL", "W3", at=MORNING, now=MORNING)
    answered(cast, "W99", now=MORNING)
    draw(db_session, DAY + timedelta(days=1), MORNING + 24 * HOUR)
    for day in (DAY, DAY + timedelta(days=1)):
        found = audit_draws.again(db_session, day)
        assert [(one.draw.job, one.same) for one in found] == [("sample", True), ("recheck", True)]
    assert audit_of(db_session, numbers[7]).reason == "appeal"


def test_a_draw_that_somebody_tampered_with_does_not_come_out_again(cast: Cast, db_session, app) -> None:
    for n in range(9):
        answered(cast, f"W{n}")
    draw(db_session)
    with write() as session:
        session.execute(update(AuditDraw).values(seed="ef" * 16))
    told = app.test_cli_runner().invoke(args=["audit", "sample", "2026-11-19"])
    assert told.exit_code == 1 and "only drawn again: result" in told.stdout and "DIFFERENT" in told.stdout
    assert app.test_cli_runner().invoke(args=["audit", "sample", "2026-01-01"]).exit_code == 1


def test_red_flags_are_stored_and_drawn_first(cast: Cast, db_session) -> None:
    for n in range(6):
        answered(cast, f"W{n}")
    same = [answered(cast, f"W5{n}", text=f"您的快件 {n} 已处理") for n in range(4)]
    quick = push(cast, "W77")
    replies.claim(actor=cast["site"], post=post(quick), now=NOON + HOUR)
    replies.result(
        actor=cast["site"], post=post(quick), answer=ResultIn("好了", "reached_accepts"),
        now=NOON + HOUR + timedelta(seconds=19),
    )  # fmt: skip
    draw(db_session)
    assert [flags_of(db_session, number) for number in (*same, quick)] == [["same_text"]] * 4 + [["too_quick"]]
    assert {one.reason for one in drawn(db_session)} == {"red_flag"} and len(drawn(db_session)) == 5
    assert audit_of(db_session, quick).flags == ["too_quick"]


def test_what_the_trace_and_the_pictures_say_becomes_a_flag(cast: Cast, db_session) -> None:
    road = [
        ScanIn("YT5000000000001", "COLLECT", NOON - 50 * HOUR), ScanIn("YT5000000000001", "SIGN", NOON - 4 * HOUR, note="本人签收"),
    ]  # fmt: skip
    scans.store_scans(scans=road, now=NOON)
    number, other = push(cast, "W1", waybill="YT5000000000001"), push(cast, "W2")
    for at, place in ((NOON, other), (NOON + HOUR, number)):
        waits = attachments.begin(actor=cast["site"], number=place, box="result", file_name="a.jpg", now=at)
        taken = NOON - 60 * HOUR
        attachments.ready(attachment_id=waits.id, picture=Picture(b"x", b"t", 1, 1, "f" * 64, taken_at=taken))
        replies.claim(actor=cast["site"], post=post(place), now=at)
        said = ResultIn(f"处理{'甲乙'[at > NOON]}", "reached_accepts", signed_by="门卫", action_taken="redelivered")
        said = ResultIn(**{**vars(said), "attachments": [waits.id]})
        replies.result(actor=cast["site"], post=post(place), answer=said, now=at + timedelta(minutes=20))
    draw(db_session)
    wanted = ["no_delivery_scan", "photo_reused", "photo_old", "signer_contradicts"]
    assert (flags_of(db_session, number), flags_of(db_session, other)) == (wanted, ["no_delivery_scan"])


def test_a_complaint_from_the_sites_own_telephone_is_a_flag(cast: Cast, db_session) -> None:
    with write() as session:
        for code, phone in (("330106-01", "138-1234-5678"), ("330108-01", "13912345678")):
            session.get_one(Organisation, cast.places[code]).duty_phone = phone
    own, other = answered(cast, "W1"), answered(cast, "W2", who="site-2")
    draw(db_session)
    assert (flags_of(db_session, own), flags_of(db_session, other)) == (["own_number"], [])


def test_a_withdrawal_with_proof_is_sampled_and_an_untruthful_one_brings_the_complaint_back(
    cast: Cast, db_session
) -> None:
    number = ending_steps.by_hand(cast)
    proof = ending_steps.picture(cast, "site", number)
    closing.withdraw(
        actor=cast["site"], post=post(number), withdrawal=WithdrawalIn("by_phone", "客户同意撤销", [proof]), now=NOON
    )
    assert draw(db_session) == 1
    mark(cast, drawn(db_session)[0], UNTRUE)
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.closed_at) == ("in_progress", "returned", None)
    assert [run.run for run in ending_steps.runs(db_session, number, "resolve") if run.stopped_at is None] == [2]


def test_results_of_a_province_and_of_tickets_from_before_the_onboarding_are_nobodys_sample(
    cast: Cast, db_session
) -> None:
    number = answered(cast)
    with write() as session:
        row = moves.locked_ticket(session, ticket(session, number).id)
        journal.append(session, row, "result", actor=cast["lcs"], now=NOON, text={"text": "代复"})
        session.execute(
            update(Organisation).where(Organisation.code == "330106-01").values(onboarded_from=date(2026, 11, 19))
        )
    assert draw(db_session) == 0
    assert db_session.scalars(select(Event).where(Event.type == "result")).all()


def test_headquarters_checks_five_percent_of_each_provinces_marked_audits_again(cast: Cast, db_session) -> None:
    for n in range(8):
        answered(cast, f"W{n}")
        answered(cast, f"W7{n}", who="site-3")
    draw(db_session)
    for one in drawn(db_session):
        mark(cast, one, who="lcs" if one.province_id == cast.places["33"] else "lcs-2")
    assert drawn(db_session, "recheck") == []
    draw(db_session, DAY + timedelta(days=1), MORNING + 24 * HOUR)
    again = drawn(db_session, "recheck")
    assert {one.province_id for one in again} == {cast.places["33"], cast.places["44"]} and len(again) == 2
    draw(db_session, DAY + timedelta(days=2), MORNING + 48 * HOUR)
    assert len(drawn(db_session, "recheck")) == 2  # the month's share is drawn already


def test_a_new_policy_holds_from_the_next_draw_on_and_the_old_one_for_its_own(cast: Cast, db_session) -> None:
    for n in range(14):
        answered(cast, f"W{n}")
    draw(db_session)
    typed = {name: str(value) for name, value in audit_policy.current(db_session).numbers().items()}
    changed = typed | {"share_percent": "50", "cap": "20"}
    assert audit_policy.store(actor=cast["ccs-manager"], typed=changed, note="抽检加严", seen=1, now=MORNING) == 2
    draw(db_session, DAY + timedelta(days=1), MORNING + 24 * HOUR)
    assert [one.policy_version for one in db_session.scalars(select(AuditDraw).order_by(AuditDraw.day))] == [1, 1, 2, 2]
    assert len(drawn(db_session)) == 7
    assert all(one.same for one in audit_draws.again(db_session, DAY))


def test_a_site_with_an_untruthful_reply_is_looked_at_more_often(cast: Cast, db_session) -> None:
    for n in range(9):
        answered(cast, f"W{n}")
    draw(db_session)
    mark(cast, drawn(db_session)[0], Verdict("untruthful", "not_done"))
    for n in range(15):
        answered(cast, f"W7{n}", now=NOON + 24 * HOUR)
    draw(db_session, DAY + timedelta(days=1), MORNING + 24 * HOUR)
    sampled = [one for one in drawn(db_session) if one.reason != "recheck"]
    assert len(sampled) == 5  # of 24 results 20 % are 5; 10 % would be 3, and the minimum is 4 by the 19th
