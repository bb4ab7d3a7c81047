"""The log of switches by PIN: managers read it within their area, page by page, refused tries apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import NotAllowed
from app.models import SwitchLog
from app.models.ids import new_id
from app.services import switch_log
from app.services.switch_log import Filters
from app.services.transaction import write
from tests import cast as company
from tests.cast import NOON, Cast

READERS = {"site-manager": {"330106-01"}, "lcs-manager": {"330106-01", "330108-01", "33"}}
EVERYWHERE = {"330106-01", "330108-01", "440305-01", "33", "HQ"}


@pytest.fixture
def cast(db_session: Any) -> Cast:
    """The smallest company, and a switch and a refused one of somebody in each house."""
    made = company.begin()
    with write() as session:
        for n, who in enumerate(("site", "site-2", "site-3", "lcs", "ccs")):
            for outcome in ("wrong", "switched"):
                actor = made[who]
                session.add(SwitchLog(
                    id=new_id(), device_id=n, from_id=actor.user_id, to_id=actor.user_id, outcome=outcome,
                    organisation_id=actor.organisation_id, province_id=actor.province_id, at=NOON + timedelta(minutes=n),
                ))  # fmt: skip
    return made


@pytest.mark.parametrize("who", ["site-manager", "lcs-manager", "ccs-manager", "admin"])
def test_a_manager_reads_of_the_own_area_and_of_no_other(cast: Cast, db_session: Any, who: str) -> None:
    rows = switch_log.page(db_session, cast[who], Filters())
    assert {line.house.code for _id, line in rows} == READERS.get(who, EVERYWHERE)
    assert len(rows) == 2 * len(READERS.get(who, EVERYWHERE))
    assert switch_log.count(db_session, cast[who], Filters(), 2**62, 100) == len(rows)
    other = switch_log.page(db_session, cast[who], Filters(organisation="440305-01"))
    assert bool(other) is (who in ("ccs-manager", "admin"))


@pytest.mark.parametrize("who", ["site", "lcs", "ccs"])
def test_nobody_below_a_manager_reads_it(cast: Cast, db_session: Any, who: str) -> None:
    with pytest.raises(NotAllowed):
        switch_log.page(db_session, cast[who], Filters())
    with pytest.raises(NotAllowed):
        switch_log.count(db_session, cast[who], Filters(), 2**62, 100)


def test_refused_tries_stand_apart_from_those_that_took_over(cast: Cast, db_session: Any) -> None:
    for outcome, kept in (("switched", {"switched"}), ("refused", {"wrong"})):
        rows = switch_log.page(db_session, cast["admin"], Filters(outcome))
        assert {line.outcome for _id, line in rows} == kept and len(rows) == 5


def test_its_pages_follow_each_other_from_the_newest_on(cast: Cast, db_session: Any) -> None:
    found: list[int] = []
    before: int | None = None
    while rows := switch_log.page(db_session, cast["lcs-manager"], Filters(), before, limit=4):
        found += [row_id for row_id, _line in rows[:4]]
        before = found[-1]
    assert found == sorted(found, reverse=True) and len(set(found)) == 6
