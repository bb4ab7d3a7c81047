"""What the parts say of their entries beside the label: one hook, each kind of entry told by one part."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from flask import Flask

from app.services.ticket_view import Entry
from app.web import language, vocabulary
from tests.cast import NOON

DATA = {
    "auto_assigned": ({"why": "load"}, {"to": "小李"}, "小李"),
    "returned_to_team": ({"why": "off_duty"}, {}, "the owner went off duty"),
    "transferred": ({"site_code": "330108-01"}, {}, "330108-01"),
    "customer_recognised": ({"code": "K-1", "tier": "A"}, {}, "K-1 A"),
    "incident_linked": ({"number": "INC261118-000001"}, {}, "INC261118-000001"),
    "clock_exempted": ({"kind": "resolve", "run": 1, "reason": "force_majeure"}, {}, "Force majeure"),
}


def entry(kind: str, data: dict[str, Any], text: dict[str, Any]) -> Entry:
    return Entry(1, kind, NOON, "system", "", None, data, text, 1)


@pytest.mark.parametrize("kind", DATA)
def test_a_line_of_the_thread_comes_from_the_part_that_the_entry_belongs_to(app: Flask, kind: str) -> None:
    data, text, said = DATA[kind]
    with app.test_request_context():
        language.choose("en")
        assert said in vocabulary.line(entry(kind, data, text))


def test_what_no_part_knows_has_nothing_beside_its_label() -> None:
    assert vocabulary.line(entry("clock_started", {}, {})) == ""


def test_no_kind_of_entry_is_told_by_two_parts() -> None:
    told = Counter(kind for part in vocabulary.PARTS for kind in getattr(part, "LINES", ()))
    assert [kind for kind, n in told.items() if n > 1] == [] and set(DATA) <= set(told)
