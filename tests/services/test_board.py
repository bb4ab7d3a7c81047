"""The province board: its numbers are those of the lists behind them, and it shows what waits for the desk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from app.domain import search as words
from app.domain.errors import Invalid, NotFound
from app.models import Counter, Inflow, Organisation, SiteHelper, User, WorkItem
from app.services import (
    board,
    categories,
    helping,
    inflow,
    parties,
    queue,
    recounts,
    replies,
    search,
    silent_sites,
    site_helpers,
    superior,
    sweep,
    transfers,
)
from app.services.board import Board, Site
from app.services.queue import Filters
from app.services.replies import ResultIn
from app.services.transaction import write
from app.services.transfers import ReturnIn
from tests import cast as stage
from tests.cast import NOON, Cast, post, push, ticket

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
FINE = ResultIn(text="已重新派送到您手中", contact_outcome="reached_accepts")


def look(cast: Cast, session: Any, now: datetime = NOON) -> Board:
    session.rollback()
    return board.of(session, cast.places["33"], now)


def line(cast: Cast, session: Any, code: str = "330106-01", now: datetime = NOON) -> Site:
    return next(site for site in look(cast, session, now).sites if site.code == code)


def listed(cast: Cast, session: Any, now: datetime = NOON, who: str = "lcs", **asked: Any) -> list[str]:
    session.rollback()
    return [row.number for row in queue.page(session, cast[who], Filters(**asked), now).rows]


def seen(cast: Cast, who: str, at: datetime | None) -> None:
    with write() as session:
        session.execute(update(User).where(User.id == cast[who].user_id).values(last_seen_at=at))


# --- the heat table ---


def test_the_board_has_the_sites_of_the_province_and_no_other(cast: Cast, db_session: Any) -> None:
    assert [site.code for site in look(cast, db_session).sites] == ["330106-01", "330108-01"]


def test_every_number_is_that_of_the_list_to_which_its_cell_leads(cast: Cast, db_session: Any) -> None:
    numbers = [push(cast, f"W{n}", now=NOON - n * 10 * MIN) for n in range(5)]
    push(cast, "X1", site="330108-01")
    stage.tell(cast, "URGE", "W0")
    superior.urge_site(actor=cast["lcs"], post=post(numbers[1]), now=NOON)
    sweep.run(db_session, NOON)
    site = line(cast, db_session)
    for queue_name in ("all", "overdue", "due_soon", "returned", "urged"):
        found = listed(cast, db_session, queue=queue_name, site="330106-01")
        assert site.counts.get(queue_name, 0) == len(found), queue_name
    assert site.counts["all"] == 5 and site.counts["overdue"] > 0 and site.counts["due_soon"] > 0
    assert site.counts["urged"] == 2
    assert line(cast, db_session, "330108-01").counts["all"] == 1


def test_what_is_due_soon_is_counted_up_to_a_hundred(
    cast: Cast, db_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MOST", 3)
    for n in range(5):
        push(cast, f"W{n}")
    assert line(cast, db_session).counts["due_soon"] == 3


def test_an_answer_ends_the_urge_in_list_and_counter(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    stage.tell(cast, "URGE")
    assert listed(cast, db_session, queue="urged", who="site") == [number]
    replies.result(actor=cast["site"], post=post(number), answer=FINE, now=NOON + MIN)
    assert line(cast, db_session).counts["urged"] == 0
    assert listed(cast, db_session, queue="urged", who="site") == []


def test_the_reconcile_finds_the_kept_numbers_right(cast: Cast, db_session: Any) -> None:
    for n in range(3):
        push(cast, f"W{n}")
        stage.tell(cast, "URGE", f"W{n}")
    site = cast.places["330106-01"]
    kept = {row.queue: row.n for row in db_session.scalars(select(Counter).where(Counter.scope == site))}
    with write() as session:
        recounts.recount(session, sites=True)
    db_session.rollback()
    again = {row.queue: row.n for row in db_session.scalars(select(Counter).where(Counter.scope == site))}
    assert kept == again and again["urged"] == 3


def test_nobody_signed_in_counts_twenty_minutes_of_service_time(cast: Cast, db_session: Any) -> None:
    assert line(cast, db_session).gone and line(cast, db_session).seen_at is None
    seen(cast, "site", NOON)
    assert not line(cast, db_session, now=NOON + 20 * MIN).gone
    later = line(cast, db_session, now=NOON + 21 * MIN)
    assert later.gone and later.seen_at == NOON
    seen(cast, "site-manager", NOON + 21 * MIN)
    assert not line(cast, db_session, now=NOON + 22 * MIN).gone


# --- what waits for the desk ---


def test_a_silent_sites_alarm_stands_on_the_board_until_somebody_looks_into_it(cast: Cast, db_session: Any) -> None:
    push(cast)
    push(cast, "X3", site="440305-01")
    silent_sites.watch(db_session, NOON + HOUR)
    found = look(cast, db_session, NOON + HOUR)
    assert [row.code for row in found.alarms.first] == ["330106-01"] and found.alarms.n == 1
    assert [site.code for site in found.sites if site.silent] == ["330106-01"]


def test_disputes_returns_and_consents_are_counted_apart_and_help_names_the_site(cast: Cast, db_session: Any) -> None:
    returned, consent, help_ = push(cast, "W1"), push(cast, "W2", category="LOST"), push(cast, "W3")
    transfers.give_up(actor=cast["site"], post=post(returned), asked=ReturnIn("outside_area", "不在派送范围"), now=NOON)
    categories.correct(actor=cast["site"], post=post(consent), category="OTHER", reason="只是晚到", now=NOON)
    helping.ask_help(actor=cast["site"], post=post(help_), text="人手不够", now=NOON)
    found = look(cast, db_session)
    assert {kind: waiting.n for kind, waiting in found.rulings.items()} == {"dispute": 0, "transfer": 1, "consent": 1}
    assert found.rulings["transfer"].first[0].number == returned
    assert found.rulings["consent"].first[0].number == consent
    assert [(row.number, row.name) for row in found.help.first] == [(help_, "组织 330106-01")]


def test_a_dispute_at_the_provinces_court_is_counted_as_one(cast: Cast, db_session: Any) -> None:
    from app.services import arbitration, disputes
    from app.services.disputes import DisputeIn

    number = push(cast)
    replies.follow_up(
        actor=cast["site"], post=post(number), text="已联系", contact_outcome="no_answer",
        next_update_at=NOON + 3 * HOUR, now=NOON,
    )  # fmt: skip
    parties.add(actor=cast["site"], post=post(number), code="330108-01", text="请说明", most=2, now=NOON)
    disputes.dispute(actor=cast["site-2"], post=post(number), why=DisputeIn("not_our_scan", "未经本站"), now=NOON)
    disputes.reject(actor=cast["site"], post=post(number), party="330108-01", text="有交接记录", now=NOON)
    arbitration.arbitrate(actor=cast["site"], post=post(number), party="330108-01", text="请裁定", now=NOON)
    found = look(cast, db_session)
    assert found.rulings["dispute"].n == 1 and found.rulings["transfer"].n == 0


# --- the inflow ---


def test_new_tickets_are_counted_in_their_hour_once_and_repeats_not_at_all(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", now=NOON - 90 * MIN, waybill="YT1000000000001")
    push(cast, "W2", now=NOON)
    push(cast, "W3", now=NOON + 59 * MIN, site="330108-01")
    push(cast, "W4", now=NOON, waybill="YT1000000000001")  # the same parcel: a repeat
    push(cast, "W5", now=NOON, site="440305-01")
    push(cast, "W6", now=NOON - timedelta(days=1))
    assert look(cast, db_session).hours == {10: 1, 12: 2}


def test_hours_that_no_board_shows_are_forgotten(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", now=NOON)
    assert inflow.forget(NOON + 2 * HOUR) == 0
    assert inflow.forget(NOON + timedelta(days=4)) == 1
    assert db_session.scalar(select(func.count()).select_from(Inflow)) == 0


# --- whose list it is ---


def test_one_sites_list_lies_inside_the_superiors_area(cast: Cast, db_session: Any) -> None:
    own, other = push(cast, "W1"), push(cast, "W2", site="440305-01")
    assert listed(cast, db_session, queue="all", site="330106-01") == [own]
    assert listed(cast, db_session, queue="all", site="440305-01") == []
    assert listed(cast, db_session, queue="all", site="440305-01", who="ccs") == [other]
    assert listed(cast, db_session, queue="all", site="440305-01", who="site") == [own]  # sites have one list


def test_a_search_within_a_site_stays_there(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", text="花瓶碎了")
    there = push(cast, "W2", text="花瓶碎了", site="330108-01")
    db_session.rollback()
    asked = Filters(queue="", site="330108-01")
    hits = search.find(db_session, cast["lcs"], words.parse("花瓶"), asked, NOON).hits
    assert [hit.row.number for hit in hits] == [there]


def test_the_most_pressing_ticket_is_the_one_to_act_in(cast: Cast, db_session: Any) -> None:
    push(cast, "W1", now=NOON)
    late = push(cast, "W2", now=NOON - HOUR)
    db_session.rollback()
    assert board.most_pressing(db_session, cast.places["330106-01"]) == late
    assert board.most_pressing(db_session, cast.places["330108-01"]) == ""


# --- helpers ---


def name(cast: Cast, code: str = "330106-01", who: str = "lcs-manager", helper: str = "lcs", hours: int = 4) -> None:
    site_helpers.name(
        actor=cast[who], code=code, user_id=cast[helper].user_id, until=NOON + hours * HOUR, now=NOON
    )  # fmt: skip


def test_the_helper_stands_on_the_board_and_finds_the_sites_work_until_the_time_is_over(
    cast: Cast, db_session: Any
) -> None:
    number = push(cast)
    push(cast, "X1", site="330108-01")
    name(cast)
    helper = line(cast, db_session).helper
    assert helper is not None and (helper.name, helper.until) == ("lcs", NOON + 4 * HOUR)
    assert listed(cast, db_session, owner="helped") == [number]
    assert listed(cast, db_session, owner="helped", who="lcs-manager") == []
    assert listed(cast, db_session, now=NOON + 4 * HOUR, owner="helped") == []
    assert line(cast, db_session, now=NOON + 4 * HOUR).helper is None


def test_a_ticket_of_two_helped_sites_stands_in_the_list_once(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    replies.follow_up(
        actor=cast["site"], post=post(number), text="已联系", contact_outcome="no_answer",
        next_update_at=NOON + 3 * HOUR, now=NOON,
    )  # fmt: skip
    parties.add(actor=cast["site"], post=post(number), code="330108-01", text="请说明", most=2, now=NOON)
    name(cast)
    name(cast, "330108-01")
    assert listed(cast, db_session, owner="helped", queue="all") == [number]
    db_session.rollback()
    assert queue.count_below(db_session, cast["lcs"], Filters(queue="all", owner="helped"), NOON, 2**62, 100) == 1


def test_a_site_has_one_helper_and_the_record_keeps_who_named_and_ended_whom(cast: Cast, db_session: Any) -> None:
    name(cast, hours=1)
    name(cast, helper="lcs-manager", who="lcs")
    site_helpers.end(actor=cast["lcs-manager"], code="330106-01", now=NOON + 2 * HOUR)
    site_helpers.end(actor=cast["lcs-manager"], code="330106-01", now=NOON + 3 * HOUR)
    assert line(cast, db_session, now=NOON + 3 * HOUR).helper is None
    past = site_helpers.record(db_session, cast.places["330106-01"])
    assert [(one.name, one.named_by, one.ended_at, one.ended_by) for one in past] == [
        ("lcs-manager", "lcs", NOON + 2 * HOUR, "lcs-manager"),
        ("lcs", "lcs-manager", NOON, "lcs"),
    ]


def test_one_that_has_run_out_makes_room_and_nobody_ended_it(cast: Cast, db_session: Any) -> None:
    name(cast, hours=1)
    later = NOON + 5 * HOUR
    site_helpers.name(
        actor=cast["lcs"], code="330106-01", user_id=cast["lcs"].user_id, until=later + HOUR, now=later
    )  # fmt: skip
    newest, first = site_helpers.record(db_session, cast.places["330106-01"])
    assert newest.ended_at is None and (first.ended_at, first.ended_by) == (NOON + HOUR, "")


@pytest.mark.parametrize(
    ("helper", "hours", "field"),
    [("lcs-2", 4, "colleague"), ("site", 4, "colleague"), ("lcs", 0, "until"), ("lcs", 32 * 24, "until")],
)
def test_only_a_colleague_of_the_province_for_a_time_to_come(
    cast: Cast, db_session: Any, helper: str, hours: int, field: str
) -> None:
    with pytest.raises(Invalid) as wrong:
        name(cast, helper=helper, hours=hours)
    assert list(wrong.value.fields) == [field]
    assert db_session.scalar(select(func.count()).select_from(SiteHelper)) == 0


@pytest.mark.parametrize("who", ["lcs-2", "ccs", "site-manager"])
def test_another_province_headquarters_and_sites_name_nobody(cast: Cast, db_session: Any, who: str) -> None:
    with pytest.raises(NotFound):
        name(cast, who=who)


def test_naming_and_ending_tell_the_boards_of_the_province(cast: Cast, db_session: Any) -> None:
    before = look(cast, db_session).version
    name(cast)
    named = look(cast, db_session).version
    site_helpers.end(actor=cast["lcs"], code="330106-01", now=NOON)
    assert before < named < look(cast, db_session).version


def test_a_party_that_is_only_asked_is_not_urged_by_the_customer(cast: Cast, db_session: Any) -> None:
    number = push(cast)
    replies.follow_up(
        actor=cast["site"], post=post(number), text="已联系", contact_outcome="no_answer",
        next_update_at=NOON + 3 * HOUR, now=NOON,
    )  # fmt: skip
    parties.add(actor=cast["site"], post=post(number), code="330108-01", text="请说明", most=2, now=NOON)
    stage.tell(cast, "URGE")
    row = ticket(db_session, number)
    urged = dict(db_session.execute(select(WorkItem.scope, WorkItem.urged).where(WorkItem.ticket_id == row.id)).all())
    assert urged[cast.places["330106-01"]] and urged[cast.places["33"]] and not urged[cast.places["330108-01"]]


def test_headquarters_begins_with_the_province_that_is_latest(cast: Cast, db_session: Any) -> None:
    def first(who: str) -> str:
        return board.province(db_session, cast[who], "").code

    rows = db_session.execute(select(Organisation.code, Organisation.id).where(Organisation.kind == "province"))
    places = {row.code: row.id for row in rows}
    least, other = sorted(places)[:2]
    assert first("ccs") == least
    with write() as session:
        session.execute(delete(Counter).where(Counter.queue == "overdue"))
        session.add(Counter(scope=places[other], queue="overdue", n=3))
    assert first("ccs") == other and board.province(db_session, cast["ccs"], least).code == least
