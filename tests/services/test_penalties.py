"""The ledger keeps up with the events: every fact of rulebook 5 once, in its month, to whom it belongs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.roles import SYSTEM
from app.extensions import db
from app.models import Event, ImportedTicket, Organisation, Penalty, PenaltyDue, Rectification, Ticket
from app.services import (
    appeals,
    clocks,
    closing,
    exemption_rulings,
    journal,
    months,
    moves,
    penalties,
    penalty_due,
    penalty_hand,
    penalty_rules,
    penalty_settling,
    penalty_totals,
    replies,
    sweep,
    transfers,
    verdicts,
)
from app.services.appeals import RulingIn
from app.services.penalty_hand import HandIn
from app.services.replies import PromiseIn, ResultIn
from app.services.transaction import write
from app.services.transfers import ReturnIn
from app.services.transfers import RulingIn as TransferRuling
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services import test_exemptions as exemption_steps
from tests.services.ending_steps import FINE, answer, by_hand, change
from tests.services.party_steps import SIBLING, T0, add, replied, urge
from tests.services.penalty_steps import HOUR, LATE, contest, decide, hand, keep, late, ledger, lines

SITE = "330106-01"
CLOSE_DUE = NOON + 25 * HOUR


def test_a_late_first_reply_has_its_entry_within_the_look_and_only_one_whoever_looks_again(
    cast: Cast, db_session
) -> None:
    number = late(cast, db_session)
    (row,) = ledger(db_session, number)
    assert (row.rule, row.occurrence, row.amount_fen, row.full_fen, row.state) == (
        "first_reply_late", "first_reply:1", 2000, 2000, "proposed",
    )  # fmt: skip
    assert (row.month, row.decided_at, row.rule_version) == ("2026-11", NOON + HOUR / 2, 1)
    assert (row.organisation_id, row.province_id) == (cast.places[SITE], cast.places["33"])
    types = [db_session.get_one(Event, key).type for key in row.event_ids]
    assert types == ["clock_started", "clock_breached"]
    assert penalty_due.note_since(NOON - HOUR, LATE) == 1
    keep(db_session, LATE + HOUR)
    assert len(ledger(db_session, number)) == 1
    assert journal.verify(db_session, ticket(db_session, number).id) is None


def test_what_is_in_time_costs_nothing_and_is_not_even_looked_at(cast: Cast, db_session) -> None:
    push(cast)
    assert db_session.scalar(select(func.count()).select_from(PenaltyDue)) == 0
    keep(db_session, NOON + HOUR / 4)
    assert ledger(db_session) == []


def test_first_reply_and_result_late_and_a_rework_has_its_own(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number, NOON + 30 * HOUR)
    tell(cast, "REJECT", at=NOON + 31 * HOUR, now=NOON + 31 * HOUR)
    appeals.rule(
        actor=cast["ccs"], post=post(number), ruling=RulingIn("upheld_return", "退回重办"), now=NOON + 32 * HOUR
    )
    keep(db_session, NOON + 50 * HOUR)
    appeal = next(row for row in ledger(db_session, number) if row.rule == "appeal_upheld")
    assert lines(db_session, number) == [
        ("first_reply_late", "first_reply:1", 2000, "proposed"), ("result_late", "resolve:1", 5000, "proposed"),
        ("appeal_upheld", appeal.occurrence, 5000, "proposed"),
        ("result_late", "resolve:2", 3000, "proposed"),  # what 150 yuan a ticket have left
    ]  # fmt: skip
    assert sum(row.amount_fen for row in ledger(db_session, number)) == 15_000


def test_an_intervention_absorbs_the_late_close_that_was_proposed_before_it(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    verdicts.customer_accepts(actor=cast["site"], post=post(number), text="可以", now=NOON + HOUR)
    keep(db_session, CLOSE_DUE + HOUR)
    assert lines(db_session, number) == [("close_late", "close:1", 2000, "proposed")]
    change(db_session, number, urged_at=NOON + 2 * HOUR)
    closing.intervene(
        actor=cast["lcs"], post=post(number), root_cause="courier", text="代为完结", now=CLOSE_DUE + 4 * HOUR
    )
    keep(db_session, CLOSE_DUE + 5 * HOUR)
    assert lines(db_session, number) == [
        ("close_late", "close:1", 2000, "waived"), ("intervention", "close:1", 5000, "proposed"),
    ]  # fmt: skip
    first, second = ledger(db_session, number)
    assert (first.reason, first.absorbed_by, second.ruled_by) == ("absorbed", "intervention", "lcs")


def test_a_broken_promise_a_wrong_return_and_an_upheld_appeal_are_charged(cast: Cast, db_session) -> None:
    number = push(cast)
    said = ResultIn("明天再送", "reached_accepts", promises=[PromiseIn("call_back", NOON + 3 * HOUR, "回电")])
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)
    keep(db_session, NOON + 4 * HOUR)
    (row,) = ledger(db_session, number)
    assert (row.rule, row.decided_at, row.amount_fen) == ("promise_broken", NOON + 3 * HOUR, 5000)
    other = push(cast, "W2")
    transfers.give_up(actor=cast["site"], post=post(other), asked=ReturnIn("outside_area", "不是我们的"), now=NOON)
    ruling = TransferRuling("refuse", "就在你们区域")
    transfers.rule(actor=cast["lcs"], post=post(other), ruling=ruling, now=NOON + HOUR / 4)
    keep(db_session, NOON + HOUR / 3)
    assert [(r.rule, r.amount_fen, r.ruled_by) for r in ledger(db_session, other)] == [("wrong_return", 2000, "lcs")]


def test_an_urged_party_pays_for_its_own_lateness(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number)
    urge(cast, number)
    keep(db_session, T0 + 30 * HOUR)
    found = {row.organisation_id: row.amount_fen for row in ledger(db_session, number) if row.rule == "party_late"}
    assert found == {cast.places[SIBLING]: 5000}


def test_a_transfer_waives_what_the_losing_site_was_to_pay(cast: Cast, db_session) -> None:
    number = late(cast, db_session)
    transfers.give_up(actor=cast["site"], post=post(number), asked=ReturnIn("outside_area", "不是"), now=LATE)
    ruling = TransferRuling("grant", "", SIBLING)
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=ruling, now=LATE + HOUR / 4)
    keep(db_session, LATE + HOUR / 3)
    (row,) = ledger(db_session, number)
    assert (row.state, row.reason) == ("waived", "void")


def test_an_exemption_waives_and_its_revocation_charges_again_under_a_new_line(cast: Cast, db_session) -> None:
    number = push(cast)
    keep(db_session, exemption_steps.LATER)
    before = len(ledger(db_session, number))
    asked = exemption_steps.ask(cast, db_session, number)
    exemption_steps.grant(cast, "lcs", asked)
    keep(db_session, exemption_steps.LATER)
    assert lines(db_session, number)[0] == ("first_reply_late", "first_reply:1", 2000, "waived")
    exemption_rulings.revoke(actor=cast["ccs-manager"], exemption_id=asked, text="证据不实", now=exemption_steps.LATER)
    keep(db_session, exemption_steps.LATER)
    assert lines(db_session, number)[before] == ("first_reply_late", "first_reply:1~2", 2000, "proposed")
    assert ledger(db_session, number)[0].reason == "exempted"


def test_a_withdrawn_ticket_has_all_its_proposals_waived(cast: Cast, db_session) -> None:
    number = late(cast, db_session)
    tell(cast, "CANCEL", at=LATE, now=LATE)
    keep(db_session, LATE)
    assert [(row.state, row.reason) for row in ledger(db_session, number)] == [("waived", "withdrawn")]


def test_tickets_that_came_late_or_from_a_file_and_sites_that_are_not_on_board_are_never_charged(
    cast, db_session
) -> None:
    late_on_arrival = push(cast, "W1", expires=-HOUR)
    change(db_session, push(cast, "W3"), kind="inquiry")
    with write() as session:
        session.execute(
            update(Organisation).where(Organisation.id == cast.places[SIBLING]).values(onboarded_from=date(2027, 1, 1))
        )
    push(cast, "W2", site=SIBLING)
    keep(db_session, NOON + 40 * HOUR)
    assert "late_on_arrival" in ticket(db_session, late_on_arrival).flags
    assert ledger(db_session) == []
    assert db_session.scalar(select(func.count()).select_from(ImportedTicket)) == 0


def test_two_schedulers_at_once_write_every_line_once(app: Flask, cast: Cast, db_session) -> None:
    numbers = [push(cast, f"W{n}", waybill=f"YT{n:013d}") for n in range(30)]
    while sweep.run(db_session, LATE):
        pass
    db_session.rollback()

    def look(_n: int) -> int:
        with app.app_context():
            try:
                return penalties.run(db.session(), LATE)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(look, range(3)))
    assert len(ledger(db_session)) == len(numbers)
    told = select(func.count()).where(Event.type == "penalty_proposed")
    assert db_session.scalar(told) == len(numbers)
    assert db_session.scalar(select(func.count()).select_from(PenaltyDue)) == 0


def test_a_ticket_that_raises_stops_nobody_and_is_tried_again(cast: Cast, db_session, monkeypatch) -> None:
    bad, good = push(cast, "W1"), push(cast, "W2")
    while sweep.run(db_session, LATE):
        pass
    bad_id, real = ticket(db_session, bad).id, moves.locked_ticket

    def locked(session: Any, ticket_id: int) -> Ticket:
        if ticket_id == bad_id:
            raise RuntimeError("poison")
        return real(session, ticket_id)

    monkeypatch.setattr(moves, "locked_ticket", locked)
    penalties.run(db_session, LATE)
    assert lines(db_session, good) and not lines(db_session, bad)
    monkeypatch.setattr(moves, "locked_ticket", real)
    penalties.run(db_session, LATE)
    assert not lines(db_session, bad)
    penalties.run(db_session, LATE + timedelta(minutes=5))
    assert lines(db_session, bad)


def test_the_figures_of_a_month_by_organisation(cast: Cast, db_session) -> None:
    late(cast, db_session)
    late(cast, db_session, "W2", site=SIBLING)
    tell(cast, "CANCEL", "W2", at=LATE, now=LATE)
    keep(db_session, LATE)
    sums = penalty_totals.totals(db_session, "2026-11", None)
    assert sums[cast.places[SITE]] == penalty_totals.Totals(proposed_fen=2000)
    assert sums[cast.places[SIBLING]] == penalty_totals.Totals(waived_fen=2000)
    assert penalty_totals.totals(db_session, "2026-11", [cast.places[SIBLING]]).keys() == {cast.places[SIBLING]}
    assert penalty_totals.totals(db_session, "2026-10", None) == {}


# --- the freeze ---


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Months that are frozen; a test adds to it."""
    closed: list[str] = []
    monkeypatch.setattr(months, "is_frozen", lambda _session, month: month in closed)
    return closed


