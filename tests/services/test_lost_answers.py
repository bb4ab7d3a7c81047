"""A form that was stored, and whose answer was lost, comes again: it gives what was stored, whatever has come since."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.errors import Stale
from app.models import Submission
from app.services import replies
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.ending_steps import FINE

MIN = timedelta(minutes=1)


def test_a_result_that_comes_again_after_the_customer_spoke_is_the_stored_one(cast: Cast, db_session) -> None:
    number = push(cast, "W1")
    form = post(number, "pressed-once", ticket(db_session, number).version)
    first = replies.result(actor=cast["site"], post=form, answer=FINE, now=NOON)
    tell(cast, "SATISFIED", now=NOON + MIN)
    again = replies.result(actor=cast["site"], post=form, answer=FINE, now=NOON + 2 * MIN)
    assert again.repeated and again.event_id == first.event_id
    assert db_session.query(Submission).count() == 1


def test_a_form_that_was_never_stored_is_stale_after_the_customer_spoke(cast: Cast, db_session) -> None:
    number = push(cast, "W1")
    form = post(number, "never-arrived", ticket(db_session, number).version)
    tell(cast, "URGE", now=NOON + MIN)
    with pytest.raises(Stale):
        replies.result(actor=cast["site"], post=form, answer=FINE, now=NOON + 2 * MIN)
