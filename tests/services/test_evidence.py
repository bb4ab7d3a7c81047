"""Evidence orders (rulebook 3.14): LCS or CCS names what is wanted by when; silence counts against the organisation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import EvidenceOrder, Party
from app.services import evidence, queue, sweep
from app.services.queue import Filters
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.party_steps import DAY, ELSEWHERE, HERE, HOUR, MIN, SIBLING, T0, add, place, replied, runs, said

DUE = NOON + 5 * HOUR


def order(cast: Cast, number: str, code: str = ELSEWHERE, who: str = "lcs", due=DUE, text: str = "签收底单"):
    return evidence.order(actor=cast[who], post=post(number), code=code, text=text, due_at=due, now=T0)


def deliver(cast: Cast, number: str, who: str = "site-3", now=T0 + HOUR, order_id: int | None = None):
    return evidence.deliver(actor=cast[who], post=post(number), order_id=order_id, text="见附图", now=now)


def state(session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(EvidenceOrder.state).order_by(EvidenceOrder.id)))


def listed(session, cast: Cast, who: str, name: str) -> list[str]:
    session.rollback()
    return [row.number for row in queue.page(session, cast[who], Filters(queue=name), NOON).rows]


def test_an_order_lets_its_organisation_in_and_runs_until_its_own_due(cast: Cast, db_session) -> None:
    number = replied(cast)
    order(cast, number)
    (run,) = runs(db_session, number, "evidence")
    assert (run.organisation_id, run.due_at, run.state) == (cast.places[ELSEWHERE], DUE, "running")
    assert listed(db_session, cast, "site-3", "to_answer") == [number]
    row = ticket(db_session, number)
    party = db_session.get(Party, (row.id, cast.places[ELSEWHERE]))
    assert (party.role, row.next_clock) == ("ordered", "resolve")


def test_delivering_stops_the_clock_and_empties_the_queue(cast: Cast, db_session) -> None:
    number = replied(cast)
    order(cast, number)
    deliver(cast, number)
    assert (state(db_session), runs(db_session, number, "evidence")[0].state) == (["delivered"], "met")
    assert listed(db_session, cast, "site-3", "to_answer") == []
    with pytest.raises(NotAllowed):
        deliver(cast, number)


@pytest.mark.parametrize("swept", [True, False])
def test_silence_counts_against_the_organisation_and_delivery_is_still_possible(cast: Cast, db_session, swept) -> None:
    number = replied(cast)
    order(cast, number)
    if swept:
        sweep.run(db_session, DUE + MIN)
        assert state(db_session) == ["silent"]
        assert listed(db_session, cast, "site-3", "to_answer") == [number]
    deliver(cast, number, now=DUE + HOUR)
    (fact,) = said(db_session, number, "evidence_silent")
    assert (fact["organisation_id"], state(db_session)) == (cast.places[ELSEWHERE], ["delivered"])
    assert runs(db_session, number, "evidence")[0].state == "breached"


def test_two_orders_to_one_organisation_are_delivered_apart(cast: Cast, db_session) -> None:
    number = replied(cast)
    order(cast, number)
    order(cast, number, due=DUE + HOUR, text="监控录像")
    with pytest.raises(Invalid):
        deliver(cast, number)
    first, second = db_session.scalars(select(EvidenceOrder.id).order_by(EvidenceOrder.due_at)).all()
    db_session.rollback()
    deliver(cast, number, order_id=second)
    assert [run.state for run in runs(db_session, number, "evidence")] == ["running", "met"]
    deliver(cast, number, order_id=first)
    assert state(db_session) == ["delivered", "delivered"]


@pytest.mark.parametrize(
    ("code", "due", "text", "errors"),
    [
        ("", DUE, "底单", {"code": "required"}), (ELSEWHERE, None, "底单", {"due_at": "required"}),
        (ELSEWHERE, T0, "底单", {"due_at": "in_the_past"}), (ELSEWHERE, DUE, "", {"text": "required"}),
        ("nowhere", DUE, "底单", {"code": "unknown_organisation"}), ("HQ", DUE, "底单", {"code": "unknown_organisation"}),
        ("33", DUE, "底单", {"code": "own_organisation"}), ("33-Z01", DUE, "底单", {"code": "organisation_closed"}),
    ],
)  # fmt: skip
def test_an_order_names_somebody_something_and_a_time_to_come(cast: Cast, db_session, code, due, text, errors) -> None:
    place(cast, "33-Z01", "site", "33", closed_from=NOON.date() - timedelta(days=1))
    number = replied(cast)
    with pytest.raises(Invalid) as refused:
        order(cast, number, code, due=due, text=text)
    assert refused.value.fields == errors


def test_the_handling_site_keeps_its_own_work_first(cast: Cast, db_session) -> None:
    number = push(cast)
    order(cast, number, HERE, due=NOON + DAY)
    (row,) = queue.page(db_session, cast["site"], Filters(queue="to_accept"), NOON).rows
    assert (row.number, row.next_clock) == (number, "accept")
    deliver(cast, number, "site")


def test_another_province_can_be_ordered_and_delivers(cast: Cast, db_session) -> None:
    number = replied(cast)
    order(cast, number, "44", "ccs")
    assert listed(db_session, cast, "lcs-2", "to_answer") == [number]
    deliver(cast, number, "lcs-2")


def test_a_withdrawn_ticket_wants_no_evidence_any_more(cast: Cast, db_session) -> None:
    number = replied(cast)
    order(cast, number)
    tell(cast, "CANCEL", at=T0 + HOUR, now=T0 + HOUR)
    assert (state(db_session), runs(db_session, number, "evidence")[0].state) == (["dropped"], "void")


MAY_ORDER = {"site": False, "site-2": False, "lcs": True, "lcs-manager": True, "lcs-2": False, "ccs": True}


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", list(MAY_ORDER))
def test_the_provinces_of_ticket_and_parties_and_headquarters_order(cast: Cast, db_session, who: str) -> None:
    number = replied(cast)
    add(cast, number)
    if MAY_ORDER[who]:
        order(cast, number, who=who)
        return
    with pytest.raises((NotAllowed, NotFound)):
        order(cast, number, who=who)


def test_the_province_of_a_party_may_order(cast: Cast, db_session) -> None:
    number = replied(cast)
    add(cast, number, ELSEWHERE)
    order(cast, number, SIBLING, "lcs-2")


@pytest.mark.parametrize("who", ["site", "site-2", "lcs", "ccs"])
def test_only_whoever_was_ordered_delivers(cast: Cast, db_session, who: str) -> None:
    number = replied(cast)
    add(cast, number)
    order(cast, number)
    with pytest.raises(NotAllowed):
        deliver(cast, number, who)
