"""A superior closes in the site's place, and a complaint is withdrawn with proof."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed
from app.models import Promise, WorkItem
from app.services import closing, replies, scorecard_facts, sweep, verdicts
from app.services.closing import WithdrawalIn
from app.services.replies import PromiseIn, ResultIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import EVERYBODY, answer, by_hand, change, events, picture, runs, tries

HOUR = timedelta(hours=1)
CLOSE_DUE = NOON + 25 * HOUR  # accepted at NOON + 1 h, 24 h to close
FROM = CLOSE_DUE + 4 * HOUR


def accepted(cast: Cast) -> str:
    """A ticket whose close clock runs since NOON + 1 h."""
    number = by_hand(cast)
    answer(cast, number)
    verdicts.customer_accepts(actor=cast["site"], post=post(number), text="客户说可以", now=NOON + HOUR)
    return number


def intervene(cast: Cast, number: str, who: str = "lcs", now=FROM, text: str = "站点一直未完结") -> None:
    closing.intervene(actor=cast[who], post=post(number), root_cause="courier", text=text, now=now)


def urged(session, number: str, at=NOON + 2 * HOUR) -> None:
    change(session, number, urged_at=at)


# --- intervention ---


def test_a_superior_closes_from_due_and_four_hours_and_the_event_proves_the_fee(cast: Cast, db_session) -> None:
    number = accepted(cast)
    urged(db_session, number)
    with pytest.raises(NotAllowed) as early:
        intervene(cast, number, now=FROM - timedelta(seconds=1))
    assert (early.value.code, early.value.detail) == ("too_early", {"at": FROM})
    intervene(cast, number)
    row = ticket(db_session, number)
    assert (row.state, row.root_cause, row.closed_at) == ("closed", "courier", FROM)
    run = runs(db_session, number, "close")[0]
    assert (run.state, run.stopped_at) == ("breached", FROM)
    data = events(db_session, number, "intervened")[0].data
    assert (data["site_id"], data["kind"], data["run"]) == (cast.places["330106-01"], "close", 1)
    assert data["due_at"] == CLOSE_DUE.isoformat()
    assert not list(db_session.scalars(select(WorkItem)))


def test_an_intervention_wants_an_urge_since_the_close_clock_began_and_no_open_request(cast: Cast, db_session) -> None:
    number = accepted(cast)
    codes = []
    for values in ({}, {"urged_at": NOON}, {"urged_at": NOON + 2 * HOUR, "help_asked_at": NOON + 3 * HOUR}):
        change(db_session, number, **values)
        with pytest.raises(NotAllowed) as refused:
            intervene(cast, number)
        codes.append(refused.value.code)
    assert codes == ["not_urged", "not_urged", "help_open"]
    change(db_session, number, help_asked_at=None)
    intervene(cast, number)


def test_nobody_intervenes_before_the_time_to_close_has_begun(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    answer(cast, number)
    urged(db_session, number)
    with pytest.raises(NotAllowed) as refused:
        intervene(cast, number, now=NOON + 20 * HOUR)
    assert refused.value.code == "no_close_clock"


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", EVERYBODY)
def test_only_the_provinces_lcs_and_ccs_intervene(cast: Cast, db_session, who: str) -> None:
    may = {"lcs": True, "lcs-manager": True, "ccs": True, "ccs-manager": True}
    number = accepted(cast)
    urged(db_session, number)
    assert tries(lambda: intervene(cast, number, who)) == may.get(who, False)


def test_an_intervention_names_the_root_cause_and_says_why(cast: Cast) -> None:
    number = accepted(cast)
    with pytest.raises(Invalid) as error:
        closing.intervene(actor=cast["lcs"], post=post(number), root_cause="", text=" ", now=FROM)
    assert error.value.fields == {"root_cause": "required", "text": "required"}


# --- withdrawal ---


def withdraw(cast: Cast, number: str, who: str = "site", now=NOON + HOUR, ids: list[int] | None = None) -> None:
    proof = [picture(cast, who, number)] if ids is None else ids
    said = WithdrawalIn("by_phone", "客户来电撤销", proof)
    closing.withdraw(actor=cast[who], post=post(number), withdrawal=said, now=now)


def test_a_withdrawal_voids_what_runs_and_is_marked_for_audit(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    withdraw(cast, number)
    row = ticket(db_session, number)
    assert (row.state, row.closed_at, row.next_due_at) == ("withdrawn", NOON + HOUR, None)
    assert {run.state for run in runs(db_session, number, "resolve")} == {"void"}
    event = events(db_session, number, "withdrawn")[0]
    assert (event.data["to_audit"], event.data["reason"]) == (True, "by_phone")
    assert len(event.data["attachments"]) == 1
    assert not list(db_session.scalars(select(WorkItem)))


def test_a_withdrawn_ticket_is_out_of_all_measures_its_late_first_reply_too(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    span = scorecard_facts.Span.of("2026-11", NOON + 9 * HOUR)
    before = scorecard_facts.month_facts(db_session, span)[cast.places["330106-01"]]
    withdraw(cast, number, now=NOON + 2 * HOUR)
    after = scorecard_facts.month_facts(db_session, span).get(cast.places["330106-01"])
    assert before.tickets == 1 and (after is None or (after.tickets, after.first_reply_due) == (0, 0))


def test_a_withdrawal_wants_a_reason_words_and_proof(cast: Cast) -> None:
    number = by_hand(cast)
    with pytest.raises(Invalid) as error:
        closing.withdraw(actor=cast["site"], post=post(number), withdrawal=WithdrawalIn("", ""), now=NOON)
    assert error.value.fields == {"reason": "required", "text": "required", "file": "no_picture"}


def test_a_strangers_picture_proves_nothing(cast: Cast, db_session) -> None:
    number = by_hand(cast)
    with pytest.raises(Invalid) as error:
        withdraw(cast, number, "site", ids=[picture(cast, "lcs", number)])
    assert error.value.fields == {"file": "unknown_attachment"}
    assert ticket(db_session, number).state == "open"


def test_only_the_platform_takes_back_its_own_order(cast: Cast, db_session) -> None:
    number = push(cast)
    with pytest.raises(NotAllowed) as refused:
        withdraw(cast, number)
    assert refused.value.code == "platform_must_cancel"
    tell(cast, "CANCEL", at=NOON + HOUR, now=NOON + HOUR)
    assert ticket(db_session, number).state == "withdrawn"


@pytest.mark.parametrize("kind", ["by hand", "by the platform"])
def test_a_promise_of_a_withdrawn_ticket_is_never_broken(cast: Cast, db_session, kind: str) -> None:
    number = by_hand(cast) if kind == "by hand" else push(cast)
    promised = ResultIn("今天送到", "reached_accepts", promises=[PromiseIn("redelivery", NOON + 5 * HOUR)])
    answer(cast, number, said=promised)
    withdraw(cast, number) if kind == "by hand" else tell(cast, "CANCEL", at=NOON + HOUR, now=NOON + HOUR)
    sweep.run(db_session, NOON + 6 * HOUR)
    assert ticket(db_session, number).open_promises == 0
    assert db_session.scalars(select(Promise.state)).one() == "dropped"
    assert not events(db_session, number, "promise_broken")


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", EVERYBODY)
def test_the_handling_site_its_lcs_and_ccs_withdraw(cast: Cast, who: str) -> None:
    may = {"site": True, "site-manager": True, "lcs": True, "lcs-manager": True, "ccs": True, "ccs-manager": True}
    number = by_hand(cast)
    assert tries(lambda: withdraw(cast, number, who)) == may.get(who, False)


def test_what_is_closed_is_not_withdrawn(cast: Cast) -> None:
    number = accepted(cast)
    ids = [picture(cast, "site", number)]
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=NOON + 2 * HOUR)
    with pytest.raises(NotAllowed):
        withdraw(cast, number, ids=ids, now=NOON + 3 * HOUR)
