"""Disputes on a ticket that another site or the service desk gets: who answers them now, and which court rules (3.10)."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.domain.errors import NotAllowed
from app.services import transfers
from app.services.transfers import ReturnIn, RulingIn
from tests.cast import Cast, post, ticket
from tests.services.party_steps import (
    ELSEWHERE,
    HERE,
    HOUR,
    MIN,
    SIBLING,
    T0,
    add,
    agree,
    at_court,
    case,
    dispute,
    place,
    replied,
    rule,
    runs,
)

MOVED = T0 + 5 * HOUR
DESK = "33"


def moves(cast: Cast, number: str, to: str) -> None:
    """The site returns the ticket; the LCS grants it to another site, or works it itself."""
    asked = ReturnIn("outside_area", "不在派送范围")
    transfers.give_up(actor=cast["site"], post=post(number), asked=asked, now=MOVED - MIN)
    ruling = RulingIn("keep", "我们处理") if to == DESK else RulingIn("grant", "经核实", to)
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=ruling, now=MOVED)


def last_ruling(session, number: str) -> tuple[int | None, datetime, str]:
    run = runs(session, number, "ruling")[-1]
    return run.organisation_id, run.started_at, run.state


@pytest.mark.parametrize("to", [ELSEWHERE, DESK])
def test_what_lies_before_an_lcs_goes_to_ccs_once_it_is_not_the_judge_of_all(cast: Cast, db_session, to: str) -> None:
    number = at_court(cast)
    moves(cast, number, to)
    assert case(db_session, number).court_id == 0
    assert last_ruling(db_session, number) == (cast.places["HQ"], MOVED, "running")
    with pytest.raises(NotAllowed):
        rule(cast, number, {to: 100, SIBLING: 0}, who="lcs", now=MOVED + HOUR)
    rule(cast, number, {to: 100, SIBLING: 0}, who="ccs", now=MOVED + HOUR)
    assert (case(db_session, number).state, case(db_session, number).share) == ("ruled", 0)


def test_inside_the_province_it_stays_where_it_lies(cast: Cast, db_session) -> None:
    place(cast, "330199-01", "site", "33")
    number = at_court(cast)
    before = last_ruling(db_session, number)
    moves(cast, number, "330199-01")
    assert case(db_session, number).court_id == cast.places["33"]
    assert runs(db_session, number, "ruling")[-2].started_at == before[1], "the last run is that of the return"


@pytest.mark.parametrize(("to", "who"), [(ELSEWHERE, "site-3"), (DESK, "lcs")])
def test_a_dispute_that_waited_for_the_old_site_waits_for_the_new_one(
    cast: Cast, db_session, to: str, who: str
) -> None:
    number = replied(cast)
    add(cast, number)
    dispute(cast, number)
    first = runs(db_session, number, "ruling")[0]
    assert first.organisation_id == cast.places[HERE]
    moves(cast, number, to)
    assert runs(db_session, number, "ruling")[0].state == "void"
    assert last_ruling(db_session, number) == (cast.places[to], MOVED, "running")
    with pytest.raises(NotAllowed):
        agree(cast, number, who="site", now=MOVED + HOUR)
    agree(cast, number, who=who, now=MOVED + HOUR)
    assert case(db_session, number).state == "not_liable"


def test_nobody_rules_on_the_dispute_of_a_party_that_gets_the_ticket_itself(cast: Cast, db_session) -> None:
    number = at_court(cast)
    moves(cast, number, SIBLING)
    assert case(db_session, number).state == "removed"
    assert not [run for run in runs(db_session, number, "ruling") if run.stopped_at is None]
    assert "courts" not in (ticket(db_session, number).cases or {})
