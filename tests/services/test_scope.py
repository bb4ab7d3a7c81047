"""The scope is a condition on each row, wherever in a statement it stands."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.models import Ticket
from app.services.scope import one_by_one, visible_to
from tests.cast import Cast, push


@pytest.mark.parametrize("asked", [visible_to, lambda actor: one_by_one(visible_to(actor))], ids=["plain", "by row"])
@pytest.mark.parametrize(
    ("who", "seen"), [("site", "A"), ("site-3", "B"), ("lcs", "A"), ("lcs-2", "B"), ("ccs", "AB"), ("admin", "")]
)
def test_nobody_sees_more_because_another_ticket_is_theirs(
    cast: Cast, db_session: Any, asked: Any, who: str, seen: str
) -> None:
    numbers = {
        "A": push(cast, "A", waybill="YT0000000000001"),
        "B": push(cast, "B", site="440305-01", waybill="YT0000000000002"),
    }
    found = set(db_session.scalars(select(Ticket.number).where(asked(cast[who]))))
    assert found == {numbers[one] for one in seen}
