"""The bell's table: every line names somebody, and what it reads out of an entry."""

from __future__ import annotations

import pytest

from app.domain import notices
from app.domain.notices import DESK, EVERY_SIDE, KINDS, NAMED, OWNER, PERSON, TOLD, Telling


def test_every_line_says_whom_it_tells_and_fits_its_column():
    assert {telling.whom for telling in TOLD.values()} <= {OWNER, DESK, NAMED, EVERY_SIDE, PERSON}
    assert all(len(kind) <= 16 for kind in KINDS)


@pytest.mark.parametrize(
    ("telling", "data", "told"),
    [
        (Telling("asked", NAMED), {"organisation_id": 7, "code": "x"}, [7]),
        (Telling("asked", NAMED), {}, []),
        (Telling("ruled", EVERY_SIDE), {"shares": [[3, "a", 60], [4, "b", 40], [3, "a", 0]]}, [3, 4]),
        (Telling("refused", DESK), {"organisation_id": 7}, []),
    ],
)
def test_the_organisations_that_an_entry_names(telling, data, told):
    assert notices.organisations(telling, data) == told
