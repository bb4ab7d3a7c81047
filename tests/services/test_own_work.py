"""Nobody rules on what they wrote or acted in (rulebook 3.13), not in another role and not in the same one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed
from app.models import Ticket
from app.services import acting, appeals, categories, contacts, replies, transfers
from app.services.appeals import RulingIn
from app.services.transaction import write
from app.services.transfers import ReturnIn
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import FINE, answer
from tests.services.party_steps import HOUR, at_court, rule

CLOSE = RulingIn("rejected_close", "站点处理无误")


def promoted(cast: Cast, who: str, role: str) -> None:
    """The person `who` works in another role from now on, under the name "promoted"."""
    cast.people["promoted"] = replace(cast[role], user_id=cast[who].user_id)


def own_work(verb) -> None:
    with pytest.raises(NotAllowed) as refused:
        verb()
    assert refused.value.code == "own_work"


def ruled(cast: Cast, number: str, who: str, hours: int = 3) -> None:
    appeals.rule(actor=cast[who], post=post(number), ruling=CLOSE, now=NOON + hours * HOUR)


def test_who_answered_the_complaint_does_not_rule_on_the_appeal_at_headquarters(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    tell(cast, "REJECT")
    promoted(cast, "site", "ccs")
    own_work(lambda: ruled(cast, number, "promoted"))
    ruled(cast, number, "ccs")
    assert ticket(db_session, number).state == "closed"


def test_headquarters_that_worked_a_ticket_itself_rules_by_a_colleague(cast: Cast, db_session) -> None:
    number = push(cast)
    with write() as session:  # the desk that keeps a ticket of the tray answers it
        session.scalars(select(Ticket).where(Ticket.number == number)).one().acting_id = cast.places["HQ"]
    replies.result(actor=cast["ccs"], post=post(number), answer=FINE, now=NOON)
    tell(cast, "REJECT")
    own_work(lambda: ruled(cast, number, "ccs"))
    ruled(cast, number, "ccs-manager")


def test_an_appeal_against_a_ruling_is_ruled_by_somebody_else(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    tell(cast, "REJECT")
    ruled(cast, number, "ccs")
    tell(cast, "REJECT", key="again", at=NOON + 4 * HOUR, now=NOON + 4 * HOUR)
    assert ticket(db_session, number).state == "appealed"
    own_work(lambda: ruled(cast, number, "ccs", 5))
    ruled(cast, number, "ccs-manager", 5)


def test_a_new_answer_after_a_ruling_may_go_to_the_same_person(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    tell(cast, "REJECT")
    back = RulingIn("upheld_return", "请重新核实")
    appeals.rule(actor=cast["ccs"], post=post(number), ruling=back, now=NOON + HOUR)
    answer(cast, number, NOON + 2 * HOUR)
    tell(cast, "REJECT", key="again", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    ruled(cast, number, "ccs", 4)


def test_a_ruling_has_the_length_of_a_text(cast: Cast, db_session) -> None:
    number = push(cast)
    answer(cast, number)
    tell(cast, "REJECT")
    with pytest.raises(Invalid) as wrong:
        appeals.rule(
            actor=cast["ccs"], post=post(number), ruling=RulingIn("rejected_close", "长" * 2001), now=NOON + HOUR
        )
    assert wrong.value.fields == {"text": "too_long"}


def test_who_called_the_customer_for_the_site_does_not_rule_on_its_dispute(cast: Cast, db_session) -> None:
    number = at_court(cast)
    acting.act_for(actor=cast["lcs"], post=post(number), now=NOON + 2 * HOUR)
    called = contacts.start(actor=cast["lcs"], post=post(number), now=NOON + 2 * HOUR)
    contacts.end(
        actor=cast["lcs"], post=post(number), contact_id=called.contact_id, outcome="reached_accepts", answers={},
        now=NOON + 2 * HOUR,
    )  # fmt: skip
    halves: dict[str, int | None] = {"330106-01": 50, "330108-01": 50}
    own_work(lambda: rule(cast, number, halves, "lcs"))
    rule(cast, number, halves, "lcs-manager")


def test_who_returned_a_ticket_does_not_rule_on_the_return_from_another_desk(cast: Cast, db_session) -> None:
    number = push(cast)
    transfers.give_up(actor=cast["site"], post=post(number), asked=ReturnIn("outside_area", "不在片区"), now=NOON)
    promoted(cast, "site", "lcs")
    refusal = transfers.RulingIn("refuse", "在你片区")
    own_work(lambda: transfers.rule(actor=cast["promoted"], post=post(number), ruling=refusal, now=NOON + HOUR))
    transfers.rule(actor=cast["lcs"], post=post(number), ruling=refusal, now=NOON + HOUR)


def test_who_asked_for_an_easier_category_does_not_consent_to_it(cast: Cast, db_session) -> None:
    number = push(cast, category="LOST")
    categories.correct(actor=cast["site"], post=post(number), category="OTHER", reason="并未遗失", now=NOON)
    assert ticket(db_session, number).category_wanted == "OTHER"
    promoted(cast, "site", "lcs")
    own_work(
        lambda: categories.consent(actor=cast["promoted"], post=post(number), agreed=True, reason="", now=NOON + HOUR)
    )
    categories.consent(actor=cast["lcs"], post=post(number), agreed=True, reason="", now=NOON + HOUR)