def settle(month: str, now: Any) -> None:
    with write() as session:
        penalty_settling.settle_in(session, month, now)


def test_a_freeze_confirms_what_is_proposed_and_later_facts_go_to_the_open_month(cast, db_session, frozen) -> None:
    number, later = late(cast, db_session), NOON + timedelta(days=18)
    push(cast, "W2", now=NOON)
    while sweep.run(db_session, LATE):
        pass
    settle("2026-11", later)
    frozen.append("2026-11")
    penalties.run(db_session, later)
    assert [(row.month, row.state) for row in ledger(db_session)] == [("2026-11", "confirmed"), ("2026-12", "proposed")]
    assert ledger(db_session)[1].decided_at == NOON + HOUR / 2
    assert lines(db_session, number)[0][3] == "confirmed"


def test_a_fact_that_falls_after_the_freeze_is_taken_back_in_the_open_month_and_the_old_line_stays(
    cast, db_session, frozen
) -> None:
    number, later = late(cast, db_session), NOON + timedelta(days=18)
    settle("2026-11", later)
    frozen.append("2026-11")
    tell(cast, "CANCEL", at=later, now=later)
    penalties.run(db_session, later)
    penalty_due.note_since(NOON - HOUR, later)
    penalties.run(db_session, later)
    old, new = ledger(db_session, number)
    assert (old.state, old.month, old.amount_fen) == ("confirmed", "2026-11", 2000)
    assert (new.month, new.amount_fen, new.full_fen, new.corrects_id) == ("2026-12", -2000, -2000, old.id)


