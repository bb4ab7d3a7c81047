"""An audit stays with the province that had the site's ticket, though the ticket or the site is another's by now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.errors import NotFound
from app.models import Audit, Organisation
from app.services import appeals, audit_leases, audit_view, ticket_view
from app.services.appeals import RulingIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, tell, ticket
from tests.services.audit_steps import DAY, MORNING, UNTRUE, answered, audit_of, draw, mark
from tests.services.ending_steps import change, events

HOUR = timedelta(hours=1)
FIRST, OTHER = "330106-01", "440305-01"


def passed_on(cast: Cast, session: Any) -> str:
    """A result of the first site that the customer rejects; headquarters gives the ticket to another province's site."""
    number = answered(cast)
    tell(cast, "REJECT", "W1", now=NOON + HOUR)
    ruling = RulingIn("upheld_other_site", "由派件站点处理", OTHER)
    appeals.rule(actor=cast["ccs"], post=post(number), ruling=ruling, now=NOON + 2 * HOUR)
    draw(session)
    return number


def site_moved(cast: Cast, session: Any) -> str:
    """A closed ticket of the first site, which comes under another province before the draw."""
    number = answered(cast)
    change(session, number, state="closed", closed_at=NOON + HOUR, queue="done")
    with write() as writing:
        moved = update(Organisation).where(Organisation.code == FIRST)
        writing.execute(moved.values(province_id=cast.places["44"], parent_id=cast.places["44"]))
    draw(session)
    return number


def lines(cast: Cast, session: Any, who: str) -> list[str]:
    session.rollback()
    return [line.number for line in audit_view.lines(session, cast[who])]


@pytest.mark.parametrize("gone", [passed_on, site_moved])
def test_the_province_that_had_it_audits_and_nobody_else(cast: Cast, db_session: Any, gone: Any) -> None:
    number = gone(cast, db_session)
    audit = audit_of(db_session, number)
    assert audit.province_id == cast.places["33"]
    assert (lines(cast, db_session, "lcs"), lines(cast, db_session, "lcs-2")) == ([number], [])
    assert number not in lines(cast, db_session, "ccs-manager")
    assert audit_view.head(db_session, cast["lcs"], MORNING).waiting == 1
    assert audit_view.head(db_session, cast["lcs-2"], MORNING).waiting == 0
    assert audit_leases.take_next(actor=cast["lcs-2"], now=MORNING) == 0
    assert audit_leases.take_next(actor=cast["lcs"], now=MORNING) == audit.id
    assert ticket_view.view(db_session, cast["lcs"], number).ticket.id == audit.ticket_id
    with pytest.raises(NotFound):
        mark(cast, audit, who="lcs-2")
    assert mark(cast, audit)


@pytest.mark.parametrize("gone", [passed_on, site_moved])
def test_coverage_counts_result_and_audit_under_the_same_province(cast: Cast, db_session: Any, gone: Any) -> None:
    mark(cast, audit_of(db_session, gone(cast, db_session)))
    found = {line.province.code: line for line in audit_view.agreement(db_session, cast["ccs"], "2026-11")}
    assert [(code, line.results, line.drawn, line.marked) for code, line in found.items()] == [("33", 1, 1, 1)]


def test_an_untruthful_reply_brings_no_work_to_a_site_that_did_not_give_it(cast: Cast, db_session: Any) -> None:
    number = passed_on(cast, db_session)
    change(db_session, number, state="closed", closed_at=MORNING, queue="done")
    mark(cast, audit_of(db_session, number), UNTRUE)
    said = events(db_session, number, "audited")[0].data
    assert (said["site_id"], said.get("reopened")) == (cast.places[FIRST], None)
    assert ticket(db_session, number).state == "closed"


def test_the_tickets_page_shows_the_marks_that_the_readers_list_has(cast: Cast, db_session: Any) -> None:
    number = passed_on(cast, db_session)
    mark(cast, audit_of(db_session, number), UNTRUE)
    for who, seen in (("site", True), ("lcs", True), ("ccs", True), ("site-3", False), ("lcs-2", False)):
        db_session.rollback()
        listed = [line.number for line in audit_view.page(db_session, cast[who], "")]
        shown = ticket_view.view(db_session, cast[who], number).parts["audits"]
        assert (listed == [number], bool(shown)) == (seen, seen), who


def test_an_audit_of_a_province_that_cannot_see_the_ticket_is_not_marked(cast: Cast, db_session: Any) -> None:
    number = answered(cast)
    draw(db_session, DAY)
    audit = audit_of(db_session, number)
    with write() as session:
        session.execute(update(Audit).where(Audit.id == audit.id).values(province_id=cast.places["44"]))
    assert lines(cast, db_session, "lcs-2") == []
    with pytest.raises(NotFound):
        mark(cast, audit.id, who="lcs-2")
    assert db_session.scalars(select(Audit.marked_at)).one() is None
