"""The life of a contest: raised with its proof, decided by the right hand or not charged, one final step."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import Event, Incident, Notice, PenaltyContest
from app.models.ids import new_id
from app.services import (
    journal,
    penalty_contest_view,
    penalty_contests,
    penalty_dry_run,
    penalty_rules,
    penalty_view,
    replies,
    scorecards,
)
from app.services.penalty_contests import ContestIn
from app.services.penalty_view import Filters
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services import month_checks
from tests.services.audit_steps import MORNING, UNTRUE, answered, audit_of, draw, drawn, mark
from tests.services.ending_steps import change, picture
from tests.services.party_steps import SIBLING, colleague
from tests.services.penalty_steps import HOUR, LATE, contest, decide, found, hand, keep, late, ledger, lines

DAY = timedelta(days=1)
NOVEMBER = Filters("2026-11")


def test_a_manager_contests_and_everything_that_proves_it_is_attached_by_itself(cast: Cast, db_session) -> None:
    number = late(cast, db_session)
    proof = picture(cast, "site-manager", number, "penalty", LATE)
    key = contest(cast, ledger(db_session)[0], attachments=[proof])
    row = found(db_session, key)
    assert (row.state, row.step, row.reason, row.court_id) == ("open", 1, "system_fault", cast.places["33"])
    assert row.due_at == LATE + HOUR + 2 * DAY  # Wednesday to Friday, both working days
    assert row.evidence["clock_id"] and row.evidence["event_ids"] == ledger(db_session)[0].event_ids
    assert row.evidence.keys() == {"clock_id", "event_ids", "scan_ids", "call_ids", "until_seq"}
    assert lines(db_session, number)[0][3] == "contested"
    (event,) = db_session.scalars(select(Event).where(Event.type == "penalty_contested"))
    assert event.data["attachments"][0][0] == proof and event.data["evidence"] == row.evidence
    assert journal.verify(db_session, ticket(db_session, number).id) is None


def test_granted_is_not_charged_and_refused_stands(cast: Cast, db_session) -> None:
    first, second = late(cast, db_session), late(cast, db_session, "W2")
    decide(cast, contest(cast, ledger(db_session, first)[0]))
    decide(cast, contest(cast, ledger(db_session, second)[0]), granting=False)
    assert [(row.state, row.reason) for row in ledger(db_session)] == [("waived", "system_fault"), ("proposed", "")]
    keep(db_session, LATE + 3 * HOUR)
    assert len(ledger(db_session, first)) == 1 and len(ledger(db_session, second)) == 1


def test_granted_over_an_untruthful_reply_the_mark_is_revised_in_the_same_step(cast: Cast, db_session) -> None:
    first, second = answered(cast), answered(cast, "W2")
    draw(db_session)
    for one in drawn(db_session):
        mark(cast, one, UNTRUE)
    keep(db_session, MORNING)
    entries = ledger(db_session, first)
    assert [(row.rule, row.state) for row in entries] == [
        ("untruthful", "proposed")
    ] * 2  # the site's and its manager's
    key = contest(cast, entries[0], reason="data_error", now=MORNING + HOUR)
    with pytest.raises(NotAllowed) as lcs:
        decide(cast, key, now=MORNING + HOUR)
    assert lcs.value.code == "for_ccs"
    decide(cast, key, "ccs", now=MORNING + 2 * HOUR)
    audit = audit_of(db_session, first)
    assert (audit.mark, audit.first_mark, audit.revised_by_id) == ("true", "untruthful", cast["ccs"].user_id)
    (event,) = db_session.scalars(select(Event).where(Event.type == "audit_revised"))
    assert (event.data["mark"], event.data["was"]) == ("true", "untruthful")
    assert [(row.state, row.reason) for row in ledger(db_session, first)] == [("waived", "data_error")] * 2
    keep(db_session, MORNING + 3 * HOUR)  # the ledger looks again and writes nothing
    assert len(ledger(db_session, first)) == 2 and audit_of(db_session, second).mark == "untruthful"
    card = scorecards.site_month(
        actor=cast["lcs"], month="2026-11", organisation_code="330106-01", now=MORNING + 3 * HOUR
    )
    assert (card.facts.audited, card.facts.audited_true) == (2, 1)
    assert month_checks.differences(db_session, "2026-11", MORNING + 3 * HOUR) == []
    assert journal.verify(db_session, ticket(db_session, first).id) is None


def test_a_refused_one_and_one_that_nobody_decided_leave_the_mark(cast: Cast, db_session) -> None:
    number, silent = answered(cast), answered(cast, "W2")
    draw(db_session)
    for one in drawn(db_session):
        mark(cast, one, UNTRUE)
    keep(db_session, MORNING)
    decide(cast, contest(cast, ledger(db_session, number)[0], now=MORNING), "ccs", granting=False, now=MORNING + HOUR)
    contest(cast, ledger(db_session, silent)[0], now=MORNING)
    assert penalty_contests.lapse(db_session, MORNING + 10 * DAY) == 1
    assert [one.mark for one in drawn(db_session)] == ["untruthful"] * 2
    assert ledger(db_session, silent)[0].state == "waived"


def test_a_refusal_has_one_final_step_before_headquarters_and_another_judge(cast: Cast, db_session) -> None:
    late(cast, db_session)
    row = ledger(db_session)[0]
    decide(cast, contest(cast, row), granting=False)
    last = contest(cast, row, reason="data_error", now=LATE + 3 * HOUR)
    assert (found(db_session, last).step, found(db_session, last).court_id) == (2, 0)
    with pytest.raises(NotAllowed) as lcs:
        decide(cast, last)
    assert lcs.value.code == "for_ccs"
    decide(cast, last, "ccs", granting=False)
    with pytest.raises(NotAllowed) as over:
        contest(cast, row, now=LATE + 4 * HOUR)
    assert over.value.code == "no_step_left"
    assert lines(db_session)[0][3] == "proposed"


def test_whoever_decided_the_first_step_does_not_decide_the_final_one(cast: Cast, db_session) -> None:
    late(cast, db_session)
    row = ledger(db_session)[0]
    decide(cast, contest(cast, row), "ccs", granting=False)
    last = contest(cast, row, now=LATE + 3 * HOUR)
    with pytest.raises(NotAllowed) as own:
        decide(cast, last, "ccs")
    assert own.value.code == "own_hand"
    decide(cast, last, "ccs-manager")
    assert lines(db_session)[0][3] == "waived"


def test_nobody_decides_on_a_ticket_in_which_they_acted(cast: Cast, db_session) -> None:
    number = late(cast, db_session)
    replies.note(actor=cast["lcs"], post=post(number), text="已电话催办", now=LATE)
    key = contest(cast, ledger(db_session)[0])
    with pytest.raises(NotAllowed) as own:
        decide(cast, key)
    assert own.value.code == "own_hand"
    decide(cast, key, "lcs-manager")
    with pytest.raises(NotAllowed) as twice:
        decide(cast, key, "ccs")
    assert twice.value.code == "decided_already"


def test_silence_means_that_nothing_is_charged(cast: Cast, db_session) -> None:
    late(cast, db_session)
    key = contest(cast, ledger(db_session)[0])
    due = found(db_session, key).due_at
    assert penalty_contests.lapse(db_session, due) == 0
    assert penalty_contests.lapse(db_session, due + timedelta(seconds=1)) == 1
    assert penalty_contests.lapse(db_session, due + DAY) == 0
    assert (found(db_session, key).state, ledger(db_session)[0].state) == ("silent", "waived")
    assert ledger(db_session)[0].reason == "silent"


def test_who_may_contest_and_only_in_time_and_only_what_is_to_be_charged(cast: Cast, db_session) -> None:
    late(cast, db_session)
    row = ledger(db_session)[0]
    for who, error in (("site", NotFound), ("lcs", NotAllowed), ("site-2", NotFound), ("ccs", NotAllowed)):
        with pytest.raises(error):
            contest(cast, row, who)
    with pytest.raises(Invalid) as empty:
        contest(cast, row, reason="")
    assert empty.value.fields == {"reason": "required"}
    with pytest.raises(NotAllowed) as over:
        contest(cast, row, now=NOON + 17 * DAY)
    assert over.value.code == "contest_over"
    contest(cast, row, now=NOON + 14 * DAY)  # 2 December
    with pytest.raises(NotAllowed) as again:
        contest(cast, row)
    assert again.value.code == "not_proposed"


def test_what_falls_by_itself_drops_its_contest(cast: Cast, db_session) -> None:
    late(cast, db_session)
    key = contest(cast, ledger(db_session)[0])
    tell(cast, "CANCEL", at=LATE + HOUR, now=LATE + HOUR)
    keep(db_session, LATE + HOUR)
    assert (found(db_session, key).state, ledger(db_session)[0].reason) == ("dropped", "withdrawn")
    assert penalty_contests.lapse(db_session, LATE + 9 * DAY) == 0


def test_the_points_of_a_person_follow_the_contest_of_their_fact(cast: Cast, db_session) -> None:
    number = push(cast)
    hand(cast, number)
    keep(db_session, LATE)
    money = next(row for row in ledger(db_session, number) if row.rule == "loss" and row.amount_fen)
    key = contest(cast, money)
    assert found(db_session, key).court_id == 0  # a person of the LCS wrote it
    assert {row.state for row in ledger(db_session, number) if row.rule == "loss"} == {"contested"}
    decide(cast, key, "ccs")
    assert {row.state for row in ledger(db_session, number) if row.rule == "loss"} == {"waived"}


def test_everybody_sees_their_own_area_and_its_sums(cast: Cast, db_session) -> None:
    manager = colleague(cast, "site_manager", SIBLING, "manager-2")
    late(cast, db_session)
    late(cast, db_session, "W2", site="440305-01")
    row = ledger(db_session)[0]
    sees = {
        "site-manager": 1,
        "lcs": 1,
        "lcs-manager": 1,
        "lcs-2": 1,
        "ccs": 2,
        "ccs-manager": 2,
        "site": 0,
        "admin": 0,
    }
    for who, n in sees.items():
        seen = penalty_view.page(db_session, cast[who], NOVEMBER)
        assert len(seen) == n, who
        assert penalty_view.count(db_session, cast[who], NOVEMBER, 2**62, 99) == n
        assert sum(one.fen for one in penalty_view.sums(db_session, cast[who], NOVEMBER).values()) == 2000 * n
    assert penalty_view.page(db_session, manager, NOVEMBER) == []
    for stranger in (manager, cast["lcs-2"], cast["site"]):
        with pytest.raises(NotFound):
            penalty_view.load(db_session, stranger, row.id)
    key = contest(cast, row)
    assert [one.contest.id for one in penalty_contest_view.waiting(db_session, cast["lcs"])] == [key]
    assert penalty_contest_view.waiting(db_session, cast["ccs"]) == []
    assert [one.contest.id for one in penalty_contest_view.of_scope(db_session, cast["site-manager"])] == [key]
    with pytest.raises(NotFound):
        decide(cast, key, "lcs-2")
    with pytest.raises(NotFound):
        decide(cast, key, "site")


def test_the_entries_of_an_incident_are_found_together(cast: Cast, db_session) -> None:
    one, two = late(cast, db_session), late(cast, db_session, "W2")
    with write() as session:
        incident = Incident(id=new_id(), number="SJ-1", title="车厢起火", kind="fire", opened_at=NOON)
        incident.opened_by_id = cast["lcs"].user_id or 0
        session.add(incident)
        key = incident.id
    change(db_session, one, incident_id=key)
    named = penalty_view.contestable(db_session, cast["site-manager"], "2026-11", "SJ-1")
    assert [line.number for line in named] == [one]
    everything = penalty_view.contestable(db_session, cast["site-manager"], "2026-11")
    assert {line.number for line in everything} == {one, two}
    raised = contest(cast, named[0].penalty)
    assert found(db_session, raised).incident_id == key
    assert [row.incident for row in penalty_contest_view.waiting(db_session, cast["lcs"], "SJ-1")] == ["SJ-1"]


def test_a_dry_run_says_what_a_version_would_have_cost_by_province_with_cap_and_without_the_waived(
    cast, db_session
) -> None:
    late(cast, db_session)
    late(cast, db_session, "W2", site="440305-01")
    spared = late(cast, db_session, "W3")
    tell(cast, "CANCEL", "W3", at=LATE, now=LATE)
    keep(db_session, LATE)
    assert lines(db_session, spared)[0][3] == "waived"
    last = penalty_rules.newest(db_session, "first_reply_late")
    dearer = type(last)(**{**last.__dict__, "amount_fen": 20_000})
    change_by = penalty_dry_run.run(db_session, dearer, "2026-11")
    west, south = cast.places["33"], cast.places["44"]
    assert {key: (c.facts, c.was_fen, c.then_fen) for key, c in change_by.items()} == {
        None: (2, 4000, 30_000), west: (1, 2000, 15_000), south: (1, 2000, 15_000),
    }  # fmt: skip
    cap = penalty_rules.newest(db_session, "cap")
    lower = type(cap)(**{**cap.__dict__, "amount_fen": 500})
    assert penalty_dry_run.run(db_session, lower, "2026-11")[None].all_then_fen == 1000
    assert penalty_dry_run.run(db_session, dearer, "2026-10")[None].facts == 0
    assert db_session.scalar(select(func.count()).select_from(PenaltyContest)) == 0


def at_once(app: Flask, verb: Callable[[int], object]) -> list[str]:
    """The same verb three times in the same moment: "" or the code of the refusal of each."""
    start = threading.Barrier(3)

    def one(n: int) -> str:
        with app.app_context():
            start.wait(5)
            try:
                verb(n)
                return ""
            except NotAllowed as refused:
                return refused.code
            finally:
                db.session.remove()

    with ThreadPoolExecutor(3) as pool:
        return sorted(pool.map(one, range(3)))


def test_three_at_once_contest_and_decide_and_each_is_done_once(app: Flask, cast: Cast, db_session) -> None:
    late(cast, db_session)
    row_id = ledger(db_session)[0].id
    asked = ContestIn("customer", "客户电话关机")
    said = at_once(app, lambda _n: penalty_contests.contest(
        actor=cast["site-manager"], penalty_id=row_id, asked=asked, now=LATE,
    ))  # fmt: skip
    assert said == ["", "not_proposed", "not_proposed"]
    db_session.rollback()
    key = db_session.scalars(select(PenaltyContest.id)).one()
    db_session.rollback()
    judges = (cast["lcs"], cast["lcs-manager"], cast["ccs"])
    said = at_once(app, lambda n: penalty_contests.decide(
        actor=judges[n], contest_id=key, granting=n == 1, text="查实", now=LATE + HOUR,
    ))  # fmt: skip
    assert said == ["", "decided_already", "decided_already"]
    told = select(func.count()).where(Event.type == "penalty_ruled")
    assert db_session.scalar(told) == 1


def test_the_bell_tells_whoever_contested_of_the_decision_and_nobody_else(cast: Cast, db_session) -> None:
    late(cast, db_session)
    asked = ContestIn("customer", "客户电话关机")
    contest_id = penalty_contests.contest(
        actor=cast["site-manager"], penalty_id=ledger(db_session)[0].id, asked=asked, now=LATE
    )
    db_session.rollback()
    penalty_contests.decide(actor=cast["lcs"], contest_id=contest_id, granting=True, text="电话记录属实", now=LATE)
    told = db_session.execute(select(Notice.kind, Notice.user_id).where(Notice.kind == "contest_ruled")).all()
    assert told == [("contest_ruled", cast["site-manager"].user_id)]