def test_what_is_contested_or_came_too_late_for_the_freeze_is_carried_into_the_open_month(
    cast, db_session, frozen
) -> None:
    late(cast, db_session)
    contest(cast, ledger(db_session)[0])
    later = NOON + timedelta(days=18)
    settle("2026-11", later)
    assert [(row.month, row.state) for row in ledger(db_session)] == [("2026-12", "contested")]
    late(cast, db_session, "W2")
    assert penalty_settling.carry_left_over(later) == 0
    frozen.append("2026-11")
    assert penalty_settling.carry_left_over(later) == 1
    assert penalty_settling.carry_left_over(later) == 0
    assert {row.month for row in ledger(db_session)} == {"2026-12"}


# --- entered by hand ---


def test_a_loss_is_entered_with_proof_and_costs_thirty_percent_and_five_points(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON)
    hand(cast, number, key="k1")
    hand(cast, number, key="k1")
    keep(db_session, LATE)
    rows = ledger(db_session, number)
    assert [(r.rule, r.amount_fen, r.base_fen, r.points, r.person_id) for r in rows] == [
        ("loss", 10_001, 33_335, 0, 0), ("loss", 0, 33_335, 5, cast["site-manager"].user_id),
    ]  # fmt: skip
    assert {row.ruled_by for row in rows} == {"lcs"} and rows[0].room_fen is None


