"""Marking a result: by whom, what follows, and headquarters' second opinion."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.models import Audit, Ticket
from app.services import audit_leases, audit_view, audits, journal, replies, ticket_view
from app.services.audits import Verdict
from app.services.transaction import write
from tests.cast import NOON, Cast, post, tell, ticket
from tests.services.audit_steps import DAY, MORNING, UNTRUE, answered, audit_of, draw, drawn, mark
from tests.services.ending_steps import change, events, runs

HOUR = timedelta(hours=1)


@pytest.fixture
def number(cast: Cast, db_session) -> str:
    """An answered ticket whose result is drawn."""
    made = answered(cast)
    draw(db_session)
    return made


def number_of(session, audit: Audit) -> str:
    return str(session.scalars(select(Ticket.number).where(Ticket.id == audit.ticket_id)).one())


def test_an_untruthful_reply_goes_back_to_work_with_twelve_hours(cast: Cast, db_session, number: str) -> None:
    mark(cast, audit_of(db_session, number), UNTRUE)
    row, run = ticket(db_session, number), runs(db_session, number, "resolve")[-1]
    assert (row.state, row.queue, row.result_at is not None) == ("in_progress", "returned", True)
    assert (run.run, run.started_at, run.due_at) == (2, MORNING, MORNING + 12 * HOUR)
    audit, said = audit_of(db_session, number), events(db_session, number, "audited")[0]
    assert (audit.mark, audit.marked_at, audit.mark_reason) == ("untruthful", MORNING, "not_called")
    assert said.data == {
        "audit_id": audit.id, "result_event_id": audit.result_event_id, "site_id": cast.places["330106-01"],
        "author_id": cast["site"].user_id, "mark": "untruthful", "reason": "sample", "mark_reason": "not_called",
        "reopened": True,
    }  # fmt: skip
    assert journal.verify(db_session, row.id) is None


@pytest.mark.parametrize(("days", "state"), [(7, "in_progress"), (8, "closed")])
def test_a_closed_ticket_comes_back_within_seven_days_of_its_end(cast: Cast, db_session, number, days, state) -> None:
    change(db_session, number, state="closed", closed_at=MORNING, queue="done")
    later = MORNING + timedelta(days=days)
    mark(cast, audit_of(db_session, number), UNTRUE, now=later)
    assert ticket(db_session, number).state == state
    assert events(db_session, number, "audited")[0].data.get("reopened", False) is (state == "in_progress")


def test_a_true_or_incomplete_reply_moves_nothing(cast: Cast, db_session) -> None:
    numbers = [answered(cast, "W1"), answered(cast, "W2")]
    tell(cast, "REJECT", "W1", now=NOON + HOUR)
    tell(cast, "REJECT", "W2", now=NOON + HOUR)
    draw(db_session)
    for one, verdict in zip(numbers, (Verdict("true"), Verdict("incomplete", "no_proof")), strict=True):
        mark(cast, audit_of(db_session, one), verdict)
    mark_again = audit_of(db_session, numbers[0])
    assert mark(cast, mark_again) == mark_again.event_id  # pressed twice
    assert [ticket(db_session, one).state for one in numbers] == ["appealed", "appealed"]
    assert [len(events(db_session, one, "audited")) for one in numbers] == [1, 1]


def test_nobody_audits_what_they_wrote_or_acted_in(cast: Cast, db_session, number: str) -> None:
    with write() as session:
        row = session.get_one(Ticket, ticket(session, number).id)
        journal.append(session, row, "contact", actor=cast["lcs"], now=NOON, data={"outcome": "busy"})
    audit = audit_of(db_session, number)
    with pytest.raises(NotAllowed) as refused:
        mark(cast, audit)
    assert refused.value.code == "own_work"
    assert audit_view.lines(db_session, cast["lcs"]) == []
    assert audit_leases.take_next(actor=cast["lcs"], now=MORNING) == 0
    with pytest.raises(NotFound):
        audit_leases.take(actor=cast["lcs"], audit_id=audit.id, now=MORNING)
    assert audit_leases.take_next(actor=cast["lcs-manager"], now=MORNING) == audit.id


@pytest.mark.parametrize("who", ["lcs-2", "ccs", "site", "site-manager", "admin"])
def test_the_desk_of_another_province_or_level_has_nothing_to_do_with_it(cast: Cast, db_session, number, who) -> None:
    with pytest.raises(NotFound):
        mark(cast, audit_of(db_session, number), who=who)


def test_two_auditors_never_get_the_same(cast: Cast, db_session) -> None:
    for n in range(3):
        answered(cast, f"W{n}")
        tell(cast, "REJECT", f"W{n}", now=NOON + HOUR)
    draw(db_session)
    first = audit_leases.take_next(actor=cast["lcs"], now=MORNING)
    second = audit_leases.take_next(actor=cast["lcs-manager"], now=MORNING)
    assert first != second and audit_leases.take_next(actor=cast["lcs"], now=MORNING) == first
    with pytest.raises(Stale):
        mark(cast, first, who="lcs-manager")
    with pytest.raises(Stale):
        audit_leases.take(actor=cast["lcs-manager"], audit_id=first, now=MORNING)
    third = audit_leases.take_next(actor=cast["lcs"], now=MORNING, but=first)
    assert third not in (first, second)
    assert audit_leases.take_next(actor=cast["lcs-manager"], now=MORNING + timedelta(minutes=11), but=second) == first
    assert audit_leases.keep(actor=cast["lcs-manager"], audit_id=first, now=MORNING + timedelta(minutes=12))
    audit_leases.give_back(actor=cast["lcs-manager"])
    assert not audit_leases.keep(actor=cast["lcs-manager"], audit_id=first, now=MORNING)


def test_what_is_marked_stays_marked_for_everybody_else(cast: Cast, db_session, number: str) -> None:
    mark(cast, audit_of(db_session, number))
    with pytest.raises(Stale):
        mark(cast, audit_of(db_session, number), UNTRUE, who="lcs-manager")
    with pytest.raises(Invalid):
        mark(cast, audit_of(db_session, number), Verdict("untruthful"))


@pytest.mark.parametrize(
    "again", [Verdict("true"), replace(UNTRUE, text="改过的话"), replace(UNTRUE, reason="not_done")]
)
def test_the_same_verdict_again_is_one_and_another_under_it_is_told_that_it_is_not_stored(
    cast: Cast, db_session, number: str, again: Verdict
) -> None:
    audit_id = audit_of(db_session, number)
    assert mark(cast, audit_id, UNTRUE) == mark(cast, audit_id, replace(UNTRUE, text=f" {UNTRUE.text}\n"))
    with pytest.raises(Stale) as refused:
        mark(cast, audit_id, again)
    assert refused.value.code == "sent_already"


def test_headquarters_second_opinion_changes_the_mark_and_keeps_the_first(cast: Cast, db_session, number: str) -> None:
    mark(cast, audit_of(db_session, number), UNTRUE)
    audit = audit_of(db_session, number)
    later = MORNING + HOUR
    for who, code in (("lcs-manager", "not_allowed"), ("site-manager", "not_allowed")):
        with pytest.raises(NotAllowed) as refused:
            audits.revise(actor=cast[who], audit_id=audit.id, verdict=Verdict("true"), now=later)
        assert refused.value.code == code
    audits.revise(actor=cast["ccs"], audit_id=audit.id, verdict=Verdict("true", text="录音证实"), now=later)
    audit, said = audit_of(db_session, number), events(db_session, number, "audit_revised")[0]
    assert (audit.mark, audit.first_mark, audit.marked_at, audit.mark_reason) == ("true", "untruthful", MORNING, "")
    assert (said.data["mark"], said.data["was"], said.data["audit_id"]) == ("true", "untruthful", audit.id)
    with pytest.raises(Invalid):
        audits.revise(actor=cast["ccs-manager"], audit_id=audit.id, verdict=Verdict("true"), now=later)
    with pytest.raises(NotAllowed):  # whoever judged it before
        audits.revise(actor=cast["ccs"], audit_id=audit.id, verdict=UNTRUE, now=later)


def test_an_unmarked_audit_cannot_be_revised(cast: Cast, db_session, number: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        audits.revise(actor=cast["ccs"], audit_id=audit_of(db_session, number).id, verdict=UNTRUE, now=MORNING)
    assert refused.value.code == "not_marked"


def test_a_recheck_that_differs_is_the_second_opinion_and_counts_for_the_agreement(cast, db_session, number) -> None:
    mark(cast, audit_of(db_session, number))
    later = MORNING + timedelta(days=1)
    draw(db_session, DAY + timedelta(days=1), later)
    again = drawn(db_session, "recheck")[0]
    mark(cast, again, UNTRUE, who="ccs", now=later)
    assert (audit_of(db_session, number).mark, audit_of(db_session, number).first_mark) == ("untruthful", "true")
    assert [e.data["reason"] for e in events(db_session, number, "audited")] == ["sample", "recheck"]
    assert events(db_session, number, "audit_revised")[0].data["was"] == "true"
    assert ticket(db_session, number).state == "in_progress"
    assert len(runs(db_session, number, "resolve")) == 2  # it was brought back once
    line = audit_view.agreement(db_session, cast["ccs"], "2026-11")[0]
    assert (line.results, line.drawn, line.marked, line.marks["true"]) == (1, 1, 1, 1)
    assert (line.rechecks, line.agreed) == (1, 0)
    assert audit_view.agreement(db_session, cast["lcs-2"], "2026-11") == []


def test_the_list_shows_a_site_its_own_marked_audits_and_nobodys_name(cast: Cast, db_session) -> None:
    mine, other = answered(cast, "W1"), answered(cast, "W2", who="site-2")
    draw(db_session)
    mark(cast, audit_of(db_session, mine), UNTRUE)
    for who, seen in (("site", [mine]), ("site-2", []), ("lcs", [mine]), ("lcs-2", []), ("ccs", [mine])):
        assert [line.number for line in audit_view.page(db_session, cast[who], "")] == seen
    mark(cast, audit_of(db_session, other))
    assert [line.number for line in audit_view.page(db_session, cast["lcs"], "untruthful")] == [mine]
    assert audit_view.count(db_session, cast["lcs"], "", 2**62, 10) == 2
    entry = next(e for e in ticket_view.view(db_session, cast["site"], mine).entries if e.type == "audited")
    assert (entry.who, entry.text) == ("", {"text": UNTRUE.text})


def test_a_new_result_after_an_untruthful_one_can_be_drawn_again(cast: Cast, db_session, number: str) -> None:
    mark(cast, audit_of(db_session, number), UNTRUE)
    said = replies.ResultIn("这次确实联系了客户", "reached_accepts")
    replies.result(actor=cast["site"], post=post(number), answer=said, now=MORNING + HOUR)
    tell(cast, "REJECT", "W1", at=MORNING + 2 * HOUR, now=MORNING + 2 * HOUR)
    draw(db_session, DAY + timedelta(days=1), MORNING + timedelta(days=1))
    assert sorted(one.reason for one in drawn(db_session)) == ["appeal", "recheck", "sample"]
