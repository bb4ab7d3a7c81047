"""The demo's tickets, played once for all tests here: they went through the real services and look like real work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.domain.lifecycle import STATES
from app.extensions import db
from app.models import Category, Closure, Event, Organisation, Outbox, Publication, Ticket, WorkItem
from app.models import Counter as Kept
from app.services import demo, demo_stories, duty, journal, scans, scorecards

pytestmark = [
    pytest.mark.sqlite_only,
    pytest.mark.thorough,
]  # the demo is an embedded database; its services run on both elsewhere

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def played(app: Flask) -> Iterator[Any]:
    """The session of a portal into which the whole demo was loaded."""
    with app.app_context():
        demo.load(now=NOW, callback_url="http://127.0.0.1:9/callback")
        yield db.session
    app.extensions["test_cleaner"].clean()


def test_there_are_tickets_in_every_state_and_category(played) -> None:
    complaints = select(func.count()).select_from(Ticket).where(Ticket.kind == "complaint")
    assert played.scalar(complaints) == len(demo_stories.stories(NOW)) >= 25
    assert set(played.scalars(select(Ticket.state))) == set(STATES)
    assert set(played.scalars(select(Ticket.category).where(Ticket.kind == "complaint"))) == set(
        played.scalars(select(Category.code).where(Category.kind == "complaint"))
    )


def test_each_site_has_open_work_and_some_is_overdue(played) -> None:
    rows = played.execute(
        select(Organisation.code, WorkItem.overdue).join(Organisation, Organisation.id == WorkItem.scope)
    )
    work = Counter((code, overdue) for code, overdue in rows)
    assert all(work[code, False] for code in ("330106-01", "330108-01", "440305-01"))
    assert work["330106-01", True] and work["440305-01", True]


def test_every_queue_of_the_first_site_has_something_in_it(played) -> None:
    site = played.scalars(select(Organisation.id).where(Organisation.code == "330106-01")).one()
    kept = {row.queue: row.n for row in played.scalars(select(Kept).where(Kept.scope == site))}
    assert all(
        kept.get(name, 0) > 0 for name in ("todo", "to_accept", "working", "returned", "replied", "appealed", "overdue")
    )


def test_the_desks_between_sites_have_work_too_a_return_to_rule_on_an_answer_to_give_and_a_cry_for_help(played) -> None:
    rows = played.execute(
        select(Organisation.code, WorkItem.queue).join(Organisation, Organisation.id == WorkItem.scope)
    )
    seen = {(code, queue) for code, queue in rows}
    assert {("33", "to_rule"), ("33", "help"), ("330108-01", "to_answer")} <= seen


def test_the_first_site_has_couriers_somebody_on_duty_and_a_neighbour_that_closes_soon(played) -> None:
    site = played.scalars(select(Organisation.id).where(Organisation.code == "330106-01")).one()
    assert len(duty.couriers(played, site)) == 3
    assert len(duty.shifts(played, site)) == 7
    assert played.scalars(select(Closure.deputy_id)).one() == site


def test_each_site_has_expedites_and_problem_parcels_at_work_and_ended(played) -> None:
    rows = played.execute(
        select(Organisation.code, Ticket.kind, Ticket.state).join(
            Organisation, Organisation.id == Ticket.handling_site_id
        )
    )
    seen = {tuple(row) for row in rows}
    for kind in ("expedite", "problem"):
        assert {("330106-01", kind, "in_progress"), ("330106-01", kind, "closed")} <= seen
        assert ("330108-01", kind, "in_progress") in seen
    assert played.scalar(select(func.max(Ticket.repeat_count)).where(Ticket.kind == "expedite")) == 2


def test_questions_wait_at_the_province_and_at_headquarters_and_one_became_an_article(played) -> None:
    asked = played.execute(
        select(Organisation.code, Ticket.state)
        .join(Organisation, Organisation.id == Ticket.acting_id)
        .where(Ticket.category == "CONSULT")
    )
    assert {tuple(row) for row in asked} >= {("33", "in_progress"), ("33", "closed"), ("HQ", "in_progress")}
    made = select(Publication.kind, Publication.ticket_id.is_not(None)).where(Publication.current_id.is_not(None))
    assert Counter(tuple(row) for row in played.execute(made)) == {
        ("rule", False): 1, ("article", False): 2, ("article", True): 1,
    }  # fmt: skip


def test_praise_is_with_the_site_that_earned_it(played) -> None:
    rows = played.execute(
        select(Organisation.code)
        .join(Ticket, Ticket.handling_site_id == Organisation.id)
        .where(Ticket.category == "PRAISE")
    )
    assert [code for (code,) in rows] == ["330106-01"]


def test_both_trays_hold_a_ticket_with_its_reason(played) -> None:
    rows = list(played.scalars(select(Ticket).where(Ticket.queue == "tray")))
    assert {row.tray_reason for row in rows} == {"unknown_site"}
    assert {row.province_id is None for row in rows} == {True, False}


def test_the_months_of_the_first_site_have_enough_cases_for_a_score(played) -> None:
    counts = {(row["site"], row["month"]): row for row in scorecards.all_facts(now=NOW)["sites"]}
    for month in ("2026-10", "2026-11"):
        own = counts["330106-01", month]
        assert own["first_reply_due"] >= 5 and own["resolve_due"] >= 5 and own["upheld"] >= 1
        assert 0 < own["first_reply_in_time"] < own["first_reply_due"]


def test_every_ticket_has_a_whole_chain_and_nothing_happens_after_now(played) -> None:
    ids = list(played.scalars(select(Ticket.id)))
    assert all(journal.verify(played, ticket_id) is None for ticket_id in ids)
    assert played.scalar(select(func.max(Event.at))) <= NOW


def test_nothing_old_is_left_to_be_sent_and_one_answer_was_refused(played) -> None:
    states = Counter(tuple(row) for row in played.execute(select(Outbox.kind, Outbox.state)))
    assert set(states) == {("callback", "sent"), ("callback", "failed"), ("sms", "sent")}
    assert states["callback", "failed"] == 1
    assert played.scalar(select(func.count()).select_from(Outbox).where(Outbox.next_try_at.is_not(None))) == 0


def test_parcels_have_their_trace(played) -> None:
    waybill = played.scalars(
        select(Ticket.waybill).where(Ticket.category == "FALSE_SIGN", Ticket.handling_site_id.is_not(None))
    ).first()
    line = scans.trace(played, waybill)
    assert [line[0].scan_type, line[-1].scan_type] == ["SIGN", "COLLECT"]
    assert all(row.organisation_name for row in line)


@pytest.mark.parametrize("now", [NOW, datetime(2026, 3, 1, 16, 5, tzinfo=UTC)])
def test_stories_begin_in_the_past_and_their_steps_are_in_order(now: datetime) -> None:
    for story in demo_stories.stories(now):
        assert now - timedelta(days=60) < story.opened_at < now
        times = [at for at, _, _ in story.steps]
        assert times == sorted(times)
    codes = [story.order_code for story in demo_stories.stories(now)]
    waybills = [story.waybill for story in demo_stories.stories(now)]
    assert len(set(codes)) == len(set(waybills)) == len(codes)


def test_every_offered_answer_can_be_filled_in() -> None:
    for category in ("FALSE_SIGN", "LOCKER", "LOST", "CHARGE", "OTHER"):
        value, fields = demo_stories.filled(category)
        assert value and all(fields.values())