def test_a_lost_slip_costs_clerk_and_manager_each(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON)
    hand(cast, number, rule="slip_lost", base_fen=None, clerk="site")
    keep(db_session, LATE)
    assert {(r.person_id, r.amount_fen) for r in ledger(db_session, number)} == {
        (cast["site"].user_id, 5000), (cast["site-manager"].user_id, 5000),
    }  # fmt: skip


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize("wrong,field", [
    ({"rule": "result_late"}, "rule"), ({"organisation": "440305-01"}, "organisation"), ({"base_fen": 0}, "base"),
    ({"text": " "}, "text"), ({"attachments": ()}, "file"), ({"rule": "slip_late", "clerk": "site-3"}, "clerk"),
])  # fmt: skip
def test_what_is_missing_of_a_fact_by_hand_is_named(cast: Cast, db_session, wrong: dict, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        hand(cast, push(cast), **wrong)
    assert field in refused.value.fields


def test_a_fact_by_hand_under_a_used_key_is_the_same_one_or_refused(cast: Cast, db_session) -> None:
    number, other = push(cast), push(cast, "ELSE", waybill="YT8800000000077")
    first = hand(cast, number, key="k1")
    again = hand(cast, number, key="k1")  # its pictures are other rows by now
    assert (again.event_id, again.number, again.repeated) == (first.event_id, number, True)
    for at, who, changed in (
        (number, "lcs", {"base_fen": 99_900}), (number, "lcs", {"text": "另一件事"}), (other, "lcs", {}),
        (number, "lcs-manager", {}),
    ):  # fmt: skip
        with pytest.raises(Stale) as refused:
            hand(cast, at, who, key="k1", **changed)
        assert refused.value.code == "sent_already", (at, who, changed)


def test_a_fact_that_two_enter_is_charged_once_and_one_that_was_waived_may_be_entered_anew(
    cast: Cast, db_session
) -> None:
    number = push(cast)
    hand(cast, number)
    for looked in (False, True):
        if looked:
            keep(db_session)
        with pytest.raises(NotAllowed) as refused:
            hand(cast, number, "ccs", text="另一位同事看到同一件事")
        assert refused.value.code == "entered_already"
    hand(cast, number, base_fen=99_900)
    hand(cast, number, rule="slip_lost", base_fen=0)
    keep(db_session)
    first = next(row for row in ledger(db_session, number) if row.base_fen == 33_335 and not row.person_id)
    decide(cast, contest(cast, first), "ccs-manager")
    hand(cast, number)


def test_who_may_enter_a_fact_and_not_on_a_ticket_that_is_never_charged(cast: Cast, db_session) -> None:
    number = push(cast)
    for who, error in (("site-manager", NotAllowed), ("lcs-2", NotFound), ("admin", NotAllowed)):
        with pytest.raises(error):
            hand_ = HandIn("loss", SITE, 100, "x", "", [1])
            penalty_hand.enter(actor=cast[who], post=post(number), fact=hand_, now=LATE)
    change(db_session, number, kind="inquiry")
    with pytest.raises(NotAllowed) as never:
        hand(cast, number)
    assert never.value.code == "never_charged"


def test_an_audit_that_finds_a_reply_untruthful_costs_site_and_manager_and_a_second_opinion_waives_it(
    cast: Cast, db_session
) -> None:
    number = push(cast)
    done = replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON)
    data = {
        "audit_id": 1, "result_event_id": done.event_id, "site_id": cast.places[SITE],
        "author_id": cast["site"].user_id, "mark": "untruthful", "reason": "sample",
    }  # fmt: skip

    def mark(kind: str, **more: Any) -> None:
        with write() as session:
            row = moves.locked_ticket(session, ticket(session, number).id)
            journal.append(session, row, kind, actor=cast["lcs"], now=LATE, data={**data, **more})
            clocks.refresh(session, row, LATE)

    mark("audited")
    keep(db_session, LATE)
    assert [(r.rule, r.amount_fen, r.points, r.person_id, r.ruled_by) for r in ledger(db_session, number)] == [
        ("untruthful", 10_000, 0, 0, "lcs"), ("untruthful", 0, 5, cast["site-manager"].user_id, "lcs"),
    ]  # fmt: skip
    mark("audit_revised", mark="true", was="untruthful")
    keep(db_session, LATE)
    assert {(r.state, r.reason) for r in ledger(db_session, number)} == {("waived", "fact_gone")}
    assert SYSTEM.user_id is None


