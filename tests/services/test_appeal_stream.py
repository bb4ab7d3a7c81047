"""The appeal stream: one appeal to one person, the most urgent first, never one's own work, nothing lost by leaving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import DomainError, NotAllowed, Stale
from app.domain.roles import Actor
from app.models import AppealLease, User
from app.models.ids import new_id
from app.services import appeal_leases, appeal_stream, appeals, attendance, replies, sessions
from app.services.appeals import RulingIn
from app.services.sessions import Limits
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import FINE, change

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
AT = NOON + 2 * HOUR
CLOSE = RulingIn("rejected_close", "站点处理无误")
CLERKS = {"330106-01": "site", "330108-01": "site-2", "440305-01": "site-3"}


def appealed(cast: Cast, code: str, hours: float = 0, site: str = "330106-01", category: str = "FALSE_SIGN") -> str:
    """A complaint that its site answered, and that the customer rejected so many hours after noon."""
    number = push(cast, code, site=site, category=category)
    replies.result(actor=cast[CLERKS[site]], post=post(number), answer=FINE, now=NOON)
    tell(cast, "REJECT", code, at=NOON + hours * HOUR, now=NOON + hours * HOUR)
    return number


def take(cast: Cast, who: str = "ccs", at: Any = AT, but: str = "") -> str:
    return appeal_leases.take_next(actor=cast[who], now=at, but=but)


def rule(cast: Cast, number: str, who: str = "ccs", at: Any = AT, ruling: RulingIn = CLOSE) -> Any:
    return appeals.rule(actor=cast[who], post=post(number), ruling=ruling, now=at)


def refused(kind: type[DomainError], verb: Callable[[], Any]) -> str:
    with pytest.raises(kind) as error:
        verb()
    return error.value.code


def agents(cast: Cast, n: int) -> list[Actor]:
    """So many more people of headquarters."""
    people = []
    with write() as session:
        for i in range(n):
            user = User(id=new_id(), account=f"agent-{i}", name=f"agent-{i}", password_hash="", role="ccs")
            user.organisation_id = cast.places["HQ"]
            session.add(user)
            people.append(Actor(user.id, "ccs", cast.places["HQ"], None, f"agent-{i}"))
    return people


def test_two_agents_never_take_the_same_appeal(cast: Cast, at_once: Any) -> None:
    numbers = {appealed(cast, f"W{n}") for n in range(4)}
    people = agents(cast, 6)
    got = at_once(*[lambda p=p: appeal_leases.take_next(actor=p, now=AT) for p in people])
    assert sorted(filter(None, got)) == sorted(numbers)
    assert got.count("") == 2


def test_of_two_who_take_exactly_this_one_the_second_is_told(cast: Cast, at_once: Any) -> None:
    number = appealed(cast, "W1")
    people = agents(cast, 2)
    got = at_once(*[lambda p=p: appeal_leases.take(actor=p, number=number, now=AT) for p in people])
    assert sorted(map(str, got)) == ["None", "appeal_taken"]


def test_whoever_rules_and_whoever_takes_it_at_the_same_moment_do_not_both_have_it(
    cast: Cast, at_once: Any, db_session: Any
) -> None:
    number = appealed(cast, "W1")
    taker, ruler = agents(cast, 2)
    got = at_once(
        lambda: appeal_leases.take_next(actor=taker, now=AT),
        lambda: appeals.rule(actor=ruler, post=post(number), ruling=CLOSE, now=AT).number,
    )
    assert sorted(got) in (["", number], sorted([number, "appeal_taken"]))


def test_the_most_urgent_comes_first_and_of_equally_urgent_ones_the_oldest(cast: Cast, db_session: Any) -> None:
    late, soon = appealed(cast, "W1", 1), appealed(cast, "W2", 0)
    assert take(cast) == soon
    rule(cast, soon)
    other = appealed(cast, "W3", 1.5)
    due = ticket(db_session, late).next_due_at
    change(db_session, other, next_due_at=due)
    assert take(cast) == late


def test_who_has_one_gets_the_same_one_again_and_nobody_else_gets_it(cast: Cast) -> None:
    number = appealed(cast, "W1")
    assert take(cast) == number
    assert take(cast, at=AT + 5 * MINUTE) == number
    assert take(cast, "ccs-manager") == ""


def test_own_work_is_never_offered_and_cannot_be_taken(cast: Cast) -> None:
    mine, other = appealed(cast, "W1"), appealed(cast, "W2", 1, site="440305-01")
    cast.people["promoted"] = replace(cast["ccs"], user_id=cast["site"].user_id)
    assert refused(NotAllowed, lambda: appeal_leases.take(actor=cast["promoted"], number=mine, now=AT)) == "own_work"
    assert take(cast, "promoted") == other
    assert take(cast) == mine


def test_an_appeal_against_ones_own_ruling_goes_to_a_colleague(cast: Cast) -> None:
    number = appealed(cast, "W1")
    rule(cast, number)
    tell(cast, "REJECT", "W1", key="again", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    assert take(cast, at=NOON + 4 * HOUR) == ""
    assert take(cast, "ccs-manager", NOON + 4 * HOUR) == number


def test_after_ten_minutes_without_a_sign_somebody_else_gets_it(cast: Cast) -> None:
    number = appealed(cast, "W1")
    take(cast)
    assert take(cast, "ccs-manager", AT + 9 * MINUTE) == ""
    assert take(cast, "ccs-manager", AT + 10 * MINUTE) == number


def test_a_sign_of_life_gives_ten_more_minutes_and_none_to_whoever_lost_it(cast: Cast) -> None:
    number = appealed(cast, "W1")
    take(cast)
    assert appeal_leases.keep(actor=cast["ccs"], number=number, now=AT + 9 * MINUTE)
    assert take(cast, "ccs-manager", AT + 18 * MINUTE) == ""
    assert take(cast, "ccs-manager", AT + 19 * MINUTE) == number
    assert not appeal_leases.keep(actor=cast["ccs"], number=number, now=AT + 20 * MINUTE)


def test_who_rules_late_is_refused_only_if_somebody_else_has_it(cast: Cast, db_session: Any) -> None:
    free, taken = appealed(cast, "W1"), appealed(cast, "W2", 1)
    assert take(cast) == free
    rule(cast, free, at=AT + HOUR)
    assert take(cast, at=AT + HOUR) == taken
    assert take(cast, "ccs-manager", AT + 2 * HOUR) == taken
    assert refused(Stale, lambda: rule(cast, taken, at=AT + 2 * HOUR)) == "appeal_taken"
    rule(cast, taken, "ccs-manager", AT + 2 * HOUR)
    assert ticket(db_session, taken).state == "closed"


def test_what_a_colleague_has_ruled_meanwhile_is_not_ruled_again(cast: Cast) -> None:
    number = appealed(cast, "W1")
    take(cast)
    rule(cast, take(cast, "ccs-manager", AT + HOUR), "ccs-manager", AT + HOUR)
    assert refused(NotAllowed, lambda: rule(cast, number, at=AT + 2 * HOUR)) in ("no_appeal", "not_allowed")


def test_the_manager_takes_it_over_and_a_colleague_cannot(cast: Cast) -> None:
    number = appealed(cast, "W1")
    (colleague,) = agents(cast, 1)
    take(cast)
    assert refused(Stale, lambda: appeal_leases.take(actor=colleague, number=number, now=AT)) == "appeal_taken"
    appeal_leases.take(actor=cast["ccs-manager"], number=number, now=AT)
    assert refused(Stale, lambda: rule(cast, number)) == "appeal_taken"


@pytest.mark.parametrize("way", ["button", "off_duty", "sign_off", "another"])
def test_leaving_gives_it_back(cast: Cast, way: str) -> None:
    number, other = appealed(cast, "W1"), appealed(cast, "W2", 1)
    token = sessions.create(user_id=cast["ccs"].user_id or 0, epoch=0, data={}, now=AT, limits=Limits(HOUR, HOUR))
    take(cast)
    leave: dict[str, Callable[[], Any]] = {
        "button": lambda: appeal_leases.give_back(actor=cast["ccs"]),
        "off_duty": lambda: attendance.set_duty(actor=cast["ccs"], user_id=cast["ccs"].user_id or 0, on=False, now=AT),
        "sign_off": lambda: sessions.end(token),
        "another": lambda: appeal_leases.take(actor=cast["ccs"], number=other, now=AT),
    }
    leave[way]()
    assert take(cast, "ccs-manager") == number


def test_what_waits_for_evidence_stands_behind_the_others_for_an_hour(cast: Cast) -> None:
    first, second = appealed(cast, "W1"), appealed(cast, "W2", 1)
    take(cast)
    appeal_leases.put_off(actor=cast["ccs"], number=first, now=AT)
    assert take(cast, but=first) == second
    assert take(cast, "ccs-manager") == first  # behind, not gone
    appeal_leases.put_off(actor=cast["ccs-manager"], number=first, now=AT)
    appeal_leases.give_back(actor=cast["ccs"])
    assert take(cast, at=AT + HOUR) == first


def test_only_the_one_just_left_does_not_open_again_at_once(cast: Cast) -> None:
    number = appealed(cast, "W1")
    take(cast)
    appeal_leases.put_off(actor=cast["ccs"], number=number, now=AT)
    assert take(cast, but=number) == ""
    assert take(cast) == number


def test_a_ruling_leaves_no_lease_behind(cast: Cast, db_session: Any) -> None:
    appealed(cast, "W1")
    rule(cast, take(cast))
    db_session.rollback()
    assert db_session.scalars(select(AppealLease)).all() == []


def test_the_head_counts_what_waits_is_due_is_late_and_was_ruled_today(cast: Cast, db_session: Any) -> None:
    for n in range(4):
        appealed(cast, f"W{n}", n)
    due = [NOON - HOUR, NOON + HOUR, NOON + 9 * HOUR]
    numbers = [line.number for line in appeal_stream.lines(db_session, cast["ccs"], NOON + 4 * HOUR)]
    for number, at in zip(numbers, due, strict=False):
        change(db_session, number, next_due_at=at)
    rule(cast, numbers[3], at=NOON)
    db_session.rollback()
    assert appeal_stream.head(db_session, cast["ccs"], NOON) == appeal_stream.Head(3, 1, 1, 1)
    tomorrow = NOON + timedelta(hours=12)  # midnight in Shanghai
    assert appeal_stream.head(db_session, cast["ccs"], tomorrow).mine_today == 0


def test_the_list_tells_who_has_which(cast: Cast, db_session: Any) -> None:
    number = appealed(cast, "W1")
    take(cast)
    db_session.rollback()
    (line,) = appeal_stream.lines(db_session, cast["ccs-manager"], AT)
    assert (line.number, line.holder, line.mine) == (number, "ccs", False)
    (line,) = appeal_stream.lines(db_session, cast["ccs"], AT + HOUR)
    assert (line.holder, line.mine) == ("", False)


def test_similar_rulings_are_of_the_category_the_sites_own_first_then_the_provinces(
    cast: Cast, db_session: Any
) -> None:
    def ruled(code: str, hours: float, site: str = "330106-01", category: str = "FALSE_SIGN") -> str:
        number = appealed(cast, code, site=site, category=category)
        rule(cast, number, at=NOON + hours * HOUR, ruling=RulingIn("rejected_close", f"理由 {code}"))
        return number

    old, new = ruled("A", 1), ruled("B", 2)
    near = ruled("C", 3, "330108-01")
    ruled("D", 4, "440305-01")
    ruled("E", 5, category="LOST")
    number = appealed(cast, "W1")
    found = appeal_stream.similar(db_session, cast["ccs"], ticket(db_session, number))
    assert [(one.number, one.same_site) for one in found] == [(new, True), (old, True), (near, False)]
    assert found[0].text == "理由 B"


def test_a_sites_record_counts_ninety_days(cast: Cast, db_session: Any) -> None:
    upheld, rejected, number = appealed(cast, "A"), appealed(cast, "B"), appealed(cast, "W1")
    rule(cast, upheld, ruling=RulingIn("upheld_compensate", "站点未送达"))
    rule(cast, rejected)
    row = ticket(db_session, number)
    assert appeal_stream.record(db_session, row, AT + HOUR) == (1, 2)
    assert appeal_stream.record(db_session, row, AT + timedelta(days=90)) == (0, 0)


def test_the_last_reasons_are_ones_own_differ_and_name_nobody(cast: Cast, db_session: Any) -> None:
    said = ["理由一", "理由二", "理由一", "已致电 13812345678 核实"]
    for n, text in enumerate(said):
        rule(cast, appealed(cast, f"W{n}"), at=AT + n * MINUTE, ruling=RulingIn("rejected_close", text))
    rule(cast, appealed(cast, "X"), "ccs-manager", ruling=RulingIn("rejected_close", "别人的理由"))
    db_session.rollback()
    assert [text for _id, text in appeal_stream.reasons(db_session, cast["ccs"])] == ["理由一", "理由二"]
