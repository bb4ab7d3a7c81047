"""English says "1 entry" and "2 entries"; Chinese has one form."""

from __future__ import annotations

import pytest

from app.web import plural
from app.web.context import Words
from app.web.formatting import Formatter
from tests.cast import NOON

pytestmark = pytest.mark.engine_free  # words alone


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("%(n)s entries", "1 entry"), ("%(n)s new tickets and nobody signed in", "1 new ticket and nobody signed in"),
        ("%(n)s days have no tickets yet", "1 day has no tickets yet"), ("%(n)s min", "1 min"),
        ("On %(n)s tickets of your area:", "On 1 ticket of your area:"), ("%(n)s telephone numbers shown", "1 telephone number shown"),
    ],
)  # fmt: skip
def test_one_of_something_is_said_of_one(many: str, one: str) -> None:
    english = Words(lambda text: text, "en", Formatter(english=True, now=NOON))
    assert english.say(many, n=1) == one
    assert english.say(many, n=2) == many % {"n": 2} and english.say(many, n=11) == many % {"n": 11}


def test_chinese_is_left_alone() -> None:
    assert Words(lambda text: "%(n)s tickets", "zh", Formatter(english=False, now=NOON)).say("x", n=1) == "1 tickets"


def test_a_text_without_a_number_stays_as_it_is() -> None:
    assert plural.one("All tickets") == "All tickets"