# --- rules ---


def test_a_new_version_binds_facts_from_its_beginning_and_never_past_ones(cast: Cast, db_session) -> None:
    last = penalty_rules.newest(db_session, "first_reply_late")
    draft = type(last)(**{**last.__dict__, "amount_fen": 3000, "effective_from": NOON + HOUR})
    with pytest.raises(Invalid):
        penalty_rules.add(actor=cast["admin"], draft=draft, note="", seen=1, now=NOON + HOUR)
    with pytest.raises(NotAllowed):
        penalty_rules.add(actor=cast["ccs-manager"], draft=draft, note="", seen=1, now=NOON)
    assert penalty_rules.add(actor=cast["admin"], draft=draft, note="更严", seen=1, now=NOON).version == 2
    before, after = push(cast, "W1"), push(cast, "W2", now=NOON + HOUR)
    keep(db_session, NOON + 3 * HOUR)
    assert [row.full_fen for row in (*ledger(db_session, before), *ledger(db_session, after))] == [2000, 3000]
    assert [row.rule_version for row in (*ledger(db_session, before), *ledger(db_session, after))] == [1, 2]
    assert db_session.scalar(select(func.count()).select_from(Penalty)) == 2


def test_a_loss_asks_the_site_for_a_rectification_form_at_once_and_once(cast: Cast, db_session) -> None:
    number = push(cast)
    hand(cast, number)
    for _ in range(2):
        penalties.run(db_session, LATE)
    rows = db_session.scalars(select(Rectification)).all()
    assert [(row.organisation_id, row.grounds[0]["kind"], row.grounds[0]["value"]) for row in rows] == [
        (cast.places[SITE], "loss", 33_335)
    ]


def test_the_command_prints_what_a_month_adds_up_to(app: Flask, cast: Cast, db_session) -> None:
    late(cast, db_session)
    rows = json.loads(app.test_cli_runner().invoke(args=["penalties", "totals", "2026-11", "--json"]).output)
    mine = sum(row.amount_fen for row in ledger(db_session))
    assert [(row["organisation"], row["proposed_fen"]) for row in rows] == [("330106-01", mine)] and mine > 0
    assert "330106-01" in app.test_cli_runner().invoke(args=["penalties", "totals", "2026-11"]).output
    assert app.test_cli_runner().invoke(args=["penalties", "totals", "2020-01"]).output == ""
