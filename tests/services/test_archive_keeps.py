"""What somebody still needs does not go to the archive, and each reason is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.domain.calendars import month_bounds
from app.extensions import db
from app.models import (
    Appeal,
    ArchiveHold,
    Attachment,
    Audit,
    Clock,
    EvidenceOrder,
    Inbox,
    Incident,
    Outbox,
    PartyCase,
    Pause,
    Penalty,
    PenaltyContest,
    PenaltyDue,
    Promise,
    Rectification,
    Survey,
    Ticket,
    Transfer,
    WorkItem,
)
from app.services import (
    archive,
    archive_rules,
)
from app.services.transaction import write
from tests.cast import Cast, ticket
from tests.services.archive_steps import (
    AT,
    KEEP,
    LATER,
    MONTHS,
    ended,
    freeze,
    held,
    long_ago,
    run,
    settle,
)
from tests.tools import lists

# --- what keeps a ticket ---


def _open(name: str) -> Callable[[Cast, Any, Ticket], None]:
    def change(cast: Cast, session: Any, row: Ticket) -> None:
        values: dict[str, Any] = KEEPING[name][1]
        session.execute(update(KEEPING[name][0]).where(KEEPING[name][0].ticket_id == row.id).values(**values))

    return change


KEEPING: dict[str, tuple[Any, dict[str, Any]]] = {
    "clock": (Clock, {"state": "running", "stopped_at": None}),
    "outbox": (Outbox, {"state": "failed", "kind": "callback"}),
    "survey": (Survey, {"remind_at": LATER}),
}


def _added(make: Callable[[Cast, Ticket], Any]) -> Callable[[Cast, Any, Ticket], None]:
    return lambda cast, session, row: session.add(make(cast, row))


def _penalty(cast: Cast, row: Ticket, state: str) -> Penalty:
    return Penalty(
        rule="reply_late", rule_version=1, ticket_id=row.id, occurrence=state, organisation_id=row.handling_site_id,
        month="2026-11", decided_at=AT, full_fen=1, amount_fen=1, state=state, event_ids=[], created_at=AT,
    )  # fmt: skip


def _item(cast: Cast, row: Ticket) -> WorkItem:
    return WorkItem(
        scope=0, ticket_id=row.id, due_at=AT, activity_at=AT, queue="working", category="LOST", state="closed"
    )


def _evidence(cast: Cast, row: Ticket) -> EvidenceOrder:
    return EvidenceOrder(
        ticket_id=row.id, organisation_id=row.handling_site_id, event_id=1, due_at=AT, ordered_at=AT,
        ordered_by_id=cast["lcs"].user_id,
    )  # fmt: skip


def _transfer(cast: Cast, row: Ticket) -> Transfer:
    return Transfer(
        ticket_id=row.id, from_site_id=row.handling_site_id, reason="x", court_id=0, event_id=1, raised_at=AT,
        raised_by_id=cast["site"].user_id,
    )  # fmt: skip


def _audit(cast: Cast, row: Ticket) -> Audit:
    return Audit(ticket_id=row.id, result_event_id=1, site_id=row.handling_site_id, reason="sample", day=AT.date())


def _incident(cast: Cast, session: Any, row: Ticket) -> None:
    session.add(Incident(id=5, number="SJ1", title="x", kind="x", opened_at=AT, opened_by_id=cast["lcs"].user_id))
    session.flush()
    row.incident_id = 5


def _court(cast: Cast, session: Any, row: Ticket) -> None:
    session.add(ArchiveHold(ticket_id=row.id, reason="court", set_at=AT))


def _contested(cast: Cast, session: Any, row: Ticket) -> None:
    paid = _penalty(cast, row, "confirmed")
    paid.id = 77
    session.add(paid)
    session.flush()
    session.add(PenaltyContest(
        penalty_id=77, ticket_id=row.id, organisation_id=row.handling_site_id, reason="customer", court_id=0, event_id=1,
        raised_by_id=cast["site"].user_id, raised_at=AT, due_at=AT,
    ))  # fmt: skip


def _set(**values: Any) -> Callable[[Cast, Any, Ticket], None]:
    def change(cast: Cast, session: Any, row: Ticket) -> None:
        for name, value in values.items():
            setattr(row, name, value)

    return change


REASONS: dict[str, Callable[[Cast, Any, Ticket], None]] = {
    **{name: _open(name) for name in KEEPING},
    "penalty": _added(lambda cast, row: _penalty(cast, row, "contested")),
    "work_item": _added(_item),
    "evidence": _added(_evidence),
    "transfer": _added(_transfer),
    "audit": _added(_audit),
    "contest": _contested,
    "incident": _incident,
    "hold": _court,
    "ledger": _added(lambda cast, row: PenaltyDue(ticket_id=row.id, try_at=AT)),
    "promise": _added(lambda cast, row: Promise(ticket_id=row.id, what="x", due_at=AT)),
    "appeal": _added(lambda cast, row: Appeal(ticket_id=row.id, opened_at=AT)),
    "pause": _added(lambda cast, row: Pause(ticket_id=row.id, reason="customer", started_at=AT, ends_at=AT)),
    "party_case": _added(
        lambda cast, row: PartyCase(ticket_id=row.id, organisation_id=row.handling_site_id, added_at=AT)
    ),
    "rectification": _added(
        lambda cast, row: Rectification(
            number="ZG1",
            key="x",
            organisation_id=row.handling_site_id,
            ticket_id=row.id,
            grounds=[],
            asked_at=AT,
            due_at=AT,
        )
    ),
    "picture": _added(
        lambda cast, row: Attachment(ticket_id=row.id, store_name="x", origin="platform", next_try_at=AT, created_at=AT)
    ),
    "message": _added(
        lambda cast, row: Inbox(
            connection_id=cast.connection_id,
            msg_type="WORK_ORDER_URGE",
            order_code="W1",
            event_key="k",
            received_at=AT,
            sha256="0",
            body=b"",
            state="waiting",
        )
    ),
    "exemption": _set(malicious="asked"),
    "regulator": _set(flags=["regulator"]),
    "month_open": _set(activity_at=datetime(2026, 12, 2, tzinfo=UTC)),
    "not_ended": _set(state="replied"),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", sorted(REASONS))
def test_what_somebody_still_needs_keeps_it_and_is_said(cast: Cast, db_session: Any, name: str) -> None:
    (number,) = long_ago(cast)
    with write() as session:
        REASONS[name](cast, session, session.scalars(select(Ticket).where(Ticket.number == number)).one())
    row = ticket(db_session, number)
    before = archive_rules.boundary(db_session, KEEP, LATER)
    assert archive_rules.why(db_session, row, before) == [name]
    assert run().moved == 0 and held(db_session, number) is None


def test_every_reason_is_tried() -> None:
    assert set(REASONS) == set(archive_rules.reasons()) | {"month_open", "not_ended"}


def test_a_month_that_the_next_freeze_looks_at_again_keeps_its_tickets(cast: Cast, db_session: Any) -> None:
    ended(cast)
    settle()
    freeze(cast, MONTHS[:2])
    assert archive_rules.boundary(db_session, KEEP, LATER) is None and run().moved == 0
    freeze(cast, MONTHS[2:3])
    assert run().moved == 0  # November is the third
    freeze(cast, MONTHS[3:])
    assert archive_rules.boundary(db_session, KEEP, LATER) == month_bounds("2026-12")[0]
    assert run().moved == 1


def test_no_ticket_is_younger_than_the_months_that_are_set(cast: Cast, db_session: Any) -> None:
    long_ago(cast)
    assert archive.run(months=9, now=LATER).moved == 0  # the ninth month before August is November
    with pytest.raises(ValueError):
        archive.run(months=5, now=LATER)
    assert archive.due(db_session, 8, LATER) == 1


def test_what_is_due_is_found_by_its_index_and_not_among_all_tickets(db_session: Any) -> None:
    with lists.overheard(db.engine) as said:
        db_session.execute(archive_rules.candidates(LATER).limit(200)).all()
    if db_session.get_bind().dialect.name == "postgresql":  # an empty table is read as a whole otherwise
        db_session.execute(text("SET LOCAL enable_seqscan = off"))
        db_session.execute(text("SET LOCAL enable_bitmapscan = off"))
    assert "ix_ticket_to_archive" in lists.plan_of(db_session, said[0])
    db_session.rollback()
