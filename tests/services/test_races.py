"""Two people at one ticket at the same moment: one of them is first, the other is told, and nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.domain.errors import DomainError
from app.extensions import db
from app.models import (
    Clock,
    Emergency,
    Event,
    ExemptedClock,
    Exemption,
    HandoverNote,
    Incident,
    Outbox,
    Promise,
    Ticket,
)
from app.services import (
    appeals,
    closing,
    emergencies,
    exemption_rulings,
    exemptions,
    handover,
    incidents,
    intake,
    journal,
    ownership,
    promises,
    replies,
    scans,
    superior,
    sweep,
    transfers,
    verdicts,
)
from app.services.appeals import RulingIn
from app.services.emergencies import AnnounceIn
from app.services.exemptions import AskIn
from app.services.incidents import IncidentIn
from app.services.intake import ComplaintIn
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from app.services.scans import ScanIn
from app.services.transfers import ReturnIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import FINE, answer
from tests.services.party_steps import HOUR, add, agree, at_court, dispute, reject, replied, rule
from tests.services.party_steps import answer as party_answer

HALVES: dict[str, int | None] = {"330106-01": 50, "330108-01": 50}
AT = NOON + 6 * HOUR
Verb = Callable[[], Any]


@pytest.fixture
def together(app: Flask, cast: Cast, db_session: Any) -> Iterator[Callable[..., list[str]]]:
    """Runs verbs at once, a thread and a connection each; what became of each: "done" or the code of its refusal."""

    def run(*verbs: Verb) -> list[str]:
        db_session.rollback()
        gate = threading.Barrier(len(verbs))

        def one(verb: Verb) -> str:
            with app.app_context():
                gate.wait(timeout=30)
                try:
                    verb()
                except DomainError as refused:
                    return refused.code
                finally:
                    db.session.remove()
                return "done"

        with ThreadPoolExecutor(len(verbs)) as pool:
            return list(pool.map(one, verbs))

    yield run
    for ticket_id in list(db_session.scalars(select(Ticket.id))):
        assert journal.verify(db_session, ticket_id) is None


def count(session: Any, number: str, *kinds: str) -> int:
    row = ticket(session, number)
    return int(session.scalar(select(func.count()).where(Event.ticket_id == row.id, Event.type.in_(kinds))) or 0)


def test_two_who_claim_at_once_have_one_owner(cast: Cast, db_session, together) -> None:
    number = push(cast)
    verbs = [
        lambda who=who: replies.claim(actor=cast[who], post=post(number), now=AT) for who in ("site", "site-manager")
    ]
    ended = together(*verbs)
    assert sorted(ended) == ["done", "owned_by_other"]
    owner = cast[("site", "site-manager")[ended.index("done")]]
    assert ticket(db_session, number).owner_id == owner.user_id and count(db_session, number, "claimed") == 1


@pytest.mark.parametrize("key", ["", "pressed-twice"])
def test_two_results_at_once_are_one_with_one_callback(cast: Cast, db_session, together, key: str) -> None:
    number = push(cast)
    ended = together(*[lambda: replies.result(actor=cast["site"], post=post(number, key), answer=FINE, now=AT)] * 2)
    assert sorted(ended) == (["done", "done"] if key else ["done", "not_allowed"])
    assert count(db_session, number, "result") == 1
    sent = select(func.count()).where(Outbox.ticket_id == ticket(db_session, number).id, Outbox.kind == "callback")
    assert db_session.scalar(sent) == 1


def test_a_stale_page_does_not_answer_over_a_colleague(cast: Cast, db_session, together) -> None:
    number = push(cast)
    seen = ticket(db_session, number).version
    verbs = [
        lambda who=who: replies.follow_up(
            actor=cast[who], post=post(number, version=seen), text="已联系", contact_outcome="no_answer",
            next_update_at=AT + HOUR, now=AT,
        ) for who in ("site", "site-manager")
    ]  # fmt: skip
    assert sorted(together(*verbs)) == ["done", "stale"]
    assert count(db_session, number, "follow_up") == 1


def test_a_result_and_the_transfer_of_the_ticket_do_not_both_happen(cast: Cast, db_session, together) -> None:
    number = push(cast)
    transfers.give_up(actor=cast["site"], post=post(number), asked=ReturnIn("outside_area", "不在片区"), now=NOON)
    grant = transfers.RulingIn("grant", site_code="330108-01")
    ended = together(
        lambda: replies.result(actor=cast["site"], post=post(number), answer=FINE, now=AT),
        lambda: transfers.rule(actor=cast["lcs"], post=post(number), ruling=grant, now=AT),
    )
    row = ticket(db_session, number)
    moved = row.handling_site_id == cast.places["330108-01"]
    assert ended.count("done") == 1 and moved == (ended[1] == "done")
    assert row.state == ("open" if moved else "replied")


def test_a_closing_and_a_repeated_complaint_leave_the_ticket_at_work(cast: Cast, db_session, together) -> None:
    number = push(cast, waybill="YT1000000000011")
    answer(cast, number)
    verdicts.customer_accepts(actor=cast["site"], post=post(number), text="好", now=NOON + HOUR)
    ended = together(
        lambda: replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=AT),
        lambda: push(cast, "W2", waybill="YT1000000000011", now=AT),
    )
    row = ticket(db_session, number)
    assert ended[1] == "done" and (row.state, row.repeat_count) == ("in_progress", 1)


@pytest.mark.parametrize("pair", ["answer-dispute", "dispute-dispute", "agree-reject", "agree-agree", "reject-reject"])
def test_of_two_words_on_one_dispute_one_counts(cast: Cast, db_session, together, pair: str) -> None:
    number = replied(cast)
    add(cast, number)
    first, second = pair.split("-")
    verbs: dict[str, Verb] = {
        "answer": lambda: party_answer(cast, number), "dispute": lambda: dispute(cast, number),
        "agree": lambda: agree(cast, number), "reject": lambda: reject(cast, number),
    }  # fmt: skip
    if "dispute" not in pair:
        dispute(cast, number)
    ended = together(verbs[first], verbs[second])
    assert ended.count("done") == 1 and set(ended) <= {"done", "not_allowed", "invalid"}
    kinds = ("party_answered", "party_disputed") if "dispute" in pair else ("dispute_agreed", "dispute_rejected")
    assert count(db_session, number, *kinds) == 1


def test_two_rulings_on_one_dispute_are_one(cast: Cast, db_session, together) -> None:
    number = at_court(cast)
    ended = together(*[lambda who=who: rule(cast, number, HALVES, who, now=AT) for who in ("lcs", "lcs-manager")])
    assert sorted(ended) == ["done", "not_allowed"] and count(db_session, number, "dispute_ruled") == 1


def test_two_rulings_on_one_appeal_are_one_with_one_callback(cast: Cast, db_session, together) -> None:
    number = push(cast)
    answer(cast, number)
    tell(cast, "REJECT")
    verbs = [
        lambda who=who, said=said: appeals.rule(
            actor=cast[who], post=post(number), ruling=RulingIn(said, "理由"), now=AT
        )
        for who, said in (("ccs", "rejected_close"), ("ccs-manager", "upheld_return"))
    ]
    ended = together(*verbs)
    assert ended.count("done") == 1 and set(ended) <= {"done", "no_appeal", "not_allowed"}
    assert count(db_session, number, "ruling") == 1


def test_a_promise_kept_while_the_sweep_breaks_it_is_one_of_the_two(cast: Cast, db_session, together) -> None:
    due = NOON + 5 * HOUR
    number = push(cast, waybill="YT1000000000011")
    said = ResultIn("今天送到", "reached_accepts", promises=[PromiseIn("redelivery", due)])
    replies.result(actor=cast["site"], post=post(number), answer=said, now=NOON)
    promise = db_session.scalars(select(Promise.id)).one()
    together(
        lambda: promises.keep(actor=cast["site"], post=post(number), promise_id=promise, proof="call", now=AT),
        lambda: sweep.run(db.session(), AT),
        lambda: sweep.run(db.session(), AT),
        lambda: scans.store_scans(scans=[ScanIn("YT1000000000011", "SIGN", due - HOUR, "330106-01")], now=AT),
    )
    row = ticket(db_session, number)
    assert row.open_promises == 0 and count(db_session, number, "promise_broken") <= 1
    assert db_session.get_one(Promise, promise).state in ("kept", "broken")


def test_a_superior_and_the_site_close_once(cast: Cast, db_session, together) -> None:
    number = push(cast)
    answer(cast, number)
    verdicts.customer_accepts(actor=cast["site"], post=post(number), text="好", now=NOON)
    superior.urge_site(actor=cast["lcs"], post=post(number), now=NOON + 26 * HOUR)
    late = NOON + 40 * HOUR
    ended = together(
        lambda: replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=late),
        lambda: closing.intervene(actor=cast["lcs"], post=post(number), root_cause="courier", text="未完结", now=late),
    )
    assert ended.count("done") == 1 and count(db_session, number, "closed", "intervened") == 1


def test_two_returns_and_two_takers_are_one_each(cast: Cast, db_session, together) -> None:
    number = push(cast)
    ended = together(
        *[lambda: transfers.give_up(
            actor=cast["site"], post=post(number), asked=ReturnIn("outside_area", "不在片区"), now=AT
        )] * 2
    )  # fmt: skip
    assert sorted(ended) == ["done", "not_allowed"] and count(db_session, number, "returned") == 1
    other = push(cast, "W2")
    replies.claim(actor=cast["site"], post=post(other), now=NOON)
    ownership.give_back(actor=cast["site"], post=post(other), note="", now=NOON)
    verbs = [
        lambda who=who: ownership.take(actor=cast[who], post=post(other), now=AT) for who in ("site", "site-manager")
    ]
    assert sorted(together(*verbs)) == ["done", "not_allowed"]


def late_runs(cast: Cast, session: Any) -> tuple[list[int], AskIn]:
    push(cast)
    sweep.run(session, AT)
    session.rollback()
    return list(session.scalars(select(Clock.id).where(Clock.kind == "first_reply"))), AskIn("other", text="停电")


def test_one_run_is_asked_for_and_decided_once(cast: Cast, db_session, together) -> None:
    runs, asked = late_runs(cast, db_session)
    verbs = [
        lambda who=who: exemptions.ask_many(actor=cast[who], clock_ids=runs, asked=asked, now=AT)
        for who in ("ccs", "ccs")
    ]
    assert sorted(together(*verbs)) == ["done", "invalid"]
    db_session.rollback()
    row = db_session.scalars(select(Exemption.id)).one()
    decide = exemption_rulings.decide
    ended = together(
        lambda: decide(actor=cast["lcs"], exemption_id=row, granting=True, text="", now=AT),
        lambda: decide(actor=cast["lcs-manager"], exemption_id=row, granting=False, text="无凭证", now=AT),
        lambda: exemption_rulings.run(AT),
    )
    assert sorted(ended) == ["decided_already", "done", "done"]
    exemption_rulings.run(AT)
    db_session.rollback()
    parts = set(db_session.scalars(select(ExemptedClock.state)))
    assert parts == {"exempt" if db_session.get_one(Exemption, row).state == "granted" else "released"}


def test_a_ticket_comes_into_one_of_two_incidents(cast: Cast, db_session, together) -> None:
    number = push(cast)
    names = [incidents.open_incident(actor=cast["lcs"], incident=IncidentIn(t, "fire", "33"), now=NOON) for t in "ab"]
    together(*[lambda n=n: incidents.add(actor=cast["lcs"], number=n, words=number, now=AT) for n in names])
    assert count(db_session, number, "incident_linked") == 1


def test_a_complaint_by_hand_that_is_sent_twice_is_one_ticket(cast: Cast, db_session, together) -> None:
    typed = ComplaintIn(text="快递没收到", category="OTHER", channel="telephone", phone="13812345678")
    ended = together(*[lambda: intake.manual(actor=cast["site"], complaint=typed, key="pressed-twice", now=AT)] * 4)
    assert ended == ["done"] * 4
    db_session.rollback()
    assert db_session.scalar(select(func.count()).select_from(Ticket)) == 1


@pytest.mark.parametrize("what", ["incident", "area", "emergency", "note"])
def test_a_form_of_no_ticket_that_is_sent_twice_does_its_work_once(cast: Cast, db_session, together, what: str) -> None:
    span = {"from_at": AT, "until_at": AT + HOUR}
    verbs: dict[str, tuple[type, Verb]] = {
        "incident": (Incident, lambda: incidents.open_incident(
            actor=cast["lcs"], incident=IncidentIn("货车起火", "fire", "33"), now=AT, key="once",
        )),
        "area": (Exemption, lambda: exemptions.ask_area(
            actor=cast["ccs"], area="33", asked=AskIn("other", "停电"), now=AT, key="once", **span,
        )),
        "emergency": (Emergency, lambda: emergencies.announce(
            actor=cast["ccs-manager"], period=AnnounceIn("暴雪", "33", **span), now=AT, key="once",
        )),
        "note": (HandoverNote, lambda: handover.leave_note(actor=cast["site"], text="两单待回", now=AT, key="once")),
    }  # fmt: skip
    table, verb = verbs[what]
    assert together(*[verb] * 4) == ["done"] * 4
    verb()
    assert db_session.scalar(select(func.count()).select_from(table)) == 1


def test_a_form_of_no_ticket_with_other_words_or_of_somebody_else_is_another_one(cast: Cast, db_session) -> None:
    """Whoever goes back, writes anew and sends under the same key is not told that it was stored while it was not."""
    span, once = {"from_at": AT, "until_at": AT + HOUR}, {"now": AT, "key": "once"}
    for who, text in (("site", "两单待回"), ("site", "三单待回"), ("site-manager", "两单待回"), ("site", "两单待回")):
        handover.leave_note(actor=cast[who], text=text, **once)
    for title in ("货车起火", "仓库进水", "货车起火"):
        incidents.open_incident(actor=cast["lcs"], incident=IncidentIn(title, "fire", "33"), **once)
    for facts in ("停电", "停水", "停电"):
        exemptions.ask_area(actor=cast["ccs"], area="33", asked=AskIn("other", facts), **once, **span)
    for name in ("暴雪", "台风", "暴雪"):
        emergencies.announce(actor=cast["ccs-manager"], period=AnnounceIn(name, "33", **span), **once)
    tables = (HandoverNote, Incident, Exemption, Emergency)
    assert [db_session.scalar(select(func.count()).select_from(one)) for one in tables] == [3, 2, 2, 2]
